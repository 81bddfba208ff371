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
//! Departs from the paper: widths of 32 to 128 for 512, lengths of 5 to 10 for 5 to 50, some thousand
//! batches for a million examples; Adam by default; coordinates are standardised and linearly embedded;
//! visited points are masked. *Set attention* is not from the paper: its encoder is permutation invariant,
//! its decoder has no recurrence, and its hulls start from the leftmost corner. Every one of these is a
//! control. Collinear and equal points are allowed: the exact hull leaves them out, and so must the net.
use crate::{
    engine::{self, DeviceKind},
    error::Result,
    exhibit::{Ctx, Exhibit, Experiment, Meta, Metric, Paper, Progress, Snapshot},
    figure::{Figure, Poke, Trace},
    models::losses,
    params,
    params::{choice, int, log_float, toggle},
};
use decode::Decoder;
use evaluate::{Quality, evaluate};
use instances::{Order, SETS};
use plane::Plane;
use pointer::{Architecture, Net, Scorer};
use std::rc::Rc;
use train::{Optimiser, Recipe, Trainer};

pub mod claims;
pub mod decode;
pub mod evaluate;
pub mod figures;
pub mod hull;
pub mod instances;
pub mod plane;
pub mod pointer;
pub mod ptr_net;
pub mod set_attention;
pub mod tables;
pub mod train;
#[cfg(test)]
mod tests;

params! {
    /// The net: ours reads the points as a set, the paper's reads them one after another.
    model: &'static str = choice(&["set attention", "LSTM Ptr-Net"]).group("net");
    /// Width of every hidden vector, rounded down to a multiple of four.
    hidden: usize = int(32, 16..=128).group("net");
    /// How a key and a query become a score.
    pointer: &'static str = choice(&["additive", "clipped dot"]).group("net");
    /// Coordinates with mean zero and variance one, or as they are.
    inputs: &'static str = choice(&["standardised", "raw"]).group("net");
    /// Order in which the points are fed; only a recurrent net can tell.
    order: &'static str = choice(&["random", "by x", "by angle"]).group("net");
    /// Rule out points already visited, and a stop before two points.
    mask: bool = toggle(true).group("net");
    /// Adam, or the paper's plain gradient descent from weights uniform in ±0.08.
    optimiser: &'static str = choice(&["Adam", "paper's SGD"]).group("training");
    /// Step size; Adam's falls to a twentieth over the planned steps.
    rate: f32 = log_float(3e-3, 1e-4..=1.0).live().label("learning rate").group("training");
    /// Instances a step.
    batch: usize = int(128, 8..=256).group("training");
    /// Fewest points of a training instance.
    least: usize = int(5, 3..=50).label("fewest points").group("training");
    /// Most points of a training instance, and no fewer than the fewest.
    most: usize = int(10, 3..=50).label("most points").group("training");
    /// After so many steps training ends.
    steps: usize = int(800, 50..=5000).label("planned steps").group("training");
    /// Where your points start from.
    points: &'static str = choice(SETS).live().group("plane");
    /// How many they are before you add or remove any.
    shown: usize = int(10, 3..=100).live().label("number of points").group("plane");
    /// Answers kept side by side while decoding; 1 is greedy.
    beam: usize = int(1, 1..=16).live().label("beam width").group("plane");
    /// Output step to stop at and show the probabilities of; 0 is the whole answer.
    output: usize = int(0, 0..=30).live().label("output step").group("plane");
}

/// Lengths that are evaluated while training.
const LENGTHS: [usize; 3] = [5, 7, 10];

/// Instances of each of these.
const SAMPLE: usize = 200;

/// Lengths beyond training, as multiples of the longest trained on.
const BEYOND: [f32; 5] = [1.0, 1.5, 2.0, 3.0, 5.0];

/// Instances of each of these.
const BEYOND_SAMPLE: usize = 50;

/// Training steps from one evaluation to the next.
const EVALUATE_EVERY: usize = 25;

const _: () = assert!(EVALUATE_EVERY <= losses::KEPT, "no loss is lost between two evaluations");

/// A net on its way to convex hulls.
pub struct PointerNetworks {
    seed: u64,
    on_gpu: bool,
    trainer: Trainer,
    /// On the CPU, with the weights of the copy.
    decoder: Decoder,
    /// What was last read back, to be read once however often it is asked for.
    copy: Option<Rc<engine::Snapshot>>,
    plane: Plane,
    history: History,
}

/// What has been measured so far.
#[derive(Clone)]
pub struct History {
    /// Columns step, loss.
    losses: Trace,
    /// Steps whose losses are among them.
    told: usize,
    /// Columns step, and exact, simple, area for each of `LENGTHS`.
    quality: Trace,
    /// The newest at each of `LENGTHS`.
    newest: Vec<Quality>,
    /// The newest at each multiple of `BEYOND`.
    beyond: Vec<Quality>,
}

/// The trained state, and the history.
struct Saved(Rc<engine::Snapshot>, History);

