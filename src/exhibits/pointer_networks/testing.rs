//! Points for the tests of this exhibit.
use super::geometry::Point;
use crate::engine::rng::Stream;

/// `n` points uniform in the unit square, or on a grid of so many a side.
pub(super) fn sample(stream: &mut Stream, n: usize, grid: Option<usize>) -> Vec<Point> {
    let mut number = || match grid {
        Some(side) => stream.below(side) as f32 / side as f32,
        None => stream.uniform(),
    };
    (0..n).map(|_| [number(), number()]).collect()
}
