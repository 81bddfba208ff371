//! Building a graph through `Copy` handles, so that formulas look like formulas.
//!
//! Mistakes do not interrupt a formula: the graph keeps the first one, with the shapes and the line
//! that made it, and [`Graph::compile`] returns it. Binary operators broadcast as `NumPy`'s do.
use super::{
    op::{Binary, Init, Op, Reduction, Unary},
    shape::{self, numel},
};
use crate::error::{Error, Result};
use std::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Range, Sub},
    panic::Location,
};

/// Number of a node in its graph.
pub(super) type NodeId = usize;

/// A primitive with its operands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) inputs: Vec<NodeId>,
    pub(super) shape: Vec<usize>,
}

/// What a graph holds; nodes stand after their operands.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) all: Vec<Node>,
    /// Name and node of each value that can be read back.
    pub(super) outputs: Vec<(String, NodeId)>,
    /// State node and its value after the step.
    pub(super) updates: Vec<(NodeId, NodeId)>,
    /// Names of the streams of random numbers, by number.
    streams: Vec<String>,
    error: Option<Error>,
}

/// A computation of static shapes, before it is compiled.
#[derive(Debug, Default)]
pub struct Graph {
    inner: RefCell<Nodes>,
}

/// A value in a graph.
#[derive(Clone, Copy, Debug)]
pub struct Var<'g> {
    pub(super) graph: &'g Graph,
    pub(super) id: NodeId,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tensor that the host writes before a run.
    #[track_caller]
    pub fn input(&self, name: &str, shape: impl AsRef<[usize]>) -> Var<'_> {
        self.named(name, |n| matches!(n, Op::Input(_)), Op::Input(name.to_owned()), shape.as_ref())
    }

    /// A tensor kept between steps, shared by name between the programs that use one state.
    #[track_caller]
    pub fn state(&self, name: &str, shape: impl AsRef<[usize]>, init: Init) -> Var<'_> {
        let op = Op::State(name.to_owned(), init);
        self.named(name, |n| matches!(n, Op::State(..)), op, shape.as_ref())
    }

    /// One number.
    #[track_caller]
    pub fn scalar(&self, value: f32) -> Var<'_> {
        self.push(Op::Scalar(value), &[])
    }

    /// Numbers known now, in row-major order.
    #[track_caller]
    pub fn constant(&self, values: &[f32], shape: impl AsRef<[usize]>) -> Var<'_> {
        let shape = shape.as_ref();
        if values.len() != numel(shape) {
            self.fail("constant", &[values.len()], shape);
        }
        let mut values = values.to_vec();
        values.resize(numel(shape), 0.0);
        self.leaf(Op::Data(values), shape)
    }

    /// Zeros.
    #[track_caller]
    pub fn zeros(&self, shape: impl AsRef<[usize]>) -> Var<'_> {
        self.scalar(0.0).broadcast_to(shape)
    }

    /// The coordinate along an axis.
    #[track_caller]
    pub fn iota(&self, shape: impl AsRef<[usize]>, axis: usize) -> Var<'_> {
        let shape = shape.as_ref();
        if axis >= shape.len() {
            self.fail("iota", shape, &[axis]);
        }
        self.leaf(Op::Iota(axis), shape)
    }

    /// Uniform numbers in `[0, 1)`, new at every step, one stream a purpose.
    ///
    /// They belong to the [`Self::step`], so a program that assigns nothing draws the same again.
    #[track_caller]
    pub fn uniform(&self, purpose: &str, shape: impl AsRef<[usize]>) -> Var<'_> {
        let stream = {
            let mut inner = self.inner.borrow_mut();
            inner.streams.iter().position(|s| s == purpose).unwrap_or_else(|| {
                inner.streams.push(purpose.to_owned());
                inner.streams.len() - 1
            })
        };
        self.leaf(Op::Uniform(stream as u32), shape.as_ref())
    }

    /// Steps taken before this one, a scalar; a program that assigns no state takes none.
    pub fn step(&self) -> Var<'_> {
        self.state(STEP, [], Init::Zeros)
    }

    /// Makes a value readable under a name.
    #[track_caller]
    pub fn output(&self, name: &str, value: Var<'_>) {
        let mut inner = self.inner.borrow_mut();
        if inner.outputs.iter().any(|(n, _)| n == name) {
            inner.fail(Error::Duplicate { kind: "output", name: name.to_owned() });
        }
        inner.outputs.push((name.to_owned(), value.id));
    }

    /// Gives a state tensor the value it has from the next step on.
    #[track_caller]
    pub fn assign(&self, state: Var<'_>, value: Var<'_>) {
        let (to, from) = (state.shape(), value.shape());
        if to != from {
            self.fail("assign", &to, &from);
        }
        let mut inner = self.inner.borrow_mut();
        if !matches!(inner.all[state.id].op, Op::State(..)) {
            inner.fail(Error::Unknown { kind: "state", name: format!("node {}", state.id) });
        }
        inner.updates.push((state.id, value.id));
    }

    /// The derivatives of a scalar with respect to some values.
    #[track_caller]
    pub fn grad<'g>(&'g self, loss: Var<'g>, wrt: &[Var<'g>]) -> Vec<Var<'g>> {
        if numel(&loss.shape()) != 1 {
            self.fail("grad", &loss.shape(), &[]);
        }
        if self.inner.borrow().error.is_some() {
            // The shapes after a mistake are not to be relied on.
            return wrt.iter().map(|v| self.zeros(v.shape())).collect();
        }
        super::grad::grad(self, loss, wrt)
    }

    /// The nodes, or the first mistake made while building.
    pub(super) fn finish(&self) -> Result<Nodes> {
        let inner = self.inner.borrow();
        match &inner.error {
            Some(error) => Err(error.clone()),
            None => Ok(inner.clone()),
        }
    }

    pub(super) fn nodes(&self) -> std::cell::Ref<'_, Nodes> {
        self.inner.borrow()
    }

    pub(super) fn node(&self, id: NodeId) -> Node {
        self.inner.borrow().all[id].clone()
    }

    #[track_caller]
    fn leaf(&self, op: Op, shape: &[usize]) -> Var<'_> {
        if numel(shape) == 0 {
            self.fail(op.name(), shape, &[]);
        }
        self.add_node(Node { op, inputs: vec![], shape: shape.to_vec() })
    }

    /// The leaf of that name, made if it is new; another shape under the same name is a mistake.
    #[track_caller]
    fn named(&self, name: &str, kind: fn(&Op) -> bool, op: Op, shape: &[usize]) -> Var<'_> {
        let found = self.inner.borrow().all.iter().position(|node| match &node.op {
            Op::Input(n) | Op::State(n, _) => n == name && kind(&node.op),
            _ => false,
        });
        match found {
            Some(id) => {
                let present = self.node(id).shape;
                if present != shape {
                    self.fail(op.name(), &present, shape);
                }
                Var { graph: self, id }
            }
            None => self.leaf(op, shape),
        }
    }

    #[track_caller]
    pub(super) fn push(&self, op: Op, inputs: &[Var<'_>]) -> Var<'_> {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(Var::shape).collect();
        let views: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        // No closure: it would hide the caller's line from `fail`.
        let shape = if let Some(shape) = op.shape(&views).filter(|s| numel(s) > 0) {
            shape
        } else {
            let first = shapes.first().cloned().unwrap_or_default();
            let wanted = match &op {
                Op::Broadcast(to) | Op::Reshape(to) | Op::Permute(to) => to.clone(),
                Op::Slice { axis, start, end } => vec![*axis, *start, *end],
                Op::Windows { axis, size, step } => vec![*axis, *size, *step],
                Op::Reduce(_, axis) | Op::CumSum(axis) | Op::Pad { axis, .. } => vec![*axis],
                _ => shapes.iter().rfind(|s| **s != first).unwrap_or(&first).clone(),
            };
            self.fail(op.name(), &first, &wanted);
            wanted
        };
        self.add_node(Node { op, inputs: inputs.iter().map(|v| v.id).collect(), shape })
    }

    fn add_node(&self, node: Node) -> Var<'_> {
        let mut inner = self.inner.borrow_mut();
        inner.all.push(node);
        Var { graph: self, id: inner.all.len() - 1 }
    }

    #[track_caller]
    fn fail(&self, op: &'static str, lhs: &[usize], rhs: &[usize]) {
        let place = Location::caller();
        self.inner.borrow_mut().fail(Error::Shape {
            op,
            lhs: lhs.to_vec(),
            rhs: rhs.to_vec(),
            place: format!("{}:{}", place.file(), place.line()),
        });
    }
}

