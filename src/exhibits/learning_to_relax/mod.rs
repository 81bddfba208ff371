//! Learning to relax: a bandit turns the knob of a linear solver while the work goes on.
//!
//! Khodak, Chow, Balcan & Talwalkar 2024, "Learning to Relax: Setting Solver Parameters Across a Sequence
//! of Linear System Instances", arXiv:2310.02246.
//!
//! Successive over-relaxation (SOR) solves $Ax = b$ by sweeps, $x_p \leftarrow (1-\omega)x_p +
//! \frac{\omega}{A_{pp}}\big(b_p - \sum_{q\ne p} A_{pq}x_q\big)$. How many it needs depends on $\omega$ by
//! an order of magnitude. Young's theory knows the best for the five-point Laplacian,
//! $\omega^* = 2/(1+\sqrt{1-\beta^2})$ with $\beta$ the spectral radius of Jacobi's iteration, but $\beta$ is
//! dear to compute. If related systems come one after another, a bandit that sees only the number of sweeps
//! can choose. It works since the cost is bounded by
//!
//! $$U(\omega) = 1 + \frac{\ln(1/\varepsilon)}{-\ln(\rho(C_\omega) + \tau(1-\rho(C_\omega)))}$$
//!
//! which falls towards $\omega^*$ and is Lipschitz beyond it. Tsallis-INF plays
//! $p_i = 4/(\eta(k_i/K - x))^2$; ChebCB fits a Chebyshev series in the shift $c$ of $A + cI$ to each arm's
//! costs and plays an arm with probability inverse to its predicted gap.
//!
//! Claim: the total cost comes near that of the best fixed $\omega$ without knowing it, and near that of the
//! best $\omega$ for each system if the shift is visible.
//!
//! | paper | code | meaning |
//! |-------|------|---------|
//! | $\omega, \omega^*$ | `omega`, `best_omega` | relaxation parameter, Young's best |
//! | $\beta, \rho$ | `jacobi_radius`, `sor_radius` | spectral radii of Jacobi's iteration and of $C_\omega$ |
//! | $C_\omega$ | `Defect` | takes one residual to the next |
//! | $\tau, U$ | `tau`, `bound` | how far from normal, the bound above |
//! | $k_i, K, \eta$ | `estimates`, `mean`, `eta` | estimated costs, their scale, learning rate |
//! | $\theta_i, N, L$ | `theta`, `norms` | coefficients of an arm and the bounds they are held to |
//! | $c, \kappa$ | `shift`, `kappa` | contexts: diagonal shift, diffusion coefficient |
//!
//! Departs from the paper: where its text and the authors' code differ, this is the code; the box-constrained
//! least squares are solved by coordinate descent; 3 runs for 40; heat on meshes of 25 and 50 for 25 to 400,
//! so that only iterations are compared and never time.
use crate::{
    claim::Claim,
    error::{Error, Result},
    exhibit::{Cover, Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress},
    figure::{Figure, Poke},
    params,
    params::{choice, float, int, log_float, toggle},
};
use heat_panel::HeatPanel;
use landscape::Landscape;
use one::One;
use sequence::Sequence;
use table::Table;

pub mod beliefs;
pub mod chebcb;
pub mod claims;
pub mod experiments;
pub mod heat;
pub mod heat_panel;
pub mod landscape;
pub mod measure;
pub mod one;
pub mod race;
pub mod sequence;
pub mod sequence_figures;
pub mod simulation;
pub mod systems;
pub mod table;
pub mod theory;
pub mod tsallis;

const SYSTEM: &[&str] = &["one system"];
const SOLVER: &[&str] = &["one system", "landscape", "sequence"];
const SYSTEMS: &[&str] = &["one system", "landscape"];
const LANDSCAPE: &[&str] = &["landscape"];
const SEQUENCE: &[&str] = &["sequence"];
const LEARNERS: &[&str] = &["sequence", "heat equation"];
const HEAT: &[&str] = &["heat equation"];
const TABLE: &[&str] = &["table"];

