//! The headline table: every way of training, mean and deviation over five seeds.
use super::{
    Params,
    measure::Measures,
    race::percent,
    sweep::{Job, Sweep},
    trainer::{Method, Rates},
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::{Color, Figure, band, dot, linear, rule_x},
    models::stats::spread,
};

/// Seeds, from that of the run on.
pub const SEEDS: u64 = 5;

/// A way of training: name, coefficients, method, what is special, and what the paper says of it.
type Row = (&'static str, &'static str, Method, fn(&Rates) -> Rates, &'static str);

const ROWS: [Row; 7] = [
    ("standard", "–", Method::Standard, |r| *r, "learns v, memorises rare ones"),
    ("Mixup", "0.7, 0.7", Method::Mixup, |r| with(r, 0.7, 0.7), "learns u too"),
    ("decoupled", "0.7, 0.6", Method::Mixup, |r| with(r, 0.7, 0.6), "about as good"),
    ("stopped early", "0.7, 0.7", Method::Stopped, |r| with(r, 0.7, 0.7), "as good or better"),
    ("Beta Mixup", "drawn", Method::Beta, |r| *r, "the form in practice"),
    ("inputs alone", "0.6, 1", Method::InputOnly, |r| with(r, 0.6, 1.0), "– (ours)"),
    ("oversampled", "–", Method::Oversampled, |r| *r, "– (ours)"),
];

fn with(rates: &Rates, lambda_x: f32, lambda_y: f32) -> Rates {
    Rates { lambda_x, lambda_y, ..*rates }
}

/// All trainings of the table.
pub struct Table {
    sweep: Sweep,
}

impl Table {
    /// Nothing trained yet.
    pub fn new(ctx: &Ctx, p: &Params) -> Self {
        let rates = p.rates();
        let job =
            |seed, row: &Row| Job { seed, method: row.2, rates: (row.3)(&rates), steps: p.steps };
        let seeds = (0..SEEDS).map(|i| ctx.seed.wrapping_add(i));
        let jobs = seeds.flat_map(|seed| ROWS.iter().map(move |row| (seed, row)));
        let jobs = jobs.map(|(seed, row)| job(seed, row)).collect();
        Self { sweep: Sweep::new(&ctx.device, p.config(), jobs) }
    }

    /// A few training steps.
    pub async fn step(&mut self) -> Result<Progress> {
        Ok(if self.sweep.step().await? { Progress::More } else { Progress::Done })
    }

    /// How far it is.
    pub fn metrics(&self) -> Vec<Metric> {
        let done = self.sweep.results.len();
        vec![
            Metric::new("trained", "Trainings done", done as f64),
            Metric::new("fraction", "Of all", 100.0 * self.sweep.fraction()).unit("%"),
        ]
    }

    /// Something of all seeds that are done, for a row.
    fn of(&self, row: usize, what: impl Fn(&Measures) -> f32) -> Vec<f32> {
        self.sweep.results.iter().skip(row).step_by(ROWS.len()).map(what).collect()
    }

    /// Panel 7.
    pub fn figures(&self) -> Vec<Figure> {
        vec![self.table(), self.seeds()]
    }

    fn table(&self) -> Figure {
        let cell = |values: Vec<f32>, shares: bool| {
            let (mean, deviation) = spread(&values);
            match values.len() {
                0 => "–".to_owned(),
                _ if shares => format!("{:.1} ± {:.1}%", 100.0 * mean, 100.0 * deviation),
                _ => format!("{mean:.2} ± {deviation:.2}"),
            }
        };
        let column = |shares: bool, what: fn(&Measures) -> f32| -> Vec<String> {
            (0..ROWS.len()).map(|row| cell(self.of(row, what), shares)).collect()
        };
        let done = self.sweep.results.len() / ROWS.len();
        let rare = |row| percent(spread(&self.of(row, |m| m.rare)).0 as f32);
        Figure::table("headline", "Every way of training")
            .full()
            .caption(format!(
                "Mean ± standard deviation over {SEEDS} seeds of data and weights, trained now, at the sizes \
                 set beside. Γ is the mean over both classes. What the paper says (the last two of its rows on \
                 CIFAR-10) is given in words: its numbers could not be checked."
            ))
            .alt(if done == 0 {
                "No seed is done yet.".to_owned()
            } else {
                format!(
                    "{done} of {SEEDS} seeds done. Rare accuracy: standard {}, Mixup {}, decoupled {}, \
                     stopped early {}.",
                    rare(0),
                    rare(1),
                    rare(2),
                    rare(3)
                )
            })
            .column("way of training", ROWS.iter().map(|row| row.0).collect::<Vec<&str>>())
            .column("λ_x, λ_y", ROWS.iter().map(|row| row.1).collect::<Vec<&str>>())
            .column("common accuracy", column(true, |m| m.common))
            .column("rare accuracy", column(true, |m| m.rare))
            .column("Γ(v)", column(false, |m| 0.5 * (m.learned[0] + m.learned[1])))
            .column("Γ(u)", column(false, |m| 0.5 * (m.learned[2] + m.learned[3])))
            .column("the paper says", ROWS.iter().map(|row| row.4).collect::<Vec<&str>>())
    }

    fn seeds(&self) -> Figure {
        let (mut x, mut y, mut methods) = (vec![], vec![], vec![]);
        for (row, (name, _, method, ..)) in ROWS.iter().enumerate() {
            let values = self.of(row, |m| m.rare);
            y.extend(std::iter::repeat_n(*name, values.len()));
            methods.extend(std::iter::repeat_n(method.name(), values.len()));
            x.extend(values);
        }
        let alt = format!("{} trainings done of {}.", x.len(), self.sweep.jobs.len());
        Figure::plot(
            "headline_seeds",
            "New rare examples, seed by seed",
            linear("rare accuracy").domain(0.4, 1.0),
            band(""),
        )
        .color(Color::series().without_legend())
        .caption("A dot a seed; the rule is a coin flip.")
        .alt(alt)
        .with(rule_x().x(vec![0.5]).option("strokeDasharray", "4 4"))
        .with(dot().x(x).y(y).fill(methods).r(4.0))
    }
}
