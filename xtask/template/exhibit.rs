//! Steepest descent in a valley: a small exhibit to begin with, made by `cargo xtask new`.
//!
//! de Klerk, Glineur & Taylor 2016, arXiv:1606.09365. The function is $f(x, y) = (x^2 + \kappa y^2)/2$ and a
//! step goes against the gradient $g$, exactly as far as $f$ falls: by $t = g^\top g / g^\top H g$ with
//! $H = \mathrm{diag}(1, \kappa)$.
//!
//! Claim: a step leaves at most $((\kappa - 1)/(\kappa + 1))^2$ of $f$, and from $(\kappa, 1)$ no less.
//!
//! | paper | code | meaning |
//! |-------|------|---------|
//! | $x_i$ | `at` | where the descent is |
//! | $L/\mu$ | `kappa` | how much steeper the valley is across |
//! | $\gamma$ | `exact_step` | how far to go |
//!
//! Departs from the paper: one quadratic in the plane stands for all strongly convex functions.
use crate::{
    claim::{Claim, Measured},
    error::Result,
    exhibit::{Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress},
    figure::{Figure, Poke, PokeKind, Trace, dot, line, linear, log},
    params,
    params::{float, log_float},
};

params! {
    /// How much steeper the valley is across than along.
    kappa: f64 = log_float(10.0, 1.0..=1000.0).label("steepness κ").live();
    /// Share of the exact step that is taken.
    share: f64 = float(1.0, 0.1..=1.9).label("share of the step").live();
}

/// Half the side of the plane that is shown.
const REACH: f64 = 1.2;

/// The descent ends where so little is left of what there was.
const TOLERANCE: f64 = 1e-12;

/// A descent under way.
pub struct __Type__ {
    /// Where it is.
    at: [f64; 2],
    /// f where it began.
    first: f64,
    steps: u32,
    path: Trace,
}

impl Exhibit for __Type__ {
    const META: Meta = Meta {
        id: "__id__",
        title: "__Title__",
        family: "Representation and optimisation",
        hook: "Drag the dot and watch how the descent zigzags; make the valley steeper.",
        claim: "Steepest descent with exact line search is as slow as its bound, and no slower.",
        paper: Paper {
            title: "On the worst-case complexity of the gradient method with exact line search for \
                    smooth strongly convex functions",
            authors: "Etienne de Klerk, François Glineur, Adrien B. Taylor",
            year: 2016,
            venue: "Optimization Letters",
            url: "https://arxiv.org/abs/1606.09365",
            bibtex: "@article{deklerk2017worst,\n  title={On the worst-case complexity of the gradient method with exact line search for smooth strongly convex functions},\n  author={de Klerk, Etienne and Glineur, Fran{\\c{c}}ois and Taylor, Adrien B.},\n  journal={Optimization Letters},\n  year={2017}\n}",
        },
        devices: false,
    };
    type Params = Params;

