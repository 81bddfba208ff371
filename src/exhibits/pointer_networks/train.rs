//! Training by maximum likelihood (eq. 2) on fresh random instances, teacher forced (section 4.1).
//!
//! All sequences of a batch have one length n, drawn anew for each batch; each n has its program, and
//! all programs share one state.
use super::{
    instances::{self, Instance, Kind},
    pointer::{Net, Picked, TOKEN},
    task::Task,
    tours::Heuristic,
    tsp,
};
use crate::{
    engine::{Device, Graph, Plan, Program, Snapshot, State, Var, rng::Stream},
    error::Result,
    models::{
        Weights,
        loss::{cross_entropy, masked_mean},
        losses, optim,
    },
};
use std::collections::BTreeMap;

/// How the weights are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimiser {
    /// Adam, its rate falling to a twentieth along a cosine.
    Adam,
    /// Plain gradient descent at a constant rate, as in section 4.1.
    Sgd,
}

/// Everything about training that is settled before it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Instances a batch.
    pub batch: usize,
    /// Fewest points.
    pub least: usize,
    /// Most points.
    pub most: usize,
    /// How the weights are updated.
    pub optimiser: Optimiser,
    /// Steps over which Adam's rate falls.
    pub steps: usize,
    /// Whose tours are taught, as in section 4.4; none: the best known.
    pub teacher: Option<Heuristic>,
}

impl Recipe {
    /// What a visitor trains by at first, and what is claimed of it: batches of 128 on 5 to 10 points, Adam over 800
    /// planned steps.
    pub const LIVE: Self = Self {
        batch: 128,
        least: 5,
        most: 10,
        optimiser: Optimiser::Adam,
        steps: 800,
        teacher: None,
    };

    /// An instance with the answer that is taught.
    pub(super) fn instance(&self, kind: Kind, stream: &mut Stream, n: usize) -> Instance {
        match self.teacher {
            Some(teacher) if kind.task == Task::Tsp => {
                let points = kind.order.sorted(&instances::uniform(stream, n));
                let target = tsp::taught(&points, kind.start, teacher.tour(&points));
                Instance { points, target }
            }
            _ => kind.random(stream, n),
        }
    }

    /// Its numbers of points: "5–20", or "10".
    pub fn range(&self) -> String {
        if self.least == self.most {
            self.most.to_string()
        } else {
            format!("{}–{}", self.least, self.most)
        }
    }
}

/// Joint norm of the derivatives is at most this; section 4.1.
const CLIP_NORM: f32 = 2.0;

/// What is left of Adam's rate in the end.
const FLOOR: f32 = 0.05;

/// Mean cross-entropy an output of a batch: a graph's inputs are those of [`Batch`].
pub(super) fn loss<'g>(
    net: &Net,
    w: &Weights<'g>,
    (n, steps, batch): (usize, usize, usize),
) -> Var<'g> {
    let g = w.graph();
    // Not every net reads it: before the others, so that these lie next to each other.
    let first = g.input("first", [steps, batch, net.picked_size()]);
    let encoding = net.encode(w, g.input("tokens", [batch, n, TOKEN]));
    let previous = g.input("previous", [steps, batch, net.picked_size()]);
    let allowed = g.input("allowed", [steps, batch, n + 1]);
    let (logits, _) = net.decode(w, &encoding, Picked { first, previous }, allowed);
    let losses = cross_entropy(logits, g.input("target", [steps, batch]));
    masked_mean(losses, g.input("counts", [steps, batch]))
}

/// One training step on sequences of `n` points.
pub fn plan(net: &Net, recipe: &Recipe, n: usize) -> Result<Plan> {
    let g = Graph::new();
    let w = Weights::new(&g);
    // Before the output, so that it lies beside the other inputs.
    let rate = g.input("rate", []);
    let loss = loss(net, &w, (n, net.task.output_steps(n), recipe.batch));
    let (grads, _) = optim::clip_global_norm(&g.grad(loss, &w.vars()), CLIP_NORM);
    match recipe.optimiser {
        Optimiser::Adam => {
            let rate = rate * optim::cosine(&g, recipe.steps, FLOOR);
            optim::adam(&w, &grads, rate, optim::Adam::default());
        }
        Optimiser::Sgd => optim::sgd(&w, &grads, rate),
    }
    g.output("loss", loss);
    losses::keep(&g, loss);
    g.compile()
}

/// Inputs of one training step, row-major.
pub struct Batch {
    /// `[batch, n, 4]`.
    pub tokens: Vec<f32>,
    /// The first output, or the start symbol before there is one, as [`Net::picked`]: `[steps, batch, 4]`
    /// or `[steps, batch, 1]`.
    pub first: Vec<f32>,
    /// The output before, or the start symbol, likewise.
    pub previous: Vec<f32>,
    /// What may be pointed at: `[steps, batch, n + 1]`.
    pub allowed: Vec<f32>,
    /// What should be: `[steps, batch]`.
    pub target: Vec<f32>,
    /// One up to the stop symbol where there is a choice, zero elsewhere: `[steps, batch]`.
    pub counts: Vec<f32>,
}

