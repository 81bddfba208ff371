//! One net in training: what has been measured of it, and the weights it had on the way.
use super::{
    decode::Decoder,
    evaluate::{Quality, evaluate},
    plane::{Plane, Set},
    pointer::Net,
    task::Task,
    train::{Recipe, Trainer},
};
use crate::{
    engine::{self, Device, DeviceKind},
    error::Result,
    figure::Trace,
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

/// Training steps from one evaluation, and one copy of the weights, to the next.
pub(super) const EVALUATE_EVERY: usize = 25;

const _: () = assert!(EVALUATE_EVERY <= losses::KEPT, "no loss is lost between two evaluations");

/// Most numbers in all copies that are kept: 16 MiB.
const MOST_KEPT: usize = 1 << 22;

/// A net in training, and its answer to the visitor's points.
pub struct Lane {
    /// What it is called, which is also its colour.
    pub(super) name: String,
    seed: u64,
    on_gpu: bool,
    pub(super) trainer: Trainer,
    /// On the CPU.
    decoder: Decoder,
    /// The step whose weights the decoder has.
    holds: usize,
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
    /// Weights on the way, oldest first; those before the first step are the first.
    kept: Vec<Rc<engine::Snapshot>>,
}

/// The trained state, and the history.
#[derive(Clone)]
pub struct Saved(Rc<engine::Snapshot>, History);

impl History {
    fn new(lengths: &[usize]) -> Self {
        let trace = |&n: &usize| (n, Trace::new(&["step", "exact", "value"]).rows_at_most(500));
        Self {
            losses: Trace::new(&["step", "loss"]).rows_at_most(1000),
            told: 0,
            quality: lengths.iter().map(trace).collect(),
            newest: vec![],
            beyond: vec![],
            kept: vec![],
        }
    }

    /// Adds the loss of a step, unless it is there.
    fn tell(&mut self, step: usize, loss: f32) {
        if step > self.told {
            self.losses.push(&[step as f32, loss]);
            self.told = step;
        }
    }

    /// Keeps a copy of the weights; of too many, every other one goes, but not the first.
    fn keep(&mut self, weights: engine::Snapshot) {
        let size: usize = weights.tensors.values().map(|(_, values)| values.len()).sum();
        self.kept.push(Rc::new(weights));
        if self.kept.len() * size > MOST_KEPT {
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
    }

    /// The newest copy of no later than that step.
    fn at(&self, step: usize) -> Option<&Rc<engine::Snapshot>> {
        self.kept.iter().rev().find(|kept| kept.step as usize <= step)
    }
}

impl Lane {
    /// Before the first step.
    pub fn new(
        device: &Device,
        (net, recipe): (Net, Recipe),
        (name, seed): (String, u64),
        plane: Plane,
    ) -> Result<Self> {
        let lengths = match net.classes {
            0 => LENGTHS.to_vec(),
            n => vec![n],
        };
        Ok(Self {
            name,
            seed,
            on_gpu: device.kind() == DeviceKind::Gpu,
            trainer: Trainer::new(device, net, recipe, seed)?,
            decoder: Decoder::new(net, seed)?,
            holds: 0,
            copy: None,
            plane,
            history: History::new(&lengths),
        })
    }

    /// A training step, and an evaluation when it is due; whether it goes on, its loss being finite.
    pub async fn step(&mut self, rate: f32) -> Result<bool> {
        self.trainer.step(rate)?;
        let step = self.trainer.step;
        let due = step.is_multiple_of(EVALUATE_EVERY);
        if !self.on_gpu {
            self.history.tell(step, self.trainer.loss().await?);
        } else if due {
            // Reading means waiting: what a GPU finds is read before a drawing and here, never between.
            self.read().await?;
        }
        let known = due || !self.on_gpu;
        if known && self.has_diverged() {
            return Ok(false);
        }
        if due {
            self.evaluate().await?;
        }
        Ok(true)
    }

    /// Whether its last known loss is not finite.
    pub fn has_diverged(&self) -> bool {
        self.history.told > 0 && !self.history.losses.last("loss").is_some_and(f32::is_finite)
    }

    /// The step whose weights answer when those of `look` are asked for.
    pub fn looked_at(&self, look: usize) -> usize {
        let earlier = self.history.at(look).filter(|_| look < self.trainer.step);
        earlier.map_or(self.trainer.step, |kept| kept.step as usize)
    }

    /// Answers for the points as they are, with the weights as they are, or as they were at an earlier step.
    pub async fn refresh(&mut self, set: Set, (look, width): (usize, usize)) -> Result<()> {
        self.read().await?;
        self.hold(self.looked_at(look))?;
        self.plane.show(set);
        self.plane.answer(&self.trainer.net, &mut self.decoder, width).await
    }

    /// How many numbers the net is made of.
    pub fn weights(&self) -> usize {
        self.decoder.weights()
    }

    /// What a lost device would take with it.
    pub async fn snapshot(&self) -> Result<Saved> {
        let state = match &self.copy {
            Some(copy) if self.is_fresh(copy) => copy.clone(),
            _ => Rc::new(self.trainer.snapshot().await?),
        };
        Ok(Saved(state, self.history.clone()))
    }

    /// Goes back to what was saved.
    pub fn restore(&mut self, Saved(state, history): &Saved) -> Result<()> {
        self.trainer.restore(state)?;
        self.decoder.load(state)?;
        self.holds = self.trainer.step;
        (self.history, self.copy) = (history.clone(), Some(state.clone()));
        Ok(())
    }

    /// Brings the copy and the losses up to date. Before the first step there is nothing to read: weights begin
    /// the same on every device, and a GPU may still be making its pipelines.
    async fn read(&mut self) -> Result<()> {
        if self.history.kept.is_empty() && self.holds == 0 {
            self.history.keep(self.decoder.snapshot().await?);
        }
        if self.trainer.step > 0 && !self.copy.as_ref().is_some_and(|copy| self.is_fresh(copy)) {
            let copy = Rc::new(self.trainer.snapshot().await?);
            losses::last(&copy).for_each(|(step, loss)| self.history.tell(step, loss));
            self.copy = Some(copy);
        }
        Ok(())
    }

    /// Gives the decoder the weights of a step: the present one, or one that is kept.
    fn hold(&mut self, step: usize) -> Result<()> {
        if self.holds == step {
            return Ok(());
        }
        let present = self.copy.as_ref().filter(|copy| copy.step as usize == step);
        if let Some(weights) = present.or_else(|| self.history.at(step)) {
            self.decoder.load(weights)?;
            self.holds = step;
        }
        Ok(())
    }

    /// Whether a copy is of the present step.
    fn is_fresh(&self, copy: &engine::Snapshot) -> bool {
        copy.step as usize == self.trainer.step
    }

    /// Measures at each of the lengths, and at the next of the lengths beyond, if there are any.
    async fn evaluate(&mut self) -> Result<()> {
        self.read().await?;
        let (net, step) = (self.trainer.net, self.trainer.step);
        self.hold(step)?;
        let mut weights = self.decoder.snapshot().await?;
        weights.step = step as u32;
        self.history.keep(weights);
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
