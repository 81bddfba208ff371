//! Convex hulls: the exact answer, and how an answer is scored (section 3.1 and 4.2).
//!
//! The hull comes from `spade`, whose predicates are exact, so that duplicates and collinear points
//! are told apart from nearly so. Only the paper's conventions are here: which corner comes first, what
//! counts as the same polygon, and how much area is covered.
use robust::{Coord, orient2d};
use spade::{DelaunayTriangulation, HasPosition, Point2, Triangulation};

/// A point of the plane.
pub type Point = [f32; 2];

/// Which corner a hull starts from; it runs counter-clockwise from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// That with the lowest input index, as in the paper.
    LowestIndex,
    /// The leftmost (of several the lowest), which does not depend on the order of the input.
    Leftmost,
}

/// A point that knows its index.
struct Indexed {
    index: usize,
    position: Point2<f64>,
}

impl HasPosition for Indexed {
    type Scalar = f64;
    fn position(&self) -> Point2<f64> {
        self.position
    }
}

/// Indices of the corners, counter-clockwise.
///
/// Points inside an edge are no corners, and of equal points the first is taken. Points all on one
/// line have its two ends for a hull, and points all in one place a single corner.
pub fn hull(points: &[Point], start: Start) -> Vec<usize> {
    let mut corners = outline(points);
    let first = match start {
        Start::LowestIndex => (0..corners.len()).min_by_key(|&i| corners[i]),
        Start::Leftmost => (0..corners.len()).min_by(|&i, &j| {
            let (a, b) = (points[corners[i]], points[corners[j]]);
            a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
        }),
    };
    corners.rotate_left(first.unwrap_or(0));
    corners
}

fn outline(points: &[Point]) -> Vec<usize> {
    let distinct = (0..points.len()).filter(|&i| same_place(points, i) == i);
    let vertices: Vec<Indexed> = distinct
        .map(|index| {
            let [x, y] = points[index].map(f64::from);
            Indexed { index, position: Point2::new(x, y) }
        })
        .collect();
    let lone: Vec<usize> = vertices.iter().map(|v| v.index).take(2).collect();
    let triangulation = DelaunayTriangulation::<Indexed>::bulk_load(vertices).unwrap_or_default();
    if triangulation.all_vertices_on_line() {
        return if lone.len() < 2 { lone } else { ends(points) };
    }
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

/// First and last of points on one line.
fn ends(points: &[Point]) -> Vec<usize> {
    let order = |&i: &usize, &j: &usize| {
        let (a, b) = (points[i], points[j]);
        a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(i.cmp(&j))
    };
    let first = (0..points.len()).min_by(order);
    let last = (0..points.len()).max_by(order).map(|i| same_place(points, i));
    first.into_iter().chain(last).collect()
}

/// The lowest index of a point in the same place.
pub fn same_place(points: &[Point], index: usize) -> usize {
    points[..index].iter().position(|p| *p == points[index]).unwrap_or(index)
}

/// Positive if a, b, c turn left, negative if right, zero if on one line; exact in sign.
fn orientation(a: Point, b: Point, c: Point) -> f64 {
    let [a, b, c] = [a, b, c].map(|p| Coord { x: f64::from(p[0]), y: f64::from(p[1]) });
    orient2d(a, b, c)
}

/// Area of a polygon, positive if it runs counter-clockwise (shoelace formula).
pub fn signed_area(points: &[Point], polygon: &[usize]) -> f64 {
    let at = |i: usize| points[polygon[i % polygon.len()]].map(f64::from);
    let twice: f64 = (0..polygon.len())
        .map(|i| {
            let ([x0, y0], [x1, y1]) = (at(i), at(i + 1));
            x0 * y1 - x1 * y0
        })
        .sum();
    0.5 * twice
}

/// Whether a closed polygon has at least three corners and never touches or crosses itself.
pub fn is_simple(points: &[Point], polygon: &[usize]) -> bool {
    let k = polygon.len();
    let at = |i: usize| points[polygon[i % k]];
    let crosses = |i: usize, j: usize| touch([at(i), at(i + 1)], [at(j), at(j + 1)]);
    let spike = |i: usize| {
        let [a, b, c] = [at(i), at(i + 1), at(i + 2)];
        orientation(a, b, c) == 0.0 && !strictly_between(a, b, c)
    };
    k >= 3
        && !(0..k).any(spike)
        && !(0..k).any(|i| (i + 2..k).any(|j| (j + 1) % k != i && crosses(i, j)))
}

/// Whether b lies strictly between a and c, given that all three are on one line.
fn strictly_between(a: Point, b: Point, c: Point) -> bool {
    let dot =
        (0..2).map(|i| (f64::from(b[i]) - f64::from(a[i])) * (f64::from(c[i]) - f64::from(b[i])));
    dot.sum::<f64>() > 0.0
}

/// Whether two closed segments have a point in common.
fn touch([a, b]: [Point; 2], [c, d]: [Point; 2]) -> bool {
    let side = |p, q, r| orientation(p, q, r).partial_cmp(&0.0);
    let (ca, da) = (side(a, b, c), side(a, b, d));
    let (ac, bc) = (side(c, d, a), side(c, d, b));
    let boxed = |p: Point, [q, r]: [Point; 2]| {
        (0..2).all(|i| q[i].min(r[i]) <= p[i] && p[i] <= q[i].max(r[i]))
    };
    let zero = Some(std::cmp::Ordering::Equal);
    (ca != da && ac != bc && ![ca, da, ac, bc].contains(&zero))
        || (ca == zero && boxed(c, [a, b]))
        || (da == zero && boxed(d, [a, b]))
        || (ac == zero && boxed(a, [c, d]))
        || (bc == zero && boxed(b, [c, d]))
}

/// How good an answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Same polygon as the hull, wherever it starts and whichever way round (section 4.2).
    pub exact: bool,
    /// At least three corners, and no edge touches another.
    pub simple: bool,
    /// Area of the answer over that of the hull; NaN unless both are simple.
    pub coverage: f64,
}

/// Compares an answer with the hull of its points.
pub fn score(points: &[Point], answer: &[usize], hull: &[usize]) -> Score {
    let simple = is_simple(points, answer);
    let coverage = if simple && hull.len() >= 3 {
        signed_area(points, answer).abs() / signed_area(points, hull).abs()
    } else {
        f64::NAN
    };
    Score { exact: same_polygon(points, answer, hull), simple, coverage }
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
    use super::*;
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

    fn sample(stream: &mut Stream, n: usize, grid: Option<usize>) -> Vec<Point> {
        let mut number = || match grid {
            Some(side) => stream.below(side) as f32 / side as f32,
            None => stream.uniform(),
        };
        (0..n).map(|_| [number(), number()]).collect()
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
            assert!(score.exact && score.simple, "{answer:?} of {truth:?}");
            // The sums of the shoelace formula are rounded in another order.
            assert!((score.coverage - 1.0).abs() < 1e-12, "coverage {}", score.coverage);
        }
    }

    #[test]
    fn a_bow_tie_is_not_simple_and_has_no_coverage() {
        let points = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let bow_tie = score(&points, &[0, 2, 1, 3], &[0, 1, 2, 3]);
        assert!(!bow_tie.exact && !bow_tie.simple && bow_tie.coverage.is_nan(), "crosses itself");
        let triangle = score(&points, &[0, 1, 2], &[0, 1, 2, 3]);
        assert_eq!((triangle.exact, triangle.coverage), (false, 0.5), "half of the square");
        assert!(!is_simple(&points, &[0, 1, 0, 2]), "a corner twice");
        assert!(!is_simple(&points, &[0, 1]), "two corners");
    }
}
