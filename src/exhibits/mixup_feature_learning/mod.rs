//! Mixup and feature learning: ordinary training memorises the rare examples, blending teaches their clue.
//!
//! Zou, Cao, Li & Gu 2023, "The Benefits of Mixup for Feature Learning", ICML, arXiv:2303.08433.
//!
//! An example is $P$ patches: one carries the clue, the others noise or weak copies of clues. Most
//! examples carry the common feature $v_y$ of their class, a fraction $\rho$ the rare $u_y$. The network is a
//! two-layer CNN with quadratic activation,
//!
//! $$F_k(W; x) = \sum_{r=1}^{m} \sum_{p=1}^{P} \langle w_{k,r}, x^{(p)} \rangle^2, \qquad k = 1, 2,$$
//!
//! trained by full-batch gradient descent on the cross-entropy. Early on, projections grow exponentially:
//! those on $v$ at the rate $\eta (1 - \rho)/2$, on $u$ at $\eta \rho/2$, on an example's own noise at
//! $\eta \sigma_p^2 d / n$. Noise between the two features wins over $u$: each rare example is fitted by its
//! own noise, its residual vanishes, and $u$ stops growing. Mixup trains on all $n^2$ blends
//! $x_{ij} = \lambda_x x_i + (1 - \lambda_x) x_j$ with labels $y_{ij} = \lambda_y y_i + (1 - \lambda_y) y_j$: noise
//! is diluted over pairs, residuals never vanish, and the shared $u$ keeps growing.
//!
//! Claim: Mixup learns rare features where standard training memorises noise; unequal $\lambda_x$, $\lambda_y$
//! do about as well; the benefit comes early, so Mixup may be stopped.
//!
//! | paper | code | shape | meaning |
//! |-------|------|-------|---------|
//! | $v_k$, $u_k$ | `Patch::Feature` | `[d]` | common and rare feature of class $k$ |
//! | $\xi$ | `noise` | `[noises, d]` | noise patches, $N(0, \sigma_p^2 I)$ |
//! | $w_{k,r}$ | `weights` | `[2 m, d]` | filters, from $N(0, \sigma_0^2 I)$ |
//! | $\lambda_x$, $\lambda_y$ | `lambda_x`, `lambda_y` | scalars | shares of the first input and label |
//! | $\Gamma(u_k)$ | `learned` | `[4]` | $\max_r \lvert\langle w_{k,r}, u_k\rangle\rvert$ |
//!
//! Departs from the paper: of it only the abstract and introduction could be checked; data model, network
//! and sizes are recalled, and no number here is quoted as its own. Sizes are small. Training runs on inner
//! products of patches, which is the same descent at a cost without $d$. Here the benefit of Mixup comes
//! steadily rather than early. Its CIFAR experiments are replaced by 8 × 8 digits, which are ours.
use crate::{
    error::Result,
    exhibit::{Cover, Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress, Snapshot},
    figure::{Figure, Poke},
    params,
    params::{choice, float, int, log_float, toggle},
};
use data::Config;
use digits::DigitRace;
use early::Early;
use map::Map;
use race::Race;
use table::Table;
use trainer::Rates;

pub mod claims;
pub mod data;
pub mod digit_claims;
pub mod digit_figures;
pub mod digits;
pub mod early;
pub mod experiments;
pub mod features;
pub mod inside;
pub mod loss;
pub mod map;
pub mod measure;
pub mod race;
pub mod sweep;
pub mod table;
#[cfg(test)]
mod tests;
pub mod theory;
pub mod tiles;
pub mod trainer;

/// Every panel: those that race lanes, then the rest on the synthetic data, then the second data set.
const PANELS: &[&str] = &[
    "the race",
    "feature learning",
    "inside the weights",
    "knobs of the theory",
    "coefficient map",
    "early stopping",
    "table",
    "digits",
];

/// Panels that race lanes.
const RACES: &[&str] = PANELS.split_at(4).0;

/// Panels on the synthetic data.
const OURS: &[&str] = PANELS.split_at(7).0;

/// The panel of the second data set.
const DIGITS: &[&str] = PANELS.split_at(7).1;

