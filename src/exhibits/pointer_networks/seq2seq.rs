//! The baselines of Table 1: LSTM to LSTM with a class for every input place (section 2.1, Sutskever et al.
//! 2014), and the same with attention to the inputs (section 2.2, Bahdanau et al. 2015).
//!
//! A class is an input place, so a net is made and trained for one number of points.
use super::{
    pointer::{Encoding, Net},
    ptr_net::{layer, read},
};
use crate::{
    engine::{Init, Var},
    models::{
        Weights,
        activation::softmax,
        dense::{linear_with, project},
        loss::masked,
        lstm::Memory,
    },
};

/// The last memory, and for attention W₁ e and e of every input `[batch, n, hidden]`.
pub fn encode<'g>(net: &Net, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
    let batch = tokens.dim(0);
    let (states, memory) = read(net, w, tokens);
    let mut carry = vec![memory.output, memory.cell];
    let (fixed, context) = net.encoded(tokens.dim(1));
    if context == carry.len() {
        return Encoding { fixed: vec![], carry };
    }
    carry.push(w.graph().zeros([batch, net.hidden]));
    let states = Var::concat(&states, 0).permute(&[1, 0, 2]);
    debug_assert_eq!(fixed, [states.dim(1); 2], "keys and states of the inputs");
    Encoding { fixed: vec![net.keys(w, states), states], carry }
}

/// Scores of the classes from the decoder's states, and what it carries on.
pub fn decode<'g>(
    net: &Net,
    w: &Weights<'g>,
    encoding: &Encoding<'g>,
    previous: Var<'g>,
    allowed: Var<'g>,
) -> (Var<'g>, Vec<Var<'g>>) {
    let (states, carry) = super::ptr_net::decode(net, w, encoding, previous);
    (classes(net, w, states, allowed), carry)
}

/// Scores of the classes from [d; d'], where d' is the mean of the inputs' states weighted by
/// attention from d; the next step reads d' beside its input (eq. 2).
pub fn decode_with_attention<'g>(
    net: &Net,
    w: &Weights<'g>,
    encoding: &Encoding<'g>,
    previous: Var<'g>,
    allowed: Var<'g>,
) -> (Var<'g>, Vec<Var<'g>>) {
    let (steps, batch, hidden) = (previous.dim(0), previous.dim(1), net.hidden);
    let decoder = layer(net, w, "decoder", 2 * hidden);
    let part = |i: usize| decoder.input.slice(0, i * hidden..(i + 1) * hidden);
    let product = project(previous, net.embedding(w).matmul(part(0)));
    let [mut output, mut cell, mut context] = [0, 1, 2].map(|i| encoding.carry[i]);
    let mut both = vec![];
    for step in 0..steps {
        let read = context.matmul(part(1)).reshape([1, batch, 4 * hidden]);
        let here = product.slice(0, step..step + 1) + read;
        let (states, memory) = decoder.steps(here, Memory { output, cell });
        (output, cell) = (memory.output, memory.cell);
        let query = project(states[0], net.pointer_weight(w, "W2"));
        let weights = softmax(net.scores(w, encoding.fixed[0], query), 2);
        let mean = weights.permute(&[1, 0, 2]).matmul(encoding.fixed[1]);
        context = mean.reshape([batch, hidden]);
        both.push(Var::concat(&[states[0], context.reshape([1, batch, hidden])], 2));
    }
    (classes(net, w, Var::concat(&both, 0), allowed), vec![output, cell, context])
}

/// One score a class, of as many as `allowed` `[steps, batch, n + 1]` has.
fn classes<'g>(net: &Net, w: &Weights<'g>, states: Var<'g>, allowed: Var<'g>) -> Var<'g> {
    let count = allowed.dim(2);
    masked(linear_with(w, "classes", states, count, net.init(Init::Glorot)), allowed)
}
