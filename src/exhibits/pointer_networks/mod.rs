//! Pointer networks: a net whose output *is* its attention, taught convex hulls from examples.
//!
//! Vinyals, Fortunato & Jaitly 2015, "Pointer Networks", arXiv:1506.03134.
//!
//! A network reads points $P_1 \dots P_n$ and must name, in order, those on the hull. An ordinary network
//! would need one output class a point, hence one model for every $n$. A pointer network scores the
//! *inputs* instead (eq. 3):
//!
//! $$u^i_j = v^\top \tanh(W_1 e_j + W_2 d_i), \qquad p(C_i = j \mid C_{<i}, P) = \mathrm{softmax}_j(u^i)$$
//!
//! where $e_j$ is the encoder's state at point $j$ and $d_i$ the decoder's at output step $i$. The softmax
//! runs over however many points there are, so one set of weights serves every $n$. A learned $e_0$ beside
//! the points stands for "stop". Training maximises $\sum_i \ln p(C_i \mid C_{<i}, P)$ on random points
//! whose hull is computed exactly; nothing in the network knows geometry.
//!
//! Claim: from examples alone it finds most hulls exactly and nearly all of their area, also for more points
//! than it was trained on.
//!
//! | paper | code | shape | meaning |
//! |-------|------|-------|---------|
//! | $P$ | `tokens` | `[batch, n, 4]` | the points: x, y, 1, and 1 for the start symbol alone |
//! | $e_j$ | `keys` (times $W_1$) | `[batch, n + 1, hidden]` | encoder states, "stop" last |
//! | $d_i$ | `queries` (times $W_2$) | `[steps, batch, hidden]` | decoder states |
//! | $u^i_j$ | `logits` | `[steps, batch, n + 1]` | scores, their softmax is the output |
//! | $C_i$ | `outputs` | `[steps]` | the point chosen at step $i$ |
//!
//! The same net, taught otherwise, lists the triangles of the Delaunay triangulation, three outputs each, or
//! the cities of a tour (sections 3.2 and 3.3).
//!
//! Departs from the paper: widths of 32 to 128 for 256 or 512, lengths of up to 30 for 50, some thousand
//! batches for a million examples; Adam by default; coordinates are standardised and linearly embedded; what
//! can follow in no valid answer is masked, but for the shipped recurrent net of tours, which is trained
//! without. *Set attention* is not from the paper: its encoder is permutation invariant, its decoder has no
//! recurrence, and its answers start from the leftmost point; with a recurrent decoder the same encoder
//! serves triangulations. Every one of these is a control. Collinear and equal points are allowed: the exact
//! hull leaves them out, and so must the net. A1 to A3 are stand-ins that fit the paper's few words on them.
use crate::{
    error::{Error, Result},
    exhibit::{Cover, Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress, Shipped, Snapshot},
    figure::{Figure, Poke},
    params,
    params::{choice, int, log_float, table, toggle},
};
use instances::{Order, SETS};
use pointer::{Architecture, Net, Scorer};
use task::Task;
use tours::Heuristic;
use train::{Optimiser, Recipe};

pub mod beyond;
pub mod claims;
pub mod decode;
pub mod delaunay;
pub mod evaluate;
mod experiments;
pub mod geometry;
pub mod hull;
pub mod instances;
pub mod lab;
pub mod lane;
pub mod plane;
pub mod play;
pub mod points;
pub mod pointer;
pub mod ptr_net;
pub mod scratch;
mod scratch_figures;
pub mod seq2seq;
pub mod set_attention;
pub mod shipped;
pub mod survey;
pub mod table_claims;
pub mod tables;
pub mod task;
pub mod tours;
pub mod train;
pub mod tsp;
pub mod view;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

