//! One sort for all that is put in order around the kernels.
//!
//! A sort is compiled anew for every type and every comparison, some 8 kB of wasm each. Numbers that
//! stand for things, compared through a pointer, need but one.
use std::cmp::Ordering;

/// Puts numbers in order; equal ones stay as they were.
#[inline(never)]
pub(crate) fn sort(numbers: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    numbers.sort_by(|&a, &b| compare(a, b));
}

/// Puts numbers in ascending order.
pub(crate) fn ascending(numbers: &mut [usize]) {
    sort(numbers, &|a, b| a.cmp(&b));
}

/// The numbers below `count` in order; equal ones by number.
pub(crate) fn sorted(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    sort(&mut numbers, compare);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_stay_as_they_were() {
        let keys = [2, 1, 2, 0, 1];
        assert_eq!(sorted(5, &|a, b| keys[a].cmp(&keys[b])), [3, 1, 4, 0, 2]);
    }
}
