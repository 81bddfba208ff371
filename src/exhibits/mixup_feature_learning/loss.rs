//! The losses, as functions of the activations: standard, Mixup over all pairs, Mixup with partners.
//!
//! With two classes the cross-entropy of logits (F₁, F₂) and soft label (1 − t, t) is
//! ln(1 + eᶻ) − t z, where z = F₂ − F₁ is the margin; t is 0 for class 1 and 1 for class 2.
use crate::{engine::Var, models::loss::binary_cross_entropy};

/// Activations ⟨w_kr, x_ip⟩ as one row an example, signed copies of them, and labels.
#[derive(Clone, Copy, Debug)]
pub struct Activations<'g> {
    /// `[n, P 2 m]`.
    pub rows: Var<'g>,
    /// −1 for the filters of class 1, 1 for those of class 2: `[1, P 2 m]`.
    pub signs: Var<'g>,
    /// t: `[n, 1]`.
    pub labels: Var<'g>,
}

impl<'g> Activations<'g> {
    /// Of activations `[n P, 2 m]` with labels 0 and 1.
    pub fn new(activations: Var<'g>, labels: &[f32]) -> Self {
        let (n, width) = (labels.len(), activations.dim(1));
        let graph = activations.graph();
        let columns = activations.dim(0) * width / n;
        let signs: Vec<f32> =
            (0..columns).map(|i| if i % width < width / 2 { -1.0 } else { 1.0 }).collect();
        Self {
            rows: activations.reshape([n, columns]),
            signs: graph.constant(&signs, [1, columns]),
            labels: graph.constant(labels, [n, 1]),
        }
    }

    /// z of each example: `[n, 1]`.
    fn margins(&self) -> Var<'g> {
        (self.rows.square() * self.signs).sum(&[1])
    }
}

/// Σ_i weight_i · cross-entropy of example i; `weight` is `[n, 1]` and sums to one.
pub fn standard<'g>(a: &Activations<'g>, weight: Var<'g>) -> Var<'g> {
    (binary_cross_entropy(a.margins(), a.labels) * weight).sum_all()
}

/// Mixup over all n² ordered pairs: mean cross-entropy of λ_x x_i + (1 − λ_x) x_j under the label
/// λ_y y_i + (1 − λ_y) y_j, from n × n inner products of activations alone.
pub fn pairs<'g>(a: &Activations<'g>, lambda_x: Var<'g>, lambda_y: Var<'g>) -> Var<'g> {
    let (rest_x, rest_y) = (1.0 - lambda_x, 1.0 - lambda_y);
    let own = a.margins();
    let cross = (a.rows * a.signs).matmul(a.rows.transpose());
    let z = lambda_x.square() * own
        + rest_x.square() * own.transpose()
        + (2.0 * (lambda_x * rest_x)) * cross;
    let t = lambda_y * a.labels + rest_y * a.labels.transpose();
    binary_cross_entropy(z, t).mean_all()
}

/// Mixup as it is practised (Zhang et al. 2018): mean over a batch of examples `first`, each with a
/// partner `second` and a λ of its own; all `[batch]`.
pub fn partners<'g>(
    a: &Activations<'g>,
    first: Var<'g>,
    second: Var<'g>,
    lambda: Var<'g>,
) -> Var<'g> {
    let lambda = lambda.reshape([lambda.dim(0), 1]);
    let blend = |x: Var<'g>| lambda * x.gather(first) + (1.0 - lambda) * x.gather(second);
    let mixed = Activations { rows: blend(a.rows), labels: blend(a.labels), ..*a };
    binary_cross_entropy(mixed.margins(), mixed.labels).mean_all()
}
