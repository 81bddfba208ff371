//! The heat equation: each time step is a system, and the learners choose its preconditioner's ω
//! (Figure 2, centre-right and right).
use super::{
    Params,
    heat::{DT, KAPPAS, kappa, source},
    race::{FIXED, NAMES, least},
    simulation::Simulation,
};
use crate::{
    exhibit::{Metric, Progress},
    figure::{
        Color, Figure, Mark, Trace, area_y, band, bar_x, dot, line, linear, log, raster, rule_x,
        rule_y,
    },
};
use libm::log10;

/// Columns of the map: as many stretches of time.
const COLUMNS: usize = 120;

/// Steps over which a learner's ω is averaged before it is drawn, as in the authors' code.
const WINDOW: usize = 25;

/// Points of the strip chart.
const STRIP: usize = 400;

/// ω = 1 and ω = 1.5 among the fixed values.
const GAUSS_SEIDEL: usize = 0;
const ONE_AND_A_HALF: usize = 10;

/// Series names, beside those of the learners.
const PLAIN: &str = "plain CG";
const ONE: &str = "ω = 1";
const HALF: &str = "ω = 1.5";
const BEST: &str = "best fixed ω";
const EACH: &str = "best of each step";

/// Columns of `HeatPanel::paths`: time, means over the window, and their standard deviations.
const PATHS: &[&str] = &[
    "t",
    "Tsallis-INF",
    "Tsallis-INF-CB",
    "ChebCB",
    EACH,
    "± Tsallis-INF",
    "± Tsallis-INF-CB",
    "± ChebCB",
    "± best of each step",
];

/// The simulation, and everyone's totals.
pub struct HeatPanel {
    length: usize,
    simulation: Simulation,
    plain_total: usize,
    /// Sum of the costs of each fixed ω in each stretch of time: `[columns, fixed]`; and its steps.
    sums: Vec<[usize; FIXED]>,
    counts: Vec<usize>,
    /// The last choices of each learner, and the ω that was best: `[3 + 1][at most WINDOW]`.
    recent: Vec<Vec<f64>>,
    /// Time, then the mean of `recent`.
    paths: Trace,
    /// Time, then totals.
    totals: Trace,
}

impl HeatPanel {
    /// Before the first time step.
    pub fn new(seed: u64, p: &Params) -> Self {
        let nx = p.mesh.parse().unwrap_or(25);
        Self {
            length: p.heat_steps.parse().unwrap_or(1000),
            simulation: Simulation::new(nx, p.eta_scale, &[seed]),
            plain_total: 0,
            sums: vec![[0; FIXED]; COLUMNS],
            counts: vec![0; COLUMNS],
            recent: vec![vec![]; NAMES.len() + 1],
            paths: Trace::new(PATHS).rows_at_most(500),
            totals: Trace::new(&["t", PLAIN, ONE, HALF, "Tsallis-INF", "Tsallis-INF-CB", "ChebCB"])
                .rows_at_most(500),
        }
    }

    /// One time step: everyone chooses, the costs are counted, the field moves on.
    pub fn step(&mut self) -> Progress {
        let all = &mut self.simulation;
        let (t, column) = (all.heat.time(), all.heat.step * COLUMNS / self.length);
        self.plain_total += all.heat.plain_cost();
        let costs = all.step();
        self.counts[column] += 1;
        self.sums[column].iter_mut().zip(&costs).for_each(|(sum, cost)| *sum += cost);
        let arms = all.runs[0].iter().map(|player| player.arm).chain([least(&costs)]);
        let chosen = arms.map(|arm| all.fixed[arm]);
        let (mut path, mut deviations) = (vec![t as f32], vec![]);
        for (recent, omega) in self.recent.iter_mut().zip(chosen) {
            if recent.len() == WINDOW {
                recent.remove(0);
            }
            recent.push(omega);
            let n = recent.len() as f64;
            let mean = recent.iter().sum::<f64>() / n;
            let squares = recent.iter().map(|omega| (omega - mean) * (omega - mean));
            path.push(mean as f32);
            deviations.push((squares.sum::<f64>() / n).sqrt() as f32);
        }
        path.extend(deviations);
        self.paths.push(&path);
        let mut totals = vec![all.heat.time() as f32, self.plain_total as f32];
        totals.extend([GAUSS_SEIDEL, ONE_AND_A_HALF].map(|i| all.fixed_totals[i] as f32));
        totals.extend(all.runs[0].iter().map(|player| player.total as f32));
        self.totals.push(&totals);
        if all.heat.step < self.length { Progress::More } else { Progress::Done }
    }

