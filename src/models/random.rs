//! Random numbers inside a graph, new at every step.
use crate::engine::{Graph, Var};

/// Standard normal numbers by Box & Muller 1958: √(−2 ln u) cos(2π v).
pub fn normal<'g>(graph: &'g Graph, purpose: &str, shape: impl AsRef<[usize]>) -> Var<'g> {
    let shape = shape.as_ref();
    // 1 − u lies in (0, 1], where the logarithm is finite.
    let u = 1.0 - graph.uniform(&format!("{purpose} radius"), shape);
    let v = graph.uniform(&format!("{purpose} angle"), shape);
    (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}

/// Zero with probability `rate` (below one), else scaled to keep the mean; Srivastava et al. 2014.
#[track_caller]
pub fn dropout<'g>(x: Var<'g>, purpose: &str, rate: f32) -> Var<'g> {
    let kept = 1.0 - x.graph().uniform(purpose, x.shape()).less(rate);
    x * kept * (1.0 / (1.0 - rate))
}
