//! A trained net at work, on the CPU: it learns from its prompt, and its weights stay.
use super::{data::Prompts, net::Net};
use crate::{
    engine::{Device, Graph, Plan, Program, Snapshot, State},
    error::{Error, Result},
    models::Weights,
};
use std::collections::BTreeMap;

/// Pairs that a prompt may hold when a net answers queries: more than it was trained on.
pub const MOST_PAIRS: usize = 12;

/// Prompts a run of the program that predicts all prefixes.
const BATCH: usize = 32;

/// A net that answers.
pub struct Predictor {
    /// What it is.
    pub net: Net,
    state: State,
    /// Predicts all prefixes of [`BATCH`] prompts.
    prefixes: Program,
    /// By number of queries: answers them about one prompt.
    answers: BTreeMap<usize, Program>,
}

fn prefix_plan(net: &Net) -> Result<Plan> {
    let g = Graph::new();
    let (x, y) = (g.input("x", [BATCH, net.most, net.d]), g.input("y", [BATCH, net.most]));
    g.output("predictions", net.predict(&Weights::new(&g), x, y));
    g.compile()
}

fn answer_plan(net: &Net, queries: usize) -> Result<Plan> {
    let g = Graph::new();
    let x = g.input("x", [1, MOST_PAIRS, net.d]);
    let (y, present) = (g.input("y", [1, MOST_PAIRS]), g.input("present", [MOST_PAIRS]));
    let queries = g.input("queries", [1, queries, net.d]);
    g.output("answers", net.answer(&Weights::new(&g), (x, y, present), queries));
    g.compile()
}

impl Predictor {
    /// With weights still at their beginnings for that seed.
    pub fn new(net: Net, seed: u64) -> Result<Self> {
        let plan = prefix_plan(&net)?;
        let state = State::new(&Device::cpu(), &[&plan], seed)?;
        let prefixes = Program::new(&Device::cpu(), &plan, &state)?;
        Ok(Self { net, state, prefixes, answers: BTreeMap::new() })
    }

    /// Takes over the weights of a copy.
    pub fn load(&mut self, weights: &Snapshot) -> Result<()> {
        self.state.write_all(weights)
    }

    /// Names and shapes of the weights.
    pub fn weights(&self) -> Vec<(String, Vec<usize>)> {
        let slots = self.state.slots().iter().filter(|slot| slot.name != "step");
        slots.map(|slot| (slot.name.clone(), slot.shape.clone())).collect()
    }

    /// Writes one of the weights.
    pub fn write(&self, name: &str, values: &[f32]) -> Result<()> {
        self.state.write(name, values)
    }

    /// One of the weights.
    pub async fn read(&self, name: &str) -> Result<Vec<f32>> {
        self.state.read(name).await
    }

    /// How many numbers the net is made of.
    pub fn count(&self) -> usize {
        self.weights().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    /// Predictions `[prompts, n]` of each y from the pairs before it, of prompts as long as in training.
    pub async fn prefixes(&mut self, prompts: &Prompts) -> Result<Vec<f32>> {
        let (wide, long) = (self.net.most * self.net.d, self.net.most);
        let mut predictions = Vec::with_capacity(prompts.y.len());
        let chunks = prompts.x.chunks(BATCH * wide).zip(prompts.y.chunks(BATCH * long));
        for (x, y) in chunks {
            let (mut x, mut y, count) = (x.to_vec(), y.to_vec(), y.len());
            x.resize(BATCH * wide, 0.0);
            y.resize(BATCH * long, 0.0);
            self.prefixes.write_many(&[("x", &x), ("y", &y)])?;
            self.prefixes.run(1)?;
            predictions.extend(&self.prefixes.read("predictions").await?[..count]);
        }
        Ok(predictions)
    }

    /// Answers to queries `[q, d]` about a prompt of pairs x `[n, d]`, y `[n]`, at most [`MOST_PAIRS`].
    pub async fn answers(&mut self, x: &[f32], y: &[f32], queries: &[f32]) -> Result<Vec<f32>> {
        if y.len() > MOST_PAIRS {
            let (expected, actual) = (MOST_PAIRS, y.len());
            return Err(Error::Length { name: "the prompt".to_owned(), expected, actual });
        }
        let q = queries.len() / self.net.d;
        let program = match self.answers.entry(q) {
            std::collections::btree_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let plan = answer_plan(&self.net, q)?;
                free.insert(Program::new(&Device::cpu(), &plan, &self.state)?)
            }
        };
        let filled = |values: &[f32], length: usize| {
            let mut values = values.to_vec();
            values.resize(length, 0.0);
            values
        };
        let present = filled(&vec![1.0; y.len()], MOST_PAIRS);
        let (x, y) = (filled(x, MOST_PAIRS * self.net.d), filled(y, MOST_PAIRS));
        program.write_many(&[("x", &x), ("y", &y), ("present", &present), ("queries", queries)])?;
        program.run(1)?;
        program.read("answers").await
    }
}
