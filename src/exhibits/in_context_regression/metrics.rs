//! How near two predictors are: SPD, MSPD, ILWD and R² (section 4.1, eq. 12 and 13).
use super::data::{Prompts, first};
use crate::models::regress::{Examples, Linear, dot};

/// Predictions of all prefixes of some prompts by some learners, made once for any number of nets.
#[derive(Clone, Debug)]
pub struct References {
    d: usize,
    n: usize,
    learners: Vec<Linear>,
    /// By learner: `[prompts, n]`, of each y from the pairs before it.
    predictions: Vec<Vec<f64>>,
    /// What one step of descent at 2α = 1 predicts.
    slopes: Vec<f64>,
}

/// Sums over prompts that say how near a net is to each of some learners, by number of examples.
#[derive(Clone, Debug)]
pub struct Tally {
    d: usize,
    learners: Vec<Linear>,
    /// Prompts.
    pub count: usize,
    /// By learner and number of examples: Σ (net − learner)².
    squares: Vec<Vec<f64>>,
    /// By number of examples: Σ net², Σ net · slope and Σ slope².
    own: Vec<[f64; 3]>,
}

impl References {
    /// What these learners predict.
    pub fn of(prompts: &Prompts, learners: &[Linear]) -> Self {
        let predictions = learners.iter().map(|&learner| predict(prompts, learner)).collect();
        Self {
            d: prompts.d,
            n: prompts.n,
            learners: learners.to_vec(),
            predictions,
            slopes: predict(prompts, Linear::Descent(0.5)),
        }
    }

    /// How near a net's predictions `[prompts, n]` are.
    pub fn tally(&self, found: &[f32]) -> Tally {
        let mut tally = Tally {
            d: self.d,
            learners: self.learners.clone(),
            count: found.len() / self.n,
            squares: vec![vec![0.0; self.n]; self.learners.len()],
            own: vec![[0.0; 3]; self.n],
        };
        for (i, &net) in found.iter().enumerate() {
            let (net, slope, k) = (f64::from(net), self.slopes[i], i % self.n);
            for (squares, predictions) in tally.squares.iter_mut().zip(&self.predictions) {
                squares[k] += (net - predictions[i]) * (net - predictions[i]);
            }
            let own = &mut tally.own[k];
            own.iter_mut()
                .zip([net * net, net * slope, slope * slope])
                .for_each(|(sum, x)| *sum += x);
        }
        tally
    }
}

impl Tally {
    /// Adds what was found on other prompts.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        for (mine, theirs) in self.squares.iter_mut().zip(&other.squares) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        for (mine, theirs) in self.own.iter_mut().zip(&other.own) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
    }

    /// SPD a dimension to a learner by number of examples, from none on; empty for one not asked about.
    pub fn spd(&self, learner: Linear) -> Vec<f64> {
        let at = self.learners.iter().position(|&known| known == learner);
        at.map_or(vec![], |at| self.squares[at].iter().map(|&sum| self.scaled(sum)).collect())
    }

    /// SPD a dimension to one step of descent, at each number of examples at the rate that brings it
    /// nearest.
    pub fn spd_to_best_descent(&self) -> Vec<f64> {
        let least = |&[net, both, slope]: &[f64; 3]| {
            self.scaled(if slope > 0.0 { (net - both * both / slope).max(0.0) } else { net })
        };
        self.own.iter().map(least).collect()
    }

    /// SPD a dimension to predicting zero.
    pub fn spd_to_zero(&self) -> Vec<f64> {
        self.own.iter().map(|own| self.scaled(own[0])).collect()
    }

    fn scaled(&self, sum: f64) -> f64 {
        sum / (self.count * self.d) as f64
    }
}

/// What a learner predicts for every prefix: `[prompts, n]`.
fn predict(prompts: &Prompts, learner: Linear) -> Vec<f64> {
    let (d, n) = (prompts.d, prompts.n);
    let (x, y) = prompts.wide();
    let mut predictions = Vec::with_capacity(y.len());
    for (x, y) in x.chunks(n * d).zip(y.chunks(n)) {
        for k in 0..n {
            let w = learner.weights(&first(d, x, y, k));
            predictions.push(dot(&w, &x[k * d..(k + 1) * d]));
        }
    }
    predictions
}

