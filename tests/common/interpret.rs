//! Kernels run in the plainest way: a row of the domain at a time, sums in f64.
use orrery::engine::{
    Binary, Reduction, Unary,
    kernel::{Body, Inst, Kernel, Reg, STEP_WORD, Space, View},
    math, rng, shape,
};

/// State and arena.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory {
    pub(crate) state: Vec<f32>,
    pub(crate) arena: Vec<f32>,
}

impl Memory {
    fn word(&mut self, view: &View, at: &[usize]) -> &mut f32 {
        let steps = at.iter().zip(&view.strides).map(|(i, stride)| i * stride);
        let word = view.offset + steps.sum::<usize>();
        match view.space {
            Space::State => &mut self.state[word],
            Space::Arena => &mut self.arena[word],
        }
    }

    fn get(&mut self, view: &View, at: &[usize]) -> f32 {
        *self.word(view, at)
    }
}

/// Runs a kernel.
pub(crate) fn run(kernel: &Kernel, memory: &mut Memory) {
    let domain = &kernel.domain;
    let rank = domain.len();
    match &kernel.body {
        Body::Rows => rows(kernel, memory),
        Body::Columns(how, reg) => {
            let before = memory.clone();
            for at in places(domain) {
                if at[rank - 2] == 0 {
                    let column: Vec<Vec<usize>> = along(&at, rank - 2, domain[rank - 2]);
                    let values = code(kernel, &mut before.clone(), &column, &[]);
                    let result = reduce(*how, &values[*reg]);
                    for store in &kernel.stores {
                        *memory.word(&store.view, &at) = result;
                    }
                }
            }
        }
        Body::MatMul { k, a, b } => product(kernel, memory, *k, [a, b]),
        Body::CumSum(reg) => {
            for at in places(domain).into_iter().filter(|at| at[rank - 1] == 0) {
                let row = along(&at, rank - 1, domain[rank - 1]);
                let values = code(kernel, memory, &row, &[]);
                let mut sum = 0.0;
                for (at, value) in row.iter().zip(&values[*reg]) {
                    sum += f64::from(*value);
                    for store in &kernel.stores {
                        *memory.word(&store.view, at) = sum as f32;
                    }
                }
            }
        }
        Body::Gather { rows, table, index } => gather(kernel, memory, *rows, [table, index]),
        Body::ScatterAdd { count, values, index } => {
            scatter(kernel, memory, *count, [values, index]);
        }
    }
}

fn product(kernel: &Kernel, memory: &mut Memory, k: usize, [a, b]: [&View; 2]) {
    let rank = kernel.domain.len();
    let mut before = memory.clone();
    for at in places(&kernel.domain) {
        let (mut left, mut right) = (at.clone(), at.clone());
        let mut sum = 0.0;
        for x in 0..k {
            left[rank - 1] = x;
            right[rank - 2] = x;
            sum += f64::from(before.get(a, &left)) * f64::from(before.get(b, &right));
        }
        let values = code(kernel, &mut before, std::slice::from_ref(&at), &[sum as f32]);
        for store in &kernel.stores {
            *memory.word(&store.view, &at) = values[store.reg][0];
        }
    }
}

fn gather(kernel: &Kernel, memory: &mut Memory, rows: usize, [table, index]: [&View; 2]) {
    for at in places(&kernel.domain) {
        let row = memory.get(index, &at).max(0.0) as usize;
        let value = memory.get(table, &[row.min(rows - 1), at[1]]);
        for store in &kernel.stores {
            *memory.word(&store.view, &at) = value;
        }
    }
}

fn scatter(kernel: &Kernel, memory: &mut Memory, count: usize, [values, index]: [&View; 2]) {
    for at in places(&kernel.domain) {
        let mut sum = 0.0;
        for item in 0..count {
            if memory.get(index, &[item, at[1]]) as usize == at[0] {
                sum += f64::from(memory.get(values, &[item, at[1]]));
            }
        }
        for store in &kernel.stores {
            *memory.word(&store.view, &at) = sum as f32;
        }
    }
}

