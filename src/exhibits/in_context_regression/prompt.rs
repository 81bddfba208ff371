//! The first panel: the prompt is the training set. A reader's dots, d = 1, and the net's line through them.
use super::{
    Params,
    metrics::{implied, ridge},
    predict::{MOST_PAIRS, Predictor},
    shipped::LINES,
};
use crate::{
    engine::rng::Stream,
    error::{Error, Result},
    exhibit::{Ctx, Metric},
    figure::{Poke, PokeKind},
    models::regress::{Examples, Linear, dot, nearest},
};

/// Queries at which the lines are drawn.
pub(super) const QUERIES: usize = 61;

/// The plane reaches this far to either side.
pub(super) const REACH: f64 = 4.0;

/// And this far up and down.
pub(super) const HEIGHT: f64 = 6.0;

/// Distances are measured over queries this far to either side: farther out training hardly saw any.
pub(super) const SEEN: f64 = 3.0;

/// Steps of this share of a length fall evenly over it, however many they are.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Neighbours that are asked; section 4.1.
const NEIGHBOURS: usize = 3;

/// What the net is held against, in the order of [`Answered::lines`].
pub(super) const LEARNERS: [&str; 7] = [
    "Bayes",
    "least squares",
    "ridge",
    "one GD step",
    "one-pass SGD",
    "3 nearest",
    "3 nearest, weighted",
];

/// The prompt and what is made of it.
pub struct Prompt {
    predictor: Predictor,
    seed: u64,
    sigma: f64,
    /// What the dots come from: kind, number, stretch.
    set: (&'static str, usize, f64),
    edits: Vec<Poke>,
    pub(super) dots: Vec<[f32; 2]>,
    /// Settings it was made with: λ and α.
    made: Option<[f64; 2]>,
    pub(super) answered: Answered,
}

/// What the net and the learners predict.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    /// The queries.
    pub(super) at: Vec<f64>,
    /// The net's answers.
    pub(super) net: Vec<f64>,
    /// By learner, in the order of [`LEARNERS`].
    pub(super) lines: Vec<Vec<f64>>,
    /// Standard deviation of the Bayes predictor's posterior.
    pub(super) deviation: Vec<f64>,
    /// Mean squared distance from the net over |x| ≤ 3, by learner.
    pub(super) spd: Vec<f64>,
    /// Slope of the line that is nearest to the net's answers.
    pub(super) slope: f64,
    /// And how much of them it explains.
    pub(super) r2: f64,
}

impl Prompt {
    /// Loads the net of the chosen noise.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let model = LINES[p.noise_index()];
        let predictor = model.load(&ctx.files).await?;
        let mut prompt = Self {
            predictor,
            seed: ctx.seed,
            sigma: model.recipe.sigma.into(),
            set: ("", 0, 0.0),
            edits: vec![],
            dots: vec![],
            made: None,
            answered: Answered::default(),
        };
        prompt.show(p);
        prompt.refresh(p).await?;
        Ok(prompt)
    }

    /// The noise that the net was trained with.
    pub(super) fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Changes to other dots, if they are others, with the same edits.
    fn show(&mut self, p: &Params) {
        let set = (p.dots, p.pairs, p.stretch);
        if self.set != set {
            self.set = set;
            self.dots = dots(self.seed, set, self.sigma);
            for edit in &self.edits {
                // An edit of a dot that these lack has no effect.
                if let Ok(dots) = edited(&self.dots, edit) {
                    self.dots = dots;
                }
            }
            self.made = None;
        }
    }

    /// Moves, adds or removes a dot; on an error nothing changes.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.dots = edited(&self.dots, poke).map_err(|reason| Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason,
        })?;
        self.edits.push(poke.clone());
        self.made = None;
        Ok(())
    }

    /// Has the net and the learners answer for the dots as they are.
    pub async fn refresh(&mut self, p: &Params) -> Result<()> {
        self.show(p);
        let settings = [p.lambda, p.alpha];
        if self.made == Some(settings) {
            return Ok(());
        }
        let at: Vec<f64> =
            (0..QUERIES).map(|i| REACH * (2.0 * i as f64 / (QUERIES - 1) as f64 - 1.0)).collect();
        let narrow: Vec<f32> = at.iter().map(|&x| x as f32).collect();
        let (x, y): (Vec<f32>, Vec<f32>) = self.dots.iter().map(|dot| (dot[0], dot[1])).unzip();
        let net = self.predictor.answers(&x, &y, &narrow).await?;
        let net: Vec<f64> = net.iter().map(|&a| a.into()).collect();
        let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let (x, y) = (wide(&x), wide(&y));
        let examples = Examples { d: 1, x: &x, y: &y };
        let lines = lines(&examples, self.sigma, settings, &at);
        let deviation =
            at.iter().map(|&x| examples.posterior_deviation(self.sigma, 1.0, &[x])).collect();
        let seen: Vec<usize> = (0..QUERIES).filter(|&i| at[i].abs() <= SEEN + 1e-9).collect();
        let square = |line: &Vec<f64>| {
            let sum: f64 = seen.iter().map(|&i| (net[i] - line[i]) * (net[i] - line[i])).sum();
            sum / seen.len() as f64
        };
        let spd = lines.iter().map(square).collect();
        let pick = |values: &[f64]| seen.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let (slope, r2) = implied(1, &pick(&at), &pick(&net));
        self.answered = Answered { at, net, lines, deviation, spd, slope: slope[0], r2 };
        self.made = Some(settings);
        Ok(())
    }

    /// The learner that is nearest to the net: its name and its SPD.
    pub(super) fn closest(&self) -> (&'static str, f64) {
        let mut best = (LEARNERS[0], f64::INFINITY);
        for (&name, &spd) in LEARNERS.iter().zip(&self.answered.spd) {
            if spd < best.1 {
                best = (name, spd);
            }
        }
        best
    }

    /// What is out of the ordinary about these dots, a sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all = vec![];
        let n = self.dots.len();
        if n == 0 {
            all.push("There are no dots: the best guess is zero everywhere.".to_owned());
        }
        if n >= LINES[0].recipe.net.most {
            all.push(format!("{n} dots: training stopped at {}.", LINES[0].recipe.net.most - 1));
        }
        if self.dots.iter().any(|dot| f64::from(dot[0].abs()) > SEEN) {
            all.push("A dot lies beyond |x| = 3, where one in 370 training dots did.".to_owned());
        }
        let steep = |dot: &[f32; 2]| dot[1].abs() > 3.0 * dot[0].abs().max(1.0);
        if self.dots.iter().any(steep) {
            all.push("A dot lies so high that training hardly saw the like.".to_owned());
        }
        let twins = (1..n).any(|i| self.dots[..i].iter().any(|dot| dot[0] == self.dots[i][0]));
        if twins {
            all.push("Two dots share their x: least squares meets their mean.".to_owned());
        }
        all
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let answered = &self.answered;
        vec![
            Metric::new("dots", "Dots", self.dots.len() as f64),
            Metric::new("slope", "The net's slope", answered.slope),
            Metric::new("r2", "R² of a line", answered.r2),
            Metric::new("spd_bayes", "SPD to Bayes", answered.spd[0]),
            Metric::new("spd_least_squares", "SPD to least squares", answered.spd[1]),
            Metric::new("spd_descent", "SPD to one GD step", answered.spd[3]),
        ]
    }
}

