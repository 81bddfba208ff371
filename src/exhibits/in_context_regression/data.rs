//! Prompts drawn on the host, from streams that no training uses (section 3).
use crate::{engine::rng::Stream, models::regress::Examples};

/// Prompts of one length, `f32` as a net reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompts {
    /// Numbers in an x.
    pub d: usize,
    /// Pairs a prompt.
    pub n: usize,
    /// `[prompts, n, d]`.
    pub x: Vec<f32>,
    /// `[prompts, n]`.
    pub y: Vec<f32>,
    /// The functions, `[prompts, d]`.
    pub w: Vec<f32>,
}

impl Prompts {
    /// So many prompts of `n` pairs: w ~ N(0, I), x ~ N(0, I), y = w·x + N(0, σ²).
    pub fn draw(stream: &mut Stream, count: usize, (d, n): (usize, usize), sigma: f64) -> Self {
        let mut prompts = Self { d, n, x: vec![], y: vec![], w: vec![] };
        for _ in 0..count {
            let w: Vec<f64> = (0..d).map(|_| stream.normal_f64()).collect();
            for _ in 0..n {
                let x: Vec<f64> = (0..d).map(|_| stream.normal_f64()).collect();
                let clean: f64 = w.iter().zip(&x).map(|(w, x)| w * x).sum();
                prompts.y.push((clean + sigma * stream.normal_f64()) as f32);
                prompts.x.extend(x.iter().map(|&x| x as f32));
            }
            prompts.w.extend(w.iter().map(|&w| w as f32));
        }
        prompts
    }

    /// Number of prompts.
    pub fn count(&self) -> usize {
        self.y.len() / self.n
    }

    /// The same numbers in `f64`, for the reference predictors: x and y.
    pub fn wide(&self) -> (Vec<f64>, Vec<f64>) {
        let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect();
        (wide(&self.x), wide(&self.y))
    }
}

/// The first `n` of rows of examples.
pub fn first<'a>(d: usize, x: &'a [f64], y: &'a [f64], n: usize) -> Examples<'a> {
    Examples { d, x: &x[..n * d], y: &y[..n] }
}
