//! Kernels for tests: each kind over many shapes, with memory filled by seed.
use super::interpret::Memory;
use orrery::engine::{
    Binary, Reduction, Unary,
    kernel::{Body, HEADER_WORDS, Inst, Kernel, Reg, STEP_WORD, Space, Store, View},
    rng::Stream,
    shape,
};

/// A kernel and the memory it starts from.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kernel: Kernel,
    pub(crate) memory: Memory,
}

/// Functions of one number that keep values of magnitude one of that magnitude.
const TAME: [Unary; 6] =
    [Unary::Neg, Unary::Tanh, Unary::Sigmoid, Unary::Sin, Unary::Cos, Unary::Abs];

/// Axis lengths around the sizes of vectors, tiles and workgroups.
const LENGTHS: [usize; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33, 40, 66];

/// Builds a kernel, laying its operands out one after another.
struct Builder {
    random: Stream,
    domain: Vec<usize>,
    code: Vec<Inst>,
    loads: Vec<View>,
    stores: Vec<Store>,
    arena: usize,
    state: usize,
}

impl Builder {
    fn new(seed: u64, domain: &[usize]) -> Self {
        Self {
            random: Stream::new(seed, "kernel"),
            domain: domain.to_vec(),
            code: vec![],
            loads: vec![],
            stores: vec![],
            arena: 3,
            state: HEADER_WORDS,
        }
    }

    fn push(&mut self, inst: Inst) -> Reg {
        self.code.push(inst);
        self.code.len() - 1
    }

    /// Memory for a tensor of that shape in a random order of axes, where axes in `repeat` have stride zero.
    fn view(&mut self, shape: &[usize], repeat: &[bool]) -> View {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        if self.random.below(2) == 0 {
            self.random.shuffle(&mut order);
        }
        let mut strides = vec![0; shape.len()];
        let mut size = 1;
        for &axis in order.iter().rev().filter(|&&axis| !repeat[axis]) {
            strides[axis] = size;
            size *= shape[axis];
        }
        let space = if self.random.below(4) == 0 { Space::State } else { Space::Arena };
        let end = if space == Space::State { &mut self.state } else { &mut self.arena };
        let offset = *end;
        *end += size + 1;
        View { space, offset, strides }
    }

    /// A load over the domain, repeated along random axes.
    fn load(&mut self) -> Reg {
        let domain = self.domain.clone();
        let repeat: Vec<bool> = domain.iter().map(|_| self.random.below(4) == 0).collect();
        let view = self.view(&domain, &repeat);
        self.loads.push(view);
        self.push(Inst::Load(self.loads.len() - 1))
    }

    fn store(&mut self, reg: Reg, repeat: &[bool]) {
        let domain = self.domain.clone();
        let view = self.view(&domain, repeat);
        self.stores.push(Store { reg, view });
    }

    /// A random instruction on what there is.
    fn grow(&mut self) {
        let count = self.code.len();
        let mut pick = || self.random.below(count);
        let (x, y, z) = (pick(), pick(), pick());
        match self.random.below(9) {
            0 => {
                self.load();
            }
            1 => {
                let axis = self.random.below(self.domain.len());
                let index = self.push(Inst::Index(axis));
                let scale = self.push(Inst::Const(-1.0 / 64.0));
                self.push(Inst::Binary(Binary::Mul, index, scale));
            }
            2 | 3 => {
                let op = TAME[self.random.below(TAME.len())];
                self.push(Inst::Unary(op, x));
            }
            4 => {
                self.push(Inst::Binary(Binary::Max, x, y));
            }
            5 => {
                self.push(Inst::Uniform(7));
            }
            6 => {
                // Loads are equal on both sides to the bit, so comparing them is too.
                let (a, b) = (self.load(), self.load());
                let less = self.push(Inst::Binary(Binary::Less, a, b));
                self.push(Inst::Select(less, x, y));
            }
            7 => {
                let product = self.push(Inst::Binary(Binary::Mul, x, y));
                self.push(Inst::Unary(Unary::Tanh, product));
            }
            _ => {
                let sum = self.push(Inst::Binary(Binary::Sub, x, z));
                let half = self.push(Inst::Const(0.5));
                self.push(Inst::Binary(Binary::Mul, sum, half));
            }
        }
    }

    fn finish(mut self, name: String, body: Body) -> Case {
        let mut fill = |len: usize| -> Vec<f32> {
            (0..len).map(|_| 2.0 * self.random.uniform() - 1.0).collect()
        };
        let (arena, mut state) = (fill(self.arena + 2), fill(self.state + 2));
        state[..STEP_WORD].copy_from_slice(&[60_001.0, 513.0, 2.0, 7.0]);
        state[STEP_WORD] = 16_000_001.0;
        let kernel = Kernel {
            domain: self.domain,
            body,
            code: self.code,
            loads: self.loads,
            stores: self.stores,
        };
        Case { name, kernel, memory: Memory { state, arena } }
    }
}