params! {
    /// What to look at.
    panel: &'static str = choice(&["one system", "landscape", "sequence", "heat equation", "table"]).tabs();
    /// Relaxation parameter.
    omega: f64 = float(1.5, 1.0..=1.99).live().label("ω").on(SOLVER).group("solver");
    /// What is added to the diagonal of the Laplacian.
    shift: f64 = float(0.0, -0.15..=0.65).label("shift c").on(SYSTEMS).group("system");
    /// Points along a side of the grid; below about 8 fewer sweeps, above 30 many more.
    side: usize = int(10, 5..=64).label("points a side").on(SYSTEM).group("system");
    /// Right-hand side b; the degenerate one is an eigenvector of C at ω = 1.4.
    rhs: &'static str = choice(&["Gaussian", "ones", "point source", "degenerate"])
        .label("right-hand side").on(SYSTEMS).group("system");
    /// What the field shows.
    field: &'static str = choice(&["residual", "error"]).live().on(SYSTEM).group("field");
    /// How its colours run; eight decades if logarithmic.
    scale: &'static str = choice(&["linear", "logarithmic"]).live().on(SYSTEM).group("field");
    /// Show the upper bound of Lemma 2.1.
    u_bound: bool = toggle(true).live().label("U(ω)").on(LANDSCAPE).group("curves");
    /// Show what the spectral radius promises in the long run.
    estimate: bool = toggle(true).live().label("asymptotic estimate").on(LANDSCAPE).group("curves");
    /// Show the bound of the energy norm.
    energy: bool = toggle(false).live().label("energy bound").on(LANDSCAPE).group("curves");
    /// Systems in the sequence.
    length: usize = int(2000, 200..=5000).label("systems T").on(SEQUENCE).group("sequence");
    /// Where the shifts come from.
    shifts: &'static str = choice(&["a beta distribution", "drawn by hand"]).on(SEQUENCE).group("sequence");
    /// First parameter of the beta distribution; the paper's are 2 and 6, and 1/2 and 3/2.
    beta_a: f64 = log_float(2.0, 0.1..=10.0).label("Beta a").on(SEQUENCE).group("sequence");
    /// Second parameter of the beta distribution.
    beta_b: f64 = log_float(6.0, 0.1..=10.0).label("Beta b").on(SEQUENCE).group("sequence");
    /// Whether each system has a right-hand side of its own.
    fresh: bool = toggle(true).label("fresh b").on(SEQUENCE).group("sequence");
    /// Whether small shifts become great at half the time.
    abrupt: bool = toggle(false).label("abrupt change").on(SEQUENCE).group("sequence");
    /// Whether learners are shown a random number in place of the shift.
    scrambled: bool = toggle(false).label("scrambled context").on(SEQUENCE).group("learners");
    /// Values of ω that the learners choose from, evenly from 1 to 1.95.
    arms: usize = int(20, 3..=40).label("arms d").on(SEQUENCE).group("learners");
    /// Terms of ChebCB's series.
    terms: usize = int(6, 1..=20).label("Chebyshev terms m").on(SEQUENCE).group("learners");
    /// Multiple of the learning rates: small explores for ever, large settles at once.
    eta_scale: f64 = log_float(1.0, 0.1..=10.0).label("η multiplier").on(LEARNERS).group("learners");
    /// Show the bandit that sees only its own costs.
    tsallis: bool = toggle(true).live().label("Tsallis-INF").on(SEQUENCE).group("shown");
    /// Show the one with a bandit for each of five intervals of the shift.
    binned: bool = toggle(true).live().label("Tsallis-INF-CB").on(SEQUENCE).group("shown");
    /// Show the one that fits costs as functions of the shift.
    cheb: bool = toggle(true).live().label("ChebCB").on(SEQUENCE).group("shown");
    /// Show the best of 20 fixed values, which only hindsight knows.
    best_fixed: bool = toggle(true).live().label("best fixed ω").on(SEQUENCE).group("shown");
    /// Show Young's formula, the best for each system.
    young: bool = toggle(true).live().label("ω*(c)").on(SEQUENCE).group("shown");
    /// Show ω = 1, which is so slow that the others crowd at the left.
    gauss_seidel: bool = toggle(false).live().label("Gauss-Seidel").on(SEQUENCE).group("shown");
    /// Show three values that never change.
    fixed: bool = toggle(false).live().label("ω = 1.4, 1.6, 1.8").on(SEQUENCE).group("shown");
    /// Show the ω of your slider.
    you: bool = toggle(true).live().label("you").on(SEQUENCE).group("shown");
    /// Intervals along a side of the mesh.
    mesh: &'static str = choice(&["25", "50"]).label("mesh nx").on(HEAT).group("heat");
    /// Time steps of a thousandth.
    heat_steps: &'static str = choice(&["1000", "500", "2000", "5000"]).label("steps T").on(HEAT).group("heat");
    /// Systems of each run.
    table_length: usize = int(1000, 200..=5000).label("systems T").on(TABLE).group("table");
}

