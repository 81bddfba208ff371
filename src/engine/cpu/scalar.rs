//! The elementwise primitives on single numbers: what the loops of the backend are made of.
use crate::engine::{
    math,
    op::{Binary, Unary},
};

/// A function of one number.
pub(in crate::engine) fn unary(op: Unary, x: f32) -> f32 {
    match op {
        Unary::Neg => -x,
        Unary::Recip => 1.0 / x,
        Unary::Exp => math::exp(x),
        Unary::Ln => math::ln(x),
        Unary::Sqrt => math::sqrt(x),
        Unary::Tanh => math::tanh(x),
        Unary::Sigmoid => math::sigmoid(x),
        Unary::Sin => math::sin(x),
        Unary::Cos => math::cos(x),
        Unary::Abs => x.abs(),
        Unary::Floor => math::floor(x),
    }
}

/// A function of two numbers.
pub(in crate::engine) fn binary(op: Binary, a: f32, b: f32) -> f32 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => greater(a, b),
        Binary::Min => lesser(a, b),
        Binary::Less => less(a, b),
        Binary::Equal => equal(a, b),
    }
}

/// The greater of both; not a number if one of them is not.
#[inline]
pub(super) fn greater(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// The lesser of both; not a number if one of them is not.
#[inline]
pub(super) fn lesser(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

/// One if a < b, else zero.
#[inline]
pub(super) fn less(a: f32, b: f32) -> f32 {
    if a < b { 1.0 } else { 0.0 }
}

/// One if a = b, else zero.
#[inline]
pub(super) fn equal(a: f32, b: f32) -> f32 {
    if a == b { 1.0 } else { 0.0 }
}
