//! The primitives of a graph, and the shape each one yields.
//!
//! Anything that can be said with these is a function in `models`, not a primitive. Shape,
//! derivative (`grad.rs`), kernel (`fuse.rs`) are each one exhaustive `match` over [`Op`].
use super::{
    shape::{broadcast, numel},
    sort::ascending,
};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unary {
    /// −x.
    Neg,
    /// 1/x.
    Recip,
    /// eˣ.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Square root.
    Sqrt,
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function 1/(1+e⁻ˣ).
    Sigmoid,
    /// Sine of an angle in radians.
    Sin,
    /// Cosine of an angle in radians.
    Cos,
    /// Absolute value.
    Abs,
    /// Largest whole number not above x.
    Floor,
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binary {
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a · b.
    Mul,
    /// a / b.
    Div,
    /// The greater of both.
    Max,
    /// The lesser of both.
    Min,
    /// One if a < b, else zero.
    Less,
    /// One if a = b, else zero.
    Equal,
}

/// How an axis is reduced to one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reduction {
    /// Sum of the elements.
    Sum,
    /// Greatest element.
    Max,
    /// Index of the greatest element; the first of several.
    ArgMax,
}

/// How a state tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zeros.
    Zeros,
    /// All of one value.
    Constant(f32),
    /// Uniform in `[-bound, bound)`.
    Uniform(f32),
    /// Normal with this standard deviation.
    Normal(f32),
    /// Glorot & Bengio 2010, eq. 16: uniform, bound √(`6/(fan_in+fan_out)`), over the last two axes.
    Glorot,
    /// As [`Init::Glorot`], scaled.
    GlorotScaled(f32),
    /// He et al. 2015, eq. 10: normal, standard deviation √(`2/fan_in`), over the last two axes.
    He,
}

/// A primitive. Inputs are listed in the node that holds the op.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Written by the host before a run.
    Input(String),
    /// Kept between steps.
    State(String, Init),
    /// One number, of shape `[]`.
    Scalar(f32),
    /// Numbers known when the graph is built, of the node's shape.
    Data(Vec<f32>),
    /// The coordinate along an axis of the node's shape.
    Iota(usize),
    /// Uniform numbers in `[0, 1)`, new at every step; the stream number tells purposes apart.
    Uniform(u32),
    /// A function of one number, element by element.
    Unary(Unary),
    /// A function of two numbers, element by element, equal shapes.
    Binary(Binary),
    /// The second where the first is not zero, else the third; equal shapes.
    Select,
    /// Repeats axes of length one.
    Broadcast(Vec<usize>),
    /// The same elements in the same order under another shape.
    Reshape(Vec<usize>),
    /// Axis `i` of the result is axis `axes[i]` of the operand.
    Permute(Vec<usize>),
    /// Elements `start..end` of an axis.
    Slice {
        /// Which axis.
        axis: usize,
        /// First element.
        start: usize,
        /// One past the last element.
        end: usize,
    },
    /// Zeros before and after an axis.
    Pad {
        /// Which axis.
        axis: usize,
        /// Zeros before.
        before: usize,
        /// Zeros after.
        after: usize,
    },
    /// Overlapping windows of an axis: it becomes the number of windows, and a last axis of `size` is added.
    Windows {
        /// Which axis.
        axis: usize,
        /// Elements of a window.
        size: usize,
        /// Elements from one window to the next.
        step: usize,
    },
    /// Operands one after another along an axis.
    Concat(usize),
    /// Reduces one axis, which stays with length one.
    Reduce(Reduction, usize),
    /// Running sum along an axis.
    CumSum(usize),
    /// `[.., m, k] · [.., k, n]`; the leading axes are equal.
    MatMul,
    /// Rows of the first operand `[rows, ..]` at the whole numbers of the second.
    Gather,
    /// Zeros `[rows, ..]` plus each row of the second operand at the index in the first.
    ScatterAdd(usize),
    /// The operand, through which no derivative flows.
    StopGradient,
}

