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
    if grads.is_empty() {
        return (vec![], None);
    }
    // Side by side they are one tensor, into which each is written where it is made.
    let flat = grads.iter().map(|g| g.reshape([g.shape().iter().product::<usize>()]));
    let norm = Var::concat(&flat.collect::<Vec<_>>(), 0).square().sum_all().sqrt();
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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{after, assert_near, value},
        *,
    };

    /// The weight after `steps` updates from 1 by derivatives of w²/2, which are w.
    fn descend(steps: usize, update: impl for<'g> Fn(&Weights<'g>, &[Var<'g>])) -> f32 {
        after(steps, |w| {
            let x = w.get("x", [1], Init::Constant(1.0));
            update(w, &w.graph().grad((0.5 * x.square()).sum_all(), &[x]));
        })("x")[0]
    }

    #[test]
    fn updates_are_as_by_hand() {
        // 0.9².
        assert_near(&[descend(2, |w, g| sgd(w, g, w.graph().scalar(0.1)))], &[0.81]);
        // m = 1, w = 0.9; m = 0.5 + 0.9, w = 0.9 − 0.14.
        let found = descend(2, |w, g| momentum(w, g, w.graph().scalar(0.1), 0.5));
        assert_near(&[found], &[0.76]);
        // The first step of Adam is the rate, whatever the derivative; decay adds rate · 0.5 · w.
        let first = |decay| {
            let constants = Adam { decay, ..Adam::default() };
            descend(1, move |w, g| adam(w, g, w.graph().scalar(0.1), constants))
        };
        assert_near(&[first(0.0), first(0.5)], &[0.9, 0.85]);
        // Second step: m̂ = (0.09 + 0.1 · 0.9)/0.19, v̂ = (0.000999 + 0.001 · 0.81)/0.001999.
        let second = descend(2, |w, g| adam(w, g, w.graph().scalar(0.1), Adam::default()));
        let (m, v) = (0.18_f32 / 0.19, 0.001_809_f32 / 0.001_999);
        // A few roundings of 1 − βᵗ, which is near 0.002.
        assert!((second - (0.9 - 0.1 * m / v.sqrt())).abs() < 1e-5, "{second}");
    }

    #[test]
    fn clipping_scales_all_alike_and_only_when_needed() {
        let clipped = |limit| {
            value(move |w| {
                let g = w.graph();
                let grads = [g.constant(&[3.0], [1]), g.constant(&[0.0, 4.0], [2])];
                Var::concat(&clip_global_norm(&grads, limit).0, 0)
            })
        };
        assert_near(&clipped(1.0), &[0.6, 0.0, 0.8]);
        assert_near(&clipped(10.0), &[3.0, 0.0, 4.0]);
    }

    #[test]
    fn schedules_follow_the_step() {
        let at = |steps: usize| {
            let read = after(steps, |w| {
                let count = w.get("count", [], Init::Zeros);
                w.graph().assign(count, count + 1.0);
                w.graph().output("cosine", cosine(w.graph(), 4, 0.2));
                w.graph().output("warm", warm_up(w.graph(), 4));
            });
            [read("cosine")[0], read("warm")[0]]
        };
        assert_near(&at(1), &[1.0, 0.25]);
        assert_near(&at(3), &[0.6, 0.75]);
        assert_near(&at(9), &[0.2, 1.0]);
    }
}