    async fn new(_: &Ctx, p: &Params) -> Result<Self> {
        Ok(Self::from([1.0, 1.0 / p.kappa], p.kappa))
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        let g = gradient(self.at, p.kappa);
        let t = p.share * exact_step(g, p.kappa);
        self.at = [self.at[0] - t * g[0], self.at[1] - t * g[1]];
        self.steps += 1;
        self.note(p.kappa);
        let is_done = self.left(p.kappa) <= TOLERANCE;
        Ok(if is_done { Progress::Done } else { Progress::More })
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        let left = self.left(p.kappa);
        let plane = |label| linear(label).domain(-REACH, REACH);
        let now = || vec![self.at[0] as f32];
        vec![
            Figure::plot("plane", "The descent", plane("x"), plane("y"))
                .aspect(1.0)
                .caption(
                    "The valley runs from left to right. Every step stands square on the last one.",
                )
                .alt(format!("After {} steps at {:.3}, {:.3}.", self.steps, self.at[0], self.at[1]))
                .with(line().x(self.path.column("x")).y(self.path.column("y")).stroke("descent"))
                .with(
                    dot()
                        .x(now())
                        .y(vec![self.at[1] as f32])
                        .r(6.0)
                        .fill("descent")
                        .poked("now", &[PokeKind::Drag]),
                ),
            Figure::plot(
                "left",
                "What is left of f",
                linear("steps"),
                log("f over f at the start"),
            )
            .caption("A straight line: every step leaves the same share.")
            .alt(format!("After {} steps {left:.1e} of f is left.", self.steps))
            .with(line().x(self.path.column("step")).y(self.path.column("left")).stroke("descent")),
        ]
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::new("left", "left of f", f64::from(self.path.last("left").unwrap_or(1.0)))]
    }

    fn poke(&mut self, poke: &Poke, p: &Params) -> Result<()> {
        *self = Self::from([poke.x, poke.y], p.kappa);
        Ok(())
    }

    fn experiments() -> Vec<Experiment> {
        vec![
            Experiment::new("A ravine", "At κ = 100 four per cent are gone a step.")
                .set("kappa", 100),
            Experiment::new("Shorter steps", "Nine tenths of the exact step break the zigzag.")
                .set("share", 0.9),
        ]
    }

    fn claims() -> Vec<Claim> {
        vec![Claim {
            id: "worst_case",
            sentence: "From the worst start a step leaves ((κ − 1)/(κ + 1))² of f, which is the bound.",
            published: "((κ − 1)/(κ + 1))²",
            source: "Theorem 1.2 and Example 1.3",
            protocol: "Ten exact steps from (1, 1/κ) at κ = 2, 10 and 100.",
            quick: true,
            measure: |check| {
                Box::pin(async move {
                    let mut off: f64 = 0.0;
                    for kappa in [2.0, 10.0, 100.0] {
                        check.progress(kappa / 100.0, format!("κ = {kappa}")).await;
                        off = off.max(farthest_from_bound(kappa));
                    }
                    Ok(Measured {
                        here: format!("within {off:.0e} of the bound at every step"),
                        holds: off < 1e-9,
                        detail: "κ = 2, 10, 100, ten steps each".to_owned(),
                    })
                })
            },
        }]
    }
}

impl __Type__ {
    /// A descent that begins here.
    fn from(at: [f64; 2], kappa: f64) -> Self {
        let path = Trace::new(&["x", "y", "step", "left"]);
        let mut descent = Self { at, first: height(at, kappa), steps: 0, path };
        descent.note(kappa);
        descent
    }

    /// The share of f that is left.
    fn left(&self, kappa: f64) -> f64 {
        height(self.at, kappa) / self.first.max(f64::MIN_POSITIVE)
    }

    /// Writes down where the descent is. A logarithmic axis has no zero.
    fn note(&mut self, kappa: f64) {
        let left = self.left(kappa).max(1e-30);
        self.path.push(&[self.at[0] as f32, self.at[1] as f32, self.steps as f32, left as f32]);
    }
}

/// f, section 1.
fn height([x, y]: [f64; 2], kappa: f64) -> f64 {
    0.5 * (x * x + kappa * y * y)
}

/// The gradient of f.
fn gradient([x, y]: [f64; 2], kappa: f64) -> [f64; 2] {
    [x, kappa * y]
}

/// How far f falls against its gradient `g`: exact line search, Algorithm 1.
fn exact_step([gx, gy]: [f64; 2], kappa: f64) -> f64 {
    let curvature = gx * gx + kappa * gy * gy;
    if curvature > 0.0 { (gx * gx + gy * gy) / curvature } else { 0.0 }
}

/// How far, at most, ten steps from the worst start are from the bound of Theorem 1.2.
fn farthest_from_bound(kappa: f64) -> f64 {
    let bound = ((kappa - 1.0) / (kappa + 1.0)) * ((kappa - 1.0) / (kappa + 1.0));
    let mut at = [1.0, 1.0 / kappa];
    let mut off: f64 = 0.0;
    for _ in 0..10 {
        let (g, before) = (gradient(at, kappa), height(at, kappa));
        let t = exact_step(g, kappa);
        at = [at[0] - t * g[0], at[1] - t * g[1]];
        off = off.max((height(at, kappa) / before - bound).abs());
    }
    off
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_valley_is_left_in_one_step() {
        assert_eq!(exact_step([3.0, -4.0], 1.0), 1.0);
    }

    #[test]
    fn the_step_by_hand() {
        // g = (1, 1), H = diag(1, 3): t = 2 / 4.
        assert_eq!(exact_step([1.0, 1.0], 3.0), 0.5);
        assert_eq!(gradient([1.0, 2.0], 3.0), [1.0, 6.0]);
    }

    #[test]
    fn the_claim_holds() {
        assert!(farthest_from_bound(10.0) < 1e-12, "the bound is reached");
    }
}