fn lengths(random: &mut Stream, rank: usize, most: usize) -> Vec<usize> {
    loop {
        let domain: Vec<usize> = (0..rank).map(|_| LENGTHS[random.below(LENGTHS.len())]).collect();
        if shape::numel(&domain) <= most {
            return domain;
        }
    }
}

/// Elementwise kernels and row kernels of random code; every other one reduces.
pub(crate) fn rows(seed: u64) -> Case {
    let mut random = Stream::new(seed, "rows");
    let rank = 1 + random.below(4);
    let mut domain = lengths(&mut random, rank, 20_000);
    let reduces = seed % 2 == 1;
    if reduces && random.below(3) == 0 {
        domain[rank - 1] = [65, 130, 257, 700, 3000][random.below(5)];
        domain[0] = domain[0].min(if rank > 1 { 3 } else { 3000 });
    }
    let mut b = Builder::new(seed, &domain);
    b.load();
    b.load();
    for _ in 0..random.below(6) {
        b.grow();
    }
    let mut rows = vec![];
    if reduces {
        for _ in 0..=random.below(3) {
            let of = random.below(b.code.len());
            let how = [Reduction::Sum, Reduction::Max][random.below(2)];
            let mut reduced = b.push(Inst::Reduce(how, of));
            if how == Reduction::Sum {
                let scale = b.push(Inst::Const(1.0 / domain[rank - 1] as f32));
                reduced = b.push(Inst::Binary(Binary::Mul, reduced, scale));
            }
            rows.push(reduced);
            for _ in 0..random.below(3) {
                b.grow();
            }
        }
    }
    let full = vec![false; rank];
    let mut along = full.clone();
    along[rank - 1] = true;
    if rows.is_empty() || random.below(3) > 0 {
        b.store(b.code.len() - 1, &full);
        let reg = random.below(b.code.len());
        b.store(reg, &full);
    }
    for reg in rows {
        b.store(reg, &along);
    }
    b.finish(format!("rows {seed} {domain:?}"), Body::Rows)
}

/// The greatest element's index, where several are greatest.
pub(crate) fn argmax(domain: &[usize]) -> Case {
    let mut b = Builder::new(5, domain);
    let rank = domain.len();
    let view = b.view(domain, &vec![false; rank]);
    b.loads.push(view);
    let load = b.push(Inst::Load(0));
    let four = b.push(Inst::Const(4.0));
    let scaled = b.push(Inst::Binary(Binary::Mul, load, four));
    let whole = b.push(Inst::Unary(Unary::Floor, scaled));
    let at = b.push(Inst::Reduce(Reduction::ArgMax, whole));
    let mut along = vec![false; rank];
    along[rank - 1] = true;
    b.store(at, &along);
    b.finish(format!("argmax {domain:?}"), Body::Rows)
}

/// Softmax along rows in place: the store is where the load was.
pub(crate) fn softmax_in_place(domain: &[usize]) -> Case {
    let mut b = Builder::new(6, domain);
    let rank = domain.len();
    let view = b.view(domain, &vec![false; rank]);
    b.loads.push(view.clone());
    let load = b.push(Inst::Load(0));
    let max = b.push(Inst::Reduce(Reduction::Max, load));
    let shifted = b.push(Inst::Binary(Binary::Sub, load, max));
    let exp = b.push(Inst::Unary(Unary::Exp, shifted));
    let sum = b.push(Inst::Reduce(Reduction::Sum, exp));
    let reg = b.push(Inst::Binary(Binary::Div, exp, sum));
    b.stores.push(Store { reg, view });
    b.finish(format!("softmax {domain:?}"), Body::Rows)
}

/// Every function of one number on its own.
pub(crate) fn unary(op: Unary) -> Case {
    let mut b = Builder::new(7, &[1000]);
    let view = b.view(&[1000], &[false]);
    b.loads.push(view);
    let load = b.push(Inst::Load(0));
    // From −10 to 10; where only positive numbers have a value, from 0 to 10.
    let ten = b.push(Inst::Const(10.0));
    let mut x = b.push(Inst::Binary(Binary::Mul, load, ten));
    if matches!(op, Unary::Ln | Unary::Sqrt) {
        x = b.push(Inst::Unary(Unary::Abs, x));
    }
    let y = b.push(Inst::Unary(op, x));
    b.store(y, &[false]);
    b.finish(format!("{op:?}"), Body::Rows)
}

/// Every function of two numbers on its own.
pub(crate) fn binary(op: Binary) -> Case {
    let mut b = Builder::new(8, &[40, 25]);
    let (x, y) = (b.load(), b.load());
    let z = b.push(Inst::Binary(op, x, y));
    b.store(z, &[false, false]);
    b.finish(format!("{op:?}"), Body::Rows)
}

