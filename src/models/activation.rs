//! Functions of one tensor that stand between layers.
use crate::engine::Var;

/// √(2/π), of the approximation in [`gelu`].
const SQRT_2_OVER_PI: f32 = 0.797_884_6;

/// x Φ(x) by the tanh form of Hendrycks & Gimpel 2016, section 2 (within 0.001 of the exact one).
pub fn gelu(x: Var<'_>) -> Var<'_> {
    let inner = SQRT_2_OVER_PI * (x + 0.044_715 * (x * x * x));
    0.5 * x * (1.0 + inner.tanh())
}

/// x σ(x); Elfwing et al. 2018, eq. 5.
pub fn silu(x: Var<'_>) -> Var<'_> {
    x * x.sigmoid()
}

/// ln(1 + eˣ), without overflow: max(x, 0) + ln(1 + e^−|x|).
pub fn softplus(x: Var<'_>) -> Var<'_> {
    x.relu() + (1.0 + (-x.abs()).exp()).ln()
}

/// x where it is positive, else `slope` · x; Maas et al. 2013, section 2.
pub fn leaky_relu(x: Var<'_>, slope: f32) -> Var<'_> {
    x.relu() + slope * x.minimum(0.0)
}

/// Softmax over one axis: e^(x − max) over its sum.
#[track_caller]
pub fn softmax(x: Var<'_>, axis: usize) -> Var<'_> {
    let e = (x - x.max(&[axis]).stop_gradient()).exp();
    e / e.sum(&[axis])
}

/// Logarithm of the softmax over one axis: x − max − ln Σ e^(x − max).
#[track_caller]
pub fn log_softmax(x: Var<'_>, axis: usize) -> Var<'_> {
    let shifted = x - x.max(&[axis]).stop_gradient();
    shifted - shifted.exp().sum(&[axis]).ln()
}

/// ln Σ eˣ over one axis, which stays with length one.
#[track_caller]
pub fn log_sum_exp(x: Var<'_>, axis: usize) -> Var<'_> {
    let max = x.max(&[axis]).stop_gradient();
    (x - max).exp().sum(&[axis]).ln() + max
}

/// The `k` greatest along the last axis, greatest first: values and indices, each `[.., k]`.
///
/// By repeated argmax, so meant for small `k`; equal values come in order of index. No derivative
/// flows through the choice, but one flows through the values.
#[track_caller]
pub fn top_k(x: Var<'_>, k: usize) -> (Var<'_>, Var<'_>) {
    let shape = x.shape();
    let axis = shape.len() - 1;
    let place = x.graph().iota(&shape, axis);
    let (mut rest, mut values, mut indices) = (x, vec![], vec![]);
    for _ in 0..k {
        let index = rest.argmax(axis);
        let chosen = place.equal(index);
        values.push((x * chosen).sum(&[axis]));
        indices.push(index);
        rest = Var::select(chosen, f32::MIN, rest);
    }
    (Var::concat(&values, axis), Var::concat(&indices, axis))
}

/// One at `index` `[..]`, zero elsewhere: `[.., classes]`.
#[track_caller]
pub fn one_hot(index: Var<'_>, classes: usize) -> Var<'_> {
    let mut shape = index.shape();
    let axis = shape.len();
    shape.push(1);
    let index = index.reshape(&shape);
    shape[axis] = classes;
    index.graph().iota(&shape, axis).equal(index)
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn values_are_as_by_hand() {
        let of = |f: for<'g> fn(Var<'g>) -> Var<'g>| {
            value(|w| f(w.graph().constant(&[-1.0, 0.0, 2.0], [3])))
        };
        // From the formulas in f64, rounded.
        assert_near(&of(silu), &[-0.268_941_4, 0.0, 1.761_594_2]);
        assert_near(&of(softplus), &[0.313_261_7, std::f32::consts::LN_2, 2.126_928]);
        assert_near(&of(gelu), &[-0.158_808, 0.0, 1.954_597_7]);
        assert_near(&of(|x| leaky_relu(x, 0.1)), &[-0.1, 0.0, 2.0]);
        assert_near(&of(|x| softmax(x, 0)), &[0.042_010_07, 0.114_195_2, 0.843_794_7]);
        assert_near(&of(|x| log_sum_exp(x, 0)), &[2.169_846]);
    }

    #[test]
    fn softmax_of_large_numbers_is_finite() {
        let found = value(|w| softmax(w.graph().constant(&[1e30, 0.0, -1e30, -1e9], [2, 2]), 1));
        assert_near(&found, &[1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn gradients_agree_with_differences() {
        for f in [gelu, silu, softplus] as [for<'g> fn(Var<'g>) -> Var<'g>; 3] {
            assert_gradients(|w| f(sample(w, [7])));
        }
        for axis in 0..2 {
            assert_gradients(|w| softmax(sample(w, [3, 4]), axis));
            assert_gradients(|w| log_softmax(sample(w, [3, 4]), axis));
            assert_gradients(|w| log_sum_exp(sample(w, [3, 4]), axis));
        }
        assert_gradients(|w| top_k(sample(w, [3, 5]), 2).0);
    }

    #[test]
    fn top_k_comes_greatest_first_and_ties_by_index() {
        let rows = [1.0, 5.0, 5.0, -2.0, 0.0, -1.0, -7.0, -1.0];
        assert_eq!(
            value(|w| top_k(w.graph().constant(&rows, [2, 4]), 3).0),
            [5.0, 5.0, 1.0, 0.0, -1.0, -1.0]
        );
        assert_eq!(
            value(|w| top_k(w.graph().constant(&rows, [2, 4]), 3).1),
            [1.0, 2.0, 0.0, 0.0, 1.0, 3.0]
        );
    }
}
