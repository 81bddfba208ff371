//! The landscape: cost against ω, and the bounds of it that are known beforehand (figures 1 and 2, left).
use super::{
    Params,
    one::{definite, right_hand_side},
    systems::{LIMIT, SIDE, TOLERANCE, truncated_normal},
    theory::{asymptotic, bound, energy_bound, sor_radius, tau},
};
use crate::{
    engine::rng::Stream,
    error::Result,
    exhibit::{Metric, Progress},
    figure::{Color, Figure, area_y, dot, line, linear, log, rule_x, rule_y},
    models::sor::{Grid, LANES},
};
use std::array;

/// Values of ω: 1, 1.01, ..., 1.95.
const OMEGAS: usize = 96;

/// Gaussian right-hand sides of the band.
const DRAWS: usize = 40;

/// Steps that a group of values takes, each with an equal part of the draws.
const PARTS: usize = 4;

/// Series names.
const COST: &str = "cost";
const BAND: &str = "Gaussian b";
const BOUND: &str = "U(ω)";
const ESTIMATE: &str = "asymptotic estimate";
const ENERGY: &str = "energy bound";

/// What is known of one ω.
#[derive(Clone, Debug)]
struct Place {
    omega: f64,
    cost: usize,
    tau: f64,
    /// Costs of the Gaussian right-hand sides so far.
    band: Vec<usize>,
}

/// A cost curve on its way.
pub struct Landscape {
    shift: f64,
    grid: Grid,
    b: Vec<f64>,
    draws: Vec<Vec<f64>>,
    places: Vec<Place>,
    step: usize,
    /// Direction of the greatest growth at the last ω.
    direction: Vec<f64>,
}

fn omega_at(i: usize) -> f64 {
    (100 + i.min(OMEGAS - 1)) as f64 / 100.0
}

impl Landscape {
    /// Before the first ω.
    pub fn new(seed: u64, p: &Params) -> Result<Self> {
        let grid = definite(SIDE, p.shift)?;
        let mut b = right_hand_side(p.rhs, &grid, SIDE, seed);
        if p.rhs == "point source" {
            b[SIDE / 2 * (SIDE + 1)] = 1.0;
        }
        let mut stream = Stream::new(seed, "band");
        let draws = (0..DRAWS).map(|_| truncated_normal(&mut stream, b.len())).collect();
        let direction = vec![1.0; b.len()];
        Ok(Self { shift: p.shift, grid, b, draws, places: vec![], step: 0, direction })
    }

    /// A part of the draws for the next few values of ω; the first part also counts for b itself and
    /// measures τ.
    pub fn step(&mut self) -> Progress {
        let (group, part) = (self.step / PARTS, self.step % PARTS);
        let omegas: [f64; LANES] = array::from_fn(|i| omega_at(group * LANES + i));
        if part == 0 {
            let costs = self.grid.counts(&self.b, omegas, TOLERANCE, LIMIT);
            for (omega, cost) in omegas.into_iter().zip(costs) {
                let tau = tau(&self.grid, omega, cost, &mut self.direction);
                self.places.push(Place { omega, cost, tau, band: vec![] });
            }
        }
        let each = DRAWS / PARTS;
        for b in &self.draws[part * each..(part + 1) * each] {
            let costs = self.grid.counts(b, omegas, TOLERANCE, LIMIT);
            for (place, cost) in self.places[group * LANES..].iter_mut().zip(costs) {
                place.band.push(cost);
            }
        }
        self.step += 1;
        if self.step < OMEGAS / LANES * PARTS { Progress::More } else { Progress::Done }
    }

    /// The greatest τ so far.
    fn tau(&self) -> f64 {
        self.places.iter().fold(0.0, |most, place| place.tau.max(most))
    }

    fn radius(&self, omega: f64) -> f64 {
        sor_radius(self.grid.jacobi_radius(), omega)
    }

    /// The numbers beside the figures.
    pub fn metrics(&self) -> Vec<Metric> {
        let least = self.places.iter().min_by_key(|place| place.cost);
        let some = |x: Option<f64>| x.unwrap_or(f64::NAN);
        vec![
            Metric::new("tau", "τ", if self.places.is_empty() { f64::NAN } else { self.tau() }),
            Metric::new("least_cost", "Least cost", some(least.map(|place| place.cost as f64))),
            Metric::new("least_at", "at ω", some(least.map(|place| place.omega))),
            Metric::new("best_omega", "ω*", self.grid.best_omega()),
        ]
    }

