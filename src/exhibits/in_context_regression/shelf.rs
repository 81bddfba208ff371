//! Shipped nets measured side by side, some prompts at a time: behind the panels *phases* and *noise matrix*.
use super::{
    data::Prompts,
    metrics::{References, Tally},
    predict::Predictor,
    shipped::Model,
};
use crate::{engine::rng::Stream, error::Result, files::Files, models::regress::Linear};

/// Prompts a step.
pub(super) const CHUNK: usize = 32;

/// Some nets, and what has been found of each so far.
pub struct Shelf {
    seed: u64,
    purpose: &'static str,
    learners: Vec<Linear>,
    /// Each with its noise.
    nets: Vec<(Predictor, f64)>,
    /// By net.
    pub(super) tallies: Vec<Tally>,
    /// Steps taken.
    pub(super) steps: usize,
}

impl Shelf {
    /// Loads the nets and measures each once.
    pub async fn new(
        files: &Files,
        models: &[Model],
        learners: &[Linear],
        (seed, purpose): (u64, &'static str),
    ) -> Result<Self> {
        let mut nets = vec![];
        for model in models {
            nets.push((model.load(files).await?, f64::from(model.recipe.sigma)));
        }
        let learners = learners.to_vec();
        let mut shelf = Self { seed, purpose, learners, nets, tallies: vec![], steps: 0 };
        for at in 0..shelf.nets.len() {
            let tally = shelf.measure(at, 0).await?;
            shelf.tallies.push(tally);
        }
        Ok(shelf)
    }

    /// Measures the next net on its next prompts.
    pub async fn step(&mut self) -> Result<()> {
        let at = self.steps % self.nets.len();
        let tally = self.measure(at, 1 + self.steps / self.nets.len()).await?;
        self.tallies[at].add(&tally);
        self.steps += 1;
        Ok(())
    }

    /// Prompts that every net has been measured on.
    pub(super) fn prompts(&self) -> usize {
        self.tallies.iter().map(|tally| tally.count).min().unwrap_or(0)
    }

    /// Nets of one noise get the same prompts.
    async fn measure(&mut self, at: usize, chunk: usize) -> Result<Tally> {
        let (predictor, sigma) = &mut self.nets[at];
        let mut stream = Stream::new(self.seed, &format!("{} {chunk} {sigma}", self.purpose));
        let net = predictor.net;
        let prompts = Prompts::draw(&mut stream, CHUNK, (net.d, net.most), *sigma);
        let found = predictor.prefixes(&prompts).await?;
        Ok(References::of(&prompts, &self.learners).tally(&found))
    }
}
