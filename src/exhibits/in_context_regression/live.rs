//! The third panel: training, live. Which algorithm is a net nearest to, as it learns?
//!
//! Up to three runs go side by side, each with choices of its own; with the same ones a run is the same,
//! bit for bit, whatever goes on beside it.
use super::{
    Params,
    data::Prompts,
    metrics::{References, Tally, mean, ridge},
    net::{Layout, Net},
    predict::Predictor,
    train::{Functions, Recipe},
};
use crate::{
    engine::{Snapshot, rng::Stream},
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::Trace,
    models::{regress::Linear, trainer::Trainer},
};

/// Pairs of a prompt.
pub(super) const PAIRS: usize = 8;

/// Prompts on which a net is tested, always the same.
pub(super) const SAMPLE: usize = 192;

/// Training steps from one test to the next.
pub(super) const TEST_EVERY: usize = 25;

/// What a net is tested against, in the order of the columns of [`TESTS`] after the first two.
pub(super) const AGAINST: [&str; 5] =
    ["zero", "one GD step", "ridge 0.1", "Bayes", "least squares"];

/// Columns of the tests.
const TESTS: &[&str] =
    &["step", "loss", "zero", "one GD step", "ridge 0.1", "Bayes", "least squares"];

/// A net that is trained, and its tests so far.
pub struct Learner {
    /// What tells it from the others.
    pub name: &'static str,
    /// Noise on what it learns and is tested on.
    pub(super) sigma: f64,
    trainer: Trainer,
    predictor: Predictor,
    prompts: Prompts,
    references: References,
    /// Columns as of [`TESTS`], means over n ≥ 1.
    pub(super) tests: Trace,
    /// The newest.
    pub(super) newest: Option<Tally>,
}

/// Nets trained side by side on the same numbers.
pub struct Live {
    pub(super) learners: Vec<Learner>,
}

/// What a lost device would take with it.
#[derive(Clone)]
pub struct Saved(Vec<(Snapshot, Trace, Option<Tally>)>);

/// The choices that make a run.
struct Run {
    name: &'static str,
    layers: usize,
    hidden: &'static str,
    layout: &'static str,
    sigma: f32,
}

impl Run {
    fn net(&self, d: usize) -> Net {
        let hidden = self.hidden.parse().unwrap_or(16);
        let layout = if self.layout == "dual" { Layout::Dual } else { Layout::Alternating };
        let heads = if hidden < 32 { 2 } else { 4 };
        let layers = self.layers;
        Net { d, most: PAIRS, layers, hidden, heads, feed: 2 * hidden, layout }
    }
}

/// The runs that are on, the first always.
fn runs(p: &Params) -> Vec<Run> {
    let run = |name, layers, hidden, layout, sigma| Run { name, layers, hidden, layout, sigma };
    let mut all = vec![run("run A", p.layers, p.hidden, p.layout, p.sigma)];
    if p.run_b {
        all.push(run("run B", p.layers_b, p.hidden_b, p.layout_b, p.sigma_b));
    }
    if p.run_c {
        all.push(run("run C", p.layers_c, p.hidden_c, p.layout_c, p.sigma_c));
    }
    all
}

/// The Bayes predictor, and what is tested besides.
pub(super) fn learners(sigma: f64) -> [Linear; 3] {
    [Linear::Ridge(0.1), ridge(sigma * sigma), Linear::LeastSquares]
}

impl Learner {
    fn new(ctx: &Ctx, p: &Params, run: &Run) -> Result<Self> {
        let (net, sigma) = (run.net(p.dims), f64::from(run.sigma));
        let recipe = Recipe {
            net,
            functions: Functions::Random,
            sigma: run.sigma,
            rate: p.rate,
            steps: p.steps,
            batch: 64,
        };
        let mut stream = Stream::new(ctx.seed, "live test");
        let prompts = Prompts::draw(&mut stream, SAMPLE, (p.dims, PAIRS), sigma);
        Ok(Self {
            name: run.name,
            sigma,
            trainer: recipe.trainer(&ctx.device, ctx.seed)?,
            predictor: Predictor::new(net, ctx.seed)?,
            references: References::of(&prompts, &learners(sigma)),
            prompts,
            tests: Trace::new(TESTS).rows_at_most(300),
            newest: None,
        })
    }

