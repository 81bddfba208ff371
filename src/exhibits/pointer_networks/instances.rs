//! Random instances with their answers (section 4.1), and point sets to try.
use super::{
    geometry::{Point, distance},
    task::{Start, Task},
};
use crate::engine::{math, rng::Stream, sort::sort};

/// In which order the points are fed to the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they come.
    Given,
    /// From left to right.
    ByX,
    /// Counter-clockwise round their centroid.
    ByAngle,
}

impl Order {
    /// The option of the parameter `order`.
    pub fn of(name: &str) -> Self {
        match name {
            "by x" => Self::ByX,
            "by angle" => Self::ByAngle,
            _ => Self::Given,
        }
    }

    /// Indices of the points in this order.
    pub fn sort(self, points: &[Point]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..points.len()).collect();
        let key: Vec<f32> = match self {
            Self::Given => return order,
            Self::ByX => points.iter().map(|p| p[0]).collect(),
            Self::ByAngle => {
                let mean = |axis| {
                    points.iter().map(|p: &Point| p[axis]).sum::<f32>() / points.len() as f32
                };
                let centre = [mean(0), mean(1)];
                points.iter().map(|p| turn(p[0] - centre[0], p[1] - centre[1])).collect()
            }
        };
        sort(&mut order, &|a, b| key[a].total_cmp(&key[b]));
        order
    }

    /// The points in this order.
    pub fn sorted(self, points: &[Point]) -> Vec<Point> {
        self.sort(points).into_iter().map(|i| points[i]).collect()
    }
}

/// `n` points uniform in the unit square.
pub fn uniform(stream: &mut Stream, n: usize) -> Vec<Point> {
    (0..n).map(|_| [stream.uniform(), stream.uniform()]).collect()
}

/// Grows with the angle of (x, y), from −2 to 2 as that goes from −π to π, without an arc tangent.
fn turn(x: f32, y: f32) -> f32 {
    let length = x.abs() + y.abs();
    if length == 0.0 { 0.0 } else { (1.0 - x / length).copysign(y) }
}

/// Points in the order in which they are fed, with their answer.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The input sequence.
    pub points: Vec<Point>,
    /// The outputs that are right, without "stop".
    pub target: Vec<usize>,
}

/// Makes instances of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What is asked.
    pub task: Task,
    /// Order of the input.
    pub order: Order,
    /// Where the answer starts.
    pub start: Start,
}

impl Kind {
    /// `n` points uniform in the unit square, with their answer.
    pub fn random(self, stream: &mut Stream, n: usize) -> Instance {
        self.solve(&uniform(stream, n))
    }

    /// Points with their answer.
    pub fn solve(self, given: &[Point]) -> Instance {
        let points = self.order.sorted(given);
        let target = self.task.target(&points, self.start);
        Instance { points, target }
    }
}

/// The sets that the parameter `points` offers; the first is drawn anew for each seed.
pub const SETS: &[&str] = &[
    "random",
    "circle",
    "near a line",
    "on a line",
    "two clusters",
    "grid",
    "spiral",
    "star",
    "letters",
];

/// Strokes of the letters P T R on a sheet of 10 by 10, each from one point to the next.
const LETTERS: [&[[f32; 2]]; 4] = [
    &[[0.5, 2.0], [0.5, 8.0], [2.5, 8.0], [2.5, 5.0], [0.5, 5.0]],
    &[[3.5, 8.0], [6.5, 8.0], [5.0, 8.0], [5.0, 2.0]],
    &[[7.5, 2.0], [7.5, 8.0], [9.5, 8.0], [9.5, 5.0], [7.5, 5.0]],
    &[[8.0, 5.0], [9.5, 2.0]],
];

/// A point at this share of the way along the strokes.
fn on_letters(share: f32) -> Point {
    let legs = || LETTERS.iter().flat_map(|stroke| stroke.windows(2).map(|w| [w[0], w[1]]));
    let size = |[a, b]: [Point; 2]| distance(a, b) as f32;
    let mut left = share * legs().map(size).sum::<f32>();
    for [a, b] in legs() {
        let part = left / size([a, b]);
        if part <= 1.0 {
            return [0, 1].map(|axis| (a[axis] + part * (b[axis] - a[axis])) / 10.0);
        }
        left -= size([a, b]);
    }
    [0.5, 0.5]
}

