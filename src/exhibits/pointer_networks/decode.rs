//! Decoding (section 2.3 and 4): from weights to an answer, by beam search; width one is greedy.
//!
//! It runs on the CPU from a copy of the weights, whichever device trains. Encoder and decoder are the
//! very functions that training uses; a decoder step is [`Net::decode`] over a single step, with the
//! hypotheses as its batch.
use super::{
    hull::Point,
    pointer::{Net, START, TOKEN},
};
use crate::{
    engine::{Device, Graph, Plan, Program, Snapshot, State, math, sort::sorted},
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
    state: State,
    /// By points and batch.
    encoders: BTreeMap<(usize, usize), Program>,
    /// By points and rows.
    pointers: BTreeMap<(usize, usize), Program>,
}

/// `tokens` `[batch, n, 4]` to `keys` and `carry0`, `carry1`, ...
fn encoder_plan(net: &Net, n: usize, batch: usize) -> Result<Plan> {
    let g = Graph::new();
    let encoding = net.encode(&Weights::new(&g), g.input("tokens", [batch, n, TOKEN]));
    g.output("keys", encoding.keys);
    for (i, &carry) in encoding.carry.iter().enumerate() {
        g.output(&carry_name(i), carry);
    }
    g.compile()
}

/// One decoder step: `keys`, `carry`, `first`, `previous`, `allowed` to `log_probs` and `carry`.
fn pointer_plan(net: &Net, n: usize, rows: usize) -> Result<Plan> {
    let g = Graph::new();
    let w = Weights::new(&g);
    let carry: Vec<_> =
        (0..net.carried()).map(|i| g.input(&carry_name(i), [rows, net.hidden])).collect();
    let tokens = ["first", "previous"].map(|name| g.input(name, [1, rows, TOKEN]));
    let (queries, carry) = net.decode(&w, &carry, (tokens[0], tokens[1]));
    let keys = g.input("keys", [rows, n + 1, net.hidden]);
    let logits = net.point(&w, (keys, queries), g.input("allowed", [1, rows, n + 1]));
    g.output("log_probs", log_softmax(logits, 2));
    for (i, &carry) in carry.iter().enumerate() {
        g.output(&carry_name(i), carry);
    }
    g.compile()
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

impl Decoder {
    /// A decoder with weights still at their beginnings for that seed.
    pub fn new(net: Net, seed: u64) -> Result<Self> {
        let plans = [encoder_plan(&net, 3, 1)?, pointer_plan(&net, 3, 1)?];
        let state = State::new(&Device::cpu(), &[&plans[0], &plans[1]], seed)?;
        Ok(Self { net, state, encoders: BTreeMap::new(), pointers: BTreeMap::new() })
    }

    /// Takes over the weights of a copy.
    pub fn load(&mut self, weights: &Snapshot) -> Result<()> {
        self.state.write_all(weights)
    }

    /// How many numbers the net is made of.
    pub fn weights(&self) -> usize {
        self.state.slots().iter().map(|slot| slot.shape.iter().product::<usize>()).sum()
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
        let n = instances.first().map_or(0, |points| points.len());
        let rows = instances.len() * width;
        let (keys, mut carry) = self.encode(instances, n, width).await?;
        let pointer = kept(&mut self.pointers, (n, rows), |(n, rows)| {
            Program::new(&Device::cpu(), &pointer_plan(&self.net, n, rows)?, &self.state)
        })?;
        pointer.write("keys", &keys)?;
        // One live hypothesis an instance at first; dead rows are computed and not looked at.
        let blank = Answer { outputs: vec![], log_prob: 0.0, attention: vec![], stopped: false };
        let start = |i| vec![Hypothesis { answer: blank.clone(), from: i * width }];
        let mut beams: Vec<Vec<Hypothesis>> = (0..instances.len()).map(start).collect();
        for _ in 0..=n {
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
                *beam = extend(beam, &log_probs[i * width * (n + 1)..], (i, n, width));
            }
        }
        Ok(beams.into_iter().map(|b| b.into_iter().map(|h| h.answer).collect()).collect())
    }

    /// Keys and carried values of every row: those of its instance, `width` times.
    async fn encode(
        &mut self,
        instances: &[&[Point]],
        n: usize,
        width: usize,
    ) -> Result<(Vec<f32>, Vec<Vec<f32>>)> {
        let batch = instances.len();
        let encoder = kept(&mut self.encoders, (n, batch), |(n, batch)| {
            Program::new(&Device::cpu(), &encoder_plan(&self.net, n, batch)?, &self.state)
        })?;
        let tokens: Vec<f32> =
            instances.iter().flat_map(|p| p.iter()).flat_map(|&p| self.net.token(p)).collect();
        encoder.write("tokens", &tokens)?;
        encoder.run(1)?;
        let repeat = |values: Vec<f32>| -> Vec<f32> {
            values.chunks(values.len() / batch).flat_map(|row| row.repeat(width)).collect()
        };
        let keys = repeat(encoder.read("keys").await?);
        let mut carry = vec![];
        for i in 0..self.net.carried() {
            carry.push(repeat(encoder.read(&carry_name(i)).await?));
        }
        Ok((keys, carry))
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
    let grow = |(log_prob, k, choice): (f32, usize, Option<usize>)| {
        let mut answer = beam[k].answer.clone();
        if let Some(j) = choice {
            let row = &log_probs[k * (n + 1)..(k + 1) * (n + 1)];
            answer.attention.push(row.iter().map(|&p| math::exp(p)).collect());
            answer.log_prob = log_prob;
            answer.stopped = j == n;
            if j < n {
                answer.outputs.push(j);
            }
        }
        Hypothesis { answer, from: i * width + k }
    };
    order.into_iter().take(width).map(|i| grow(candidates[i])).collect()
}

impl Net {
    /// How many vectors a decoder carries from step to step.
    fn carried(&self) -> usize {
        match self.architecture {
            super::pointer::Architecture::SetAttention => 1,
            super::pointer::Architecture::Lstm => 2,
        }
    }

    /// Writes what each hypothesis has pointed at and may point at next.
    fn write_step(
        &self,
        pointer: &mut Program,
        instances: &[&[Point]],
        beams: &[Vec<Hypothesis>],
        (n, width): (usize, usize),
    ) -> Result<()> {
        let rows = instances.len() * width;
        let (mut first, mut previous) = (START.repeat(rows), START.repeat(rows));
        let mut allowed = vec![1.0; rows * (n + 1)];
        for (i, beam) in beams.iter().enumerate() {
            for (k, hypothesis) in beam.iter().enumerate() {
                let (row, outputs) = (i * width + k, &hypothesis.answer.outputs);
                if let (Some(&a), Some(&b)) = (outputs.first(), outputs.last()) {
                    let at = row * TOKEN..(row + 1) * TOKEN;
                    first[at.clone()].copy_from_slice(&self.token(instances[i][a]));
                    previous[at].copy_from_slice(&self.token(instances[i][b]));
                }
                self.allowed(n, outputs, &mut allowed[row * (n + 1)..(row + 1) * (n + 1)]);
            }
        }
        if self.reads_first() {
            pointer.write("first", &first)?;
        }
        pointer.write("previous", &previous)?;
        pointer.write("allowed", &allowed)
    }
}
