//! Probes (section 5, App. E): what can be read off the residual stream, layer by layer?
//!
//! The net is frozen. For each layer and target a probe weighs the tokens by a trained softmax and maps
//! their mean to the target, linearly or by a small GELU net; all of them are trained at once.
use super::{
    Params,
    net::Net,
    shipped::{DEPTHS, Model},
};
use crate::{
    engine::{Device, Graph, Init, Plan, Program, State, Var},
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    files::Files,
    models::{
        Weights,
        activation::{gelu, softmax},
        dense::linear,
        norm::rms,
        optim,
        random::normal,
    },
};

/// Prompts a step.
const BATCH: usize = 32;

/// Width of a probe that is not linear.
const WIDTH: usize = 64;

/// Adam's rate; falls along a cosine.
const RATE: f32 = 1e-2;

/// Share that a new batch has in the errors shown.
const NEW: f32 = 0.04;

/// What is looked for, in the order of the errors.
pub const TARGETS: [&str; 2] = ["moment Xᵀy", "weights w"];

/// Steps after which probes are trained.
pub const STEPS: usize = 600;

/// Probes on every layer of a frozen net.
pub struct Probes {
    /// What is probed.
    pub net: Net,
    state: State,
    program: Program,
    /// Steps taken.
    pub step: usize,
    /// `[layers + 1, 2]`, each a share of the target's variance.
    pub errors: Vec<f32>,
    /// By target `[layers + 1, tokens]`.
    pub attention: [Vec<f32>; 2],
}

/// One step of all probes; output "errors", "attention 0", "attention 1".
fn plan(net: &Net, mlp: bool) -> Result<Plan> {
    let g = Graph::new();
    let (frozen, w) = (Weights::new(&g), Weights::new(&g).scope("probe"));
    let (d, n) = (net.d, net.most);
    let x = normal(&g, "x", [BATCH, n, d]);
    let function = normal(&g, "w", [BATCH, 1, d]);
    let y = (x * function).sum(&[2]);
    let (streams, _) = net.streams(&frozen, x, y.reshape([BATCH, n]));
    let moment = (x * y).mean(&[1]).reshape([BATCH, d]);
    let targets = [moment, function.reshape([BATCH, d])];
    let mut errors = vec![];
    let mut attention = [vec![], vec![]];
    for (layer, stream) in streams.iter().enumerate() {
        // As every block reads it: the stream itself grows from block to block.
        let stream = rms(stream.stop_gradient());
        for (t, target) in targets.iter().enumerate() {
            let w = w.scope(&format!("{layer}.{t}"));
            let (found, alpha) = probe(&w, stream, d, mlp);
            attention[t].push(alpha);
            let share = (found - *target).square().mean_all() / target.square().mean_all();
            errors.push(share.reshape([1]));
        }
    }
    let errors = Var::concat(&errors, 0);
    let grads = g.grad(errors.sum_all(), &w.vars());
    let rate = optim::cosine(&g, STEPS, 0.0) * RATE;
    optim::adam(&w, &grads, rate, optim::Adam::default());
    let smooth = g.state("errors", [errors.dim(0)], Init::Constant(1.0));
    g.assign(smooth, (1.0 - NEW) * smooth + NEW * errors);
    g.output("errors", smooth);
    for (t, rows) in attention.iter().enumerate() {
        g.output(&format!("attention {t}"), Var::concat(rows, 0));
    }
    g.compile()
}

/// A probe's answer `[batch, d]` from a stream `[batch, tokens, hidden]`, and its attention `[1, tokens]`.
fn probe<'g>(w: &Weights<'g>, stream: Var<'g>, d: usize, mlp: bool) -> (Var<'g>, Var<'g>) {
    let (batch, tokens, hidden) = (stream.dim(0), stream.dim(1), stream.dim(2));
    let alpha = softmax(w.get("score", [1, tokens], Init::Zeros), 1);
    let weighted = stream * alpha.reshape([1, tokens, 1]);
    let pooled = weighted.sum(&[1]).reshape([batch, hidden]);
    let found = if mlp {
        linear(w, "out", gelu(linear(w, "in", pooled, WIDTH)), d)
    } else {
        linear(w, "out", pooled, d)
    };
    (found, alpha)
}

