//! Simplification: what a graph computes, with fewer and plainer nodes.
//!
//! Dead nodes go, equal nodes become one, constants are folded, identities vanish; padding becomes
//! concatenation with zeros, sums of disjoint paddings one concatenation (the adjoint of slicing a
//! tensor into parts), and the sum of a batch of products one product over a longer axis.
use super::{
    cpu::scalar,
    fuse::is_view,
    graph::{Node, NodeId, Nodes},
    live::live,
    op::{Binary, Op, Reduction, Unary},
    shape::numel,
    sort::sorted,
};
use std::collections::BTreeMap;

/// The same outputs and updates from simpler nodes.
pub(super) fn simplify(from: &Nodes) -> Nodes {
    let mut builder = Builder::default();
    let mut map: Vec<NodeId> = Vec::with_capacity(from.all.len());
    for node in &from.all {
        let inputs = node.inputs.iter().map(|&i| map[i]).collect();
        map.push(builder.add(node.op.clone(), inputs, node.shape.clone()));
    }
    let mut outputs: Vec<(String, NodeId)> = Vec::new();
    for (name, id) in &from.outputs {
        let taken = outputs.iter().any(|&(_, other)| other == map[*id]);
        outputs.push((name.clone(), builder.own(map[*id], taken)));
    }
    let updates: Vec<_> =
        from.updates.iter().map(|&(s, v)| (map[s], builder.own(map[v], false))).collect();
    live(builder.nodes, outputs, updates)
}

/// Nodes without repetition.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    known: BTreeMap<String, NodeId>,
}

impl Builder {
    /// The node, or a copy of it if it has no memory of its own to be read from.
    fn own(&mut self, id: NodeId, taken: bool) -> NodeId {
        let node = &self.nodes[id];
        let leaf = node.inputs.is_empty() && !matches!(node.op, Op::Uniform(_));
        if !taken && !leaf && !is_view(&node.op) {
            return id;
        }
        let flat = vec![numel(&node.shape)];
        let view = self.insert(Op::Reshape(flat.clone()), vec![id], flat.clone());
        // Not shared: each taker has its own.
        self.nodes.push(Node { op: Op::Concat(0), inputs: vec![view], shape: flat });
        self.nodes.len() - 1
    }

    /// The node, in memory even if it is the same number everywhere.
    fn solid(&mut self, id: NodeId) -> NodeId {
        let Some(value) = splat_value(&self.nodes, id) else { return id };
        let shape = self.nodes[id].shape.clone();
        let flat = vec![numel(&shape)];
        let numbers = self.splat(value, &flat);
        let written = self.insert(Op::Concat(0), vec![numbers], flat);
        self.reshape(written, shape)
    }

    /// The node for an op, or a simpler one of the same value.
    fn add(&mut self, op: Op, mut inputs: Vec<NodeId>, shape: Vec<usize>) -> NodeId {
        if op == Op::MatMul
            && let Some(zeros) = self.product_with_zeros(&inputs, &shape)
        {
            return zeros;
        }
        if matches!(op, Op::MatMul | Op::Gather | Op::ScatterAdd(_)) {
            inputs.iter_mut().for_each(|input| *input = self.solid(*input));
        }
        self.rewrite(&op, &inputs, &shape).unwrap_or_else(|| self.insert(op, inputs, shape))
    }

