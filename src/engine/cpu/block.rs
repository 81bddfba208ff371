//! Elementwise code with reductions along rows, interpreted a block at a time.
//!
//! A block is some whole rows, or a part of a long one. Each instruction is one loop over the block, so
//! that deciding what to do costs little and the loop becomes vector instructions. Registers live in
//! scratch memory that fits the first cache levels; a load that is contiguous is not copied at all.
use super::{
    Memory,
    code::{Size, Value},
    row_offset,
};
use crate::engine::{
    kernel::{Inst, Kernel, Reg, STEP_WORD, Space, View},
    rng::{threefry2x32, unit},
    shape::{numel, strides},
};

/// Elements of a block, if rows can be split or gathered to it.
const BLOCK: usize = 512;

/// Code made ready.
pub(super) struct Rows {
    /// Lengths of the axes before the last.
    outer: Vec<usize>,
    /// Length of the last axis.
    columns: usize,
    /// The largest block.
    block: Size,
    code: Vec<Inst>,
    row_level: Vec<bool>,
    /// First word of each register in scratch memory, and words of all.
    registers: (Vec<usize>, usize),
    /// For each instruction the store that it writes to at once.
    direct: Vec<Option<usize>>,
    /// Loads, then stores.
    views: Vec<Lines>,
    /// Register and view.
    stores: Vec<(Reg, usize)>,
    offsets: Vec<usize>,
    values: Vec<Value>,
}

/// A view by rows.
struct Lines {
    view: View,
    /// It lies in the product of the kernel.
    product: bool,
    /// Stride along the last axis.
    column: usize,
    /// All elements follow one another.
    contiguous: bool,
    /// Words from each row to the next, if always the same.
    even: Option<usize>,
}

/// What is being worked on.
#[derive(Clone, Copy)]
struct Block {
    row: usize,
    column: usize,
    size: Size,
}

impl Rows {
    pub(super) fn new(kernel: &Kernel) -> Self {
        let (&columns, outer) = kernel.domain.split_last().unwrap_or((&1, &[]));
        let reduces = kernel.code.iter().any(|i| matches!(i, Inst::Reduce(..)));
        let block = if columns <= BLOCK {
            Size { rows: (BLOCK / columns).clamp(1, numel(outer)), columns }
        } else {
            Size { rows: 1, columns: if reduces { columns } else { BLOCK } }
        };
        let row_level = kernel.row_level();
        let lines = |view: &View| Lines::new(view.clone(), false, &kernel.domain);
        let mut views: Vec<Lines> = kernel.loads.iter().map(lines).collect();
        // The product, if there is one, is one more load.
        let mut code = kernel.code.clone();
        if code.contains(&Inst::Product) {
            let view = View { space: Space::Arena, offset: 0, strides: strides(&kernel.domain) };
            views.push(Lines::new(view, true, &kernel.domain));
            let load = Inst::Load(views.len() - 1);
            code.iter_mut().filter(|i| **i == Inst::Product).for_each(|i| *i = load);
        }
        let stores: Vec<_> =
            kernel.stores.iter().enumerate().map(|(i, s)| (s.reg, views.len() + i)).collect();
        views.extend(kernel.stores.iter().map(|s| lines(&s.view)));
        let last = last_uses(&code, &stores);
        let direct = direct(&code, &row_level, &last, (kernel, &views, &stores), block);
        let registers = registers(&code, &row_level, &last, &direct, block);
        let offsets = vec![0; views.len() * block.rows];
        let values = vec![Value::Splat(0.0); code.len()];
        Self {
            outer: outer.to_vec(),
            columns,
            block,
            code,
            row_level,
            registers,
            direct,
            views,
            stores,
            offsets,
            values,
        }
    }

    /// Registers, and three more for operands that must be spread out.
    pub(super) fn scratch_words(&self) -> usize {
        self.registers.1 + 3 * self.block.rows * self.block.columns
    }

