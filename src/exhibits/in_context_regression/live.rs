//! The third panel: training, live. Which algorithm is the net nearest to, as it learns?
use super::{
    Params,
    data::Prompts,
    metrics::{References, Tally, mean, ridge},
    net::{Layout, Net},
    predict::Predictor,
    train::Recipe,
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
    trainer: Trainer,
    predictor: Predictor,
    /// Columns as of [`TESTS`], means over n ≥ 1.
    pub(super) tests: Trace,
    /// The newest.
    pub(super) newest: Option<Tally>,
}

/// Nets trained side by side on the same numbers.
pub struct Live {
    pub(super) learners: Vec<Learner>,
    pub(super) sigma: f64,
    prompts: Prompts,
    references: References,
}

/// What a lost device would take with it.
#[derive(Clone)]
pub struct Saved(Vec<(Snapshot, Trace, Option<Tally>)>);

/// The net that the sliders say.
pub(super) fn net(p: &Params) -> Net {
    let hidden = p.hidden.parse().unwrap_or(16);
    let layout = if p.layout == "dual" { Layout::Dual } else { Layout::Alternating };
    let heads = if hidden < 32 { 2 } else { 4 };
    Net { d: p.dims, most: PAIRS, layers: p.layers, hidden, heads, feed: 2 * hidden, layout }
}

/// The nets that are trained, the chosen one first.
fn nets(p: &Params) -> Vec<(&'static str, Net)> {
    let net = net(p);
    let other = match net.layout {
        Layout::Dual => Layout::Alternating,
        Layout::Alternating => Layout::Dual,
    };
    let (other, shallow) = (Net { layout: other, ..net }, Net { layers: 1, ..net });
    let mut all = vec![("network", net)];
    match p.beside {
        "the other layout" => all.push(("other layout", other)),
        "one layer" => all.push(("one layer", shallow)),
        "both" => all.extend([("other layout", other), ("one layer", shallow)]),
        _ => {}
    }
    all
}

/// The Bayes predictor, and what is tested besides.
pub(super) fn learners(sigma: f64) -> [Linear; 3] {
    [Linear::Ridge(0.1), ridge(sigma * sigma), Linear::LeastSquares]
}

impl Live {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let sigma = f64::from(p.sigma);
        let mut stream = Stream::new(ctx.seed, "live test");
        let prompts = Prompts::draw(&mut stream, SAMPLE, (p.dims, PAIRS), sigma);
        let references = References::of(&prompts, &learners(sigma));
        let mut all = vec![];
        for (name, net) in nets(p) {
            let recipe = Recipe { net, sigma: p.sigma, rate: p.rate, steps: p.steps, batch: 64 };
            all.push(Learner {
                name,
                trainer: recipe.trainer(&ctx.device, ctx.seed)?,
                predictor: Predictor::new(net, ctx.seed)?,
                tests: Trace::new(TESTS).rows_at_most(300),
                newest: None,
            });
        }
        let mut live = Self { learners: all, sigma, prompts, references };
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

    /// How many numbers the chosen net is made of.
    pub(super) fn weights(&self) -> usize {
        self.learners[0].predictor.count()
    }

    async fn test(&mut self) -> Result<()> {
        let step = self.step_number();
        let learned = learners(self.sigma);
        for learner in &mut self.learners {
            // Before the first step the beginnings are the same everywhere.
            if step > 0 {
                learner.predictor.load(&learner.trainer.snapshot().await?)?;
            }
            let found = learner.predictor.prefixes(&self.prompts).await?;
            let tally = self.references.tally(&found);
            let whole = |spd: &[f64]| mean(spd, 1, PAIRS) as f32;
            let [low, bayes, least] = learned.map(|learned| whole(&tally.spd(learned)));
            let descent = whole(&tally.spd_to_best_descent());
            let zero = whole(&tally.spd_to_zero());
            let errors = found.iter().zip(&self.prompts.y).map(|(a, y)| (a - y) * (a - y));
            let loss = errors.sum::<f32>() / (found.len() * self.prompts.d) as f32;
            learner.tests.push(&[step as f32, loss, zero, descent, low, bayes, least]);
            learner.newest = Some(tally);
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
            Metric::new("weights", "Weights", self.weights() as f64),
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
