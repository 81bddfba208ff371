//! How a decoder layer carries out a primitive: the RAW operator and the division by LayerNorm
//! (appendices C and D).
//!
//! A layer that reads, combines and writes sets, in each column t that it serves,
//!
//! `h_t[w] ← W_o ((W_a h_K(t)[r]) ∘ (W h_t[s])) + b`, where ∘ is a sum or a product,
//!
//! and copies everything else. $K(t)$ is one column: attention whose pattern the position embeddings fix,
//! taken as one-hot here. A second head cancels what stood in $w$. The sum and the product are made of
//! GELUs; LayerNorm divides. Exactly computed, the same layers are the algorithm itself.
use super::machine::{Block, Kind, Stream};
use crate::engine::math;
use std::f64::consts::PI;

/// How products, sums and quotients come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arithmetic {
    /// As numbers are multiplied, added and divided.
    Exact,
    /// By GELU and LayerNorm, as a network has to.
    Network {
        /// Inputs of a product are multiplied by this before their GELUs: s.
        scale: f64,
        /// What is added before a GELU that is to be linear, and factor of the divisor: N.
        big: f64,
        /// Whether GELUs are rounded to 32 bits, as networks compute them.
        single: bool,
    },
}

/// A sparse matrix: (row, column, factor) of its entries.
type Entries = Vec<(usize, usize, f64)>;

/// How what was attended to meets what stands in the column itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// By sum.
    Plus,
    /// By product, entry by entry.
    Times,
}

/// A decoder layer.
#[derive(Clone, Debug)]
pub enum Layer {
    /// Read, arithmetic, write.
    Raw {
        /// The one column that writes, and the one it attends to; none: all columns, each to itself.
        attends: Option<(usize, usize)>,
        /// Rows attended to, r.
        read: Block,
        /// Rows of the column itself, s.
        own: Block,
        /// Rows written, w.
        write: Block,
        /// What both meet in: number of hidden units.
        hidden: usize,
        /// W_a: hidden units from `read`.
        attended: Entries,
        /// W: hidden units from `own`.
        kept: Entries,
        /// W_o: `write` from hidden units.
        out: Entries,
        /// What is added to the result, b.
        bias: Vec<f64>,
        /// Sum or product.
        meeting: Meeting,
    },
    /// Division by LayerNorm.
    Norm {
        /// Rows of the dividend.
        read: Block,
        /// Row of the divisor.
        by: usize,
        /// Rows written.
        write: Block,
    },
}

fn identity(n: usize) -> Entries {
    (0..n).map(|i| (i, i, 1.0)).collect()
}

impl Layer {
    /// The layer that carries out a primitive; Lemma 1.
    pub fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Mov { from, to, read, write } => Self::Raw {
                attends: Some((*to, *from)),
                read: *read,
                own: *write,
                write: *write,
                hidden: read.len,
                attended: identity(read.len),
                kept: vec![],
                out: identity(read.len),
                bias: vec![],
                meeting: Meeting::Plus,
            },
            &Kind::Mul { shape: [a, b, c], left, right, write } => {
                // One hidden unit for each product of the sum over b.
                let units = || (0..a * b * c).map(move |k| (k, k / (b * c), k / c % b, k % c));
                Self::Raw {
                    attends: None,
                    read: left,
                    own: right,
                    write,
                    hidden: a * b * c,
                    attended: units().map(|(k, i, j, _)| (k, i * b + j, 1.0)).collect(),
                    kept: units().map(|(k, _, j, l)| (k, j * c + l, 1.0)).collect(),
                    out: units().map(|(k, i, _, l)| (i * c + l, k, 1.0)).collect(),
                    bias: vec![],
                    meeting: Meeting::Times,
                }
            }
            Kind::Aff { first, second, bias, write } => Self::Raw {
                attends: None,
                read: first.0,
                own: second.0,
                write: *write,
                hidden: write.len,
                attended: first.1.clone(),
                kept: second.1.clone(),
                out: identity(write.len),
                bias: bias.clone(),
                meeting: Meeting::Plus,
            },
            &Kind::Div { read, by, write } => Self::Norm { read, by, write },
        }
    }

    /// Lets one column pass; nothing is changed in a column that the layer does not serve.
    pub fn pass(&self, stream: &mut Stream, column: usize, arithmetic: Arithmetic) {
        match self {
            Self::Raw { attends, read, own, write, hidden, attended, kept, out, bias, meeting } => {
                let from = match *attends {
                    Some((to, _)) if to != column => return,
                    Some((_, from)) => from,
                    None => column,
                };
                let there = times(attended, stream.block(from, *read), *hidden);
                let here = times(kept, stream.block(column, *own), *hidden);
                let met: Vec<f64> = match meeting {
                    Meeting::Plus => there.iter().zip(&here).map(|(a, b)| a + b).collect(),
                    Meeting::Times => {
                        there.iter().zip(&here).map(|(&a, &b)| arithmetic.product(a, b)).collect()
                    }
                };
                let mut result = times(out, &met, write.len);
                result.iter_mut().zip(bias).for_each(|(r, b)| *r += b);
                if *meeting == Meeting::Plus {
                    result.iter_mut().for_each(|r| *r = arithmetic.linear(*r));
                }
                stream.block_mut(column, *write).copy_from_slice(&result);
            }
            Self::Norm { read, by, write } => {
                let divisor = stream.block(column, Block { start: *by, len: 1 })[0];
                let result = arithmetic.quotient(stream.block(column, *read), divisor);
                stream.block_mut(column, *write).copy_from_slice(&result);
            }
        }
    }
}