    pub(super) fn run(&mut self, memory: Memory) {
        self.run_rows(memory, 0, numel(&self.outer));
    }

    /// Runs the code on some rows.
    pub(super) fn run_rows(&mut self, memory: Memory, first: usize, rows: usize) {
        for row in (first..first + rows).step_by(self.block.rows) {
            let count = self.block.rows.min(first + rows - row);
            self.find_rows(row, count);
            for column in (0..self.columns).step_by(self.block.columns) {
                let columns = self.block.columns.min(self.columns - column);
                self.run_block(memory, Block { row, column, size: Size { rows: count, columns } });
            }
        }
    }

    /// Where each view is at each of some rows, if that is not plain.
    fn find_rows(&mut self, first: usize, count: usize) {
        for (lines, offsets) in
            self.views.iter().zip(self.offsets.chunks_exact_mut(self.block.rows))
        {
            if lines.even.is_some() {
                continue;
            }
            for (r, offset) in offsets[..count].iter_mut().enumerate() {
                *offset = lines.view.offset + row_offset(&self.outer, &lines.view, first + r);
            }
        }
    }

    fn run_block(&mut self, memory: Memory, block: Block) {
        let size = block.size;
        let room = self.block.rows * self.block.columns;
        // SAFETY: scratch memory ends with three blocks that are no registers.
        let spare = unsafe {
            std::slice::from_raw_parts_mut(memory.scratch.add(self.registers.1), 3 * room)
        };
        for i in 0..self.code.len() {
            let row_level = self.row_level[i];
            let slot = match self.direct[i] {
                Some(view) => self.word(memory, block, view, 0),
                None => memory.scratch.wrapping_add(self.registers.0[i]),
            };
            let count = if row_level { size.rows } else { size.rows * size.columns };
            // SAFETY: registers lie in scratch memory as `registers` laid them out, or where `direct`
            // lets them be written; an operand never shares the words of the result.
            let out = unsafe { std::slice::from_raw_parts_mut(slot, count) };
            let value = |reg: Reg| self.values[reg];
            match self.code[i] {
                Inst::Const(x) => {
                    self.values[i] = Value::Splat(x);
                    continue;
                }
                Inst::Load(load) => {
                    self.values[i] = self.load(memory, block, load, row_level, slot);
                    continue;
                }
                Inst::Index(axis) => self.index(block, axis, out),
                Inst::Uniform(stream) => self.uniform(memory, block, stream, out),
                Inst::Unary(op, x) => size.unary(op, value(x), out, spare),
                Inst::Binary(op, a, b) => size.binary(op, value(a), value(b), out),
                Inst::Select(c, a, b) => size.select([value(c), value(a), value(b)], out, spare),
                Inst::Reduce(how, x) => size.reduce(how, value(x), out, spare),
                Inst::Product => unreachable!("the product is a load"),
            }
            self.values[i] = if row_level { Value::Row(slot) } else { Value::Full(slot) };
        }
        for &(reg, view) in
            self.stores.iter().filter(|&&(reg, view)| self.direct[reg] != Some(view))
        {
            self.store(memory, block, view, self.values[reg]);
        }
    }

    /// The word of a view at row `r` of a block.
    fn word(&self, memory: Memory, block: Block, view: usize, r: usize) -> *mut f32 {
        let lines = &self.views[view];
        let row = match lines.even {
            Some(stride) => lines.view.offset + (block.row + r) * stride,
            None => self.offsets[view * self.block.rows + r],
        };
        let offset = row + block.column * lines.column;
        if lines.product {
            memory.product.wrapping_add(offset)
        } else {
            memory.at(lines.view.space, offset)
        }
    }

