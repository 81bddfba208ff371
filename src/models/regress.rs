//! Reference predictors of a linear regression, in `f64`: what a learner of one is held against.
//!
//! Examples are rows of `x` `[n, d]` with answers `y` `[n]`. The formulas are those of Akyürek et al. 2023,
//! section 4.1 and App. C, whose objective is Σ (w·x − y)² + λ‖w‖², without a half.
use nalgebra::{DMatrix, DVector};

/// Examples seen so far.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// Numbers in an x.
    pub d: usize,
    /// Rows of x, `[n, d]`.
    pub x: &'a [f64],
    /// Answers, `[n]`.
    pub y: &'a [f64],
}

/// A learner whose prediction is w·x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Linear {
    /// Least squares; of several solutions the shortest.
    LeastSquares,
    /// Ridge regression with this λ, which is above zero.
    Ridge(f64),
    /// One step of gradient descent at this rate from zero, on all examples at once.
    Descent(f64),
    /// One pass of stochastic gradient descent at this rate from zero, an example at a time.
    OnePass(f64),
}

/// Singular values below this share of the greatest count as zero.
const RANK: f64 = 1e-10;

impl Examples<'_> {
    /// Number of examples.
    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// Rows with their answers.
    pub fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.x.chunks(self.d).zip(self.y.iter().copied())
    }

    /// Xᵀy, the moment vector.
    pub fn moment(&self) -> Vec<f64> {
        let mut sum = vec![0.0; self.d];
        for (x, y) in self.rows() {
            sum.iter_mut().zip(x).for_each(|(s, x)| *s += x * y);
        }
        sum
    }

    /// XᵀX + λI.
    fn gram(&self, lambda: f64) -> DMatrix<f64> {
        let mut gram = DMatrix::from_diagonal_element(self.d, self.d, lambda);
        for (x, _) in self.rows() {
            for (i, a) in x.iter().enumerate() {
                x.iter().enumerate().for_each(|(j, b)| gram[(i, j)] += a * b);
            }
        }
        gram
    }

    /// The standard deviation of w·`at` under the posterior for w ~ N(0, τ²I) and noise of deviation σ:
    /// τ √(λ atᵀ(XᵀX + λI)⁻¹ at), λ = σ²/τ².
    pub fn posterior_deviation(&self, sigma: f64, tau: f64, at: &[f64]) -> f64 {
        // Without noise this is the limit, to the accuracy of the number.
        let lambda = (sigma * sigma / (tau * tau)).max(1e-9);
        let Some(factor) = self.gram(lambda).cholesky() else { return f64::NAN };
        let at = DVector::from_column_slice(at);
        tau * (lambda * at.dot(&factor.solve(&at))).max(0.0).sqrt()
    }
}

impl Linear {
    /// The weights it learns, `[d]`.
    pub fn weights(self, examples: &Examples<'_>) -> Vec<f64> {
        let zero = vec![0.0; examples.d];
        if examples.n() == 0 {
            return zero;
        }
        match self {
            Self::LeastSquares => {
                let x = DMatrix::from_row_slice(examples.n(), examples.d, examples.x);
                let y = DVector::from_column_slice(examples.y);
                let svd = x.svd(true, true);
                let least = RANK * svd.singular_values.max();
                svd.solve(&y, least).map_or(zero, |w| w.as_slice().to_vec())
            }
            Self::Ridge(lambda) => {
                let moment = DVector::from_vec(examples.moment());
                let factor = examples.gram(lambda).cholesky();
                factor.map_or(zero, |factor| factor.solve(&moment).as_slice().to_vec())
            }
            // w0 − 2α (XᵀX w0 − Xᵀy) with w0 = 0.
            Self::Descent(alpha) => examples.moment().iter().map(|m| 2.0 * alpha * m).collect(),
            Self::OnePass(alpha) => one_pass(alpha, examples).pop().unwrap_or(zero),
        }
    }
}

/// The weights of one pass of stochastic descent at rate α from zero after every example, the start
/// included: `n + 1` times `[d]`.
pub fn one_pass(alpha: f64, examples: &Examples<'_>) -> Vec<Vec<f64>> {
    let mut w = vec![0.0; examples.d];
    let mut path = vec![w.clone()];
    for (x, y) in examples.rows() {
        let error = dot(&w, x) - y;
        w.iter_mut().zip(x).for_each(|(w, x)| *w -= 2.0 * alpha * error * x);
        path.push(w.clone());
    }
    path
}

