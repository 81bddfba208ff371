//! A second data set, ours: handwritten digits, with equal and separate coefficients and early stopping.
use super::{Params, race::percent};
use crate::{
    engine::{Device, Graph, Program, Snapshot, State, Var, math, rng::Stream},
    error::{Error, Result},
    exhibit::{Ctx, Metric, Progress},
    figure::Trace,
    files::Files,
    models::{Weights, activation::log_softmax, dense::mlp, optim, tensors::Tensors},
};

/// The file of the images, and how many there are.
pub const FILE: &str = "data/optdigits.safetensors";
const IMAGES: usize = 1797;

/// Numbers an image, and classes.
pub const PIXELS: usize = 64;
/// Classes.
pub const CLASSES: usize = 10;

/// Hidden widths of the network, then its outputs.
const WIDTHS: [usize; 3] = [64, 64, CLASSES];

/// Examples a step.
const BATCH: usize = 32;

/// Momentum, its rate at the start, and what is left of it in the end.
const MOMENTUM: f32 = 0.9;
const RATE: f32 = 0.05;
const FLOOR: f32 = 0.05;

/// Images that a program classifies at once.
const AT_ONCE: usize = 200;

/// Test images looked at while training.
const LOOKED_AT: usize = 400;

/// Training steps from one evaluation to the next.
const EVERY: usize = 20;

/// Images and labels; training images are the first of an order drawn by the seed.
pub struct Digits {
    /// From −1 to 1: `[1797, 64]`.
    pub images: Vec<f32>,
    /// `[1797]`.
    pub labels: Vec<usize>,
    /// Which image stands where.
    pub order: Vec<usize>,
}

/// A way of training on digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Its name as a series.
    pub name: &'static str,
    /// Shares of the first input and of the first label.
    pub lambda: [f32; 2],
    /// Step from which on nothing is mixed any more.
    pub stop: usize,
}

/// A network in training.
struct Lane {
    recipe: Recipe,
    state: State,
    program: Program,
    history: Trace,
    /// Of what was last evaluated.
    shown: Shown,
}

/// What a lane is drawn with.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Test accuracy and cross-entropy.
    pub accuracy: f32,
    /// Mean −ln p of the right class on test images.
    pub loss: f32,
    /// Class probabilities along the line between the chosen images: `[LINE, 10]`.
    pub line: Vec<f32>,
    /// Greatest probability on the plane of three images: `[PLANE, PLANE]`.
    pub plane: Vec<f32>,
}

/// Points of the line between two images.
pub const LINE: usize = 41;

/// Points of a side of the plane through three images.
pub const PLANE: usize = 24;

/// Several networks on the same images, from the same weights.
pub struct DigitRace {
    /// The images.
    pub digits: Digits,
    lanes: Vec<Lane>,
    classifier: Classifier,
    seed: u64,
    n: usize,
    /// Steps taken, and in all.
    pub step: usize,
    steps: usize,
    /// The images that were last looked between.
    chosen: [usize; 3],
}

impl Digits {
    /// The images, in the order of a seed.
    pub async fn load(files: &Files, seed: u64) -> Result<Self> {
        let bytes = files.load(FILE).await?;
        let tensors = Tensors::read(FILE, &bytes)?;
        let images = tensors.get("images", &[IMAGES, 8, 8])?;
        let labels = tensors.get("labels", &[IMAGES])?;
        if let Some(odd) = labels.iter().find(|&&label| label >= CLASSES as f32) {
            let reason = format!("the label {odd} in it is no digit");
            return Err(Error::File { name: FILE.to_owned(), reason });
        }
        let mut order: Vec<usize> = (0..IMAGES).collect();
        Stream::new(seed, "digits order").shuffle(&mut order);
        Ok(Self {
            images: images.iter().map(|x| x / 8.0 - 1.0).collect(),
            labels: labels.iter().map(|&y| y as usize).collect(),
            order,
        })
    }

    /// The image at a place of the order.
    pub fn image(&self, place: usize) -> &[f32] {
        let at = self.order[place] * PIXELS;
        &self.images[at..at + PIXELS]
    }

    /// Its label.
    pub fn label(&self, place: usize) -> usize {
        self.labels[self.order[place]]
    }
}

fn network<'g>(w: &Weights<'g>, x: Var<'g>) -> Var<'g> {
    mlp(w, x, &WIDTHS, Var::relu)
}

/// A network of a seed, and its training program.
fn trained(device: &Device, steps: usize, seed: u64) -> Result<(State, Program)> {
    let g = Graph::new();
    let w = Weights::new(&g);
    let logits = network(&w, g.input("x", [BATCH, PIXELS]));
    let target = g.input("t", [BATCH, CLASSES]);
    let loss = -(log_softmax(logits, 1) * target).sum(&[1]).mean_all();
    let grads = g.grad(loss, &w.vars());
    optim::momentum(&w, &grads, RATE * optim::cosine(&g, steps, FLOOR), MOMENTUM);
    let plan = g.compile()?;
    let state = State::new(device, &[&plan], seed)?;
    let program = Program::new(device, &plan, &state)?;
    Ok((state, program))
}

