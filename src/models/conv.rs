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