    async fn test(&mut self) -> Result<()> {
        let step = self.trainer.step;
        // Before the first step the beginnings are the same everywhere.
        if step > 0 {
            self.predictor.load(&self.trainer.snapshot().await?)?;
        }
        let found = self.predictor.prefixes(&self.prompts).await?;
        let tally = self.references.tally(&found);
        let whole = |spd: &[f64]| mean(spd, 1, PAIRS) as f32;
        let [low, bayes, least] = learners(self.sigma).map(|learned| whole(&tally.spd(learned)));
        let descent = whole(&tally.spd_to_best_descent());
        let zero = whole(&tally.spd_to_zero());
        let errors = found.iter().zip(&self.prompts.y).map(|(a, y)| (a - y) * (a - y));
        let loss = errors.sum::<f32>() / (found.len() * self.prompts.d) as f32;
        self.tests.push(&[step as f32, loss, zero, descent, low, bayes, least]);
        self.newest = Some(tally);
        Ok(())
    }

    /// How many numbers the net is made of.
    pub(super) fn weights(&self) -> usize {
        self.predictor.count()
    }
}

impl Live {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let learners = runs(p).into_iter().map(|run| Learner::new(ctx, p, &run));
        let mut live = Self { learners: learners.collect::<Result<_>>()? };
        live.test().await?;
        Ok(live)
    }

    /// A training step of each net, and a test when it is due.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        for learner in &mut self.learners {
            learner.trainer.run(1, p.rate)?;
        }
        let step = self.step_number();
        if step.is_multiple_of(TEST_EVERY) {
            self.test().await?;
            let losses = self.learners.iter().map(|learner| learner.tests.last("loss"));
            if losses.flatten().any(|loss| !loss.is_finite()) {
                return Ok(Progress::Diverged);
            }
        }
        Ok(if step < p.steps { Progress::More } else { Progress::Done })
    }

    /// Training steps taken.
    pub(super) fn step_number(&self) -> usize {
        self.learners[0].trainer.step
    }

    /// The run whose algorithms are shown: the first if the chosen one is off.
    pub(super) fn shown(&self, p: &Params) -> &Learner {
        self.learners.iter().find(|learner| learner.name == p.shown).unwrap_or(&self.learners[0])
    }

    async fn test(&mut self) -> Result<()> {
        for learner in &mut self.learners {
            learner.test().await?;
        }
        Ok(())
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let first = &self.learners[0];
        let last = |name: &str| first.tests.last(name).unwrap_or(f32::NAN);
        vec![
            Metric::new("loss", "Loss a dimension", last("loss")),
            Metric::new("spd_bayes", "SPD/d to Bayes", last("Bayes")),
            Metric::new("spd_descent", "SPD/d to one GD step", last("one GD step")),
            Metric::new("spd_least_squares", "SPD/d to least squares", last("least squares")),
            Metric::new("weights", "Weights", first.weights() as f64),
        ]
    }

    /// What a lost device would take with it.
    pub async fn snapshot(&self) -> Result<Saved> {
        let mut saved = vec![];
        for learner in &self.learners {
            let state = learner.trainer.snapshot().await?;
            saved.push((state, learner.tests.clone(), learner.newest.clone()));
        }
        Ok(Saved(saved))
    }

    /// Goes back to what was saved.
    pub fn restore(&mut self, saved: &Saved) -> Result<()> {
        for (learner, (state, tests, newest)) in self.learners.iter_mut().zip(&saved.0) {
            learner.trainer.restore(state)?;
            (learner.tests, learner.newest) = (tests.clone(), newest.clone());
        }
        Ok(())
    }
}
