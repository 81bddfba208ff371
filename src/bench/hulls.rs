//! The hull exhibit as a visitor meets it: a training step of its defaults, and answers to 500 points.
use super::clock::{median, per_call};
use orrery::{
    engine::{Device, rng::Stream},
    error::Result,
    exhibits::pointer_networks::{
        decode::Decoder,
        geometry::Point,
        pointer::Net,
        shipped::{self, Model},
        train::{Recipe, Trainer},
    },
    files::Files,
};
use serde::Serialize;

/// Points that are answered for.
const POINTS: usize = 500;

/// Rounds of an answer, and of training.
const ROUNDS: usize = 5;

/// Training steps a round: of each length a few.
const STEPS: usize = 20;

/// What was measured on a device.
#[derive(Serialize)]
pub(super) struct Timed {
    what: String,
    device: String,
    /// The device is software that acts as a GPU.
    software: bool,
    /// Median.
    pub(super) ms: f64,
}

impl Timed {
    fn new(what: String, device: &Device, seconds: Vec<f64>) -> Self {
        let (device, software) = (device.name().to_owned(), device.is_software());
        Self { what, device, software, ms: median(seconds) * 1e3 }
    }

    /// As a line of the table.
    pub(super) fn line(&self) -> String {
        let software = if self.software { " (software)" } else { "" };
        format!("{:<52}{:>10.2}  {}{software}", self.what, self.ms, self.device)
    }
}

/// A training step and answers on each device; `progress` is told what comes next.
pub(super) fn measure(devices: &[Device], mut progress: impl FnMut(&str)) -> Result<Vec<Timed>> {
    let mut all = vec![];
    for device in devices {
        progress("hull training");
        all.push(training(device)?);
        for name in ["hull_set", "hull_ptr_net"] {
            progress(name);
            all.push(decoding(device, Model::named(name))?);
        }
    }
    Ok(all)
}

/// The exhibit's default: set attention of width 32, batches of 128 on 5 to 10 points, with labels.
fn training(device: &Device) -> Result<Timed> {
    let model = Model::named("hull_set");
    let net = Net { hidden: 32, blocks: 2, ..model.net };
    let mut trainer = Trainer::new(device, net, Recipe::LIVE, 1)?;
    let mut run = |steps: usize| {
        for _ in 0..steps {
            trainer.step(3e-3)?;
        }
        pollster::block_on(trainer.loss()).map(drop)
    };
    // Until the programs of all lengths are made.
    run(3 * STEPS)?;
    let mut seconds = vec![];
    for _ in 0..ROUNDS {
        seconds.push(per_call(0.0, || run(STEPS))? / STEPS as f64);
    }
    Ok(Timed::new("training step of the hull exhibit".to_owned(), device, seconds))
}

/// A greedy answer of a shipped net.
fn decoding(device: &Device, model: Model) -> Result<Timed> {
    let files = Files::folder(concat!(env!("CARGO_MANIFEST_DIR"), "/www"));
    let bytes = pollster::block_on(files.load(&model.file()))?;
    let mut decoder: Decoder = shipped::read(device, model.decoded(), &model.file(), &bytes)?;
    let mut stream = Stream::new(1, "bench");
    let points: Vec<Point> = model.net.kind().random(&mut stream, POINTS).points;
    let mut run = || pollster::block_on(decoder.greedy(&[&points])).map(drop);
    run()?;
    let mut seconds = vec![];
    for _ in 0..ROUNDS {
        seconds.push(per_call(0.0, &mut run)?);
    }
    let name = model.net.architecture.name();
    Ok(Timed::new(format!("greedy hull of {POINTS} points, {name}"), device, seconds))
}
