//! Matrix products: tiles of four rows and eight columns, one accumulator per element, summed over k in
//! order, so that every blocking gives the same bits.
//!
//! The right operand is packed once into panels of eight columns; then bands of rows are multiplied, and
//! the code that follows a product runs on each band while it is still in the first cache levels.
use super::{Memory, block::Rows, row_offset};
use crate::engine::kernel::View;
use wide::f32x4;

/// Columns of a vector.
const LANES: usize = 4;
/// Columns of a panel: two vectors.
const COLUMNS: usize = 2 * LANES;
/// Rows of a tile; with eight columns its accumulators fill eight vector registers.
const ROWS: usize = 4;
/// About the most of k that is summed before the next columns: a panel of it fits the first-level cache.
const DEPTH: usize = 512;
/// Words of the right operand that are packed at a time: a part of the second-level cache.
const BLOCK: usize = 1 << 16;
/// Words of the left operand, and of the product, that a band of rows has.
const BAND: usize = 1 << 13;
/// From this many rows on, packing the right operand pays.
const PACK_ROWS: usize = 16;
/// From this many columns on, packing a left operand that is read down its columns pays.
const PACK_COLUMNS: usize = 64;

/// A batch of products.
pub(super) struct MatMul {
    batch: Vec<usize>,
    size: Size,
    a: View,
    b: View,
    /// Where it goes; else to scratch memory.
    out: Option<View>,
    blocks: Blocks,
}

/// Rows, columns, and the length that is summed over.
#[derive(Clone, Copy)]
struct Size {
    m: usize,
    n: usize,
    k: usize,
}

/// How a product is cut up.
#[derive(Clone, Copy)]
struct Blocks {
    /// Of k.
    depth: usize,
    /// Of n, whole panels.
    columns: usize,
    /// Of m.
    rows: usize,
    /// The right operand is packed.
    pack_b: bool,
    /// The left operand is packed.
    pack_a: bool,
    /// All k and n at once, so that what is packed can serve a whole batch, and a band is done at once.
    whole: bool,
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

impl Blocks {
    fn new(Size { m, n, k }: Size, a_column: usize, then: bool) -> Self {
        let depth = k.div_ceil(k.div_ceil(DEPTH + DEPTH / 4).max(1)).max(1);
        let columns = (BLOCK / depth).next_multiple_of(COLUMNS).min(n.next_multiple_of(COLUMNS));
        let band = if then { BAND / depth.max(n) } else { BAND / depth };
        let rows = band.clamp(16, 64) / ROWS * ROWS;
        let pack_a = a_column != 1 && n >= PACK_COLUMNS && k > DEPTH / 2;
        let pack_b = m >= PACK_ROWS;
        Self { depth, columns, rows, pack_b, pack_a, whole: depth >= k && columns >= n }
    }

    fn b_words(self) -> usize {
        self.depth * self.columns
    }
}

impl MatMul {
    /// A product that goes to a view, or to scratch memory for the code that follows.
    pub(super) fn new(domain: &[usize], k: usize, a: &View, b: &View, out: Option<&View>) -> Self {
        let rank = domain.len();
        let mut size = Size { m: domain[rank - 2], n: domain[rank - 1], k };
        let (mut a, mut b, mut out) = (a.clone(), b.clone(), out.cloned());
        if let Some(view) = out.as_mut().filter(|view| !writes_rows(view)) {
            // Written down its columns, it is the product of the transposes.
            [&mut a, &mut b, view].into_iter().for_each(|v| v.strides.swap(rank - 2, rank - 1));
            std::mem::swap(&mut a, &mut b);
            size = Size { m: size.n, n: size.m, k };
        }
        let blocks = Blocks::new(size, a.strides[rank - 1], out.is_none());
        Self { batch: domain[..rank - 2].to_vec(), size, a, b, out, blocks }
    }

