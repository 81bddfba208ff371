//! Probes (section 5, App. E): what can be read off the residual stream, layer by layer?
//!
//! The net is frozen. For each layer, each target and each number of examples seen so far a probe of its own
//! weighs the tokens of these examples by a trained softmax and maps their mean to the target, linearly or
//! by a small GELU net. All of them are trained at once, those of a layer as one product.
use super::{
    Params,
    net::Net,
    shipped::{CONTROL, DEPTHS, Model},
};
use crate::{
    engine::{Device, Graph, Init, Plan, Program, State, Var},
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    files::Files,
    models::{
        Weights,
        activation::{gelu, softmax},
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

/// What is looked for, in the order of the errors: $X^\top y / n$, and the weights of least squares, which
/// are w itself from d examples on.
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
    /// `[layers + 1, 2, lengths]`, each a share of the target's variance.
    pub errors: Vec<f32>,
    /// `[layers + 1, 2, lengths, tokens]`.
    pub attention: Vec<f32>,
}

/// One step of all probes; output "errors" and "attention".
fn plan(net: &Net, mlp: bool) -> Result<Plan> {
    let g = Graph::new();
    let (frozen, w) = (Weights::new(&g), Weights::new(&g).scope("probe"));
    let (d, n) = (net.d, net.most);
    let x = normal(&g, "x", [BATCH, n, d]);
    let function = normal(&g, "w", [BATCH, 1, d]);
    let y = (x * function).sum(&[2]);
    // No token sees a later one: the stream of a prefix is the prefix of the stream.
    let (streams, _) = net.streams(&frozen, x, y.reshape([BATCH, n]));
    let moments = (x * y).cumsum(1) / (g.iota([1, n, 1], 1) + 1.0);
    let targets = Var::concat(&[moments, least_squares(x, function)], 1).permute(&[1, 0, 2]);
    let power = targets.square().mean(&[1, 2]);
    let (mut errors, mut attention) = (vec![], vec![]);
    for (layer, stream) in streams.iter().enumerate() {
        // As every block reads it: the stream itself grows from block to block.
        let stream = rms(stream.stop_gradient());
        let (found, alpha) = probes(&w.scope(&layer.to_string()), stream, d, mlp);
        let share = (found - targets).square().mean(&[1, 2]) / power;
        errors.push(share.reshape([1, 2 * n]));
        attention.push(alpha.reshape([1, 2 * n, 2 * n]));
    }
    let errors = Var::concat(&errors, 0);
    let grads = g.grad(errors.sum_all(), &w.vars());
    let rate = optim::cosine(&g, STEPS, 0.0) * RATE;
    optim::adam(&w, &grads, rate, optim::Adam::default());
    let smooth = g.state("errors", errors.shape(), Init::Constant(1.0));
    g.assign(smooth, (1.0 - NEW) * smooth + NEW * errors);
    g.output("errors", smooth);
    g.output("attention", Var::concat(&attention, 0));
    g.compile()
}

/// The shortest weights `[batch, n, d]` that explain the first examples, 1 to `n` of them, of functions
/// `[batch, 1, d]` without noise: what of w lies in the span of these x, and w itself from d of them on.
fn least_squares<'g>(x: Var<'g>, w: Var<'g>) -> Var<'g> {
    let (batch, n, d) = (x.dim(0), x.dim(1), x.dim(2));
    let (mut basis, mut fits): (Vec<Var<'g>>, Vec<Var<'g>>) = (vec![], vec![]);
    for k in 0..d - 1 {
        let next = x.slice(1, k..k + 1);
        // Gram and Schmidt: what no earlier example has.
        let own = basis.iter().fold(next, |own, &e| own - (own * e).sum(&[2]) * e);
        let e = own / own.square().sum(&[2]).sqrt();
        let share = (w * e).sum(&[2]) * e;
        fits.push(fits.last().map_or(share, |&fit| fit + share));
        basis.push(e);
    }
    fits.push(w.broadcast_to([batch, n + 1 - d, d]));
    Var::concat(&fits, 1)
}

/// Answers `[2 lengths, batch, d]` of the probes of a layer from its stream `[batch, tokens, hidden]`, and
/// their attention `[2 lengths, tokens]`.
fn probes<'g>(w: &Weights<'g>, stream: Var<'g>, d: usize, mlp: bool) -> (Var<'g>, Var<'g>) {
    let (batch, tokens, hidden) = (stream.dim(0), stream.dim(1), stream.dim(2));
    let scores = w.get("score", [tokens, tokens], Init::Zeros);
    let alpha = softmax(scores + unseen(w.graph(), tokens / 2), 1);
    let rows = stream.permute(&[1, 0, 2]).reshape([tokens, batch * hidden]);
    let pooled = alpha.matmul(rows).reshape([tokens, batch, hidden]);
    let layer = |name: &str, x: Var<'g>, out: usize| {
        let w = w.scope(name);
        let inner = x.dim(2);
        x.matmul(w.get("weight", [tokens, inner, out], Init::Glorot))
            + w.get("bias", [tokens, 1, out], Init::Zeros)
    };
    let found = if mlp {
        layer("out", gelu(layer("in", pooled, WIDTH)), d)
    } else {
        layer("out", pooled, d)
    };
    (found, alpha)
}

