//! Kernels that are neither rows nor products: reductions of columns, running sums, gather, scatter-add.
use super::{Memory, row_offset, scalar::greater};
use crate::engine::{
    kernel::{Body, Inst, Kernel, View},
    op::Reduction,
    shape::numel,
};

/// One such kernel.
pub(super) struct Walk {
    kernel: Kernel,
}

impl Walk {
    pub(super) fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }

    /// One row of accumulators.
    pub(super) fn scratch_words(&self) -> usize {
        self.kernel.domain.last().copied().unwrap_or(1)
    }

    pub(super) fn run(&mut self, memory: Memory) {
        match &self.kernel.body {
            Body::Columns(how, _) => self.columns(memory, *how),
            Body::CumSum(_) => self.cumsum(memory),
            Body::Gather { rows, table, index } => self.gather(memory, *rows, table, index),
            Body::ScatterAdd { count, values, index } => {
                self.scatter(memory, *count, values, index);
            }
            Body::Rows | Body::MatMul { .. } => unreachable!("not a walk"),
        }
    }

    /// What is walked: a view, or the same number everywhere.
    fn source(&self) -> Result<&View, f32> {
        match self.kernel.code[..] {
            [Inst::Const(value)] => Err(value),
            _ => Ok(&self.kernel.loads[0]),
        }
    }

    fn columns(&self, memory: Memory, how: Reduction) {
        let [outer @ .., length, inner] = &self.kernel.domain[..] else {
            unreachable!("two axes or more")
        };
        // SAFETY: scratch memory holds a row.
        let row = unsafe { std::slice::from_raw_parts_mut(memory.scratch, *inner) };
        for index in 0..numel(outer) {
            row.fill(if how == Reduction::Sum { 0.0 } else { f32::NEG_INFINITY });
            for i in 0..*length {
                match self.source() {
                    Err(value) => row.iter_mut().for_each(|x| *x = add(how, *x, value)),
                    Ok(view) => {
                        let [.., along, step] = view.strides[..] else {
                            unreachable!("two axes or more")
                        };
                        let offset = view.offset + row_offset(outer, view, index) + i * along;
                        // SAFETY: `check` saw that the view lies within its buffer.
                        unsafe { accumulate(how, row, memory.at(view.space, offset), step) };
                    }
                }
            }
            for store in &self.kernel.stores {
                let step = store.view.strides.last().copied().unwrap_or(0);
                let offset = store.view.offset + row_offset(outer, &store.view, index);
                let to = memory.at(store.view.space, offset);
                // SAFETY: as above.
                row.iter().enumerate().for_each(|(j, &x)| unsafe { *to.add(j * step) = x });
            }
        }
    }

    fn cumsum(&self, memory: Memory) {
        let [outer @ .., length] = &self.kernel.domain[..] else {
            unreachable!("one axis or more")
        };
        for index in 0..numel(outer) {
            let mut sum = 0.0;
            for i in 0..*length {
                let at = |view: &View| {
                    let step = view.strides.last().copied().unwrap_or(0);
                    memory.at(view.space, view.offset + row_offset(outer, view, index) + i * step)
                };
                sum += match self.source() {
                    // SAFETY: `check` saw that the view lies within its buffer.
                    Ok(view) => unsafe { *at(view) },
                    Err(value) => value,
                };
                for store in &self.kernel.stores {
                    // SAFETY: as above.
                    unsafe { *at(&store.view) = sum };
                }
            }
        }
    }

    fn gather(&self, memory: Memory, rows: usize, table: &View, index: &View) {
        let [count, inner] = self.kernel.domain[..] else { unreachable!("rows and elements") };
        for i in 0..count {
            // SAFETY: `check` saw that the views lie within their buffers; the row is clamped.
            unsafe {
                let row = *memory.at(index.space, index.offset + i * index.strides[0]);
                // A cast saturates, and takes what is not a number to zero.
                let row = (row as usize).min(rows - 1);
                let from = memory.at(table.space, table.offset + row * table.strides[0]);
                for store in &self.kernel.stores {
                    let view = &store.view;
                    let to = memory.at(view.space, view.offset + i * view.strides[0]);
                    (0..inner).for_each(|j| {
                        *to.add(j * view.strides[1]) = *from.add(j * table.strides[1]);
                    });
                }
            }
        }
    }

    fn scatter(&self, memory: Memory, count: usize, values: &View, index: &View) {
        let [rows, inner] = self.kernel.domain[..] else { unreachable!("rows and elements") };
        for store in &self.kernel.stores {
            let view = &store.view;
            let row = |r: usize| memory.at(view.space, view.offset + r * view.strides[0]);
            // SAFETY: as in `gather`; rows outside are left out.
            unsafe {
                for r in 0..rows {
                    (0..inner).for_each(|j| *row(r).add(j * view.strides[1]) = 0.0);
                }
                for i in 0..count {
                    let r = *memory.at(index.space, index.offset + i * index.strides[0]);
                    if !(0.0..rows as f32).contains(&r) {
                        continue;
                    }
                    let from = memory.at(values.space, values.offset + i * values.strides[0]);
                    let to = row(r as usize);
                    (0..inner).for_each(|j| {
                        *to.add(j * view.strides[1]) += *from.add(j * values.strides[1]);
                    });
                }
            }
        }
    }
}

fn add(how: Reduction, a: f32, b: f32) -> f32 {
    if how == Reduction::Sum { a + b } else { greater(a, b) }
}

/// Adds elements `step` apart to a row.
unsafe fn accumulate(how: Reduction, row: &mut [f32], from: *const f32, step: usize) {
    if step != 1 {
        for (j, x) in row.iter_mut().enumerate() {
            // SAFETY: the caller's view has a row's elements from here on.
            *x = add(how, *x, unsafe { *from.add(j * step) });
        }
        return;
    }
    // SAFETY: as above, contiguous.
    let line = unsafe { std::slice::from_raw_parts(from, row.len()) };
    if how == Reduction::Sum {
        row.iter_mut().zip(line).for_each(|(x, y)| *x += y);
    } else {
        row.iter_mut().zip(line).for_each(|(x, &y)| *x = greater(*x, y));
    }
}
