//! Where values are in memory: views over the memory of what is computed, parts of a concatenation within
//! the whole, and values in the order in which they are read.
use super::{
    fuse::{Copying, Fused, Fusion, is_view},
    graph::NodeId,
    op::Op,
    shape,
};

/// Where a node is in memory: elements of a root node's buffer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) root: NodeId,
    pub(super) offset: usize,
    pub(super) strides: Vec<usize>,
}

/// A place in a concatenation.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    whole: NodeId,
    axis: usize,
    start: usize,
    /// The part there: the node itself or a rearrangement of it.
    part: NodeId,
}

impl Fused<'_> {
    /// Where a node is, or `None` for a reshape that is no even walk and must be copied.
    ///
    /// The root of a node that is not a view is itself, or the concatenation it is written into.
    pub(super) fn place(&self, id: NodeId) -> Option<Place> {
        let node = self.node(id);
        if !is_view(&node.op) {
            let Some(spot) = self.placed[id] else {
                let strides = self.layout[id].clone();
                let strides = strides.unwrap_or_else(|| shape::strides(&node.shape));
                return Some(Place { root: id, offset: 0, strides });
            };
            let mut place = self.place(spot.whole)?;
            place.offset += spot.start * place.strides[spot.axis];
            place.strides = self.strides_below(spot.part, &place.strides)?;
            return Some(place);
        }
        let input = node.inputs[0];
        let mut place = match self.place(input) {
            Some(place) => place,
            // The operand is itself a copied reshape.
            None => {
                Place { root: input, offset: 0, strides: shape::strides(&self.node(input).shape) }
            }
        };
        let from = &self.node(input).shape;
        place.strides = view_strides(&node.op, from, &place.strides)?;
        if let Op::Slice { axis, start, .. } = &node.op {
            place.offset += start * place.strides[*axis];
        }
        Some(place)
    }

    /// As [`Self::place`]; a copied reshape is its own root.
    pub(super) fn place_or_copy(&self, id: NodeId) -> Place {
        self.place(id).unwrap_or_else(|| Place {
            root: id,
            offset: 0,
            strides: shape::strides(&self.node(id).shape),
        })
    }

    /// Places the parts of a concatenation, and copies those that cannot be placed.
    pub(super) fn visit_concat(&mut self, id: NodeId, axis: usize) {
        let mut start = 0;
        for part in self.node(id).inputs.clone() {
            if !self.try_place(Spot { whole: id, axis, start, part }) {
                self.new_copy(Copying { from: part, into: id, at: Some((axis, start)) });
            }
            start += self.node(part).shape[axis];
        }
    }

    /// Lets a part be written right where it belongs, if it is computed, not written elsewhere, and
    /// still readable by all its views.
    fn try_place(&mut self, spot: Spot) -> bool {
        let Some(chain) = self.rearranged(spot.part) else { return false };
        let id = chain[chain.len() - 1];
        let computed = self.group_of[id].is_some() || matches!(self.node(id).op, Op::Concat(_));
        let free = self.placed[id].is_none() && self.graph.outputs.iter().all(|&(_, o)| o != id);
        if self.fusion == Fusion::Off || !computed || !free {
            return false;
        }
        let layout = self.layout[id].take();
        self.placed[id] = Some(spot);
        let holds = self.place(id).is_some() && chain.iter().all(|&view| self.views_hold(view));
        if holds {
            self.inside[spot.whole].push(id);
        } else {
            self.placed[id] = None;
            self.layout[id] = layout;
        }
        holds
    }

    /// Lets what a reshape that is no even walk reads be written in the order in which it is read, if
    /// nothing else reads it.
    pub(super) fn lay_out(&mut self, reshape: NodeId) -> bool {
        let Some(chain) = self.rearranged(reshape).filter(|_| self.fusion == Fusion::On) else {
            return false;
        };
        let id = chain[chain.len() - 1];
        let output = self.graph.outputs.iter().any(|&(_, o)| o == id);
        let fixed = output || self.placed[id].is_some() || self.layout[id].is_some();
        if fixed || self.group_of[id].is_none() || self.uses[id] != 1 {
            return false;
        }
        let strides = shape::strides(&self.node(reshape).shape);
        self.layout[id] = self.strides_below(reshape, &strides);
        let holds = self.place(reshape).is_some() && self.views_hold(id);
        if !holds {
            self.layout[id] = None;
        }
        holds
    }

    /// A node, and what it is a reshape or permutation of, down to what is computed; `None` if one of
    /// them is copied.
    fn rearranged(&self, id: NodeId) -> Option<Vec<NodeId>> {
        let mut chain = vec![id];
        let mut id = id;
        while matches!(self.node(id).op, Op::Reshape(_) | Op::Permute(_)) {
            if !self.copies[id].is_empty() {
                return None;
            }
            id = self.node(id).inputs[0];
            chain.push(id);
        }
        (!is_view(&self.node(id).op)).then_some(chain)
    }

    /// Strides of what a node is a rearrangement of, given those of the node.
    fn strides_below(&self, id: NodeId, strides: &[usize]) -> Option<Vec<usize>> {
        let node = self.node(id);
        let below = |strides: &[usize]| self.strides_below(node.inputs[0], strides);
        match &node.op {
            Op::Reshape(_) => {
                let to = &self.node(node.inputs[0]).shape;
                below(&shape::reshape_strides(&node.shape, strides, to)?)
            }
            Op::Permute(axes) => {
                let mut inner = vec![0; axes.len()];
                axes.iter().zip(strides).for_each(|(&axis, &stride)| inner[axis] = stride);
                below(&inner)
            }
            _ => Some(strides.to_vec()),
        }
    }

    /// Whether every view of a root, and of the nodes within it, can still be read.
    fn views_hold(&self, root: NodeId) -> bool {
        self.views[root].iter().all(|&view| self.place(view).is_some())
            && self.inside[root].iter().all(|&id| self.place(id).is_some() && self.views_hold(id))
    }
}

/// Strides of a view over strides of its operand; `None` for a reshape that is no even walk.
fn view_strides(op: &Op, from: &[usize], strides: &[usize]) -> Option<Vec<usize>> {
    match op {
        Op::Broadcast(to) => {
            let added = to.len() - from.len();
            let stride = |i: usize| {
                if i < added || from[i - added] != to[i] { 0 } else { strides[i - added] }
            };
            Some((0..to.len()).map(stride).collect())
        }
        Op::Reshape(to) => shape::reshape_strides(from, strides, to),
        Op::Permute(axes) => Some(axes.iter().map(|&a| strides[a]).collect()),
        Op::Windows { axis, step, .. } => {
            let mut out = strides.to_vec();
            out[*axis] *= step;
            out.push(strides[*axis]);
            Some(out)
        }
        _ => Some(strides.to_vec()),
    }
}
