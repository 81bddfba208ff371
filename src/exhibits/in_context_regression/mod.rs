//! What learning algorithm is in-context learning? A transformer whose weights do not change fits lines.
//!
//! Akyürek, Schuurmans, Andreas, Ma & Zhou 2023, "What learning algorithm is in-context learning?
//! Investigations with linear models", ICLR, arXiv:2211.15661.
//!
//! A net reads pairs $(x_1, y_1), \dots, (x_n, y_n)$ of a linear function it has never seen, and a query
//! $x$; it must say $y$. It is trained on many random functions $w \sim N(0, \tau^2 I)$, $y_i = w^\top x_i +
//! \varepsilon_i$, $\varepsilon_i \sim N(0, \sigma^2)$; afterwards its weights stay, and all learning happens
//! in its activations. Which algorithm is that? The best there is, Bayes' rule, is ridge regression:
//!
//! $$\hat w = (X^\top X + \tfrac{\sigma^2}{\tau^2} I)^{-1} X^\top y$$
//!
//! Two measures tell (section 4.1): the squared difference of predictions, SPD $= E (A_1(D)(x) -
//! A_2(D)(x))^2$, here always divided by $d$; and that of weights, ILWD, where a black box's weights are
//! those that explain its answers to random queries best. MSPD is the mean of SPD over $1 \le n < d$.
//!
//! Claim: trained nets predict like least squares without noise and like the Bayes predictor with it; small
//! ones pass through cheaper algorithms first, one step of gradient descent, then ridge. By construction, a
//! few layers can carry out a step of descent, or an exact update of the inverse (Theorems 1 and 2).
//!
//! | paper | code | shape | meaning |
//! |-------|------|-------|---------|
//! | $x_i, y_i$ | `x`, `y` | `[batch, n, d]`, `[batch, n]` | the examples of a prompt |
//! | $w$ | `w` | `[d]` | the function behind them |
//! | $H^{(l)}$ | `streams` | `[batch, tokens, hidden]` | the residual stream after block $l$ |
//! | $\lambda, \alpha$ | `lambda`, `alpha` | | penalty of ridge, rate of descent |
//! | SPD, ILWD | `spd`, `ilwd` | by $n$ | distances, a dimension |
//! | $h$ | `Stream` | `[columns, rows]` | the residual stream of the hand-built machine |
//!
//! Departs from the paper: nets of 17 to 270 thousand weights for 50 million, 8 to 24 thousand steps for 500
//! thousand, $d$ of 1 to 4 for 8, $\tau = 1$. Achieved distances are some $10^{-3}$ where the paper has
//! $10^{-5}$. *Dual* tokens are ours (contexts and queries apart, no positions); *alternating* ones are the
//! paper's. Dual contexts see those before them, as training on all prefixes at once needs, so with more than
//! one layer their order counts a little. Norms are RMS, before each part; positions are trained. One GD
//! step gets, at each $n$, the rate that suits the net best. Nets of eight layers are trained without noise
//! alone. Probes are 64 wide for 512, one a block, target and number of pairs; beside nets that are untrained
//! or had $w = 1$ alone, the paper's control. Values of Fig. 2 are read from its text layer; heights of Figs.
//! 1, 3, 4 are not known to us.
use crate::{
    error::{Error, Result},
    exhibit::{Cover, Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress, Shipped, Snapshot},
    figure::{Figure, Poke},
    params,
    params::{choice, float, int, log_float, toggle},
};

pub mod claims;
pub mod data;
mod experiments;
pub mod live;
mod live_figures;
pub mod linear;
pub mod linear_claims;
pub mod linear_panel;
pub mod machine;
pub mod machine_claims;
pub mod machine_figures;
pub mod machine_panel;
pub mod metrics;
pub mod net;
pub mod noise;
pub mod phases;
pub mod predict;
pub mod probe;
mod probe_claims;
mod probe_figures;
pub mod prompt;
mod prompt_figures;
pub mod raw;
pub mod shelf;
pub mod shipped;
pub mod space;
pub mod train;
#[cfg(test)]
mod tests;