params! {
    /// What to look at.
    panel: &'static str = choice(&["train your own", "a trained net", "beyond training", "tours", "tables"]).tabs();
    /// Which of the nets that ship with the page.
    net: &'static str = choice(shipped::NAMES).on(&["a trained net", "beyond training"]);
    /// What the net is to find.
    task: &'static str = choice(&["convex hull", "Delaunay", "travelling salesman"]).on(&["train your own"]);
    /// The net: ours read the points as a set, the paper's read them one after another; the last two answer for one number of points, the most.
    model: &'static str = choice(&["set attention", "LSTM Ptr-Net", "set encoder, LSTM decoder", "LSTM", "LSTM + attention"]).group("net").on(&["train your own"]);
    /// A second net, trained on the same tasks with the same settings and shown beside the first.
    beside: &'static str = choice(&["none", "set attention", "LSTM Ptr-Net", "set encoder, LSTM decoder"]).label("net beside it").group("net").on(&["train your own"]);
    /// Width of every hidden vector, rounded down to a multiple of four.
    hidden: usize = int(32, 16..=128).group("net").on(&["train your own"]);
    /// How a key and a query become a score.
    pointer: &'static str = choice(&["additive", "clipped dot"]).group("net").on(&["train your own"]);
    /// Coordinates with mean zero and variance one, or as they are.
    inputs: &'static str = choice(&["standardised", "raw"]).group("net").on(&["train your own"]);
    /// Order in which the points are fed; only a recurrent net can tell.
    order: &'static str = choice(&["random", "by x", "by angle"]).group("net").on(&["train your own"]);
    /// Rule out what can follow in no valid answer: points already visited, a stop too early.
    mask: bool = toggle(true).group("net").on(&["train your own"]);
    /// Adam, or the paper's plain gradient descent from weights uniform in ±0.08.
    optimiser: &'static str = choice(&["Adam", "paper's SGD"]).group("training").on(&["train your own"]);
    /// Step size; Adam's falls to a twentieth over the planned steps.
    rate: f32 = log_float(3e-3, 1e-4..=1.0).live().label("learning rate").group("training").on(&["train your own"]);
    /// Instances a step.
    batch: usize = int(128, 8..=256).group("training").on(&["train your own"]);
    /// Fewest points of a training instance.
    least: usize = int(5, 3..=50).label("fewest points").group("training").on(&["train your own"]);
    /// Most points of a training instance, and no fewer than the fewest.
    most: usize = int(10, 3..=50).label("most points").group("training").on(&["train your own"]);
    /// After so many steps training ends.
    steps: usize = int(800, 50..=5000).label("planned steps").group("training").on(&["train your own"]);
    /// Whose tours are taught: the best known, or a weak heuristic's, which the net may surpass.
    teacher: &'static str = choice(&["best known", "nearest neighbour", "greedy edge (A1)", "NN + 2-opt (A2)", "Christofides (A3)"]).label("teacher of tours").group("training").on(&["train your own"]);
    /// Training step whose weights answer; past the newest it follows the training.
    look: usize = int(5000, 0..=5000).live().label("look back to step").group("plane").on(&["train your own"]);
    /// Where your points start from.
    points: &'static str = choice(SETS).live().group("plane").on(&["a trained net", "train your own"]);
    /// How many they are before you add or remove any.
    shown: usize = int(10, 3..=500).live().label("number of points").group("plane").on(&["a trained net", "train your own"]);
    /// Your own points instead, one a row: type, paste or upload x and y.
    table: String = table(points::EXAMPLE, points::MOST_CHARACTERS, points::check).live().label("points as CSV").group("plane").on(&["a trained net", "train your own"]);
    /// Answers kept side by side while decoding; 1 is greedy.
    beam: usize = int(1, 1..=16).live().label("beam width").group("plane").on(&["a trained net", "train your own"]);
    /// Output step to stop at and show the probabilities of; 0 follows the run, and before and after it shows the whole answer.
    output: usize = int(0, 0..=100).live().label("output step").group("plane").on(&["a trained net", "train your own"]);
    /// Whose tours are raced.
    tour_net: &'static str = choice(&["set attention", "Ptr-Net"]).label("net").on(&["tours"]);
    /// Cities of an instance; up to twelve the optimum is exact.
    cities: usize = int(10, 5..=50).on(&["tours"]);
    /// Tours drawn by the net's own probabilities, of which the shortest counts.
    samples: usize = int(16, 1..=64).on(&["tours"]);
    /// Only decode valid tours; without it the net may miss a city or visit one twice. Set attention was trained with the constraint and has never learned to do without.
    constraint: bool = toggle(true).label("only valid tours").on(&["tours"]);
    /// Instances a length of up to 50 points; of longer ones fewer.
    instances: usize = int(50, 5..=1000).on(&["beyond training", "tables"]);
}

/// One of the panels.
pub enum PointerNetworks {
    /// A net that ships.
    Play(Box<play::Play>),
    /// A net in training.
    Scratch(Box<scratch::Scratch>),
    /// By number of points.
    Beyond(beyond::Beyond),
    /// Tours by all means.
    Lab(Box<lab::Lab>),
    /// The paper's tables.
    Tables(tables::Tables),
}

impl Params {
    /// The net to train.
    fn scratch(&self) -> Net {
        self.net_of(Architecture::of(self.model))
    }

