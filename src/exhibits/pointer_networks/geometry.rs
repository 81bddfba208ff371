//! Points of the plane, by exact predicates: a triangulation from `spade`, polygons, and orientation.
use robust::{Coord, incircle, orient2d};
use spade::{DelaunayTriangulation, HasPosition, Point2, Triangulation};

/// A point of the plane.
pub type Point = [f32; 2];

/// A point that knows its index.
pub struct Indexed {
    /// Its index.
    pub index: usize,
    position: Point2<f64>,
}

impl HasPosition for Indexed {
    type Scalar = f64;
    fn position(&self) -> Point2<f64> {
        self.position
    }
}

/// The Delaunay triangulation of the distinct points; of equal ones the first is taken. None if all lie
/// on one line.
pub fn triangulation(points: &[Point]) -> Option<DelaunayTriangulation<Indexed>> {
    let distinct = (0..points.len()).filter(|&i| same_place(points, i) == i);
    let vertices: Vec<Indexed> = distinct
        .map(|index| {
            let [x, y] = points[index].map(f64::from);
            Indexed { index, position: Point2::new(x, y) }
        })
        .collect();
    let found = DelaunayTriangulation::<Indexed>::bulk_load(vertices).unwrap_or_default();
    (!found.all_vertices_on_line()).then_some(found)
}

/// The lowest index of a point in the same place.
pub fn same_place(points: &[Point], index: usize) -> usize {
    points[..index].iter().position(|p| *p == points[index]).unwrap_or(index)
}

/// Orders indices by x, then y, then index.
pub fn from_left(points: &[Point], i: usize, j: usize) -> std::cmp::Ordering {
    let (a, b) = (points[i], points[j]);
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(i.cmp(&j))
}

fn coord(p: Point) -> Coord<f64> {
    Coord { x: f64::from(p[0]), y: f64::from(p[1]) }
}

/// Positive if a, b, c turn left, negative if right, zero if on one line; exact in sign.
pub fn orientation(a: Point, b: Point, c: Point) -> f64 {
    orient2d(coord(a), coord(b), coord(c))
}

/// Whether d lies strictly inside the circle through a, b and c; exact.
pub fn in_circle([a, b, c]: [Point; 3], d: Point) -> bool {
    incircle(coord(a), coord(b), coord(c), coord(d)) * orientation(a, b, c) > 0.0
}

/// Distance of two points.
pub fn distance(a: Point, b: Point) -> f64 {
    let [dx, dy] = [0, 1].map(|i| f64::from(a[i]) - f64::from(b[i]));
    (dx * dx + dy * dy).sqrt()
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
pub fn strictly_between(a: Point, b: Point, c: Point) -> bool {
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