params! {
    /// What to look at.
    panel: &'static str = choice(&["the prompt", "weight space", "train it now", "linear attention", "phases", "noise matrix", "probes", "hand-built machine"]).tabs();
    /// Standard deviation of the noise that the net was trained with.
    noise: &'static str = choice(&["0.5", "0", "0.25", "1"]).label("trained with noise").on(&["the prompt", "weight space"]);
    /// Where the dots start from; far out and one x are unlike anything in training.
    dots: &'static str = choice(&["a line", "far out", "one x", "a parabola"]).live().on(&["the prompt"]);
    /// How many dots there are before you add or remove any; training stopped at eight.
    pairs: usize = int(3, 0..=12).live().label("number of dots").on(&["the prompt"]);
    /// Factor on every y; 3 is a slope that training hardly saw.
    stretch: f64 = float(1.0, 0.0..=4.0).live().label("stretch y").on(&["the prompt"]);
    /// Penalty λ of the ridge regression that is drawn.
    lambda: f64 = log_float(0.1, 1e-3..=10.0).live().label("ridge λ").on(&["the prompt", "weight space", "hand-built machine"]);
    /// Rate α of the descent that is drawn, for the step on all examples and for the pass over each.
    alpha: f64 = log_float(0.05, 1e-3..=0.5).live().label("descent rate α").on(&["the prompt", "weight space", "hand-built machine"]);
    /// Numbers in an x, of all runs.
    dims: usize = int(1, 1..=2).label("dimensions").on(&["train it now"]);
    /// Blocks of attention and feed-forward.
    layers: usize = int(2, 1..=4).group("run A").on(&["train it now"]);
    /// Width of the residual stream.
    hidden: &'static str = choice(&["16", "8", "32", "64"]).label("width").group("run A").on(&["train it now"]);
    /// Contexts and queries apart, which is ours, or the paper's x and y in turn.
    layout: &'static str = choice(&["dual", "alternating"]).group("run A").on(&["train it now"]);
    /// Standard deviation of the noise on every y.
    sigma: f32 = float(0.5, 0.0..=1.0).label("noise").group("run A").on(&["train it now"]);
    /// Whether a second net is trained side by side with the first.
    run_b: bool = toggle(false).label("train it too").group("run B").on(&["train it now"]);
    /// Its blocks.
    layers_b: usize = int(1, 1..=4).label("layers").group("run B").on(&["train it now"]);
    /// Width of its stream.
    hidden_b: &'static str = choice(&["16", "8", "32", "64"]).label("width").group("run B").on(&["train it now"]);
    /// Its tokens.
    layout_b: &'static str = choice(&["dual", "alternating"]).label("layout").group("run B").on(&["train it now"]);
    /// Noise on what it learns.
    sigma_b: f32 = float(0.5, 0.0..=1.0).label("noise").group("run B").on(&["train it now"]);
    /// Whether a third net is trained side by side with the first.
    run_c: bool = toggle(false).label("train it too").group("run C").on(&["train it now"]);
    /// Its blocks.
    layers_c: usize = int(2, 1..=4).label("layers").group("run C").on(&["train it now"]);
    /// Width of its stream.
    hidden_c: &'static str = choice(&["16", "8", "32", "64"]).label("width").group("run C").on(&["train it now"]);
    /// Its tokens.
    layout_c: &'static str = choice(&["alternating", "dual"]).label("layout").group("run C").on(&["train it now"]);
    /// Noise on what it learns.
    sigma_c: f32 = float(0.5, 0.0..=1.0).label("noise").group("run C").on(&["train it now"]);
    /// Whose distances to the algorithms are drawn, if that run is on.
    shown: &'static str = choice(&["run A", "run B", "run C"]).live().label("algorithms of").on(&["train it now"]);
    /// Peak of Adam's rate, in all runs, which rises over the first twentieth of the steps and falls along a cosine.
    rate: f32 = log_float(5e-3, 1e-4..=5e-2).live().label("learning rate").on(&["train it now"]);
    /// After so many steps training ends.
    steps: usize = int(1500, 100..=5000).label("planned steps").on(&["train it now"]);
    /// Which shipped nets are held against which ridge.
    matrix: &'static str = choice(&["d = 2", "d = 4", "d = 4, two layers", "d = 4, one layer"]).label("nets").on(&["noise matrix"]);
    /// What the layers carry out.
    program: &'static str = choice(&["gradient steps", "Sherman-Morrison"]).on(&["hand-built machine"]);
    /// Numbers of an input.
    inputs: usize = int(2, 1..=4).label("numbers an input").on(&["linear attention", "hand-built machine"]);
    /// Examples in the prompt of the machine; it takes one after another.
    chained: usize = int(2, 1..=8).label("examples").on(&["hand-built machine"]);
    /// Ordinary arithmetic, or what a network has.
    arithmetic: &'static str = choice(&["exact", "GELU and LayerNorm"]).live().on(&["hand-built machine"]);
    /// Factor s on what is multiplied by GELUs, which is taken out again afterwards.
    scale: f64 = log_float(0.01, 1e-4..=1.0).live().label("scale s").on(&["hand-built machine"]);
    /// What is added before a GELU that is to be linear, and factor of the divisor in LayerNorm.
    big: f64 = log_float(100.0, 1.0..=1000.0).live().label("large number N").on(&["hand-built machine"]);
    /// Operation to stop at and look back to; 0 follows the run.
    operation: usize = int(0, 0..=99).live().label("show operation").on(&["hand-built machine"]);
    /// Examples in a prompt, N.
    examples: usize = int(8, 1..=32).on(&["linear attention"]);
    /// Standard deviation of the noise on the labels.
    label_noise: f32 = float(0.0, 0.0..=1.0).label("noise").on(&["linear attention"]);
    /// Where the read-out v starts from; into an input it gets stuck, anywhere it may.
    readout: &'static str = choice(&["at the label", "anywhere", "at an input"]).label("read-out starts").on(&["linear attention"]);
    /// Adam's rate, which falls to zero along a cosine.
    attention_rate: f32 = log_float(1e-2, 1e-4..=0.1).live().label("learning rate").on(&["linear attention"]);
    /// After so many steps training ends.
    attention_steps: usize = int(1500, 100..=4000).label("planned steps").on(&["linear attention"]);
    /// Which net is read; the one trained on w = 1 alone and the one that is untrained are for comparison.
    probed: &'static str = choice(&["4 layers", "8 layers", "4 layers, w = 1", "4 layers, untrained"]).label("net").on(&["probes"]);
    /// Whether a probe is a linear map or a small net.
    probes: &'static str = choice(&["linear", "MLP"]).label("kind of probe").on(&["probes"]);
    /// Which probes are shown block by block; each number of pairs has probes of its own.
    seen: usize = int(12, 1..=12).live().label("pairs so far").on(&["probes"]);
    /// Whose errors by number of pairs, and whose attention over the tokens, are shown.
    target: &'static str = choice(&["weights w", "moment Xᵀy"]).live().on(&["probes"]);
}

