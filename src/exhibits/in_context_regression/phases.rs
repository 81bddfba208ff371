//! The fourth panel: algorithmic phases (section 4.3, Fig. 3). Deeper and wider nets are nearer to better
//! algorithms.
use super::{
    metrics::mean,
    shelf::Shelf,
    shipped::{DEPTHS, Model, WIDTHS},
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric},
    figure::{Color, Figure, dot, line, log},
    models::regress::Linear,
};

/// Steps after which the panel is done: 512 prompts a net.
const STEPS: usize = 15 * 6;

/// What the nets are held against besides one step of descent.
const LEARNERS: [(&str, Linear); 3] = [
    ("ridge 0.1", Linear::Ridge(0.1)),
    ("ridge 0.5", Linear::Ridge(0.5)),
    ("least squares", Linear::LeastSquares),
];

/// All of these, by name.
const NAMES: [&str; 4] = ["one GD step", "ridge 0.1", "ridge 0.5", "least squares"];

/// Nets by depth and by width.
pub struct Phases {
    shelf: Shelf,
}

/// Each once: the depths, then the widths that are not among them.
fn models() -> Vec<Model> {
    DEPTHS.into_iter().chain(WIDTHS.into_iter().take(2)).collect()
}

impl Phases {
    /// Loads the nets.
    pub async fn new(ctx: &Ctx) -> Result<Self> {
        let learners = LEARNERS.map(|(_, learner)| learner);
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
        vec![depth, width, self.table()]
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
