//! One system: what a relaxation parameter does, sweep by sweep (Algorithm 1 and Young's theory).
use super::{
    Params,
    systems::{LIMIT, TOLERANCE, truncated_normal},
    theory::{asymptotic, degenerate, sor_eigenvalues, sor_radius},
};
use crate::{
    engine::rng::Stream,
    error::{Error, Result},
    exhibit::{Metric, Progress},
    figure::{
        Color, Figure, Poke, PokeKind, dot, line, linear, log, polygon, raster, rule_x, rule_y,
    },
    models::sor::Grid,
};
use libm::{cos, log10, sin};
use std::f64::consts::TAU;

/// Point updates that a run of sweeps may take: a few milliseconds.
const MOST_UPDATES: usize = 1_500_000;

/// Most points of a history that are drawn.
const DRAWN: usize = 800;

/// Most sources, and how strong one is.
const MOST_SOURCES: usize = 40;
const STRENGTH: f64 = 10.0;

/// Series names.
const YOURS: &str = "your ω";
const ONE: &str = "ω = 1";
const BEST: &str = "ω*";

/// Sweeps from zero until the residual is small enough.
#[derive(Clone, Debug)]
struct History {
    omega: f64,
    /// Norm of the residual over that of b, before the first sweep and after each.
    residuals: Vec<f32>,
    converged: bool,
}

/// The system, its runs, and the field after some sweeps.
pub struct One {
    seed: u64,
    side: usize,
    shift: f64,
    grid: Grid,
    /// The right-hand side as chosen, and the sources put into it.
    chosen: &'static str,
    sources: Vec<[usize; 2]>,
    b: Vec<f64>,
    solution: Vec<f64>,
    /// Yours, ω = 1, ω*.
    runs: Vec<History>,
    /// Sweeps taken, and the field after them.
    sweeps: usize,
    x: Vec<f64>,
}

/// Refuses a matrix that is not positive definite, on which SOR need not converge.
pub fn definite(side: usize, shift: f64) -> Result<Grid> {
    let grid = Grid::laplacian(side, shift);
    if grid.jacobi_radius() < 1.0 {
        return Ok(grid);
    }
    let least = 4.0 * cos(TAU / 2.0 / (side + 1) as f64) - 4.0;
    Err(Error::Value {
        name: "shift".to_owned(),
        value: shift.to_string(),
        allowed: format!(
            "a number above {least:.4} where a side has {side} points: below, the matrix is singular \
             or indefinite"
        ),
    })
}

/// A right-hand side by its name; a source is put in by hand.
pub fn right_hand_side(name: &str, grid: &Grid, side: usize, seed: u64) -> Vec<f64> {
    let n = grid.size();
    match name {
        "ones" => vec![1.0; n],
        "point source" => vec![0.0; n],
        "degenerate" => degenerate(grid, side, 1.4),
        _ => truncated_normal(&mut Stream::new(seed, "right-hand side"), n),
    }
}

impl One {
    /// Before the first sweep.
    pub fn new(seed: u64, p: &Params) -> Result<Self> {
        let grid = definite(p.side, p.shift)?;
        let middle = p.side / 2;
        let mut one = Self {
            seed,
            side: p.side,
            shift: p.shift,
            chosen: p.rhs,
            sources: if p.rhs == "point source" { vec![[middle; 2]] } else { vec![] },
            b: vec![],
            solution: vec![],
            runs: vec![],
            sweeps: 0,
            x: vec![0.0; grid.size()],
            grid,
        };
        one.restart(p.omega);
        Ok(one)
    }

    /// Everything anew, for a right-hand side that has changed.
    fn restart(&mut self, omega: f64) {
        self.b = right_hand_side(self.chosen, &self.grid, self.side, self.seed);
        for [column, row] in &self.sources {
            self.b[row * self.side + column] += STRENGTH;
        }
        let best = self.grid.best_omega();
        self.solution = vec![0.0; self.b.len()];
        let limit = MOST_UPDATES / self.b.len();
        self.grid.relax(&mut self.solution, &self.b, best, 1e-12, limit);
        self.sweeps = 0;
        self.runs = [omega, 1.0, best].map(|omega| self.run(omega)).into();
    }

