//! Linear maps and what is built of them.
use super::Weights;
use crate::engine::{Init, Var};

/// x W: `[.., in]` to `[.., out]`, as one product over all rows.
#[track_caller]
pub fn project<'g>(x: Var<'g>, weight: Var<'g>) -> Var<'g> {
    let mut shape = x.shape();
    let rank = shape.len();
    let (inner, out) = (weight.dim(0), weight.dim(1));
    let rows = shape[..rank - 1].iter().product();
    shape[rank - 1] = out;
    x.reshape([rows, inner]).matmul(weight).reshape(shape)
}

/// x W + b: `[.., in]` to `[.., out]`; W by Glorot, b zero.
#[track_caller]
pub fn linear<'g>(w: &Weights<'g>, name: &str, x: Var<'g>, out: usize) -> Var<'g> {
    linear_with(w, name, x, out, Init::Glorot)
}

/// [`linear`] whose W starts as told.
#[track_caller]
pub fn linear_with<'g>(w: &Weights<'g>, name: &str, x: Var<'g>, out: usize, init: Init) -> Var<'g> {
    let w = w.scope(name);
    let bias = w.get("bias", [out], Init::Zeros);
    linear_no_bias(&w, "weight", x, out, init) + bias
}

/// x W: `[.., in]` to `[.., out]`.
#[track_caller]
pub fn linear_no_bias<'g>(
    w: &Weights<'g>,
    name: &str,
    x: Var<'g>,
    out: usize,
    init: Init,
) -> Var<'g> {
    let inner = x.dim(x.shape().len() - 1);
    project(x, w.get(name, [inner, out], init))
}

/// Rows of a trained table `[rows, width]` at whole numbers `[..]`: `[.., width]`; normal, deviation `std`.
#[track_caller]
pub fn embedding<'g>(
    w: &Weights<'g>,
    name: &str,
    index: Var<'g>,
    (rows, width): (usize, usize),
    std: f32,
) -> Var<'g> {
    w.get(name, [rows, width], Init::Normal(std)).gather(index)
}

/// Linear maps to each of `widths`, with `activation` between them (not after the last).
#[track_caller]
pub fn mlp<'g>(
    w: &Weights<'g>,
    x: Var<'g>,
    widths: &[usize],
    activation: fn(Var<'g>) -> Var<'g>,
) -> Var<'g> {
    widths.iter().enumerate().fold(x, |x, (i, &width)| {
        let x = if i == 0 { x } else { activation(x) };
        linear(w, &format!("layer{i}"), x, width)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, sample},
        *,
    };

    #[test]
    fn gradients_agree_with_differences() {
        assert_gradients(|w| mlp(w, sample(w, [2, 3, 4]), &[5, 2], Var::tanh));
        assert_gradients(|w| {
            embedding(w, "table", w.graph().constant(&[2.0, 0.0, 2.0], [3]), (4, 3), 1.0)
        });
    }
}
