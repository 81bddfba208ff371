//! Exponentials, logarithms and angles in `f32`, with the same bits on every target.
//!
//! The standard library's functions call the platform's and differ between native and wasm. These
//! are polynomials in `+ - * /` and bit operations, which IEEE 754 fixes to the last bit. They have
//! no branch and no table (a choice is a bit mask), so that a plain loop over a slice becomes SSE2
//! or simd128 code at about 1 `Gelem/s`; every loop, vectorised or not, gives the same bits.
//!
//! Errors are in units in the last place (ulp) against the exact value, the largest over all `f32`.
//! A NaN comes out as a NaN, of unspecified sign and payload. Denormal inputs and results are kept,
//! to within one denormal step where a result is denormal.
//!
//! The coefficients are minimax fits (Lawson's reweighting) made for this file, rounded to `f32`.
#![expect(clippy::inline_always, reason = "a loop vectorises only if its body is inlined")]

/// `1.5 * 2^23`: adding and subtracting it rounds `|x| < 2^22` to the nearest whole number, which
/// stands in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;
/// `ln(2)` to 15 bits, so that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
/// `ln(2) - LN_2_HIGH`.
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// `e^x`, within 1.1 ulp.
///
/// Above 88.72 it is infinite, below -103.97 zero.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let vanishes = x < -104.0;
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (r, k) = halve_out(x);
    // In two factors, since 2^k may be out of range where the product is not. What vanishes is masked
    // rather than rounded to zero, which processors are slow at.
    let half = k >> 1;
    let power = select(vanishes, 0.0, exp2_int(k.wrapping_sub(half)));
    (1.0 + exp_minus_one(r)) * exp2_int(half) * power
}

/// Natural logarithm, within 1 ulp.
///
/// `-inf` at either zero, NaN below.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    /// Bits of `sqrt(1/2)`.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let denormal = x < f32::MIN_POSITIVE;
    let scaled = select(denormal, x * 8_388_608.0, x);
    // x = 2^n * m with m in [sqrt(1/2), sqrt(2)).
    let offset = (scaled.to_bits() as i32).wrapping_sub(SQRT_HALF);
    let n = (offset >> 23) as f32 - select(denormal, 23.0, 0.0);
    let m = f32::from_bits((offset & 0x007f_ffff).wrapping_add(SQRT_HALF) as u32);
    // With s = f / (2 + f): ln(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)).
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = ((0.298_724 * z + 0.399_775_18) * z + 0.666_667_76) * z;
    let half = 0.5 * f * f;
    let finite = (s * (half + r) + n * LN_2_LOW) - half + f + n * LN_2_HIGH;
    let v = select(x == 0.0, f32::NEG_INFINITY, finite);
    let v = select(x == f32::INFINITY, x, v);
    select(x >= 0.0, v, f32::NAN)
}

/// Hyperbolic tangent, within 3 ulp; odd to the bit, and never beyond 1.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let a = select(a > 10.0, 10.0, a);
    let (r, k) = halve_out(a + a);
    let power = exp2_int(k);
    // e = e^(2a) - 1, without cancellation for small a.
    let e = power * exp_minus_one(r) + (power - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// Logistic function `1 / (1 + e^-x)`, within 2.5 ulp, in both tails.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    select(x < 0.0, e, 1.0) / (1.0 + e)
}

/// Sine of an angle in radians, within 2 ulp for `|x| <= 12_000`.
///
/// Beyond, the error grows to that of an angle off by about one ulp; from `6.5e6` on it is NaN.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let (r, quadrant) = quarter_out(x);
    // Keeps the sign of zero.
    select(x == 0.0, x, sin_in_quadrant(r, quadrant))
}

/// Cosine of an angle in radians; accuracy and range as [`sin`].
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    let (r, quadrant) = quarter_out(x);
    sin_in_quadrant(r, quadrant.wrapping_add(1))
}

/// `x^y`, within 1 ulp; special cases as in IEEE 754 `pow`.
///
/// Works in `f64`, so it costs several times an [`exp`]. A negative `x` needs a whole `y`.
#[inline(always)]
#[expect(clippy::needless_bitwise_bool, reason = "no branch")]
pub fn powf(x: f32, y: f32) -> f32 {
    let base = x.abs();
    let whole = floor(y) == y;
    let odd = whole & (floor(y * 0.5) != y * 0.5);
    let size = exp_f64(f64::from(y) * ln_f64(base)) as f32;
    let v = select(odd, size.copysign(x), size);
    let v = select((x < 0.0) & !whole & (x != f32::NEG_INFINITY), f32::NAN, v);
    let v = select(x.is_nan() | y.is_nan(), f32::NAN, v);
    // 1^y = 1, (-1)^inf = 1, x^0 = 1, even for NaN.
    let unit = (base == 1.0) & (y.abs() == f32::INFINITY);
    select((x == 1.0) | (y == 0.0) | unit, 1.0, v)
}