fn rows(kernel: &Kernel, memory: &mut Memory) {
    let domain = &kernel.domain;
    let Some(last) = domain.len().checked_sub(1) else {
        let values = code(kernel, memory, &[vec![]], &[]);
        for store in &kernel.stores {
            *memory.word(&store.view, &[]) = values[store.reg][0];
        }
        return;
    };
    for at in places(domain).into_iter().filter(|at| at[last] == 0) {
        let row = along(&at, last, domain[last]);
        let values = code(kernel, memory, &row, &[]);
        for store in &kernel.stores {
            for (i, at) in row.iter().enumerate() {
                *memory.word(&store.view, at) = values[store.reg][i];
            }
        }
    }
}

/// All coordinates of a domain, row-major.
fn places(domain: &[usize]) -> Vec<Vec<usize>> {
    let strides = shape::strides(domain);
    (0..shape::numel(domain))
        .map(|flat| domain.iter().zip(&strides).map(|(n, s)| flat / s % n).collect())
        .collect()
}

/// The places along one axis.
fn along(at: &[usize], axis: usize, length: usize) -> Vec<Vec<usize>> {
    (0..length)
        .map(|i| {
            let mut place = at.to_vec();
            place[axis] = i;
            place
        })
        .collect()
}

/// Every register at every place of a row.
fn code(
    kernel: &Kernel,
    memory: &mut Memory,
    row: &[Vec<usize>],
    product: &[f32],
) -> Vec<Vec<f32>> {
    let mut regs: Vec<Vec<f32>> = Vec::new();
    for inst in &kernel.code {
        let each = |f: &mut dyn FnMut(usize) -> f32| (0..row.len()).map(f).collect::<Vec<f32>>();
        let get = |reg: Reg, i: usize| regs[reg][i];
        let values = match *inst {
            Inst::Const(x) => vec![x; row.len()],
            Inst::Load(l) => row.iter().map(|at| memory.get(&kernel.loads[l], at)).collect(),
            Inst::Index(axis) => row.iter().map(|at| at[axis] as f32).collect(),
            Inst::Uniform(stream) => {
                row.iter().map(|at| uniform(memory, &kernel.domain, at, stream)).collect()
            }
            Inst::Product => product.to_vec(),
            Inst::Unary(op, x) => each(&mut |i| unary(op, get(x, i))),
            Inst::Binary(op, x, y) => each(&mut |i| binary(op, get(x, i), get(y, i))),
            Inst::Select(c, x, y) => {
                each(&mut |i| if get(c, i) == 0.0 { get(y, i) } else { get(x, i) })
            }
            Inst::Reduce(how, x) => vec![reduce(how, &regs[x]); row.len()],
        };
        regs.push(values);
    }
    regs
}

fn uniform(memory: &Memory, domain: &[usize], at: &[usize], stream: u32) -> f32 {
    let flat: usize = shape::strides(domain).iter().zip(at).map(|(s, i)| s * i).sum();
    let word = |i: usize| memory.state[i] as u32;
    let key = [word(0) | word(1) << 16, word(2) | word(3) << 16];
    let counter = [flat as u32, word(STEP_WORD).wrapping_add(stream << 24)];
    rng::unit(rng::threefry2x32(key, counter)[0])
}

fn unary(op: Unary, x: f32) -> f32 {
    match op {
        Unary::Neg => -x,
        Unary::Recip => 1.0 / x,
        Unary::Exp => math::exp(x),
        Unary::Ln => math::ln(x),
        Unary::Sqrt => math::sqrt(x),
        Unary::Tanh => math::tanh(x),
        Unary::Sigmoid => math::sigmoid(x),
        Unary::Sin => math::sin(x),
        Unary::Cos => math::cos(x),
        Unary::Abs => x.abs(),
        Unary::Floor => math::floor(x),
    }
}

fn binary(op: Binary, a: f32, b: f32) -> f32 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => {
            if b > a {
                b
            } else {
                a
            }
        }
        Binary::Min => {
            if b < a {
                b
            } else {
                a
            }
        }
        Binary::Less => f32::from(a < b),
        Binary::Equal => f32::from(a == b),
    }
}

fn reduce(how: Reduction, values: &[f32]) -> f32 {
    let mut best = 0;
    match how {
        Reduction::Sum => return values.iter().map(|&x| f64::from(x)).sum::<f64>() as f32,
        Reduction::Max | Reduction::ArgMax => {
            for (i, &x) in values.iter().enumerate() {
                if x > values[best] {
                    best = i;
                }
            }
        }
    }
    if how == Reduction::Max { values[best] } else { best as f32 }
}