/// Ridge at this λ, which is least squares at zero.
pub fn ridge(lambda: f64) -> Linear {
    if lambda > 0.0 { Linear::Ridge(lambda) } else { Linear::LeastSquares }
}

/// The mean over some numbers of examples, `from..to`.
pub fn mean(spd: &[f64], from: usize, to: usize) -> f64 {
    let part = &spd[from.min(spd.len())..to.min(spd.len())];
    part.iter().sum::<f64>() / part.len() as f64
}

/// The weights that explain a black box's answers to queries best (eq. 13), and the share R² of their
/// square that these explain; NaN where there is nothing to explain.
pub fn implied(d: usize, queries: &[f64], answers: &[f64]) -> (Vec<f64>, f64) {
    let w = Linear::LeastSquares.weights(&Examples { d, x: queries, y: answers });
    let rows = queries.chunks(d).zip(answers);
    let left: f64 = rows.map(|(x, a)| (a - dot(&w, x)) * (a - dot(&w, x))).sum();
    let all: f64 = answers.iter().map(|a| a * a).sum();
    (w, 1.0 - left / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Stream;

    fn prompts() -> Prompts {
        Prompts::draw(&mut Stream::new(3, "metrics"), 40, (2, 5), 0.5)
    }

    fn narrow(values: &[f64]) -> Vec<f32> {
        values.iter().map(|&v| v as f32).collect()
    }

    #[test]
    fn a_learner_is_at_no_distance_from_itself_and_at_some_from_others() {
        let (prompts, learners) = (prompts(), [Linear::Ridge(0.25), Linear::Ridge(2.0)]);
        let references = References::of(&prompts, &learners);
        let tally = references.tally(&narrow(&references.predictions[0]));
        assert!(tally.spd(learners[0]).iter().all(|&spd| spd < 1e-12), "itself");
        assert!(mean(&tally.spd(learners[1]), 1, 5) > 1e-3, "another");
        assert!(tally.spd(Linear::Ridge(9.0)).is_empty(), "not asked about");
        assert!(tally.spd_to_zero()[0] < 1e-12 && tally.spd_to_zero()[3] > 0.1, "zero");
    }

    #[test]
    fn one_step_of_descent_is_found_at_whatever_rate() {
        let prompts = prompts();
        let references = References::of(&prompts, &[]);
        let tally = references.tally(&narrow(&predict(&prompts, Linear::Descent(0.07))));
        assert!(tally.spd_to_best_descent().iter().all(|&spd| spd < 1e-10), "at its own rate");
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let prompts = prompts();
        let references = References::of(&prompts, &[Linear::LeastSquares]);
        let found = narrow(&predict(&prompts, Linear::Ridge(0.1)));
        let whole = references.tally(&found);
        let half = |range: std::ops::Range<usize>| {
            let part = Prompts {
                x: prompts.x[range.start * 10..range.end * 10].to_vec(),
                y: prompts.y[range.start * 5..range.end * 5].to_vec(),
                ..prompts.clone()
            };
            let found = &found[range.start * 5..range.end * 5];
            References::of(&part, &[Linear::LeastSquares]).tally(found)
        };
        let mut sum = half(0..20);
        sum.add(&half(20..40));
        let [a, b] = [&whole, &sum].map(|tally| tally.spd(Linear::LeastSquares));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + a)), "{a:?} {b:?}");
    }

    #[test]
    fn implied_weights_are_those_of_a_plane_and_its_bend_is_told() {
        let queries: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 11) - 5.0).collect();
        let flat: Vec<f64> = queries.chunks(2).map(|x| 2.0 * x[0] - x[1]).collect();
        let (w, r2) = implied(2, &queries, &flat);
        assert!((w[0] - 2.0).abs() < 1e-9 && (w[1] + 1.0).abs() < 1e-9, "{w:?}");
        assert!((r2 - 1.0).abs() < 1e-12, "{r2}");
        let bent: Vec<f64> = queries.chunks(2).map(|x| x[0] + x[1].abs()).collect();
        assert!(implied(2, &queries, &bent).1 < 0.99, "a bend is not explained");
    }
}