/// A network that classifies, on the processor.
pub struct Classifier {
    state: State,
    program: Program,
}

impl Classifier {
    fn new() -> Result<Self> {
        let g = Graph::new();
        let w = Weights::new(&g);
        let logits = network(&w, g.input("x", [AT_ONCE, PIXELS]));
        g.output("log p", log_softmax(logits, 1));
        let plan = g.compile()?;
        let state = State::new(&Device::cpu(), &[&plan], 0)?;
        let program = Program::new(&Device::cpu(), &plan, &state)?;
        Ok(Self { state, program })
    }

    /// Logarithms of the class probabilities of images, `[.., 64]` to `[.., 10]`.
    async fn classify(&mut self, images: &[f32]) -> Result<Vec<f32>> {
        let mut all = Vec::new();
        for some in images.chunks(AT_ONCE * PIXELS) {
            let mut batch = some.to_vec();
            batch.resize(AT_ONCE * PIXELS, 0.0);
            self.program.write("x", &batch)?;
            self.program.run(1)?;
            let found = self.program.read("log p").await?;
            all.extend_from_slice(&found[..some.len() / PIXELS * CLASSES]);
        }
        Ok(all)
    }

    /// Accuracy and mean −ln p of the right class on the images at these places.
    async fn test(&mut self, digits: &Digits, places: std::ops::Range<usize>) -> Result<[f32; 2]> {
        let images: Vec<f32> =
            places.clone().flat_map(|place| digits.image(place).iter().copied()).collect();
        let found = self.classify(&images).await?;
        let (mut rights, mut loss) = (0, 0.0);
        for (place, row) in places.clone().zip(found.chunks_exact(CLASSES)) {
            let label = digits.label(place);
            let first = (0..CLASSES).filter(|&k| row[k] > row[label]).count();
            rights += usize::from(first == 0);
            loss -= row[label];
        }
        let count = places.len() as f32;
        Ok([rights as f32 / count, loss / count])
    }
}

impl Params {
    /// The ways of training on digits.
    pub(super) fn recipes(&self) -> Vec<Recipe> {
        let never = usize::MAX;
        let linked = [self.digit_lambda; 2];
        vec![
            Recipe { name: "standard", lambda: [1.0; 2], stop: 0 },
            Recipe { name: "Mixup", lambda: linked, stop: never },
            Recipe { name: "Mixup, stopped early", lambda: linked, stop: self.digit_stop },
            Recipe {
                name: "separate coefficients",
                lambda: [self.digit_x, self.digit_y],
                stop: never,
            },
        ]
    }
}

