//! The second panel: weight space, d = 2. The weights that the net implies, as its prompt grows.
use super::{
    Params,
    data::{Prompts, first},
    metrics::{implied, ridge},
    shipped::PLANES,
};
use crate::{
    engine::rng::Stream,
    error::Result,
    exhibit::{Ctx, Metric},
    figure::{Color, Figure, contour, dot, line, linear, log},
    models::regress::{Linear, dot as product, one_pass},
};

/// Pairs of the prompt.
const PAIRS: usize = 8;

/// Weights are shown this far from zero.
const REACH: f64 = 3.0;

/// Points of the plane of weights to a side, for its contours.
const SIDE: usize = 40;

/// Queries from which the net's weights are implied.
const PROBES: usize = 32;

/// Learners beside the net, in the order of [`Space::paths`].
const LEARNERS: [&str; 5] = ["Bayes", "least squares", "ridge", "one GD step", "one-pass SGD"];

/// A prompt that grows, and the weights that each learner draws from it.
pub struct Space {
    sigma: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    truth: Vec<f64>,
    /// Examples seen.
    seen: usize,
    /// By number of examples: implied weights and R².
    net: Vec<(Vec<f64>, f64)>,
}

impl Space {
    /// Loads the net of the chosen noise and asks it about every prefix.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let model = PLANES[p.noise_index()];
        let mut predictor = model.load(&ctx.files).await?;
        let sigma = f64::from(model.recipe.sigma);
        let mut stream = Stream::new(ctx.seed, "weight space");
        let prompt = Prompts::draw(&mut stream, 1, (2, PAIRS), sigma);
        let queries: Vec<f32> = (0..2 * PROBES).map(|_| stream.normal()).collect();
        let wide: Vec<f64> = queries.iter().map(|&q| q.into()).collect();
        let mut net = vec![];
        for n in 0..=PAIRS {
            let found = predictor.answers(&prompt.x[..2 * n], &prompt.y[..n], &queries).await?;
            let found: Vec<f64> = found.iter().map(|&a| a.into()).collect();
            net.push(implied(2, &wide, &found));
        }
        let (x, y) = prompt.wide();
        let truth = prompt.w.iter().map(|&w| w.into()).collect();
        Ok(Self { sigma, x, y, truth, seen: 0, net })
    }

    /// One more example; whether there is another.
    pub fn step(&mut self) -> bool {
        self.seen = (self.seen + 1).min(PAIRS);
        self.seen < PAIRS
    }

    fn learners(&self, p: &Params) -> [Linear; 5] {
        [
            ridge(self.sigma * self.sigma),
            Linear::LeastSquares,
            Linear::Ridge(p.lambda),
            Linear::Descent(p.alpha),
            Linear::OnePass(p.alpha),
        ]
    }

    /// What a learner draws from the first `n` examples.
    fn weights(&self, learner: Linear, n: usize) -> Vec<f64> {
        learner.weights(&first(2, &self.x, &self.y, n))
    }

    /// Squared distance a dimension between the net's weights and a learner's.
    fn ilwd(&self, learner: Linear, n: usize) -> f64 {
        let w = self.weights(learner, n);
        let rows = w.iter().zip(&self.net[n].0);
        rows.map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / 2.0
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let (w, r2) = &self.net[self.seen];
        vec![
            Metric::new("examples", "Examples", self.seen as f64),
            Metric::new("w1", "The net's w₁", w[0]),
            Metric::new("w2", "The net's w₂", w[1]),
            Metric::new("r2", "R² of a plane", *r2),
            Metric::new(
                "ilwd_bayes",
                "ILWD to Bayes",
                self.ilwd(ridge(self.sigma * self.sigma), self.seen),
            ),
        ]
    }

    /// All figures, in a fixed order.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        vec![self.plane(p), self.distances(p), self.shares()]
    }

    fn plane(&self, p: &Params) -> Figure {
        let n = self.seen;
        let [truth, net] = [&self.truth, &self.net[n].0];
        let alt = format!(
            "After {n} of {PAIRS} examples the net acts as the weights ({:.2}, {:.2}); Bayes has ({:.2}, \
             {:.2}), the truth is ({:.2}, {:.2}).",
            net[0],
            net[1],
            self.weights(self.learners(p)[0], n)[0],
            self.weights(self.learners(p)[0], n)[1],
            truth[0],
            truth[1]
        );
        let mut figure = Figure::plot(
            "weights",
            format!("Weights after {n} example{}", if n == 1 { "" } else { "s" }),
            linear("w₁").domain(-REACH, REACH),
            linear("w₂").domain(-REACH, REACH),
        )
        .aspect(1.0)
        .color(Color::series())
        .caption(
            "Contours: the ridge objective of the examples so far, in steps of its root. The path is where \
             the net's implied weights have been; with one example every point of the dashed line fits, \
             and least squares takes the shortest.",
        )
        .alt(alt)
        .with(self.objective(p).option("clip", true));
        if n == 1 {
            figure = figure.with(self.fitting());
        }
        let passed = one_pass(p.alpha, &first(2, &self.x, &self.y, n));
        let column = |rows: &[Vec<f64>], i: usize| rows.iter().map(|w| w[i] as f32).collect();
        let (px, py): (Vec<f32>, Vec<f32>) = (column(&passed, 0), column(&passed, 1));
        figure = figure.with(
            line().x(px).y(py).stroke("one-pass SGD").stroke_opacity(0.6).option("clip", true),
        );
        let path: Vec<Vec<f64>> = self.net[..=n].iter().map(|(w, _)| w.clone()).collect();
        let (px, py): (Vec<f32>, Vec<f32>) = (column(&path, 0), column(&path, 1));
        figure = figure
            .with(line().x(px).y(py).stroke("network").stroke_width(2.0).option("clip", true))
            .with(place(truth, "exact", 7.0).option("symbol", "cross"));
        for (name, learner) in LEARNERS.iter().zip(self.learners(p)) {
            figure = figure.with(place(&self.weights(learner, n), name, 6.0));
        }
        figure.with(place(net, "network", 8.0).fill_opacity(0.7))
    }

    /// Contours of the root of the ridge objective.
    fn objective(&self, p: &Params) -> crate::figure::Mark {
        let examples = first(2, &self.x, &self.y, self.seen);
        let at = |i: usize| REACH * (2.0 * (i as f64 + 0.5) / SIDE as f64 - 1.0);
        let mut values = Vec::with_capacity(SIDE * SIDE);
        for row in 0..SIDE {
            for column in 0..SIDE {
                let w = [at(column), at(row)];
                let errors = examples.rows().map(|(x, y)| (product(&w, x) - y).powi(2));
                let value = errors.sum::<f64>() + p.lambda * product(&w, &w);
                values.push(value.sqrt() as f32);
            }
        }
        contour(SIDE, SIDE, [-REACH, -REACH, REACH, REACH])
            .fill(values)
            .stroke("currentColor")
            .stroke_opacity(0.18)
            .option("fillOpacity", 0.0)
    }

    /// All weights that meet the first example.
    fn fitting(&self) -> crate::figure::Mark {
        let (x, y) = (&self.x[..2], self.y[0]);
        let square = product(x, x);
        let foot = [x[0] * y / square, x[1] * y / square];
        let along = [-x[1] / square.sqrt(), x[0] / square.sqrt()];
        let end = |t: f64, i: usize| (foot[i] + t * along[i]) as f32;
        line()
            .x(vec![end(-9.0, 0), end(9.0, 0)])
            .y(vec![end(-9.0, 1), end(9.0, 1)])
            .stroke("least squares")
            .option("strokeDasharray", "5 4")
            .option("clip", true)
    }

    fn distances(&self, p: &Params) -> Figure {
        let n: Vec<f32> = (0..=self.seen).map(|n| n as f32).collect();
        let mut figure = Figure::plot(
            "ilwd",
            "How far the net's weights are from each algorithm's",
            linear("examples").domain(0.0, PAIRS as f64),
            log("ILWD, a dimension").domain(1e-6, 10.0),
        )
        .color(Color::series())
        .caption(
            "Squared distance between implied and true weights (eq. 13), for this prompt alone.",
        );
        let mut words = vec![];
        for (name, learner) in LEARNERS.iter().zip(self.learners(p)) {
            let y: Vec<f32> =
                (0..=self.seen).map(|k| self.ilwd(learner, k).max(1e-6) as f32).collect();
            words.push(format!("{name} {:.1e}", self.ilwd(learner, self.seen)));
            let mark = line().x(n.clone()).y(y.clone()).stroke(*name).option("clip", true);
            figure = figure
                .with(mark)
                .with(dot().x(n.clone()).y(y).fill(*name).r(3.0).option("clip", true));
        }
        figure.alt(format!("After {} examples: {}.", self.seen, words.join(", ")))
    }

    fn shares(&self) -> Figure {
        let n: Vec<f32> = (0..=self.seen).map(|n| n as f32).collect();
        let r2: Vec<f32> = self.net[..=self.seen].iter().map(|(_, r2)| *r2 as f32).collect();
        let now = self.net[self.seen].1;
        Figure::plot(
            "linear",
            "How linear the net is",
            linear("examples").domain(0.0, PAIRS as f64),
            linear("R² of the best plane").domain(0.0, 1.0),
        )
        .color(Color::series().without_legend())
        .caption(
            "Share of the net's answers to 32 random queries that one weight vector explains (App. F). It is \
             lowest where there is little to explain.",
        )
        .alt(format!(
            "After {} examples one plane explains {:.1}% of the net's answers.",
            self.seen,
            100.0 * now.max(0.0)
        ))
        .with(line().x(n.clone()).y(r2.clone()).stroke("network").option("clip", true))
        .with(dot().x(n).y(r2).fill("network").r(3.0).option("clip", true))
    }
}

fn place(w: &[f64], name: &str, r: f64) -> crate::figure::Mark {
    let mark = dot().x(vec![w[0] as f32]).y(vec![w[1] as f32]).r(r);
    mark.fill(name).fill_opacity(0.55).stroke(name).option("clip", true)
}