    /// Whether a product can be written there without scratch memory.
    pub(super) fn fits(view: &View) -> bool {
        let rank = view.strides.len();
        writes_rows(view) || view.strides[rank - 2] == 1
    }

    /// Words for the product, if it goes to scratch memory.
    pub(super) fn product_words(&self) -> usize {
        let rows = if self.blocks.whole { self.blocks.rows } else { self.size.m };
        if self.out.is_some() { 0 } else { rows * self.size.n }
    }

    /// Words for packed operands.
    pub(super) fn scratch_words(&self) -> usize {
        let a = if self.blocks.pack_a { self.blocks.rows * self.blocks.depth } else { 0 };
        self.blocks.b_words() + a
    }

    /// Runs the products, and on each band of rows what follows.
    pub(super) fn run(&mut self, memory: Memory, mut then: Option<&mut Rows>) {
        let Size { m, n, k } = self.size;
        let Blocks { depth, columns, whole, .. } = self.blocks;
        let rank = self.batch.len();
        let shared = whole && self.b.strides[..rank].iter().all(|&s| s == 0);
        for index in 0..self.batch.iter().product() {
            let (a, b) = (self.matrix(memory, &self.a, index), self.matrix(memory, &self.b, index));
            for column in (0..n).step_by(columns) {
                for start in (0..k).step_by(depth) {
                    let size = Size { m, n: columns.min(n - column), k: depth.min(k - start) };
                    let last = start + depth >= k && column + columns >= n;
                    let (a, b) = (a.from(0, start), b.from(start, column));
                    if !(shared && index > 0) {
                        // SAFETY: `check` saw that b lies within its buffer; scratch memory has room.
                        unsafe { self.pack(size, b, memory.scratch) };
                    }
                    let place = [index, start, column];
                    let then = then.as_deref_mut().filter(|_| last);
                    self.bands(memory, place, size, (a, b), then);
                }
            }
        }
    }

    fn matrix(&self, memory: Memory, view: &View, index: usize) -> Matrix {
        let rank = view.strides.len();
        let offset = view.offset + row_offset(&self.batch, view, index);
        Matrix {
            first: memory.at(view.space, offset),
            row: view.strides[rank - 2],
            column: view.strides[rank - 1],
        }
    }

    /// All rows of a block of columns and of k, band by band.
    fn bands(
        &self,
        memory: Memory,
        [index, start, column]: [usize; 3],
        size: Size,
        (a, b): (Matrix, Matrix),
        mut then: Option<&mut Rows>,
    ) {
        let Blocks { rows, whole, pack_a, .. } = self.blocks;
        let n = self.size.n;
        for row in (0..size.m).step_by(rows) {
            let height = rows.min(size.m - row);
            let kept = if whole { 0 } else { row };
            let out = match &self.out {
                Some(view) => self.matrix(memory, view, index).from(row, column),
                None => Matrix { first: memory.product, row: n, column: 1 }.from(kept, column),
            };
            let mut left = Left { a: a.from(row, 0), tile: ROWS * a.row, packed: false };
            // SAFETY: `check` saw that all three lie within their buffers; `out` overlaps neither operand,
            // since the plan gives a result words that no living value has.
            unsafe {
                if pack_a {
                    let to = memory.scratch.wrapping_add(self.blocks.b_words());
                    left = pack_rows(left.a, [height, size.k], to);
                }
                self.band(Size { m: height, ..size }, left, b, memory.scratch, (out, start > 0));
            }
            if let Some(then) = then.as_deref_mut() {
                // Rows are counted over the batch, and the product holds those from the first kept on.
                let first = index * size.m + row - kept;
                let product = memory.product.wrapping_sub(first * n);
                let scratch = memory.scratch.wrapping_add(self.scratch_words());
                then.run_rows(Memory { product, scratch, ..memory }, index * size.m + row, height);
            }
        }
    }