/// Square root, correctly rounded as IEEE 754 demands of every target.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    x.sqrt()
}

/// Largest whole number not above `x`; the standard one is a call, not an instruction, on SSE2.
#[inline(always)]
pub fn floor(x: f32) -> f32 {
    let size = x.abs();
    let near = ((size + 8_388_608.0) - 8_388_608.0).copysign(x);
    let below = near - select(near > x, 1.0, 0.0);
    // From 2^23 on every f32 is whole; a NaN compares false and stays.
    select(size < 8_388_608.0, below, x)
}

/// `a` where the condition holds, else `b`, by a mask.
#[inline(always)]
fn select(condition: bool, a: f32, b: f32) -> f32 {
    let mask = u32::from(condition).wrapping_neg();
    f32::from_bits((a.to_bits() & mask) | (b.to_bits() & !mask))
}

/// `(r, k)` with `x = k ln(2) + r` and `|r| <= ln(2) / 2`, for `|x| < 150`.
#[inline(always)]
fn halve_out(x: f32) -> (f32, i32) {
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let k = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    ((x - n * LN_2_HIGH) - n * LN_2_LOW, k)
}

/// `e^r - 1` for `|r| <= ln(2) / 2`.
#[inline(always)]
fn exp_minus_one(r: f32) -> f32 {
    let p = 0.001_394_649_7;
    let p = p * r + 0.008_366_611;
    let p = p * r + 0.041_666_28;
    let p = p * r + 0.166_665_43;
    let p = p * r + 0.5;
    p * (r * r) + r
}

/// `2^k` for `-126 <= k <= 127`.
#[inline(always)]
fn exp2_int(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// `(r, k)` with `x = k pi/2 + r` and `|r| <= pi/4`; `r` is NaN where `x` is too large.
///
/// Cody and Waite's reduction: `pi/2` in four parts, the first three of 11 bits, so that their
/// products with `k < 2^13` are exact. Only the third difference rounds, and what it loses goes into
/// the fourth part.
#[inline(always)]
fn quarter_out(x: f32) -> (f32, u32) {
    let scaled = x * std::f32::consts::FRAC_2_PI;
    let shifted = scaled + ROUND;
    let n = shifted - ROUND;
    let most = (x - n * 1.570_312_5) - n * 4.837_513e-4;
    let third = n * 7.549_533_6e-8;
    let rounded = most - third;
    let r = rounded - (n * 2.563_344e-12 - ((most - rounded) - third));
    (select(scaled.abs() < 4_194_304.0, r, f32::NAN), shifted.to_bits())
}

/// `sin(r + quadrant pi/2)` for `|r| <= pi/4`; of the quadrant the lowest two bits count.
#[inline(always)]
fn sin_in_quadrant(r: f32, quadrant: u32) -> f32 {
    let z = r * r;
    let sin = ((-1.951_697_8e-4 * z + 0.008_332_176) * z - 0.166_666_55) * z * r + r;
    let cos = ((2.443_809_2e-5 * z - 0.001_388_736_4) * z + 0.041_666_646) * z * z;
    let cos = cos - 0.5 * z + 1.0;
    let v = select(quadrant & 1 == 1, cos, sin);
    f32::from_bits(v.to_bits() ^ ((quadrant & 2) << 30))
}

/// Natural logarithm of `x >= 0` to about 40 bits.
#[inline(always)]
fn ln_f64(x: f32) -> f64 {
    /// Bits of `sqrt(1/2)`.
    const SQRT_HALF: i64 = 0x3fe6_a09e_667f_3bcd;
    let offset = (f64::from(x).to_bits() as i64).wrapping_sub(SQRT_HALF);
    let n = (offset >> 52) as f64;
    let m = f64::from_bits((offset & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF) as u64);
    // 2 atanh(s) by its series; s^2 < 0.0295.
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].iter().fold(0.0, |p, d| p * z + 1.0 / d);
    let finite = n * std::f64::consts::LN_2 + 2.0 * s * series;
    if x == 0.0 {
        f64::NEG_INFINITY
    } else if x == f32::INFINITY {
        f64::INFINITY
    } else {
        finite
    }
}

/// Taylor's coefficients of the exponential, `1/k!`.
const INVERSE_FACTORIALS: [f64; 12] = {
    let mut terms = [1.0; 12];
    let mut k = 1;
    while k < terms.len() {
        terms[k] = terms[k - 1] / k as f64;
        k += 1;
    }
    terms
};

