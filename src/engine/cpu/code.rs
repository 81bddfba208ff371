//! Single instructions over a block: each is one loop.
use super::{
    scalar::{equal, greater, less, lesser},
    sums,
};
use crate::engine::{
    math,
    op::{Binary, Reduction, Unary},
};

/// A register while a block runs.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// One number for every element of the block.
    Full(*const f32),
    /// One number a row.
    Row(*const f32),
    /// One number.
    Splat(f32),
}

/// Rows and columns of a block.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Size {
    /// The numbers of a register; none if it is one number.
    pub(super) fn slice<'a>(self, value: Value) -> &'a [f32] {
        // SAFETY: a full register has a number for every element of the block, a row register one a row.
        unsafe {
            match value {
                Value::Full(x) => std::slice::from_raw_parts(x, self.rows * self.columns),
                Value::Row(x) => std::slice::from_raw_parts(x, self.rows),
                Value::Splat(_) => &[],
            }
        }
    }

    /// A register as `out.len()` numbers; `out` is where they are repeated if it has fewer.
    fn spread(self, value: Value, out: &mut [f32]) -> &[f32] {
        let x = self.slice(value);
        if x.len() == out.len() {
            return x;
        }
        match value {
            Value::Splat(x) => out.fill(x),
            Value::Full(_) | Value::Row(_) => {
                out.chunks_exact_mut(self.columns).zip(x).for_each(|(row, &x)| row.fill(x));
            }
        }
        out
    }

    /// Each row reduced to one number; `spare` has room for a row.
    pub(super) fn reduce(self, how: Reduction, value: Value, out: &mut [f32], spare: &mut [f32]) {
        let one: fn(&[f32]) -> f32 = match how {
            Reduction::Sum => sums::sum,
            Reduction::Max => sums::max,
            Reduction::ArgMax => sums::argmax,
        };
        if let Value::Full(_) = value {
            let rows = self.slice(value).chunks_exact(self.columns);
            out.iter_mut().zip(rows).for_each(|(out, row)| *out = one(row));
            return;
        }
        // All elements of a row are equal.
        let row = &mut spare[..self.columns];
        for (r, out) in out.iter_mut().enumerate() {
            row.fill(match value {
                Value::Splat(x) => x,
                Value::Full(_) | Value::Row(_) => self.slice(value)[r],
            });
            *out = one(row);
        }
    }

    /// A function of one register; `spare` as in [`Self::select`].
    pub(super) fn unary(self, op: Unary, x: Value, out: &mut [f32], spare: &mut [f32]) {
        let x = self.spread(x, &mut spare[..out.len()]);
        match op {
            Unary::Neg => map(x, out, |x| -x),
            Unary::Recip => map(x, out, |x| 1.0 / x),
            Unary::Exp => map(x, out, math::exp),
            Unary::Ln => map(x, out, math::ln),
            Unary::Sqrt => map(x, out, math::sqrt),
            Unary::Tanh => map(x, out, math::tanh),
            Unary::Sigmoid => map(x, out, math::sigmoid),
            Unary::Sin => map(x, out, math::sin),
            Unary::Cos => map(x, out, math::cos),
            Unary::Abs => map(x, out, f32::abs),
            Unary::Floor => map(x, out, math::floor),
        }
    }

    /// A function of two registers.
    pub(super) fn binary(self, op: Binary, a: Value, b: Value, out: &mut [f32]) {
        match op {
            Binary::Add => self.combine(a, b, out, |a, b| a + b),
            Binary::Sub => self.combine(a, b, out, |a, b| a - b),
            Binary::Mul => self.combine(a, b, out, |a, b| a * b),
            Binary::Div => self.combine(a, b, out, |a, b| a / b),
            Binary::Max => self.combine(a, b, out, greater),
            Binary::Min => self.combine(a, b, out, lesser),
            Binary::Less => self.combine(a, b, out, less),
            Binary::Equal => self.combine(a, b, out, equal),
        }
    }

    /// Where `condition` is not zero `a`, else `b`; `spare` has room for three blocks.
    pub(super) fn select(self, [condition, a, b]: [Value; 3], out: &mut [f32], spare: &mut [f32]) {
        let (first, rest) = spare.split_at_mut(out.len());
        let (second, rest) = rest.split_at_mut(out.len());
        let condition = self.spread(condition, first);
        let pick = |c: f32, a: f32, b: f32| if c == 0.0 { b } else { a };
        match (a, b) {
            (Value::Splat(a), Value::Splat(b)) => map(condition, out, |c| pick(c, a, b)),
            (Value::Splat(a), _) => {
                let b = self.spread(b, second);
                zip(condition, b, out, |c, b| pick(c, a, b));
            }
            (_, Value::Splat(b)) => {
                let a = self.spread(a, second);
                zip(condition, a, out, |c, a| pick(c, a, b));
            }
            _ => {
                let (a, b) = (self.spread(a, second), self.spread(b, &mut rest[..out.len()]));
                let operands = condition.iter().zip(a).zip(b);
                out.iter_mut().zip(operands).for_each(|(out, ((&c, &a), &b))| *out = pick(c, a, b));
            }
        }
    }

    /// Two registers element by element, each repeated as its level asks.
    #[inline]
    fn combine(self, a: Value, b: Value, out: &mut [f32], f: impl Fn(f32, f32) -> f32) {
        let (x, y) = (self.slice(a), self.slice(b));
        let columns = self.columns;
        match (a, b) {
            (Value::Full(_), Value::Full(_)) | (Value::Row(_), Value::Row(_)) => {
                zip(x, y, out, f);
            }
            (Value::Splat(a), Value::Splat(b)) => out.fill(f(a, b)),
            (_, Value::Splat(b)) => map(x, out, |a| f(a, b)),
            (Value::Splat(a), _) => map(y, out, |b| f(a, b)),
            (Value::Full(_), Value::Row(_)) => {
                let rows = out.chunks_exact_mut(columns).zip(x.chunks_exact(columns));
                rows.zip(y).for_each(|((out, x), &b)| map(x, out, |a| f(a, b)));
            }
            (Value::Row(_), Value::Full(_)) => {
                let rows = out.chunks_exact_mut(columns).zip(y.chunks_exact(columns));
                rows.zip(x).for_each(|((out, y), &a)| map(y, out, |b| f(a, b)));
            }
        }
    }
}

