//! Gradient descent on the activations alone, one lane a way of training, all from the same start.
//!
//! Weights never leave the span of data and start: w = w₀ − Σ c_ip x_ip. So only the coefficients c are
//! kept, one a training patch and filter. Activations are g = g₀ − K c with K the inner products of the
//! training patches; the gradient with respect to w is Σ (∂L/∂g_ip) x_ip, so that a step of descent on w
//! is c ← c + η ∂L/∂g, whose cost does not depend on d. Noise augmentation alone leaves the span: its
//! lane keeps w itself.
use super::{
    data::World,
    loss::{Activations, pairs, partners, standard},
};
use crate::{
    engine::{Device, Graph, Init, Plan, Program, State, Var, rng::Stream},
    error::Result,
    models::{random::normal_pairs, sample::beta},
};

/// A way of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Cross-entropy of the examples as they are.
    Standard,
    /// Mixup over all pairs.
    Mixup,
    /// Mixup over all pairs until a step, then standard.
    Stopped,
    /// Standard, rare examples weighing as nine.
    Oversampled,
    /// Mixup of the inputs alone: the label is that of the first example.
    InputOnly,
    /// Mixup of random partners in batches, λ drawn from a Beta distribution.
    Beta,
    /// Standard, on inputs with fresh Gaussian noise at every step.
    Noise,
}

/// What a step takes besides its lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Step size η.
    pub eta: f32,
    /// Share of the first input in a blend.
    pub lambda_x: f32,
    /// Share of the first label in a blend.
    pub lambda_y: f32,
    /// Step at which [`Method::Stopped`] goes over to standard training.
    pub stop: usize,
    /// Both parameters of the Beta distribution of [`Method::Beta`].
    pub beta: f64,
    /// Standard deviation of the noise of [`Method::Noise`].
    pub sigma: f32,
}

/// How often a rare example counts under [`Method::Oversampled`].
pub const OVERSAMPLING: f32 = 9.0;

/// Examples a step of [`Method::Beta`], or all if there are fewer.
pub const BATCH: usize = 32;

impl Method {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Mixup,
        Self::Stopped,
        Self::Oversampled,
        Self::InputOnly,
        Self::Noise,
        Self::Beta,
    ];

    /// Its name as a series.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Mixup => "Mixup",
            Self::Stopped => "Mixup, stopped early",
            Self::Oversampled => "rare ones oversampled",
            Self::InputOnly => "input mixing only",
            Self::Beta => "Beta Mixup, batches",
            Self::Noise => "noise augmentation",
        }
    }

    /// The programs it needs.
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Standard => &[Kind::Standard],
            Self::Mixup | Self::InputOnly => &[Kind::Pairs],
            Self::Stopped => &[Kind::Pairs, Kind::Standard],
            Self::Oversampled => &[Kind::Weighted],
            Self::Beta => &[Kind::Partners],
            Self::Noise => &[Kind::Noisy],
        }
    }
}

/// A loss, as a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Standard,
    Weighted,
    Pairs,
    Partners,
    Noisy,
}

/// One way of training, on its way.
struct Lane {
    method: Method,
    programs: Vec<(Kind, Program)>,
    /// Steps taken.
    step: usize,
}

/// Several ways of training side by side.
pub struct Trainer {
    state: State,
    lanes: Vec<Lane>,
    seed: u64,
    n: usize,
}

/// The loss of a kind, a scalar, at these activations.
pub(super) fn loss<'g>(kind: Kind, world: &World, activations: Var<'g>) -> Var<'g> {
    let g = activations.graph();
    let labels: Vec<f32> = world.train.iter().map(|e| e.label as f32).collect();
    let n = labels.len();
    let a = Activations::new(activations, &labels);
    match kind {
        Kind::Standard | Kind::Noisy => standard(&a, g.scalar(1.0 / n as f32)),
        Kind::Weighted => {
            let weight = |rare| if rare { OVERSAMPLING } else { 1.0 };
            let weights: Vec<f32> = world.train.iter().map(|e| weight(e.rare)).collect();
            let sum: f32 = weights.iter().sum();
            standard(&a, g.constant(&weights, [n, 1]) * (1.0 / sum))
        }
        Kind::Pairs => pairs(&a, g.input("lambda_x", []), g.input("lambda_y", [])),
        Kind::Partners => {
            let batch = [BATCH.min(n)];
            let [first, second, lambda] = ["first", "second", "lambda"].map(|x| g.input(x, batch));
            partners(&a, first, second, lambda)
        }
    }
}