/// A sparse matrix times a vector.
fn times(matrix: &Entries, vector: &[f64], rows: usize) -> Vec<f64> {
    let mut result = vec![0.0; rows];
    for &(row, column, factor) in matrix {
        result[row] += factor * vector[column];
    }
    result
}

impl Arithmetic {
    /// x y; of GELUs: √(π/2) (gelu(sx + sy) − gelu(sx) − gelu(sy)) / s², since gelu″(0) = √(2/π).
    pub fn product(self, x: f64, y: f64) -> f64 {
        let Self::Network { scale, single, .. } = self else { return x * y };
        let factor = (PI / 2.0).sqrt() / (scale * scale);
        if single {
            let (x, y) = ((scale * x) as f32, (scale * y) as f32);
            factor * f64::from(gelu_f32(x + y) - gelu_f32(x) - gelu_f32(y))
        } else {
            let (x, y) = (scale * x, scale * y);
            factor * (gelu(x + y) - gelu(x) - gelu(y))
        }
    }

    /// x; of a GELU: gelu(N + x) − N, since gelu is the identity far to the right.
    pub fn linear(self, x: f64) -> f64 {
        match self {
            Self::Exact => x,
            Self::Network { big, single: true, .. } => {
                let big = big as f32;
                f64::from(gelu_f32(big + x as f32) - big)
            }
            Self::Network { big, .. } => gelu(big + x) - big,
        }
    }

    /// y over |c|; of a LayerNorm over L = 2 + 2 len entries Nc, −Nc, y/N and −y/N, whose mean is
    /// zero and whose spread is N |c| √(2/L) up to a share of y²/(N²c)² or so.
    pub fn quotient(self, y: &[f64], c: f64) -> Vec<f64> {
        let Self::Network { big, .. } = self else {
            return y.iter().map(|y| y / c.abs()).collect();
        };
        let len = 2.0 + 2.0 * y.len() as f64;
        let squares: f64 = y.iter().map(|y| (y / big) * (y / big)).sum();
        let spread = (2.0 * (big * big * c * c + squares) / len).sqrt();
        y.iter().map(|y| y / big / spread * big * big * (2.0 / len).sqrt()).collect()
    }
}

/// x Φ(x) by the tanh form, which the official code uses.
fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::tanh((2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)))
}

/// The same in 32 bits.
fn gelu_f32(x: f32) -> f32 {
    /// √(2/π).
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    0.5 * x * (1.0 + math::tanh(SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Stream as Random;

    fn network(scale: f64, big: f64, single: bool) -> Arithmetic {
        Arithmetic::Network { scale, big, single }
    }

    #[test]
    fn products_of_gelus_err_as_the_protocol_measured() {
        // Mean absolute errors for N(0, 1) inputs in 32 bits, measured in a prototype: the order of
        // magnitude is the law, its digits are of other random numbers.
        for (scale, published) in [(0.1, 8.5e-3), (0.03, 7.7e-4), (0.01, 8.6e-5)] {
            let mut random = Random::new(1, "products");
            let arithmetic = network(scale, 100.0, true);
            let error = |_| {
                let (x, y) = (random.normal_f64(), random.normal_f64());
                (arithmetic.product(x, y) - x * y).abs()
            };
            let mean = (0..20_000).map(error).sum::<f64>() / 20_000.0;
            assert!((0.5..2.0).contains(&(mean / published)), "s = {scale}: {mean:e}");
        }
    }

    #[test]
    fn cancellation_wins_below_a_scale_in_32_bits_only() {
        let error = |scale, single| (network(scale, 100.0, single).product(0.7, -1.3) + 0.91).abs();
        assert!(error(1e-4, true) > error(0.01, true), "rounding over s²");
        assert!(error(1e-3, false) < 1e-6, "{}", error(1e-3, false));
    }

    #[test]
    fn far_to_the_right_gelu_is_linear() {
        // The tail of the normal distribution at 4: about 1e-4 of the tanh form.
        for x in [-1.0, 0.3, 1.0] {
            assert!((network(0.01, 5.0, false).linear(x) - x).abs() < 1e-3, "{x}");
            assert!((network(0.01, 100.0, false).linear(x) - x).abs() < 1e-12, "{x}");
        }
        assert!((network(0.01, 5.0, false).linear(-9.0) + 9.0).abs() > 1.0, "but not to the left");
    }

    #[test]
    fn layer_norm_divides() {
        for (y, c) in [(vec![1.0, -2.0, 0.5], 3.0), (vec![4.0], -0.25), (vec![0.0; 16], 1.0)] {
            let exact = Arithmetic::Exact.quotient(&y, c);
            let found = network(0.01, 100.0, false).quotient(&y, c);
            // y² / (2 N⁴ c²), at most 1.3e-6 here.
            let near = exact.iter().zip(&found).all(|(a, b)| (a - b).abs() <= 2e-6 * a.abs());
            assert!(near, "{found:?} is not {exact:?}");
        }
    }
}
