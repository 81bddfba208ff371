//! The pointer over a set, ours after Kool et al. 2019: blocks of self-attention for an encoder, and a
//! decoder that remembers nothing but where it started and where it is.
//!
//! It does not see the order of its input. At equal size it learns hulls several times faster than
//! the recurrent net, and falls apart farther from the lengths it was trained on. Where a decoder must
//! remember what it has named, as the triangles of a triangulation, the same encoder has the paper's
//! recurrent decoder.
use super::pointer::{Architecture, Encoding, Net, Picked};
use crate::{
    engine::{Init, Var},
    models::{
        Weights,
        activation::one_hot,
        attention::self_attention,
        dense::{linear, linear_no_bias, project},
        norm::{rms, rms_norm},
    },
};

/// Heads of each attention.
const HEADS: usize = 4;

/// Contexts h of the points `[batch, n, hidden]`, their keys with "stop" as the last, and their mean.
pub fn encode<'g>(net: &Net, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
    let (batch, n, hidden) = (tokens.dim(0), tokens.dim(1), net.hidden);
    let embedded = project(tokens, net.embedding(w));
    let h = (0..net.blocks).fold(embedded, |h, i| block(&w.scope(&format!("block{i}")), h));
    let h = if net.standardised { rms(h) } else { h };
    let stop = net.stop_state(w, batch).reshape([batch, 1, hidden]);
    let mut fixed = vec![net.keys(w, Var::concat(&[h, stop], 1))];
    debug_assert_eq!(fixed[0].dim(1), n + 1, "one key a point, and one for stop");
    if net.reads_states() {
        let start = w.scope("decoder").get("start", [1, hidden], net.init(Init::Glorot));
        let start = start.broadcast_to([batch, hidden]).reshape([batch, 1, hidden]);
        fixed.push(Var::concat(&[h, start], 1));
    }
    let mean = h.mean(&[1]).reshape([batch, hidden]);
    let carry = if net.architecture == Architecture::Hybrid {
        let w = w.scope("decoder");
        let first = |name| linear_no_bias(&w, name, mean, hidden, net.init(Init::Glorot));
        vec![first("output").tanh(), first("cell")]
    } else {
        vec![mean]
    };
    Encoding { fixed, carry }
}

/// h ← h + attention(norm h), h ← h + mlp(norm h).
fn block<'g>(w: &Weights<'g>, h: Var<'g>) -> Var<'g> {
    let hidden = h.dim(2);
    let h = h + self_attention(w, "attention", rms_norm(w, "norm1", h), HEADS, None);
    let wide = linear(w, "mlp.in", rms_norm(w, "norm2", h), 2 * hidden).relu();
    h + linear(w, "mlp.out", wide, hidden)
}

/// q = `Wc` [mean h; first; previous] `[steps, batch, hidden]`, the last two as embedded, or as encoded.
pub fn decode<'g>(
    net: &Net,
    w: &Weights<'g>,
    encoding: &Encoding<'g>,
    picked: Picked<'g>,
) -> (Var<'g>, Vec<Var<'g>>) {
    let hidden = net.hidden;
    let context = w.scope("decoder").get("Wc", [3 * hidden, hidden], net.init(Init::Glorot));
    let part = |i: usize| context.slice(0, i * hidden..(i + 1) * hidden);
    let mean = encoding.carry[0].matmul(part(0));
    let (first, previous) = if net.reads_states() {
        let states = encoding.fixed[1];
        let read = |index| states_of(states, index);
        (project(read(picked.first), part(1)), project(read(picked.previous), part(2)))
    } else {
        let embedding = net.embedding(w);
        let read = |tokens, i| project(tokens, embedding.matmul(part(i)));
        (read(picked.first, 1), read(picked.previous, 2))
    };
    (mean + first + previous, encoding.carry.clone())
}

/// Rows of `states` `[batch, n + 1, hidden]` by index `[steps, batch, 1]`: `[steps, batch, hidden]`.
fn states_of<'g>(states: Var<'g>, index: Var<'g>) -> Var<'g> {
    let (steps, batch) = (index.dim(0), index.dim(1));
    let chosen = one_hot(index.reshape([steps, batch]), states.dim(1));
    chosen.permute(&[1, 0, 2]).matmul(states).permute(&[1, 0, 2])
}