    /// Everyone's total by name, as the bars show them.
    fn bars(&self) -> Vec<(&'static str, usize)> {
        let all = &self.simulation;
        let mut bars = vec![
            (PLAIN, self.plain_total),
            (ONE, all.fixed_totals[GAUSS_SEIDEL]),
            (HALF, all.fixed_totals[ONE_AND_A_HALF]),
            (BEST, all.best_fixed().1),
        ];
        bars.extend(NAMES.into_iter().zip(all.runs[0].iter().map(|player| player.total)));
        bars.push((EACH, all.least_total));
        bars
    }

    /// The numbers beside the figures.
    pub fn metrics(&self) -> Vec<Metric> {
        let Simulation { heat, fixed, runs, .. } = &self.simulation;
        let (best, least_total) = self.simulation.best_fixed();
        let over = |learner: usize| runs[0][learner].total as f64 / least_total as f64;
        let known = |x: f64| if heat.step > 0 { x } else { f64::NAN };
        vec![
            Metric::new("time", "Time", heat.time()),
            Metric::new("kappa", "κ", heat.context()),
            Metric::new("best_omega", "Best fixed ω", known(fixed[best])),
            Metric::new("tsallis_ratio", "Tsallis-INF, of best fixed", over(0)),
            Metric::new("cheb_ratio", "ChebCB, of best fixed", over(2)),
        ]
    }

    /// The figures.
    pub fn figures(&self) -> Vec<Figure> {
        vec![self.map(), self.field(), self.race(), self.strip(), self.sums()]
    }

    /// A band of one standard deviation about a learner's path.
    fn spread(&self, name: &'static str, deviation: &str) -> Mark {
        let rows = || self.paths.get(name).iter().zip(self.paths.get(deviation));
        let low: Vec<f32> = rows().map(|(mean, sd)| (mean - sd).max(1.0)).collect();
        let high: Vec<f32> = rows().map(|(mean, sd)| (mean + sd).min(1.95)).collect();
        area_y().x(self.paths.get("t")).y1(low).y2(high).fill(name).fill_opacity(0.2)
    }

    fn map(&self) -> Figure {
        let Simulation { heat, fixed, .. } = &self.simulation;
        let end = self.length as f64 * DT;
        let fill: Vec<f32> = (0..FIXED * COLUMNS)
            .map(|i| {
                let (omega, column) = (i / COLUMNS, i % COLUMNS);
                let (sum, count) = (self.sums[column][omega], self.counts[column]);
                // The mean cost of the stretch; a step may cost nothing.
                let mean = sum as f64 / count as f64;
                if count == 0 { f32::NAN } else { log10(mean.max(0.5)) as f32 }
            })
            .collect();
        let half = (fixed[1] - fixed[0]) / 2.0;
        let x = self.paths.get("t");
        let path = |name: &'static str| line().x(x).y(self.paths.get(name)).stroke(name);
        let best = fixed[self.simulation.best_fixed().0];
        let now = self.recent.iter().map(|recent| recent.last().copied().unwrap_or(f64::NAN));
        let now: Vec<String> = now.map(|omega| format!("{omega:.2}")).collect();
        let alt = if self.simulation.heat.step == 0 {
            "Nothing is painted yet: press play.".to_owned()
        } else {
            format!(
                "{} of {} steps painted. The last ω of Tsallis-INF, Tsallis-INF-CB, ChebCB and the best of \
                 the step: {}. The best fixed ω so far is {:.2}.",
                heat.step,
                self.length,
                now.join(", "),
                best
            )
        };
        let figure = Figure::plot(
            "heat_map",
            "Cost over time and ω",
            linear("time t").domain(0.0, end),
            linear("ω").domain(1.0 - half, 1.95 + half),
        )
        .full()
        .color(Color::sequential("iterations a step, log₁₀"))
        .caption(format!(
            "Painted as time runs: what every ω would have cost. Lines are the ω's that were chosen, averaged \
             over {WINDOW} steps, with one standard deviation either way; dashes mark the best fixed one. Where κ is great, a large ω pays; where it \
             is small, it does not."
        ))
        .alt(alt)
        .with(
            raster(COLUMNS, FIXED, [0.0, 1.0 - half, end, 1.95 + half])
                .fill(fill)
                .option("interpolate", "none"),
        )
        .with(path(EACH).stroke("currentColor").stroke_width(1.0))
        .with(self.spread("Tsallis-INF", "± Tsallis-INF"))
        .with(self.spread("ChebCB", "± ChebCB"))
        .with(path("Tsallis-INF").stroke_width(2.0))
        .with(path("ChebCB").stroke_width(2.0));
        if self.simulation.heat.step == 0 {
            return figure;
        }
        figure.with(
            rule_y().y(vec![best as f32]).stroke("currentColor").option("strokeDasharray", "2 4"),
        )
    }

