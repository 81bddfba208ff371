//! The three problems (section 3): each gives targets, says what may follow, and scores an answer.
//!
//! All of them answer with a sequence of points and a stop. [`Start`] fixes which of the many sequences
//! with the same meaning is taught: the paper's goes by input index, the other by place, for nets that do
//! not see the order of their input.
use super::{
    delaunay,
    geometry::{Point, from_left},
    hull, tsp,
};
use crate::engine::math;
use std::cmp::Ordering;

/// Which problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// The corners of the convex hull, section 3.1.
    Hull,
    /// The triangles of the Delaunay triangulation, three outputs each, section 3.2.
    Delaunay,
    /// The shortest tour through all points, section 3.3.
    Tsp,
}

/// From which point an answer starts, and in which order a triangle names its corners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The lowest input index, as in the paper.
    LowestIndex,
    /// The leftmost (of several the lowest), which does not depend on the order of the input.
    Leftmost,
}

/// How good an answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Means the same as the target.
    pub exact: bool,
    /// Is an answer to the question at all: a simple polygon, distinct triangles, a tour.
    pub valid: bool,
    /// Share of the hull's area, share of the triangles, or length over that of the target; NaN where
    /// the answer has none.
    pub value: f64,
}

impl Start {
    /// Which of two points comes first.
    pub fn order(self, points: &[Point], i: usize, j: usize) -> Ordering {
        match self {
            Self::LowestIndex => i.cmp(&j),
            Self::Leftmost => from_left(points, i, j),
        }
    }

    /// The first of some points.
    pub fn first(self, points: &[Point], among: impl Iterator<Item = usize>) -> Option<usize> {
        among.min_by(|&i, &j| self.order(points, i, j))
    }
}

/// Outputs that the paper's conventions allow at a step, as ones and zeros: n points, and "stop".
type Row = [f32];

impl Task {
    /// All of them, in the order of the paper.
    pub const ALL: [Self; 3] = [Self::Hull, Self::Delaunay, Self::Tsp];

    /// Its name on the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hull => "convex hull",
            Self::Delaunay => "Delaunay",
            Self::Tsp => "travelling salesman",
        }
    }

    /// The task of that name, or the first.
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|task| task.name() == name).unwrap_or(Self::Hull)
    }

    /// What an answer of it is called.
    pub fn answer(self) -> &'static str {
        match self {
            Self::Hull => "hull",
            Self::Delaunay => "triangulation",
            Self::Tsp => "tour",
        }
    }

    /// What makes an answer valid.
    pub fn validity(self) -> &'static str {
        match self {
            Self::Hull => "not self-crossing",
            Self::Delaunay => "distinct triangles",
            Self::Tsp => "valid tours",
        }
    }

    /// What its score's value is.
    pub fn value(self) -> &'static str {
        match self {
            Self::Hull => "area covered",
            Self::Delaunay => "triangles found",
            Self::Tsp => "length over the best",
        }
    }

    /// That value, as a label.
    pub fn measure(self) -> &'static str {
        match self {
            Self::Hull => "Area covered",
            Self::Delaunay => "Triangles found",
            Self::Tsp => "Length over the best",
        }
    }

    /// The sequence to be learned, without "stop".
    pub fn target(self, points: &[Point], start: Start) -> Vec<usize> {
        match self {
            Self::Hull => hull::hull(points, start),
            Self::Delaunay => delaunay::triangles(points, start).concat(),
            Self::Tsp => tsp::target(points, start),
        }
    }

    /// Outputs, stop included, on `n` points that are trained on: enough for nearly all targets. What a
    /// longer one would add is left out of the loss.
    pub fn output_steps(self, n: usize) -> usize {
        match self {
            // 99% of the hulls of n uniform points have at most 1 + 3.4 ln n corners, counted for n of 5
            // to 50.
            Self::Hull => (n + 1).min((1.0 + 3.4 * math::ln(n as f32)) as usize + 1),
            Self::Delaunay | Self::Tsp => self.most_outputs(n),
        }
    }

    /// The most outputs, stop included, that a valid answer on `n` points can have.
    pub fn most_outputs(self, n: usize) -> usize {
        match self {
            Self::Hull | Self::Tsp => n + 1,
            // A triangulation of n points, h of them on the hull, has 2n − 2 − h triangles, and h ≥ 3.
            Self::Delaunay => 3 * (2 * n).saturating_sub(5) + 1,
        }
    }

    /// Rules out in a row of ones what can follow `outputs` in no valid answer: a point twice or a stop
    /// before two corners; triangles whose corners are not in order or not three; tours that miss a city or
    /// start elsewhere.
    pub fn rule_out(self, points: &[Point], start: Start, outputs: &[usize], row: &mut Row) {
        let n = points.len();
        match self {
            Self::Hull => {
                outputs.iter().for_each(|&j| row[j] = 0.0);
                row[n] = if outputs.len() < 2 { 0.0 } else { 1.0 };
            }
            Self::Delaunay => delaunay::rule_out(points, start, outputs, row),
            Self::Tsp => {
                outputs.iter().for_each(|&j| row[j] = 0.0);
                row[n] = if outputs.len() < n { 0.0 } else { 1.0 };
                if let (Some(first), []) = (start.first(points, 0..n), outputs) {
                    row.fill(0.0);
                    row[first] = 1.0;
                }
            }
        }
    }

    /// Compares an answer with the target.
    pub fn score(self, points: &[Point], answer: &[usize], target: &[usize]) -> Score {
        match self {
            Self::Hull => hull::score(points, answer, target),
            Self::Delaunay => delaunay::score(points, answer, target),
            Self::Tsp => tsp::score(points, answer, target),
        }
    }
}
