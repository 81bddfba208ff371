//! The nets that ship with the page: which there are, how each is trained, and how it is loaded.
use super::{
    decode::Decoder,
    evaluate::{Quality, evaluate},
    instances::Order,
    pointer::{Architecture, Net, Scorer},
    task::Task,
    train::{Optimiser, Recipe, Trainer},
};
use crate::{
    claim::Check,
    engine::{Device, Snapshot},
    error::Result,
    exhibit::{Shipped, Trained},
    files::Files,
    models::{
        losses,
        tensors::{Stored, Tensor, Tensors},
    },
};
use std::{fmt::Write, rc::Rc};

/// Seed of every shipped training.
pub const SEED: u64 = 1;

/// Steps from one line of a log to the next.
const LOG_EVERY: usize = 100;

/// Instances of each length on which a log says how good a net is.
const SAMPLE: usize = 500;

/// A net that ships.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Name of its file, without folder and ending.
    pub name: &'static str,
    /// What it is.
    pub net: Net,
    /// How it was trained.
    pub recipe: Recipe,
    /// Adam's rate at first.
    pub rate: f32,
}

const fn net(task: Task, architecture: Architecture, hidden: usize, scorer: Scorer) -> Net {
    Net {
        task,
        architecture,
        hidden,
        blocks: 3,
        classes: 0,
        scorer,
        standardised: true,
        paper_init: false,
        order: Order::Given,
        mask: true,
    }
}

const fn recipe(least: usize, most: usize, steps: usize) -> Recipe {
    Recipe { batch: 128, least, most, optimiser: Optimiser::Adam, steps, teacher: None }
}

/// A baseline of Table 1, for one number of points.
const fn baseline(name: &'static str, architecture: Architecture, n: usize) -> Model {
    let net = Net { classes: n, ..net(Task::Hull, architecture, 128, Scorer::Additive) };
    Model { name, net, recipe: recipe(n, n, 2000), rate: 2e-3 }
}

/// All of them, small ones first.
pub const MODELS: [Model; 12] = [
    baseline("hull_lstm_5", Architecture::Seq2seq, 5),
    baseline("hull_attention_5", Architecture::Attentive, 5),
    baseline("hull_lstm_10", Architecture::Seq2seq, 10),
    baseline("hull_attention_10", Architecture::Attentive, 10),
    baseline("hull_lstm_20", Architecture::Seq2seq, 20),
    baseline("hull_attention_20", Architecture::Attentive, 20),
    Model {
        name: "delaunay_5",
        net: net(Task::Delaunay, Architecture::Hybrid, 64, Scorer::Additive),
        recipe: recipe(5, 5, 4000),
        rate: 2e-3,
    },
    Model {
        name: "delaunay_10",
        net: net(Task::Delaunay, Architecture::Hybrid, 64, Scorer::Additive),
        recipe: recipe(10, 10, 10_000),
        rate: 2e-3,
    },
    Model {
        name: "hull_set",
        net: net(Task::Hull, Architecture::SetAttention, 64, Scorer::Additive),
        recipe: recipe(5, 30, 4000),
        rate: 2e-3,
    },
    Model {
        name: "hull_ptr_net",
        net: net(Task::Hull, Architecture::PtrNet, 128, Scorer::Additive),
        recipe: recipe(5, 20, 4000),
        rate: 2e-3,
    },
    Model {
        name: "tsp_set",
        net: net(Task::Tsp, Architecture::SetAttention, 64, Scorer::ClippedDot),
        recipe: recipe(5, 20, 5000),
        rate: 2e-3,
    },
    Model {
        name: "tsp_ptr_net",
        // As in the paper: valid tours are a matter of decoding.
        net: Net { mask: false, ..net(Task::Tsp, Architecture::PtrNet, 128, Scorer::Additive) },
        recipe: recipe(5, 20, 16_000),
        rate: 2e-3,
    },
];

/// Their names on the page, those to play with first.
pub const NAMES: &[&str] = &[
    "hull: set attention",
    "hull: Ptr-Net",
    "hull: LSTM, 10 points",
    "hull: LSTM + attention, 10 points",
    "triangulation: 10 points",
    "triangulation: 5 points",
    "tour: set attention",
    "tour: Ptr-Net",
];

/// The net behind each of [`NAMES`].
const NAMED: [&str; NAMES.len()] = [
    "hull_set",
    "hull_ptr_net",
    "hull_lstm_10",
    "hull_attention_10",
    "delaunay_10",
    "delaunay_5",
    "tsp_set",
    "tsp_ptr_net",
];

