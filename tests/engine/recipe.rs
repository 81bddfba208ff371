//! Recipes: programs as lists of steps, which both the engine and the plain twin can follow.
use orrery::engine::{Binary, Graph, Reduction, Unary, Var};

use crate::tensor::Tensor;

/// One value of a recipe, made of values before it, which are named by their position.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Written by the host.
    Input(Tensor),
    /// Known to the graph.
    Constant(Tensor),
    Iota(Vec<usize>, usize),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    /// A value times a number plus a number.
    Affine(usize, f32, f32),
    Select(usize, usize, usize),
    Broadcast(usize, Vec<usize>),
    Reshape(usize, Vec<usize>),
    Permute(usize, Vec<usize>),
    Slice(usize, usize, usize, usize),
    Pad(usize, usize, usize, usize),
    Windows(usize, usize, usize, usize),
    Concat(Vec<usize>, usize),
    Reduce(Reduction, usize, usize),
    CumSum(usize, usize),
    MatMul(usize, usize),
    Gather(usize, usize),
    ScatterAdd(usize, usize, usize),
}

impl Step {
    /// The values it is made of.
    pub(crate) fn operands(&self) -> Vec<usize> {
        match self {
            Self::Input(_) | Self::Constant(_) | Self::Iota(..) => vec![],
            Self::Unary(_, x)
            | Self::Affine(x, ..)
            | Self::Broadcast(x, _)
            | Self::Reshape(x, _)
            | Self::Permute(x, _)
            | Self::Slice(x, ..)
            | Self::Pad(x, ..)
            | Self::Windows(x, ..)
            | Self::Reduce(_, x, _)
            | Self::CumSum(x, _) => vec![*x],
            Self::Binary(_, x, y)
            | Self::MatMul(x, y)
            | Self::Gather(x, y)
            | Self::ScatterAdd(_, x, y) => vec![*x, *y],
            Self::Select(x, y, z) => vec![*x, *y, *z],
            Self::Concat(parts, _) => parts.clone(),
        }
    }

    /// By the plain twin.
    pub(crate) fn eval(&self, v: &[Tensor]) -> Tensor {
        match self {
            Self::Input(t) | Self::Constant(t) => t.clone(),
            Self::Iota(shape, axis) => Tensor::from_fn(shape, |i| i[*axis] as f64),
            Self::Unary(op, x) => v[*x].map(|x| unary(*op, x)),
            Self::Binary(op, x, y) => v[*x].zip(&v[*y], |x, y| binary(*op, x, y)),
            Self::Affine(x, scale, shift) => {
                v[*x].map(|x| x * f64::from(*scale) + f64::from(*shift))
            }
            Self::Select(c, x, y) => Tensor::select(&v[*c], &v[*x], &v[*y]),
            Self::Broadcast(x, shape) => v[*x].broadcast_to(shape),
            Self::Reshape(x, shape) => Tensor::new(shape, v[*x].data.clone()),
            Self::Permute(x, axes) => v[*x].permute(axes),
            Self::Slice(x, axis, start, end) => v[*x].slice(*axis, *start, *end),
            Self::Pad(x, axis, before, after) => v[*x].pad(*axis, *before, *after),
            Self::Windows(x, axis, size, step) => v[*x].windows(*axis, *size, *step),
            Self::Concat(parts, axis) => {
                Tensor::concat(&parts.iter().map(|&p| &v[p]).collect::<Vec<_>>(), *axis)
            }
            Self::Reduce(how, x, axis) => v[*x].reduce(*axis, |line| reduce(*how, line)),
            Self::CumSum(x, axis) => v[*x].cumsum(*axis),
            Self::MatMul(x, y) => v[*x].matmul(&v[*y]),
            Self::Gather(table, index) => v[*table].gather(&v[*index]),
            Self::ScatterAdd(rows, index, values) => {
                Tensor::scatter_add(*rows, &v[*index], &v[*values])
            }
        }
    }