/// `e^x` to about 40 bits; what overflows or vanishes in `f32` does so after rounding to it.
#[inline(always)]
fn exp_f64(x: f64) -> f64 {
    /// `1.5 * 2^52`, see [`ROUND`].
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let x = if x > 100.0 { 100.0 } else { x };
    let x = if x < -120.0 { -120.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let r = x - (shifted - ROUND) * std::f64::consts::LN_2;
    let series = INVERSE_FACTORIALS.iter().rev().fold(0.0, |p, c| p * r + c);
    series * f64::from_bits(k.wrapping_add(1023) << 52)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "std's f64 functions are the reference")]
mod tests {
    use super::*;

    /// Every 977th bit pattern: 4.4 million numbers of all sizes, both signs, and NaNs.
    fn sample() -> impl Iterator<Item = f32> {
        (0..=u32::MAX).step_by(977).map(f32::from_bits)
    }

    /// Distance from `want` in steps of `f32` at `want`; 0 for NaN and NaN.
    fn ulps(got: f32, want: f64) -> f64 {
        let nearest = want as f32;
        if got.is_nan() || nearest.is_nan() || nearest.is_infinite() {
            let same = got == nearest || got.is_nan() && nearest.is_nan();
            return if same { 0.0 } else { f64::INFINITY };
        }
        let exponent = (nearest.abs().to_bits() >> 23).clamp(1, 254) as i32 - 127;
        // An infinity counts as the number after the greatest.
        let got = if got.is_infinite() { 2_f64.powi(128).copysign(got.into()) } else { got.into() };
        (got - want).abs() / 2_f64.powi(exponent - 23)
    }

    #[track_caller]
    fn assert_within(limit: f64, f: fn(f32) -> f32, reference: fn(f64) -> f64, range: f32) {
        let mut worst = (0.0, 0.0);
        for x in sample().filter(|x| x.is_nan() || x.abs() <= range) {
            let error = ulps(f(x), reference(x.into()));
            if error > worst.0 {
                worst = (error, x);
            }
        }
        let (error, x) = worst;
        assert!(error <= limit, "{error} ulp at {x:e}: {:e}, not {:e}", f(x), reference(x.into()));
    }

    fn logistic(x: f64) -> f64 {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    }

    // The limits are the largest errors seen over every eleventh f32, rounded up.
    #[test]
    fn results_are_within_the_documented_ulps() {
        assert_within(1.1, exp, f64::exp, f32::INFINITY);
        assert_within(1.0, ln, f64::ln, f32::INFINITY);
        assert_within(3.0, tanh, f64::tanh, f32::INFINITY);
        assert_within(2.5, sigmoid, logistic, f32::INFINITY);
        assert_within(2.0, sin, f64::sin, 12_000.0);
        assert_within(2.0, cos, f64::cos, 12_000.0);
        assert_within(0.0, floor, f64::floor, f32::INFINITY);
        assert_within(0.5, sqrt, f64::sqrt, f32::INFINITY);
    }

    #[test]
    fn powers_are_within_one_ulp() {
        let exponents = [-7.0, -1.7, -1.0, -0.3, 0.001, 0.5, 1.0, 1.7, 2.0, 3.0, 30.5];
        for (x, y) in sample().step_by(11).flat_map(|x| exponents.map(|y| (x, y))) {
            let (got, want) = (powf(x, y), f64::from(x).powf(y.into()));
            assert!(ulps(got, want) < 0.51, "{x:e}^{y}: {got:e}, not {want:e}");
        }
        for (x, y) in sample().step_by(11).flat_map(|y| [0.9, 1.0001, 1e-30, 77.0].map(|x| (x, y)))
        {
            let (got, want) = (powf(x, y), f64::from(x).powf(y.into()));
            assert!(ulps(got, want) < 0.51, "{x}^{y:e}: {got:e}, not {want:e}");
        }
    }

    #[test]
    fn special_powers_follow_ieee() {
        let inf = f32::INFINITY;
        let specials = [
            0.0,
            -0.0,
            0.5,
            -0.5,
            1.0,
            -1.0,
            1.5,
            -1.5,
            2.0,
            -2.0,
            3.0,
            -3.0,
            1e-45,
            -1e-45,
            16_777_215.0,
            16_777_216.0,
            3e38,
            -3e38,
            inf,
            -inf,
            f32::NAN,
        ];
        for (x, y) in specials.iter().flat_map(|x| specials.map(|y| (*x, y))) {
            let (got, want) = (powf(x, y), f64::from(x).powf(y.into()));
            let same_sign = want.is_nan() || got.is_sign_negative() == want.is_sign_negative();
            assert!(same_sign && ulps(got, want) < 0.51, "{x}^{y}: {got}, not {want}");
        }
    }