/// One step on the coefficients of a lane (on the weights, if its inputs are noisy).
pub(super) fn plan(kind: Kind, world: &World, lane: usize) -> Result<Plan> {
    let g = Graph::new();
    let eta = g.input("eta", []);
    let (side, width) = (world.config.train_patches(), 2 * world.config.m);
    if kind == Kind::Noisy {
        let d = world.config.d;
        let w = g.state(&name(Method::Noise, lane), [width, d], Init::Zeros);
        let x = g.state("x", [side, d], Init::Zeros);
        // Two patches share their random numbers' radii and angles, which are dear.
        let (sigma, half) = (g.input("sigma", []), side.div_ceil(2));
        let [first, second] = normal_pairs(&g, "augmentation", [half, d]);
        let upper = x.slice(0, 0..half) + sigma * first;
        let lower = x.slice(0, half..side) + sigma * second.slice(0, 0..side - half);
        let noisy = Var::concat(&[upper, lower], 0);
        let loss = loss(kind, world, noisy.matmul(w.transpose()));
        g.assign(w, w - eta * g.grad(loss, &[w])[0]);
    } else {
        let c = g.state(&name(Method::Standard, lane), [side, width], Init::Zeros);
        let products = g.state("products", [side, side], Init::Zeros);
        let start = g.state("start", [side, width], Init::Zeros);
        let activations = start - products.matmul(c);
        let loss = loss(kind, world, activations);
        g.assign(c, c + eta * g.grad(loss, &[activations])[0]);
    }
    g.compile()
}

/// What is kept of a lane between steps.
fn name(method: Method, lane: usize) -> String {
    if method == Method::Noise { format!("w {lane}") } else { format!("c {lane}") }
}

impl Trainer {
    /// All lanes at the world's initial weights.
    pub fn new(device: &Device, world: &World, methods: &[Method], seed: u64) -> Result<Self> {
        let mut plans = Vec::new();
        for (lane, method) in methods.iter().enumerate() {
            for &kind in method.kinds() {
                plans.push((lane, kind, plan(kind, world, lane)?));
            }
        }
        let all: Vec<&Plan> = plans.iter().map(|(_, _, plan)| plan).collect();
        let state = State::new(device, &all, seed)?;
        let mut lanes: Vec<Lane> = Vec::new();
        for &method in methods {
            lanes.push(Lane { method, programs: vec![], step: 0 });
        }
        for (lane, kind, plan) in &plans {
            lanes[*lane].programs.push((*kind, Program::new(device, plan, &state)?));
        }
        let mut trainer = Self { state, lanes, seed, n: world.train.len() };
        if methods.contains(&Method::Noise) {
            trainer.state.write("x", &world.train_vectors())?;
        }
        if methods.iter().any(|method| *method != Method::Noise) {
            trainer.state.write("products", world.gram())?;
            trainer.state.write("start", world.train_start())?;
        }
        for lane in 0..methods.len() {
            trainer.reset(lane, world)?;
        }
        Ok(trainer)
    }

    /// Puts a lane back to the world's initial weights.
    pub fn reset(&mut self, lane: usize, world: &World) -> Result<()> {
        if self.lanes[lane].method == Method::Noise {
            self.put(lane, 0, &world.weights)
        } else {
            self.put(lane, 0, &vec![0.0; world.train_start().len()])
        }
    }

    /// One step of one lane.
    pub fn step(&mut self, lane: usize, rates: &Rates) -> Result<()> {
        let Lane { method, programs, step } = &mut self.lanes[lane];
        let wanted = match method {
            Method::Stopped if *step >= rates.stop => Kind::Standard,
            _ => method.kinds()[0],
        };
        for (_, program) in programs.iter_mut().filter(|(kind, _)| *kind == wanted) {
            program.write("eta", &[rates.eta])?;
            match wanted {
                Kind::Standard | Kind::Weighted => {}
                Kind::Pairs => {
                    let alone = *method == Method::InputOnly;
                    let lambda_y = if alone { 1.0 } else { rates.lambda_y };
                    program.write("lambda_x", &[rates.lambda_x])?;
                    program.write("lambda_y", &[lambda_y])?;
                }
                Kind::Partners => draw(program, self.n, rates.beta, (self.seed, *step))?,
                Kind::Noisy => program.write("sigma", &[rates.sigma])?,
            }
            program.run(1)?;
        }
        *step += 1;
        Ok(())
    }

    /// The coefficients of a lane, `[n P, 2 m]`, or the weights of a noisy one, `[2 m, d]`.
    pub async fn kept(&self, lane: usize) -> Result<Vec<f32>> {
        self.state.read(&name(self.lanes[lane].method, lane)).await
    }

    /// Puts a lane at a step with these coefficients.
    pub fn put(&mut self, lane: usize, step: usize, kept: &[f32]) -> Result<()> {
        self.state.write(&name(self.lanes[lane].method, lane), kept)?;
        self.lanes[lane].step = step;
        Ok(())
    }
}

/// Draws a batch without repetition, a partner for each, and its λ ~ Beta(a, a).
fn draw(program: &mut Program, n: usize, a: f64, (seed, step): (u64, usize)) -> Result<()> {
    let mut stream = Stream::new(seed, &format!("mixup partners {step}"));
    let mut order: Vec<usize> = (0..n).collect();
    stream.shuffle(&mut order);
    let batch = BATCH.min(n);
    let first: Vec<f32> = order[..batch].iter().map(|&i| i as f32).collect();
    let second: Vec<f32> = (0..batch).map(|_| stream.below(n) as f32).collect();
    let lambda: Vec<f32> = (0..batch).map(|_| beta(&mut stream, a, a) as f32).collect();
    program.write_many(&[("first", &first), ("second", &second), ("lambda", &lambda)])
}