    /// Copies a block of the right operand panel by panel, so that the rows of each are contiguous.
    unsafe fn pack(&self, Size { n, k, .. }: Size, b: Matrix, to: *mut f32) {
        for column in (0..n).step_by(COLUMNS) {
            let width = COLUMNS.min(n - column);
            if self.is_packed(b, width) {
                // SAFETY: as the caller's.
                unsafe { pack_panel(b.from(0, column), k, width, to.wrapping_add(column * k)) };
            }
        }
    }

    fn is_packed(&self, b: Matrix, width: usize) -> bool {
        self.blocks.pack_b || b.column != 1 || !width.is_multiple_of(LANES)
    }

    /// A band of rows of the result; `more` adds to what is there.
    unsafe fn band(
        &self,
        Size { m, n, k }: Size,
        left: Left,
        b: Matrix,
        packed: *mut f32,
        (out, more): (Matrix, bool),
    ) {
        for column in (0..n).step_by(COLUMNS) {
            let width = COLUMNS.min(n - column);
            let mut right = b.from(0, column);
            if self.is_packed(b, width) {
                let row = if width > LANES { COLUMNS } else { LANES };
                right = Matrix { first: packed.wrapping_add(column * k), row, column: 1 };
            }
            let strip = Strip { k, width, b: right, out: out.from(0, column), more };
            // SAFETY: rows stay below m.
            unsafe {
                match (width > LANES, left.packed) {
                    (true, _) => strip.tall::<2>(left, m, 0),
                    (false, true) => strip.tall::<1>(left, m, 0),
                    // Half a panel: tiles twice as high have as many accumulators.
                    (false, false) => {
                        let high = m / (2 * ROWS) * 2 * ROWS;
                        for row in (0..high).step_by(2 * ROWS) {
                            strip.tile::<{ 2 * ROWS }, 1>(left.a.from(row, 0), row);
                        }
                        strip.tall::<1>(left, m, high);
                    }
                }
            }
        }
    }
}

/// Whether the columns of a view are contiguous.
fn writes_rows(view: &View) -> bool {
    view.strides.last() == Some(&1)
}

/// The left operand of a band.
#[derive(Clone, Copy)]
struct Left {
    a: Matrix,
    /// Words from a tile of four rows to the next.
    tile: usize,
    /// Each tile has its own words.
    packed: bool,
}

/// Copies rows four by four, so that the four of each k are contiguous.
unsafe fn pack_rows(a: Matrix, [m, k]: [usize; 2], to: *mut f32) -> Left {
    for row in (0..m).step_by(ROWS) {
        let (from, to) = (a.from(row, 0), to.wrapping_add(row * k));
        let height = ROWS.min(m - row);
        for p in 0..k {
            let (from, to) = (from.from(0, p), to.wrapping_add(p * ROWS));
            // SAFETY: a has these rows; scratch memory has room for whole tiles.
            unsafe {
                if height == ROWS && a.row == 1 {
                    *to.cast::<[f32; ROWS]>() = *from.first.cast();
                } else {
                    (0..height).for_each(|r| *to.add(r) = *from.from(r, 0).first);
                }
            }
        }
    }
    Left { a: Matrix { first: to, row: 1, column: ROWS }, tile: ROWS * k, packed: true }
}

/// Copies a panel with rows of eight or four, and zeros beyond its width.
unsafe fn pack_panel(b: Matrix, depth: usize, width: usize, to: *mut f32) {
    let row = if width > LANES { COLUMNS } else { LANES };
    let mut p = 0;
    // SAFETY: b has `depth` rows of `width` columns, the panel room for `depth` of its rows.
    unsafe {
        if width == row && b.row == 1 {
            // Turned over four by four.
            while p + LANES <= depth {
                for j in (0..row).step_by(LANES) {
                    let line = |i| f32x4::from(*b.from(p, j + i).first.cast::<[f32; LANES]>());
                    let turned = f32x4::transpose([line(0), line(1), line(2), line(3)]);
                    for (i, x) in turned.into_iter().enumerate() {
                        *to.add((p + i) * row + j).cast::<[f32; LANES]>() = x.to_array();
                    }
                }
                p += LANES;
            }
        }
        while p < depth {
            let (from, to) = (b.from(p, 0).first, to.add(p * row));
            if width == COLUMNS && b.column == 1 {
                *to.cast::<[f32; COLUMNS]>() = *from.cast();
            } else {
                for j in 0..row {
                    *to.add(j) = if j < width { *from.add(j * b.column) } else { 0.0 };
                }
            }
            p += 1;
        }
    }
}

/// The columns of a panel in a band.
#[derive(Clone, Copy)]
struct Strip {
    k: usize,
    width: usize,
    b: Matrix,
    out: Matrix,
    more: bool,
}

impl Strip {
    /// Rows from `first` on, four at a time.
    unsafe fn tall<const V: usize>(self, left: Left, m: usize, first: usize) {
        for row in (first..m).step_by(ROWS) {
            let a = Matrix { first: left.a.first.wrapping_add(row / ROWS * left.tile), ..left.a };
            // SAFETY: rows stay below m.
            unsafe {
                match m - row {
                    1 => self.tile::<1, V>(a, row),
                    2 => self.tile::<2, V>(a, row),
                    3 => self.tile::<3, V>(a, row),
                    _ => self.tile::<ROWS, V>(a, row),
                }
            }
        }
    }