params! {
    /// What is shown.
    panel: &'static str = choice(PANELS).tabs();
    /// Share of the first input in a blend.
    lambda_x: f32 = float(0.7, 0.5..=1.0).live().label("λ_x of inputs").group("Mixup").on(OURS);
    /// Share of the first label in a blend; 1 mixes inputs alone.
    lambda_y: f32 = float(0.7, 0.5..=1.0).live().label("λ_y of labels").group("Mixup").on(OURS);
    /// Step t* at which the early-stopped lane goes over to standard training.
    stop: usize = int(200, 0..=2000).live().label("stop Mixup at t*").group("Mixup").on(OURS);
    /// Further ways of training, beside standard, Mixup, and Mixup stopped early.
    baselines: &'static str = choice(&[
        "none",
        "rare ones oversampled",
        "input mixing only",
        "noise augmentation",
        "Beta Mixup, batches",
        "all",
    ]).label("more lanes").group("Mixup").on(RACES);
    /// Both parameters of the Beta distribution that Beta Mixup draws λ from.
    beta: f64 = log_float(1.0, 0.05..=10.0).live().label("Beta parameter").group("Mixup").on(OURS);
    /// Deviation of the noise that noise augmentation adds to every number.
    sigma: f32 = float(0.1, 0.0..=0.5).live().label("added noise").group("Mixup").on(RACES);
    /// Step size η.
    eta: f32 = log_float(1.0, 0.05..=3.0).live().label("step size η").group("training").on(OURS);
    /// After so many steps training ends.
    steps: usize = int(600, 50..=2000).label("planned steps").group("training").on(OURS);
    /// Filters a class, m.
    m: usize = int(5, 1..=20).label("filters m").group("training").on(OURS);
    /// Deviation of the initial weights, σ_0.
    sigma_0: f32 = log_float(0.01, 0.001..=0.1).label("initial size σ_0").group("training").on(OURS);
    /// Training examples n.
    n: usize = int(60, 40..=200).label("examples n").group("data").on(OURS);
    /// Fraction ρ of examples that carry the rare feature.
    rho: f32 = float(0.1, 0.02..=0.3).label("rare fraction ρ").group("data").on(OURS);
    /// Numbers a patch, d.
    d: usize = int(1000, 200..=4000).label("dimension d").group("data").on(OURS);
    /// Deviation σ_p of each number of a noise patch.
    sigma_p: f32 = log_float(0.1, 0.01..=0.5).label("noise σ_p").group("data").on(OURS);
    /// Patches an example, P.
    patches: usize = int(3, 2..=6).label("patches P").group("data").on(OURS);
    /// Weak copies of common features an example, b; at most P − 2.
    copies: usize = int(1, 0..=3).label("weak copies b").group("data").on(OURS);
    /// Size α of a weak copy.
    alpha: f32 = float(0.05, 0.0..=0.5).label("copy size α").group("data").on(OURS);
    /// Logarithmic axis of projections.
    log: bool = toggle(false).live().label("log scale").on(&["feature learning"]);
    /// Share of the first image and of its label under Mixup with equal coefficients.
    digit_lambda: f32 = float(0.6, 0.5..=1.0).live().label("equal λ").group("digits").on(DIGITS);
    /// Share of the first image where coefficients are separate.
    digit_x: f32 = float(0.6, 0.5..=1.0).live().label("separate λ_x").group("digits").on(DIGITS);
    /// Share of the first label where coefficients are separate.
    digit_y: f32 = float(0.8, 0.5..=1.0).live().label("separate λ_y").group("digits").on(DIGITS);
    /// Step at which the early-stopped network goes over to standard training.
    digit_stop: usize = int(800, 0..=4000).live().label("stop at t*").group("digits").on(DIGITS);
    /// After so many steps training ends.
    digit_steps: usize = int(1600, 100..=4000).label("planned steps").group("digits").on(DIGITS);
    /// Training images.
    digit_n: usize = int(200, 50..=1000).label("training images").group("digits").on(DIGITS);
    /// First image to look from.
    first: usize = int(0, 0..=49).live().label("from image").group("look between").on(DIGITS);
    /// Second image, to look to.
    second: usize = int(1, 0..=49).live().label("to image").group("look between").on(DIGITS);
}

impl Params {
    /// The data model and the network.
    pub fn config(&self) -> Config {
        Config {
            n: self.n,
            d: self.d,
            patches: self.patches,
            copies: self.copies.min(self.patches - 2),
            alpha: self.alpha,
            sigma_p: self.sigma_p,
            rho: self.rho,
            m: self.m,
            sigma_0: self.sigma_0,
        }
    }

