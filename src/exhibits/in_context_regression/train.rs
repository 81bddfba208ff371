//! Training on random linear functions: one program a step, which draws its own batch.
//!
//! $w \sim N(0, I)$, $x_i \sim N(0, I)$, $y_i = w \cdot x_i + \varepsilon_i$ (section 3), new for every
//! sequence of every step; the loss is the squared error of every prefix's prediction (eq. 4).
use super::net::Net;
use crate::{
    engine::{Device, Graph, Init, Plan, Program, Snapshot, State, Var},
    error::Result,
    models::{Weights, optim, random::normal},
};

/// Everything about a training but its seed and device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// What is trained.
    pub net: Net,
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

/// Losses that stay beside the weights; a power of two, by which step numbers divide exactly.
const KEPT_LOSSES: usize = 32;

/// The state tensor they are in: that of a step at its number modulo [`KEPT_LOSSES`].
const LOSSES: &str = "losses";

/// Prompts drawn on the device: x `[batch, n, d]` and y `[batch, n]`.
fn prompts<'g>(g: &'g Graph, recipe: &Recipe) -> (Var<'g>, Var<'g>) {
    let Recipe { net: Net { d, most: n, .. }, batch, sigma, .. } = *recipe;
    let x = normal(g, "x", [batch, n, d]);
    let w = normal(g, "w", [batch, 1, d]);
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
    let losses = g.state(LOSSES, [KEPT_LOSSES], Init::Zeros);
    let (step, kept) = (g.step(), KEPT_LOSSES as f32);
    let here = g.iota([KEPT_LOSSES], 0).equal(step - (step / kept).floor() * kept);
    g.assign(losses, Var::select(here, loss, losses));
    g.compile()
}

/// A net in training.
pub struct Trainer {
    /// How it is trained.
    pub recipe: Recipe,
    state: State,
    program: Program,
    /// Steps taken.
    pub step: usize,
    rate: Option<f32>,
}

impl Trainer {
    /// Before the first step.
    pub fn new(device: &Device, recipe: Recipe, seed: u64) -> Result<Self> {
        let plan = plan(&recipe)?;
        let state = State::new(device, &[&plan], seed)?;
        let program = Program::new(device, &plan, &state)?;
        Ok(Self { recipe, state, program, step: 0, rate: None })
    }

    /// Some steps at this peak rate.
    pub fn run(&mut self, steps: usize, rate: f32) -> Result<()> {
        if self.rate != Some(rate) {
            self.program.write("rate", &[rate])?;
            self.rate = Some(rate);
        }
        self.program.run(steps)?;
        self.step += steps;
        Ok(())
    }

    /// A copy of all that is trained and of the optimiser's moments.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.state.read_all().await
    }

    /// Goes back to a copy.
    pub fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        self.step = saved.step as usize;
        self.state.write_all(saved)
    }
}

/// The mean loss a dimension of the last steps of a copy, at most `KEPT_LOSSES` of them.
pub fn recent_loss(saved: &Snapshot) -> f32 {
    let step = saved.step as usize;
    let kept = saved.tensors.get(LOSSES).map_or(&[][..], |(_, values)| values);
    let known = &kept[..step.min(kept.len())];
    known.iter().sum::<f32>() / known.len() as f32
}

/// Whether a tensor of a training's state is one of the net's, not of the optimiser's.
pub fn is_weight(name: &str) -> bool {
    !name.starts_with("adam.") && name != LOSSES && name != "step"
}
