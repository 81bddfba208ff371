//! Decoding (section 2.3 and 4): from weights to an answer, by beam search; width one is greedy.
//!
//! In the exhibit it runs on the CPU from a copy of the weights, whichever device trains. Encoder and decoder are the
//! very functions that training uses; a decoder step is [`Net::decode`] over a single step, with the
//! hypotheses as its batch.
use super::{
    geometry::Point,
    pointer::{Encoding, Net, Picked, TOKEN},
};
use crate::{
    engine::{Device, Graph, Plan, Program, Snapshot, State, math, rng::Stream, sort::sorted},
    error::Result,
    models::{Weights, activation::log_softmax, loss::MASKED},
};
use std::{collections::BTreeMap, rc::Rc};

/// A sequence of outputs and how it came about.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Indices of the points pointed at, without the stop symbol.
    pub outputs: Vec<usize>,
    /// Sum of the logarithms of the probabilities of all outputs, stop included.
    pub log_prob: f32,
    /// Probabilities of the `n + 1` choices at each step, the last of them "stop".
    pub attention: Vec<Rc<[f32]>>,
    /// Whether it ended by pointing at "stop".
    pub stopped: bool,
}

/// Programs kept before all are let go.
const MOST_PROGRAMS: usize = 64;

/// A net that answers.
pub struct Decoder {
    net: Net,
    device: Device,
    state: State,
    /// By points and batch.
    encoders: BTreeMap<(usize, usize), Program>,
    /// By points and rows.
    pointers: BTreeMap<(usize, usize), Program>,
}

/// `tokens` `[batch, n, 4]` to what is fixed, `fixed0`, ..., and what is carried, `carry0`, ...
fn encoder_plan(net: &Net, n: usize, batch: usize) -> Result<Plan> {
    let g = Graph::new();
    let encoding = net.encode(&Weights::new(&g), g.input("tokens", [batch, n, TOKEN]));
    for (i, &fixed) in encoding.fixed.iter().enumerate() {
        g.output(&fixed_name(i), fixed);
    }
    for (i, &carry) in encoding.carry.iter().enumerate() {
        g.output(&carry_name(i), carry);
    }
    g.compile()
}

/// One decoder step: what is fixed and carried, `first`, `previous`, `allowed` to `log_probs` and what is
/// carried.
fn pointer_plan(net: &Net, n: usize, rows: usize) -> Result<Plan> {
    let g = Graph::new();
    let w = Weights::new(&g);
    let (fixed, carry) = net.encoded(n);
    let input = |name: String, shape: &[usize]| g.input(&name, shape);
    let carry = (0..carry).map(|i| input(carry_name(i), &[rows, net.hidden])).collect();
    let [first, previous] =
        ["first", "previous"].map(|name| g.input(name, [1, rows, net.picked_size()]));
    let sized = fixed.iter().enumerate();
    let fixed = sized.map(|(i, &size)| input(fixed_name(i), &[rows, size, net.hidden])).collect();
    let allowed = g.input("allowed", [1, rows, n + 1]);
    let encoding = Encoding { fixed, carry };
    let (logits, carry) = net.decode(&w, &encoding, Picked { first, previous }, allowed);
    g.output("log_probs", log_softmax(logits, 2));
    for (i, &carry) in carry.iter().enumerate() {
        g.output(&carry_name(i), carry);
    }
    g.compile()
}

fn fixed_name(i: usize) -> String {
    format!("fixed{i}")
}

fn carry_name(i: usize) -> String {
    format!("carry{i}")
}

/// A row of the search.
#[derive(Clone)]
struct Hypothesis {
    answer: Answer,
    /// Row of the last step that it continues.
    from: usize,
}

/// Continues the hypotheses of instance i of `n` points by the logarithms of all choices' probabilities,
/// `width` rows of n + 1.
type Choose<'a> = dyn FnMut(&[Hypothesis], &[f32], (usize, usize, usize)) -> Vec<Hypothesis> + 'a;

impl Answer {
    /// Before the first output.
    fn blank() -> Self {
        Self { outputs: vec![], log_prob: 0.0, attention: vec![], stopped: false }
    }
}

impl Hypothesis {
    /// Goes on from row `from` with choice `j` of a row of logarithms; one that has stopped stays.
    fn grown(&self, from: usize, row: &[f32], j: usize) -> Self {
        let mut answer = self.answer.clone();
        if !answer.stopped {
            answer.attention.push(row.iter().map(|&p| math::exp(p)).collect());
            answer.log_prob += row[j];
            answer.stopped = j + 1 == row.len();
            if !answer.stopped {
                answer.outputs.push(j);
            }
        }
        Self { answer, from }
    }
}

