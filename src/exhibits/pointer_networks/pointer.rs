//! Attention as output (section 2.3): the softmax over the inputs *is* the distribution of the output.
//!
//! A net is an encoder, which gives every input a key, and a decoder, which asks a query at every
//! output step. Both nets of this exhibit share the pointer between them; [`Net`] is what differs.
//!
//! A *token* is how a point enters a net: `[x, y, 1, 0]`, and `[0, 0, 0, 1]` the start symbol, so that
//! a linear embedding with bias and learned start is one product with a `[4, hidden]` matrix.
use super::{
    geometry::Point,
    instances::{Kind, Order},
    ptr_net, seq2seq, set_attention,
    task::{Start, Task},
};
use crate::{
    engine::{Init, Var},
    models::{Weights, dense::project, loss::masked},
};

/// Numbers in a token.
pub const TOKEN: usize = 4;

/// Enters the decoder first, before anything has been pointed at.
pub const START: [f32; TOKEN] = [0.0, 0.0, 0.0, 1.0];

/// Which net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Self-attention encoder, decoder without recurrence: ours.
    SetAttention,
    /// The paper's recurrent encoder and decoder.
    PtrNet,
    /// Self-attention encoder, recurrent decoder: ours.
    Hybrid,
    /// An LSTM to the next, its outputs classes: a baseline of the paper, for one n.
    Seq2seq,
    /// The same with attention to the inputs: the other baseline.
    Attentive,
}

impl Architecture {
    /// All of them, those of the paper's Table 1 last.
    pub const ALL: [Self; 5] =
        [Self::SetAttention, Self::PtrNet, Self::Hybrid, Self::Seq2seq, Self::Attentive];

    /// Its name on the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::SetAttention => "set attention",
            Self::PtrNet => "LSTM Ptr-Net",
            Self::Hybrid => "set encoder, LSTM decoder",
            Self::Seq2seq => "LSTM",
            Self::Attentive => "LSTM + attention",
        }
    }

    /// That of this name, or the first.
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.name() == name).unwrap_or(Self::SetAttention)
    }

    /// Whether it sees its input as a set, without an order.
    pub fn is_set(self) -> bool {
        matches!(self, Self::SetAttention | Self::Hybrid)
    }

    /// Whether its outputs are classes, so that it answers for one number of points only.
    pub fn has_classes(self) -> bool {
        matches!(self, Self::Seq2seq | Self::Attentive)
    }
}

/// What a pointer computes from a key and a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scorer {
    /// vᵀ tanh(W₁ e + W₂ d), eq. 3.
    Additive,
    /// 10 tanh((W₁ e)·(W₂ d)/√hidden), as in Bello et al. 2016.
    ClippedDot,
}

/// A net: everything that decides its graph but for sizes of batch and input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Net {
    /// What it is to find.
    pub task: Task,
    /// Encoder and decoder.
    pub architecture: Architecture,
    /// Width of every hidden vector.
    pub hidden: usize,
    /// Blocks of a self-attention encoder.
    pub blocks: usize,
    /// The one number of points it answers for, if its outputs are classes; else 0.
    pub classes: usize,
    /// Form of the pointer.
    pub scorer: Scorer,
    /// Coordinates shifted and scaled to mean zero and variance one, instead of raw.
    pub standardised: bool,
    /// All weights uniform in ±0.08 as in section 4.1, instead of Glorot's.
    pub paper_init: bool,
    /// Order in which points are fed.
    pub order: Order,
    /// What follows in no valid answer is ruled out.
    pub mask: bool,
}

/// What an encoder leaves for the decoder.
pub struct Encoding<'g> {
    /// What stays as it is at every output, `[batch, .., hidden]` each: first, for a pointer, W₁ e for
    /// every input and for the stop symbol, which is the last: `[batch, n + 1, hidden]`.
    pub fixed: Vec<Var<'g>>,
    /// What the decoder carries from output to output, `[batch, hidden]` each.
    pub carry: Vec<Var<'g>>,
}

