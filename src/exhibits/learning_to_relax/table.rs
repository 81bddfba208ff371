//! The headline numbers, measured anew: both variances and the heat equation, over three seeds.
use super::{
    Params,
    claims::{HIGH, LOW},
    race::{NAMES, Race, Settings, least},
    simulation::Simulation,
};
use crate::{
    exhibit::{Metric, Progress},
    figure::{Color, Figure, band, dot, linear, rule_x},
    models::stats::spread,
};

/// Seeds that every setting is run at, from the reader's own on.
const RUNS: u64 = 3;

/// Systems a step of a race, time steps a step of the simulation: about 10 ms each.
const AT_ONCE: usize = 12;
const HEAT_AT_ONCE: usize = 4;

/// The mesh of the simulation.
const MESH: usize = 25;

/// The settings.
const SETTINGS: [&str; 3] = ["low variance", "high variance", "heat"];

/// What a finished run came to, as means a system.
#[derive(Clone, Debug)]
struct Row {
    setting: usize,
    /// ω = 1, best fixed, the learners, and the best of each system: Young's ω*(c), or of the grid.
    means: [f64; METHODS.len()],
}

/// What is compared.
const METHODS: [&str; 6] =
    ["ω = 1", "best fixed ω", "Tsallis-INF", "Tsallis-INF-CB", "ChebCB", "best of each"];

/// The run that goes on.
enum Job {
    Sequence(Box<Race>),
    Heat(Box<Simulation>),
}

/// All runs, one after another.
pub struct Table {
    seed: u64,
    length: usize,
    /// Runs that are finished.
    rows: Vec<Row>,
    job: Job,
}

impl Table {
    /// Before the first run.
    pub fn new(seed: u64, p: &Params) -> Self {
        let length = p.table_length;
        Self { seed, length, rows: vec![], job: Job::of(0, seed) }
    }

    fn setting(&self) -> (usize, u64) {
        let done = self.rows.len() as u64;
        ((done / RUNS) as usize, self.seed.wrapping_add(done % RUNS))
    }

    /// A few systems more.
    pub fn step(&mut self) -> Progress {
        let all = SETTINGS.len() * RUNS as usize;
        if self.rows.len() == all {
            return Progress::Done;
        }
        if let Some(means) = self.job.go_on(self.length) {
            self.rows.push(Row { setting: self.setting().0, means });
            if self.rows.len() == all {
                return Progress::Done;
            }
            let (setting, seed) = self.setting();
            self.job = Job::of(setting, seed);
        }
        Progress::More
    }

