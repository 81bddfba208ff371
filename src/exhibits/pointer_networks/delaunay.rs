//! Delaunay triangulations (section 3.2): no point lies inside the circle through a triangle's corners.
//!
//! The triangulation comes from `spade`. The paper's conventions are here: a triangle names its corners in
//! order, and triangles go by their incenters, from left to right.
use super::{
    geometry::{Point, distance, in_circle, orientation, signed_area, triangulation},
    hull,
    task::{Score, Start},
};
use crate::engine::sort::{ascending, sort, sorted};
use spade::Triangulation;
use std::collections::BTreeSet;

/// Three corners.
pub type Triangle = [usize; 3];

/// The triangles in the order in which they are taught; none if all points lie on one line.
pub fn triangles(points: &[Point], start: Start) -> Vec<Triangle> {
    let Some(found) = triangulation(points) else { return vec![] };
    let (mut triangles, mut centres) = (vec![], vec![]);
    for face in found.inner_faces() {
        let mut corners = face.vertices().map(|vertex| vertex.data().index);
        sort(&mut corners, &|i, j| start.order(points, i, j));
        centres.push(incenter(corners.map(|i| points[i])));
        triangles.push(corners);
    }
    let order = sorted(triangles.len(), &|a, b| {
        let (a, b) = (centres[a], centres[b]);
        a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
    });
    order.into_iter().map(|i| triangles[i]).collect()
}

/// Centre of the circle that touches all three sides: the corners, weighted by the opposite side.
fn incenter([a, b, c]: [Point; 3]) -> [f64; 2] {
    let weights = [distance(b, c), distance(c, a), distance(a, b)];
    let whole = weights[0] + weights[1] + weights[2];
    [0, 1].map(|axis| {
        let sum = weights[0] * f64::from(a[axis])
            + weights[1] * f64::from(b[axis])
            + weights[2] * f64::from(c[axis]);
        sum / whole
    })
}

/// Rules out what no list of triangles with corners in order goes on with: see `Task::rule_out`.
pub fn rule_out(points: &[Point], start: Start, outputs: &[usize], row: &mut [f32]) {
    let n = points.len();
    let place = outputs.len() % 3;
    // After the first corner two more must come, after the second one.
    let last = |below: Option<usize>| {
        let among = (0..n).filter(|&j| below.is_none_or(|k| start.order(points, j, k).is_lt()));
        among.max_by(|&i, &j| start.order(points, i, j))
    };
    let limit = match place {
        0 => last(last(None)),
        1 => last(None),
        _ => None,
    };
    let before = (place > 0).then(|| outputs[outputs.len() - 1]);
    for (j, allowed) in row[..n].iter_mut().enumerate() {
        let too_late = limit.is_some_and(|k| start.order(points, j, k).is_ge());
        let in_order = before.is_none_or(|i| start.order(points, i, j).is_lt());
        if too_late || !in_order {
            *allowed = 0.0;
        }
    }
    if place > 0 || outputs.is_empty() {
        row[n] = 0.0;
    }
}

/// The triangles of a list of outputs, corners ascending; what is left after the last three is no triangle.
fn read(outputs: &[usize]) -> impl Iterator<Item = Triangle> {
    outputs.as_chunks::<3>().0.iter().map(|three| {
        let mut three = *three;
        ascending(&mut three);
        three
    })
}

/// Compares an answer with the target (section 4.3): exact is the same set of triangles, or another
/// where four points on one circle leave the choice; valid are distinct triangles of three corners; its value
/// is the share of the target's triangles that it names.
pub fn score(points: &[Point], answer: &[usize], target: &[usize]) -> Score {
    let found: BTreeSet<Triangle> = read(answer).collect();
    let flat = |[i, j, k]: &Triangle| orientation(points[*i], points[*j], points[*k]) == 0.0;
    let valid = !found.is_empty() && 3 * found.len() == answer.len() && !found.iter().any(flat);
    let truth: BTreeSet<Triangle> = read(target).collect();
    let exact =
        valid && (found == truth || (found.len() == truth.len() && is_delaunay(points, &found)));
    let hits = truth.intersection(&found).count();
    Score { exact, valid, value: hits as f64 / truth.len() as f64 }
}

