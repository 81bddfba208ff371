//! The fifth panel: the noise matrix (section 4.2, Fig. 2). A net trained with noise σ predicts like ridge
//! at λ = σ², the Bayes predictor of its training distribution.
use super::{
    Params,
    metrics::{mean, ridge},
    shelf::Shelf,
    shipped::{FOURS, Model, PLANES, SHALLOW, TWOS},
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric},
    figure::{Color, Figure, band, cell, text},
};

/// Steps after which the panel is done: 1024 prompts a net.
const STEPS: usize = 31 * 4;

/// MSPD a dimension of Fig. 2, rows by λ, columns by σ²/τ²; read from the figure's text layer.
pub(super) const PUBLISHED: [[f64; 5]; 5] = [
    [1.25e-5, 1.34e-4, 3.96e-4, 1.51e-3, 4.13e-3],
    [1.10e-4, 3.29e-5, 1.12e-4, 8.24e-4, 2.92e-3],
    [3.49e-4, 9.65e-5, 3.86e-5, 4.50e-4, 2.15e-3],
    [1.69e-3, 8.64e-4, 4.39e-4, 3.30e-5, 6.81e-4],
    [4.83e-3, 3.09e-3, 2.21e-3, 7.52e-4, 6.10e-5],
];

/// Names of its rows and columns.
const RATIOS: [&str; 5] = ["0", "1/16", "1/9", "1/4", "4/9"];

/// Nets by noise.
pub struct Noise {
    shelf: Shelf,
    models: [Model; 4],
}

/// λ = σ² of a net.
pub(super) fn lambda(model: &Model) -> f64 {
    f64::from(model.recipe.sigma) * f64::from(model.recipe.sigma)
}

/// λ as a fraction, exact for the noises there are.
pub(super) fn ratio(lambda: f64) -> String {
    let sixteenths = (16.0 * lambda) as u32;
    match sixteenths {
        0 => "0".to_owned(),
        4 => "1/4".to_owned(),
        16 => "1".to_owned(),
        n => format!("{n}/16"),
    }
}

impl Noise {
    /// Loads the nets.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let models = match p.matrix {
            "d = 4" => FOURS,
            "d = 4, two layers" => TWOS,
            "d = 4, one layer" => SHALLOW,
            _ => PLANES,
        };
        let learners = models.map(|model| ridge(lambda(&model)));
        let shelf = Shelf::new(&ctx.files, &models, &learners, (ctx.seed, "noise")).await?;
        Ok(Self { shelf, models })
    }

    /// Some more prompts; whether there are others.
    pub async fn step(&mut self) -> Result<bool> {
        self.shelf.step().await?;
        Ok(self.shelf.steps < STEPS)
    }

    /// MSPD a dimension, rows by λ, columns by net: means over 1 ≤ n < d.
    pub(super) fn matrix(&self) -> Vec<Vec<f64>> {
        let d = self.models[0].recipe.net.d;
        let rows = self.models.iter().map(|model| ridge(lambda(model)));
        let entry = |learner| {
            self.shelf.tallies.iter().map(|tally| mean(&tally.spd(learner), 1, d)).collect()
        };
        rows.map(entry).collect()
    }

    /// Columns whose least entry is on the diagonal.
    pub(super) fn diagonal(&self) -> usize {
        diagonal(&self.matrix())
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let matrix = self.matrix();
        let worst = (0..4).map(|i| matrix[i][i]).fold(0.0, f64::max);
        vec![
            Metric::new("prompts", "Prompts", self.shelf.prompts() as f64),
            Metric::new("diagonal", "Columns won by the diagonal", self.diagonal() as f64),
            Metric::new("worst", "Greatest on the diagonal", worst),
        ]
    }

    /// All figures, in a fixed order.
    pub fn figures(&self) -> Vec<Figure> {
        let d = self.models[0].recipe.net.d;
        let names: Vec<String> = self.models.iter().map(|model| ratio(lambda(model))).collect();
        let here = heat("here", &format!("Here, d = {d}"), &self.matrix(), &names);
        let won = self.diagonal();
        let here = here.caption(format!(
            "MSPD a dimension between each net (column, by the noise it was trained with) and each ridge \
             (row), over 1 ≤ n < {d}, on {} prompts a net. Darker is nearer; the least of {won} of 4 \
             columns is on the diagonal.",
            self.shelf.prompts()
        ));
        let published: Vec<Vec<f64>> = PUBLISHED.iter().map(|row| row.to_vec()).collect();
        let names: Vec<String> = RATIOS.iter().map(|&name| name.to_owned()).collect();
        let paper = heat("paper", "The paper, d = 8", &published, &names).caption(
            "Fig. 2: 16 layers of width 512, 500 thousand steps. Noise and prior vary there, noise alone \
             here; what counts is their ratio.",
        );
        vec![here, paper]
    }
}

/// Columns of a square matrix whose least entry is on the diagonal.
fn diagonal(matrix: &[Vec<f64>]) -> usize {
    let least = |i: &usize| (0..matrix.len()).all(|row| matrix[*i][*i] <= matrix[row][*i]);
    (0..matrix.len()).filter(least).count()
}

fn heat(id: &'static str, title: &str, matrix: &[Vec<f64>], names: &[String]) -> Figure {
    let (mut x, mut y, mut logs, mut words) = (vec![], vec![], vec![], vec![]);
    for (row, values) in matrix.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            x.push(names[column].clone());
            y.push(if row == 0 { "OLS".to_owned() } else { names[row].clone() });
            logs.push(-libm::log10(value.max(1e-9)) as f32);
            words.push(format!("{value:.1e}"));
        }
    }
    let on: Vec<String> =
        (0..matrix.len()).map(|i| words[i * (matrix.len() + 1)].clone()).collect();
    let diagonal = diagonal(matrix);
    let figure = Figure::plot(id, title, band("σ²/τ² in training"), band("λ of ridge"))
        .aspect(0.8)
        .color(Color::sequential("−log₁₀ MSPD"))
        .alt(format!(
            "On the diagonal: {}. The diagonal has the least entry of {diagonal} of {} columns.",
            on.join(", "),
            matrix.len()
        ))
        .with(cell().x(x.clone()).y(y.clone()).fill(logs));
    // Readable on any ground, light or dark.
    let words = text().x(x).y(y).text(words).fill("white").stroke("black").stroke_width(2.5);
    figure.with(words.option("fontSize", 12.0))
}
