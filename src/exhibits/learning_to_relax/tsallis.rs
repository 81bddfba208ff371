//! Tsallis-INF (Algorithm 2), and one for each bin of contexts (Tsallis-INF-CB, section 2.3).
//!
//! A bandit that sees only the cost of the arm it has played. The probabilities minimise the estimated
//! cost so far minus a multiple of their Tsallis entropy of order 1/2.
use crate::engine::rng::Stream;

/// Steps of Newton's method; from the bracket's end it needs far fewer.
const NEWTON_STEPS: usize = 100;

/// How near the probabilities must add up to one.
const NEAR_ONE: f64 = 1e-13;

/// A learner over some arms.
#[derive(Clone, Debug)]
pub struct TsallisInf {
    /// Importance-weighted cost of each arm so far, each minus one.
    estimates: Vec<f64>,
    /// Multiple of the learning rate 2/√t.
    eta_scale: f64,
    /// Sum of the costs seen, each minus one, and how many.
    seen: f64,
    rounds: usize,
}

impl TsallisInf {
    /// Before the first round; `eta_scale` multiplies the learning rate.
    pub fn new(arms: usize, eta_scale: f64) -> Self {
        Self { estimates: vec![0.0; arms], eta_scale, seen: 0.0, rounds: 0 }
    }

    /// Probability of each arm in the next round.
    ///
    /// The learning rate is 2/√t and K the mean cost so far, as in the authors' code; the theory has
    /// both fixed in advance.
    pub fn probabilities(&self) -> Vec<f64> {
        let eta = self.eta_scale * 2.0 / (self.rounds as f64 + 1.0).sqrt();
        let mean = if self.rounds == 0 { 1.0 } else { self.seen / self.rounds as f64 };
        let scaled: Vec<f64> =
            self.estimates.iter().map(|k| k / mean.max(f64::MIN_POSITIVE)).collect();
        tsallis(&scaled, eta)
    }

    /// Takes note of what the arm that was played with probability `p` has cost.
    pub fn learn(&mut self, arm: usize, p: f64, cost: f64) {
        self.estimates[arm] += (cost - 1.0) / p;
        self.seen += cost - 1.0;
        self.rounds += 1;
    }
}

/// The p of the simplex that minimises ⟨k, p⟩ − (4/η) Σ √pᵢ: pᵢ = 4/(η (kᵢ − x))², where x < min k is
/// such that they add up to one.
///
/// Newton's method from x = min k − 2/η, where the sum is at least one: Σ p is increasing and convex in
/// x, so that the steps go down to the root and never past it. (The authors start at −1, which may be
/// on the wrong side.)
pub fn tsallis(k: &[f64], eta: f64) -> Vec<f64> {
    let least = k.iter().copied().fold(f64::INFINITY, f64::min);
    let of = |x: f64| k.iter().map(move |k| 2.0 / (eta * (k - least - x)));
    let mut x = -2.0 / eta;
    for _ in 0..NEWTON_STEPS {
        let (mut sum, mut slope) = (0.0, 0.0);
        for root in of(x) {
            sum += root * root;
            slope += eta * root * root * root;
        }
        if (sum - 1.0).abs() < NEAR_ONE {
            break;
        }
        x -= (sum - 1.0) / slope;
    }
    let mut p: Vec<f64> = of(x).map(|root| root * root).collect();
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p
}

/// An index drawn with these probabilities.
pub fn sample(p: &[f64], stream: &mut Stream) -> usize {
    let mut left = stream.uniform_f64();
    for (i, p) in p.iter().enumerate() {
        left -= p;
        if left < 0.0 {
            return i;
        }
    }
    // What rounding leaves goes to the most probable.
    (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0)
}

/// A Tsallis-INF for each bin of an interval of contexts; a context goes to the bin it is in.
#[derive(Clone, Debug)]
pub struct Binned {
    bins: Vec<TsallisInf>,
    least: f64,
    width: f64,
}

impl Binned {
    /// Before the first round, for contexts from `least` to `most`.
    pub fn new(bins: usize, (least, most): (f64, f64), arms: usize, eta_scale: f64) -> Self {
        Self { bins: vec![TsallisInf::new(arms, eta_scale); bins], least, width: most - least }
    }

    /// The bin with the centre nearest to a context.
    pub fn bin(&self, context: f64) -> usize {
        let place = (context - self.least) / self.width * self.bins.len() as f64;
        (place.max(0.0) as usize).min(self.bins.len() - 1)
    }

