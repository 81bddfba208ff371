//! The pointer over a set, ours after Kool et al. 2019: two blocks of self-attention for an encoder, and a
//! decoder that remembers nothing but where it started and where it is.
//!
//! It does not see the order of its input. At equal size it learns hulls several times faster than
//! the recurrent net, and falls apart farther from the lengths it was trained on.
use super::pointer::{Encoding, Net};
use crate::{
    engine::{Init, Var},
    models::{
        Weights,
        attention::self_attention,
        dense::{linear, project},
        norm::{rms, rms_norm},
    },
};

/// Blocks of the encoder.
const BLOCKS: usize = 2;

/// Heads of each attention.
const HEADS: usize = 4;

/// Contexts h of the points `[batch, n, hidden]`, their keys with "stop" as the last, and their mean.
pub fn encode<'g>(net: &Net, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
    let (batch, n, hidden) = (tokens.dim(0), tokens.dim(1), net.hidden);
    let embedded = project(tokens, net.embedding(w));
    let h = (0..BLOCKS).fold(embedded, |h, i| block(&w.scope(&format!("block{i}")), h));
    let h = if net.standardised { rms(h) } else { h };
    let stop = net.stop_state(w, batch).reshape([batch, 1, hidden]);
    let keys = net.keys(w, Var::concat(&[h, stop], 1));
    debug_assert_eq!(keys.dim(1), n + 1, "one key a point, and one for stop");
    Encoding { keys, carry: vec![h.mean(&[1]).reshape([batch, hidden])] }
}

/// h ← h + attention(norm h), h ← h + mlp(norm h).
fn block<'g>(w: &Weights<'g>, h: Var<'g>) -> Var<'g> {
    let hidden = h.dim(2);
    let h = h + self_attention(w, "attention", rms_norm(w, "norm1", h), HEADS, None);
    let wide = linear(w, "mlp.in", rms_norm(w, "norm2", h), 2 * hidden).relu();
    h + linear(w, "mlp.out", wide, hidden)
}

/// q = `Wc` [mean h; first; previous] `[steps, batch, hidden]`, the last two as embedded.
pub fn decode<'g>(
    net: &Net,
    w: &Weights<'g>,
    carry: &[Var<'g>],
    first: Var<'g>,
    previous: Var<'g>,
) -> (Var<'g>, Vec<Var<'g>>) {
    let hidden = net.hidden;
    let context = w.scope("decoder").get("Wc", [3 * hidden, hidden], net.init(Init::Glorot));
    let part = |i: usize| context.slice(0, i * hidden..(i + 1) * hidden);
    let embedding = net.embedding(w);
    let query = carry[0].matmul(part(0))
        + project(first, embedding.matmul(part(1)))
        + project(previous, embedding.matmul(part(2)));
    (query, carry.to_vec())
}
