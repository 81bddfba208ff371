//! The derivative of each primitive: one table. It only adds nodes.
use super::{
    graph::{Graph, Node, NodeId, Var},
    op::{Binary, Op, Reduction, Unary},
};

/// Derivatives of `loss` with respect to `wrt`, by reverse accumulation; zeros where it does not depend.
pub(super) fn grad<'g>(graph: &'g Graph, loss: Var<'g>, wrt: &[Var<'g>]) -> Vec<Var<'g>> {
    let wanted = reaches(graph, loss.id, wrt);
    let mut adjoints: Vec<Option<Var<'g>>> = vec![None; loss.id + 1];
    adjoints[loss.id] = Some(graph.scalar(1.0).broadcast_to(loss.shape()));
    for id in (0..=loss.id).rev() {
        let (true, Some(g)) = (wanted[id], adjoints[id]) else { continue };
        let node = graph.node(id);
        let y = Var { graph, id };
        for (i, &input) in node.inputs.iter().enumerate() {
            if !wanted[input] {
                continue;
            }
            if let Some(part) = derivative(&node, i, y, g) {
                adjoints[input] = Some(match adjoints[input] {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
        }
    }
    wrt.iter()
        .map(|v| adjoints.get(v.id).copied().flatten().unwrap_or_else(|| graph.zeros(v.shape())))
        .collect()
}

/// Which nodes up to `last` depend on one of `wrt`.
fn reaches(graph: &Graph, last: NodeId, wrt: &[Var<'_>]) -> Vec<bool> {
    let mut wanted = vec![false; last + 1];
    for id in 0..=last {
        wanted[id] = wrt.iter().any(|v| v.id == id)
            || graph.node(id).inputs.iter().any(|&input| wanted[input]);
    }
    wanted
}

/// What the adjoint `g` of `y` adds to that of its `i`-th operand.
#[expect(clippy::too_many_lines, reason = "one table over all primitives")]
fn derivative<'g>(node: &Node, i: usize, y: Var<'g>, g: Var<'g>) -> Option<Var<'g>> {
    let graph = y.graph;
    let x = |i: usize| Var { graph, id: node.inputs[i] };
    let shape = |i: usize| x(i).shape();
    Some(match &node.op {
        Op::Input(_)
        | Op::State(..)
        | Op::Scalar(_)
        | Op::Data(_)
        | Op::Iota(_)
        | Op::Uniform(_) => {
            return None;
        }
        Op::StopGradient | Op::Reduce(Reduction::ArgMax, _) => return None,
        Op::Unary(op) => return unary(*op, x(0), y, g),
        Op::Binary(op) => return binary(*op, i, [x(0), x(1), y], g),
        Op::Select => match i {
            0 => return None,
            1 => Var::select(x(0), g, 0.0),
            _ => Var::select(x(0), 0.0, g),
        },
        Op::Broadcast(to) => {
            let from = shape(0);
            let added = to.len() - from.len();
            let axes: Vec<usize> = (0..to.len())
                .filter(|&a| to[a] != 1 && (a < added || from[a - added] == 1))
                .collect();
            g.sum(&axes).reshape(&from)
        }
        Op::Reshape(_) => g.reshape(shape(0)),
        Op::Permute(axes) => {
            let mut back = vec![0; axes.len()];
            for (to, &from) in axes.iter().enumerate() {
                back[from] = to;
            }
            g.permute(&back)
        }
        Op::Slice { axis, start, end } => g.pad(*axis, *start, shape(0)[*axis] - end),
        Op::Pad { axis, before, .. } => g.slice(*axis, *before..before + shape(0)[*axis]),
        Op::Windows { axis, size, step } => unwindow(g, *axis, *size, *step, &shape(0)),
        Op::Concat(axis) => {
            let start: usize = (0..i).map(|j| shape(j)[*axis]).sum();
            g.slice(*axis, start..start + shape(i)[*axis])
        }
        Op::Reduce(Reduction::Sum, _) => g.broadcast_to(shape(0)),
        Op::Reduce(Reduction::Max, axis) => {
            // Shared evenly between equal greatest elements.
            let at = x(0).equal(y);
            at * (g / at.sum(&[*axis]))
        }
        Op::CumSum(axis) => g.sum(&[*axis]) - g.cumsum(*axis) + g,
        Op::MatMul => match i {
            0 => g.matmul(x(1).transpose()),
            _ => x(0).transpose().matmul(g),
        },
        Op::Gather => match i {
            0 => Var::scatter_add(shape(0)[0], x(1), g),
            _ => return None,
        },
        Op::ScatterAdd(_) => match i {
            0 => return None,
            _ => g.gather(x(0)),
        },
    })
}

fn unary<'g>(op: Unary, x: Var<'g>, y: Var<'g>, g: Var<'g>) -> Option<Var<'g>> {
    Some(match op {
        Unary::Neg => -g,
        Unary::Recip => -(g * y * y),
        Unary::Exp => g * y,
        Unary::Ln => g / x,
        Unary::Sqrt => 0.5 * g / y,
        Unary::Tanh => g * (1.0 - y * y),
        Unary::Sigmoid => g * (y * (1.0 - y)),
        Unary::Sin => g * x.cos(),
        Unary::Cos => -(g * x.sin()),
        Unary::Abs => g * (1.0 - 2.0 * x.less(0.0)),
        Unary::Floor => return None,
    })
}

fn binary<'g>(op: Binary, i: usize, [a, b, y]: [Var<'g>; 3], g: Var<'g>) -> Option<Var<'g>> {
    Some(match (op, i) {
        (Binary::Add, _) | (Binary::Sub, 0) => g,
        (Binary::Sub, _) => -g,
        (Binary::Mul, 0) => g * b,
        (Binary::Mul, _) => g * a,
        (Binary::Div, 0) => g / b,
        // g / b is the derivative of the dividend, and y = a / b is known.
        (Binary::Div, _) => -(g / b * y),
        // Where both are equal the second operand receives it all, so that relu'(0) = 0.
        (Binary::Max, 0) => Var::select(b.less(a), g, 0.0),
        (Binary::Max, _) => Var::select(b.less(a), 0.0, g),
        (Binary::Min, 0) => Var::select(a.less(b), g, 0.0),
        (Binary::Min, _) => Var::select(a.less(b), 0.0, g),
        (Binary::Less | Binary::Equal, _) => return None,
    })
}

/// The adjoint of windows: each element of a window goes back to where it came from.
fn unwindow<'g>(g: Var<'g>, axis: usize, size: usize, step: usize, to: &[usize]) -> Var<'g> {
    let rank = to.len();
    let windows = g.dim(axis);
    let parts = (0..size).map(|k| {
        // Element k of every window, spread `step` apart, starting at k.
        let part = g.slice(rank, k..k + 1).reshape(&g.shape()[..rank]);
        let mut spread = part.shape();
        spread.insert(axis + 1, 1);
        let mut flat = part.shape();
        flat[axis] = windows * step;
        let part = part.reshape(spread).pad(axis + 1, 0, step - 1).reshape(flat);
        let length = (windows - 1) * step + 1;
        part.slice(axis, 0..length).pad(axis, k, to[axis] - k - length)
    });
    parts.reduce(|a, b| a + b).unwrap_or(g)
}