    fn load(
        &self,
        memory: Memory,
        block: Block,
        load: usize,
        row_level: bool,
        slot: *mut f32,
    ) -> Value {
        let (lines, Size { rows, columns }) = (&self.views[load], block.size);
        if !row_level && (lines.contiguous || (rows == 1 && lines.column == 1)) {
            return Value::Full(self.word(memory, block, load, 0));
        }
        for r in 0..rows {
            let from = self.word(memory, block, load, r);
            // SAFETY: `check` saw that the view lies within its buffer; the register has room for the block.
            unsafe {
                if row_level {
                    *slot.add(r) = *from;
                } else if lines.column == 1 {
                    copy(from, slot.add(r * columns), columns);
                } else {
                    (0..columns)
                        .for_each(|j| *slot.add(r * columns + j) = *from.add(j * lines.column));
                }
            }
        }
        if row_level { Value::Row(slot) } else { Value::Full(slot) }
    }

    fn store(&self, memory: Memory, block: Block, view: usize, value: Value) {
        let step = self.views[view].column;
        let columns = if step == 0 { 1 } else { block.size.columns };
        if let (Value::Full(from), true) = (value, self.views[view].contiguous) {
            let to = self.word(memory, block, view, 0);
            // SAFETY: `check` saw that the view lies within its buffer.
            unsafe { copy(from, to, block.size.rows * block.size.columns) };
            return;
        }
        for r in 0..block.size.rows {
            let to = self.word(memory, block, view, r);
            // SAFETY: `check` saw that the view lies within its buffer.
            unsafe {
                match value {
                    Value::Full(from) if step == 1 => {
                        copy(from.add(r * block.size.columns), to, columns);
                    }
                    Value::Full(from) => {
                        let from = from.add(r * block.size.columns);
                        (0..columns).for_each(|j| *to.add(j * step) = *from.add(j));
                    }
                    Value::Row(from) => (0..columns).for_each(|j| *to.add(j * step) = *from.add(r)),
                    Value::Splat(x) => (0..columns).for_each(|j| *to.add(j * step) = x),
                }
            }
        }
    }

    fn index(&self, block: Block, axis: usize, out: &mut [f32]) {
        if axis == self.outer.len() {
            for row in out.chunks_exact_mut(block.size.columns) {
                row.iter_mut().enumerate().for_each(|(j, x)| *x = (block.column + j) as f32);
            }
            return;
        }
        let inner: usize = self.outer[axis + 1..].iter().product();
        for (r, x) in out.iter_mut().enumerate() {
            *x = ((block.row + r) / inner % self.outer[axis]) as f32;
        }
    }

    fn uniform(&self, memory: Memory, block: Block, stream: u32, out: &mut [f32]) {
        // SAFETY: every state begins with its header.
        let word = |i: usize| unsafe { *memory.state.add(i) } as u32;
        let key = [word(0) | word(1) << 16, word(2) | word(3) << 16];
        let high = word(STEP_WORD).wrapping_add(stream << 24);
        for (r, row) in out.chunks_exact_mut(block.size.columns).enumerate() {
            let first = (block.row + r) * self.columns + block.column;
            for (j, x) in row.iter_mut().enumerate() {
                *x = unit(threefry2x32(key, [(first + j) as u32, high])[0]);
            }
        }
    }
}

impl Lines {
    fn new(view: View, product: bool, domain: &[usize]) -> Self {
        let column = view.strides.last().copied().unwrap_or(0);
        let mut next = 1;
        let contiguous = domain.iter().zip(&view.strides).rev().all(|(&n, &stride)| {
            let fits = stride == next || n == 1;
            next *= n;
            fits
        });
        let outer = domain.len().saturating_sub(1);
        let even = (1..outer).all(|a| view.strides[a - 1] == view.strides[a] * domain[a]);
        let even = even.then(|| if outer == 0 { 0 } else { view.strides[outer - 1] });
        Self { view, product, column, contiguous: contiguous && column == 1, even }
    }
}