/// A choice drawn from a row of logarithms of probabilities.
fn drawn(row: &[f32], stream: &mut Stream) -> usize {
    let mut left = stream.uniform();
    let open = (0..row.len()).filter(|&j| row[j] > 0.5 * MASKED);
    let mut last = row.len() - 1;
    for j in open {
        last = j;
        left -= math::exp(row[j]);
        if left < 0.0 {
            break;
        }
    }
    last
}

impl Decoder {
    /// A decoder on the CPU with weights still at their beginnings for that seed.
    pub fn new(net: Net, seed: u64) -> Result<Self> {
        Self::on(&Device::cpu(), net, seed)
    }

    /// A decoder on a device. Every output is read back before the next, so a GPU hardly pays.
    pub fn on(device: &Device, net: Net, seed: u64) -> Result<Self> {
        let n = if net.classes > 0 { net.classes } else { 3 };
        let plans = [encoder_plan(&net, n, 1)?, pointer_plan(&net, n, 1)?];
        let state = State::new(device, &[&plans[0], &plans[1]], seed)?;
        let device = device.clone();
        Ok(Self { net, device, state, encoders: BTreeMap::new(), pointers: BTreeMap::new() })
    }

    /// Takes over the weights of a copy.
    pub fn load(&mut self, weights: &Snapshot) -> Result<()> {
        self.state.write_all(weights)
    }

    /// A copy of the weights.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.state.read_all().await
    }

    /// Names and shapes of the weights.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let slots = self.state.slots().iter().filter(|slot| slot.name != "step");
        slots.map(|slot| (slot.name.clone(), slot.shape.clone())).collect()
    }

    /// Writes one of the weights.
    pub fn write(&self, name: &str, values: &[f32]) -> Result<()> {
        self.state.write(name, values)
    }

    /// How many numbers the net is made of.
    pub fn weights(&self) -> usize {
        self.tensors().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    /// The best answer of each instance by its own choice at every step; all of one length.
    pub async fn greedy(&mut self, instances: &[&[Point]]) -> Result<Vec<Answer>> {
        Ok(self.search(instances, 1).await?.into_iter().filter_map(|mut a| a.pop()).collect())
    }

    /// Up to `width` answers for each instance, best first; all instances of one length.
    pub async fn search(
        &mut self,
        instances: &[&[Point]],
        width: usize,
    ) -> Result<Vec<Vec<Answer>>> {
        // One live hypothesis an instance at first; dead rows are computed and not looked at.
        let start = |i| vec![Hypothesis { answer: Answer::blank(), from: i * width }];
        let beams = (0..instances.len()).map(start).collect();
        self.run(instances, (width, beams), &mut extend).await
    }

    /// `count` answers drawn by the net's own probabilities.
    pub async fn samples(
        &mut self,
        points: &[Point],
        count: usize,
        stream: &mut Stream,
    ) -> Result<Vec<Answer>> {
        let start = |from| Hypothesis { answer: Answer::blank(), from };
        let beams = vec![(0..count).map(start).collect()];
        let mut draw =
            |beam: &[Hypothesis], log_probs: &[f32], (_, n, _): (usize, usize, usize)| {
                let row = |k: usize| &log_probs[k * (n + 1)..(k + 1) * (n + 1)];
                let each = beam.iter().enumerate();
                each.map(|(k, one)| one.grown(k, row(k), drawn(row(k), stream))).collect()
            };
        Ok(self.run(&[points], (count, beams), &mut draw).await?.pop().unwrap_or_default())
    }

    /// Lets hypotheses grow, `width` rows an instance, as `choose` continues them, until all have stopped.
    async fn run(
        &mut self,
        instances: &[&[Point]],
        (width, mut beams): (usize, Vec<Vec<Hypothesis>>),
        choose: &mut Choose<'_>,
    ) -> Result<Vec<Vec<Answer>>> {
        let n = instances.first().map_or(0, |points| points.len());
        let rows = instances.len() * width;
        let [fixed, mut carry] = self.encode(instances, n, width).await?;
        let pointer = kept(&mut self.pointers, (n, rows), |(n, rows)| {
            Program::new(&self.device, &pointer_plan(&self.net, n, rows)?, &self.state)
        })?;
        for (i, values) in fixed.iter().enumerate() {
            pointer.write(&fixed_name(i), values)?;
        }
        for _ in 0..self.net.task.most_outputs(n) {
            if beams.iter().flatten().all(|h| h.answer.stopped) {
                break;
            }
            self.net.write_step(pointer, instances, &beams, (n, width))?;
            for (i, values) in carry.iter().enumerate() {
                let moved = reorder(values, &beams, width, self.net.hidden);
                pointer.write(&carry_name(i), &moved)?;
            }
            pointer.run(1)?;
            let log_probs = pointer.read("log_probs").await?;
            for (i, values) in carry.iter_mut().enumerate() {
                *values = pointer.read(&carry_name(i)).await?;
            }
            for (i, beam) in beams.iter_mut().enumerate() {
                *beam = choose(beam, &log_probs[i * width * (n + 1)..], (i, n, width));
            }
        }
        Ok(beams.into_iter().map(|b| b.into_iter().map(|h| h.answer).collect()).collect())
    }

    /// What is fixed and what is carried for every row: that of its instance, `width` times.
    async fn encode(
        &mut self,
        instances: &[&[Point]],
        n: usize,
        width: usize,
    ) -> Result<[Vec<Vec<f32>>; 2]> {
        let batch = instances.len();
        let encoder = kept(&mut self.encoders, (n, batch), |(n, batch)| {
            Program::new(&self.device, &encoder_plan(&self.net, n, batch)?, &self.state)
        })?;
        let tokens: Vec<f32> =
            instances.iter().flat_map(|p| p.iter()).flat_map(|&p| self.net.token(p)).collect();
        encoder.write("tokens", &tokens)?;
        encoder.run(1)?;
        let repeat = |values: Vec<f32>| -> Vec<f32> {
            values.chunks(values.len() / batch).flat_map(|row| row.repeat(width)).collect()
        };
        let (fixed, carry) = self.net.encoded(n);
        let mut read = [vec![], vec![]];
        for i in 0..fixed.len() {
            read[0].push(repeat(encoder.read(&fixed_name(i)).await?));
        }
        for i in 0..carry {
            read[1].push(repeat(encoder.read(&carry_name(i)).await?));
        }
        Ok(read)
    }
}

