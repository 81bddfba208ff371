//! Normalisation over the last axis.
use super::Weights;
use crate::engine::{Init, Var};

/// Keeps the root away from zero.
const EPSILON: f32 = 1e-5;

/// x / √(mean x² + ε) over the last axis; Zhang & Sennrich 2019, eq. 4, without gain.
#[track_caller]
pub fn rms(x: Var<'_>) -> Var<'_> {
    let last = x.shape().len() - 1;
    x / (x.square().mean(&[last]) + EPSILON).sqrt()
}

/// [`rms`] with a trained gain, one at first.
#[track_caller]
pub fn rms_norm<'g>(w: &Weights<'g>, name: &str, x: Var<'g>) -> Var<'g> {
    let width = x.dim(x.shape().len() - 1);
    rms(x) * w.get(name, [width], Init::Constant(1.0))
}

/// (x − mean) / √(variance + ε) over the last axis; Ba et al. 2016, eq. 4, without gain and bias.
#[track_caller]
pub fn standardise(x: Var<'_>) -> Var<'_> {
    let last = x.shape().len() - 1;
    let centred = x - x.mean(&[last]);
    centred / (centred.square().mean(&[last]) + EPSILON).sqrt()
}

/// Layer norm with trained gain (one at first) and bias (zero at first).
#[track_caller]
pub fn layer_norm<'g>(w: &Weights<'g>, name: &str, x: Var<'g>) -> Var<'g> {
    let (w, width) = (w.scope(name), x.dim(x.shape().len() - 1));
    let gain = w.get("gain", [width], Init::Constant(1.0));
    standardise(x) * gain + w.get("bias", [width], Init::Zeros)
}