/// A decoder on a device with the weights in a file; `file` is its name, for messages.
pub fn read(device: &Device, net: Net, file: &str, bytes: &[u8]) -> Result<Decoder> {
    let tensors = Tensors::read(file, bytes)?;
    let decoder = Decoder::on(device, net, SEED)?;
    for (name, shape) in decoder.tensors() {
        decoder.write(&name, tensors.get(&name, &shape)?)?;
    }
    Ok(decoder)
}

/// A decoder with the weights of a file.
pub async fn load(net: Net, file: &str, files: &Files) -> Result<Decoder> {
    read(&Device::cpu(), net, file, &files.load(file).await?)
}

impl Model {
    /// That of a name on the page, or the first.
    pub fn of(name: &str) -> Self {
        let place = NAMES.iter().position(|known| *known == name).unwrap_or(0);
        Self::named(NAMED[place])
    }

    /// That of a file's name; one of the list.
    pub fn named(name: &str) -> Self {
        MODELS[MODELS.iter().position(|model| model.name == name).unwrap_or(0)]
    }

    /// Its file, relative to `www/`.
    pub fn file(&self) -> String {
        format!("weights/pointer_networks/{}.safetensors", self.name)
    }

    /// The net as it decodes: whatever it was trained with, tours are constrained to valid ones.
    pub fn decoded(&self) -> Net {
        Net { mask: self.net.mask || self.net.task == Task::Tsp, ..self.net }
    }

    /// The net as it ships.
    pub async fn load(&self, files: &Files) -> Result<Decoder> {
        load(self.decoded(), &self.file(), files).await
    }

    /// What its file holds, in a sentence.
    pub fn about(&self) -> String {
        let (Net { task, architecture, hidden, .. }, recipe) = (self.net, self.recipe);
        let Recipe { batch, least, most, steps, .. } = recipe;
        format!(
            "{} for the {} of {least} to {most} points: width {hidden}, Adam at {}, {steps} steps of \
             {batch} instances, seed {SEED}.",
            architecture.name(),
            task.answer(),
            self.rate
        )
    }

    async fn train(self, check: Check) -> Result<Trained> {
        let steps = self.recipe.steps;
        let mut trainer = Trainer::new(&check.device, self.net, self.recipe, SEED)?;
        let mut losses = vec![];
        while trainer.step < steps {
            trainer.step(self.rate)?;
            if trainer.step.is_multiple_of(LOG_EVERY) {
                let copy = trainer.snapshot().await?;
                let last: Vec<f32> = losses::last(&copy).map(|(_, loss)| loss).collect();
                losses.push((trainer.step, last.iter().sum::<f32>() / last.len() as f32));
            }
            let done = trainer.step as f64 / steps as f64;
            let loss = losses.last().map_or(f32::NAN, |(_, loss)| *loss);
            check.progress(done, format!("step {} of {steps}, loss {loss:.4}", trainer.step)).await;
        }
        let bytes = self.bytes(&trainer.snapshot().await?)?;
        let log = self.log(&bytes, &losses).await?;
        Ok(Trained { bytes, log })
    }

    /// The file of a training that ended so.
    fn bytes(&self, end: &Snapshot) -> Result<Vec<u8>> {
        let mut tensors = vec![];
        for (name, _) in Decoder::new(self.net, SEED)?.tensors() {
            if let Some((shape, values)) = end.tensors.get(&name) {
                tensors.push(Tensor { name, shape: shape.clone(), values: values.clone() });
            }
        }
        Tensors::write(&tensors, Stored::F16)
    }

    /// The losses, and how good the net in these bytes is.
    async fn log(&self, bytes: &[u8], losses: &[(usize, f32)]) -> Result<String> {
        let net = self.decoded();
        let mut decoder = read(&Device::cpu(), net, &self.file(), bytes)?;
        let mut log = String::from("step, mean loss an output of the last steps\n");
        for (step, loss) in losses {
            let _ = writeln!(log, "{step}, {loss:.5}");
        }
        let task = self.net.task;
        let _ = writeln!(
            log,
            "greedy answers to {SAMPLE} instances: n, exact, {}, {}",
            task.validity(),
            task.value()
        );
        let Recipe { least, most, .. } = self.recipe;
        for n in [5, 10, 20, 30].into_iter().filter(|n| (least..=most).contains(n)) {
            let found: Quality = evaluate(&net, &mut decoder, (n, SAMPLE), SEED).await?;
            let Quality { exact, valid, value, .. } = found;
            let _ = writeln!(log, "{n}, {exact:.3}, {valid:.3}, {value:.4}");
        }
        Ok(log)
    }
}

/// All weights, and how they are made.
pub fn all() -> Vec<Shipped> {
    let shipped = |model: Model| Shipped {
        file: model.file(),
        about: model.about(),
        train: Rc::new(move |check| Box::pin(model.train(check))),
    };
    MODELS.into_iter().map(shipped).collect()
}
