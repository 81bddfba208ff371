//! The first panel: a net that learns while you watch, tried on your points as it goes, perhaps beside another.
use super::{
    Params,
    lane::{Lane, Saved},
    plane::Plane,
    pointer::Architecture,
    scratch_figures,
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress, Snapshot},
    figure::{Figure, Poke},
};

/// What [`Params::beside`] says if there is to be no second net.
pub(super) const ALONE: &str = "none";

/// Nets in training on the same points.
pub struct Scratch {
    /// The net, and the one beside it, if any.
    pub(super) lanes: Vec<Lane>,
}

impl Scratch {
    /// Before the first step.
    pub fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let plane = || Plane::new(ctx.seed, p.set());
        let (net, recipe) = (p.scratch(), p.recipe());
        let name = net.architecture.name();
        let mut lanes =
            vec![Lane::new(&ctx.device, (net, recipe), (name.to_owned(), ctx.seed), plane())?];
        if p.beside != ALONE {
            let other = p.net_of(Architecture::of(p.beside));
            // The same net again begins elsewhere.
            let again = other.architecture == net.architecture;
            let seed = if again { ctx.seed.wrapping_add(1) } else { ctx.seed };
            let name = if again { format!("{name} again") } else { p.beside.to_owned() };
            lanes.push(Lane::new(&ctx.device, (other, recipe), (name, seed), plane())?);
        }
        Ok(Self { lanes })
    }

    /// The net itself.
    pub(super) fn own(&self) -> &Lane {
        &self.lanes[0]
    }

    /// A training step of each net whose loss is finite, and an evaluation when it is due.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        let (mut going, mut taken) = (false, 0);
        for lane in &mut self.lanes {
            if !lane.has_diverged() {
                going |= lane.step(p.rate).await?;
                taken = lane.trainer.step;
            }
        }
        Ok(match going {
            false => Progress::Diverged,
            true if taken < p.steps => Progress::More,
            true => Progress::Done,
        })
    }

    /// Answers for the points as they are, with the weights as they are, or were at the step looked back at.
    pub async fn refresh(&mut self, p: &Params) -> Result<()> {
        for lane in &mut self.lanes {
            lane.refresh(p.set(), (p.look, p.beam)).await?;
        }
        Ok(())
    }

    /// What is seen.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        scratch_figures::all(self, p)
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let Lane { history, trainer, .. } = self.own();
        let newest = history.newest.last();
        let percent = |name, label, value: Option<f32>| {
            Metric::new(name, label, 100.0 * value.unwrap_or(f32::NAN)).unit("%")
        };
        let mut metrics = vec![
            Metric::new("loss", "Loss", history.losses.last("loss").unwrap_or(f32::NAN)),
            percent("exact", "Exact, longest n", newest.map(|q| q.exact)),
            percent("value", trainer.net.task.measure(), newest.map(|q| q.value)),
            Metric::new("weights", "Weights", self.own().weights() as f64),
        ];
        if let Some(other) = self.lanes.get(1) {
            let exact = other.history.newest.last().map(|q| q.exact);
            metrics.push(percent("exact_beside", "Exact, the net beside", exact));
        }
        metrics
    }

    /// Moves, adds or removes a point.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.lanes.iter_mut().try_for_each(|lane| lane.plane.poke(poke))
    }

    /// What a lost device would take with it.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut saved: Vec<Saved> = vec![];
        for lane in &self.lanes {
            saved.push(lane.snapshot().await?);
        }
        Ok(Snapshot::new(saved))
    }

    /// Goes back to what was saved.
    pub fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        let saved: &[Saved] = saved.get::<Vec<Saved>>().map_or(&[], Vec::as_slice);
        self.lanes.iter_mut().zip(saved).try_for_each(|(lane, saved)| lane.restore(saved))
    }
}