/// The program of that key, made if it is new.
fn kept<K: Ord + Copy>(
    programs: &mut BTreeMap<K, Program>,
    key: K,
    make: impl FnOnce(K) -> Result<Program>,
) -> Result<&mut Program> {
    if programs.len() >= MOST_PROGRAMS && !programs.contains_key(&key) {
        programs.clear();
    }
    Ok(match programs.entry(key) {
        std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::btree_map::Entry::Vacant(entry) => entry.insert(make(key)?),
    })
}

/// Rows of `values` `[rows, hidden]` as the hypotheses continue them; dead rows are zero.
fn reorder(values: &[f32], beams: &[Vec<Hypothesis>], width: usize, hidden: usize) -> Vec<f32> {
    let mut moved = vec![0.0; values.len()];
    for (i, beam) in beams.iter().enumerate() {
        for (k, hypothesis) in beam.iter().enumerate() {
            let (to, from) = ((i * width + k) * hidden, hypothesis.from * hidden);
            moved[to..to + hidden].copy_from_slice(&values[from..from + hidden]);
        }
    }
    moved
}

/// The `width` best continuations of a beam, among them the answers that have already stopped.
fn extend(
    beam: &[Hypothesis],
    log_probs: &[f32],
    (i, n, width): (usize, usize, usize),
) -> Vec<Hypothesis> {
    // (score, hypothesis, choice); no choice: it has stopped before.
    let mut candidates: Vec<(f32, usize, Option<usize>)> = vec![];
    for (k, hypothesis) in beam.iter().enumerate() {
        if hypothesis.answer.stopped {
            candidates.push((hypothesis.answer.log_prob, k, None));
            continue;
        }
        let row = &log_probs[k * (n + 1)..(k + 1) * (n + 1)];
        let open = row.iter().enumerate().filter(|(_, p)| **p > 0.5 * MASKED);
        candidates.extend(open.map(|(j, p)| (hypothesis.answer.log_prob + p, k, Some(j))));
    }
    let order = sorted(candidates.len(), &|a, b| candidates[b].0.total_cmp(&candidates[a].0));
    let grow = |(_, k, choice): (f32, usize, Option<usize>)| {
        let row = &log_probs[k * (n + 1)..(k + 1) * (n + 1)];
        beam[k].grown(i * width + k, row, choice.unwrap_or(n))
    };
    order.into_iter().take(width).map(|i| grow(candidates[i])).collect()
}

impl Net {
    /// Writes what each hypothesis has pointed at and may point at next.
    fn write_step(
        &self,
        pointer: &mut Program,
        instances: &[&[Point]],
        beams: &[Vec<Hypothesis>],
        (n, width): (usize, usize),
    ) -> Result<()> {
        let rows = instances.len() * width;
        let (mut first, mut previous) = (vec![], vec![]);
        let mut allowed = vec![1.0; rows * (n + 1)];
        for row in 0..rows {
            let points = instances[row / width];
            let hypothesis = beams[row / width].get(row % width);
            let outputs = hypothesis.map_or(&[][..], |hypothesis| &hypothesis.answer.outputs);
            self.picked(points, outputs.first(), &mut first);
            self.picked(points, outputs.last(), &mut previous);
            if hypothesis.is_some() {
                self.allowed(points, outputs, &mut allowed[row * (n + 1)..(row + 1) * (n + 1)]);
            }
        }
        if self.reads_first() {
            pointer.write("first", &first)?;
        }
        pointer.write("previous", &previous)?;
        pointer.write("allowed", &allowed)
    }
}
