//! Attention as output (section 2.3): the softmax over the inputs *is* the distribution of the output.
//!
//! A net is an encoder, which gives every input a key, and a decoder, which asks a query at every
//! output step. Both nets of this exhibit share the pointer between them; [`Net`] is what differs.
//!
//! A *token* is how a point enters a net: `[x, y, 1, 0]`, and `[0, 0, 0, 1]` the start symbol, so that
//! a linear embedding with bias and learned start is one product with a `[4, hidden]` matrix.
use super::{
    hull::{Point, Start},
    instances::{Kind, Order},
    ptr_net, set_attention,
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
    Lstm,
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
    /// Encoder and decoder.
    pub architecture: Architecture,
    /// Width of every hidden vector.
    pub hidden: usize,
    /// Form of the pointer.
    pub scorer: Scorer,
    /// Coordinates shifted and scaled to mean zero and variance one, instead of raw.
    pub standardised: bool,
    /// All weights uniform in ±0.08 as in section 4.1, instead of Glorot's.
    pub paper_init: bool,
    /// Order in which points are fed.
    pub order: Order,
    /// Visited points and an early stop are ruled out.
    pub mask: bool,
}

/// What an encoder leaves for the decoder.
pub struct Encoding<'g> {
    /// W₁ e for every input and for the stop symbol, which is the last: `[batch, n + 1, hidden]`.
    pub keys: Var<'g>,
    /// What the decoder carries from step to step.
    pub carry: Vec<Var<'g>>,
}

impl Net {
    /// The instances this net is taught on.
    ///
    /// The attention encoder does not see the order of its input, so its answers start from the leftmost
    /// corner; the paper's start from that with the lowest index.
    pub fn kind(&self) -> Kind {
        let start = match self.architecture {
            Architecture::SetAttention => Start::Leftmost,
            Architecture::Lstm => Start::LowestIndex,
        };
        Kind { order: self.order, start }
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
        let bias = match self.architecture {
            // As large as the rest at first: were it zero, the first layer, which normalises, would see in
            // which direction from the centre of the square a point lies, but not how far.
            Architecture::SetAttention => Init::Normal(0.5),
            Architecture::Lstm => Init::Zeros,
        };
        let bias = w.get("bias", [1, self.hidden], self.init(bias));
        let start = w.get("start", [1, self.hidden], self.init(Init::Glorot));
        Var::concat(&[point, bias, start], 0)
    }

    /// Encodes `tokens` `[batch, n, 4]`.
    pub fn encode<'g>(&self, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
        match self.architecture {
            Architecture::SetAttention => set_attention::encode(self, w, tokens),
            Architecture::Lstm => ptr_net::encode(self, w, tokens),
        }
    }

    /// Queries W₂ d `[steps, batch, hidden]` for the tokens pointed at `first` and `previous`ly,
    /// both `[steps, batch, 4]`, and what is carried on.
    pub fn decode<'g>(
        &self,
        w: &Weights<'g>,
        carry: &[Var<'g>],
        (first, previous): (Var<'g>, Var<'g>),
    ) -> (Var<'g>, Vec<Var<'g>>) {
        let (d, carry) = match self.architecture {
            Architecture::SetAttention => set_attention::decode(self, w, carry, first, previous),
            Architecture::Lstm => ptr_net::decode(self, w, carry, previous),
        };
        (project(d, self.pointer_weight(w, "W2")), carry)
    }

    /// Whether the decoder reads the first token; a program has no input that nothing reads.
    pub fn reads_first(&self) -> bool {
        self.architecture == Architecture::SetAttention
    }

    /// W₁ e for the encoder's states `e` `[.., hidden]`.
    pub fn keys<'g>(&self, w: &Weights<'g>, e: Var<'g>) -> Var<'g> {
        project(e, self.pointer_weight(w, "W1"))
    }

    fn pointer_weight<'g>(&self, w: &Weights<'g>, name: &str) -> Var<'g> {
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

    /// u of eq. 3 `[steps, batch, n + 1]` from `keys` `[batch, n + 1, hidden]` and `queries`
    /// `[steps, batch, hidden]`; minus infinity, as it were, where `allowed` is zero.
    pub fn point<'g>(
        &self,
        w: &Weights<'g>,
        (keys, queries): (Var<'g>, Var<'g>),
        allowed: Var<'g>,
    ) -> Var<'g> {
        let (batch, choices) = (keys.dim(0), keys.dim(1));
        let steps = queries.dim(0);
        let scores = match self.scorer {
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
        };
        masked(scores, allowed)
    }

    /// Whether choice `j` of `n + 1` may come after the outputs so far, as ones and zeros.
    ///
    /// With the mask no point comes twice, and "stop" not before two points. Without it anything
    /// may come, as in the paper.
    pub fn allowed(&self, n: usize, outputs: &[usize], row: &mut [f32]) {
        row.fill(1.0);
        if self.mask {
            for &j in outputs {
                row[j] = 0.0;
            }
            row[n] = if outputs.len() < 2 { 0.0 } else { 1.0 };
        }
    }
}

/// √12: one over the deviation of a uniform number.
const SQRT_12: f32 = 3.464_101_6;

/// Bound on the scores of the clipped pointer.
const CLIP: f32 = 10.0;
