//! Convolutions as windows and one matrix product, and pooling.
use super::{Weights, dense::project};
use crate::engine::{Init, Var};

/// Convolution of `x` `[batch, length, channels]` by `size` elements, `step` apart, with bias:
/// `[batch, windows, out]`. Pad before for anything but "valid".
#[track_caller]
pub fn conv1d<'g>(
    w: &Weights<'g>,
    name: &str,
    x: Var<'g>,
    out: usize,
    (size, step): (usize, usize),
) -> Var<'g> {
    let (w, channels) = (w.scope(name), x.dim(2));
    let windows = x.windows(1, size, step);
    let flat = windows.reshape([x.dim(0), windows.dim(1), channels * size]);
    let weight = w.get("weight", [channels * size, out], Init::He);
    project(flat, weight) + w.get("bias", [out], Init::Zeros)
}

/// Convolution of `x` `[batch, height, width, channels]` by `size` x `size`, `step` apart, with bias:
/// `[batch, rows, columns, out]`. Pad before for anything but "valid".
#[track_caller]
pub fn conv2d<'g>(
    w: &Weights<'g>,
    name: &str,
    x: Var<'g>,
    out: usize,
    (size, step): (usize, usize),
) -> Var<'g> {
    let (w, channels) = (w.scope(name), x.dim(3));
    let windows = x.windows(1, size, step).windows(2, size, step);
    let (rows, columns) = (windows.dim(1), windows.dim(2));
    let flat = windows.reshape([x.dim(0), rows, columns, channels * size * size]);
    let weight = w.get("weight", [channels * size * size, out], Init::He);
    project(flat, weight) + w.get("bias", [out], Init::Zeros)
}

/// Greatest of each `size` x `size` square of `[batch, height, width, channels]`, without overlap.
#[track_caller]
pub fn max_pool2d(x: Var<'_>, size: usize) -> Var<'_> {
    pool2d(x, size, |windows, axis| windows.max(&[axis]))
}

/// Mean of each `size` x `size` square of `[batch, height, width, channels]`, without overlap.
#[track_caller]
pub fn mean_pool2d(x: Var<'_>, size: usize) -> Var<'_> {
    pool2d(x, size, |windows, axis| windows.mean(&[axis]))
}

#[track_caller]
fn pool2d<'g>(x: Var<'g>, size: usize, reduce: fn(Var<'g>, usize) -> Var<'g>) -> Var<'g> {
    let windows = x.windows(1, size, size).windows(2, size, size);
    let shape = windows.shape()[..4].to_vec();
    let flat = windows.reshape([&shape[..], &[size * size]].concat());
    reduce(flat, 4).reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn pooling_is_as_by_hand() {
        let image: Vec<f32> = (0..16).map(|i| i as f32).collect();
        let pooled = |pool: for<'g> fn(Var<'g>, usize) -> Var<'g>| {
            value(|w| pool(w.graph().constant(&image, [1, 4, 4, 1]), 2))
        };
        assert_eq!(pooled(max_pool2d), [5.0, 7.0, 13.0, 15.0], "greatest of each square");
        assert_eq!(pooled(mean_pool2d), [2.5, 4.5, 10.5, 12.5], "mean of each square");
    }

    #[test]
    fn a_convolution_slides_its_weights() {
        let found = value(|w| {
            let signal = w.graph().constant(&[1.0, 2.0, 4.0, 8.0], [1, 4, 1]);
            w.get("conv.weight", [2, 1], Init::Constant(0.5));
            conv1d(w, "conv", signal, 1, (2, 1))
        });
        // The weights are [1/2, 1/2]; the first one asked for under a name decides how it starts.
        assert_near(&found, &[1.5, 3.0, 6.0]);
    }

    #[test]
    fn gradients_agree_with_differences() {
        assert_gradients(|w| conv1d(w, "conv", sample(w, [2, 5, 2]), 3, (3, 2)));
        assert_gradients(|w| conv2d(w, "conv", sample(w, [2, 5, 4, 2]), 3, (3, 1)));
        assert_gradients(|w| max_pool2d(sample(w, [2, 4, 4, 2]), 2));
        assert_gradients(|w| mean_pool2d(sample(w, [2, 4, 4, 2]), 2));
    }
}