    /// A run from zero, which leaves the field after `sweeps` sweeps.
    fn run(&mut self, omega: f64) -> History {
        let norm = self.b.iter().map(|b| b * b).sum::<f64>().sqrt();
        let mut x = vec![0.0; self.b.len()];
        self.x.clone_from(&x);
        let mut history = History { omega, residuals: vec![1.0], converged: false };
        for k in 1..=LIMIT.min(MOST_UPDATES / self.b.len()) {
            self.grid.sweep(&mut x, &self.b, omega);
            if k == self.sweeps {
                self.x.clone_from(&x);
            }
            let residual = self.grid.residual(&x, &self.b) / norm;
            history.residuals.push(residual as f32);
            history.converged = residual < TOLERANCE;
            if history.converged {
                break;
            }
        }
        if history.residuals.len() <= self.sweeps {
            self.sweeps = history.residuals.len() - 1;
            self.x = x;
        }
        history
    }

    /// Brings the run up to date with the slider.
    pub fn sync(&mut self, omega: f64) {
        if self.runs[0].omega != omega {
            self.runs[0] = self.run(omega);
        }
    }

    /// One sweep.
    pub fn step(&mut self, p: &Params) -> Progress {
        self.sync(p.omega);
        let most = self.runs[0].residuals.len() - 1;
        if self.sweeps < most {
            self.grid.sweep(&mut self.x, &self.b, p.omega);
            self.sweeps += 1;
        }
        if self.sweeps < most { Progress::More } else { Progress::Done }
    }