/// The mean answer of the `k` examples nearest to `at`; weighted: by 1/distance². Zero without examples.
///
/// Of equally distant examples the earlier is nearer; one at no distance at all decides alone.
pub fn nearest(examples: &Examples<'_>, k: usize, weighted: bool, at: &[f64]) -> f64 {
    let square = |x: &[f64]| x.iter().zip(at).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut left: Vec<(f64, f64)> = examples.rows().map(|(x, y)| (square(x), y)).collect();
    let (mut sum, mut total) = (0.0, 0.0);
    for _ in 0..k.min(left.len()) {
        let mut best = 0;
        for (i, candidate) in left.iter().enumerate() {
            if candidate.0 < left[best].0 {
                best = i;
            }
        }
        let (distance, y) = left.remove(best);
        if weighted && distance == 0.0 {
            return y;
        }
        let weight = if weighted { distance.recip() } else { 1.0 };
        sum += weight * y;
        total += weight;
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

/// a·b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Stream;

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "lengths");
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    /// Three examples in the plane: XᵀX = [[6, 5], [5, 6]], Xᵀy = [11, 9].
    const PLANE: Examples<'_> =
        Examples { d: 2, x: &[1.0, 2.0, 2.0, 1.0, -1.0, -1.0], y: &[2.0, 4.0, -1.0] };

    #[test]
    fn weights_are_as_by_hand() {
        let cases = [
            // [[6, −5], [−5, 6]]/11 · [11, 9].
            (Linear::LeastSquares, [21.0 / 11.0, -1.0 / 11.0]),
            // [[8, −5], [−5, 8]]/39 · [11, 9].
            (Linear::Ridge(2.0), [43.0 / 39.0, 17.0 / 39.0]),
            (Linear::Descent(0.01), [0.22, 0.18]),
            // w = [0.08, 0.16], then [0.3744, 0.3072] by an error of −3.68, then by one of 0.3184.
            (Linear::OnePass(0.02), [0.387_136, 0.319_936]),
        ];
        for (learner, expected) in cases {
            let found = learner.weights(&PLANE);
            assert_near(&found, &expected);
        }
    }

    #[test]
    fn one_example_is_met_by_the_shortest_weights() {
        let one = Examples { d: 2, x: &[3.0, 4.0], y: &[10.0] };
        assert_near(&Linear::LeastSquares.weights(&one), &[1.2, 1.6]);
        let twice = Examples { d: 2, x: &[3.0, 4.0, 3.0, 4.0], y: &[9.0, 11.0] };
        assert_near(&Linear::LeastSquares.weights(&twice), &[1.2, 1.6]);
    }

    #[test]
    fn without_examples_everything_is_zero() {
        let none = Examples { d: 2, x: &[], y: &[] };
        let learners =
            [Linear::LeastSquares, Linear::Ridge(1.0), Linear::Descent(0.1), Linear::OnePass(0.1)];
        for learner in learners {
            assert_eq!(learner.weights(&none), [0.0, 0.0], "{learner:?}");
        }
        assert_eq!(nearest(&none, 3, true, &[1.0, 1.0]), 0.0);
        assert_near(&[none.posterior_deviation(0.5, 2.0, &[3.0, 4.0])], &[10.0]);
    }

    #[test]
    fn ridge_goes_to_least_squares_as_its_penalty_goes_to_zero() {
        let mut stream = Stream::new(1, "regress");
        let x: Vec<f64> = (0..3 * 5).map(|_| stream.normal_f64()).collect();
        let y: Vec<f64> = (0..3).map(|_| stream.normal_f64()).collect();
        let examples = Examples { d: 5, x: &x, y: &y };
        let least = Linear::LeastSquares.weights(&examples);
        assert_near(&Linear::Ridge(1e-9).weights(&examples), &least);
        for (x, y) in examples.rows() {
            assert_near(&[dot(&least, x)], &[y]);
        }
    }

    #[test]
    fn neighbours_are_as_by_hand() {
        let four = Examples { d: 1, x: &[0.0, 1.0, 3.0, 7.0], y: &[1.0, 2.0, 6.0, 50.0] };
        assert_near(&[nearest(&four, 3, false, &[2.0])], &[3.0]);
        // Distances² 4, 1, 1: (1/4 + 2 + 6) / 2.25.
        assert_near(&[nearest(&four, 3, true, &[2.0])], &[8.25 / 2.25]);
        assert_near(&[nearest(&four, 3, true, &[3.0])], &[6.0]);
    }

    #[test]
    fn the_posterior_is_as_by_hand() {
        let two = Examples { d: 1, x: &[1.0, 2.0], y: &[0.0, 0.0] };
        // 1/(5/σ² + 1/τ²) = 1/(20 + 1), times x².
        let found = two.posterior_deviation(0.5, 1.0, &[3.0]);
        assert_near(&[found], &[3.0 / 21.0_f64.sqrt()]);
        let exact = Examples { d: 2, x: &[1.0, 0.0], y: &[1.0] };
        let along = exact.posterior_deviation(0.0, 1.0, &[1.0, 0.0]);
        let across = exact.posterior_deviation(0.0, 1.0, &[0.0, 1.0]);
        assert!(along < 1e-4 && (across - 1.0).abs() < 1e-9, "{along} {across}");
    }
}