impl Batch {
    /// Of instances of `n` points, for `steps` outputs.
    pub fn of(net: &Net, instances: &[Instance], n: usize, steps: usize) -> Self {
        let cells = steps * instances.len();
        let mut batch = Self {
            tokens: instances.iter().flat_map(|i| &i.points).flat_map(|&p| net.token(p)).collect(),
            first: Vec::with_capacity(cells * net.picked_size()),
            previous: Vec::with_capacity(cells * net.picked_size()),
            allowed: vec![0.0; cells * (n + 1)],
            target: Vec::with_capacity(cells),
            counts: Vec::with_capacity(cells),
        };
        for step in 0..steps {
            for (row, Instance { points, target }) in instances.iter().enumerate() {
                let outputs = &target[..step.min(target.len())];
                net.picked(points, outputs.first(), &mut batch.first);
                net.picked(points, outputs.last(), &mut batch.previous);
                let cell = (step * instances.len() + row) * (n + 1);
                let allowed = &mut batch.allowed[cell..=cell + n];
                net.allowed(points, outputs, allowed);
                let choices = allowed.iter().sum::<f32>();
                batch.target.push(target.get(step).map_or(n, |&j| j) as f32);
                let counts = step <= target.len() && choices > 1.0;
                batch.counts.push(if counts { 1.0 } else { 0.0 });
            }
        }
        batch
    }

    /// Writes all inputs, the rate only if there is one: it stays what it was.
    pub fn write(&self, net: &Net, rate: Option<f32>, program: &mut Program) -> Result<()> {
        let mut inputs: Vec<(&str, &[f32])> = vec![
            ("tokens", &self.tokens),
            ("previous", &self.previous),
            ("allowed", &self.allowed),
            ("target", &self.target),
            ("counts", &self.counts),
        ];
        if net.reads_first() {
            inputs.push(("first", &self.first));
        }
        if let Some(rate) = &rate {
            inputs.push(("rate", std::slice::from_ref(rate)));
        }
        program.write_many(&inputs)
    }
}

/// The program of one length.
struct Stepper {
    program: Program,
    /// The rate it was last given.
    rate: Option<f32>,
}

/// A net in training.
pub struct Trainer {
    /// What is trained.
    pub net: Net,
    /// How.
    pub recipe: Recipe,
    device: Device,
    seed: u64,
    state: State,
    steppers: BTreeMap<usize, Stepper>,
    /// Steps taken.
    pub step: usize,
    last: usize,
}

impl Trainer {
    /// Before the first step.
    pub fn new(device: &Device, net: Net, recipe: Recipe, seed: u64) -> Result<Self> {
        let n = recipe.most;
        let plan = plan(&net, &recipe, n)?;
        let state = State::new(device, &[&plan], seed)?;
        let stepper = Stepper { program: Program::new(device, &plan, &state)?, rate: None };
        let mut steppers = BTreeMap::new();
        steppers.insert(n, stepper);
        Ok(Self { net, recipe, device: device.clone(), seed, state, steppers, step: 0, last: n })
    }

    /// One step on a fresh batch, which depends on the seed and the number of the step alone.
    pub fn step(&mut self, rate: f32) -> Result<()> {
        let mut stream = Stream::new(self.seed, &format!("batch {}", self.step));
        let Recipe { least, most, batch, .. } = self.recipe;
        let n = least + stream.below(most - least + 1);
        let kind = self.net.kind();
        let instances: Vec<Instance> =
            (0..batch).map(|_| self.recipe.instance(kind, &mut stream, n)).collect();
        if !self.steppers.contains_key(&n) {
            let plan = plan(&self.net, &self.recipe, n)?;
            let program = Program::new(&self.device, &plan, &self.state)?;
            self.steppers.insert(n, Stepper { program, rate: None });
        }
        if let Some(Stepper { program, rate: last }) = self.steppers.get_mut(&n) {
            let batch = Batch::of(&self.net, &instances, n, self.net.task.output_steps(n));
            batch.write(&self.net, (*last != Some(rate)).then_some(rate), program)?;
            *last = Some(rate);
            program.run(1)?;
        }
        (self.last, self.step) = (n, self.step + 1);
        Ok(())
    }

    /// Loss of the last step; NaN before the first.
    pub async fn loss(&self) -> Result<f32> {
        match self.steppers.get(&self.last) {
            Some(stepper) if self.step > 0 => Ok(stepper.program.read("loss").await?[0]),
            _ => Ok(f32::NAN),
        }
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
