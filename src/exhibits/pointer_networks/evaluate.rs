//! How good a net is (section 4.2): exact hulls, and the area that is covered.
use super::{
    decode::Decoder,
    hull::{Point, score},
    instances::Instance,
    pointer::Net,
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
    /// Fraction of answers that do not cross themselves.
    pub simple: f32,
    /// Mean area covered by these, as a fraction of the hull's; NaN if there is none.
    pub area: f32,
}

/// Answers greedily to `sample` fixed instances of `n` points that training never sees.
pub async fn evaluate(
    net: &Net,
    decoder: &mut Decoder,
    (n, sample): (usize, usize),
    seed: u64,
) -> Result<Quality> {
    let mut stream = Stream::new(seed, &format!("evaluation of {n} points"));
    let instances: Vec<Instance> = (0..sample).map(|_| net.kind().random(&mut stream, n)).collect();
    let points: Vec<&[Point]> = instances.iter().map(|i| i.points.as_slice()).collect();
    let answers = decoder.greedy(&points).await?;
    let scores: Vec<_> = answers
        .iter()
        .zip(&instances)
        .map(|(answer, instance)| score(&instance.points, &answer.outputs, &instance.hull))
        .collect();
    let covered: Vec<f64> = scores.iter().filter(|s| s.simple).map(|s| s.coverage).collect();
    let fraction = |count: usize| count as f32 / sample as f32;
    Ok(Quality {
        n,
        sample,
        exact: fraction(scores.iter().filter(|s| s.exact).count()),
        simple: fraction(covered.len()),
        area: (covered.iter().sum::<f64>() / covered.len() as f64) as f32,
    })
}