/// Name of the state tensor that counts steps; it lives in the header of the state buffer.
pub(super) const STEP: &str = "step";

impl Nodes {
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

macro_rules! unary {
    ($($(#[doc = $doc:literal])* $name:ident => $op:ident;)*) => { $(
        $(#[doc = $doc])*
        #[must_use]
        #[track_caller]
        pub fn $name(self) -> Self {
            self.graph.push(Op::Unary(Unary::$op), &[self])
        }
    )* };
}

macro_rules! binary {
    ($($(#[doc = $doc:literal])* $name:ident => $op:ident;)*) => { $(
        $(#[doc = $doc])*
        #[must_use]
        #[track_caller]
        pub fn $name(self, other: impl IntoVar<'g>) -> Self {
            self.binary(Binary::$op, other)
        }
    )* };
}

impl<'g> Var<'g> {
    unary! {
        /// 1/x.
        recip => Recip;
        /// eˣ.
        exp => Exp;
        /// Natural logarithm.
        ln => Ln;
        /// Square root.
        sqrt => Sqrt;
        /// Hyperbolic tangent.
        tanh => Tanh;
        /// Logistic function.
        sigmoid => Sigmoid;
        /// Sine of an angle in radians.
        sin => Sin;
        /// Cosine of an angle in radians.
        cos => Cos;
        /// Absolute value.
        abs => Abs;
        /// Largest whole number not above.
        floor => Floor;
    }

    binary! {
        /// The greater of both, element by element.
        maximum => Max;
        /// The lesser of both, element by element.
        minimum => Min;
        /// One where this is less, else zero.
        less => Less;
        /// One where both are equal, else zero.
        equal => Equal;
    }

    /// The shape, outermost axis first.
    pub fn shape(&self) -> Vec<usize> {
        self.graph.inner.borrow().all[self.id].shape.clone()
    }

    /// The length of an axis; one if there is no such axis.
    pub fn dim(&self, axis: usize) -> usize {
        self.graph.inner.borrow().all[self.id].shape.get(axis).copied().unwrap_or(1)
    }

    /// The graph this belongs to.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// max(x, 0).
    #[must_use]
    #[track_caller]
    pub fn relu(self) -> Self {
        self.maximum(0.0)
    }

    /// x².
    #[must_use]
    #[track_caller]
    pub fn square(self) -> Self {
        self * self
    }

    /// `a` where `condition` is not zero, else `b`; all three broadcast.
    #[must_use]
    #[track_caller]
    pub fn select(condition: Self, a: impl IntoVar<'g>, b: impl IntoVar<'g>) -> Self {
        let graph = condition.graph;
        let (a, b) = (a.into_var(graph), b.into_var(graph));
        let shape = shape::broadcast(&a.shape(), &b.shape())
            .and_then(|s| shape::broadcast(&condition.shape(), &s));
        let Some(shape) = shape else {
            graph.fail("select", &a.shape(), &b.shape());
            return condition;
        };
        let [condition, a, b] = [condition, a, b].map(|v| v.broadcast_to(&shape));
        graph.push(Op::Select, &[condition, a, b])
    }

    /// Sums over axes, which stay with length one.
    #[must_use]
    #[track_caller]
    pub fn sum(self, axes: &[usize]) -> Self {
        self.reduce_all(Reduction::Sum, axes)
    }

    /// Greatest over axes, which stay with length one.
    #[must_use]
    #[track_caller]
    pub fn max(self, axes: &[usize]) -> Self {
        self.reduce_all(Reduction::Max, axes)
    }

    /// Mean over axes, which stay with length one.
    #[must_use]
    #[track_caller]
    pub fn mean(self, axes: &[usize]) -> Self {
        let count: usize = axes.iter().map(|&a| self.dim(a)).product();
        self.sum(axes) * (1.0 / count as f32)
    }

    /// Sum of all elements, a scalar.
    #[must_use]
    #[track_caller]
    pub fn sum_all(self) -> Self {
        self.reshape([1, numel(&self.shape())]).sum(&[1]).reshape([])
    }

    /// Mean of all elements, a scalar.
    #[must_use]
    #[track_caller]
    pub fn mean_all(self) -> Self {
        self.sum_all() * (1.0 / numel(&self.shape()) as f32)
    }

    /// Index of the greatest element along an axis (the first of several), which stays with length one.
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: usize) -> Self {
        self.reduce(Reduction::ArgMax, axis)
    }

    /// Running sum along an axis.
    #[must_use]
    #[track_caller]
    pub fn cumsum(self, axis: usize) -> Self {
        self.graph.push(Op::CumSum(axis), &[self])
    }

    /// Another shape for the same elements in row-major order.
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl AsRef<[usize]>) -> Self {
        self.graph.push(Op::Reshape(shape.as_ref().to_vec()), &[self])
    }

    /// Axis `i` of the result is axis `axes[i]` of this.
    #[must_use]
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Self {
        self.graph.push(Op::Permute(axes.to_vec()), &[self])
    }

    /// The last two axes exchanged.
    #[must_use]
    #[track_caller]
    pub fn transpose(self) -> Self {
        let rank = self.shape().len();
        let mut axes: Vec<usize> = (0..rank).collect();
        if rank < 2 {
            self.graph.fail("transpose", &self.shape(), &[]);
        } else {
            axes.swap(rank - 1, rank - 2);
        }
        self.permute(&axes)
    }

    /// Repeats axes of length one, and adds axes in front, to reach a shape.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        if self.shape() == shape {
            self
        } else {
            self.graph.push(Op::Broadcast(shape.to_vec()), &[self])
        }
    }

    /// Elements `range` of an axis.
    #[must_use]
    #[track_caller]
    pub fn slice(self, axis: usize, range: Range<usize>) -> Self {
        self.graph.push(Op::Slice { axis, start: range.start, end: range.end }, &[self])
    }

    /// Zeros before and after an axis.
    #[must_use]
    #[track_caller]
    pub fn pad(self, axis: usize, before: usize, after: usize) -> Self {
        if before + after == 0 {
            self
        } else {
            self.graph.push(Op::Pad { axis, before, after }, &[self])
        }
    }

    /// Windows of `size` elements, `step` apart: `axis` counts windows, a last axis is added for their elements.
    #[must_use]
    #[track_caller]
    pub fn windows(self, axis: usize, size: usize, step: usize) -> Self {
        self.graph.push(Op::Windows { axis, size, step }, &[self])
    }

    /// Values one after another along an axis; at least one.
    #[must_use]
    #[track_caller]
    pub fn concat(parts: &[Self], axis: usize) -> Self {
        assert!(!parts.is_empty(), "concat of nothing");
        if let [part] = parts { *part } else { parts[0].graph.push(Op::Concat(axis), parts) }
    }

    /// Matrix product over the last two axes; the axes before them broadcast.
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let batch = (a.len() >= 2 && b.len() >= 2)
            .then(|| shape::broadcast(&a[..a.len() - 2], &b[..b.len() - 2]))
            .flatten();
        let Some(batch) = batch else {
            self.graph.fail("matmul", &a, &b);
            return self;
        };
        let widen = |v: Self, s: &[usize]| v.broadcast_to([&batch, &s[s.len() - 2..]].concat());
        self.graph.push(Op::MatMul, &[widen(self, &a), widen(other, &b)])
    }

