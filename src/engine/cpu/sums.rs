//! Reductions of a row, in an order that is the same on every target.
use super::scalar::greater;

/// Lanes that add up side by side.
const LANES: usize = 8;

/// Sum in eight lanes, then pairwise.
pub(super) fn sum(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += x);
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane += x);
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Greatest element; not a number if one of them is not.
pub(super) fn max(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    // A lane forgets what is no number at the next one that is; these remember.
    let mut none = [false; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    let mut add = |chunk: &[f32]| {
        for ((lane, none), &x) in lanes.iter_mut().zip(&mut none).zip(chunk) {
            *lane = if x < *lane { *lane } else { x };
            *none |= x.is_nan();
        }
    };
    chunks.for_each(&mut add);
    add(rest);
    if none.contains(&true) {
        return f32::NAN;
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, greater)
}

/// Index of the greatest element, the first of several; numbers come before what is none.
pub(super) fn argmax(row: &[f32]) -> f32 {
    let mut best = 0;
    for (i, &x) in row.iter().enumerate() {
        if x > row[best] || (row[best].is_nan() && !x.is_nan()) {
            best = i;
        }
    }
    best as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_length() {
        for n in 1..40 {
            let row: Vec<f32> = (0..n).map(|i| ((i * 7) % 13) as f32 - 5.0).collect();
            assert_eq!(sum(&row), row.iter().sum::<f32>(), "whole numbers add exactly, length {n}");
            let greatest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&row), greatest, "length {n}");
            let first = row.iter().position(|&x| x == greatest).unwrap();
            assert_eq!(argmax(&row), first as f32, "length {n}");
        }
    }
}
