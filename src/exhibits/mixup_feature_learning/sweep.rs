//! Many trainings one after another, a few steps at a time.
use super::{
    data::{Config, World},
    measure::{Measures, Meter},
    trainer::{Method, Rates, Trainer},
};
use crate::{engine::Device, error::Result};

/// Training steps from one measurement to the next.
pub const CHUNK: usize = 25;

/// Multiplications that may be made at a time, a few milliseconds' worth.
const AT_ONCE: usize = 10_000_000;

/// Training steps that are taken at a time, so that no step of a panel is long.
pub fn pace(config: &Config) -> usize {
    let side = config.train_patches();
    (AT_ONCE / (side * side * 2 * config.m)).clamp(1, CHUNK)
}

/// One training of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    /// Seed of data and initial weights.
    pub seed: u64,
    /// How it is trained.
    pub method: Method,
    /// With what.
    pub rates: Rates,
    /// For how long.
    pub steps: usize,
}

/// The world of a seed, and a trainer with a lane for every method.
struct Ready {
    seed: u64,
    world: World,
    trainer: Trainer,
    meter: Meter,
}

/// Trainings in a fixed order, and what came out.
pub struct Sweep {
    device: Device,
    config: Config,
    /// In order.
    pub jobs: Vec<Job>,
    methods: Vec<Method>,
    ready: Option<Ready>,
    /// What the jobs done so far have learned, without activations.
    pub results: Vec<Measures>,
    /// Rare test accuracy of the jobs done so far, by step: each at every chunk.
    pub curves: Vec<Vec<(usize, f32)>>,
    /// Steps taken of the present job.
    taken: usize,
}

impl Sweep {
    /// Nothing done yet.
    pub fn new(device: &Device, config: Config, jobs: Vec<Job>) -> Self {
        let mut methods: Vec<Method> = Vec::new();
        for job in &jobs {
            if !methods.contains(&job.method) {
                methods.push(job.method);
            }
        }
        Self {
            device: device.clone(),
            config,
            jobs,
            methods,
            ready: None,
            results: vec![],
            curves: vec![],
            taken: 0,
        }
    }

    /// Fraction done.
    pub fn fraction(&self) -> f64 {
        let steps = |jobs: &[Job]| jobs.iter().map(|job| job.steps).sum::<usize>() as f64;
        (steps(&self.jobs[..self.results.len()]) + self.taken as f64) / steps(&self.jobs).max(1.0)
    }

    /// Makes a world, or takes a few steps of the present job; tells whether there is more to do.
    pub async fn step(&mut self) -> Result<bool> {
        let Some(&job) = self.jobs.get(self.results.len()) else { return Ok(false) };
        let Some(Ready { world, trainer, meter, .. }) =
            self.ready.as_mut().filter(|ready| ready.seed == job.seed)
        else {
            let world = World::new(&self.config, job.seed).await?;
            let trainer = Trainer::new(&self.device, &world, &self.methods, job.seed)?;
            let meter = Meter::new(&world)?;
            self.ready = Some(Ready { seed: job.seed, world, trainer, meter });
            return Ok(true);
        };
        let lane = self.methods.iter().position(|m| *m == job.method).unwrap_or(0);
        if self.taken == 0 {
            trainer.reset(lane, world)?;
            self.curves.push(vec![]);
        }
        let chunk = (self.taken / CHUNK + 1) * CHUNK;
        let until = (self.taken + pace(&self.config)).min(chunk).min(job.steps);
        for _ in self.taken..until {
            trainer.step(lane, &job.rates)?;
        }
        self.taken = until;
        if until < chunk.min(job.steps) {
            return Ok(true);
        }
        let kept = trainer.kept(lane).await?;
        let mut measures = meter.measure(world, job.method, &kept).await?;
        if let Some(curve) = self.curves.last_mut() {
            curve.push((until, measures.rare));
        }
        if until == job.steps {
            measures.activations = vec![];
            self.results.push(measures);
            self.taken = 0;
        }
        Ok(self.results.len() < self.jobs.len())
    }
}