impl Op {
    /// Name in messages and listings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::State(..) => "state",
            Self::Scalar(_) => "scalar",
            Self::Data(_) => "data",
            Self::Iota(_) => "iota",
            Self::Uniform(_) => "uniform",
            Self::Unary(u) => match u {
                Unary::Neg => "neg",
                Unary::Recip => "recip",
                Unary::Exp => "exp",
                Unary::Ln => "ln",
                Unary::Sqrt => "sqrt",
                Unary::Tanh => "tanh",
                Unary::Sigmoid => "sigmoid",
                Unary::Sin => "sin",
                Unary::Cos => "cos",
                Unary::Abs => "abs",
                Unary::Floor => "floor",
            },
            Self::Binary(b) => match b {
                Binary::Add => "add",
                Binary::Sub => "sub",
                Binary::Mul => "mul",
                Binary::Div => "div",
                Binary::Max => "maximum",
                Binary::Min => "minimum",
                Binary::Less => "less",
                Binary::Equal => "equal",
            },
            Self::Select => "select",
            Self::Broadcast(_) => "broadcast",
            Self::Reshape(_) => "reshape",
            Self::Permute(_) => "permute",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Windows { .. } => "windows",
            Self::Concat(_) => "concat",
            Self::Reduce(Reduction::Sum, _) => "sum",
            Self::Reduce(Reduction::Max, _) => "max",
            Self::Reduce(Reduction::ArgMax, _) => "argmax",
            Self::CumSum(_) => "cumsum",
            Self::MatMul => "matmul",
            Self::Gather => "gather",
            Self::ScatterAdd(_) => "scatter_add",
            Self::StopGradient => "stop_gradient",
        }
    }

    /// The shape of the result, or `None` if the operands do not fit.
    ///
    /// Leaves bring their shape with them and are not asked.
    #[expect(clippy::too_many_lines, reason = "one table over all primitives")]
    pub(super) fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let first = inputs.first().map(|s| s.to_vec());
        match self {
            Self::Input(_) | Self::State(..) | Self::Data(_) | Self::Iota(_) | Self::Uniform(_) => {
                None
            }
            Self::Scalar(_) => Some(vec![]),
            Self::Unary(_) | Self::StopGradient => first,
            Self::Binary(_) => (inputs[0] == inputs[1]).then(|| inputs[0].to_vec()),
            Self::Select => {
                (inputs[0] == inputs[1] && inputs[1] == inputs[2]).then(|| inputs[0].to_vec())
            }
            Self::Broadcast(to) => {
                (broadcast(inputs[0], to).as_ref() == Some(to)).then(|| to.clone())
            }
            Self::Reshape(to) => (numel(inputs[0]) == numel(to)).then(|| to.clone()),
            Self::Permute(axes) => {
                let mut sorted = axes.clone();
                ascending(&mut sorted);
                (sorted.into_iter().eq(0..inputs[0].len()))
                    .then(|| axes.iter().map(|&a| inputs[0][a]).collect())
            }
            Self::Slice { axis, start, end } => {
                let mut shape = first?;
                let length = shape.get_mut(*axis)?;
                (start < end && *end <= *length).then(|| *length = end - start)?;
                Some(shape)
            }
            Self::Pad { axis, before, after } => {
                let mut shape = first?;
                *shape.get_mut(*axis)? += before + after;
                Some(shape)
            }
            Self::Windows { axis, size, step } => {
                let mut shape = first?;
                let length = shape.get_mut(*axis)?;
                (*size > 0 && *step > 0 && size <= length)
                    .then(|| *length = (*length - size) / step + 1)?;
                shape.push(*size);
                Some(shape)
            }
            Self::Concat(axis) => {
                let mut shape = first?;
                *shape.get_mut(*axis)? =
                    inputs.iter().map(|s| s.get(*axis).copied()).sum::<Option<_>>()?;
                let fits = |s: &&[usize]| {
                    s.len() == shape.len() && (0..s.len()).all(|i| i == *axis || s[i] == shape[i])
                };
                inputs.iter().all(fits).then_some(shape)
            }
            Self::Reduce(_, axis) => {
                let mut shape = first?;
                *shape.get_mut(*axis)? = 1;
                Some(shape)
            }
            Self::CumSum(axis) => (*axis < inputs[0].len()).then_some(first?),
            Self::MatMul => {
                let (a, b) = (inputs[0], inputs[1]);
                let rank = a.len();
                (rank >= 2
                    && rank == b.len()
                    && a[..rank - 2] == b[..rank - 2]
                    && a[rank - 1] == b[rank - 2])
                    .then(|| [&a[..rank - 1], &b[rank - 1..]].concat())
            }
            Self::Gather => (!inputs[0].is_empty()).then(|| [inputs[1], &inputs[0][1..]].concat()),
            Self::ScatterAdd(rows) => {
                let (index, values) = (inputs[0], inputs[1]);
                (values.len() >= index.len() && values[..index.len()] == *index)
                    .then(|| [&[*rows], &values[index.len()..]].concat())
            }
        }
    }
}
