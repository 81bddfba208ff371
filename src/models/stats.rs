//! Numbers that sum up several runs.

/// Mean and sample standard deviation, summed in the order given; the deviation of fewer than two is zero,
/// the mean of none is not a number.
pub fn spread<T: Copy + Into<f64>>(values: &[T]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&x| x.into()).sum::<f64>() / count;
    let off = |&x: &T| x.into() - mean;
    let squares = values.iter().map(|x| off(x) * off(x)).sum::<f64>();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_as_by_hand() {
        assert_eq!(spread(&[1.0_f32, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(spread(&[4.0]), (4.0, 0.0));
        assert!(spread::<f64>(&[]).0.is_nan(), "of none");
    }
}