    /// Such a net with the same settings.
    fn net_of(&self, architecture: Architecture) -> Net {
        Net {
            task: Task::of(self.task),
            architecture,
            hidden: self.hidden / 4 * 4,
            blocks: 2,
            classes: if architecture.has_classes() { self.recipe().most } else { 0 },
            scorer: match self.pointer {
                "clipped dot" => Scorer::ClippedDot,
                _ => Scorer::Additive,
            },
            standardised: self.inputs == "standardised",
            paper_init: self.optimiser == "paper's SGD",
            order: Order::of(self.order),
            mask: self.mask,
        }
    }

    /// Where the points of the plane start from.
    fn set(&self) -> plane::Set {
        plane::Set { name: self.points, count: self.shown, table: self.table.clone() }
    }

    fn recipe(&self) -> Recipe {
        let most = self.most.max(self.least);
        Recipe {
            batch: self.batch,
            least: if Architecture::of(self.model).has_classes() { most } else { self.least },
            most,
            optimiser: match self.optimiser {
                "paper's SGD" => Optimiser::Sgd,
                _ => Optimiser::Adam,
            },
            steps: self.steps,
            teacher: Heuristic::ALL.into_iter().find(|teacher| teacher.name() == self.teacher),
        }
    }
}

impl Exhibit for PointerNetworks {
    const META: Meta = Meta {
        id: "pointer_networks",
        title: "Pointer networks",
        family: "Sequence models",
        hook: "Press play: an arrow learns to hop from point to point and fence them in, with no hull \
               algorithm anywhere. Drag a point and watch it change its mind.",
        claim: "Attention can be the output itself: one set of weights points out the hull, the \
                triangles or the tour of any number of points.",
        paper: Paper {
            title: "Pointer Networks",
            authors: "Oriol Vinyals, Meire Fortunato, Navdeep Jaitly",
            year: 2015,
            venue: "Advances in Neural Information Processing Systems 28",
            url: "https://arxiv.org/abs/1506.03134",
            bibtex: "@inproceedings{vinyals2015pointer,\n  title = {Pointer Networks},\n  author = \
                     {Vinyals, Oriol and Fortunato, Meire and Jaitly, Navdeep},\n  booktitle = \
                     {Advances in Neural Information Processing Systems},\n  volume = {28},\n  year = \
                     {2015}\n}",
        },
        devices: true,
    };
    type Params = Params;

    async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        Ok(match p.panel {
            "a trained net" => Self::Play(Box::new(play::Play::new(ctx, p).await?)),
            "beyond training" => Self::Beyond(beyond::Beyond::new(ctx, p)),
            "tours" => Self::Lab(Box::new(lab::Lab::new(ctx, p).await?)),
            "tables" => Self::Tables(tables::Tables::new(ctx, p)),
            _ => Self::Scratch(Box::new(scratch::Scratch::new(ctx, p)?)),
        })
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        match self {
            Self::Play(play) => play.step(p).await,
            Self::Scratch(scratch) => scratch.step(p).await,
            Self::Beyond(beyond) => beyond.step().await,
            Self::Lab(lab) => lab.step().await,
            Self::Tables(tables) => tables.step().await,
        }
    }

    async fn refresh(&mut self, p: &Params) -> Result<()> {
        match self {
            Self::Play(play) => play.refresh(p).await,
            Self::Scratch(scratch) => scratch.refresh(p).await,
            Self::Beyond(_) | Self::Lab(_) | Self::Tables(_) => Ok(()),
        }
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        match self {
            Self::Play(play) => play.figures(p),
            Self::Scratch(scratch) => scratch.figures(p),
            Self::Beyond(beyond) => beyond.figures(),
            Self::Lab(lab) => lab.figures(),
            Self::Tables(tables) => tables.figures(),
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        match self {
            Self::Play(play) => play.metrics(),
            Self::Scratch(scratch) => scratch.metrics(),
            Self::Beyond(beyond) => beyond.metrics(),
            Self::Lab(lab) => lab.metrics(),
            Self::Tables(tables) => tables.metrics(),
        }
    }

    fn poke(&mut self, poke: &Poke, _: &Params) -> Result<()> {
        match self {
            Self::Play(play) => play.poke(poke),
            Self::Scratch(scratch) => scratch.poke(poke),
            Self::Lab(lab) => lab.poke(poke),
            Self::Beyond(_) | Self::Tables(_) => Err(Error::Poke {
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
        Cover::new("plane", 40).set("panel", "a trained net")
    }

    fn claims() -> Vec<crate::claim::Claim> {
        claims::all()
    }

    fn shipped() -> Vec<Shipped> {
        shipped::all()
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        match self {
            Self::Scratch(scratch) => Ok(Some(scratch.snapshot().await?)),
            _ => Ok(None),
        }
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        match self {
            Self::Scratch(scratch) => scratch.restore(saved),
            _ => Ok(()),
        }
    }
}