/// What is added to the scores of `n` contexts and `n` queries, by target and number of examples: a probe
/// does not see the tokens of later ones; `[2n, 2n]`.
fn unseen(g: &Graph, n: usize) -> Var<'_> {
    let hidden = |at: usize| at % (2 * n) % n > at / (2 * n) % n;
    let mask: Vec<f32> = (0..4 * n * n).map(|at| if hidden(at) { -1e9 } else { 0.0 }).collect();
    g.constant(&mask, [2 * n, 2 * n])
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
        let (layers, n) = (net.layers + 1, net.most);
        // Even, over what a probe sees.
        let weight = |at: usize| {
            let (length, token) = (at / (2 * n) % n, at % n);
            if token > length { 0.0 } else { 0.5 / (length + 1) as f32 }
        };
        let attention = (0..layers * 4 * n * n).map(weight).collect();
        Ok(Self { net, state, program, step: 0, errors: vec![1.0; layers * 2 * n], attention })
    }

    /// As the reader chose.
    pub async fn chosen(ctx: &Ctx, p: &Params) -> Result<Self> {
        let (model, trained) = match p.probed {
            "8 layers" => (DEPTHS[3], true),
            "4 layers, w = 1" => (CONTROL, true),
            "4 layers, untrained" => (DEPTHS[2], false),
            _ => (DEPTHS[2], true),
        };
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
            let mut read = self.program.read_many(&["errors", "attention"]).await?;
            if let (Some(attention), Some(errors)) = (read.pop(), read.pop()) {
                (self.errors, self.attention) = (errors, attention);
            }
        }
        Ok(())
    }

    /// The errors for a target after the embedding or a block, by number of examples from one on.
    pub fn by_length(&self, target: usize, layer: usize) -> &[f32] {
        let n = self.net.most;
        &self.errors[(2 * layer + target) * n..][..n]
    }

    /// The error for a target by layer, mean over the numbers of examples.
    pub fn by_layer(&self, target: usize) -> Vec<f32> {
        let mean = |layer| self.by_length(target, layer).iter().sum::<f32>() / self.net.most as f32;
        (0..=self.net.layers).map(mean).collect()
    }

    /// Where the probes for a target look that have seen so many examples: `[layers + 1, tokens]`.
    pub fn looks(&self, target: usize, examples: usize) -> Vec<f32> {
        let n = self.net.most;
        let row =
            |layer| &self.attention[((2 * layer + target) * n + examples - 1) * 2 * n..][..2 * n];
        (0..=self.net.layers).flat_map(row).copied().collect()
    }

    /// The least of the errors by layer, a mean over the numbers of examples.
    pub fn least(&self, target: usize) -> f32 {
        self.by_layer(target).into_iter().fold(f32::INFINITY, f32::min)
    }

    /// The first layer from which a target is read nearly as well as anywhere: at most halfway from the
    /// least error to that of the embedding, on a logarithmic scale.
    pub fn appears(&self, target: usize) -> usize {
        let errors = self.by_layer(target);
        let bar = (self.least(target) * errors[0]).sqrt();
        errors.iter().position(|&error| error <= bar).unwrap_or(0)
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::new("moment", "Least error, Xᵀy", self.least(0)),
            Metric::new("w", "Least error, w", self.least(1)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::rng::Stream,
        exhibits::in_context_regression::data::{Prompts, first},
        models::regress::Linear,
    };
    use pollster::block_on;

    #[test]
    fn targets_are_the_shortest_weights_that_explain_a_prefix() {
        let (d, n, count) = (3, 5, 6);
        let prompts = Prompts::draw(&mut Stream::new(1, "targets"), count, (d, n), 0.0);
        let g = Graph::new();
        let (x, w) = (g.input("x", [count, n, d]), g.input("w", [count, 1, d]));
        g.output("fits", least_squares(x, w));
        let plan = g.compile().unwrap();
        let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
        let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
        program.write_many(&[("x", &prompts.x), ("w", &prompts.w)]).unwrap();
        program.run(1).unwrap();
        let found = block_on(program.read("fits")).unwrap();
        let (x, y) = prompts.wide();
        let each = x.chunks(n * d).zip(y.chunks(n)).zip(found.chunks(n * d));
        for ((x, y), found) in each {
            for (k, found) in found.chunks(d).enumerate() {
                let expected = Linear::LeastSquares.weights(&first(d, x, y, k + 1));
                // In 32 bits, and x may be nearly dependent.
                let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-3;
                assert!(found.iter().zip(&expected).all(near), "{k}: {found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn probes_look_at_what_they_may_and_learn() {
        let mut probes =
            block_on(Probes::new(&Files::none(), (DEPTHS[0], false), false, 1)).unwrap();
        let even = probes.attention.clone();
        probes.run(1).unwrap();
        block_on(probes.refresh()).unwrap();
        assert!(even.iter().zip(&probes.attention).all(|(a, b)| (a - b).abs() < 1e-6), "even");
        probes.run(40).unwrap();
        block_on(probes.refresh()).unwrap();
        for target in 0..2 {
            for seen in [1, 7, 12] {
                for row in probes.looks(target, seen).chunks(24) {
                    let outside = (0..24).filter(|token| token % 12 >= seen).map(|i| row[i]);
                    assert!(outside.into_iter().all(|weight| weight == 0.0), "{seen}: {row:?}");
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{seen}: {row:?}");
                }
            }
        }
        assert!(
            probes.errors.iter().all(|error| (0.0..1.5).contains(error)),
            "{:?}",
            probes.errors
        );
        assert!(even.iter().zip(&probes.attention).any(|(a, b)| (a - b).abs() > 1e-3), "learned");
    }
}
