//! Shipped nets on many lengths, one after another, a few instances a step.
use super::{
    decode::Decoder,
    evaluate::{Quality, Tally},
    shipped::Model,
};
use crate::{error::Result, files::Files};

/// Points of the instances that are answered at once.
const POINTS_A_STEP: usize = 400;

/// A net, a length, and how many instances.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Which net.
    pub model: Model,
    /// Points an instance.
    pub n: usize,
    /// Instances.
    pub sample: usize,
}

/// Jobs, done and to do.
pub struct Survey {
    files: Files,
    seed: u64,
    jobs: Vec<(Job, Tally)>,
    /// The net that is loaded.
    loaded: Option<(&'static str, Decoder)>,
}

impl Survey {
    /// Nothing done yet.
    pub fn new(files: &Files, seed: u64, jobs: Vec<Job>) -> Self {
        let start =
            |job: Job| (job, Tally::new(job.model.decoded(), job.n, seed).with_heuristics());
        Self {
            files: files.clone(),
            seed,
            jobs: jobs.into_iter().map(start).collect(),
            loaded: None,
        }
    }

    /// A few instances; whether there are more.
    pub async fn step(&mut self) -> Result<bool> {
        let open = |(job, tally): &&mut (Job, Tally)| tally.count() < job.sample;
        let Some((job, tally)) = self.jobs.iter_mut().find(open) else { return Ok(false) };
        let name = job.model.name;
        if self.loaded.as_ref().is_none_or(|(loaded, _)| *loaded != name) {
            self.loaded = Some((name, job.model.load(&self.files).await?));
        }
        if let Some((_, decoder)) = &mut self.loaded {
            let count = (POINTS_A_STEP / job.n).clamp(1, job.sample - tally.count());
            tally.go_on(decoder, count).await?;
        }
        Ok(self.jobs.iter().any(|(job, tally)| tally.count() < job.sample))
    }

    /// What was found of each job that has begun.
    pub fn found(&self) -> impl Iterator<Item = (&Job, Quality)> {
        let begun = self.jobs.iter().filter(|(_, tally)| tally.count() > 0);
        begun.map(|(job, tally)| (job, tally.quality()))
    }

    /// What was found of a job, if it has begun.
    pub fn of(&self, model: &str, n: usize) -> Option<Quality> {
        self.found().find(|(job, _)| job.model.name == model && job.n == n).map(|(_, q)| q)
    }

    /// Share of all instances that are answered.
    pub fn fraction(&self) -> f64 {
        let done: usize = self.jobs.iter().map(|(_, tally)| tally.count()).sum();
        let all: usize = self.jobs.iter().map(|(job, _)| job.sample).sum();
        done as f64 / all.max(1) as f64
    }

    /// What is being done.
    pub fn now(&self) -> String {
        match self.jobs.iter().find(|(job, tally)| tally.count() < job.sample) {
            Some((job, _)) => format!("{} on {} points", job.model.name, job.n),
            None => "done".to_owned(),
        }
    }

    /// Seed of the instances.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}
