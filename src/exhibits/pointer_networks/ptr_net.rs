//! Ptr-Net, section 2.3: an LSTM reads the points, another points at them.
//!
//! The coordinates pass a learned linear embedding (in the paper they enter as they are). Since nothing
//! stands between that and the gates, the two products are one: (x E) Wₓ = x (E Wₓ).
use super::pointer::{Encoding, Net};
use crate::{
    engine::{Init, Var},
    models::{
        Weights,
        dense::project,
        lstm::{Lstm, Memory},
    },
};

/// An LSTM of the net's width.
pub fn layer<'g>(net: &Net, w: &Weights<'g>, name: &str, inputs: usize) -> Lstm<'g> {
    Lstm::new(w, name, inputs, net.hidden, net.init(Init::Glorot))
}

/// States `[1, batch, hidden]` over the points in order, and the last memory.
pub fn read<'g>(net: &Net, w: &Weights<'g>, tokens: Var<'g>) -> (Vec<Var<'g>>, Memory<'g>) {
    let encoder = layer(net, w, "encoder", net.hidden);
    let gates = net.embedding(w).matmul(encoder.input);
    let product = project(tokens.permute(&[1, 0, 2]), gates);
    encoder.steps(product, Memory::zeros(w, tokens.dim(0), net.hidden))
}

/// States e₁..eₙ over the points in order, with e₀ ("stop") as the last; the decoder starts from the
/// encoder's last memory.
pub fn encode<'g>(net: &Net, w: &Weights<'g>, tokens: Var<'g>) -> Encoding<'g> {
    let (batch, n) = (tokens.dim(0), tokens.dim(1));
    let (mut states, memory) = read(net, w, tokens);
    states.push(net.stop_state(w, batch).reshape([1, batch, net.hidden]));
    let keys = net.keys(w, Var::concat(&states, 0)).permute(&[1, 0, 2]);
    debug_assert_eq!(keys.dim(1), n + 1, "one key a point, and one for stop");
    Encoding { fixed: vec![keys], carry: vec![memory.output, memory.cell] }
}

/// States d₁.. `[steps, batch, hidden]`: each step reads a copy of the point chosen before.
pub fn decode<'g>(
    net: &Net,
    w: &Weights<'g>,
    encoding: &Encoding<'g>,
    previous: Var<'g>,
) -> (Var<'g>, Vec<Var<'g>>) {
    let decoder = layer(net, w, "decoder", net.hidden);
    let product = project(previous, net.embedding(w).matmul(decoder.input));
    let memory = Memory { output: encoding.carry[0], cell: encoding.carry[1] };
    let (states, memory) = decoder.steps(product, memory);
    (Var::concat(&states, 0), vec![memory.output, memory.cell])
}