impl Params {
    /// The chosen noise among those of the shipped nets, in ascending order.
    fn noise_index(&self) -> usize {
        ["0", "0.25", "0.5", "1"].iter().position(|&noise| noise == self.noise).unwrap_or(0)
    }
}

/// One of the panels.
pub enum InContextRegression {
    /// Dots, d = 1.
    Prompt(prompt::Prompt),
    /// Weights, d = 2.
    Space(space::Space),
    /// Training.
    Live(live::Live),
    /// Nets by depth and width.
    Phases(phases::Phases),
    /// Nets by noise.
    Noise(noise::Noise),
    /// One layer without softmax.
    Attention(linear_panel::Attention),
    /// Theorems 1 and 2.
    Machine(machine_panel::MachinePanel),
    /// What a net's stream holds.
    Probes(probe::Probes),
}

impl Exhibit for InContextRegression {
    const META: Meta = Meta {
        id: "in_context_regression",
        title: "In-context regression",
        family: "Sequence models",
        hook: "Drag a dot: a network that has never seen these points, and whose weights do not change, \
               redraws its line where Bayes would.",
        claim: "Transformers trained on random linear functions learn new ones in their activations, and what \
                they run is gradient descent, ridge regression or least squares.",
        paper: Paper {
            title: "What learning algorithm is in-context learning? Investigations with linear models",
            authors: "Ekin Akyürek, Dale Schuurmans, Jacob Andreas, Tengyu Ma, Denny Zhou",
            year: 2023,
            venue: "International Conference on Learning Representations",
            url: "https://arxiv.org/abs/2211.15661",
            bibtex: "@inproceedings{akyurek2023learning,\n  title = {What learning algorithm is in-context \
                     learning? Investigations with linear models},\n  author = {Aky{\\\"u}rek, Ekin and \
                     Schuurmans, Dale and Andreas, Jacob and Ma, Tengyu and Zhou, Denny},\n  booktitle = \
                     {International Conference on Learning Representations},\n  year = {2023}\n}",
        },
        devices: true,
    };
    type Params = Params;

