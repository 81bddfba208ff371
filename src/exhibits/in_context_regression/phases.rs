//! The fourth panel: algorithmic phases (section 4.3, Fig. 3). Deeper and wider nets are nearer to better
//! algorithms.
use super::{
    metrics::{mean, ridge},
    noise::{lambda, ratio},
    shelf::Shelf,
    shipped::{DEPTHS, FOURS, Model, SHALLOW, TWOS, WIDTHS},
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric},
    figure::{Color, Figure, band, cell, dot, line, log, text},
    models::regress::Linear,
};

/// Steps after which the panel is done: 512 prompts a net.
const STEPS: usize = 15 * 15;

/// What the nets are held against besides one step of descent.
const LEARNERS: [(&str, Linear); 3] = [
    ("ridge 0.1", Linear::Ridge(0.1)),
    ("ridge 0.5", Linear::Ridge(0.5)),
    ("least squares", Linear::LeastSquares),
];

/// All of these, by name.
const NAMES: [&str; 4] = ["one GD step", "ridge 0.1", "ridge 0.5", "least squares"];

/// Nets by depth and noise: four layers trained with noise begin here in [`models`], after two and one.
const NOISY: usize = 6;

/// Nets by depth, by width, and by depth and noise.
pub struct Phases {
    shelf: Shelf,
}

/// Each once: the depths, then the widths that are not among them, then those with noise by depth.
fn models() -> Vec<Model> {
    let noisy = [SHALLOW, TWOS, FOURS].into_iter().flat_map(|models| models.into_iter().skip(1));
    DEPTHS.into_iter().chain(WIDTHS.into_iter().take(2)).chain(noisy).collect()
}

/// The Bayes predictors of all noises, and their names.
fn ridges() -> [(String, Linear); 4] {
    FOURS.map(|model| {
        let lambda = lambda(&model);
        let name =
            if lambda > 0.0 { format!("ridge {}", ratio(lambda)) } else { NAMES[3].to_owned() };
        (name, ridge(lambda))
    })
}

impl Phases {
    /// Loads the nets.
    pub async fn new(ctx: &Ctx) -> Result<Self> {
        let learners: Vec<Linear> = LEARNERS
            .map(|(_, learner)| learner)
            .into_iter()
            .chain(ridges().into_iter().skip(1).map(|(_, learner)| learner))
            .collect();
        let shelf = Shelf::new(&ctx.files, &models(), &learners, (ctx.seed, "phases")).await?;
        Ok(Self { shelf })
    }

    /// Some more prompts; whether there are others.
    pub async fn step(&mut self) -> Result<bool> {
        self.shelf.step().await?;
        Ok(self.shelf.steps < STEPS)
    }

    /// Mean SPD a dimension of a net over n ≥ 1, in the order of [`NAMES`].
    fn row(&self, at: usize) -> [f64; 4] {
        let tally = &self.shelf.tallies[at];
        let whole = |spd: Vec<f64>| mean(&spd, 1, spd.len());
        let [low, high, least] = LEARNERS.map(|(_, learner)| whole(tally.spd(learner)));
        [whole(tally.spd_to_best_descent()), low, high, least]
    }

