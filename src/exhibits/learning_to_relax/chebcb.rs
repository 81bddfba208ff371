//! ChebCB (Algorithm 3): inverse-gap weighting over costs predicted by a Chebyshev series in the context.
use libm::log;
use std::f64::consts::PI;

/// Sweeps of coordinate descent for one arm, and how small a change ends them.
const SWEEPS: usize = 400;
const STILL: f64 = 1e-9;

/// A learner over some arms and an interval of contexts.
#[derive(Clone, Debug)]
pub struct ChebCb {
    arms: Vec<Arm>,
    terms: usize,
    least: f64,
    width: f64,
    eta_scale: f64,
    /// The greatest cost so far.
    most: f64,
    rounds: usize,
    /// Σ p², Σ p · cost and Σ cost² over all rounds, p what was predicted when the arm was played: what
    /// the residual of the predictions is made of, whatever the scale has become.
    predictions: [f64; 3],
    /// Residual of the last fit that met its bounds.
    fitted: f64,
}

/// What is known of an arm: Σ f fᵀ, Σ f (cost − 1), Σ (cost − 1)², and the coefficients fitted to them.
#[derive(Clone, Debug)]
struct Arm {
    gram: Vec<f64>,
    moment: Vec<f64>,
    square: f64,
    theta: Vec<f64>,
}

/// The running normalisers of the authors' code.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Norms {
    /// K N: costs are divided by it.
    scale: f64,
    /// The bound of the constant term, and of the j-th for j ≥ 1 times j.
    constant: f64,
    decay: f64,
}

impl ChebCb {
    /// Before the first round, for contexts from `least` to `most`, with `terms` of the series.
    pub fn new(terms: usize, (least, most): (f64, f64), arms: usize, eta_scale: f64) -> Self {
        let arm = Arm {
            gram: vec![0.0; terms * terms],
            moment: vec![0.0; terms],
            square: 0.0,
            theta: vec![0.0; terms],
        };
        Self {
            arms: vec![arm; arms],
            terms,
            least,
            width: most - least,
            eta_scale,
            most: 0.0,
            rounds: 0,
            predictions: [0.0; 3],
            fitted: 0.0,
        }
    }

    /// T₀(z) to T_{m−1}(z), where z is the context scaled to [−1, 1].
    fn features(&self, context: f64) -> Vec<f64> {
        let z = 2.0 * (context - self.least) / self.width - 1.0;
        let mut f = vec![1.0, z];
        for j in 2..self.terms {
            f.push(2.0 * z * f[j - 1] - f[j - 2]);
        }
        f.truncate(self.terms);
        f
    }

    /// K is the greatest cost so far and L = K/C: the code takes the least cost over an array that is
    /// still zero at its end.
    fn norms(&self) -> Norms {
        let (c, k) = (self.width, self.most.max(1.0));
        let slope = k / c;
        let n = 2.0 + 4.0 * c * slope / k * (1.0 + log(self.terms as f64));
        Norms { scale: k * n, constant: 1.0 / n, decay: 2.0 * c * slope / (k * n) }
    }

    /// The cost that is predicted for an arm, over K N; an arm never played is promising: zero.
    fn predicted(&self, arm: usize, features: &[f64]) -> f64 {
        self.arms[arm].theta.iter().zip(features).map(|(theta, f)| theta * f).sum()
    }

    /// The cost in iterations that is predicted for an arm in a context.
    pub fn curve(&self, arm: usize, context: f64) -> f64 {
        1.0 + self.norms().scale * self.predicted(arm, &self.features(context))
    }

    /// Probability of each arm in the next round.
    pub fn probabilities(&self, context: f64) -> Vec<f64> {
        let f = self.features(context);
        let s: Vec<f64> = (0..self.arms.len()).map(|arm| self.predicted(arm, &f)).collect();
        let best = (0..s.len()).min_by(|&a, &b| s[a].total_cmp(&s[b])).unwrap_or(0);
        let (d, eta) = (s.len() as f64, self.eta());
        let mut p: Vec<f64> = s.iter().map(|s_i| 1.0 / (d + eta * (s_i - s[best]))).collect();
        p[best] = 0.0;
        p[best] = 1.0 - p.iter().sum::<f64>();
        p
    }

    /// Algorithm 3's learning rate, which grows with t, in the form of the authors' code.
    fn eta(&self) -> f64 {
        if self.rounds == 0 {
            return 0.0;
        }
        let (t, d, m) = (self.rounds as f64, self.arms.len() as f64, self.terms as f64);
        let scale = self.norms().scale;
        let [pp, pc, cc] = self.predictions;
        let regret = (pp - 2.0 * pc / scale + cc / (scale * scale) - self.fitted).max(0.0);
        let a = (PI + 2.0 / PI * log(2.0 * m + 1.0)) / (2.0 * scale * (m + 1.0)) * self.most;
        self.eta_scale * 2.0 * t * (d * t / (regret + 2.0 * a * a * t)).sqrt()
    }