/// Reductions along the second last axis.
pub(crate) fn columns(seed: u64) -> Case {
    let mut random = Stream::new(seed, "columns");
    let rank = 2 + random.below(3);
    let mut domain = lengths(&mut random, rank, 20_000);
    if random.below(3) == 0 {
        domain[rank - 2] = [65, 130, 300, 2000][random.below(4)];
        domain[0] = domain[0].min(if rank > 2 { 2 } else { 2000 });
    }
    let mut b = Builder::new(seed, &domain);
    b.load();
    b.load();
    for _ in 0..random.below(5) {
        b.grow();
    }
    let how = [Reduction::Sum, Reduction::Max][random.below(2)];
    let mut repeat = vec![false; rank];
    repeat[rank - 2] = true;
    b.store(0, &repeat);
    let reg = b.code.len() - 1;
    b.finish(format!("columns {seed} {domain:?}"), Body::Columns(how, reg))
}

/// Products with code on their results, `[batch.., m, k] · [batch.., k, n]`.
pub(crate) fn matmul(seed: u64, batch: &[usize], [m, k, n]: [usize; 3]) -> Case {
    let mut random = Stream::new(seed, "matmul");
    let domain = [batch, &[m, n]].concat();
    let mut b = Builder::new(seed, &domain);
    let product = b.push(Inst::Product);
    let scale = b.push(Inst::Const(1.0 / k as f32));
    b.push(Inst::Binary(Binary::Mul, product, scale));
    b.load();
    for _ in 0..random.below(5) {
        b.grow();
    }
    let full = vec![false; domain.len()];
    b.store(b.code.len() - 1, &full);
    if random.below(2) == 0 {
        b.store(product, &full);
    }
    let repeats = |random: &mut Stream| -> Vec<bool> {
        let mut repeat: Vec<bool> = batch.iter().map(|_| random.below(3) == 0).collect();
        repeat.extend([false, false]);
        repeat
    };
    let repeat = repeats(&mut random);
    let left = b.view(&[batch, &[m, k]].concat(), &repeat);
    let repeat = repeats(&mut random);
    let right = b.view(&[batch, &[k, n]].concat(), &repeat);
    let name = format!("matmul {seed} {batch:?} {m} {k} {n}");
    b.finish(name, Body::MatMul { k, a: left, b: right })
}

/// Products of random shapes.
pub(crate) fn random_matmul(seed: u64) -> Case {
    let mut random = Stream::new(seed, "matmul shapes");
    loop {
        let rank = random.below(3);
        let batch = lengths(&mut random, rank, 200);
        let mut pick = || LENGTHS[random.below(LENGTHS.len())];
        let sizes = [pick(), pick(), pick()];
        if shape::numel(&batch) * sizes.iter().product::<usize>() < 400_000 {
            return matmul(seed, &batch, sizes);
        }
    }
}

/// Running sums.
pub(crate) fn cumsum(seed: u64) -> Case {
    let mut random = Stream::new(seed, "cumsum");
    let rank = 1 + random.below(3);
    let domain = lengths(&mut random, rank, 5000);
    let mut b = Builder::new(seed, &domain);
    b.load();
    b.load();
    let reg = b.push(Inst::Binary(Binary::Mul, 0, 1));
    b.store(0, &vec![false; rank]);
    b.finish(format!("cumsum {seed} {domain:?}"), Body::CumSum(reg))
}

/// Gather, with some indices outside the table.
pub(crate) fn gather(count: usize, inner: usize, rows: usize) -> Case {
    let mut b = Builder::new(9, &[count, inner]);
    b.store(0, &[false, false]);
    let table = b.view(&[rows, inner], &[false, false]);
    let index = b.view(&[count, inner], &[false, true]);
    let body = Body::Gather { rows, table, index: index.clone() };
    let mut case = b.finish(format!("gather {count} {inner} {rows}"), body);
    indices(&mut case.memory, &index, count, rows + 2);
    case
}

/// Scatter-add.
pub(crate) fn scatter(count: usize, inner: usize, rows: usize) -> Case {
    let mut b = Builder::new(10, &[rows, inner]);
    b.store(0, &[false, false]);
    let values = b.view(&[count, inner], &[false, false]);
    let index = b.view(&[count, inner], &[false, true]);
    let body = Body::ScatterAdd { count, values, index: index.clone() };
    let mut case = b.finish(format!("scatter {count} {inner} {rows}"), body);
    indices(&mut case.memory, &index, count, rows);
    case
}

fn indices(memory: &mut Memory, index: &View, count: usize, below: usize) {
    let mut random = Stream::new(11, "indices");
    let words = match index.space {
        Space::State => &mut memory.state,
        Space::Arena => &mut memory.arena,
    };
    for i in 0..count {
        words[index.offset + i * index.strides[0]] = random.below(below) as f32;
    }
}
