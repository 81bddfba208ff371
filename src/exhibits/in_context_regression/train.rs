//! Training on random linear functions: one program a step, which draws its own batch.
//!
//! $w \sim N(0, I)$, $x_i \sim N(0, I)$, $y_i = w \cdot x_i + \varepsilon_i$ (section 3), new for every
//! sequence of every step; the loss is the squared error of every prefix's prediction (eq. 4).
use super::net::Net;
use crate::{
    engine::{Device, Graph, Plan, Snapshot, Var},
    error::Result,
    models::{Weights, losses, optim, random::normal, trainer::Trainer},
};

/// The functions w that prompts are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functions {
    /// A new one for every prompt, w ~ N(0, I).
    Random,
    /// Always w = (1, ..., 1): the control of the probes, for there is nothing to learn in context.
    Ones,
}

/// Everything about a training but its seed and device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// What is trained.
    pub net: Net,
    /// What is learned.
    pub functions: Functions,
    /// Standard deviation of the noise on every y.
    pub sigma: f32,
    /// Peak of Adam's rate.
    pub rate: f32,
    /// Planned steps: the rate rises over the first twentieth and falls to zero along a cosine.
    pub steps: usize,
    /// Sequences a step.
    pub batch: usize,
}

/// Adam's constants; App. D and the official code.
const ADAM: optim::Adam = optim::Adam { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, decay: 0.0 };

/// Joint norm of the derivatives is at most this.
const CLIP_NORM: f32 = 1.0;

/// Share of the steps over which the rate rises.
const WARM_UP: f32 = 0.05;

/// Prompts drawn on the device: x `[batch, n, d]` and y `[batch, n]`.
fn prompts<'g>(g: &'g Graph, recipe: &Recipe) -> (Var<'g>, Var<'g>) {
    let Recipe { net: Net { d, most: n, .. }, batch, sigma, .. } = *recipe;
    let x = normal(g, "x", [batch, n, d]);
    let w = match recipe.functions {
        Functions::Random => normal(g, "w", [batch, 1, d]),
        Functions::Ones => g.scalar(1.0).broadcast_to([batch, 1, d]),
    };
    let y = (x * w).sum(&[2]).reshape([batch, n]);
    let y = if sigma > 0.0 { y + sigma * normal(g, "noise", [batch, n]) } else { y };
    (x, y)
}

/// One training step; its input is the peak rate, its output the loss a dimension.
pub fn plan(recipe: &Recipe) -> Result<Plan> {
    let g = Graph::new();
    let w = Weights::new(&g);
    let rate = g.input("rate", []);
    let (x, y) = prompts(&g, recipe);
    let error = recipe.net.predict(&w, x, y) - y;
    let loss = error.square().mean_all() * (1.0 / recipe.net.d as f32);
    let (grads, _) = optim::clip_global_norm(&g.grad(loss, &w.vars()), CLIP_NORM);
    let warm = (WARM_UP * recipe.steps as f32).ceil() as usize;
    let rate = rate * optim::warm_up(&g, warm) * optim::cosine(&g, recipe.steps, 0.0);
    optim::adam(&w, &grads, rate, ADAM);
    g.output("loss", loss);
    losses::keep(&g, loss);
    g.compile()
}

impl Recipe {
    /// A net before its first step.
    pub fn trainer(&self, device: &Device, seed: u64) -> Result<Trainer> {
        Trainer::new(device, &plan(self)?, seed)
    }
}

/// The mean loss a dimension of the last steps of a copy, at most [`losses::KEPT`] of them.
pub fn recent_loss(saved: &Snapshot) -> f32 {
    let known = losses::ring(saved);
    known.iter().sum::<f32>() / known.len() as f32
}

/// Whether a tensor of a training's state is one of the net's, not of the optimiser's.
pub fn is_weight(name: &str) -> bool {
    !name.starts_with("adam.") && name != losses::NAME && name != "step"
}