    /// Takes note of what an arm has cost in a context.
    pub fn learn(&mut self, context: f64, arm: usize, cost: f64) {
        let f = self.features(context);
        let predicted = self.predicted(arm, &f);
        let sums = [predicted * predicted, predicted * cost, cost * cost];
        self.predictions.iter_mut().zip(sums).for_each(|(sum, x)| *sum += x);
        let m = self.terms;
        let known = &mut self.arms[arm];
        known.square += (cost - 1.0) * (cost - 1.0);
        for i in 0..m {
            known.moment[i] += f[i] * (cost - 1.0);
            for j in 0..m {
                known.gram[i * m + j] += f[i] * f[j];
            }
        }
        self.rounds += 1;
        let before = self.norms();
        self.most = self.most.max(cost);
        let norms = self.norms();
        self.fitted = 0.0;
        for (i, known) in self.arms.iter_mut().enumerate() {
            let stale = i == arm || norms != before;
            if stale && let Some(residual) = known.fit(norms) {
                self.fitted = residual;
            }
        }
    }
}

impl Arm {
    /// Least squares within |θ₀| ≤ 1/N and |θⱼ| ≤ 2 C L/(K N j), one coordinate after another; the
    /// residual if a bound was met.
    fn fit(&mut self, norms: Norms) -> Option<f64> {
        let m = self.theta.len();
        let mut met = false;
        for _ in 0..SWEEPS {
            let mut change = 0.0_f64;
            met = false;
            for j in 0..m {
                let row = &self.gram[j * m..(j + 1) * m];
                if row[j] <= 0.0 {
                    continue;
                }
                let all: f64 = row.iter().zip(&self.theta).map(|(g, theta)| g * theta).sum();
                let bound = if j == 0 { norms.constant } else { norms.decay / j as f64 };
                let free = self.theta[j] + (self.moment[j] / norms.scale - all) / row[j];
                let next = free.clamp(-bound, bound);
                met |= next != free;
                change = change.max((next - self.theta[j]).abs());
                self.theta[j] = next;
            }
            if change < STILL {
                break;
            }
        }
        met.then(|| {
            let product = |i: usize| -> f64 {
                let row = &self.gram[i * m..(i + 1) * m];
                row.iter().zip(&self.theta).map(|(g, theta)| g * theta).sum()
            };
            let cross =
                |i: usize| self.theta[i] * (product(i) - 2.0 * self.moment[i] / norms.scale);
            (0..m).map(cross).sum::<f64>() + self.square / (norms.scale * norms.scale)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learner() -> ChebCb {
        ChebCb::new(6, (-0.15, 0.65), 3, 1.0)
    }

    #[test]
    fn features_are_chebyshevs() {
        // z = 1/2 at c = 0.45: 1, 1/2, −1/2, −1, −1/2, 1/2.
        let expected = [1.0, 0.5, -0.5, -1.0, -0.5, 0.5];
        for (found, expected) in learner().features(0.45).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }

    #[test]
    fn probabilities_are_weighted_by_inverse_gaps() {
        let mut learner = learner();
        let even = |p: &f64| (p - 1.0 / 3.0).abs() < 1e-15;
        assert!(learner.probabilities(0.0).iter().all(even), "nothing is known");
        for t in 0..300 {
            learner.learn(0.1, t % 3, [90.0, 60.0, 30.0][t % 3]);
        }
        let p = learner.probabilities(0.1);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{p:?}");
        assert!(p[2] > p[1] && p[1] > p[0] && p[0] > 0.0, "{p:?}");
        // 1/pᵢ = d + η gapᵢ: the gap of the first is twice that of the second.
        let gaps = [1.0 / p[0] - 3.0, 1.0 / p[1] - 3.0];
        assert!((gaps[0] / gaps[1] - 2.0).abs() < 0.05, "{gaps:?}");
    }

    #[test]
    fn a_smooth_cost_is_learnt() {
        // Within the bounds: K is 200, so that coefficients may be as large as 200 and 400/j.
        let cost = |c: f64| 100.0 - 200.0 * c + 100.0 * c * c;
        let mut learner = learner();
        learner.learn(0.0, 1, 200.0);
        for t in 0..200 {
            let c = -0.15 + 0.6 * f64::from(t) / 200.0;
            learner.learn(c, 0, cost(c));
        }
        for c in [-0.1, 0.1, 0.4] {
            let found = learner.curve(0, c);
            assert!((found / cost(c) - 1.0).abs() < 0.02, "{c}: {found} for {}", cost(c));
        }
    }

    #[test]
    fn sums_give_the_residual_of_all_predictions() {
        let mut learner = learner();
        let (mut past, mut t) = (vec![], 0.0);
        for arm in [0, 1, 2, 0, 1, 0, 0, 2, 1] {
            t += 1.0;
            let (context, cost) = (0.05 * t - 0.1, 100.0 - 9.0 * t + 20.0 * arm as f64);
            past.push((learner.predicted(arm, &learner.features(context)), cost));
            learner.learn(context, arm, cost);
        }
        let scale = learner.norms().scale;
        let exact: f64 = past.iter().map(|(p, cost)| (p - cost / scale) * (p - cost / scale)).sum();
        let [pp, pc, cc] = learner.predictions;
        let found = pp - 2.0 * pc / scale + cc / (scale * scale);
        assert!((found - exact).abs() < 1e-12, "{found} and {exact}");
    }
}
