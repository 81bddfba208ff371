//! Random numbers of the gamma and the beta distribution, equal on every target.
//!
//! `rand_distr`'s would differ between native and wasm: they take the platform's logarithm.
use crate::engine::rng::Stream;
use libm::{log, pow};

/// A number of Gamma(`shape`), of scale one, where `shape` is positive.
///
/// Marsaglia & Tsang 2000, "A simple method for generating gamma variables".
pub fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    assert!(shape > 0.0, "the shape of a gamma distribution is positive");
    if shape < 1.0 {
        let u = 1.0 - stream.uniform_f64();
        return gamma(stream, shape + 1.0) * pow(u, 1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = stream.normal_f64();
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = 1.0 - stream.uniform_f64();
        if log(u) < 0.5 * x * x + d - d * v + d * log(v) {
            return d * v;
        }
    }
}

/// A number of Beta(`a`, `b`), in [0, 1], where both are positive.
///
/// Where both are so small that two gammas vanish in rounding, it is 0 or 1 with the odds of the limit.
pub fn beta(stream: &mut Stream, a: f64, b: f64) -> f64 {
    let (x, y) = (gamma(stream, a), gamma(stream, b));
    if x + y > 0.0 {
        x / (x + y)
    } else if stream.uniform_f64() * (a + b) < a {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(all: &[f64]) -> (f64, f64) {
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        (mean, all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n)
    }

    #[test]
    fn gamma_has_its_mean_and_variance() {
        for shape in [0.3, 1.0, 4.5] {
            let mut stream = Stream::new(3, "gamma");
            let all: Vec<f64> = (0..20_000).map(|_| gamma(&mut stream, shape)).collect();
            let (mean, variance) = moments(&all);
            // Four standard errors of the mean, √(shape/20000); the variance's are wider.
            assert!((mean - shape).abs() < 4.0 * (shape / 2e4).sqrt(), "{shape}: mean {mean}");
            assert!((variance / shape - 1.0).abs() < 0.15, "{shape}: variance {variance}");
        }
    }

    #[test]
    fn beta_has_its_mean_and_variance() {
        for (a, b) in [(2.0, 6.0), (0.5, 1.5), (1.0, 1.0)] {
            let mut stream = Stream::new(5, "beta");
            let all: Vec<f64> = (0..20_000).map(|_| beta(&mut stream, a, b)).collect();
            let (mean, variance) = moments(&all);
            let exact = (a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1.0)));
            // Four standard errors of the mean: 4 · 0.3/√20000 < 0.01.
            assert!((mean - exact.0).abs() < 0.01, "Beta({a}, {b}): mean {mean}");
            assert!((variance - exact.1).abs() < 0.006, "Beta({a}, {b}): variance {variance}");
        }
    }

    #[test]
    fn the_smallest_shapes_give_nought_or_one() {
        let mut stream = Stream::new(5, "small");
        let all: Vec<f64> = (0..4000).map(|_| beta(&mut stream, 1e-4, 3e-4)).collect();
        assert!(all.iter().all(|x| (0.0..=1.0).contains(x)), "none is missing");
        // A quarter are near one; four standard errors are 0.028.
        let ones = all.iter().filter(|x| **x > 0.5).count() as f64 / 4000.0;
        assert!((ones - 0.25).abs() < 0.03, "{ones}");
    }
}
