//! The nodes of a simplified graph that are needed, and the plainest form of what they share.
use super::{
    fuse::is_view,
    graph::{Node, NodeId, Nodes},
    op::Op,
    sort::{ascending, sort},
};

/// Only the nodes that an output or update needs, operands first.
pub(super) fn live(
    mut nodes: Vec<Node>,
    outputs: Vec<(String, NodeId)>,
    updates: Vec<(NodeId, NodeId)>,
) -> Nodes {
    let mut roots: Vec<NodeId> = outputs.iter().map(|&(_, id)| id).collect();
    roots.extend(updates.iter().flat_map(|&(state, value)| [state, value]));
    // Inputs stay, so that what is written need not know what is used.
    roots.extend((0..nodes.len()).filter(|&id| matches!(nodes[id].op, Op::Input(_))));
    let before = in_order(&nodes, &roots);
    within_others(&mut nodes, &before, &roots);
    products_as_read(&mut nodes, &before, &roots);
    let mut map = vec![0; nodes.len()];
    let mut kept = Nodes::default();
    for id in in_order(&nodes, &roots) {
        let mut node = nodes[id].clone();
        node.inputs.iter_mut().for_each(|input| *input = map[*input]);
        map[id] = kept.all.len();
        kept.all.push(node);
    }
    kept.outputs = outputs.into_iter().map(|(name, id)| (name, map[id])).collect();
    kept.updates = updates.into_iter().map(|(state, value)| (map[state], map[value])).collect();
    kept
}

/// What some nodes need, operands first, else by number.
fn in_order(nodes: &[Node], roots: &[NodeId]) -> Vec<NodeId> {
    let mut done = vec![false; nodes.len()];
    let mut order = Vec::new();
    let mut sorted = roots.to_vec();
    ascending(&mut sorted);
    for root in sorted {
        let mut stack = vec![root];
        while let Some(&id) = stack.last() {
            let waiting = nodes[id].inputs.iter().copied().filter(|&input| !done[input]).min();
            if let Some(input) = waiting {
                stack.push(input);
                continue;
            }
            stack.pop();
            if !std::mem::replace(&mut done[id], true) {
                order.push(id);
            }
        }
    }
    order
}

/// A concatenation whose parts stand side by side in a longer one is a slice of that, unless it must
/// have memory of its own.
fn within_others(nodes: &mut [Node], order: &[NodeId], own: &[NodeId]) {
    let mut wholes: Vec<NodeId> =
        order.iter().copied().filter(|&id| matches!(nodes[id].op, Op::Concat(_))).collect();
    let key = |id: NodeId| (nodes[id].inputs.len(), id);
    sort(&mut wholes, &|a, b| key(a).cmp(&key(b)));
    for (i, &id) in wholes.iter().enumerate() {
        let Node { op: Op::Concat(axis), inputs, shape } = nodes[id].clone() else { continue };
        if inputs.len() < 2 || own.contains(&id) {
            continue;
        }
        let found = wholes[i + 1..].iter().rev().find_map(|&whole| {
            let other = &nodes[whole];
            let same = other.op == Op::Concat(axis) && other.inputs.len() > inputs.len();
            let at =
                other.inputs.windows(inputs.len()).position(|w| w == inputs).filter(|_| same)?;
            Some((whole, other.inputs[..at].iter().map(|&p| nodes[p].shape[axis]).sum::<usize>()))
        });
        if let Some((whole, start)) = found {
            let op = Op::Slice { axis, start, end: start + shape[axis] };
            nodes[id] = Node { op, inputs: vec![whole], shape };
        }
    }
}

/// A product of matrices that is only read with its rows along more axes takes that shape, so that what
/// follows can be computed with it.
fn products_as_read(nodes: &mut Vec<Node>, order: &[NodeId], own: &[NodeId]) {
    let mut readers: Vec<Vec<NodeId>> = vec![vec![]; nodes.len()];
    for &id in order {
        nodes[id].inputs.iter().for_each(|&input| readers[input].push(id));
    }
    for &id in order {
        let Node { op: Op::MatMul, inputs, shape } = nodes[id].clone() else { continue };
        let [reader] = readers[id][..] else { continue };
        let Op::Reshape(to) = nodes[reader].op.clone() else { continue };
        let rank = to.len();
        let splits_rows = shape.len() == 2 && rank > 2 && to[rank - 1] == shape[1];
        if !splits_rows || own.contains(&id) || own.contains(&reader) {
            continue;
        }
        let k = nodes[inputs[1]].shape[0];
        let left = [&to[..rank - 1], &[k]].concat();
        let a = match &nodes[inputs[0]] {
            Node { op: Op::Reshape(_), inputs, .. } => inputs[0],
            node if is_view(&node.op) => continue,
            _ => inputs[0],
        };
        let a = if nodes[a].shape == left {
            a
        } else {
            nodes.push(Node { op: Op::Reshape(left.clone()), inputs: vec![a], shape: left });
            nodes.len() - 1
        };
        let right = [&to[..rank - 2], &[k, shape[1]]].concat();
        let op = Op::Broadcast(right.clone());
        nodes.push(Node { op, inputs: vec![inputs[1]], shape: right });
        let b = nodes.len() - 1;
        nodes[reader] = Node { op: Op::MatMul, inputs: vec![a, b], shape: to };
    }
}
