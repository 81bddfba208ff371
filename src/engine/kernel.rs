//! Kernels: what a backend runs. A plan is a list of them over one arena and one state.
//!
//! Every kernel walks a *domain* (a shape) and runs *code*, a list of instructions in which each
//! one may use the results of those before it by number. Values that a kernel reads or writes are
//! [`View`]s: an offset in words (`f32`) and one stride per axis of the domain; stride zero repeats.
//!
//! Both backends compute the same sums in the same order only within themselves; the CPU's order is
//! the one that is fixed for good (see `cpu`), the GPU is near it.
use super::op::{Binary, Reduction, Unary};

/// Which buffer a value lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Kept between steps and shared between programs.
    State,
    /// Belongs to one program: inputs, constants, intermediate values, outputs.
    Arena,
}

/// Where the elements of a domain are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    /// Which buffer.
    pub space: Space,
    /// First element, in words from the start of the buffer.
    pub offset: usize,
    /// Words from one element to the next along each axis of the domain.
    pub strides: Vec<usize>,
}

/// Number of an instruction, whose result it stands for.
pub type Reg = usize;

/// One instruction, run for each element of the domain.
///
/// An instruction is of *row level* if its result is the same along the last axis of the domain: a
/// [`Inst::Reduce`], a constant, and whatever uses only such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inst {
    /// A number.
    Const(f32),
    /// The element of `loads[i]`.
    Load(usize),
    /// The coordinate along an axis of the domain.
    Index(usize),
    /// Uniform in `[0, 1)`: [`super::rng::unit`] of the first word of Threefry-2x32-20 with key
    /// (seed low word, seed high word) and counter (flat row-major index in the domain, step + stream · 2^24).
    Uniform(u32),
    /// The product of a [`Body::MatMul`].
    Product,
    /// A function of one register.
    Unary(Unary, Reg),
    /// A function of two registers.
    Binary(Binary, Reg, Reg),
    /// The second where the first is not zero, else the third.
    Select(Reg, Reg, Reg),
    /// Reduces a register along the last axis of the domain; only in [`Body::Rows`].
    Reduce(Reduction, Reg),
}

/// What a kernel does around its code.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Runs the code for each element; rows are the last axis of the domain, along which
    /// [`Inst::Reduce`] reduces. Stores of row level have stride zero along it.
    Rows,
    /// Domain `[outer.., red, inner]`: runs the code for each element and reduces `value` along the
    /// second last axis; each store then writes the result at `[outer.., inner]` (its stride along the
    /// second last axis is zero). Never [`Reduction::ArgMax`].
    Columns(Reduction, Reg),
    /// Domain `[batch.., m, n]`: the product of `a` `[batch.., m, k]` and `b` `[batch.., k, n]`, summed over k
    /// in order, is [`Inst::Product`] in the code that follows. The strides of `a` and `b` are those
    /// of their own axes.
    MatMul {
        /// Length of the summed axis.
        k: usize,
        /// Left operand.
        a: View,
        /// Right operand.
        b: View,
    },
    /// Domain `[outer.., length]`: each store receives the running sum of the register along the last axis.
    CumSum(Reg),
    /// Domain `[count, inner]`: the store receives `table[index[i], j]`, where `index` is the view of whole
    /// numbers (stride zero along the last axis) and `table` has strides (row, element); rows in all as given.
    /// An index outside the table is clamped into it.
    Gather {
        /// Rows of the table.
        rows: usize,
        /// The table.
        table: View,
        /// The index of each row of the domain.
        index: View,
    },
    /// Domain `[rows, inner]`: the store receives at `[r, j]` the sum over `i` in `0..count`, in order, of
    /// `values[i, j]` where `index[i] = r`. Views have strides (item, element).
    ScatterAdd {
        /// Number of items.
        count: usize,
        /// What is added, `[count, inner]`.
        values: View,
        /// Row of each item; stride zero along the last axis.
        index: View,
    },
}

/// Writes a register.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// What is written; ignored by [`Body::Gather`] and [`Body::ScatterAdd`].
    pub reg: Reg,
    /// Where.
    pub view: View,
}

/// A kernel with its operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// What is walked, outermost axis first. Never of length zero.
    pub domain: Vec<usize>,
    /// What is done.
    pub body: Body,
    /// The code; empty in gather and scatter-add.
    pub code: Vec<Inst>,
    /// What the code loads.
    pub loads: Vec<View>,
    /// What is written.
    pub stores: Vec<Store>,
}