impl Probes {
    /// Loads the net, or leaves it untrained, and has probes that know nothing yet. They run on the CPU,
    /// where their many small tensors cost little.
    pub async fn new(
        files: &Files,
        (model, trained): (Model, bool),
        mlp: bool,
        seed: u64,
    ) -> Result<Self> {
        let net = model.recipe.net;
        let plan = plan(&net, mlp)?;
        let device = Device::cpu();
        let state = State::new(&device, &[&plan], seed)?;
        if trained {
            let predictor = model.load(files).await?;
            for (name, _) in predictor.weights() {
                // The head is not among them: what it says is of no interest here.
                if state.slots().iter().any(|slot| slot.name == name) {
                    state.write(&name, &predictor.read(&name).await?)?;
                }
            }
        }
        let program = Program::new(&device, &plan, &state)?;
        let (layers, tokens) = (net.layers + 1, 2 * net.most);
        let even = vec![1.0 / tokens as f32; layers * tokens];
        let attention = [even.clone(), even];
        Ok(Self { net, state, program, step: 0, errors: vec![1.0; 2 * layers], attention })
    }

    /// As the reader chose.
    pub async fn chosen(ctx: &Ctx, p: &Params) -> Result<Self> {
        let model = if p.probed.starts_with('8') { DEPTHS[3] } else { DEPTHS[2] };
        let trained = p.probed != "4 layers, untrained";
        Self::new(&ctx.files, (model, trained), p.probes == "MLP", ctx.seed).await
    }

    /// Some steps of all probes.
    pub fn run(&mut self, steps: usize) -> Result<()> {
        self.program.run(steps)?;
        self.step += steps;
        Ok(())
    }

    /// One step of all probes.
    pub fn advance(&mut self) -> Result<Progress> {
        self.run(1)?;
        Ok(if self.step < STEPS { Progress::More } else { Progress::Done })
    }

    /// Reads back what the figures show.
    pub async fn refresh(&mut self) -> Result<()> {
        if self.step > 0 {
            let names = ["errors", "attention 0", "attention 1"];
            let mut read = self.program.read_many(&names).await?;
            if let (Some(second), Some(first), Some(errors)) = (read.pop(), read.pop(), read.pop())
            {
                self.attention = [first, second];
                self.errors = errors;
            }
        }
        Ok(())
    }

    /// The error for a target, by layer.
    pub fn by_layer(&self, target: usize) -> Vec<f32> {
        self.errors[target..].iter().step_by(2).copied().collect()
    }

    /// The first layer from which a target is read nearly as well as anywhere: at most halfway from the
    /// least error to that of the embedding, on a logarithmic scale.
    pub fn appears(&self, target: usize) -> usize {
        let errors = self.by_layer(target);
        let least = errors.iter().fold(f32::INFINITY, |a, &b| a.min(b));
        let bar = (least * errors[0]).sqrt();
        errors.iter().position(|&error| error <= bar).unwrap_or(0)
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let least = |target| self.by_layer(target).into_iter().fold(f32::INFINITY, f32::min);
        vec![
            Metric::new("moment", "Least error, Xᵀy", least(0)),
            Metric::new("w", "Least error, w", least(1)),
            Metric::new("moment_layer", "Xᵀy appears at layer", self.appears(0) as f64),
            Metric::new("w_layer", "w appears at layer", self.appears(1) as f64),
        ]
    }

    /// A copy of all that a lost device would take with it.
    pub async fn snapshot(&self) -> Result<crate::engine::Snapshot> {
        self.state.read_all().await
    }

    /// Goes back to a copy.
    pub fn restore(&mut self, saved: &crate::engine::Snapshot) -> Result<()> {
        self.step = saved.step as usize;
        self.state.write_all(saved)
    }
}
