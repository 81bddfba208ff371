//! One training step of three networks, as peers are measured on them too.
use orrery::{
    engine::{Graph, Init, Plan, Var},
    error::Result,
    models::{
        Weights,
        activation::gelu,
        attention::{causal, self_attention},
        dense::{linear, mlp},
        loss::{cross_entropy, mse},
        lstm::{Lstm, Memory},
        norm::layer_norm,
        optim,
    },
};

/// A name, what it is, and its graph up to the loss.
pub(crate) struct Network {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    loss: for<'g> fn(&Weights<'g>) -> Var<'g>,
}

/// Smallest first.
pub(crate) const NETWORKS: [Network; 3] = [
    Network { name: "mlp", about: "2-64-64-2, tanh, batch 128", loss: perceptron },
    Network {
        name: "pointer",
        about: "LSTM pointer network, hidden 128, 10 points, batch 64",
        loss: pointer,
    },
    Network {
        name: "transformer",
        about: "width 64, 4 layers, 4 heads, 41 tokens, batch 64",
        loss: transformer,
    },
];

impl Network {
    /// A training step by Adam; data are random numbers made in the program, new at every
    /// step.
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

fn perceptron<'g>(w: &Weights<'g>) -> Var<'g> {
    let g = w.graph();
    let x = g.uniform("x", [128, 2]);
    let target = x.slice(1, 0..1).less(0.5).reshape([128]);
    let logits = mlp(w, x, &[64, 64, 2], Var::tanh);
    cross_entropy(logits, target).mean_all()
}

/// Points are embedded, an LSTM reads them, another points at them by additive attention.
fn pointer<'g>(w: &Weights<'g>) -> Var<'g> {
    let (g, [batch, n, hidden]) = (w.graph(), [64, 10, 128]);
    let lstm = |name| Lstm::new(w, name, hidden, hidden, Init::Glorot);
    let square = |name| w.get(name, [hidden, hidden], Init::Glorot);
    let points = linear(w, "embedding", g.uniform("points", [n, batch, 2]), hidden);
    let start = w.get("start", [1, 1, hidden], Init::Glorot).broadcast_to([1, batch, hidden]);
    let chosen = Var::concat(&[start, points.slice(0, 0..n - 1)], 0);
    let (states, memory) = lstm("encoder").run(points, Memory::zeros(w, batch, hidden));
    let (queries, _) = lstm("decoder").run(chosen, memory);
    let keys = states.matmul(square("W1")).reshape([1, n, batch, hidden]);
    let queries = queries.matmul(square("W2")).reshape([n, 1, batch, hidden]);
    let v = w.get("v", [hidden, 1], Init::Glorot).reshape([hidden]);
    let scores = ((keys + queries).tanh() * v).sum(&[3]).reshape([n, n, batch]);
    let target = (g.uniform("target", [n, batch]) * n as f32).floor();
    cross_entropy(scores.permute(&[0, 2, 1]), target).mean_all()
}

/// Pre-norm blocks over sequences of vectors, as in in-context regression.
fn transformer<'g>(w: &Weights<'g>) -> Var<'g> {
    let (g, [batch, tokens, width]) = (w.graph(), [64, 41, 64]);
    let x = g.uniform("x", [batch, tokens, 20]);
    let position = w.get("position", [tokens, width], Init::Normal(0.1));
    let mut h = linear(w, "in", x, width) + position;
    for layer in 0..4 {
        let w = w.scope(&format!("layer{layer}"));
        let normal = layer_norm(&w, "norm1", h);
        h = h + self_attention(&w, "attention", normal, 4, Some(causal(&w, tokens)));
        let wide = gelu(linear(&w, "wide", layer_norm(&w, "norm2", h), 4 * width));
        h = h + linear(&w, "narrow", wide, width);
    }
    let out = linear(w, "out", layer_norm(w, "norm", h), 1);
    mse(out, g.uniform("y", [batch, tokens, 1]))
}
