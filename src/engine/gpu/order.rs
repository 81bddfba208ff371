//! Which kernels must run before which: those whose results they read, and those that read what they
//! overwrite.
use super::super::{
    arena::{Region, region_of},
    kernel::{HEADER_WORDS, Inst, Kernel, Space, Walk},
    sort::ascending,
};
use std::{collections::BTreeMap, ops::Range};

/// For each kernel those before it that it must wait for, in ascending order.
pub(super) fn dependencies(kernels: &[Kernel], regions: &[Region]) -> Vec<Vec<usize>> {
    let mut touched: BTreeMap<Place, Vec<(usize, Touch)>> = BTreeMap::new();
    let mut before = Vec::with_capacity(kernels.len());
    for (number, kernel) in kernels.iter().enumerate() {
        let touches = touches(kernel);
        let mut waits = Vec::new();
        for touch in &touches {
            let earlier = touched.get(&touch.place(regions)).into_iter().flatten();
            waits.extend(earlier.filter(|(_, other)| touch.conflicts(other)).map(|&(k, _)| k));
        }
        ascending(&mut waits);
        waits.dedup();
        before.push(waits);
        for touch in touches {
            touched.entry(touch.place(regions)).or_default().push((number, touch));
        }
    }
    before
}

/// A buffer, or a region of one.
type Place = (Space, Option<usize>);

/// Words that a kernel reads or writes.
struct Touch {
    space: Space,
    words: Range<usize>,
    /// Length and stride of each axis that moves.
    axes: Vec<(usize, usize)>,
    written: bool,
}

fn touches(kernel: &Kernel) -> Vec<Touch> {
    let mut all: Vec<Touch> = kernel.walks().iter().map(Touch::of).collect();
    if kernel.code.iter().any(|inst| matches!(inst, Inst::Uniform(_))) {
        let words = 0..HEADER_WORDS;
        all.push(Touch { space: Space::State, words, axes: vec![], written: false });
    }
    all
}

impl Touch {
    fn of(walk: &Walk<'_>) -> Self {
        let axes = walk.axes.iter().map(|&(_, length, stride)| (length, stride));
        let axes: Vec<_> = axes.filter(|&(length, stride)| length > 1 && stride > 0).collect();
        let last: usize = axes.iter().map(|&(length, stride)| stride * (length - 1)).sum();
        let start = walk.view.offset;
        Self { space: walk.view.space, words: start..start + last + 1, axes, written: walk.written }
    }

    /// Kernels that touch different places never conflict; the state is one place.
    fn place(&self, regions: &[Region]) -> Place {
        let region = match self.space {
            Space::State => None,
            Space::Arena => region_of(regions, self.words.start),
        };
        (self.space, region)
    }

    fn conflicts(&self, other: &Self) -> bool {
        (self.written || other.written)
            && self.words.start < other.words.end
            && other.words.start < self.words.end
            && !self.beside(other)
    }

    /// Whether both keep to different columns of a table of some width.
    fn beside(&self, other: &Self) -> bool {
        let strides = self.axes.iter().chain(&other.axes).map(|&(_, stride)| stride);
        strides.filter(|&width| width > 1).any(|width| {
            let (a, b) = (self.columns(width), other.columns(width));
            a.end <= width && b.end <= width && (a.end <= b.start || b.end <= a.start)
        })
    }

    /// The columns it keeps to in a table of that width, if they end within it.
    fn columns(&self, width: usize) -> Range<usize> {
        let start = self.words.start % width;
        let along = self.axes.iter().filter(|(_, stride)| !stride.is_multiple_of(width));
        start..start + along.map(|&(length, stride)| stride * (length - 1)).sum::<usize>() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(offset: usize, axes: &[(usize, usize)], written: bool) -> Touch {
        let last: usize = axes.iter().map(|&(length, stride)| stride * (length - 1)).sum();
        let words = offset..offset + last + 1;
        Touch { space: Space::Arena, words, axes: axes.to_vec(), written }
    }

    #[test]
    fn columns_of_one_table_do_not_conflict() {
        let left = touch(0, &[(5, 8), (3, 1)], true);
        let right = touch(3, &[(5, 8), (5, 1)], true);
        assert!(!left.conflicts(&right), "columns 0 to 2 and 3 to 7");
        let wide = touch(2, &[(5, 8), (5, 1)], true);
        assert!(left.conflicts(&wide), "both have column 2");
        // Rows of another width may meet any column.
        assert!(left.conflicts(&touch(3, &[(5, 7), (3, 1)], true)), "widths 8 and 7");
        let (reads, reads_too) = (touch(0, &[(9, 1)], false), touch(4, &[(9, 1)], false));
        assert!(!reads.conflicts(&reads_too), "nobody writes");
    }
}