    /// Rows of this `[rows, ..]` at whole numbers of any shape: `index.shape + this.shape[1..]`.
    #[must_use]
    #[track_caller]
    pub fn gather(self, index: Self) -> Self {
        self.graph.push(Op::Gather, &[self, index])
    }

    /// Zeros `[rows, ..]` plus, for each index, the matching row of `values` (`index.shape + ..`).
    #[must_use]
    #[track_caller]
    pub fn scatter_add(rows: usize, index: Self, values: Self) -> Self {
        index.graph.push(Op::ScatterAdd(rows), &[index, values])
    }

    /// The same value, through which no derivative flows.
    #[must_use]
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        self.graph.push(Op::StopGradient, &[self])
    }

    /// Reduces axes one after another; no closure, which would hide the caller's line.
    #[track_caller]
    fn reduce_all(self, how: Reduction, axes: &[usize]) -> Self {
        let mut x = self;
        for &axis in axes {
            x = x.reduce(how, axis);
        }
        x
    }

    #[track_caller]
    pub(super) fn reduce(self, how: Reduction, axis: usize) -> Self {
        self.graph.push(Op::Reduce(how, axis), &[self])
    }

    #[track_caller]
    fn binary(self, op: Binary, other: impl IntoVar<'g>) -> Self {
        let other = other.into_var(self.graph);
        let (a, b) = (self.shape(), other.shape());
        let Some(shape) = shape::broadcast(&a, &b) else {
            self.graph.fail(Op::Binary(op).name(), &a, &b);
            return self;
        };
        self.graph.push(Op::Binary(op), &[self.broadcast_to(&shape), other.broadcast_to(&shape)])
    }
}

/// A value or a number.
pub trait IntoVar<'g> {
    /// As a value of that graph.
    fn into_var(self, graph: &'g Graph) -> Var<'g>;
}

impl<'g> IntoVar<'g> for Var<'g> {
    fn into_var(self, graph: &'g Graph) -> Self {
        assert!(std::ptr::eq(self.graph, graph), "values of two graphs in one operation");
        self
    }
}

impl<'g> IntoVar<'g> for f32 {
    fn into_var(self, graph: &'g Graph) -> Var<'g> {
        graph.scalar(self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => { $(
        impl<'g, T: IntoVar<'g>> $trait<T> for Var<'g> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: T) -> Self {
                self.binary(Binary::$trait, other)
            }
        }

        impl<'g> $trait<Var<'g>> for f32 {
            type Output = Var<'g>;
            #[track_caller]
            fn $method(self, other: Var<'g>) -> Var<'g> {
                other.graph.scalar(self).binary(Binary::$trait, other)
            }
        }
    )* };
}

operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}

impl Neg for Var<'_> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.graph.push(Op::Unary(Unary::Neg), &[self])
    }
}

#[cfg(test)]
mod tests;
