//! What is made small.
use super::activation::{log_softmax, one_hot};
use crate::engine::Var;

/// Mean squared difference over all elements, a scalar.
#[track_caller]
pub fn mse<'g>(x: Var<'g>, y: Var<'g>) -> Var<'g> {
    (x - y).square().mean_all()
}

/// −ln softmax(logits)ₜ for each row: `logits` `[.., classes]`, `targets` whole numbers `[..]`; `[..]`.
#[track_caller]
pub fn cross_entropy<'g>(logits: Var<'g>, targets: Var<'g>) -> Var<'g> {
    let axis = logits.shape().len() - 1;
    let chosen = one_hot(targets, logits.dim(axis));
    -(log_softmax(logits, axis) * chosen).sum(&[axis]).reshape(targets.shape())
}

/// Cross-entropy of the logistic function for targets in `[0, 1]`, element by element.
#[track_caller]
pub fn binary_cross_entropy<'g>(logits: Var<'g>, targets: Var<'g>) -> Var<'g> {
    super::activation::softplus(logits) - logits * targets
}

/// Mean of `values` where `weight` is one, a scalar; both of one shape, some weight above zero.
#[track_caller]
pub fn masked_mean<'g>(values: Var<'g>, weight: Var<'g>) -> Var<'g> {
    (values * weight).sum_all() / weight.sum_all()
}

/// `x` where `allowed` is one, else so low that no softmax gives it weight.
#[track_caller]
pub fn masked<'g>(x: Var<'g>, allowed: Var<'g>) -> Var<'g> {
    Var::select(allowed, x, MASKED)
}

/// Stands for minus infinity in a logit: e^(MASKED − max) is zero, and sums stay finite.
pub const MASKED: f32 = -1e9;
