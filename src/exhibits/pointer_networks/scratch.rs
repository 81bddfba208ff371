//! The first panel: a net that learns while you watch, tried on your points as it goes.
use super::{
    Params,
    decode::Decoder,
    evaluate::{Quality, evaluate},
    plane::Plane,
    scratch_figures,
    task::Task,
    train::Trainer,
};
use crate::{
    engine::{self, DeviceKind},
    error::Result,
    exhibit::{Ctx, Metric, Progress, Snapshot},
    figure::{Figure, Poke, Trace},
    models::losses,
};
use std::rc::Rc;

/// Lengths that are evaluated while training, of those that the net answers for.
const LENGTHS: [usize; 3] = [5, 7, 10];

/// Instances of each of these.
pub(super) const SAMPLE: usize = 200;

/// Lengths beyond training, as multiples of the longest trained on.
const BEYOND: [f32; 5] = [1.0, 1.5, 2.0, 3.0, 5.0];

/// Instances of each of these.
pub(super) const BEYOND_SAMPLE: usize = 50;

/// Training steps from one evaluation to the next.
const EVALUATE_EVERY: usize = 25;

const _: () = assert!(EVALUATE_EVERY <= losses::KEPT, "no loss is lost between two evaluations");

/// A net in training.
pub struct Scratch {
    seed: u64,
    on_gpu: bool,
    pub(super) trainer: Trainer,
    /// On the CPU, with the weights of the copy.
    decoder: Decoder,
    /// What was last read back, to be read once however often it is asked for.
    copy: Option<Rc<engine::Snapshot>>,
    pub(super) plane: Plane,
    pub(super) history: History,
}

/// What has been measured so far.
#[derive(Clone)]
pub struct History {
    /// Columns step, loss.
    pub(super) losses: Trace,
    /// Steps whose losses are among them.
    told: usize,
    /// For each length its history: columns step, exact, value.
    pub(super) quality: Vec<(usize, Trace)>,
    /// The newest at each length.
    pub(super) newest: Vec<Quality>,
    /// The newest at each multiple of `BEYOND`.
    pub(super) beyond: Vec<Quality>,
}

/// The trained state, and the history.
struct Saved(Rc<engine::Snapshot>, History);

impl History {
    fn new(lengths: &[usize]) -> Self {
        let trace = |&n: &usize| (n, Trace::new(&["step", "exact", "value"]).rows_at_most(500));
        Self {
            losses: Trace::new(&["step", "loss"]).rows_at_most(1000),
            told: 0,
            quality: lengths.iter().map(trace).collect(),
            newest: vec![],
            beyond: vec![],
        }
    }

    /// Adds the loss of a step, unless it is there.
    fn tell(&mut self, step: usize, loss: f32) {
        if step > self.told {
            self.losses.push(&[step as f32, loss]);
            self.told = step;
        }
    }
}

impl Scratch {
    /// Before the first step.
    pub fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let (net, recipe) = (p.scratch(), p.recipe());
        let lengths = match net.classes {
            0 => LENGTHS.to_vec(),
            n => vec![n],
        };
        Ok(Self {
            seed: ctx.seed,
            on_gpu: ctx.device.kind() == DeviceKind::Gpu,
            trainer: Trainer::new(&ctx.device, net, recipe, ctx.seed)?,
            decoder: Decoder::new(net, ctx.seed)?,
            copy: None,
            plane: Plane::new(ctx.seed, p.set()),
            history: History::new(&lengths),
        })
    }

    /// A training step, and an evaluation when it is due.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        self.trainer.step(p.rate)?;
        let step = self.trainer.step;
        let due = step.is_multiple_of(EVALUATE_EVERY);
        if !self.on_gpu {
            self.history.tell(step, self.trainer.loss().await?);
        } else if due {
            // Reading means waiting: what a GPU finds is read before a drawing and here, never between.
            self.load().await?;
        }
        let known = due || !self.on_gpu;
        if known && !self.history.losses.last("loss").is_some_and(f32::is_finite) {
            return Ok(Progress::Diverged);
        }
        if due {
            self.evaluate().await?;
        }
        Ok(if step < p.steps { Progress::More } else { Progress::Done })
    }

    /// Answers for the points as they are, with the weights as they are.
    pub async fn refresh(&mut self, p: &Params) -> Result<()> {
        self.load().await?;
        self.plane.show(p.set());
        self.plane.answer(&self.trainer.net, &mut self.decoder, p.beam).await
    }

    /// What is seen.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        scratch_figures::all(self, p)
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let newest = self.history.newest.last();
        let task = self.trainer.net.task;
        let percent = |name, label, value: Option<f32>| {
            Metric::new(name, label, 100.0 * value.unwrap_or(f32::NAN)).unit("%")
        };
        vec![
            Metric::new("loss", "Loss", self.history.losses.last("loss").unwrap_or(f32::NAN)),
            percent("exact", "Exact, longest n", newest.map(|q| q.exact)),
            percent("value", task.measure(), newest.map(|q| q.value)),
            Metric::new("weights", "Weights", self.decoder.weights() as f64),
        ]
    }

    /// Moves, adds or removes a point.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.plane.poke(poke)
    }

    /// What a lost device would take with it.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let state = match &self.copy {
            Some(copy) if self.is_fresh(copy) => copy.clone(),
            _ => Rc::new(self.trainer.snapshot().await?),
        };
        Ok(Snapshot::new(Saved(state, self.history.clone())))
    }

    /// Goes back to what was saved.
    pub fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        if let Some(Saved(state, history)) = saved.get() {
            self.trainer.restore(state)?;
            (self.history, self.copy) = (history.clone(), None);
        }
        Ok(())
    }

    /// Brings the decoder's weights and the losses up to date. Before the first step they are: weights
    /// begin the same on every device, and a GPU may still be making its pipelines.
    async fn load(&mut self) -> Result<()> {
        if self.trainer.step > 0 && !self.copy.as_ref().is_some_and(|copy| self.is_fresh(copy)) {
            let copy = Rc::new(self.trainer.snapshot().await?);
            self.decoder.load(&copy)?;
            losses::last(&copy).for_each(|(step, loss)| self.history.tell(step, loss));
            self.copy = Some(copy);
        }
        Ok(())
    }

    /// Whether a copy is of the present step.
    fn is_fresh(&self, copy: &engine::Snapshot) -> bool {
        copy.step as usize == self.trainer.step
    }

    /// Measures at each of the lengths, and at the next of the lengths beyond, if there are any.
    async fn evaluate(&mut self) -> Result<()> {
        self.load().await?;
        let (net, step) = (self.trainer.net, self.trainer.step);
        self.history.newest.clear();
        for (n, trace) in &mut self.history.quality {
            let quality = evaluate(&net, &mut self.decoder, (*n, SAMPLE), self.seed).await?;
            trace.push(&[step as f32, quality.exact, quality.value]);
            self.history.newest.push(quality);
        }
        if net.classes == 0 {
            // The answers of triangulations grow fast.
            let lengths = if net.task == Task::Delaunay { &BEYOND[..3] } else { &BEYOND[..] };
            let turn = lengths[step / EVALUATE_EVERY % lengths.len()];
            let n = (turn * self.trainer.recipe.most as f32) as usize;
            let quality = evaluate(&net, &mut self.decoder, (n, BEYOND_SAMPLE), self.seed).await?;
            let beyond = &mut self.history.beyond;
            beyond.retain(|q| q.n != n);
            beyond.insert(beyond.partition_point(|q| q.n < n), quality);
        }
        Ok(())
    }
}