/// The outputs pointed at, as they enter the decoder: tokens `[steps, batch, 4]`, or, for nets that read
/// their own states of them, indices `[steps, batch, 1]`.
#[derive(Clone, Copy)]
pub struct Picked<'g> {
    /// At the first output.
    pub first: Var<'g>,
    /// At the output before.
    pub previous: Var<'g>,
}

impl Net {
    /// The instances this net is taught on.
    ///
    /// A self-attention encoder does not see the order of its input, so its answers go by place; the
    /// paper's go by index.
    pub fn kind(&self) -> Kind {
        let start = if self.architecture.is_set() { Start::Leftmost } else { Start::LowestIndex };
        Kind { task: self.task, order: self.order, start }
    }

    /// A point as it enters the net. Uniform coordinates have mean 1/2 and variance 1/12.
    pub fn token(&self, [x, y]: Point) -> [f32; TOKEN] {
        let scaled = |x: f32| if self.standardised { (x - 0.5) * SQRT_12 } else { x };
        [scaled(x), scaled(y), 1.0, 0.0]
    }

    /// How a weight starts: as told, or as the paper has it.
    pub fn init(&self, init: Init) -> Init {
        if self.paper_init { Init::Uniform(0.08) } else { init }
    }

    /// Embeds tokens: `[4, hidden]`, its rows for x, y, bias and start symbol.
    pub fn embedding<'g>(&self, w: &Weights<'g>) -> Var<'g> {
        let w = w.scope("embedding");
        let point = w.get("point", [2, self.hidden], self.init(Init::Glorot));
        // As large as the rest at first: were it zero, the first layer, which normalises, would see in
        // which direction from the centre of the square a point lies, but not how far.
        let bias = if self.architecture.is_set() { Init::Normal(0.5) } else { Init::Zeros };
        let bias = w.get("bias", [1, self.hidden], self.init(bias));
        let start = w.get("start", [1, self.hidden], self.init(Init::Glorot));
        Var::concat(&[point, bias, start], 0)
    }

    /// Encodes `tokens` `[batch, n, 4]`.
    pub fn encode<'g>(&self, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
        match self.architecture {
            Architecture::SetAttention | Architecture::Hybrid => {
                set_attention::encode(self, w, tokens)
            }
            Architecture::PtrNet => ptr_net::encode(self, w, tokens),
            Architecture::Seq2seq | Architecture::Attentive => seq2seq::encode(self, w, tokens),
        }
    }

    /// Scores `[steps, batch, n + 1]` of all choices after what was picked, minus infinity, as it were,
    /// where `allowed` of that shape is zero; and what is carried on.
    pub fn decode<'g>(
        &self,
        w: &Weights<'g>,
        encoding: &Encoding<'g>,
        picked: Picked<'g>,
        allowed: Var<'g>,
    ) -> (Var<'g>, Vec<Var<'g>>) {
        let (d, carry) = match self.architecture {
            Architecture::SetAttention => set_attention::decode(self, w, encoding, picked),
            Architecture::PtrNet | Architecture::Hybrid => {
                ptr_net::decode(self, w, encoding, picked.previous)
            }
            Architecture::Seq2seq => {
                return seq2seq::decode(self, w, encoding, picked.previous, allowed);
            }
            Architecture::Attentive => {
                return seq2seq::decode_with_attention(self, w, encoding, picked.previous, allowed);
            }
        };
        let queries = project(d, self.pointer_weight(w, "W2"));
        (masked(self.scores(w, encoding.fixed[0], queries), allowed), carry)
    }

    /// Whether the decoder reads what was first pointed at; a program has no input that nothing reads.
    pub fn reads_first(&self) -> bool {
        self.architecture == Architecture::SetAttention
    }

    /// Whether the decoder reads its encoder's states of what was pointed at, instead of its place.
    ///
    /// Where to go next on a tour depends on what lies around a city, which the states know.
    pub fn reads_states(&self) -> bool {
        self.architecture == Architecture::SetAttention && self.task == Task::Tsp
    }

    /// Numbers by which a picked point enters the decoder.
    pub fn picked_size(&self) -> usize {
        if self.reads_states() { 1 } else { TOKEN }
    }

    /// Point `j` as it enters the decoder; none is the start symbol.
    pub fn picked(&self, points: &[Point], j: Option<&usize>, into: &mut Vec<f32>) {
        if self.reads_states() {
            into.push(j.map_or(points.len(), |&j| j) as f32);
        } else {
            into.extend(j.map_or(START, |&j| self.token(points[j])));
        }
    }

    /// Sizes of what an encoder leaves for `n` points: rows of each of the fixed, and how many are carried.
    pub fn encoded(&self, n: usize) -> (Vec<usize>, usize) {
        match self.architecture {
            Architecture::SetAttention if self.reads_states() => (vec![n + 1, n + 1], 1),
            Architecture::SetAttention => (vec![n + 1], 1),
            Architecture::PtrNet | Architecture::Hybrid => (vec![n + 1], 2),
            Architecture::Seq2seq => (vec![], 2),
            Architecture::Attentive => (vec![n, n], 3),
        }
    }

    /// W₁ e for the encoder's states `e` `[.., hidden]`.
    pub fn keys<'g>(&self, w: &Weights<'g>, e: Var<'g>) -> Var<'g> {
        project(e, self.pointer_weight(w, "W1"))
    }

    /// W₁ or W₂, `[hidden, hidden]`.
    pub fn pointer_weight<'g>(&self, w: &Weights<'g>, name: &str) -> Var<'g> {
        // With full-sized weights the clipped product saturates before it has learned.
        let init = match self.scorer {
            Scorer::Additive => Init::Glorot,
            Scorer::ClippedDot => Init::GlorotScaled(0.5),
        };
        w.scope("pointer").get(name, [self.hidden, self.hidden], self.init(init))
    }

    /// The learned state e₀ that stands for "stop" beside the encoder's, for each of a batch:
    /// `[batch, hidden]`.
    pub fn stop_state<'g>(&self, w: &Weights<'g>, batch: usize) -> Var<'g> {
        let stop = w.scope("pointer").get("stop", [1, self.hidden], self.init(Init::Glorot));
        stop.broadcast_to([batch, self.hidden])
    }

    /// u of eq. 3 `[steps, batch, keys]` from `keys` `[batch, keys, hidden]` and `queries`
    /// `[steps, batch, hidden]`.
    pub fn scores<'g>(&self, w: &Weights<'g>, keys: Var<'g>, queries: Var<'g>) -> Var<'g> {
        let (batch, choices) = (keys.dim(0), keys.dim(1));
        let steps = queries.dim(0);
        match self.scorer {
            Scorer::Additive => {
                let v = w.scope("pointer").get("v", [self.hidden, 1], self.init(Init::Glorot));
                let keys = keys.reshape([1, batch, choices, self.hidden]);
                let queries = queries.reshape([steps, batch, 1, self.hidden]);
                let t = (keys + queries).tanh() * v.reshape([self.hidden]);
                t.sum(&[3]).reshape([steps, batch, choices])
            }
            Scorer::ClippedDot => {
                let scale = 1.0 / (self.hidden as f32).sqrt();
                let dot = queries.permute(&[1, 0, 2]).matmul(keys.transpose()) * scale;
                (CLIP * dot.tanh()).permute(&[1, 0, 2])
            }
        }
    }

    /// What may follow `outputs`, as ones and zeros: `n` points and "stop". Without the mask anything
    /// may, as in the paper.
    pub fn allowed(&self, points: &[Point], outputs: &[usize], row: &mut [f32]) {
        row.fill(1.0);
        if self.mask {
            self.task.rule_out(points, self.kind().start, outputs, row);
        }
    }
}

/// √12: one over the deviation of a uniform number.
const SQRT_12: f32 = 3.464_101_6;

/// Bound on the scores of the clipped pointer.
const CLIP: f32 = 10.0;