/// The learners' predictions at some queries, in the order of [`LEARNERS`].
fn lines(
    examples: &Examples<'_>,
    sigma: f64,
    [lambda, alpha]: [f64; 2],
    at: &[f64],
) -> Vec<Vec<f64>> {
    let linear = [
        ridge(sigma * sigma),
        Linear::LeastSquares,
        Linear::Ridge(lambda),
        Linear::Descent(alpha),
        Linear::OnePass(alpha),
    ];
    let straight = linear.map(|learner| {
        let w = learner.weights(examples);
        at.iter().map(|&x| dot(&w, &[x])).collect()
    });
    let near = [false, true].map(|weighted| {
        at.iter().map(|&x| nearest(examples, NEIGHBOURS, weighted, &[x])).collect()
    });
    straight.into_iter().chain(near).collect()
}

/// The dots to begin with.
fn dots(seed: u64, (kind, n, stretch): (&str, usize, f64), sigma: f64) -> Vec<[f32; 2]> {
    let mut stream = Stream::new(seed, "prompt");
    let w = stream.normal_f64();
    let start = stream.uniform_f64();
    let made = (0..n).map(|i| {
        let x = match kind {
            "far out" => 2.6 + 0.1 * i as f64,
            "one x" => 1.0,
            // Evenly over ±2 from a random place on, so that few dots show a line too.
            _ => 4.0 * (start + i as f64 * GOLDEN).fract() - 2.0,
        };
        let clean = if kind == "a parabola" { x * x - 1.0 } else { w * x };
        let y = stretch * (clean + sigma * stream.normal_f64());
        [x.clamp(-REACH, REACH) as f32, y.clamp(-HEIGHT, HEIGHT) as f32]
    });
    made.collect()
}

/// Dots after an edit, or why it cannot be.
fn edited(dots: &[[f32; 2]], poke: &Poke) -> Result<Vec<[f32; 2]>, String> {
    let (n, index) = (dots.len(), poke.index as usize);
    let inside = poke.x.abs() <= REACH && poke.y.abs() <= HEIGHT;
    let place = [poke.x as f32, poke.y as f32];
    let mut dots = dots.to_vec();
    match poke.kind {
        PokeKind::Drag | PokeKind::Add if !inside => {
            return Err(format!(
                "x must be from −{REACH} to {REACH}, y from −{HEIGHT} to {HEIGHT}"
            ));
        }
        PokeKind::Add if n >= MOST_PAIRS => {
            return Err(format!("there are {MOST_PAIRS} dots already, which is the most"));
        }
        PokeKind::Drag | PokeKind::Remove if index >= n => {
            return Err(format!("there is no dot {} among {n}", index + 1));
        }
        PokeKind::Drag => dots[index] = place,
        PokeKind::Add => dots.push(place),
        PokeKind::Remove => drop(dots.remove(index)),
        PokeKind::Click => return Err("dots can be dragged, added and removed".to_owned()),
    }
    Ok(dots)
}