    #[test]
    fn edges_are_exact() {
        /// Function, argument, value; zeros are told apart by their sign.
        type Edge = (fn(f32) -> f32, f32, f32);
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let edges: [Edge; 32] = [
            (exp, 0.0, 1.0),
            (exp, -0.0, 1.0),
            (exp, inf, inf),
            (exp, -inf, 0.0),
            (exp, 88.8, inf),
            (exp, -104.5, 0.0),
            (exp, f32::MAX, inf),
            (ln, 1.0, 0.0),
            (ln, 0.0, -inf),
            (ln, -0.0, -inf),
            (ln, inf, inf),
            (ln, -1.0, nan),
            (ln, -inf, nan),
            (tanh, 0.0, 0.0),
            (tanh, -0.0, -0.0),
            (tanh, 1e-45, 1e-45),
            (tanh, 9.5, 1.0),
            (tanh, -inf, -1.0),
            (sigmoid, 0.0, 0.5),
            (sigmoid, inf, 1.0),
            (sigmoid, -inf, 0.0),
            (sin, 0.0, 0.0),
            (sin, -0.0, -0.0),
            (sin, 1e-45, 1e-45),
            (sin, inf, nan),
            (sin, 7e6, nan),
            (cos, -0.0, 1.0),
            (cos, -inf, nan),
            (cos, -7e6, nan),
            (floor, -0.0, -0.0),
            (floor, -0.5, -1.0),
            (floor, inf, inf),
        ];
        for (i, (f, x, value)) in edges.into_iter().enumerate() {
            let same = f(x).to_bits() == value.to_bits() || f(x).is_nan() && value.is_nan();
            assert!(same, "edge {i}: {x:e} gives {:e}, not {value:e}", f(x));
        }
    }

    #[test]
    fn a_nan_stays_a_nan() {
        for f in [exp, ln, tanh, sigmoid, sin, cos, sqrt, floor] {
            assert!(f(f32::NAN).is_nan() && f(-f32::NAN).is_nan(), "a function lost a NaN");
        }
    }

    #[test]
    fn tanh_is_odd_and_bounded() {
        for x in sample().filter(|x| *x >= 0.0) {
            assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits(), "{x:e}");
            assert!(tanh(x) <= 1.0, "{x:e}");
        }
    }

    #[test]
    fn angles_beyond_the_accurate_range_stay_bounded() {
        for x in sample().filter(|x| (12_000.0..6.5e6).contains(&x.abs())) {
            let (s, c) = (sin(x), cos(x));
            assert!((s * s + c * c - 1.0).abs() < 1e-4, "{x:e}: sin {s}, cos {c}");
            // The quarter turn may be misjudged where the polynomials still hold to 1e-4; the angle
            // is off by at most 2^-23 of itself.
            assert!((f64::from(s) - f64::from(x).sin()).abs() < f64::from(x.abs()) * 2e-7, "{x:e}");
        }
    }

    #[test]
    fn rising_functions_fall_by_two_steps_at_most() {
        for f in [exp, ln, tanh, sigmoid] {
            // A million neighbours in 2^-3..2^5, and their mirror images.
            let start = 0.125_f32.to_bits();
            for bits in (start..start + (1 << 26)).step_by(67) {
                for (low, high) in [(bits, bits + 1), ((bits + 1) | (1 << 31), bits | (1 << 31))] {
                    let (x, fall) =
                        (f32::from_bits(low), f(f32::from_bits(low)) - f(f32::from_bits(high)));
                    assert!(
                        fall.is_nan() || fall <= 2.0 * f32::EPSILON * f(x).abs(),
                        "{x:e}: {fall}"
                    );
                }
            }
        }
    }

    /// `inlined` is a type of its own, so that its loop can be vectorised; `called` cannot.
    #[track_caller]
    fn assert_same_bits(inlined: impl Fn(f32) -> f32, called: fn(f32) -> f32) {
        let called = std::hint::black_box(called);
        let xs: Vec<f32> = sample().step_by(7).filter(|x| !x.is_nan()).collect();
        let mut ys = xs.clone();
        for y in &mut ys {
            *y = inlined(*y);
        }
        for (x, y) in xs.into_iter().zip(ys) {
            let single = called(x);
            assert!(y.to_bits() == single.to_bits() || y.is_nan() && single.is_nan(), "{x:e}");
        }
    }

    #[test]
    fn loops_and_single_calls_give_the_same_bits() {
        assert_same_bits(exp, exp);
        assert_same_bits(ln, ln);
        assert_same_bits(tanh, tanh);
        assert_same_bits(sigmoid, sigmoid);
        assert_same_bits(sin, sin);
        assert_same_bits(cos, cos);
        assert_same_bits(floor, floor);
        assert_same_bits(|x| powf(x, 1.7), |x| powf(x, 1.7));
    }
}