    /// What a step takes.
    pub fn rates(&self) -> Rates {
        Rates {
            eta: self.eta,
            lambda_x: self.lambda_x,
            lambda_y: self.lambda_y,
            stop: self.stop,
            beta: self.beta,
            sigma: self.sigma,
        }
    }
}

/// What a panel shows, drawn from lanes that race.
type Drawn = fn(&Race, &Params) -> Vec<Figure>;

/// One panel's run.
pub enum MixupFeatureLearning {
    /// Lanes side by side.
    Race(Box<Race>, Drawn),
    /// The map of coefficients.
    Map(Map),
    /// The branches of a training.
    Early(Box<Early>),
    /// The headline table.
    Table(Table),
    /// Networks on digits.
    Digits(Box<DigitRace>),
}

impl Exhibit for MixupFeatureLearning {
    const META: Meta = Meta {
        id: "mixup_feature_learning",
        title: "Mixup and feature learning",
        family: "Representation and optimisation",
        hook: "A few of many pictures show a rare clue. Ordinary training just memorises those. Blend the \
               pictures, and the clue gets learned: press play and watch two networks race.",
        claim: "Mixup learns the rare features that standard training replaces by memorised noise.",
        paper: Paper {
            title: "The Benefits of Mixup for Feature Learning",
            authors: "Difan Zou, Yuan Cao, Yuanzhi Li, Quanquan Gu",
            year: 2023,
            venue: "International Conference on Machine Learning",
            url: "https://arxiv.org/abs/2303.08433",
            bibtex: "@inproceedings{zou2023benefits,\n  title = {The Benefits of Mixup for Feature \
                     Learning},\n  author = {Zou, Difan and Cao, Yuan and Li, Yuanzhi and Gu, \
                     Quanquan},\n  booktitle = {International Conference on Machine Learning},\n  year = \
                     {2023}\n}",
        },
        devices: true,
    };
    type Params = Params;

    async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let drawn = match p.panel {
            "coefficient map" => return Ok(Self::Map(Map::new(ctx, p))),
            "early stopping" => return Ok(Self::Early(Box::new(Early::new(ctx, p).await?))),
            "table" => return Ok(Self::Table(Table::new(ctx, p))),
            "digits" => return Ok(Self::Digits(Box::new(DigitRace::new(ctx, p).await?))),
            "feature learning" => features::figures,
            "inside the weights" => inside::figures,
            "knobs of the theory" => theory::figures,
            _ => race::figures,
        };
        Ok(Self::Race(Box::new(Race::new(ctx, p).await?), drawn))
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        match self {
            Self::Race(race, _) => race.step(p).await,
            Self::Map(map) => map.step().await,
            Self::Early(early) => early.step().await,
            Self::Table(table) => table.step().await,
            Self::Digits(race) => race.step(p).await,
        }
    }

    async fn refresh(&mut self, p: &Params) -> Result<()> {
        match self {
            Self::Race(race, _) => race.refresh().await,
            Self::Digits(race) => race.refresh(p).await,
            _ => Ok(()),
        }
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        match self {
            Self::Race(race, drawn) => drawn(race, p),
            Self::Map(map) => map.figures(p),
            Self::Early(early) => early.figures(p),
            Self::Table(table) => table.figures(),
            Self::Digits(race) => digit_figures::figures(race, p),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        match self {
            Self::Race(race, _) => race.metrics(),
            Self::Map(map) => map.metrics(),
            Self::Early(early) => early.metrics(),
            Self::Table(table) => table.metrics(),
            Self::Digits(race) => race.metrics(),
        }
    }

    fn poke(&mut self, poke: &Poke, _: &Params) -> Result<()> {
        match self {
            Self::Race(race, _) => race.poke(poke),
            _ => Err(crate::error::Error::Poke {
                figure: poke.figure.clone(),
                kind: poke.kind.to_string(),
                reason: "nothing here can be changed so".to_owned(),
            }),
        }
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        match self {
            Self::Race(race, _) => race.snapshot().await.map(Some),
            _ => Ok(None),
        }
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        match self {
            Self::Race(race, _) => race.restore(saved),
            _ => Ok(()),
        }
    }

    fn experiments() -> Vec<Experiment> {
        experiments::all()
    }

    fn cover() -> Cover {
        Cover::new("rare", 600)
    }

    fn claims() -> Vec<crate::claim::Claim> {
        claims::all()
    }
}
