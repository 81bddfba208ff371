//! Matrix products: tiles of four rows and eight columns, one accumulator per element, summed over k in
//! order, so that every blocking gives the same bits.
use super::{Memory, row_offset};
use crate::engine::kernel::View;
use wide::f32x8;

/// Columns of a tile: two vectors of four.
const COLUMNS: usize = 8;
/// Rows of a tile; with eight columns its accumulators fill eight vector registers.
const ROWS: usize = 4;
/// Length of k for which a packed panel stays in the first-level cache (16 kB).
const DEPTH: usize = 512;
/// From this many rows on, packing the right operand pays.
const PACK_ROWS: usize = 16;
/// Words of the packed panel.
pub(super) const SCRATCH_WORDS: usize = DEPTH * COLUMNS;

/// A batch of products.
pub(super) struct MatMul {
    batch: Vec<usize>,
    m: usize,
    n: usize,
    k: usize,
    a: View,
    b: View,
    /// Where it goes; else to scratch memory.
    out: Option<View>,
}

/// A matrix in memory: rows and columns by their strides.
#[derive(Clone, Copy)]
struct Matrix {
    first: *mut f32,
    row: usize,
    column: usize,
}

impl Matrix {
    fn from(self, row: usize, column: usize) -> Self {
        Self { first: self.first.wrapping_add(row * self.row + column * self.column), ..self }
    }
}

impl MatMul {
    pub(super) fn new(domain: &[usize], k: usize, a: &View, b: &View, out: Option<&View>) -> Self {
        let rank = domain.len();
        Self {
            batch: domain[..rank - 2].to_vec(),
            m: domain[rank - 2],
            n: domain[rank - 1],
            k,
            a: a.clone(),
            b: b.clone(),
            out: out.cloned(),
        }
    }

    pub(super) fn elements(&self) -> usize {
        self.batch.iter().product::<usize>() * self.m * self.n
    }

    pub(super) fn run(&mut self, memory: Memory) {
        let matrix = |view: &View, index: usize| {
            let rank = view.strides.len();
            let offset = view.offset + row_offset(&self.batch, view, index);
            Matrix {
                first: memory.at(view.space, offset),
                row: view.strides[rank - 2],
                column: view.strides[rank - 1],
            }
        };
        for index in 0..self.batch.iter().product() {
            let out = match &self.out {
                Some(view) => matrix(view, index),
                None => Matrix {
                    first: memory.product.wrapping_add(index * self.m * self.n),
                    row: self.n,
                    column: 1,
                },
            };
            let (a, b) = (matrix(&self.a, index), matrix(&self.b, index));
            // SAFETY: `check` saw that all three lie within their buffers; `out` overlaps neither operand,
            // since the plan gives a result words that no living value has.
            unsafe { product([self.m, self.n, self.k], a, b, out, memory.scratch) };
        }
    }
}

/// out = a · b; columns of `out` are contiguous.
unsafe fn product([m, n, k]: [usize; 3], a: Matrix, b: Matrix, out: Matrix, panel: *mut f32) {
    for start in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - start);
        let (a, b) = (a.from(0, start), b.from(start, 0));
        for column in (0..n).step_by(COLUMNS) {
            let width = COLUMNS.min(n - column);
            let mut right = b.from(0, column);
            // SAFETY: offsets stay within the matrices by their shapes, and within the panel.
            unsafe {
                if width < COLUMNS || b.column != 1 || m >= PACK_ROWS {
                    pack(right, depth, width, panel);
                    right = Matrix { first: panel, row: COLUMNS, column: 1 };
                }
                strip([m, depth, width], a, right, out.from(0, column), start > 0);
            }
        }
    }
}

/// Copies a panel so that its rows of eight are contiguous, with zeros beyond its width.
unsafe fn pack(b: Matrix, depth: usize, width: usize, panel: *mut f32) {
    for p in 0..depth {
        let (from, to) = (b.from(p, 0).first, panel.wrapping_add(p * COLUMNS));
        // SAFETY: the panel has room for DEPTH rows of eight, and b has `width` columns.
        unsafe {
            if width == COLUMNS && b.column == 1 {
                from.copy_to_nonoverlapping(to, COLUMNS);
            } else {
                for j in 0..COLUMNS {
                    *to.add(j) = if j < width { *from.add(j * b.column) } else { 0.0 };
                }
            }
        }
    }
}

/// Eight columns of the result.
unsafe fn strip([m, depth, width]: [usize; 3], a: Matrix, b: Matrix, out: Matrix, more: bool) {
    for row in (0..m).step_by(ROWS) {
        let (a, out) = (a.from(row, 0), out.from(row, 0));
        // SAFETY: rows stay below m.
        unsafe {
            match m - row {
                1 => tile::<1>([depth, width], a, b, out, more),
                2 => tile::<2>([depth, width], a, b, out, more),
                3 => tile::<3>([depth, width], a, b, out, more),
                _ => tile::<ROWS>([depth, width], a, b, out, more),
            }
        }
    }
}

/// A tile of `R` rows and eight columns; `more` adds to what is there.
#[inline]
unsafe fn tile<const R: usize>(
    [depth, width]: [usize; 2],
    a: Matrix,
    b: Matrix,
    out: Matrix,
    more: bool,
) {
    let mut sums = [f32x8::ZERO; R];
    if more {
        for (r, sum) in sums.iter_mut().enumerate() {
            let mut row = [0.0; COLUMNS];
            // SAFETY: out has R rows of `width` columns.
            unsafe { out.from(r, 0).first.copy_to_nonoverlapping(row.as_mut_ptr(), width) };
            *sum = f32x8::from(row);
        }
    }
    let (mut left, mut right) = (a.first, b.first);
    for _ in 0..depth {
        // SAFETY: b has `depth` rows of eight, a has R rows of `depth` columns.
        unsafe {
            let columns = f32x8::from(*right.cast::<[f32; COLUMNS]>());
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum += f32x8::splat(*left.add(r * a.row)) * columns;
            }
        }
        left = left.wrapping_add(a.column);
        right = right.wrapping_add(b.row);
    }
    for (r, sum) in sums.iter().enumerate() {
        let row = sum.to_array();
        // SAFETY: as above.
        unsafe { row.as_ptr().copy_to_nonoverlapping(out.from(r, 0).first, width) };
    }
}
