//! One training step of three networks, with the numbers and the data that peers are given too.
//!
//! `bench/` compiles this file to wasm, for the comparison in the browser.
use orrery::{
    engine::{Graph, Init, Plan, Var},
    error::Result,
    models::{
        Weights,
        activation::gelu,
        attention::{attend, causal, join_heads, split_heads},
        dense::{linear, mlp},
        loss::cross_entropy,
        lstm::{Lstm, Memory},
        norm::layer_norm,
        optim,
    },
};

/// A name and a graph up to the loss.
pub(crate) struct Network {
    pub(crate) name: &'static str,
    /// The trained tensors' names, in the order in which the peers list theirs.
    pub(crate) parameters: fn() -> Vec<String>,
    loss: for<'g> fn(&Weights<'g>) -> Var<'g>,
}

/// Smallest first.
pub(crate) const NETWORKS: [Network; 3] = [
    Network {
        name: "mlp",
        parameters: || named(&["layer0", "layer1", "layer2"], &["weight", "bias"]),
        loss: perceptron,
    },
    Network { name: "pointer", parameters: pointer_parameters, loss: pointer },
    Network { name: "transformer", parameters: transformer_parameters, loss: transformer },
];

impl Network {
    /// A training step by Adam, on data that the host writes.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let g = Graph::new();
        let w = Weights::new(&g);
        let loss = (self.loss)(&w);
        let gradients = g.grad(loss, &w.vars());
        optim::adam(&w, &gradients, g.scalar(1e-3), optim::Adam::default());
        g.output("loss", loss);
        g.compile()
    }
}

/// A trained tensor as we hold it, from what the peers hold under the same name.
///
/// Our LSTM adds one to its forget gate; the peers' biases hold all that is added.
pub(crate) fn ours(name: &str, mut values: Vec<f32>) -> Vec<f32> {
    if name == "encoder.bias" || name == "decoder.bias" {
        let hidden = values.len() / 4;
        values[hidden..2 * hidden].iter_mut().for_each(|bias| *bias -= 1.0);
    }
    values
}

/// `x` `[batch, 2]`, classes `y` `[batch]`.
fn perceptron<'g>(w: &Weights<'g>) -> Var<'g> {
    let g = w.graph();
    let logits = mlp(w, g.input("x", [128, 2]), &[64, 64, 2], Var::tanh);
    cross_entropy(logits, g.input("y", [128])).mean_all()
}

/// Points are embedded, an LSTM reads them, another points at them by additive attention.
///
/// Points `x` and the ones to be pointed at before, `xdec`, `[n, batch, 2]`; targets `tgt` `[n, batch]`.
fn pointer<'g>(w: &Weights<'g>) -> Var<'g> {
    let (g, [batch, n, hidden]) = (w.graph(), [64, 10, 128]);
    let lstm = |name| Lstm::new(w, name, hidden, hidden, Init::Glorot);
    let square = |name| w.get(name, [hidden, hidden], Init::Glorot);
    let embed = |points| linear(w, "embedding", points, hidden);
    let start = w.get("start", [1, 1, hidden], Init::Glorot).broadcast_to([1, batch, hidden]);
    let before = g.input("xdec", [n, batch, 2]).slice(0, 1..n);
    let (points, chosen) = (embed(g.input("x", [n, batch, 2])), embed(before));
    let (states, memory) = lstm("encoder").run(points, Memory::zeros(w, batch, hidden));
    let (queries, _) = lstm("decoder").run(Var::concat(&[start, chosen], 0), memory);
    let keys = states.matmul(square("W1")).reshape([1, n, batch, hidden]);
    let queries = queries.matmul(square("W2")).reshape([n, 1, batch, hidden]);
    let v = w.get("v", [hidden, 1], Init::Glorot).reshape([hidden]);
    let scores = ((keys + queries).tanh() * v).sum(&[3]).reshape([n, n, batch]);
    cross_entropy(scores.permute(&[0, 2, 1]), g.input("tgt", [n, batch])).mean_all()
}

fn pointer_parameters() -> Vec<String> {
    [
        named(&["embedding"], &["weight", "bias"]),
        named(&["encoder", "decoder"], &["input", "recurrent", "bias"]),
        ["start", "W1", "W2", "v"].map(str::to_owned).to_vec(),
    ]
    .concat()
}

/// Pre-norm blocks over sequences of vectors, as in in-context regression.
///
/// `x` `[batch, tokens, 20]`, `y` `[batch, tokens]`, and where it counts, `mask` `[1, tokens]`.
fn transformer<'g>(w: &Weights<'g>) -> Var<'g> {
    let (g, [batch, tokens, width, heads]) = (w.graph(), [64, 41, 64, 4]);
    let x = linear(w, "in", g.input("x", [batch, tokens, 20]), width);
    let mut h = x + w.get("position", [tokens, width], Init::Normal(0.1));
    for layer in 0..LAYERS {
        let w = w.scope(&format!("layer{layer}"));
        let qkv = linear(&w, "qkv", layer_norm(&w, "norm1", h), 3 * width);
        let part = |i: usize| split_heads(qkv.slice(2, i * width..(i + 1) * width), heads);
        let mixed = attend(part(0), part(1), part(2), Some(causal(&w, tokens)));
        h = h + linear(&w, "out", join_heads(mixed), width);
        let wide = gelu(linear(&w, "wide", layer_norm(&w, "norm2", h), 4 * width));
        h = h + linear(&w, "narrow", wide, width);
    }
    let out = linear(w, "out", layer_norm(w, "norm", h), 1).reshape([batch, tokens]);
    let wrong = (out - g.input("y", [batch, tokens])) * g.input("mask", [1, tokens]);
    wrong.square().sum_all() * (1.0 / (batch * tokens.div_ceil(2)) as f32)
}

/// Blocks of the transformer.
const LAYERS: usize = 4;

fn transformer_parameters() -> Vec<String> {
    let (norm, map) = (["gain", "bias"], ["weight", "bias"]);
    let mut names = [named(&["in"], &map), vec!["position".to_owned()]].concat();
    for layer in (0..LAYERS).map(|layer| format!("layer{layer}")) {
        let parts = [
            named(&["norm1"], &norm),
            named(&["qkv", "out"], &map),
            named(&["norm2"], &norm),
            named(&["wide", "narrow"], &map),
        ];
        names.extend(parts.concat().iter().map(|name| format!("{layer}.{name}")));
    }
    names.extend([named(&["norm"], &norm), named(&["out"], &map)].concat());
    names
}

/// Every name with every part, the parts of a name beside each other.
fn named(names: &[&str], parts: &[&str]) -> Vec<String> {
    let each = |name: &str| parts.iter().map(|part| format!("{name}.{part}")).collect::<Vec<_>>();
    names.iter().flat_map(|name| each(name)).collect()
}
