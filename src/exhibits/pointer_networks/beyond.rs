//! The third panel: a shipped net on far more points than it was trained on.
use super::{
    Params,
    scratch_figures::by_length,
    shipped::Model,
    survey::{Job, Survey},
    tables,
    task::Task,
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::Figure,
};

/// Lengths that are measured; those of Table 1, and between.
const LENGTHS: [usize; 9] = [5, 10, 20, 30, 50, 100, 200, 350, 500];

/// Longest of triangulations and tours, whose answers grow with n.
const LONGEST_ANSWERS: usize = 50;

/// A net under test.
pub struct Beyond {
    model: Model,
    survey: Survey,
}

impl Beyond {
    /// Nothing measured yet.
    pub fn new(ctx: &Ctx, p: &Params) -> Self {
        let model = Model::of(p.net);
        let longest = match model.net.task {
            Task::Hull => LENGTHS[LENGTHS.len() - 1],
            _ => LONGEST_ANSWERS,
        };
        let fits = |n: &usize| match model.net.classes {
            0 => *n <= longest,
            classes => *n == classes,
        };
        // Long ones are fewer: each takes longer, and little of them is exact.
        let job = |n| Job { model, n, sample: tables::sample(p.instances, n) };
        let jobs = LENGTHS.into_iter().filter(fits).map(job).collect();
        Self { model, survey: Survey::new(&ctx.files, ctx.seed, jobs) }
    }

    /// A few instances.
    pub async fn step(&mut self) -> Result<Progress> {
        Ok(if self.survey.step().await? { Progress::More } else { Progress::Done })
    }

    /// The curve, and the same in numbers.
    pub fn figures(&self) -> Vec<Figure> {
        let found: Vec<_> = self.survey.found().map(|(_, quality)| quality).collect();
        let Model { net, recipe, .. } = self.model;
        let curve = by_length("beyond", net.task, &found, recipe.most).caption(format!(
            "The {}, trained on {} points: greedy answers to new instances. The upright rule is the longest \
             trained on.",
            net.architecture.name(),
            recipe.range()
        ));
        let table = tables::of(net.task, &self.survey);
        vec![curve.full(), table]
    }

    /// How far it is.
    pub fn metrics(&self) -> Vec<Metric> {
        vec![Metric::new("fraction", "Measured", 100.0 * self.survey.fraction()).unit("%")]
    }
}
