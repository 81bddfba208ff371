//! Kernels that run as one dispatch: neighbours of the same code that do not depend on each other.
use super::{
    super::{
        kernel::{Kernel, Space, View},
        shape::numel,
    },
    wgsl::{alike, fits},
};
use std::ops::Range;

/// Most kernels of a batch: bounds the search for its part that each thread makes.
const MOST: usize = 64;

/// The kernels in order, cut so that each piece is one dispatch.
pub(super) fn batches(kernels: &[Kernel]) -> Vec<&[Kernel]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in 1..=kernels.len() {
        let piece = &kernels[start..end];
        let joins = kernels.get(end).is_some_and(|next| {
            piece.len() < MOST
                && alike(&piece[0], next)
                && fits(piece, next)
                && piece.iter().all(|kernel| independent(kernel, next))
        });
        if !joins {
            pieces.push(piece);
            start = end;
        }
    }
    pieces
}

/// Whether neither kernel writes what the other reads or writes.
fn independent(a: &Kernel, b: &Kernel) -> bool {
    let writes = |k: &Kernel| k.stores.iter().map(|s| words(k, &s.view)).collect::<Vec<_>>();
    let touches = |k: &Kernel| k.views().map(|view| words(k, view)).collect::<Vec<_>>();
    let apart = |written: &[Place], touched: &[Place]| {
        written.iter().all(|(space, x)| {
            touched.iter().all(|(other, y)| space != other || x.end <= y.start || y.end <= x.start)
        })
    };
    apart(&writes(a), &touches(b)) && apart(&writes(b), &touches(a))
}

/// A stretch of a buffer.
type Place = (Space, Range<usize>);

/// The words between the first and the last that a view of an elementwise kernel touches.
fn words(kernel: &Kernel, view: &View) -> Place {
    let last: usize = view.strides.iter().zip(&kernel.domain).map(|(&s, &n)| s * (n - 1)).sum();
    debug_assert!(numel(&kernel.domain) > 0, "a domain is never empty");
    (view.space, view.offset..view.offset + last + 1)
}
