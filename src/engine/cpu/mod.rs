//! The CPU backend: kernels interpreted block by block, in loops that become vector instructions.
//!
//! Results are the same bits natively and in wasm: functions are those of [`super::math`], sums run in
//! one fixed order (eight lanes, then pairwise; products in order over k), and nothing is contracted.
//! `unsafe` is allowed here and nowhere else. Every view is checked once, when a program is made, to
//! lie within its buffer; the loops then use bare pointers, since a kernel may read and write the same
//! buffer.
pub(super) mod scalar;
mod block;
mod code;
mod product;
mod sums;
mod walk;

use super::{
    kernel::{Body, Inst, Kernel, Space, View},
    plan::Plan,
};
use block::Rows;
use product::MatMul;
use walk::Walk;

/// A plan ready to run on the CPU.
pub(super) struct CpuProgram {
    kernels: Vec<Step>,
    pub(super) arena: Vec<f32>,
    scratch: Vec<f32>,
}

/// Where the buffers are while a step runs.
#[derive(Clone, Copy)]
struct Memory {
    state: *mut f32,
    arena: *mut f32,
    /// Product of the kernel that runs, before the code that follows it.
    product: *mut f32,
    /// Registers and panels.
    scratch: *mut f32,
}

impl Memory {
    /// A word of a buffer.
    fn at(&self, space: Space, offset: usize) -> *mut f32 {
        match space {
            Space::State => self.state.wrapping_add(offset),
            Space::Arena => self.arena.wrapping_add(offset),
        }
    }
}

/// A kernel made ready.
enum Step {
    Rows(Rows),
    /// A product written where it belongs.
    Product(MatMul),
    /// A product into scratch memory, band by band, and the code that follows.
    ProductThen(MatMul, Rows),
    Walk(Walk),
}

impl CpuProgram {
    /// Makes the kernels ready; state views must already be those of the state that will be used.
    pub(super) fn new(plan: &Plan, state_words: usize) -> Self {
        let kernels: Vec<Step> =
            plan.kernels.iter().map(|k| step(k, state_words, plan.arena_words)).collect();
        let mut arena = vec![0.0; plan.arena_words];
        for (offset, values) in &plan.constants {
            arena[*offset..offset + values.len()].copy_from_slice(values);
        }
        let words = kernels.iter().map(|k| k.product_words() + k.scratch_words()).max();
        Self { kernels, arena, scratch: vec![0.0; words.unwrap_or(0)] }
    }

    /// Kernels of a step.
    pub(super) fn kernels(&self) -> usize {
        self.kernels.len()
    }

    /// Runs some steps.
    pub(super) fn run(&mut self, state: &mut [f32], steps: usize) {
        for _ in 0..steps {
            for kernel in &mut self.kernels {
                let product = self.scratch.as_mut_ptr();
                kernel.run(Memory {
                    state: state.as_mut_ptr(),
                    arena: self.arena.as_mut_ptr(),
                    product,
                    scratch: product.wrapping_add(kernel.product_words()),
                });
            }
        }
    }
}

impl Step {
    /// Words for a product that is not written where it belongs.
    fn product_words(&self) -> usize {
        match self {
            Self::Product(product) | Self::ProductThen(product, _) => product.product_words(),
            Self::Rows(_) | Self::Walk(_) => 0,
        }
    }

    /// Words for everything else.
    fn scratch_words(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.scratch_words(),
            Self::Product(product) => product.scratch_words(),
            Self::ProductThen(product, rows) => product.scratch_words() + rows.scratch_words(),
            Self::Walk(walk) => walk.scratch_words(),
        }
    }

    fn run(&mut self, memory: Memory) {
        match self {
            Self::Rows(rows) => rows.run(memory),
            Self::Product(product) => product.run(memory, None),
            Self::ProductThen(product, rows) => product.run(memory, Some(rows)),
            Self::Walk(walk) => walk.run(memory),
        }
    }
}

fn step(kernel: &Kernel, state_words: usize, arena_words: usize) -> Step {
    check(kernel, state_words, arena_words);
    match &kernel.body {
        Body::Rows => Step::Rows(Rows::new(kernel)),
        Body::MatMul { k, a, b } => match &kernel.stores[..] {
            [store] if kernel.code == [Inst::Product] && MatMul::fits(&store.view) => {
                Step::Product(MatMul::new(&kernel.domain, *k, a, b, Some(&store.view)))
            }
            _ => Step::ProductThen(MatMul::new(&kernel.domain, *k, a, b, None), Rows::new(kernel)),
        },
        Body::Columns(..) | Body::CumSum(_) | Body::Gather { .. } | Body::ScatterAdd { .. } => {
            Step::Walk(Walk::new(kernel))
        }
    }
}

/// Every word that a kernel can touch lies in its buffer.
fn check(kernel: &Kernel, state_words: usize, arena_words: usize) {
    let inside = |view: &View, shape: &[usize]| {
        let words = match view.space {
            Space::State => state_words,
            Space::Arena => arena_words,
        };
        assert!(view.strides.len() == shape.len(), "a view has one stride per axis");
        let last: usize = view.strides.iter().zip(shape).map(|(&s, &n)| s * (n - 1)).sum();
        assert!(view.offset + last < words, "a view lies within its buffer");
    };
    let domain = &kernel.domain;
    assert!(domain.iter().all(|&n| n > 0), "a domain is never empty");
    kernel.loads.iter().for_each(|v| inside(v, domain));
    kernel.stores.iter().for_each(|s| inside(&s.view, domain));
    match &kernel.body {
        Body::Rows | Body::Columns(..) | Body::CumSum(_) => {}
        Body::MatMul { k, a, b } => {
            let rank = domain.len();
            let (batch, m, n) = (&domain[..rank - 2], domain[rank - 2], domain[rank - 1]);
            inside(a, &[batch, &[m, *k]].concat());
            inside(b, &[batch, &[*k, n]].concat());
        }
        Body::Gather { rows, table, index } => {
            inside(table, &[*rows, domain[1]]);
            inside(index, domain);
        }
        Body::ScatterAdd { count, values, index } => {
            inside(values, &[*count, domain[1]]);
            inside(index, &[*count, domain[1]]);
        }
    }
}

/// Words from the first element of a view to row `index` of the given outer axes.
fn row_offset(outer: &[usize], view: &View, index: usize) -> usize {
    let mut left = index;
    let mut words = 0;
    for (&length, &stride) in outer.iter().zip(&view.strides).rev() {
        words += left % length * stride;
        left /= length;
    }
    words
}