    fn insert(&mut self, op: Op, inputs: Vec<NodeId>, shape: Vec<usize>) -> NodeId {
        // Bits, not the printed number, tell constants apart.
        let key = match &op {
            Op::Scalar(v) => format!("scalar {:x}", v.to_bits()),
            Op::Data(v) => {
                let bits: Vec<u32> = v.iter().map(|x| x.to_bits()).collect();
                format!("data {shape:?} {bits:x?}")
            }
            _ => format!("{op:?} {inputs:?} {shape:?}"),
        };
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        self.nodes.push(Node { op, inputs, shape });
        self.known.insert(key, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn splat(&mut self, value: f32, shape: &[usize]) -> NodeId {
        let scalar = self.insert(Op::Scalar(value), vec![], vec![]);
        if shape.is_empty() {
            return scalar;
        }
        self.insert(Op::Broadcast(shape.to_vec()), vec![scalar], shape.to_vec())
    }

    fn rewrite(&mut self, op: &Op, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let value = |b: &Self, i: usize| splat_value(&b.nodes, inputs[i]);
        match op {
            Op::StopGradient => Some(inputs[0]),
            Op::Unary(u) => {
                if let Some(x) = value(self, 0) {
                    return Some(self.splat(scalar::unary(*u, x), shape));
                }
                let Node { op, inputs: inner, .. } = &self.nodes[inputs[0]];
                if *u == Unary::Neg && *op == Op::Unary(Unary::Neg) {
                    return Some(inner[0]);
                }
                self.once_a_row(&Op::Unary(*u), inputs, shape)
            }
            Op::Binary(b) => match (value(self, 0), value(self, 1)) {
                (Some(x), Some(y)) => Some(self.splat(scalar::binary(*b, x, y), shape)),
                (a, b_value) => identity(*b, a, b_value)
                    .map(|i| inputs[i])
                    .or_else(|| self.once_a_row(op, inputs, shape))
                    .or_else(|| self.rewrite_sum(*b, inputs, shape)),
            },
            Op::Broadcast(_) | Op::Reshape(_) => self.rewrite_view(op, inputs[0], shape),
            Op::Slice { axis, start, end } => {
                self.rewrite_slice(*axis, *start, *end, inputs[0], shape)
            }
            Op::Pad { axis, before, after } => {
                let pieces = [Piece {
                    start: *before,
                    length: shape[*axis] - before - after,
                    node: inputs[0],
                }];
                Some(self.assemble(*axis, &pieces, shape))
            }
            Op::Concat(_) if inputs.len() == 1 => Some(inputs[0]),
            Op::Concat(0) => self.rows_of_concat(inputs, shape),
            Op::Permute(axes) => axes.iter().copied().eq(0..axes.len()).then(|| inputs[0]),
            Op::Gather if !self.is_flat(inputs, shape) => {
                Some(self.flat_gather(inputs[0], inputs[1], shape))
            }
            Op::ScatterAdd(rows) if !self.is_flat(inputs, shape) => {
                Some(self.flat_scatter(*rows, inputs[0], inputs[1], shape))
            }
            Op::Reduce(how, axis) => self.rewrite_reduce(*how, *axis, inputs[0], shape),
            _ => None,
        }
    }

    /// What is the same along the last axis is computed once a row and repeated.
    fn once_a_row(&mut self, op: &Op, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let (&last, outer) = shape.split_last().filter(|&(&last, _)| last > 1)?;
        let row = [outer, &[1]].concat();
        let mut rows = Vec::new();
        for &input in inputs {
            let node = &self.nodes[input];
            rows.push(match splat_value(&self.nodes, input) {
                Some(value) => self.splat(value, &row),
                None if matches!(node.op, Op::Broadcast(_)) => {
                    let inner = node.inputs[0];
                    (self.nodes[inner].shape == row).then_some(inner)?
                }
                None => return None,
            });
        }
        let once = self.add(op.clone(), rows, row);
        let repeated = [outer, &[last]].concat();
        Some(self.add(Op::Broadcast(repeated.clone()), vec![once], repeated))
    }

    /// A product with zeros is zero.
    fn product_with_zeros(&mut self, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let zero = inputs.iter().any(|&input| splat_value(&self.nodes, input) == Some(0.0));
        zero.then(|| self.splat(0.0, shape))
    }

    fn rewrite_view(&mut self, op: &Op, input: NodeId, shape: &[usize]) -> Option<NodeId> {
        let node = &self.nodes[input];
        if node.shape == shape {
            return Some(input);
        }
        if let (true, Some(v)) = (input_is_view(op, node), splat_value(&self.nodes, input)) {
            return Some(self.splat(v, shape));
        }
        // A reshape of a reshape, or a broadcast of a broadcast, is one.
        let same = matches!(
            (op, &node.op),
            (Op::Reshape(_), Op::Reshape(_)) | (Op::Broadcast(_), Op::Broadcast(_))
        );
        let inner = *node.inputs.first()?;
        same.then(|| self.add(op.clone(), vec![inner], shape.to_vec()))
    }

    fn rewrite_slice(
        &mut self,
        axis: usize,
        start: usize,
        end: usize,
        input: NodeId,
        shape: &[usize],
    ) -> Option<NodeId> {
        if self.nodes[input].shape == shape {
            return Some(input);
        }
        if let Some(v) = splat_value(&self.nodes, input) {
            return Some(self.splat(v, shape));
        }
        // A slice that lies in one part of a concatenation.
        let pieces = self.pieces(axis, input)?;
        let piece = pieces.iter().find(|p| p.start <= start && end <= p.start + p.length)?;
        let (from, to, node) = (start - piece.start, end - piece.start, piece.node);
        Some(self.add(Op::Slice { axis, start: from, end: to }, vec![node], shape.to_vec()))
    }

    /// a + (−b) = a − b, and sums of concatenations whose parts do not overlap.
    fn rewrite_sum(&mut self, op: Binary, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        if op != Binary::Add {
            return None;
        }
        if self.nodes[inputs[1]].op == Op::Unary(Unary::Neg) {
            let b = self.nodes[inputs[1]].inputs[0];
            return Some(self.add(Op::Binary(Binary::Sub), vec![inputs[0], b], shape.to_vec()));
        }
        if let Some(sum) = self.sum_of_two_products(inputs, shape) {
            return Some(sum);
        }
        let axis = (0..shape.len())
            .find(|&axis| inputs.iter().all(|&input| self.pieces(axis, input).is_some()))?;
        let mut pieces = self.pieces(axis, inputs[0])?;
        pieces.extend(self.pieces(axis, inputs[1])?);
        pieces.retain(|p| splat_value(&self.nodes, p.node) != Some(0.0));
        let order = sorted(pieces.len(), &|a, b| pieces[a].start.cmp(&pieces[b].start));
        let pieces: Vec<_> = order.into_iter().map(|i| pieces[i]).collect();
        let apart = pieces.windows(2).all(|w| w[0].start + w[0].length <= w[1].start);
        apart.then(|| self.assemble(axis, &pieces, shape))
    }

    /// A₁B₁ + A₂B₂ = [A₁ A₂][B₁; B₂], where the sum would cost more than putting the operands side by
    /// side: the derivative of a weight that is used at every time step.
    fn sum_of_two_products(&mut self, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let [x, y] = [inputs[0], inputs[1]].map(|i| self.nodes[i].clone());
        let rank = shape.len();
        if x.op != Op::MatMul || y.op != Op::MatMul || rank != 2 {
            return None;
        }
        let k = self.nodes[y.inputs[0]].shape[1];
        if shape[0] * shape[1] < k * (shape[0] + shape[1]) {
            return None;
        }
        // Adjoints gather from the last use to the first; side by side they stand in order.
        let a = self.side_by_side(y.inputs[0], x.inputs[0], 1);
        let b = self.side_by_side(y.inputs[1], x.inputs[1], 0);
        Some(self.add(Op::MatMul, vec![a, b], shape.to_vec()))
    }

    /// Two matrices one after the other along an axis.
    fn side_by_side(&mut self, a: NodeId, b: NodeId, axis: usize) -> NodeId {
        let mut shape = self.nodes[a].shape.clone();
        shape[axis] += self.nodes[b].shape[axis];
        let (x, y) = (self.nodes[a].clone(), self.nodes[b].clone());
        if let (Op::Permute(p), Op::Permute(q)) = (&x.op, &y.op)
            && p == q
        {
            let inner = self.side_by_side(x.inputs[0], y.inputs[0], p[axis]);
            return self.add(x.op, vec![inner], shape);
        }
        let parts = |node: &Node, id: NodeId| {
            if node.op == Op::Concat(axis) { node.inputs.clone() } else { vec![id] }
        };
        let parts = [parts(&x, a), parts(&y, b)].concat();
        self.add(Op::Concat(axis), parts, shape)
    }

    /// The parts of a concatenation along an axis.
    fn pieces(&mut self, axis: usize, id: NodeId) -> Option<Vec<Piece>> {
        let Node { op, inputs, shape } = self.nodes[id].clone();
        let mut start = 0;
        let mut place = |node: NodeId, length: usize| {
            start += length;
            Piece { start: start - length, length, node }
        };
        if op == Op::Concat(axis) {
            let pieces = inputs.iter().map(|&part| place(part, self.nodes[part].shape[axis]));
            return Some(pieces.collect());
        }
        // Along the first axis it is a matrix of rows under another shape; see `rows_of_concat`.
        let Op::Reshape(_) = op else { return None };
        let inner = self.nodes[inputs[0]].clone();
        let unit = numel(&shape[1..]);
        let lengths: Vec<usize> =
            inner.inputs.iter().map(|&part| numel(&self.nodes[part].shape)).collect();
        if axis != 0 || inner.op != Op::Concat(0) || lengths.iter().any(|n| n % unit != 0) {
            return None;
        }
        let mut pieces = Vec::new();
        for (part, count) in inner.inputs.into_iter().zip(lengths) {
            let length = count / unit;
            let part = self.reshape(part, [&[length], &shape[1..]].concat());
            pieces.push(place(part, length));
        }
        Some(pieces)
    }

    /// A concatenation along the first axis as one of the rows of matrices, so that parts which are
    /// matrices stand in it as they are.
    fn rows_of_concat(&mut self, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let (&columns, _) = shape.split_last().filter(|_| shape.len() > 2)?;
        let parts: Vec<NodeId> = inputs
            .iter()
            .map(|&part| {
                let rows = numel(&self.nodes[part].shape) / columns;
                self.reshape(part, vec![rows, columns])
            })
            .collect();
        let flat = vec![numel(shape) / columns, columns];
        let whole = self.add(Op::Concat(0), parts, flat);
        Some(self.reshape(whole, shape.to_vec()))
    }

    /// Pieces in order along an axis, zeros between them.
    fn assemble(&mut self, axis: usize, pieces: &[Piece], shape: &[usize]) -> NodeId {
        let mut parts = Vec::new();
        let mut end = 0;
        let zeros = |b: &mut Self, parts: &mut Vec<NodeId>, length: usize| {
            if length > 0 {
                let mut gap = shape.to_vec();
                gap[axis] = length;
                parts.push(b.splat(0.0, &gap));
            }
        };
        for piece in pieces {
            zeros(self, &mut parts, piece.start - end);
            parts.push(piece.node);
            end = piece.start + piece.length;
        }
        zeros(self, &mut parts, shape[axis] - end);
        self.add(Op::Concat(axis), parts, shape.to_vec())
    }

    fn rewrite_reduce(
        &mut self,
        how: Reduction,
        axis: usize,
        input: NodeId,
        shape: &[usize],
    ) -> Option<NodeId> {
        let from = self.nodes[input].shape.clone();
        if from[axis] == 1 {
            return (how != Reduction::ArgMax)
                .then_some(input)
                .or_else(|| Some(self.splat(0.0, shape)));
        }
        // Trailing axes of length one are set aside, so that the reduced axis is the last.
        if axis + 1 < from.len() && from[axis + 1..].iter().all(|&n| n == 1) {
            return Some(self.reduce_as(how, input, &from[..=axis], axis, shape));
        }
        if how == Reduction::ArgMax && axis + 1 < from.len() {
            return Some(self.argmax_last(axis, input, shape));
        }
        if how != Reduction::Sum {
            return None;
        }
        self.sum_of_sum(axis, input, shape).or_else(|| self.sum_of_products(axis, input, shape))
    }

    /// Whether a gather or scatter is one that [`Self::flat_gather`] or [`Self::flat_scatter`] made;
    /// others with two operands of rank two have another rank themselves.
    fn is_flat(&self, inputs: &[NodeId], shape: &[usize]) -> bool {
        shape.len() == 2 && inputs.iter().all(|&i| self.nodes[i].shape.len() == 2)
    }

    /// A gather of rows `[rows, inner]` at `[count, 1]`.
    fn flat_gather(&mut self, table: NodeId, index: NodeId, shape: &[usize]) -> NodeId {
        let (from, count) = (self.nodes[table].shape.clone(), numel(&self.nodes[index].shape));
        let (rows, inner) = (from[0], numel(&from[1..]));
        let table = self.reshape(table, vec![rows, inner]);
        let index = self.reshape(index, vec![count, 1]);
        let flat = self.insert(Op::Gather, vec![table, index], vec![count, inner]);
        self.reshape(flat, shape.to_vec())
    }

    /// A scatter of values `[count, inner]` at `[count, 1]`.
    fn flat_scatter(
        &mut self,
        rows: usize,
        index: NodeId,
        values: NodeId,
        shape: &[usize],
    ) -> NodeId {
        let count = numel(&self.nodes[index].shape);
        let inner = numel(&self.nodes[values].shape) / count;
        let index = self.reshape(index, vec![count, 1]);
        let values = self.reshape(values, vec![count, inner]);
        let flat = self.insert(Op::ScatterAdd(rows), vec![index, values], vec![rows, inner]);
        self.reshape(flat, shape.to_vec())
    }

    fn reshape(&mut self, input: NodeId, shape: Vec<usize>) -> NodeId {
        self.add(Op::Reshape(shape.clone()), vec![input], shape)
    }

    /// The argmax along an axis that is made the last.
    fn argmax_last(&mut self, axis: usize, input: NodeId, shape: &[usize]) -> NodeId {
        let from = self.nodes[input].shape.clone();
        let last = from.len() - 1;
        let mut swap: Vec<usize> = (0..from.len()).collect();
        swap.swap(axis, last);
        let moved: Vec<usize> = swap.iter().map(|&a| from[a]).collect();
        let view = self.add(Op::Permute(swap.clone()), vec![input], moved.clone());
        let mut reduced = moved;
        reduced[last] = 1;
        let index = self.add(Op::Reduce(Reduction::ArgMax, last), vec![view], reduced);
        self.add(Op::Permute(swap), vec![index], shape.to_vec())
    }

    /// Reduces the operand under another shape.
    fn reduce_as(
        &mut self,
        how: Reduction,
        input: NodeId,
        view: &[usize],
        axis: usize,
        shape: &[usize],
    ) -> NodeId {
        let view = view.to_vec();
        let flat = self.add(Op::Reshape(view.clone()), vec![input], view.clone());
        let mut reduced = view;
        reduced[axis] = 1;
        let sum = self.add(Op::Reduce(how, axis), vec![flat], reduced);
        self.add(Op::Reshape(shape.to_vec()), vec![sum], shape.to_vec())
    }

    /// Sums over two neighbouring axes are one over both.
    fn sum_of_sum(&mut self, axis: usize, input: NodeId, shape: &[usize]) -> Option<NodeId> {
        let Node { op: Op::Reduce(Reduction::Sum, inner), inputs, .. } = &self.nodes[input] else {
            return None;
        };
        let (first, second) = (axis.min(*inner), axis.max(*inner));
        if first + 1 != second {
            return None;
        }
        let source = inputs[0];
        let mut view = self.nodes[source].shape.clone();
        view[first] *= view[second];
        view.remove(second);
        Some(self.reduce_as(Reduction::Sum, source, &view, first, shape))
    }

    /// Σᵢ `AᵢBᵢ` over a leading axis is one product over (i, k).
    fn sum_of_products(&mut self, axis: usize, input: NodeId, shape: &[usize]) -> Option<NodeId> {
        let Node { op: Op::MatMul, inputs, shape: from } = &self.nodes[input] else { return None };
        let rank = from.len();
        if axis + 2 >= rank {
            return None;
        }
        let (a, b) = (inputs[0], inputs[1]);
        // a: [.., i, .., m, k] to [.., 1, .., m, i·k]; b: [.., i, .., k, n] to [.., 1, .., i·k, n].
        let a = self.fold_axis(a, axis, rank - 1);
        let b = self.fold_axis(b, axis, rank - 2);
        Some(self.add(Op::MatMul, vec![a, b], shape.to_vec()))
    }

    /// Moves an axis in front of another and merges them; a length one stays in its old place.
    fn fold_axis(&mut self, input: NodeId, axis: usize, into: usize) -> NodeId {
        let shape = self.nodes[input].shape.clone();
        let mut axes: Vec<usize> = (0..shape.len()).filter(|&a| a != axis).collect();
        axes.insert(into - 1, axis);
        let moved: Vec<usize> = axes.iter().map(|&a| shape[a]).collect();
        let id = self.add(Op::Permute(axes), vec![input], moved);
        let mut folded = shape.clone();
        folded[into] *= shape[axis];
        folded[axis] = 1;
        self.add(Op::Reshape(folded.clone()), vec![id], folded)
    }
}

/// A part of a concatenation.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    length: usize,
    node: NodeId,
}

fn input_is_view(op: &Op, node: &Node) -> bool {
    matches!(op, Op::Reshape(_) | Op::Broadcast(_))
        && matches!(node.op, Op::Broadcast(_) | Op::Reshape(_) | Op::Scalar(_))
        && !(matches!(op, Op::Broadcast(_)) && matches!(node.op, Op::Scalar(_)))
}

/// The one value of all elements, if it is known.
pub(super) fn splat_value(nodes: &[Node], id: NodeId) -> Option<f32> {
    match &nodes[id].op {
        Op::Scalar(v) => Some(*v),
        Op::Broadcast(_) | Op::Reshape(_) | Op::Permute(_) | Op::Windows { .. } => {
            splat_value(nodes, nodes[id].inputs[0])
        }
        _ => None,
    }
}

/// Which operand a binary op returns unchanged, given the constants among its operands.
fn identity(op: Binary, a: Option<f32>, b: Option<f32>) -> Option<usize> {
    match (op, a, b) {
        (Binary::Add, Some(0.0), _) | (Binary::Mul, Some(1.0), _) => Some(1),
        (Binary::Add | Binary::Sub, _, Some(0.0)) | (Binary::Mul | Binary::Div, _, Some(1.0)) => {
            Some(0)
        }
        _ => None,
    }
}
