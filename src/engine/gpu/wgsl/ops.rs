//! The primitives as WGSL expressions: one table, and the functions that the table calls.
use super::super::super::{
    kernel::{Inst, Reg},
    op::{Binary, Reduction, Unary},
};

/// A function of one number.
pub(super) fn unary(op: Unary, x: &str) -> String {
    match op {
        Unary::Neg => format!("-({x})"),
        Unary::Recip => format!("1.0f / ({x})"),
        Unary::Exp => format!("exp({x})"),
        Unary::Ln => format!("log({x})"),
        Unary::Sqrt => format!("sqrt({x})"),
        Unary::Tanh => format!("tanh_({x})"),
        Unary::Sigmoid => format!("sigmoid_({x})"),
        Unary::Sin => format!("sin_({x}, 0u)"),
        Unary::Cos => format!("sin_({x}, 1u)"),
        Unary::Abs => format!("abs({x})"),
        Unary::Floor => format!("floor({x})"),
    }
}

/// A function of two numbers.
///
/// `max` and `min` of WGSL may return either operand where one is NaN; these keep the first.
pub(super) fn binary(op: Binary, a: &str, b: &str) -> String {
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Sub => format!("{a} - {b}"),
        Binary::Mul => format!("{a} * {b}"),
        Binary::Div => format!("{a} / {b}"),
        Binary::Max => format!("select({a}, {b}, {b} > {a})"),
        Binary::Min => format!("select({a}, {b}, {b} < {a})"),
        Binary::Less => format!("select(0.0f, 1.0f, {a} < {b})"),
        Binary::Equal => format!("select(0.0f, 1.0f, {a} == {b})"),
    }
}

/// The value a reduction starts from; for `ArgMax` that of the greatest element.
pub(super) fn identity(how: Reduction) -> &'static str {
    match how {
        Reduction::Sum => "0.0f",
        Reduction::Max | Reduction::ArgMax => "bitcast<f32>(params.v[0].y)",
    }
}

/// Two partial results of a sum or maximum as one.
pub(super) fn combine(how: Reduction, a: &str, b: &str) -> String {
    match how {
        Reduction::Sum => binary(Binary::Add, a, b),
        Reduction::Max | Reduction::ArgMax => binary(Binary::Max, a, b),
    }
}

/// A number as an expression; in the digits of its f64, since the shortest of the greatest f32 are
/// beyond it.
pub(super) fn literal(x: f32) -> String {
    let digits = f64::from(x);
    if x.is_nan() {
        "bitcast<f32>(params.v[0].z)".to_owned()
    } else if x == f32::INFINITY {
        "bitcast<f32>(params.v[0].x)".to_owned()
    } else if x == f32::NEG_INFINITY {
        "bitcast<f32>(params.v[0].y)".to_owned()
    } else if x.is_sign_negative() {
        format!("({digits:?}f)")
    } else {
        format!("{digits:?}f")
    }
}

/// The registers an instruction uses.
pub(super) fn operands(inst: Inst) -> Vec<Reg> {
    match inst {
        Inst::Const(_) | Inst::Load(_) | Inst::Index(_) | Inst::Uniform(_) | Inst::Product => {
            vec![]
        }
        Inst::Unary(_, x) | Inst::Reduce(_, x) => vec![x],
        Inst::Binary(_, x, y) => vec![x, y],
        Inst::Select(c, x, y) => vec![c, x, y],
    }
}

/// Functions that shaders may call, by the text that calls them.
pub(super) const FUNCTIONS: [(&str, &str); 4] =
    [("tanh_(", TANH), ("sigmoid_(", SIGMOID), ("sin_(", SIN), ("random(", RANDOM)];

/// Drivers compute `tanh` as a quotient of exponentials that overflows beyond 44. Near zero, where
/// 1 − e⁻²ˣ cancels, the Taylor series to x⁷, exact to 3e-7 of the value below 0.25.
const TANH: &str = "
fn tanh_(x: f32) -> f32 {
    let a = abs(x);
    let e = exp(-2.0f * a);
    let far = (1.0f - e) / (1.0f + e);
    let s = a * a;
    let near = a * (1.0f + s * (-0.33333334f + s * (0.13333334f + s * -0.053968254f)));
    let y = select(far, near, a < 0.25f);
    return select(y, -y, x < 0.0f);
}
";

/// Only the exponential of a negative number is taken: it cannot overflow.
const SIGMOID: &str = "
fn sigmoid_(x: f32) -> f32 {
    let e = exp(-abs(x));
    let y = 1.0f / (1.0f + e);
    return select(y, e * y, x < 0.0f);
}
";

/// Sine of x plus that many quarter turns. WGSL promises 2⁻¹¹ only; here the angle is reduced
/// by a π/2 in three parts (Cody & Waite), good for angles up to about 10⁵, and the polynomials are the Taylor
/// series on [−π/4, π/4], off by less than 4e-7 in all.
const SIN: &str = "
fn sin_(x: f32, quarter: u32) -> f32 {
    let n = floor(x * 0.63661975f + 0.5f);
    var r = x - n * 1.5703125f;
    r = r - n * 0.0004837513f;
    r = r - n * 7.549790e-8f;
    let s = r * r;
    let sine = r * (1.0f + s * (-0.16666667f + s * (0.008333334f + s * -0.0001984127f)));
    let cosine = 1.0f + s * (-0.5f + s * (0.041666668f + s * (-0.0013888889f + s * 0.000024801587f)));
    let q = bitcast<u32>(i32(n)) + quarter;
    let y = select(sine, cosine, (q & 1u) == 1u);
    return select(y, -y, (q & 2u) == 2u);
}
";

/// Threefry-2x32-20, as in `engine::rng`: its first word as a number in [0, 1).
const RANDOM: &str = "
fn mix2(x: vec2<u32>, turn: u32) -> vec2<u32> {
    let a = x.x + x.y;
    return vec2<u32>(a, ((x.y << turn) | (x.y >> (32u - turn))) ^ a);
}
fn four(x: vec2<u32>, t: vec4<u32>) -> vec2<u32> {
    return mix2(mix2(mix2(mix2(x, t.x), t.y), t.z), t.w);
}
fn random(flat: u32, stream: u32) -> f32 {
    let k0 = u32(state[0]) | (u32(state[1]) << 16u);
    let k1 = u32(state[2]) | (u32(state[3]) << 16u);
    let k2 = 0x1bd11bdau ^ k0 ^ k1;
    let even = vec4<u32>(13u, 15u, 26u, 6u);
    let odd = vec4<u32>(17u, 29u, 16u, 24u);
    var x = vec2<u32>(flat + k0, u32(state[4]) + (stream << 24u) + k1);
    x = four(x, even) + vec2<u32>(k1, k2 + 1u);
    x = four(x, odd) + vec2<u32>(k2, k0 + 2u);
    x = four(x, even) + vec2<u32>(k0, k1 + 3u);
    x = four(x, odd) + vec2<u32>(k1, k2 + 4u);
    x = four(x, even) + vec2<u32>(k2, k0 + 5u);
    return f32(x.x >> 8u) * 5.9604645e-8f;
}
";
