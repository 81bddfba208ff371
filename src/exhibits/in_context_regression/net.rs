//! The transformer, and the two ways to write a prompt as tokens.
//!
//! Both give, in one pass, the prediction of every $y_i$ from the $i$ pairs before it and $x_i$.
//! *Alternating* is the paper's (section 3, App. D): $[0, x_1], [y_1, 0], [0, x_2], \dots$ under a causal
//! mask, with trained positions. *Dual* is ours: a context token $[x_i, y_i, 0]$ and a query token
//! $[x_i, 0, 1]$ for every pair; a context sees the contexts up to its own, a query those before its own,
//! and itself. It needs no positions, so it reads the contexts as a set, and has no copying to learn.
use crate::{
    engine::{Graph, Init, Var},
    models::{
        Weights,
        activation::gelu,
        attention::{causal, self_attention},
        dense::linear,
        norm::rms_norm,
    },
};

/// How a prompt becomes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Ours: contexts and queries.
    Dual,
    /// The paper's: x and y in turn.
    Alternating,
}

/// A transformer that reads prompts of up to `most` pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// Numbers in an x.
    pub d: usize,
    /// Pairs of a training prompt.
    pub most: usize,
    /// Blocks.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Attention heads a block.
    pub heads: usize,
    /// Width inside the feed-forward part.
    pub feed: usize,
    /// How a prompt becomes tokens.
    pub layout: Layout,
}

impl Net {
    /// A dual net whose feed-forward part is twice as wide as its stream.
    pub const fn dual(d: usize, most: usize, layers: usize, hidden: usize) -> Self {
        Self { d, most, layers, hidden, heads: 4, feed: 2 * hidden, layout: Layout::Dual }
    }

    /// Predictions `[batch, most]` of each y from the pairs before it; `x` `[batch, most, d]`, `y`
    /// `[batch, most]`.
    #[track_caller]
    pub fn predict<'g>(&self, w: &Weights<'g>, x: Var<'g>, y: Var<'g>) -> Var<'g> {
        self.streams(w, x, y).1
    }

    /// The residual stream after the embedding and after every block, each `[batch, tokens, hidden]`, and
    /// the predictions as of [`Self::predict`].
    #[track_caller]
    pub fn streams<'g>(&self, w: &Weights<'g>, x: Var<'g>, y: Var<'g>) -> (Vec<Var<'g>>, Var<'g>) {
        let (batch, n) = (x.dim(0), x.dim(1));
        let g = w.graph();
        let y = y.reshape([batch, n, 1]);
        match self.layout {
            Layout::Dual => {
                let (zeros, ones) =
                    (g.zeros([batch, n, 1]), g.scalar(1.0).broadcast_to([batch, n, 1]));
                let contexts = Var::concat(&[x, y, zeros], 2);
                let queries = Var::concat(&[x, zeros, ones], 2);
                let tokens = Var::concat(&[contexts, queries], 1);
                let streams =
                    self.blocks(w, linear(w, "embed", tokens, self.hidden), dual_mask(g, n));
                let last = streams[self.layers].slice(1, n..2 * n);
                (streams, head(w, last).reshape([batch, n]))
            }
            Layout::Alternating => {
                let xs = Var::concat(&[g.zeros([batch, n, 1]), x], 2);
                let ys = Var::concat(&[y, g.zeros([batch, n, self.d])], 2);
                let tokens = Var::concat(&[xs, ys], 2).reshape([batch, 2 * n, self.d + 1]);
                let places = w.get("places", [2 * self.most, self.hidden], Init::Normal(0.1));
                let tokens = linear(w, "embed", tokens, self.hidden) + places.slice(0, 0..2 * n);
                let streams = self.blocks(w, tokens, causal(w, 2 * n));
                let pairs = streams[self.layers].reshape([batch, n, 2, self.hidden]);
                let last = pairs.slice(2, 0..1).reshape([batch, n, self.hidden]);
                (streams, head(w, last).reshape([batch, n]))
            }
        }
    }

    /// Answers `[batch, q]` of a dual net to queries `[batch, q, d]` about a context of pairs `x`
    /// `[batch, c, d]`, `y` `[batch, c]`, of which those count where `present` `[c]` is one.
    #[track_caller]
    pub fn answer<'g>(
        &self,
        w: &Weights<'g>,
        (x, y, present): (Var<'g>, Var<'g>, Var<'g>),
        queries: Var<'g>,
    ) -> Var<'g> {
        let (batch, c, q) = (x.dim(0), x.dim(1), queries.dim(1));
        let g = w.graph();
        let contexts = Var::concat(&[x, y.reshape([batch, c, 1]), g.zeros([batch, c, 1])], 2);
        let ones = g.scalar(1.0).broadcast_to([batch, q, 1]);
        let queries = Var::concat(&[queries, g.zeros([batch, q, 1]), ones], 2);
        let tokens = Var::concat(&[contexts, queries], 1);
        let t = c + q;
        let (row, column) = (g.iota([t, t], 0), g.iota([t, t], 1));
        let present = present.reshape([1, c]).pad(1, 0, q);
        // A context sees the contexts up to its own, a query all of them and itself.
        let earlier = present * (1.0 - row.less(column));
        let allowed = earlier.maximum(row.equal(column));
        let streams = self.blocks(w, linear(w, "embed", tokens, self.hidden), allowed);
        head(w, streams[self.layers].slice(1, c..t)).reshape([batch, q])
    }

    /// The stream before the first block and after every one.
    #[track_caller]
    fn blocks<'g>(&self, w: &Weights<'g>, x: Var<'g>, allowed: Var<'g>) -> Vec<Var<'g>> {
        let mut streams = vec![x];
        let mut x = x;
        for layer in 0..self.layers {
            let w = w.scope(&format!("block{layer}"));
            let read = rms_norm(&w, "norm1", x);
            x = x + self_attention(&w, "attention", read, self.heads, Some(allowed));
            let read = rms_norm(&w, "norm2", x);
            x = x + linear(&w, "down", gelu(linear(&w, "up", read, self.feed)), self.hidden);
            streams.push(x);
        }
        streams
    }
}

/// From the last stream to a number.
#[track_caller]
fn head<'g>(w: &Weights<'g>, x: Var<'g>) -> Var<'g> {
    linear(w, "head", rms_norm(w, "norm", x), 1)
}

/// Which of `n` contexts and `n` queries sees which: `[2n, 2n]`.
fn dual_mask(g: &Graph, n: usize) -> Var<'_> {
    let mut mask = vec![0.0; 4 * n * n];
    for i in 0..n {
        for j in 0..n {
            mask[i * 2 * n + j] = if j <= i { 1.0 } else { 0.0 };
            mask[(n + i) * 2 * n + j] = if j < i { 1.0 } else { 0.0 };
        }
        mask[(n + i) * 2 * n + n + i] = 1.0;
    }
    g.constant(&mask, [2 * n, 2 * n])
}
