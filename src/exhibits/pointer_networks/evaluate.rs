//! How good a net is (sections 4.2 to 4.4): exact answers, and how far the others are from it.
use super::{
    decode::{Answer, Decoder},
    geometry::Point,
    instances::Instance,
    pointer::Net,
    task::{Score, Task},
    tours::Heuristic,
    tsp::length,
};
use crate::{engine::rng::Stream, error::Result};

/// What was found on a sample of instances of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Points an instance.
    pub n: usize,
    /// Instances.
    pub sample: usize,
    /// Fraction of exact answers.
    pub exact: f32,
    /// Fraction of valid answers.
    pub valid: f32,
    /// Mean value of the scores that have one: area covered, triangles found, or length over the best;
    /// NaN if there is none.
    pub value: f32,
    /// Mean length of a tour, of the valid ones; NaN for other tasks.
    pub length: f32,
    /// Mean length of the best known tour of each; NaN for other tasks.
    pub best: f32,
    /// Mean lengths of the heuristics' tours, if they were asked for.
    pub heuristics: [f32; Heuristic::ALL.len()],
}

/// Scores so far of answers to instances of `n` points that training never sees, always the same.
#[derive(Clone)]
pub struct Tally {
    net: Net,
    n: usize,
    stream: Stream,
    scores: Vec<Score>,
    /// Of valid tours.
    lengths: Vec<f64>,
    /// Of the best known tours.
    best: Vec<f64>,
    /// Of the heuristics' tours.
    heuristics: Option<[Vec<f64>; Heuristic::ALL.len()]>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(net: Net, n: usize, seed: u64) -> Self {
        let stream = Stream::new(seed, &format!("evaluation of {n} points"));
        Self { net, n, stream, scores: vec![], lengths: vec![], best: vec![], heuristics: None }
    }

    /// Has the heuristics answer to the same instances, if they are of tours.
    #[must_use]
    pub fn with_heuristics(self) -> Self {
        let wanted = self.net.task == Task::Tsp;
        Self { heuristics: wanted.then(Default::default), ..self }
    }

    /// The next instances.
    pub fn draw(&mut self, count: usize) -> Vec<Instance> {
        let kind = self.net.kind();
        (0..count).map(|_| kind.random(&mut self.stream, self.n)).collect()
    }

    /// Scores answers.
    pub fn add(&mut self, instances: &[Instance], answers: &[Answer]) {
        for (Instance { points, target }, answer) in instances.iter().zip(answers) {
            let score = self.net.task.score(points, &answer.outputs, target);
            if self.net.task == Task::Tsp {
                self.best.push(length(points, target));
                for (lengths, heuristic) in self.heuristics.iter_mut().flatten().zip(Heuristic::ALL)
                {
                    lengths.push(length(points, &heuristic.tour(points)));
                }
                if score.valid {
                    self.lengths.push(length(points, &answer.outputs));
                }
            }
            self.scores.push(score);
        }
    }

    /// Answers greedily to the next instances.
    pub async fn go_on(&mut self, decoder: &mut Decoder, count: usize) -> Result<()> {
        let instances = self.draw(count);
        let points: Vec<&[Point]> = instances.iter().map(|i| i.points.as_slice()).collect();
        let answers = decoder.greedy(&points).await?;
        self.add(&instances, &answers);
        Ok(())
    }

    /// How many are scored.
    pub fn count(&self) -> usize {
        self.scores.len()
    }

    /// What was found.
    pub fn quality(&self) -> Quality {
        let fraction = |of: fn(&Score) -> bool| {
            self.scores.iter().filter(|score| of(score)).count() as f32 / self.count() as f32
        };
        let mean = |values: &[f64]| (values.iter().sum::<f64>() / values.len() as f64) as f32;
        let values = self.scores.iter().map(|score| score.value).filter(|value| !value.is_nan());
        Quality {
            n: self.n,
            sample: self.count(),
            exact: fraction(|score| score.exact),
            valid: fraction(|score| score.valid),
            value: mean(&values.collect::<Vec<f64>>()),
            length: mean(&self.lengths),
            best: mean(&self.best),
            heuristics: match &self.heuristics {
                Some(lengths) => lengths.each_ref().map(|lengths| mean(lengths)),
                None => [f32::NAN; Heuristic::ALL.len()],
            },
        }
    }
}

/// Answers greedily to `sample` instances of `n` points at once.
pub async fn evaluate(
    net: &Net,
    decoder: &mut Decoder,
    (n, sample): (usize, usize),
    seed: u64,
) -> Result<Quality> {
    let mut tally = Tally::new(*net, n, seed);
    tally.go_on(decoder, sample).await?;
    Ok(tally.quality())
}