    /// The algorithm that a net is nearest to.
    fn nearest(&self, at: usize) -> (&'static str, f64) {
        let row = self.row(at);
        let best = (0..4).fold(0, |best, i| if row[i] < row[best] { i } else { best });
        (NAMES[best], row[best])
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::new("prompts", "Prompts", self.shelf.prompts() as f64),
            Metric::new("one_layer_descent", "L = 1 to one GD step", self.row(0)[0]),
            Metric::new("one_layer_least_squares", "L = 1 to least squares", self.row(0)[3]),
            Metric::new("eight_layers_least_squares", "L = 8 to least squares", self.row(3)[3]),
        ]
    }

    /// All figures, in a fixed order.
    pub fn figures(&self) -> Vec<Figure> {
        let depth = self.curve("depth", "By depth, width 64", "layers", &[0, 1, 2, 3]);
        let width = self.curve("width", "By width, four layers", "width", &[4, 5, 2]);
        vec![depth, width, self.noise(), self.table()]
    }

    fn curve(&self, id: &'static str, title: &str, label: &'static str, at: &[usize]) -> Figure {
        let models = models();
        let size = |i: &usize| {
            let net = models[*i].recipe.net;
            (if id == "depth" { net.layers } else { net.hidden }) as f32
        };
        let x: Vec<f32> = at.iter().map(size).collect();
        let ends = [x[0], x[x.len() - 1]].map(f64::from);
        let mut figure = Figure::plot(
            id,
            title,
            log(label).domain(0.9 * ends[0], 1.1 * ends[1]),
            log("SPD a dimension, mean over n = 1 to 11"),
        )
        .color(Color::series())
        .caption(format!(
            "Nets for d = 4 without noise, 8000 steps each, on {} prompts. A net is what its lowest line \
             says; Fig. 3 draws the same for d = 8 and nets a thousand times as large.",
            self.shelf.prompts()
        ));
        let mut words = vec![];
        for &i in at {
            let (name, spd) = self.nearest(i);
            words.push(format!("{} {label}: {name} at {spd:.3}", size(&i)));
        }
        for (k, name) in NAMES.iter().enumerate() {
            let y: Vec<f32> = at.iter().map(|&i| self.row(i)[k] as f32).collect();
            figure = figure
                .with(line().x(x.clone()).y(y.clone()).stroke(*name).stroke_width(2.0))
                .with(dot().x(x.clone()).y(y).fill(*name).r(4.0));
        }
        figure.alt(format!("Nearest: {}.", words.join("; ")))
    }

    /// Which of one step of descent and the Bayes predictors of all noises a net is nearest to.
    fn predictor(&self, at: usize) -> (String, f64) {
        let tally = &self.shelf.tallies[at];
        let whole = |spd: Vec<f64>| mean(&spd, 1, spd.len());
        let descent = (NAMES[0].to_owned(), whole(tally.spd_to_best_descent()));
        let all = ridges().map(|(name, learner)| (name, whole(tally.spd(learner))));
        all.into_iter().fold(descent, |best, next| if next.1 < best.1 { next } else { best })
    }

    /// Nets by depth and noise, each with what it is nearest to.
    fn noise(&self) -> Figure {
        let (mut x, mut y, mut names, mut words) = (vec![], vec![], vec![], vec![]);
        let mut bayes = 0;
        for (at, model) in models().iter().enumerate() {
            if (DEPTHS.len()..NOISY).contains(&at) {
                continue;
            }
            let (name, spd) = self.predictor(at);
            let noise = FOURS.iter().position(|four| four.recipe.sigma == model.recipe.sigma);
            bayes += usize::from(noise.is_some_and(|i| ridges()[i].0 == name));
            x.push(model.recipe.net.layers.to_string());
            y.push(ratio(lambda(model)));
            words.push(format!("{spd:.3}"));
            names.push(name);
        }
        let listed: Vec<String> =
            (0..x.len()).map(|i| format!("{} layers, σ² = {}: {}", x[i], y[i], names[i])).collect();
        let words = text().x(x.clone()).y(y.clone()).text(words);
        let words = words.fill("white").stroke("black").stroke_width(2.5).option("fontSize", 12.0);
        Figure::plot("noise", "By depth and noise", band("layers"), band("σ²/τ² in training"))
            .color(Color::series())
            .caption(format!(
                "What each net is nearest to, and its SPD a dimension: one GD step, or ridge at the λ of one \
                 of the rows. {bayes} of {} are nearest to the Bayes predictor of their own row, least \
                 squares where there is no noise. Eight layers were trained without noise alone.",
                x.len()
            ))
            .alt(format!("Nearest: {}.", listed.join("; ")))
            .with(cell().x(x).y(y).fill(names))
            .with(words)
    }

    /// The phases of Fig. 3 beside those found here.
    fn table(&self) -> Figure {
        let names = ["1 layer", "2 layers", "4 layers", "8 layers"];
        let here: Vec<String> = (0..4)
            .map(|i| {
                let (name, spd) = self.nearest(i);
                format!("{name} ({spd:.3})")
            })
            .collect();
        let gap = |i: usize| (self.row(i)[3] / self.row(i)[1]) as f32;
        Figure::table("table", "The paper's phases, and these")
            .full()
            .caption(
                "Fig. 3 of the paper (d = 8, width up to 1024, 500 thousand steps) beside these nets. The \
                 last column falls as nets leave ridge for least squares; curve heights of Fig. 3 are not \
                 known to us.",
            )
            .alt(format!("Nearest algorithm by depth here: {}.", here.join(", ")))
            .column("net", names.to_vec())
            .column("paper", vec!["one GD step", "ridge", "ridge", "least squares"])
            .column("here", here)
            .column("least squares / ridge 0.1", (0..4).map(gap).collect::<Vec<f32>>())
    }
}