impl DigitRace {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let digits = Digits::load(&ctx.files, ctx.seed).await?;
        let mut lanes = Vec::new();
        for recipe in p.recipes() {
            let (state, program) = trained(&ctx.device, p.digit_steps, ctx.seed)?;
            let history = Trace::new(&["step", "accuracy", "loss"]).rows_at_most(400);
            lanes.push(Lane { recipe, state, program, history, shown: Shown::default() });
        }
        let mut race = Self {
            digits,
            lanes,
            classifier: Classifier::new()?,
            seed: ctx.seed,
            n: p.digit_n,
            step: 0,
            steps: p.digit_steps,
            chosen: chosen(p),
        };
        for lane in 0..race.lanes.len() {
            race.look(lane, p).await?;
        }
        Ok(race)
    }

    /// One step of every lane on the same examples and partners.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        let mut stream = Stream::new(self.seed, &format!("digits batch {}", self.step));
        let pairs: Vec<[usize; 2]> =
            (0..BATCH).map(|_| [stream.below(self.n), stream.below(self.n)]).collect();
        for (lane, recipe) in self.lanes.iter_mut().zip(p.recipes()) {
            lane.recipe = recipe;
            let [x, t] = blend(&self.digits, &pairs, &lane.recipe, self.step);
            lane.program.write_many(&[("x", &x), ("t", &t)])?;
            lane.program.run(1)?;
        }
        self.step += 1;
        // One lane at a time, so that no step is long.
        let part = EVERY / self.lanes.len();
        let last = self.step >= self.steps;
        for lane in 0..self.lanes.len() {
            if last || self.step % EVERY == lane * part {
                self.look(lane, p).await?;
            }
        }
        if self.lanes.iter().any(|lane| !lane.shown.loss.is_finite()) {
            return Ok(Progress::Diverged);
        }
        Ok(if last { Progress::Done } else { Progress::More })
    }

    /// Evaluates a lane.
    async fn look(&mut self, lane: usize, p: &Params) -> Result<()> {
        self.draw(lane, p).await?;
        let Self { digits, classifier, lanes, n, step, .. } = self;
        let [accuracy, loss] = classifier.test(digits, *n..*n + LOOKED_AT).await?;
        let lane = &mut lanes[lane];
        (lane.shown.accuracy, lane.shown.loss) = (accuracy, loss);
        lane.history.push(&[*step as f32, accuracy, loss]);
        Ok(())
    }

    /// Looks with the weights of a lane between the chosen images.
    async fn draw(&mut self, lane: usize, p: &Params) -> Result<()> {
        let copy: Snapshot = self.lanes[lane].state.read_all().await?;
        self.classifier.state.write_all(&copy)?;
        let chosen = chosen(p);
        let [a, b, c] = chosen.map(|place| self.digits.image(place));
        let along = (0..LINE).flat_map(|i| {
            let share = i as f32 / (LINE - 1) as f32;
            a.iter().zip(b).map(move |(a, b)| a + share * (b - a))
        });
        let across = (0..PLANE * PLANE).flat_map(|i| {
            let at = |i: usize| -0.25 + 1.5 * i as f32 / (PLANE - 1) as f32;
            let (right, up) = (at(i % PLANE), at(i / PLANE));
            (0..PIXELS).map(move |k| a[k] + right * (b[k] - a[k]) + up * (c[k] - a[k]))
        });
        let points: Vec<f32> = along.chain(across).collect();
        let found = self.classifier.classify(&points).await?;
        let p: Vec<f32> = found.iter().map(|x| math::exp(*x)).collect();
        let (line, plane) = p.split_at(LINE * CLASSES);
        let sure = |row: &[f32]| row.iter().copied().fold(0.0, f32::max);
        let shown = &mut self.lanes[lane].shown;
        (shown.line, shown.plane) =
            (line.to_vec(), plane.chunks_exact(CLASSES).map(sure).collect());
        Ok(())
    }

    /// Looks between other images, if others are chosen now.
    pub async fn refresh(&mut self, p: &Params) -> Result<()> {
        if self.chosen != chosen(p) {
            for lane in 0..self.lanes.len() {
                self.draw(lane, p).await?;
            }
            self.chosen = chosen(p);
        }
        Ok(())
    }

    /// Each lane's name, what is shown of it, and its history.
    pub fn lanes(&self) -> impl Iterator<Item = (&Recipe, &Shown, &Trace)> {
        self.lanes.iter().map(|lane| (&lane.recipe, &lane.shown, &lane.history))
    }

    /// Test accuracies.
    pub fn metrics(&self) -> Vec<Metric> {
        let names = [
            ("digits_standard", "Test accuracy, standard"),
            ("digits_mixup", "Mixup"),
            ("digits_stopped", "Stopped early"),
            ("digits_separate", "Separate coefficients"),
        ];
        let lanes = names.into_iter().zip(&self.lanes);
        lanes
            .map(|((name, label), lane)| {
                Metric::new(name, label, 100.0 * lane.shown.accuracy).unit("%")
            })
            .collect()
    }

    /// "standard 93.2%, ...".
    pub fn told(&self) -> String {
        let each =
            self.lanes().map(|(r, shown, _)| format!("{} {}", r.name, percent(shown.accuracy)));
        each.collect::<Vec<String>>().join(", ")
    }
}

/// Places of the two images to look between, and of a third.
pub fn chosen(p: &Params) -> [usize; 3] {
    let third = (0..3).find(|place| *place != p.first && *place != p.second);
    [p.first, p.second, third.unwrap_or(0)]
}

/// Blended images and soft labels of pairs.
fn blend(digits: &Digits, pairs: &[[usize; 2]], recipe: &Recipe, step: usize) -> [Vec<f32>; 2] {
    let [x, y] = if step < recipe.stop { recipe.lambda } else { [1.0; 2] };
    let mut targets = vec![0.0; pairs.len() * CLASSES];
    let mut images = Vec::with_capacity(pairs.len() * PIXELS);
    for ([i, j], target) in pairs.iter().zip(targets.chunks_exact_mut(CLASSES)) {
        let both = digits.image(*i).iter().zip(digits.image(*j));
        images.extend(both.map(|(a, b)| x * a + (1.0 - x) * b));
        target[digits.label(*i)] += y;
        target[digits.label(*j)] += 1.0 - y;
    }
    [images, targets]
}

/// Accuracy on all images that were not trained on, after a whole training.
pub async fn accuracy(
    check: &crate::claim::Check,
    recipe: &Recipe,
    (n, steps, seed): (usize, usize, u64),
    [from, to]: [f64; 2],
) -> Result<f32> {
    let digits = Digits::load(&check.files, seed).await?;
    let (state, mut program) = trained(&check.device, steps, seed)?;
    for step in 0..steps {
        let mut stream = Stream::new(seed, &format!("digits batch {step}"));
        let pairs: Vec<[usize; 2]> =
            (0..BATCH).map(|_| [stream.below(n), stream.below(n)]).collect();
        let [x, t] = blend(&digits, &pairs, recipe, step);
        program.write_many(&[("x", &x), ("t", &t)])?;
        program.run(1)?;
        if step % 20 == 0 {
            let done = from + (to - from) * step as f64 / steps as f64;
            check.progress(done, format!("seed {seed}, {}, step {step}", recipe.name)).await;
        }
    }
    let mut classifier = Classifier::new()?;
    classifier.state.write_all(&state.read_all().await?)?;
    Ok(classifier.test(&digits, n..IMAGES).await?[0])
}
