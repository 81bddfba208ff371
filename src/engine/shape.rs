//! Shapes, strides and broadcasting. A shape lists axis lengths, outermost first.

/// The number of elements.
pub fn numel(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Strides of a contiguous tensor.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        out[i - 1] = out[i] * shape[i];
    }
    out
}

/// The shape both broadcast to: axes are aligned at the end, and an axis of length one repeats.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| if i + s.len() >= rank { s[i + s.len() - rank] } else { 1 };
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// Strides for the same elements under another shape, if they are an even walk.
///
/// Axes of length one have stride zero in the result.
pub fn reshape_strides(shape: &[usize], strides: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    // Runs of the old axes that walk evenly, as (length, stride of the innermost), outermost first.
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (&length, &stride) in shape.iter().zip(strides) {
        if length == 1 {
            continue;
        }
        match runs.last_mut() {
            Some((run, inner)) if *inner == stride * length => {
                *run *= length;
                *inner = stride;
            }
            _ => runs.push((length, stride)),
        }
    }
    // Split the runs, innermost first, into the new axes.
    let mut out = vec![0; to.len()];
    let mut left = runs.pop();
    for (i, &length) in to.iter().enumerate().rev() {
        if length == 1 {
            continue;
        }
        let (run, stride) = left?;
        if run % length != 0 {
            return None;
        }
        out[i] = stride;
        left = if run == length { runs.pop() } else { Some((run / length, stride * length)) };
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_aligns_at_the_end() {
        assert_eq!(broadcast(&[4, 1, 3], &[2, 1]), Some(vec![4, 2, 3]), "ones repeat");
        assert_eq!(broadcast(&[4, 3], &[4]), None, "four is not three");
        assert_eq!(broadcast(&[], &[2]), Some(vec![2]), "a scalar repeats");
    }

    #[test]
    fn reshape_keeps_strides_where_the_walk_is_even() {
        assert_eq!(reshape_strides(&[2, 6], &[6, 1], &[2, 2, 3]), Some(vec![6, 3, 1]), "split");
        assert_eq!(reshape_strides(&[2, 3], &[1, 2], &[6]), None, "transposed");
        assert_eq!(reshape_strides(&[4, 5], &[0, 0], &[20]), Some(vec![0]), "all repeated");
        assert_eq!(
            reshape_strides(&[2, 3], &[10, 1], &[2, 1, 3]),
            Some(vec![10, 0, 1]),
            "unit axis"
        );
    }
}
