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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn values_are_as_by_hand() {
        // Two rows: −ln(1/3) and −ln(e²/(1 + e + e²)).
        let logits = [0.5, 0.5, 0.5, 0.0, 1.0, 2.0];
        let found = value(|w| {
            let g = w.graph();
            cross_entropy(g.constant(&logits, [2, 3]), g.constant(&[1.0, 2.0], [2]))
        });
        assert_near(&found, &[1.098_612_3, 0.407_605_96]);
        let mean = value(|w| {
            let g = w.graph();
            masked_mean(g.constant(&[1.0, 5.0, 3.0], [3]), g.constant(&[1.0, 0.0, 1.0], [3]))
        });
        assert_near(&mean, &[2.0]);
    }

    #[test]
    fn gradients_agree_with_differences() {
        let targets = [2.0, 0.0, 1.0];
        assert_gradients(|w| cross_entropy(sample(w, [3, 4]), w.graph().constant(&targets, [3])));
        assert_gradients(|w| {
            binary_cross_entropy(sample(w, [3]), w.graph().constant(&[0.0, 1.0, 0.3], [3]))
        });
        assert_gradients(|w| mse(sample(w, [3]), w.graph().constant(&targets, [3])));
        assert_gradients(|w| {
            let allowed = w.graph().constant(&[1.0, 0.0, 1.0, 1.0], [2, 2]);
            super::super::activation::softmax(masked(sample(w, [2, 2]), allowed), 1)
        });
    }
}