    /// In a graph; the input of step `id` is named `x<id>`.
    pub(crate) fn build<'g>(&self, g: &'g Graph, id: usize, v: &[Var<'g>]) -> Var<'g> {
        match self {
            Self::Input(t) => g.input(&format!("x{id}"), &t.shape),
            Self::Constant(t) => g.constant(&t.f32s(), &t.shape),
            Self::Iota(shape, axis) => g.iota(shape, *axis),
            Self::Unary(op, x) => match op {
                Unary::Neg => -v[*x],
                Unary::Recip => v[*x].recip(),
                Unary::Exp => v[*x].exp(),
                Unary::Ln => v[*x].ln(),
                Unary::Sqrt => v[*x].sqrt(),
                Unary::Tanh => v[*x].tanh(),
                Unary::Sigmoid => v[*x].sigmoid(),
                Unary::Sin => v[*x].sin(),
                Unary::Cos => v[*x].cos(),
                Unary::Abs => v[*x].abs(),
                Unary::Floor => v[*x].floor(),
            },
            Self::Binary(op, x, y) => match op {
                Binary::Add => v[*x] + v[*y],
                Binary::Sub => v[*x] - v[*y],
                Binary::Mul => v[*x] * v[*y],
                Binary::Div => v[*x] / v[*y],
                Binary::Max => v[*x].maximum(v[*y]),
                Binary::Min => v[*x].minimum(v[*y]),
                Binary::Less => v[*x].less(v[*y]),
                Binary::Equal => v[*x].equal(v[*y]),
            },
            Self::Affine(x, scale, shift) => v[*x] * *scale + *shift,
            Self::Select(c, x, y) => Var::select(v[*c], v[*x], v[*y]),
            Self::Broadcast(x, shape) => v[*x].broadcast_to(shape),
            Self::Reshape(x, shape) => v[*x].reshape(shape),
            Self::Permute(x, axes) => v[*x].permute(axes),
            Self::Slice(x, axis, start, end) => v[*x].slice(*axis, *start..*end),
            Self::Pad(x, axis, before, after) => v[*x].pad(*axis, *before, *after),
            Self::Windows(x, axis, size, step) => v[*x].windows(*axis, *size, *step),
            Self::Concat(parts, axis) => {
                Var::concat(&parts.iter().map(|&p| v[p]).collect::<Vec<_>>(), *axis)
            }
            Self::Reduce(how, x, axis) => match how {
                Reduction::Sum => v[*x].sum(&[*axis]),
                Reduction::Max => v[*x].max(&[*axis]),
                Reduction::ArgMax => v[*x].argmax(*axis),
            },
            Self::CumSum(x, axis) => v[*x].cumsum(*axis),
            Self::MatMul(x, y) => v[*x].matmul(v[*y]),
            Self::Gather(table, index) => v[*table].gather(v[*index]),
            Self::ScatterAdd(rows, index, values) => Var::scatter_add(*rows, v[*index], v[*values]),
        }
    }
}

fn unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Recip => 1.0 / x,
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Abs => x.abs(),
        Unary::Floor => x.floor(),
    }
}

fn binary(op: Binary, x: f64, y: f64) -> f64 {
    match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        Binary::Max => x.max(y),
        Binary::Min => x.min(y),
        Binary::Less => f64::from(x < y),
        Binary::Equal => f64::from(x == y),
    }
}

fn reduce(how: Reduction, line: &[f64]) -> f64 {
    let greatest = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match how {
        Reduction::Sum => line.iter().sum(),
        Reduction::Max => greatest,
        Reduction::ArgMax => line.iter().position(|&x| x == greatest).unwrap_or(0) as f64,
    }
}

/// A program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipe {
    pub(crate) steps: Vec<Step>,
}

impl Recipe {
    /// Adds a step and returns its position.
    pub(crate) fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    /// All values, by the plain twin.
    pub(crate) fn eval(&self) -> Vec<Tensor> {
        let mut values = Vec::new();
        for step in &self.steps {
            values.push(step.eval(&values));
        }
        values
    }

    /// All values, in a graph.
    pub(crate) fn build<'g>(&self, g: &'g Graph) -> Vec<Var<'g>> {
        let mut values = Vec::new();
        for (id, step) in self.steps.iter().enumerate() {
            values.push(step.build(g, id, &values));
        }
        values
    }

    /// The values that no step uses.
    pub(crate) fn results(&self) -> Vec<usize> {
        let used: Vec<usize> = self.steps.iter().flat_map(Step::operands).collect();
        (0..self.steps.len()).filter(|id| !used.contains(id)).collect()
    }

    /// Position and content of the inputs.
    pub(crate) fn inputs(&self) -> Vec<(usize, &Tensor)> {
        let inputs = self.steps.iter().enumerate();
        inputs
            .filter_map(|(id, step)| if let Step::Input(t) = step { Some((id, t)) } else { None })
            .collect()
    }
}