/// Copies words that do not overlap; few of them without a call.
unsafe fn copy(from: *const f32, to: *mut f32, count: usize) {
    /// A loop over so many is not turned into a call.
    const STEP: usize = 16;
    if count >= 16 * STEP {
        // SAFETY: as the caller's.
        unsafe { from.copy_to(to, count) };
        return;
    }
    let whole = count / STEP * STEP;
    // SAFETY: as the caller's.
    unsafe {
        for i in (0..whole).step_by(STEP) {
            let chunk = *from.add(i).cast::<[[f32; 4]; STEP / 4]>();
            for (j, lanes) in chunk.into_iter().enumerate() {
                *to.add(i + 4 * j).cast() = lanes;
            }
        }
        for i in whole..count {
            *to.add(i) = *from.add(i);
        }
    }
}

/// The last instruction that uses each register; one after the last if it is stored.
fn last_uses(code: &[Inst], stored: &[(Reg, usize)]) -> Vec<usize> {
    let mut last = vec![0; code.len()];
    for (i, inst) in code.iter().enumerate() {
        operands(inst).into_iter().flatten().for_each(|reg| last[reg] = i);
    }
    stored.iter().for_each(|&(reg, _)| last[reg] = code.len());
    last
}

/// Which instructions can write to a store at once: no one needs what is there any more.
fn direct(
    code: &[Inst],
    row_level: &[bool],
    last: &[usize],
    (kernel, views, stores): (&Kernel, &[Lines], &[(Reg, usize)]),
    block: Size,
) -> Vec<Option<usize>> {
    let range = |view: &View| {
        let span: usize = view.strides.iter().zip(&kernel.domain).map(|(s, n)| s * (n - 1)).sum();
        (view.space, view.offset, view.offset + span)
    };
    let mut direct = vec![None; code.len()];
    for &(reg, at) in stores {
        let lines = &views[at];
        let whole = lines.contiguous || (block.rows == 1 && lines.column == 1);
        let computed = !matches!(code[reg], Inst::Load(_) | Inst::Const(_));
        if !whole || !computed || row_level[reg] || direct[reg].is_some() {
            continue;
        }
        let (space, first, end) = range(&lines.view);
        let free = code.iter().enumerate().all(|(i, inst)| {
            let Inst::Load(load) = *inst else { return true };
            let other = &views[load];
            let (other_space, other_first, other_end) = range(&other.view);
            let apart =
                other.product || space != other_space || end < other_first || other_end < first;
            apart || (other.view == lines.view && last[i] < reg)
        });
        if free {
            direct[reg] = Some(at);
        }
    }
    direct
}

/// Gives each register its words, and counts them; words no longer needed are used again.
fn registers(
    code: &[Inst],
    row_level: &[bool],
    last: &[usize],
    direct: &[Option<usize>],
    block: Size,
) -> (Vec<usize>, usize) {
    let mut free: Vec<usize> = Vec::new();
    let mut slots = vec![0; code.len()];
    let mut words = 0;
    for (i, inst) in code.iter().enumerate() {
        if direct[i].is_none() {
            // Registers of row level are small and never reused.
            let reused = if row_level[i] { None } else { free.pop() };
            slots[i] = reused.unwrap_or_else(|| {
                let size = if row_level[i] { block.rows } else { block.rows * block.columns };
                words += size;
                words - size
            });
        }
        for reg in operands(inst).into_iter().flatten() {
            let done = last[reg] == i && !row_level[reg] && direct[reg].is_none();
            if done && !free.contains(&slots[reg]) {
                free.push(slots[reg]);
            }
        }
    }
    (slots, words)
}

fn operands(inst: &Inst) -> [Option<Reg>; 3] {
    match *inst {
        Inst::Const(_) | Inst::Load(_) | Inst::Index(_) | Inst::Uniform(_) | Inst::Product => {
            [None; 3]
        }
        Inst::Unary(_, x) | Inst::Reduce(_, x) => [Some(x), None, None],
        Inst::Binary(_, a, b) => [Some(a), Some(b), None],
        Inst::Select(c, a, b) => [Some(c), Some(a), Some(b)],
    }
}
