//! The travelling salesman (section 3.3): the shortest closed tour through all points.
//!
//! Up to [`EXACT`] points it is found by dynamic programming, beyond by the best of several searches, and
//! then it is the best known, not proven. The paper's conventions are here: a tour starts from the first city
//! and runs counter-clockwise.
use super::{
    geometry::{Point, distance, signed_area},
    task::{Score, Start},
    tours,
};
use crate::engine::sort::ascending;

/// Most points whose optimum is found exactly.
pub const EXACT: usize = 12;

/// The best known tour, as it is taught.
pub fn target(points: &[Point], start: Start) -> Vec<usize> {
    let tour = if points.len() <= EXACT { held_karp(points) } else { tours::best(points) };
    taught(points, start, tour)
}

/// A tour turned so that it starts where it should and runs counter-clockwise.
pub fn taught(points: &[Point], start: Start, mut tour: Vec<usize>) -> Vec<usize> {
    if signed_area(points, &tour) < 0.0 {
        tour.reverse();
    }
    let first = start.first(points, 0..points.len());
    let place = tour.iter().position(|&i| Some(i) == first).unwrap_or(0);
    tour.rotate_left(place);
    tour
}

/// Length of a closed tour.
pub fn length(points: &[Point], tour: &[usize]) -> f64 {
    let k = tour.len();
    (0..k).map(|i| distance(points[tour[i]], points[tour[(i + 1) % k]])).sum()
}

/// A shortest tour, by the dynamic programme of Held & Karp 1962: in O(n² 2ⁿ) steps, for each set of
/// cities and each last one the shortest path from city 0 through the set.
pub fn held_karp(points: &[Point]) -> Vec<usize> {
    let n = points.len();
    if n < 4 {
        return (0..n).collect();
    }
    let m = n - 1;
    let between: Vec<f64> = (0..n * n).map(|i| distance(points[i / n], points[i % n])).collect();
    let way = |i: usize, j: usize| between[i * n + j];
    // By set of cities 1.. as bits, and the last of them.
    let mut cost = vec![f64::INFINITY; m << m];
    let mut before = vec![0_u8; m << m];
    (0..m).for_each(|j| cost[(1 << j) * m + j] = way(0, j + 1));
    for set in 1_usize..1 << m {
        for last in (0..m).filter(|j| set >> j & 1 == 1) {
            let here = cost[set * m + last];
            for next in (0..m).filter(|j| set >> j & 1 == 0) {
                let to = (set | 1 << next) * m + next;
                let there = here + way(last + 1, next + 1);
                if there < cost[to] {
                    (cost[to], before[to]) = (there, last as u8);
                }
            }
        }
    }
    let mut set = (1 << m) - 1;
    let whole = |j: usize| cost[set * m + j] + way(j + 1, 0);
    let mut last = (0..m).min_by(|&i, &j| whole(i).total_cmp(&whole(j))).unwrap_or(0);
    let mut tour = vec![];
    while set > 0 {
        tour.push(last + 1);
        let earlier = usize::from(before[set * m + last]);
        set &= !(1 << last);
        last = earlier;
    }
    tour.push(0);
    tour.reverse();
    tour
}

/// Compares an answer with the best known tour: exact is one as short, valid one that visits every city
/// once; its value is its length over that of the best, NaN if it is not valid.
pub fn score(points: &[Point], answer: &[usize], best: &[usize]) -> Score {
    let mut visited = answer.to_vec();
    ascending(&mut visited);
    let valid = visited.into_iter().eq(0..points.len());
    let least = length(points, best);
    let value = match (valid, least > 0.0) {
        (false, _) => f64::NAN,
        // All cities are in one place.
        (true, false) => 1.0,
        (true, true) => length(points, answer) / least,
    };
    // The same tour from elsewhere adds up in another order.
    Score { exact: value <= 1.0 + 1e-9, valid, value }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::sample, *};
    use crate::engine::rng::Stream;

    /// The shortest of all tours, one after another.
    fn exhaustive(points: &[Point]) -> f64 {
        fn extend(points: &[Point], tour: &mut Vec<usize>, best: &mut f64) {
            if tour.len() == points.len() {
                *best = best.min(length(points, tour));
            }
            for i in 0..points.len() {
                if !tour.contains(&i) {
                    tour.push(i);
                    extend(points, tour, best);
                    tour.pop();
                }
            }
        }
        let mut best = f64::INFINITY;
        extend(points, &mut vec![0], &mut best);
        best
    }

    #[test]
    fn held_karp_is_as_short_as_the_shortest_of_all_tours() {
        let mut stream = Stream::new(1, "tour test");
        for round in 0..200 {
            // Every fourth set lies on a coarse grid: equal points and equal lengths abound.
            let grid = (round % 4 == 0).then_some(3);
            let points = sample(&mut stream, 3 + round % 6, grid);
            let (found, least) = (length(&points, &held_karp(&points)), exhaustive(&points));
            // Sums in another order.
            assert!((found - least).abs() <= 1e-12 * (1.0 + least), "{found} for {least}");
        }
    }

    #[test]
    fn the_mean_optimum_is_as_known() {
        // From the protocol: 2.134 ± 0.009 at n = 5 and 2.873 ± 0.008 at n = 10, deviations 0.4 and 0.35.
        for (n, mean, sample_size) in [(5, 2.134, 2000), (10, 2.873, 300)] {
            let mut stream = Stream::new(2, "tour test");
            let lengths = (0..sample_size).map(|_| {
                let points = sample(&mut stream, n, None);
                length(&points, &target(&points, Start::LowestIndex))
            });
            let here = lengths.sum::<f64>() / f64::from(sample_size);
            // Three standard errors of the difference of two such means.
            let bound = 3.0 * 0.4 * (1.0 / f64::from(sample_size) + 1.0 / 2000.0).sqrt();
            assert!((here - mean).abs() < bound, "n = {n}: {here} for {mean}");
        }
    }

    #[test]
    fn targets_start_where_told_and_go_round_counter_clockwise() {
        let mut stream = Stream::new(3, "tour test");
        for n in [5, 9, 14] {
            let points = sample(&mut stream, n, None);
            for start in [Start::LowestIndex, Start::Leftmost] {
                let tour = target(&points, start);
                assert!(signed_area(&points, &tour) > 0.0, "counter-clockwise");
                assert_eq!(Some(tour[0]), start.first(&points, 0..n), "starts where told");
                assert!(score(&points, &tour, &tour).exact, "a tour");
            }
        }
    }

    #[test]
    fn a_tour_may_start_anywhere_and_must_visit_all() {
        let points = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let best = [0, 1, 2, 3];
        assert!(score(&points, &[2, 1, 0, 3], &best).exact, "backwards from elsewhere");
        let crossing = score(&points, &[0, 2, 1, 3], &best);
        assert!(crossing.valid && !crossing.exact, "longer");
        // Two sides and two diagonals for four sides.
        assert!((crossing.value - (2.0 + 8.0_f64.sqrt()) / 4.0).abs() < 1e-12, "its length");
        for wrong in [&[0, 1, 2][..], &[0, 1, 2, 2], &[0, 1, 2, 3, 3]] {
            let score = score(&points, wrong, &best);
            assert!(!score.valid && !score.exact && score.value.is_nan(), "{wrong:?}");
        }
    }
}