/// A view with the axes that it walks.
#[derive(Clone, Debug)]
pub struct Walk<'k> {
    /// Where it begins.
    pub view: &'k View,
    /// For each axis: which one of the domain it is, if it is one of the domain; its length; and words
    /// from one element to the next.
    pub axes: Vec<(Option<usize>, usize, usize)>,
    /// Whether the kernel writes there.
    pub written: bool,
}

/// Words at the start of every state buffer: the seed as four 16-bit whole numbers (lowest first),
/// then the step (a whole number below 2^24), then padding.
pub const HEADER_WORDS: usize = 8;

/// Word of the header that holds the step.
pub const STEP_WORD: usize = 4;

impl Kernel {
    /// Every view.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        let operands = match &self.body {
            Body::MatMul { a, b, .. }
            | Body::Gather { table: a, index: b, .. }
            | Body::ScatterAdd { values: a, index: b, .. } => [Some(a), Some(b)],
            Body::Rows | Body::Columns(..) | Body::CumSum(_) => [None, None],
        };
        let stores = self.stores.iter().map(|s| &s.view);
        self.loads.iter().chain(stores).chain(operands.into_iter().flatten())
    }

    /// Every view, to be changed.
    pub fn views_mut(&mut self) -> impl Iterator<Item = &mut View> {
        let operands = match &mut self.body {
            Body::MatMul { a, b, .. }
            | Body::Gather { table: a, index: b, .. }
            | Body::ScatterAdd { values: a, index: b, .. } => [Some(a), Some(b)],
            Body::Rows | Body::Columns(..) | Body::CumSum(_) => [None, None],
        };
        let stores = self.stores.iter_mut().map(|s| &mut s.view);
        self.loads.iter_mut().chain(stores).chain(operands.into_iter().flatten())
    }

    /// Every view with the axes that it walks, in the order of [`Self::views`].
    pub fn walks<'k>(&'k self) -> Vec<Walk<'k>> {
        let rank = self.domain.len();
        let own = |view: &'k View, written| {
            let strides = view.strides.iter().copied().enumerate();
            let axes = strides.map(|(axis, stride)| (Some(axis), self.domain[axis], stride));
            Walk { view, axes: axes.collect(), written }
        };
        // Axes of the domain by name, and one of that length which the domain lacks.
        let other = |view: &'k View, names: &[Option<usize>], length: usize| {
            let axes = names.iter().zip(&view.strides);
            axes.map(|(&name, &s)| (name, name.map_or(length, |axis| self.domain[axis]), s))
                .collect()
        };
        let mut walks: Vec<Walk<'k>> = self.loads.iter().map(|view| own(view, false)).collect();
        walks.extend(self.stores.iter().map(|store| own(&store.view, true)));
        let mut add = |view: &'k View, names: &[Option<usize>], length| {
            walks.push(Walk { view, axes: other(view, names, length), written: false });
        };
        match &self.body {
            Body::MatMul { k, a, b } => {
                let batch: Vec<Option<usize>> = (0..rank - 2).map(Some).collect();
                add(a, &[&batch[..], &[Some(rank - 2), None]].concat(), *k);
                add(b, &[&batch[..], &[None, Some(rank - 1)]].concat(), *k);
            }
            Body::Gather { rows, table, index } => {
                add(table, &[None, Some(1)], *rows);
                add(index, &[Some(0), Some(1)], 0);
            }
            Body::ScatterAdd { count, values, index } => {
                add(values, &[None, Some(1)], *count);
                add(index, &[None, Some(1)], *count);
            }
            Body::Rows | Body::Columns(..) | Body::CumSum(_) => {}
        }
        walks
    }

    /// Multiplications and additions of a product, and instructions elsewhere.
    pub fn flops(&self) -> usize {
        let depth = if let Body::MatMul { k, .. } = &self.body { 2 * k } else { 0 };
        self.domain.iter().product::<usize>() * (self.code.len() + depth)
    }

    /// Which instructions are of row level.
    pub fn row_level(&self) -> Vec<bool> {
        let last = self.domain.len().saturating_sub(1);
        let mut level = Vec::with_capacity(self.code.len());
        for inst in &self.code {
            level.push(match *inst {
                Inst::Const(_) | Inst::Reduce(..) => true,
                Inst::Load(i) => self.loads[i].strides.last().is_none_or(|&s| s == 0),
                Inst::Index(axis) => axis != last,
                Inst::Uniform(_) | Inst::Product => false,
                Inst::Unary(_, x) => level[x],
                Inst::Binary(_, x, y) => level[x] && level[y],
                Inst::Select(c, x, y) => level[c] && level[x] && level[y],
            });
        }
        level
    }
}