/// Elements that a loop takes at a time: four vectors, so that what a function needs is at hand once for
/// all of them.
const STEP: usize = 16;

/// Where such parts of `count` elements begin. The last may begin within the one before: computing some
/// elements twice is cheaper than one by one. None if there are fewer elements than one part has.
fn starts(count: usize) -> impl Iterator<Item = usize> {
    let whole = count / STEP * STEP;
    let rest = (count > whole && whole > 0).then(|| count - STEP);
    (0..whole).step_by(STEP).chain(rest)
}

/// A part of a slice.
#[inline]
fn part(x: &[f32], start: usize) -> [f32; STEP] {
    let mut out = [0.0; STEP];
    out.copy_from_slice(&x[start..start + STEP]);
    out
}

#[inline]
fn map(x: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32) {
    if out.len() < STEP {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = f(x));
        return;
    }
    for start in starts(out.len()) {
        out[start..start + STEP].copy_from_slice(&part(x, start).map(&f));
    }
}

#[inline]
fn zip(x: &[f32], y: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    if out.len() < STEP {
        out.iter_mut().zip(x.iter().zip(y)).for_each(|(out, (&x, &y))| *out = f(x, y));
        return;
    }
    for start in starts(out.len()) {
        let (x, y) = (part(x, start), part(y, start));
        let found: [f32; STEP] = std::array::from_fn(|j| f(x[j], y[j]));
        out[start..start + STEP].copy_from_slice(&found);
    }
}