    async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        Ok(match p.panel {
            "weight space" => Self::Space(space::Space::new(ctx, p).await?),
            "train it now" => Self::Live(live::Live::new(ctx, p).await?),
            "phases" => Self::Phases(phases::Phases::new(ctx).await?),
            "noise matrix" => Self::Noise(noise::Noise::new(ctx, p).await?),
            "linear attention" => Self::Attention(linear_panel::Attention::new(ctx, p).await?),
            "hand-built machine" => Self::Machine(machine_panel::MachinePanel::new(ctx.seed, p)),
            "probes" => Self::Probes(probe::Probes::chosen(ctx, p).await?),
            _ => Self::Prompt(prompt::Prompt::new(ctx, p).await?),
        })
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        let more = match self {
            Self::Prompt(_) => false,
            Self::Space(space) => space.step(),
            Self::Live(live) => return live.step(p).await,
            Self::Phases(phases) => phases.step().await?,
            Self::Noise(noise) => noise.step().await?,
            Self::Attention(attention) => return attention.step(p).await,
            Self::Machine(machine) => machine.step(p),
            Self::Probes(probes) => return probes.advance(),
        };
        Ok(if more { Progress::More } else { Progress::Done })
    }

    async fn refresh(&mut self, p: &Params) -> Result<()> {
        match self {
            Self::Prompt(prompt) => prompt.refresh(p).await,
            Self::Probes(probes) => probes.refresh().await,
            _ => Ok(()),
        }
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        match self {
            Self::Prompt(prompt) => prompt_figures::all(prompt),
            Self::Space(space) => space.figures(p),
            Self::Live(live) => live_figures::all(live, p),
            Self::Phases(phases) => phases.figures(),
            Self::Noise(noise) => noise.figures(),
            Self::Attention(attention) => attention.figures(),
            Self::Machine(machine) => machine.figures(p),
            Self::Probes(probes) => probe_figures::all(probes, p),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        match self {
            Self::Prompt(prompt) => prompt.metrics(),
            Self::Space(space) => space.metrics(),
            Self::Live(live) => live.metrics(),
            Self::Phases(phases) => phases.metrics(),
            Self::Noise(noise) => noise.metrics(),
            Self::Attention(attention) => attention.metrics(),
            Self::Machine(machine) => machine.metrics(),
            Self::Probes(probes) => probes.metrics(),
        }
    }

    fn poke(&mut self, poke: &Poke, _: &Params) -> Result<()> {
        match self {
            Self::Prompt(prompt) => prompt.poke(poke),
            Self::Machine(machine) => machine.poke(poke),
            _ => Err(Error::Poke {
                figure: poke.figure.clone(),
                kind: poke.kind.to_string(),
                reason: "this panel takes none".to_owned(),
            }),
        }
    }

    fn experiments() -> Vec<Experiment> {
        experiments::all()
    }

    fn cover() -> Cover {
        Cover::new("plane", 1)
    }

    fn claims() -> Vec<crate::claim::Claim> {
        claims::all()
    }

    fn shipped() -> Vec<Shipped> {
        shipped::all()
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        match self {
            Self::Live(live) => Ok(Some(Snapshot::new(live.snapshot().await?))),
            Self::Attention(attention) => Ok(Some(Snapshot::new(attention.snapshot().await?))),
            Self::Probes(probes) => Ok(Some(Snapshot::new(probes.snapshot().await?))),
            _ => Ok(None),
        }
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        match self {
            Self::Live(live) => saved.get().map_or(Ok(()), |saved| live.restore(saved)),
            Self::Attention(layer) => saved.get().map_or(Ok(()), |saved| layer.restore(saved)),
            Self::Probes(probes) => saved.get().map_or(Ok(()), |saved| probes.restore(saved)),
            _ => Ok(()),
        }
    }
}