    /// The numbers beside the figures.
    pub fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::new("runs", "Runs done", self.rows.len() as f64),
            Metric::new("runs_in_all", "Runs in all", (SETTINGS.len() as u64 * RUNS) as f64),
            Metric::new("systems", "Systems of this run", self.job.taken() as f64),
        ]
    }

    /// The figures.
    pub fn figures(&self) -> Vec<Figure> {
        vec![self.table(), self.ratios()]
    }

    fn cell(&self, setting: usize, of: impl Fn(&Row) -> f64, digits: usize) -> String {
        let values: Vec<f64> =
            self.rows.iter().filter(|row| row.setting == setting).map(of).collect();
        let (mean, deviation) = spread(&values);
        match values.len() {
            0 => "–".to_owned(),
            1 => format!("{mean:.digits$}"),
            _ => format!("{mean:.digits$} ± {deviation:.digits$}"),
        }
    }

    fn table(&self) -> Figure {
        let mut columns = vec![vec![]; 5];
        let mut add = |cells: [String; 5]| {
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        };
        for (setting, name) in SETTINGS.into_iter().enumerate() {
            for (method, label) in METHODS.into_iter().enumerate() {
                let over = |row: &Row| row.means[method] / row.means[1];
                let faster = |row: &Row| row.means[0] / row.means[method];
                let paper = match (setting, method) {
                    (2, 2) => "about 2.4 times as fast as ω = 1, on their mesh (G.2)",
                    (2, 4) => "about 3.5 times as fast as ω = 1, on their mesh (G.2)",
                    (0 | 1, 2 | 3) => "nears the best fixed ω (Figure 2)",
                    (0 | 1, 4) => "beats the best fixed ω (Figure 2)",
                    (_, 5) => "the instance optimum",
                    _ => "",
                };
                add([
                    format!("{name}: {label}"),
                    self.cell(setting, |row| row.means[method], 1),
                    self.cell(setting, over, 2),
                    self.cell(setting, faster, 2),
                    paper.to_owned(),
                ]);
            }
        }
        let done = self.rows.len();
        let mut figure = Figure::table("headline", "Iterations a system")
            .full()
            .caption(format!(
                "Mean and standard deviation over {RUNS} seeds from yours on, {} systems each; heat on a \
                 mesh of {MESH}. The paper prints curves, so what stands beside is what it says in words.",
                self.length
            ))
            .alt(format!("{done} of {} runs are done.", SETTINGS.len() as u64 * RUNS));
        let names = ["setting", "iterations", "of best fixed", "times as fast as ω = 1", "paper"];
        for (name, column) in names.into_iter().zip(columns) {
            figure = figure.column(name, column);
        }
        figure
    }

    fn ratios(&self) -> Figure {
        let (mut x, mut y, mut series, mut words) = (vec![], vec![], vec![], vec![]);
        for row in &self.rows {
            for (method, label) in METHODS.into_iter().enumerate().skip(2) {
                x.push((row.means[method] / row.means[1]) as f32);
                y.push(SETTINGS[row.setting]);
                series.push(label);
            }
        }
        for (setting, name) in SETTINGS.into_iter().enumerate() {
            if self.rows.iter().any(|row| row.setting == setting) {
                let cheb = self.cell(setting, |row| row.means[4] / row.means[1], 2);
                words.push(format!("{name}: ChebCB takes {cheb} of the best fixed ω"));
            }
        }
        Figure::plot(
            "headline_ratios",
            "Against the best fixed ω",
            linear("iterations over those of the best fixed ω"),
            band(""),
        )
        .color(Color::series())
        .caption(
            "A dot a run. Left of the rule is better than any fixed ω, which only hindsight knows.",
        )
        .alt(if words.is_empty() {
            "No run is done yet: press play.".to_owned()
        } else {
            format!("{}.", words.join("; "))
        })
        .with(rule_x().x(vec![1.0]).stroke("currentColor"))
        .with(dot().x(x).y(y).fill(series).r(5.0).fill_opacity(0.8))
    }
}

impl Job {
    fn of(setting: usize, seed: u64) -> Self {
        let race = |shifts| Box::new(Race::new(seed, shifts, &Settings::BASIC));
        match setting {
            0 => Self::Sequence(race(LOW)),
            1 => Self::Sequence(race(HIGH)),
            _ => Self::Heat(Box::new(Simulation::new(MESH, 1.0, &[seed]))),
        }
    }

    fn taken(&self) -> usize {
        match self {
            Self::Sequence(race) => race.rounds,
            Self::Heat(simulation) => simulation.heat.step,
        }
    }

    /// Goes on for a few systems; the means once it has run that long.
    fn go_on(&mut self, length: usize) -> Option<[f64; METHODS.len()]> {
        match self {
            Self::Sequence(race) => {
                for _ in 0..AT_ONCE.min(length - race.rounds) {
                    race.round();
                }
            }
            Self::Heat(simulation) => {
                for _ in 0..HEAT_AT_ONCE.min(length - simulation.heat.step) {
                    simulation.step();
                }
            }
        }
        if self.taken() < length {
            return None;
        }
        let (players, fixed, best_of_each) = match self {
            Self::Sequence(race) => (&race.players, &race.fixed_totals, race.young_total),
            Self::Heat(all) => (&all.runs[0], &all.fixed_totals, all.least_total),
        };
        let mut totals = vec![fixed[0], fixed[least(fixed)]];
        totals.extend(players.iter().take(NAMES.len()).map(|player| player.total));
        totals.push(best_of_each);
        Some(std::array::from_fn(|i| totals[i] as f64 / length as f64))
    }
}