    /// Moves, adds or removes a source.
    pub fn poke(&mut self, poke: &Poke, p: &Params) -> Result<()> {
        let refuse = |reason: String| Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason,
        };
        let cell = [poke.x, poke.y].map(|x| (x.round().max(1.0) as usize).min(self.side) - 1);
        let index = poke.index as usize;
        match poke.kind {
            PokeKind::Add if self.sources.len() >= MOST_SOURCES => {
                return Err(refuse(format!("there are {MOST_SOURCES} sources, which is the most")));
            }
            PokeKind::Add => self.sources.push(cell),
            PokeKind::Drag | PokeKind::Remove if index >= self.sources.len() => {
                return Err(refuse(format!("there is no source {}", index + 1)));
            }
            PokeKind::Drag => self.sources[index] = cell,
            PokeKind::Remove if self.chosen == "point source" && self.sources.len() == 1 => {
                return Err(refuse("without a source there is nothing to solve".to_owned()));
            }
            PokeKind::Remove => {
                self.sources.remove(index);
            }
            PokeKind::Click => return Err(refuse("a source is dragged, not clicked".to_owned())),
        }
        self.restart(p.omega);
        Ok(())
    }

    /// The numbers beside the figures.
    pub fn metrics(&self) -> Vec<Metric> {
        let needed = |run: &History| {
            let sweeps = if run.converged { run.residuals.len() as f64 - 1.0 } else { f64::NAN };
            Metric::new("needed", "Sweeps needed", sweeps)
        };
        let residual = self.runs[0].residuals[self.sweeps];
        vec![
            Metric::new("sweeps", "Sweeps", self.sweeps as f64),
            Metric::new("residual", "Residual", residual),
            needed(&self.runs[0]),
            Metric { name: "needed_1", label: "Needed at ω = 1", ..needed(&self.runs[1]) },
            Metric { name: "needed_best", label: "Needed at ω*", ..needed(&self.runs[2]) },
            Metric::new("best_omega", "ω*", self.runs[2].omega),
            Metric::new("beta", "β", self.grid.jacobi_radius()),
        ]
    }

    /// The figures.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        vec![self.field(p), self.history(), self.spectrum(p), self.dial(p)]
    }

    fn field(&self, p: &Params) -> Figure {
        let (values, what): (Vec<f64>, _) = if p.field == "error" {
            (self.solution.iter().zip(&self.x).map(|(s, x)| s - x).collect(), "error")
        } else {
            let mut product = vec![0.0; self.b.len()];
            self.grid.apply(&self.x, &mut product);
            (self.b.iter().zip(&product).map(|(b, p)| b - p).collect(), "residual")
        };
        let start = if what == "error" { &self.solution } else { &self.b };
        let most = |v: &[f64]| v.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let (unit, now) = (most(start), most(&values));
        let shade = |x: &f64| {
            let part = x / unit;
            // Eight decades fit between white and full colour.
            let decades = (1.0 + log10(part.abs().max(1e-30)) / 8.0).max(0.0);
            if p.scale == "logarithmic" { decades.copysign(part) } else { part }
        };
        let fill: Vec<f32> = values.iter().map(|x| shade(x).clamp(-1.5, 1.5) as f32).collect();
        let (s, end) = (self.side, self.side as f64 + 0.5);
        let (x, y): (Vec<f32>, Vec<f32>) =
            self.sources.iter().map(|[x, y]| (*x as f32 + 1.0, *y as f32 + 1.0)).unzip();
        let label = format!("{what} over its greatest at the start, {}", p.scale);
        let axis = || linear("").domain(0.5, end).hidden();
        Figure::plot("field", format!("The {what} after {} sweeps", self.sweeps), axis(), axis())
            .aspect(1.0)
            .color(Color::diverging(label).domain(-1.0, 1.0))
            .caption(
                "One cell an unknown. A sweep visits them row by row, from the lowest left. Click a cell \
                 to put a source there; drag it, or double-click to take it away.",
            )
            .alt(format!(
                "{s} by {s} cells. After {} sweeps at ω = {:.3} the largest {what} is {:.1e} of the \
                 largest at the start.",
                self.sweeps,
                self.runs[0].omega,
                now / unit
            ))
            .with(raster(s, s, [0.5, 0.5, end, end]).fill(fill))
            .with(dot().x(x).y(y).r(5.0).stroke("currentColor").stroke_width(2.0).poked(
                "sources",
                &[PokeKind::Add, PokeKind::Drag, PokeKind::Remove],
            ))
    }

    fn history(&self) -> Figure {
        let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
        let mut words = vec![];
        for (run, name) in self.runs.iter().zip([YOURS, ONE, BEST]) {
            let last = run.residuals.len() - 1;
            let stride = last.div_ceil(DRAWN).max(1);
            for k in (0..=last).filter(|k| k.is_multiple_of(stride) || *k == last) {
                x.push(k as f32);
                // A logarithmic axis has no zero.
                y.push(run.residuals[k].max(1e-20));
                series.push(name.to_owned());
            }
            words.push(if run.converged {
                format!("{name} ({:.3}) needs {last} sweeps", run.omega)
            } else {
                format!("{name} ({:.3}) needs more than {last} sweeps", run.omega)
            });
        }
        let now = self.runs[0].residuals[self.sweeps].max(1e-20);
        let (low, high) =
            y.iter().fold((TOLERANCE as f32, 1.0_f32), |(l, h), y| (l.min(*y), h.max(*y)));
        let norms = log("‖r‖/‖b‖").domain(f64::from(low), f64::from(high));
        Figure::plot("history", "Residual", linear("sweeps"), norms)
            .color(Color::series())
            .caption(
                "Norm of the true residual. The dot is where the field is now; the rule is the tolerance \
                 of 1e-8. Near ω* the residual may rise first: C is not normal.",
            )
            .alt(format!("{}. Now: sweep {}, residual {now:.1e}.", words.join("; "), self.sweeps))
            .with(rule_y().y(vec![TOLERANCE as f32]).stroke("currentColor").option("strokeDasharray", "2 3"))
            .with(line().x(x).y(y).stroke(series))
            .with(dot().x(vec![self.sweeps as f32]).y(vec![now]).r(5.0).fill(YOURS))
    }

    fn spectrum(&self, p: &Params) -> Figure {
        let omega = p.omega;
        let all = sor_eigenvalues(self.side, self.shift, omega);
        // μᵢⱼ = μⱼᵢ: every eigenvalue but the few on the diagonal comes twice.
        let (x, y): (Vec<f32>, Vec<f32>) = all.iter().map(|z| (z[0] as f32, z[1] as f32)).unzip();
        let circle = |radius: f64| {
            let turn = |i: i32| TAU * f64::from(i) / 96.0;
            let x: Vec<f32> = (0..96).map(|i| (radius * cos(turn(i))) as f32).collect();
            let y: Vec<f32> = (0..96).map(|i| (radius * sin(turn(i))) as f32).collect();
            polygon().x(x).y(y).stroke("currentColor")
        };
        let (beta, best) = (self.grid.jacobi_radius(), self.runs[2].omega);
        let radius = sor_radius(beta, omega);
        let real = all.iter().filter(|z| z[1] == 0.0).count();
        let verdict = if omega >= best {
            "ω is at or beyond ω*: all lie on the circle of radius ω − 1"
        } else {
            "ω is below ω*: real pairs stand off the circle, the outermost rules the speed"
        };
        let axis = |label| linear(label).domain(-1.1, 1.1);
        Figure::plot("spectrum", "Eigenvalues of C", axis("real part"), axis("imaginary part"))
            .aspect(1.0)
            .caption(
                "Each sweep multiplies the residual by C. Outer circle: radius 1; inner: ω − 1. Drag ω \
                 past ω*: pairs of real eigenvalues meet and slide onto the inner circle, which then \
                 grows. That is the kink in the cost.",
            )
            .alt(format!(
                "{} eigenvalues, {real} of them real; the largest has modulus {radius:.4}. {verdict} \
                 ({best:.4}).",
                all.len()
            ))
            .with(circle(1.0))
            .with(circle(omega - 1.0).stroke_opacity(0.4))
            .with(dot().x(x).y(y).r(3.0).fill(YOURS).fill_opacity(0.7))
    }

    fn dial(&self, p: &Params) -> Figure {
        let beta = self.grid.jacobi_radius();
        let omegas: Vec<f64> = (0..=198).map(|i| 1.0 + f64::from(i) / 200.0).collect();
        let sweeps = |omega: f64| asymptotic(sor_radius(beta, omega), TOLERANCE) as f32;
        let estimate: Vec<f32> = omegas.iter().map(|omega| sweeps(*omega)).collect();
        let (mut x, mut y, mut names) = (vec![], vec![], vec![]);
        for (run, name) in self.runs.iter().zip([YOURS, ONE, BEST]).filter(|(run, _)| run.converged)
        {
            x.push(run.omega as f32);
            y.push(run.residuals.len() as f32 - 1.0);
            names.push(name);
        }
        let best = self.runs[2].omega;
        Figure::plot("dial", "The dial", linear("ω").domain(1.0, 2.0), log("sweeps").domain(5.0, 1e4))
            .color(Color::series())
            .caption(
                "Drag the rule to set ω. The curve is what the spectral radius promises, ln ε/ln ρ; dots \
                 are sweeps counted.",
            )
            .alt(format!(
                "ω = {:.3}: the spectral radius promises {:.0} sweeps. The least is {:.0} at ω* = \
                 {best:.4}.",
                p.omega,
                sweeps(p.omega),
                sweeps(best)
            ))
            .with(
                line()
                    .x(omegas.iter().map(|omega| *omega as f32).collect::<Vec<f32>>())
                    .y(estimate)
                    .stroke("asymptotic estimate"),
            )
            .with(dot().x(x).y(y).r(5.0).fill(names))
            .with(rule_x().x(vec![p.omega as f32]).stroke(YOURS).stroke_width(3.0).sets_x("omega"))
    }
}