impl Params {
    fn net(&self) -> Net {
        Net {
            architecture: match self.model {
                "LSTM Ptr-Net" => Architecture::Lstm,
                _ => Architecture::SetAttention,
            },
            hidden: self.hidden / 4 * 4,
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

    fn recipe(&self) -> Recipe {
        Recipe {
            batch: self.batch,
            least: self.least,
            most: self.most.max(self.least),
            optimiser: match self.optimiser {
                "paper's SGD" => Optimiser::Sgd,
                _ => Optimiser::Adam,
            },
            steps: self.steps,
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
        claim: "Attention can be the output itself: one set of weights points out the convex hull of \
                any number of points.",
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
        Ok(Self {
            seed: ctx.seed,
            on_gpu: ctx.device.kind() == DeviceKind::Gpu,
            trainer: Trainer::new(&ctx.device, p.net(), p.recipe(), ctx.seed)?,
            decoder: Decoder::new(p.net(), ctx.seed)?,
            copy: None,
            plane: Plane::new(ctx.seed, p.points, p.shown),
            history: History {
                losses: Trace::new(&["step", "loss"]).rows_at_most(1000),
                told: 0,
                quality: Trace::new(QUALITY).rows_at_most(500),
                newest: vec![],
                beyond: vec![],
            },
        })
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        self.trainer.step(p.rate)?;
        let step = self.trainer.step;
        let due = step.is_multiple_of(EVALUATE_EVERY);
        if !self.on_gpu {
            self.history.tell(step, self.trainer.loss().await?);
        } else if due {
            // Reading means waiting: what a GPU finds is read before a drawing and here, never between.
            self.load().await?;
        }
        let known = due || !self.on_gpu;
        if known && !self.history.losses.last("loss").is_some_and(f32::is_finite) {
            return Ok(Progress::Diverged);
        }
        if due {
            self.evaluate().await?;
        }
        Ok(if step < p.steps { Progress::More } else { Progress::Done })
    }

    async fn refresh(&mut self, p: &Params) -> Result<()> {
        self.load().await?;
        self.plane.show(p.points, p.shown);
        self.plane.answer(&self.trainer.net, &mut self.decoder, p.beam).await
    }

    fn figures(&mut self, p: &Params) -> Vec<Figure> {
        figures::all(self, p)
    }

    fn metrics(&self) -> Vec<Metric> {
        let newest = |n| self.history.newest.iter().find(|q| q.n == n);
        let percent = |name, label, value: Option<f32>| {
            Metric::new(name, label, 100.0 * value.unwrap_or(f32::NAN)).unit("%")
        };
        vec![
            Metric::new("loss", "Loss", self.history.losses.last("loss").unwrap_or(f32::NAN)),
            percent("exact_5", "Exact at n = 5", newest(5).map(|q| q.exact)),
            percent("exact_10", "Exact at n = 10", newest(10).map(|q| q.exact)),
            percent("area_10", "Area at n = 10", newest(10).map(|q| q.area)),
            Metric::new("weights", "Weights", self.decoder.weights() as f64),
        ]
    }

    fn poke(&mut self, poke: &Poke, _: &Params) -> Result<()> {
        self.plane.poke(poke)
    }

    fn experiments() -> Vec<Experiment> {
        claims::experiments()
    }

    fn claims() -> Vec<crate::claim::Claim> {
        claims::all()
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        let state = match &self.copy {
            Some(copy) if self.is_fresh(copy) => copy.clone(),
            _ => Rc::new(self.trainer.snapshot().await?),
        };
        Ok(Some(Snapshot::new(Saved(state, self.history.clone()))))
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        if let Some(Saved(state, history)) = saved.get() {
            self.trainer.restore(state)?;
            (self.history, self.copy) = (history.clone(), None);
        }
        Ok(())
    }
}

/// Columns of the history of quality.
const QUALITY: &[&str] = &[
    "step",
    "exact 5",
    "simple 5",
    "area 5",
    "exact 7",
    "simple 7",
    "area 7",
    "exact 10",
    "simple 10",
    "area 10",
];

impl History {
    /// Adds the loss of a step, unless it is there.
    fn tell(&mut self, step: usize, loss: f32) {
        if step > self.told {
            self.losses.push(&[step as f32, loss]);
            self.told = step;
        }
    }
}

impl PointerNetworks {
    /// Brings the decoder's weights and the losses up to date. Before the first step they are: weights
    /// begin the same on every device, and a GPU may still be making its pipelines.
    async fn load(&mut self) -> Result<()> {
        if self.trainer.step > 0 && !self.copy.as_ref().is_some_and(|copy| self.is_fresh(copy)) {
            let copy = Rc::new(self.trainer.snapshot().await?);
            self.decoder.load(&copy)?;
            losses::last(&copy).for_each(|(step, loss)| self.history.tell(step, loss));
            self.copy = Some(copy);
        }
        Ok(())
    }

    /// Whether a copy is of the present step.
    fn is_fresh(&self, copy: &engine::Snapshot) -> bool {
        copy.step as usize == self.trainer.step
    }

    /// Measures at each of `LENGTHS`, and at the next of the lengths beyond.
    async fn evaluate(&mut self) -> Result<()> {
        self.load().await?;
        let (net, step) = (self.trainer.net, self.trainer.step);
        self.history.newest.clear();
        for n in LENGTHS {
            let quality = evaluate(&net, &mut self.decoder, (n, SAMPLE), self.seed).await?;
            self.history.newest.push(quality);
        }
        let row = self.history.newest.iter().flat_map(|q| [q.exact, q.simple, q.area]);
        let row: Vec<f32> = [step as f32].into_iter().chain(row).collect();
        self.history.quality.push(&row);
        let turn = BEYOND[step / EVALUATE_EVERY % BEYOND.len()];
        let n = (turn * self.trainer.recipe.most as f32) as usize;
        let quality = evaluate(&net, &mut self.decoder, (n, BEYOND_SAMPLE), self.seed).await?;
        let beyond = &mut self.history.beyond;
        beyond.retain(|q| q.n != n);
        beyond.insert(beyond.partition_point(|q| q.n < n), quality);
        Ok(())
    }
}
