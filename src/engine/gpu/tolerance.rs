//! How near the GPU is to the CPU: one row a primitive.
//!
//! A row is the distance allowed for one application, as a fraction of the result or, below one, of
//! one. Not covered, since WGSL promises nothing for them: results that are infinite or NaN (drivers
//! give them as the CPU does, but may not), and numbers below 2⁻¹²⁶, which may become zero.
use super::super::{
    kernel::{Body, Inst, Kernel},
    op::{Binary, Reduction, Unary},
};

/// One rounding of `f32`, with one more for good measure.
const ROUNDING: f32 = 1.2e-7;

/// The distance allowed for a function of one number of magnitude up to about ten.
pub fn unary(op: Unary) -> f32 {
    match op {
        Unary::Neg | Unary::Abs | Unary::Floor => 0.0,
        // WGSL: 2.5 ulp, and as much for the inverse square root.
        Unary::Recip | Unary::Sqrt => 4e-7,
        // WGSL: 3 + 2 |x| ulp.
        Unary::Exp => 4e-6,
        // The logarithm, WGSL: 3 ulp, and 2⁻²¹ between 0.5 and 2. The two after it are written with
        // exponentials that are near zero or one; the last two are our own polynomials.
        Unary::Ln | Unary::Tanh | Unary::Sigmoid | Unary::Sin | Unary::Cos => 1e-6,
    }
}

/// The distance allowed for a function of two numbers.
pub fn binary(op: Binary) -> f32 {
    match op {
        Binary::Add | Binary::Sub | Binary::Mul => ROUNDING,
        // WGSL: 2.5 ulp.
        Binary::Div => 4e-7,
        Binary::Max | Binary::Min | Binary::Less | Binary::Equal => 0.0,
    }
}

/// The distance allowed for a reduction of so many elements of magnitude up to about one.
pub fn reduction(how: Reduction, length: usize) -> f32 {
    match how {
        // Sums are taken in another order; errors grow as a random walk, at most as the length.
        Reduction::Sum => ROUNDING * length as f32,
        Reduction::Max | Reduction::ArgMax => 0.0,
    }
}

/// The distance allowed for all of a kernel, whose values stay of magnitude about one.
pub fn kernel(kernel: &Kernel) -> f32 {
    let axis = |from_last: usize| {
        let rank = kernel.domain.len();
        if rank > from_last { kernel.domain[rank - 1 - from_last] } else { 1 }
    };
    let code: f32 = kernel.code.iter().map(|inst| instruction(*inst, axis(0))).sum();
    code + match kernel.body {
        Body::Rows | Body::Gather { .. } => 0.0,
        Body::Columns(how, _) => reduction(how, axis(1)),
        Body::MatMul { k, .. } => reduction(Reduction::Sum, k) + ROUNDING,
        Body::CumSum(_) => reduction(Reduction::Sum, axis(0)),
        Body::ScatterAdd { count, .. } => reduction(Reduction::Sum, count),
    }
}

fn instruction(inst: Inst, row: usize) -> f32 {
    match inst {
        // Random numbers are equal bit for bit.
        Inst::Const(_)
        | Inst::Load(_)
        | Inst::Index(_)
        | Inst::Uniform(_)
        | Inst::Product
        | Inst::Select(..) => 0.0,
        Inst::Unary(op, _) => unary(op),
        Inst::Binary(op, ..) => binary(op),
        Inst::Reduce(how, _) => reduction(how, row),
    }
}