    /// The learner of a bin.
    pub fn learner(&self, bin: usize) -> &TsallisInf {
        &self.bins[bin]
    }

    /// The learner of a bin, to teach.
    pub fn learner_mut(&mut self, bin: usize) -> &mut TsallisInf {
        &mut self.bins[bin]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_fall_with_the_cost() {
        // Costs up to 1e6 a round over 1e5 rounds, weighted by 1/p.
        for (scale, eta) in [(1.0, 2.0), (1e3, 0.2), (1e6, 2.0 / 300.0), (1e11, 2.0 / 316.0)] {
            let k: Vec<f64> = (0..20).map(|i| scale * f64::from((i * 7) % 20)).collect();
            let p = tsallis(&k, eta);
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{scale}: {p:?}");
            assert!(p.iter().all(|p| p.is_finite() && *p > 0.0), "{scale}: {p:?}");
            for (i, j) in (0..20).zip(1..20) {
                assert_eq!(p[i] > p[j], k[i] < k[j], "{scale}: the dearer arm is rarer");
            }
        }
    }

    #[test]
    fn probabilities_are_the_minimum() {
        // At the minimum all derivatives kᵢ − (2/η)/√pᵢ are one number.
        let (k, eta) = ([0.3, 1.0, 2.5, 0.0], 0.7);
        let p = tsallis(&k, eta);
        let slopes: Vec<f64> = k.iter().zip(&p).map(|(k, p)| k - 2.0 / eta / p.sqrt()).collect();
        assert!(slopes.iter().all(|s| (s - slopes[0]).abs() < 1e-9), "{slopes:?}");
        assert_eq!(tsallis(&[5.0; 4], 1.0), [0.25; 4], "equal arms");
    }

    /// By an independent program: bisection in 70 digits.
    #[test]
    fn probabilities_are_those_of_an_independent_program() {
        let cases: [(&[f64], f64, &[f64]); 3] = [
            (
                &[0.0, 1.0, 2.0, 3.0],
                0.5,
                &[0.353_269_786_342, 0.267_778_363_707, 0.209_944_414_176, 0.169_007_435_775],
            ),
            (
                &[12.5, 80.0, 3.25, 41.0, 7.0],
                0.125,
                &[
                    0.213_217_951_174,
                    0.024_533_523_487,
                    0.396_788_676_867,
                    0.064_193_036_784,
                    0.301_266_811_688,
                ],
            ),
            (
                &[0.0, 1_000_000.0, 2_000_000.0],
                0.00632,
                &[0.999_999_874_891, 1.000_808_553e-07, 2.502_813_099e-08],
            ),
        ];
        for (k, eta, expected) in cases {
            for (found, expected) in tsallis(k, eta).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{k:?}, {eta}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn a_long_run_of_dear_rounds_stays_finite() {
        let mut learner = TsallisInf::new(20, 1.0);
        let mut stream = Stream::new(4, "long");
        for t in 0..100_000 {
            let p = if t % 997 == 0 { learner.probabilities() } else { vec![0.05; 20] };
            let sum: f64 = p.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9 && p.iter().all(|p| *p > 0.0), "{t}: {p:?}");
            let arm = sample(&p, &mut stream);
            learner.learn(arm, p[arm], 1e6 - 1e4 * arm as f64);
        }
    }

    #[test]
    fn the_cheaper_of_two_arms_is_found() {
        let mut learner = TsallisInf::new(2, 1.0);
        let mut stream = Stream::new(1, "arms");
        let mut plays = [0, 0];
        for _ in 0..500 {
            let p = learner.probabilities();
            let arm = sample(&p, &mut stream);
            plays[arm] += 1;
            learner.learn(arm, p[arm], [60.0, 40.0][arm]);
        }
        assert!(plays[1] > 350, "{plays:?}");
    }

    #[test]
    fn samples_follow_the_probabilities() {
        let mut stream = Stream::new(2, "samples");
        let p = [0.5, 0.0, 0.3, 0.2];
        let mut counts = [0; 4];
        (0..10_000).for_each(|_| counts[sample(&p, &mut stream)] += 1);
        for (count, p) in counts.iter().zip(p) {
            // Four standard errors: 4 √(10000 / 4) = 200.
            assert!((f64::from(*count) - 1e4 * p).abs() < 200.0, "{counts:?}");
        }
    }
}