/// A set by name, of `n` points in the unit square.
pub fn set(name: &str, n: usize, seed: u64) -> Vec<Point> {
    let mut stream = Stream::new(seed, "points to try");
    let part = |i: usize| i as f32 / n as f32;
    let round = |turns: f32, radius: f32| {
        let angle = std::f32::consts::TAU * turns;
        [0.5 + radius * math::cos(angle), 0.5 + radius * math::sin(angle)]
    };
    let mut points: Vec<Point> = match name {
        "circle" => (0..n).map(|i| round(part(i), 0.42)).collect(),
        "near a line" => (0..n)
            .map(|i| [0.08 + 0.84 * part(i), 0.2 + 0.6 * part(i) + 0.02 * stream.normal()])
            .collect(),
        // On a line exactly: these coordinates have few binary digits.
        "on a line" => (0..n)
            .map(|i| (i as f32 * (4096.0 / n as f32)).floor() / 4096.0)
            .map(|x| [x, 0.25 + 0.5 * x])
            .collect(),
        "star" => (0..n).map(|i| round(part(i), if i % 2 == 0 { 0.45 } else { 0.2 })).collect(),
        "letters" => (0..n).map(|i| on_letters(part(i))).collect(),
        "two clusters" => (0..n)
            .map(|i| if i % 2 == 0 { [0.25, 0.3] } else { [0.75, 0.7] })
            .map(|[x, y]: Point| [x + 0.07 * stream.normal(), y + 0.07 * stream.normal()])
            .collect(),
        "grid" => {
            let side = (1..n).find(|side| side * side >= n).unwrap_or(1);
            let place = |k: usize| (k as f32 + 0.5) / side as f32;
            (0..n).map(|i| [place(i % side), place(i / side)]).collect()
        }
        "spiral" => (0..n).map(|i| round(2.5 * part(i), 0.04 + 0.4 * part(i))).collect(),
        _ => uniform(&mut stream, n),
    };
    // A regular set is shuffled, lest the input order give the answer away.
    if name != "random" {
        stream.shuffle(&mut points);
    }
    points.iter().map(|p| p.map(|x| x.clamp(0.0, 1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_by_angle_goes_round_once() {
        let square = [[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
        assert_eq!(Order::ByAngle.sort(&square), [1, 2, 0, 3], "from the third quadrant on");
        assert_eq!(Order::ByX.sort(&square), [1, 3, 0, 2], "equal x keep their order");
    }

    #[test]
    fn outputs_cut_short_are_rare_and_hull_sizes_are_as_known() {
        let kind = Kind { task: Task::Hull, order: Order::Given, start: Start::LowestIndex };
        // Mean hull sizes from the protocol: 4.23, 5.96 and 10.2 at n = 5, 10 and 50.
        for (n, mean) in [(5, 4.23), (7, f64::NAN), (10, 5.96), (20, f64::NAN), (50, 10.2)] {
            let mut stream = Stream::new(3, "hull sizes");
            let sizes: Vec<usize> =
                (0..2000).map(|_| kind.random(&mut stream, n).target.len()).collect();
            let here = sizes.iter().sum::<usize>() as f64 / 2000.0;
            // Three standard errors: 3 · 1.5 / √2000 = 0.1.
            assert!(mean.is_nan() || (here - mean).abs() < 0.1, "n {n}: mean {here}");
            let cut = sizes.iter().filter(|&&h| h + 1 > Task::Hull.output_steps(n)).count();
            assert!(
                cut <= 30,
                "n {n}: {cut} of 2000 hulls are longer than {}",
                Task::Hull.output_steps(n)
            );
        }
    }

    #[test]
    fn every_set_has_its_size_and_stays_in_the_square() {
        for name in SETS {
            for n in [3, 10, 100] {
                let points = set(name, n, 7);
                assert_eq!(points.len(), n, "{name}");
                assert!(points.iter().flatten().all(|x| (0.0..=1.0).contains(x)), "{name}");
            }
        }
    }
}