/// The panel that is open.
pub enum LearningToRelax {
    /// One system, sweep by sweep.
    One(One),
    /// Cost against ω.
    Landscape(Landscape),
    /// Learners on a sequence of systems.
    Sequence(Box<Sequence>),
    /// The heat equation.
    Heat(Box<HeatPanel>),
    /// The headline numbers.
    Table(Table),
}

impl Exhibit for LearningToRelax {
    const META: Meta = Meta {
        id: "learning_to_relax",
        title: "Learning to relax",
        family: "Linear solvers",
        hook: "Turn one knob, and the same equation takes 40 or 400 sweeps. Nobody tells you the best \
               setting. Can a gambler find it, while the work goes on?",
        claim: "A bandit that sees only iteration counts sets a solver's parameter almost as well as the \
                best fixed choice in hindsight, and better if it sees a context.",
        paper: Paper {
            title: "Learning to Relax: Setting Solver Parameters Across a Sequence of Linear System \
                    Instances",
            authors: "Mikhail Khodak, Edmond Chow, Maria-Florina Balcan, Ameet Talwalkar",
            year: 2024,
            venue: "International Conference on Learning Representations",
            url: "https://arxiv.org/abs/2310.02246",
            bibtex: "@inproceedings{khodak2024learning,\n  title = {Learning to Relax: Setting Solver \
                     Parameters Across a Sequence of Linear System Instances},\n  author = {Khodak, \
                     Mikhail and Chow, Edmond and Balcan, Maria-Florina and Talwalkar, Ameet},\n  \
                     booktitle = {International Conference on Learning Representations},\n  year = \
                     {2024}\n}",
        },
        devices: false,
    };
    type Params = Params;

    async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        Ok(match p.panel {
            "landscape" => Self::Landscape(Landscape::new(ctx.seed, p)?),
            "sequence" => Self::Sequence(Box::new(Sequence::new(ctx.seed, p))),
            "heat equation" => Self::Heat(Box::new(HeatPanel::new(ctx.seed, p))),
            "table" => Self::Table(Table::new(ctx.seed, p)),
            _ => Self::One(One::new(ctx.seed, p)?),
        })
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        Ok(match self {
            Self::One(one) => one.step(p),
            Self::Landscape(landscape) => landscape.step(),
            Self::Sequence(sequence) => sequence.step(p),
            Self::Heat(heat) => heat.step(),
            Self::Table(table) => table.step(),
        })
    }

    async fn refresh(&mut self, p: &Params) -> Result<()> {
        if let Self::One(one) = self {
            one.sync(p.omega);
        }
        Ok(())
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        match self {
            Self::One(one) => one.figures(p),
            Self::Landscape(landscape) => landscape.figures(p),
            Self::Sequence(sequence) => sequence_figures::all(sequence, p),
            Self::Heat(heat) => heat.figures(),
            Self::Table(table) => table.figures(),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        match self {
            Self::One(one) => one.metrics(),
            Self::Landscape(landscape) => landscape.metrics(),
            Self::Sequence(sequence) => sequence.metrics(),
            Self::Heat(heat) => heat.metrics(),
            Self::Table(table) => table.metrics(),
        }
    }

    fn poke(&mut self, poke: &Poke, p: &Params) -> Result<()> {
        match self {
            Self::One(one) => one.poke(poke, p),
            Self::Sequence(sequence) => sequence.poke(poke, p),
            Self::Landscape(_) | Self::Heat(_) | Self::Table(_) => {
                Err(refused(poke, "this figure only sets a parameter".to_owned()))
            }
        }
    }

    fn experiments() -> Vec<Experiment> {
        experiments::all()
    }

    fn cover() -> Cover {
        Cover::new("regret", 400).set("panel", "sequence")
    }

    fn claims() -> Vec<Claim> {
        claims::all()
    }
}

/// A poke that cannot be taken up.
fn refused(poke: &Poke, reason: String) -> Error {
    Error::Poke { figure: poke.figure.clone(), kind: poke.kind.to_string(), reason }
}