/// Whether no point lies inside any triangle's circle, none lies over its neighbour, and together they cover
/// the hull.
fn is_delaunay(points: &[Point], triangles: &BTreeSet<Triangle>) -> bool {
    let empty = |three: &Triangle| {
        let corners = three.map(|i| points[i]);
        points.iter().all(|&p| !in_circle(corners, p))
    };
    // On which side of each edge the triangles lie that have it.
    let mut sides = BTreeSet::new();
    let mut apart = true;
    for &[i, j, k] in triangles {
        for (a, b, c) in [(i, j, k), (j, k, i), (i, k, j)] {
            let left = orientation(points[a], points[b], points[c]) > 0.0;
            apart &= sides.insert((a, b, left));
        }
    }
    let area: f64 = triangles.iter().map(|three| signed_area(points, three).abs()).sum();
    let whole = signed_area(points, &hull::hull(points, Start::LowestIndex));
    // A sum of up to a thousand areas, each rounded.
    apart && triangles.iter().all(empty) && (area - whole).abs() <= 1e-12 * whole
}

#[cfg(test)]
mod tests {
    use super::{super::testing::sample, *};
    use crate::engine::rng::Stream;

    #[test]
    fn every_circle_is_empty_and_the_count_is_2n_minus_2_minus_h() {
        let mut stream = Stream::new(1, "Delaunay test");
        for round in 0..200 {
            let n = 3 + round % 20;
            let points = sample(&mut stream, n, None);
            let h = hull::hull(&points, Start::LowestIndex).len();
            for start in [Start::LowestIndex, Start::Leftmost] {
                let found = triangles(&points, start);
                assert_eq!(found.len(), 2 * n - 2 - h, "n = {n}, h = {h}");
                assert!(is_delaunay(&points, &found.iter().copied().collect()), "{points:?}");
                let target = found.concat();
                let score = score(&points, &target, &target);
                assert_eq!(score, Score { exact: true, valid: true, value: 1.0 }, "of itself");
            }
        }
    }

    #[test]
    fn all_triples_with_empty_circles_are_the_triangulation() {
        let mut stream = Stream::new(2, "Delaunay test");
        for _ in 0..100 {
            let points = sample(&mut stream, 8, None);
            let mut brute = vec![];
            for i in 0..8 {
                for j in i + 1..8 {
                    for k in j + 1..8 {
                        let corners = [i, j, k].map(|i| points[i]);
                        if points.iter().all(|&p| !in_circle(corners, p)) {
                            brute.push([i, j, k]);
                        }
                    }
                }
            }
            let mut found = triangles(&points, Start::LowestIndex);
            found.sort_unstable();
            assert_eq!(found, brute, "{points:?}");
        }
    }

    #[test]
    fn either_diagonal_of_a_square_is_right_and_both_are_not() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let target = triangles(&square, Start::LowestIndex).concat();
        for answer in [[0, 1, 2, 0, 2, 3], [1, 3, 0, 1, 2, 3]] {
            assert!(score(&square, &answer, &target).exact, "{answer:?}");
        }
        let overlapping = score(&square, &[0, 1, 2, 0, 1, 3], &target);
        assert!(!overlapping.exact && overlapping.valid, "both lie on one side of an edge");
        let twice = score(&square, &[0, 1, 2, 2, 1, 0], &target);
        assert!(!twice.exact && !twice.valid, "one triangle twice");
        assert!(!score(&square, &[0, 1], &target).valid, "no triangle");
    }

    #[test]
    fn points_on_a_line_and_equal_points_have_no_triangles() {
        let line = [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0.5, 0.5]];
        assert!(triangles(&line, Start::Leftmost).is_empty(), "no triangle");
        let with_twin = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
        assert_eq!(triangles(&with_twin, Start::LowestIndex), [[0, 1, 2]], "the first of equals");
    }

    #[test]
    fn the_mask_lets_every_target_through_and_only_ordered_triples() {
        let mut stream = Stream::new(3, "Delaunay test");
        for start in [Start::LowestIndex, Start::Leftmost] {
            let points = sample(&mut stream, 7, None);
            let target = triangles(&points, start).concat();
            for k in 0..=target.len() {
                let mut row = vec![1.0; 8];
                rule_out(&points, start, &target[..k], &mut row);
                let next = target.get(k).copied().unwrap_or(7);
                assert_eq!(row[next], 1.0, "output {k} of {target:?}");
                if k % 3 > 0 {
                    assert_eq!(row[target[k - 1]], 0.0, "no corner twice");
                    assert_eq!(row[7], 0.0, "no stop within a triangle");
                }
            }
        }
    }
}
