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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn rows_have_the_moments_they_should() {
        let rows = [1.0, 2.0, 3.0, 6.0];
        let found = value(|w| standardise(w.graph().constant(&rows, [1, 4])));
        // Mean 3, variance 3.5.
        assert_near(&found, &[-2.0, -1.0, 0.0, 3.0].map(|x: f32| x / 3.500_01_f32.sqrt()));
        let found = value(|w| rms(w.graph().constant(&rows, [1, 4])));
        assert_near(&found, &rows.map(|x| x / 12.500_01_f32.sqrt()));
    }

    #[test]
    fn gradients_agree_with_differences() {
        assert_gradients(|w| layer_norm(w, "norm", sample(w, [3, 5])));
        assert_gradients(|w| rms_norm(w, "norm", sample(w, [3, 5])));
    }
}
