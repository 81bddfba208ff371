//! Optimisers: functions that add the update of each weight to its graph.
//!
//! A rate is a value of the graph, so that schedules (functions of [`Graph::step`]) and sliders
//! (inputs) are the same to them.
use super::Weights;
use crate::engine::{Graph, Init, Var, math};

/// w ← w − rate · g.
pub fn sgd<'g>(w: &Weights<'g>, grads: &[Var<'g>], rate: Var<'g>) {
    for ((_, weight), &grad) in w.list().iter().zip(grads) {
        w.graph().assign(*weight, *weight - rate * grad);
    }
}

/// m ← momentum · m + g, w ← w − rate · m; Sutskever et al. 2013, eq. 1.
pub fn momentum<'g>(w: &Weights<'g>, grads: &[Var<'g>], rate: Var<'g>, momentum: f32) {
    for ((name, weight), &grad) in w.list().iter().zip(grads) {
        let m = w.graph().state(&format!("momentum.{name}"), weight.shape(), Init::Zeros);
        let next = momentum * m + grad;
        w.graph().assign(m, next);
        w.graph().assign(*weight, *weight - rate * next);
    }
}

/// Constants of [`adam`].
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Decay rate of the first moment.
    pub beta1: f32,
    /// Decay rate of the second moment.
    pub beta2: f32,
    /// Keeps the divisor away from zero.
    pub epsilon: f32,
    /// Decoupled decay of the weights, times the rate; Loshchilov & Hutter 2019, Algorithm 2, line 12.
    pub decay: f32,
}

impl Default for Adam {
    /// Kingma & Ba 2015, Algorithm 1; no decay.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 }
    }
}

/// Adam, and `AdamW` where there is decay; Kingma & Ba 2015, Algorithm 1.
pub fn adam<'g>(w: &Weights<'g>, grads: &[Var<'g>], rate: Var<'g>, adam: Adam) {
    let graph = w.graph();
    let t = graph.step() + 1.0;
    // βᵗ = e^(t ln β); both corrections are scalars, made once for all weights.
    let corrected = |beta: f32| (1.0 - (t * math::ln(beta)).exp()).recip();
    let (first, second) = (corrected(adam.beta1), corrected(adam.beta2));
    for ((name, weight), &grad) in w.list().iter().zip(grads) {
        let state = |moment: &str| {
            graph.state(&format!("adam.{moment}.{name}"), weight.shape(), Init::Zeros)
        };
        let (m, v) = (state("m"), state("v"));
        let next_m = adam.beta1 * m + (1.0 - adam.beta1) * grad;
        let next_v = adam.beta2 * v + (1.0 - adam.beta2) * grad.square();
        let step = next_m * first / ((next_v * second).sqrt() + adam.epsilon);
        let step = if adam.decay == 0.0 { step } else { step + adam.decay * *weight };
        graph.assign(m, next_m);
        graph.assign(v, next_v);
        graph.assign(*weight, *weight - rate * step);
    }
}

/// Scales all derivatives so that their joint norm is at most `limit`; Pascanu et al. 2013, Algorithm 1.
///
/// The joint norm before is returned beside them, a scalar.
pub fn clip_global_norm<'g>(grads: &[Var<'g>], limit: f32) -> (Vec<Var<'g>>, Option<Var<'g>>) {
    let squares = grads.iter().map(|g| g.square().sum_all());
    let Some(norm) = squares.reduce(|a, b| a + b).map(Var::sqrt) else {
        return (vec![], None);
    };
    let scale = limit / norm.maximum(limit);
    (grads.iter().map(|&g| g * scale).collect(), Some(norm))
}

/// From one to `floor` along half a cosine over `steps` steps, then `floor`; Loshchilov & Hutter
/// 2017, eq. 5.
pub fn cosine(graph: &Graph, steps: usize, floor: f32) -> Var<'_> {
    let done = (graph.step() * (1.0 / steps.max(1) as f32)).minimum(1.0);
    floor + (0.5 * (1.0 - floor)) * (1.0 + (std::f32::consts::PI * done).cos())
}

/// From 1/`steps` to one over the first `steps` steps, then one; Goyal et al. 2017, section 2.2.
pub fn warm_up(graph: &Graph, steps: usize) -> Var<'_> {
    ((graph.step() + 1.0) * (1.0 / steps.max(1) as f32)).minimum(1.0)
}