    /// A tile of `R` rows from `row` on and `V` vectors of columns.
    #[inline]
    unsafe fn tile<const R: usize, const V: usize>(self, a: Matrix, row: usize) {
        let out = self.out.from(row, 0);
        let full = self.width == V * LANES;
        let mut sums = [[f32x4::ZERO; V]; R];
        if self.more {
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: out has R rows of `width` columns.
                unsafe { load(out.from(r, 0).first, self.width, full, sums) };
            }
        }
        let (mut left, mut right) = (a.first, self.b.first);
        for _ in 0..self.k {
            // SAFETY: b has k rows of V vectors, a has R rows of k columns.
            unsafe {
                let mut columns = [f32x4::ZERO; V];
                for (v, column) in columns.iter_mut().enumerate() {
                    *column = f32x4::from(*right.add(v * LANES).cast::<[f32; LANES]>());
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = f32x4::splat(*left.add(r * a.row));
                    sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum += x * column);
                }
            }
            left = left.wrapping_add(a.column);
            right = right.wrapping_add(self.b.row);
        }
        for (r, sums) in sums.iter().enumerate() {
            // SAFETY: as above.
            unsafe { store(out.from(r, 0).first, self.width, full, sums) };
        }
    }
}

/// Reads a row of a tile.
#[inline]
unsafe fn load<const V: usize>(from: *const f32, width: usize, full: bool, row: &mut [f32x4; V]) {
    for (v, x) in row.iter_mut().enumerate() {
        let mut lanes = [0.0; LANES];
        let rest = if full { LANES } else { width.saturating_sub(v * LANES).min(LANES) };
        // SAFETY: the row has `width` columns.
        unsafe {
            if rest == LANES {
                lanes = *from.add(v * LANES).cast();
            } else {
                (0..rest).for_each(|j| lanes[j] = *from.add(v * LANES + j));
            }
        }
        *x = f32x4::from(lanes);
    }
}

/// Writes a row of a tile.
#[inline]
unsafe fn store<const V: usize>(to: *mut f32, width: usize, full: bool, row: &[f32x4; V]) {
    for (v, x) in row.iter().enumerate() {
        let lanes = x.to_array();
        let rest = if full { LANES } else { width.saturating_sub(v * LANES).min(LANES) };
        // SAFETY: the row has `width` columns.
        unsafe {
            if rest == LANES {
                *to.add(v * LANES).cast() = lanes;
            } else {
                (0..rest).for_each(|j| *to.add(v * LANES + j) = lanes[j]);
            }
        }
    }
}