    /// The figures.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        vec![self.costs(p), self.taus(), self.radii(p)]
    }

    fn costs(&self, p: &Params) -> Figure {
        let xs: Vec<f32> = self.places.iter().map(|place| place.omega as f32).collect();
        let band = |of: fn(&[usize]) -> f32| -> Vec<f32> {
            self.places.iter().map(|place| of(&place.band)).collect()
        };
        let extreme = |costs: &[usize], most: bool| {
            let found = if most { costs.iter().max() } else { costs.iter().min() };
            found.map_or(f32::NAN, |cost| *cost as f32)
        };
        let low: Vec<f32> = self.places.iter().map(|place| extreme(&place.band, false)).collect();
        let high: Vec<f32> = self.places.iter().map(|place| extreme(&place.band, true)).collect();
        let mean = band(|costs| costs.iter().sum::<usize>() as f32 / costs.len().max(1) as f32);
        let costs: Vec<f32> = self.places.iter().map(|place| place.cost as f32).collect();
        let tau = self.tau();
        let all: Vec<f64> = (0..OMEGAS).map(omega_at).collect();
        let mut figure = Figure::plot(
            "landscape",
            "Sweeps against ω",
            linear("ω").domain(1.0, 1.96),
            log("sweeps").domain(5.0, 2000.0),
        )
        .full()
        .color(Color::series())
        .caption(format!(
            "Cost of the chosen right-hand side, and the range and mean over {DRAWS} Gaussian ones. U(ω) is \
             Lemma 2.1 with the τ measured so far: an upper bound that is steep on the left of ω* and \
             gentle on the right, which is all that the bandit's guarantee needs. Drag the rule."
        ))
        .alt(self.costs_alt(p, tau))
        .with(area_y().x(xs.clone()).y1(low).y2(high).fill(BAND).fill_opacity(0.25))
        .with(line().x(xs.clone()).y(mean).stroke(BAND))
        .with(line().x(xs).y(costs).stroke(COST).stroke_width(2.5));
        for (shown, name, of) in
            [(p.u_bound && tau > 0.0, BOUND, 0), (p.estimate, ESTIMATE, 1), (p.energy, ENERGY, 2)]
        {
            if shown {
                let value = |omega: &f64| match of {
                    0 => bound(self.radius(*omega), tau, TOLERANCE),
                    1 => asymptotic(self.radius(*omega), TOLERANCE),
                    _ => energy_bound(SIDE, self.shift, *omega, TOLERANCE),
                };
                let values: Vec<f32> = all.iter().map(|omega| value(omega) as f32).collect();
                // What is off the axis is left out.
                let values: Vec<f32> =
                    values.iter().map(|y| if *y <= 2000.0 { *y } else { f32::NAN }).collect();
                let xs: Vec<f32> = all.iter().map(|omega| *omega as f32).collect();
                figure = figure.with(line().x(xs).y(values).stroke(name));
            }
        }
        figure.with(
            rule_x()
                .x(vec![p.omega.min(1.95) as f32])
                .stroke("your ω")
                .stroke_width(3.0)
                .sets_x("omega"),
        )
    }

    fn costs_alt(&self, p: &Params, tau: f64) -> String {
        let Some(least) = self.places.iter().min_by_key(|place| place.cost) else {
            return "Nothing is counted yet: press play.".to_owned();
        };
        let here = bound(self.radius(p.omega), tau, TOLERANCE);
        format!(
            "{} of {OMEGAS} values of ω counted. The least cost so far is {} at ω = {:.2}. τ is {tau:.4}, \
             U is {here:.1} at ω = {:.3}; ω* is {:.4}.",
            self.places.len(),
            least.cost,
            least.omega,
            p.omega,
            self.grid.best_omega()
        )
    }

    fn taus(&self) -> Figure {
        let (x, y): (Vec<f32>, Vec<f32>) =
            self.places.iter().map(|place| (place.omega as f32, place.tau as f32)).unzip();
        let tau = self.tau();
        Figure::plot(
            "tau",
            "The τ that each ω needs",
            linear("ω").domain(1.0, 1.96),
            linear("τ").domain(0.0, 0.5),
        )
        .color(Color::series())
        .caption(
            "(‖Cᵏ⁻¹‖^(1/(k−1)) − ρ)/(1 − ρ) at the k sweeps counted. The greatest is the τ of assumption \
             2.1; where it is below one, SOR is not much slower than its spectral radius says.",
        )
        .alt(if y.is_empty() {
            "Nothing is measured yet: press play.".to_owned()
        } else {
            format!("Measured at {} values of ω; the greatest is {tau:.4}.", y.len())
        })
        .with(rule_y().y(vec![tau as f32]).stroke(BOUND).option("strokeDasharray", "4 3"))
        .with(dot().x(x).y(y).r(2.5).fill(COST))
    }

    fn radii(&self, p: &Params) -> Figure {
        let omegas: Vec<f64> = (0..=200).map(|i| 1.0 + f64::from(i) / 200.0).collect();
        let x: Vec<f32> = omegas.iter().map(|omega| *omega as f32).collect();
        let y: Vec<f32> = omegas.iter().map(|omega| self.radius(*omega) as f32).collect();
        let best = self.grid.best_omega();
        Figure::plot(
            "radius",
            "Spectral radius of C",
            linear("ω").domain(1.0, 2.0),
            linear("ρ").domain(0.0, 1.0),
        )
        .color(Color::series())
        .caption("Young's closed form. Left of ω* its slope is infinite in the limit, right of it it is 1.")
        .alt(format!(
            "ρ is {:.4} at ω = {:.3}, and least, {:.4}, at ω* = {best:.4}.",
            self.radius(p.omega),
            p.omega,
            best - 1.0
        ))
        .with(line().x(x).y(y).stroke(ESTIMATE))
        .with(rule_x().x(vec![best as f32]).stroke("currentColor").option("strokeDasharray", "2 3"))
        .with(dot().x(vec![p.omega as f32]).y(vec![self.radius(p.omega) as f32]).r(5.0).fill("your ω"))
    }
}
