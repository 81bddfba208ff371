//! Convex hulls: the exact answer, and how an answer is scored (section 3.1 and 4.2).
//!
//! The hull comes from `spade`, whose predicates are exact, so that duplicates and collinear points
//! are told apart from nearly so. Only the paper's conventions are here: which corner comes first, what
//! counts as the same polygon, and how much area is covered.
use super::{
    geometry::{Point, from_left, is_simple, orientation, same_place, signed_area, triangulation},
    task::{Score, Start},
};
use spade::Triangulation;

/// Indices of the corners, counter-clockwise.
///
/// Points inside an edge are no corners, and of equal points the first is taken. Points all on one
/// line have its two ends for a hull, and points all in one place a single corner.
pub fn hull(points: &[Point], start: Start) -> Vec<usize> {
    let mut corners = outline(points);
    let first = start.first(points, corners.iter().copied());
    let place = corners.iter().position(|&i| Some(i) == first);
    corners.rotate_left(place.unwrap_or(0));
    corners
}

fn outline(points: &[Point]) -> Vec<usize> {
    let Some(triangulation) = triangulation(points) else { return ends(points) };
    let boundary: Vec<usize> =
        triangulation.convex_hull().map(|edge| edge.from().data().index).collect();
    let k = boundary.len();
    let turns = |i: usize| {
        let [a, b, c] = [i + k - 1, i, i + 1].map(|j| points[boundary[j % k]]);
        orientation(a, b, c) != 0.0
    };
    // `spade` walks the boundary clockwise and stops at every point of it.
    (0..k).rev().filter(|&i| turns(i)).map(|i| boundary[i]).collect()
}

/// First and last of points on one line; one of points all in one place.
fn ends(points: &[Point]) -> Vec<usize> {
    let first = (0..points.len()).min_by(|&i, &j| from_left(points, i, j));
    let last = (0..points.len()).max_by(|&i, &j| from_left(points, i, j));
    let mut ends: Vec<usize> =
        first.into_iter().chain(last).map(|i| same_place(points, i)).collect();
    ends.dedup();
    ends
}

/// Compares an answer with the hull of its points: exact is the same polygon, wherever it starts and
/// whichever way round; valid has at least three corners and does not touch itself; its value is its
/// area over that of the hull, NaN unless both have one (section 4.2).
pub fn score(points: &[Point], answer: &[usize], hull: &[usize]) -> Score {
    let simple = is_simple(points, answer);
    let coverage = if simple && hull.len() >= 3 {
        signed_area(points, answer).abs() / signed_area(points, hull).abs()
    } else {
        f64::NAN
    };
    Score { exact: same_polygon(points, answer, hull), valid: simple, value: coverage }
}

/// Whether two lists of corners go round the same places, up to rotation and reversal.
fn same_polygon(points: &[Point], a: &[usize], b: &[usize]) -> bool {
    let places = |list: &[usize]| list.iter().map(|&i| same_place(points, i)).collect::<Vec<_>>();
    let (a, mut b) = (places(a), places(b));
    let rotated = |b: &mut Vec<usize>| {
        (0..b.len()).any(|_| {
            b.rotate_left(1);
            *b == a
        })
    };
    a.len() == b.len()
        && (rotated(&mut b) || {
            b.reverse();
            rotated(&mut b)
        })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{geometry::strictly_between, testing::sample},
        *,
    };
    use crate::engine::rng::Stream;

    /// A point is a corner if some line through it has all other points strictly on one side or
    /// farther along; by trying all pairs: edge (i, j) is on the hull if no point lies right of it.
    fn brute_force(points: &[Point]) -> Vec<usize> {
        let n = points.len();
        let is_edge = |i: usize, j: usize| {
            points[i] != points[j]
                && (0..n).all(|k| {
                    let side = orientation(points[i], points[j], points[k]);
                    let within = |k: usize| {
                        points[k] == points[i]
                            || points[k] == points[j]
                            || strictly_between(points[i], points[k], points[j])
                    };
                    side > 0.0 || (side == 0.0 && within(k))
                })
        };
        let first = |i: usize| same_place(points, i) == i;
        let next = |i: usize| (0..n).find(|&j| first(j) && is_edge(i, j));
        let Some(start) = (0..n).find(|&i| first(i) && next(i).is_some()) else { return vec![0] };
        let mut corners = vec![start];
        while let Some(j) = next(corners[corners.len() - 1]).filter(|&j| j != start) {
            corners.push(j);
        }
        corners
    }

    #[test]
    fn hull_agrees_with_brute_force() {
        let mut stream = Stream::new(1, "hull test");
        for round in 0..600 {
            // Every other set lies on a coarse grid: duplicates and collinear points abound.
            let grid = (round % 2 == 1).then_some(2 + round % 4);
            let n = 1 + round % 9;
            let points = sample(&mut stream, n, grid);
            let expected = brute_force(&points);
            let found = hull(&points, Start::LowestIndex);
            assert_eq!(found, expected, "points {points:?}");
        }
    }

    #[test]
    fn hull_starts_where_told() {
        let points = [[0.9, 0.5], [0.5, 0.1], [0.1, 0.5], [0.5, 0.9], [0.5, 0.5]];
        assert_eq!(hull(&points, Start::LowestIndex), [0, 3, 2, 1], "counter-clockwise from 0");
        assert_eq!(hull(&points, Start::Leftmost), [2, 1, 0, 3], "counter-clockwise from x = 0.1");
    }

    #[test]
    fn score_ignores_start_and_direction() {
        let mut stream = Stream::new(2, "score test");
        for _ in 0..200 {
            let points = sample(&mut stream, 8, None);
            let truth = hull(&points, Start::LowestIndex);
            let mut answer = truth.clone();
            answer.rotate_left(stream.below(truth.len()));
            if stream.below(2) == 1 {
                answer.reverse();
            }
            let score = score(&points, &answer, &truth);
            assert!(score.exact && score.valid, "{answer:?} of {truth:?}");
            // The sums of the shoelace formula are rounded in another order.
            assert!((score.value - 1.0).abs() < 1e-12, "coverage {}", score.value);
        }
    }

    #[test]
    fn a_bow_tie_is_not_simple_and_has_no_coverage() {
        let points = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let bow_tie = score(&points, &[0, 2, 1, 3], &[0, 1, 2, 3]);
        assert!(!bow_tie.exact && !bow_tie.valid && bow_tie.value.is_nan(), "crosses itself");
        let triangle = score(&points, &[0, 1, 2], &[0, 1, 2, 3]);
        assert_eq!((triangle.exact, triangle.value), (false, 0.5), "half of the square");
        assert!(!is_simple(&points, &[0, 1, 0, 2]), "a corner twice");
        assert!(!is_simple(&points, &[0, 1]), "two corners");
    }
}