    fn field(&self) -> Figure {
        let (u, side) = self.simulation.heat.field();
        let t = self.simulation.heat.time();
        let greatest = u.iter().copied().fold(0.0, f64::max);
        let (x, y) = source(t);
        let axis = || linear("").domain(0.0, 1.0).hidden();
        Figure::plot("temperature", "Temperature", axis(), axis())
            .aspect(1.0)
            .color(Color::sequential("u").domain(0.0, 1.0))
            .caption("The plate at this moment; its edge is kept at zero. The ring is the circling source.")
            .alt(format!(
                "At time {t:.3} the greatest temperature is {greatest:.3}; the source is at {x:.2}, {y:.2}."
            ))
            .with(
                raster(side, side, [0.0, 0.0, 1.0, 1.0])
                    .fill(u.iter().map(|u| u.clamp(0.0, 1.0) as f32).collect::<Vec<f32>>()),
            )
            .with(
                dot()
                    .x(vec![x as f32])
                    .y(vec![y as f32])
                    .r(9.0)
                    .stroke("currentColor")
                    .stroke_width(2.0),
            )
    }

    fn race(&self) -> Figure {
        let bars = self.bars();
        let (names, totals): (Vec<&str>, Vec<f32>) =
            bars.iter().map(|(name, total)| (*name, *total as f32)).unzip();
        let words: Vec<String> =
            bars.iter().map(|(name, total)| format!("{name} {total}")).collect();
        Figure::plot("heat_race", "Iterations so far", linear("iterations"), band(""))
            .color(Color::series().without_legend())
            .caption(
                "Conjugate gradients, summed over the steps so far. The best of each step is out of reach: \
                 nobody knows it beforehand.",
            )
            .alt(format!("{}.", words.join(", ")))
            .with(bar_x().x(totals).y(names.clone()).fill(names))
    }

    fn strip(&self) -> Figure {
        let end = self.length as f64 * DT;
        let at = |i: usize| end * i as f64 / (STRIP - 1) as f64;
        let x: Vec<f32> = (0..STRIP).map(|i| at(i) as f32).collect();
        let y: Vec<f32> = (0..STRIP).map(|i| kappa(at(i)) as f32).collect();
        let (t, now) = (self.simulation.heat.time(), self.simulation.heat.context());
        Figure::plot(
            "kappa",
            "Diffusion κ(t), the context",
            linear("time t").domain(0.0, end),
            linear("κ").domain(KAPPAS.0, KAPPAS.1),
        )
        .caption("max(0.1 sin 2πt, −10 sin 2πt): half of each period is calm, half is stiff.")
        .alt(format!("At time {t:.3} κ is {now:.3}."))
        .with(line().x(x).y(y).stroke("κ"))
        .with(rule_x().x(vec![t as f32]).stroke("currentColor"))
        .with(dot().x(vec![t as f32]).y(vec![now as f32]).r(5.0).fill("κ"))
    }

    fn sums(&self) -> Figure {
        let x = self.totals.get("t");
        let names = [PLAIN, ONE, HALF, "Tsallis-INF", "Tsallis-INF-CB", "ChebCB"];
        let (mut t, mut y, mut series) = (vec![], vec![], vec![]);
        for name in names {
            t.extend_from_slice(x);
            // A logarithmic axis has no zero.
            y.extend(self.totals.get(name).iter().map(|total| total.max(1.0)));
            series.extend(std::iter::repeat_n(name, x.len()));
        }
        let words: Vec<String> = names
            .iter()
            .filter_map(|name| Some(format!("{name} {}", self.totals.last(name)?)))
            .collect();
        Figure::plot(
            "heat_totals",
            "Iterations over time",
            linear("time t"),
            log("iterations so far"),
        )
        .color(Color::series())
        .caption("The lower, the less work for the same solution to eight digits.")
        .alt(if words.is_empty() {
            "Nothing is counted yet: press play.".to_owned()
        } else {
            format!("{}.", words.join(", "))
        })
        .with(line().x(t).y(y).stroke(series))
    }
}
