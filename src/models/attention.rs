//! Multi-head attention, Vaswani et al. 2017, section 3.2.
use super::{
    Weights,
    activation::softmax,
    dense::{linear_no_bias, project},
    loss::masked,
};
use crate::engine::{Init, Var};

/// softmax(q kᵀ/√d) v: `[.., n, d]`, `[.., m, d]`, `[.., m, d]` to `[.., n, d]`; eq. 1.
///
/// `allowed`, if any, broadcasts to `[.., n, m]` and is one where attention may go.
#[track_caller]
pub fn attend<'g>(q: Var<'g>, k: Var<'g>, v: Var<'g>, allowed: Option<Var<'g>>) -> Var<'g> {
    let rank = q.shape().len();
    let scores = q.matmul(k.transpose()) * (1.0 / (q.dim(rank - 1) as f32).sqrt());
    let scores = allowed.map_or(scores, |allowed| masked(scores, allowed));
    softmax(scores, rank - 1).matmul(v)
}

/// Splits `[batch, n, heads · d]` into heads: `[batch, heads, n, d]`.
#[track_caller]
pub fn split_heads(x: Var<'_>, heads: usize) -> Var<'_> {
    let (batch, n, width) = (x.dim(0), x.dim(1), x.dim(2));
    x.reshape([batch, n, heads, width / heads]).permute(&[0, 2, 1, 3])
}

/// Joins heads `[batch, heads, n, d]` again: `[batch, n, heads · d]`.
#[track_caller]
pub fn join_heads(x: Var<'_>) -> Var<'_> {
    let (batch, heads, n, d) = (x.dim(0), x.dim(1), x.dim(2), x.dim(3));
    x.permute(&[0, 2, 1, 3]).reshape([batch, n, heads * d])
}

/// Self-attention over `x` `[batch, n, width]` in `heads` heads, without biases; section 3.2.2.
///
/// Queries, keys and values are one product, its tensor started as three of Glorot's.
#[track_caller]
pub fn self_attention<'g>(
    w: &Weights<'g>,
    name: &str,
    x: Var<'g>,
    heads: usize,
    allowed: Option<Var<'g>>,
) -> Var<'g> {
    let (w, width) = (w.scope(name), x.dim(2));
    let qkv = project(x, w.get("qkv", [width, 3 * width], Init::GlorotScaled(THREE_IN_ONE)));
    let part = |i: usize| split_heads(qkv.slice(2, i * width..(i + 1) * width), heads);
    let mixed = attend(part(0), part(1), part(2), allowed);
    linear_no_bias(&w, "out", join_heads(mixed), width, Init::Glorot)
}

/// Attention of `x` `[batch, n, width]` over `context` `[batch, m, width]`, without biases.
#[track_caller]
pub fn cross_attention<'g>(
    w: &Weights<'g>,
    name: &str,
    (x, context): (Var<'g>, Var<'g>),
    heads: usize,
    allowed: Option<Var<'g>>,
) -> Var<'g> {
    let (w, width) = (w.scope(name), x.dim(2));
    let map = |name, v| split_heads(linear_no_bias(&w, name, v, width, Init::Glorot), heads);
    let mixed = attend(map("query", x), map("key", context), map("value", context), allowed);
    linear_no_bias(&w, "out", join_heads(mixed), width, Init::Glorot)
}

/// √(4/2): Glorot's bound for `[width, width]` over that for `[width, 3 width]`.
const THREE_IN_ONE: f32 = std::f32::consts::SQRT_2;

/// One where position `j` is not after position `i`: `[n, n]`.
pub fn causal<'g>(w: &Weights<'g>, n: usize) -> Var<'g> {
    let (row, column) = (w.graph().iota([n, n], 0), w.graph().iota([n, n], 1));
    1.0 - row.less(column)
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn attention_to_one_place_is_its_value() {
        let found = value(|w| {
            let x = sample(w, [1, 2, 3]);
            let only_first = w.graph().constant(&[1.0, 0.0], [1, 2]);
            attend(x, x, x, Some(only_first)) - x.slice(1, 0..1)
        });
        assert_near(&found, &[0.0; 6]);
    }

    #[test]
    fn what_comes_later_changes_nothing_under_a_causal_mask() {
        let outputs = |last: f32| {
            value(|w| {
                let row = w.graph().constant(&[1.0, -1.0, 0.5, 2.0, last, last], [1, 3, 2]);
                self_attention(w, "attention", row, 1, Some(causal(w, 3)))
            })
        };
        assert_eq!(outputs(0.0)[..4], outputs(9.0)[..4], "the first two of three");
        assert_ne!(outputs(0.0)[4..], outputs(9.0)[4..], "the last");
    }

    #[test]
    fn gradients_agree_with_differences() {
        assert_gradients(|w| self_attention(w, "attention", sample(w, [2, 3, 4]), 2, None));
        assert_gradients(|w| {
            let mask = Some(causal(w, 3));
            self_attention(w, "attention", sample(w, [2, 3, 4]), 2, mask)
        });
        assert_gradients(|w| {
            let context = w.get("context", [2, 5, 4], Init::Normal(1.0));
            cross_attention(w, "attention", (sample(w, [2, 3, 4]), context), 2, None)
        });
    }
}
