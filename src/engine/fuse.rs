//! Fusion: which nodes are computed together.
//!
//! Nodes are visited in order and put into *groups*, each of which becomes one kernel. An elementwise
//! node joins a group that computes one of its operands, if both walk the same domain and no value
//! would have to leave the group and come back; two such groups become one. So chains of
//! elementwise nodes, and the reductions along rows between them (softmax, layer norm, cross-entropy),
//! are one kernel, and a product takes what follows it along. Views (broadcast, reshape, permute,
//! slice, windows) are never computed: they only change how a value is read. The parts of a concatenation
//! are written where they belong, if nothing stands against it.
use super::{
    graph::{Node, NodeId, Nodes, STEP},
    op::Op,
    place::{Place, Spot},
    shape,
    simplify::splat_value,
    sort::{ascending, sort},
};
use fixedbitset::FixedBitSet;

/// Whether nodes are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// As many as possible.
    On,
    /// Each node alone: slow, and the twin that tests compare with.
    Off,
}

/// Number of a group.
pub(super) type GroupId = usize;

/// What a group does around its members; see `kernel::Body`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rows,
    /// Reduces an axis that is not the last.
    Columns(usize),
    MatMul,
    CumSum(usize),
    Gather,
    Scatter,
    /// Writes a node into the memory of another.
    Copy(Copying),
}

/// A node that is written into the memory of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copying {
    /// Read under its own shape.
    pub(super) from: NodeId,
    pub(super) into: NodeId,
    /// Axis and start in a concatenation; elsewhere the elements go in row-major order.
    pub(super) at: Option<(usize, usize)>,
}

/// Nodes computed by one kernel.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) domain: Vec<usize>,
    pub(super) members: Vec<NodeId>,
    /// Nodes of other groups that are computed again here.
    pub(super) again: Vec<NodeId>,
    /// Groups that must run before, directly or not.
    pub(super) before: FixedBitSet,
}

/// How an operand reaches a member of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    /// Computed in the same group.
    Member(NodeId),
    /// The same number everywhere.
    Const(f32),
    /// The coordinate along an axis.
    Index(usize),
    /// Read from memory.
    Load(NodeId),
}

/// Members a group may have: bounds the size of a kernel.
const MAX_MEMBERS: usize = 48;

/// A graph and the groups that compute it.
pub(super) struct Fused<'a> {
    pub(super) graph: &'a Nodes,
    pub(super) groups: Vec<Group>,
    pub(super) group_of: Vec<Option<GroupId>>,
    /// Where in a concatenation a node is written, if it is written right there.
    pub(super) placed: Vec<Option<Spot>>,
    /// Strides of a node that is not laid out row by row in its own memory.
    pub(super) layout: Vec<Option<Vec<usize>>>,
    /// The nodes written right into a concatenation.
    pub(super) inside: Vec<Vec<NodeId>>,
    /// The copies that fill the parts of a concatenation that are not written in place.
    pub(super) copies: Vec<Vec<GroupId>>,
    /// Views by the node that holds their memory.
    pub(super) views: Vec<Vec<NodeId>>,
    /// How many operands a node is.
    pub(super) uses: Vec<usize>,
    pub(super) fusion: Fusion,
}

/// Puts every node of a graph into a group.
pub(super) fn fuse(graph: &Nodes, fusion: Fusion) -> Fused<'_> {
    let count = graph.all.len();
    let mut fused = Fused {
        graph,
        groups: Vec::new(),
        group_of: vec![None; count],
        placed: vec![None; count],
        layout: vec![None; count],
        inside: vec![Vec::new(); count],
        copies: vec![Vec::new(); count],
        views: vec![Vec::new(); count],
        uses: vec![0; count],
        fusion,
    };
    for id in 0..count {
        graph.all[id].inputs.iter().for_each(|&input| fused.uses[input] += 1);
        if is_view(&graph.all[id].op)
            && let Some(place) = fused.place(id)
        {
            fused.views[place.root].push(id);
        }
    }
    for id in 0..count {
        fused.visit(id);
    }
    fused.compute_again();
    fused
}

/// Whether an op only changes how its operand is read.
pub(super) fn is_view(op: &Op) -> bool {
    matches!(
        op,
        Op::Broadcast(_) | Op::Reshape(_) | Op::Permute(_) | Op::Slice { .. } | Op::Windows { .. }
    )
}

impl Fused<'_> {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.graph.all[id]
    }

    /// The groups that write a root's memory.
    pub(super) fn writers(&self, root: NodeId) -> Vec<GroupId> {
        let mut all = self.copies[root].clone();
        all.extend(self.group_of[root]);
        all.extend(self.inside[root].iter().flat_map(|&part| self.writers(part)));
        all
    }

    /// How `operand` reaches a member of `group`.
    pub(super) fn operand(&self, group: GroupId, operand: NodeId) -> Operand {
        let g = &self.groups[group];
        // A product itself reads memory; only what follows it is code.
        if self.is_factor(group, operand) {
            return Operand::Load(operand);
        }
        if let Some(value) = splat_value(&self.graph.all, operand) {
            return Operand::Const(value);
        }
        if let (Some(axis), true) =
            (self.iota_axis(operand), matches!(g.kind, Kind::Rows | Kind::MatMul))
            && self.node(operand).shape == g.domain
        {
            return Operand::Index(axis);
        }
        if self.fusion == Fusion::On {
            if self.group_of[operand] == Some(group) || g.again.contains(&operand) {
                return Operand::Member(operand);
            }
            if let Some(row) = self.broadcast_row(operand)
                && self.group_of[row] == Some(group)
                && self.node(operand).shape == g.domain
            {
                return Operand::Member(row);
            }
        }
        Operand::Load(operand)
    }

    /// Whether an operand is one of a group's product.
    pub(super) fn is_factor(&self, group: GroupId, operand: NodeId) -> bool {
        let g = &self.groups[group];
        let factor = |&product: &NodeId| self.node(product).inputs.contains(&operand);
        g.kind == Kind::MatMul && g.members.first().is_some_and(factor)
    }

    /// The axis of an iota, seen through broadcasting.
    fn iota_axis(&self, id: NodeId) -> Option<usize> {
        match &self.node(id).op {
            Op::Iota(axis) => Some(*axis),
            Op::Broadcast(to) => {
                let input = self.node(id).inputs[0];
                let axis = self.iota_axis(input)?;
                let from = &self.node(input).shape;
                (from[axis] > 1).then_some(axis + to.len() - from.len())
            }
            _ => None,
        }
    }

    /// The value `[.., 1]` that a node repeats along the last axis.
    fn broadcast_row(&self, id: NodeId) -> Option<NodeId> {
        let Op::Broadcast(to) = &self.node(id).op else { return None };
        let input = self.node(id).inputs[0];
        (*row_shape(to) == self.node(input).shape).then_some(input)
    }

    fn visit(&mut self, id: NodeId) {
        let node = self.node(id).clone();
        match node.op {
            Op::Input(_)
            | Op::State(..)
            | Op::Data(_)
            | Op::Scalar(_)
            | Op::StopGradient
            | Op::Pad { .. } => {}
            Op::Iota(_) | Op::Uniform(_) | Op::Unary(_) | Op::Binary(_) | Op::Select => {
                self.visit_elementwise(id, &node.shape);
            }
            Op::Broadcast(_)
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Slice { .. }
            | Op::Windows { .. } => {
                if self.place(id).is_none() && !self.lay_out(id) {
                    self.new_copy(Copying { from: node.inputs[0], into: id, at: None });
                }
            }
            Op::Concat(axis) => self.visit_concat(id, axis),
            Op::Reduce(_, axis) if axis + 1 == node.shape.len() => {
                let domain = self.node(node.inputs[0]).shape.clone();
                self.visit_elementwise(id, &domain);
            }
            Op::Reduce(_, axis) => {
                let domain = self.node(node.inputs[0]).shape.clone();
                self.new_group(Kind::Columns(axis), domain, id);
            }
            Op::CumSum(axis) => self.new_group(Kind::CumSum(axis), node.shape, id),
            Op::MatMul => self.new_group(Kind::MatMul, node.shape, id),
            Op::Gather => self.new_group(Kind::Gather, node.shape, id),
            Op::ScatterAdd(_) => self.new_group(Kind::Scatter, node.shape, id),
        }
    }

    /// Joins a group of an operand, or starts one with that domain.
    fn visit_elementwise(&mut self, id: NodeId, domain: &[usize]) {
        let mut home: Option<GroupId> = None;
        if self.fusion == Fusion::On {
            for candidate in self.candidates(id, domain) {
                match home {
                    None if self.may_join(id, candidate, domain) => home = Some(candidate),
                    // What the node loads must not come after the second group either.
                    Some(group)
                        if group != candidate
                            && self.may_merge(group, candidate)
                            && self.may_join(id, candidate, domain) =>
                    {
                        self.merge(group, candidate);
                    }
                    _ => {}
                }
            }
        }
        match home {
            Some(group) => self.join(id, group),
            None => self.new_group(Kind::Rows, domain.to_vec(), id),
        }
    }

    /// Groups that compute an operand in the domain of the node.
    fn candidates(&self, id: NodeId, domain: &[usize]) -> Vec<GroupId> {
        let mut found = Vec::new();
        for &operand in &self.node(id).inputs {
            let source = match self.group_of[operand] {
                Some(group) => Some(group),
                None => self.broadcast_row(operand).and_then(|row| self.group_of[row]),
            };
            let Some(group) = source else { continue };
            let g = &self.groups[group];
            let fits = match g.kind {
                Kind::Rows => g.domain == domain || row_shape(&g.domain) == domain,
                Kind::MatMul => {
                    g.domain == domain
                        && !matches!(self.node(id).op, Op::Reduce(..))
                        && self.group_of[operand].is_some()
                }
                _ => false,
            };
            if fits && !found.contains(&group) {
                found.push(group);
            }
        }
        // Products first: what follows one costs nothing there.
        let key = |g: GroupId| (self.groups[g].kind != Kind::MatMul, std::cmp::Reverse(g));
        sort(&mut found, &|a, b| key(a).cmp(&key(b)));
        found
    }

    /// Whether a node may be computed in a group: whatever it reads from memory must be there before.
    fn may_join(&self, id: NodeId, group: GroupId, domain: &[usize]) -> bool {
        let g = &self.groups[group];
        if g.members.len() >= MAX_MEMBERS {
            return false;
        }
        // A row-level node may use only members of row level.
        let row_level = g.domain != domain;
        self.node(id).inputs.iter().all(|&operand| match self.operand(group, operand) {
            Operand::Member(m) => !row_level || self.node(m).shape == domain,
            Operand::Const(_) | Operand::Index(_) => true,
            Operand::Load(operand) => self
                .writers(self.root(operand))
                .iter()
                .all(|&writer| writer != group && !self.groups[writer].before.contains(group)),
        })
    }

    /// The node that holds an operand's memory.
    pub(super) fn root(&self, operand: NodeId) -> NodeId {
        self.place_or_copy(operand).root
    }

    fn may_merge(&self, a: GroupId, b: GroupId) -> bool {
        let (x, y) = (&self.groups[a], &self.groups[b]);
        x.kind == Kind::Rows
            && y.kind == Kind::Rows
            && x.domain == y.domain
            && x.members.len() + y.members.len() < MAX_MEMBERS
            && !x.before.contains(b)
            && !y.before.contains(a)
    }

    /// Moves the members of `b` into `a`; `b` stays behind empty.
    fn merge(&mut self, a: GroupId, b: GroupId) {
        let members = std::mem::take(&mut self.groups[b].members);
        let before = std::mem::take(&mut self.groups[b].before);
        for &member in &members {
            self.group_of[member] = Some(a);
        }
        let group = &mut self.groups[a];
        group.members.extend(members);
        ascending(&mut group.members);
        group.before.union_with(&before);
        for g in &mut self.groups {
            if g.before.contains(b) {
                g.before.set(b, false);
                g.before.grow_and_insert(a);
            }
        }
        self.spread(a);
    }

    fn join(&mut self, id: NodeId, group: GroupId) {
        self.group_of[id] = Some(group);
        self.groups[group].members.push(id);
        self.depend(id, group);
    }

    fn new_group(&mut self, kind: Kind, domain: Vec<usize>, id: NodeId) {
        let group = self.add_group(kind, domain);
        self.join(id, group);
    }

    fn add_group(&mut self, kind: Kind, domain: Vec<usize>) -> GroupId {
        self.groups.push(Group {
            kind,
            domain,
            members: vec![],
            again: vec![],
            before: FixedBitSet::new(),
        });
        self.groups.len() - 1
    }

    /// A group that writes a node into the memory of another.
    pub(super) fn new_copy(&mut self, copying: Copying) {
        let domain = self.node(copying.from).shape.clone();
        let group = self.add_group(Kind::Copy(copying), domain);
        self.copies[copying.into].push(group);
        if splat_value(&self.graph.all, copying.from).is_none() {
            self.depend_on(group, copying.from);
        }
    }

    fn depend(&mut self, id: NodeId, group: GroupId) {
        for operand in self.node(id).inputs.clone() {
            if matches!(self.operand(group, operand), Operand::Load(_)) {
                self.depend_on(group, operand);
            }
        }
    }

    /// Makes a group wait for whatever writes an operand.
    fn depend_on(&mut self, group: GroupId, operand: NodeId) {
        for writer in self.writers(self.root(operand)) {
            self.order(writer, group);
        }
    }

    /// Makes one group run before another.
    pub(super) fn order(&mut self, first: GroupId, then: GroupId) {
        assert!(first != then, "a group cannot wait for itself");
        let mut more = self.groups[first].before.clone();
        more.grow_and_insert(first);
        self.groups[then].before.union_with(&more);
        self.spread(then);
    }

    /// Tells the groups after `group` what it waits for.
    fn spread(&mut self, group: GroupId) {
        let before = self.groups[group].before.clone();
        for g in &mut self.groups {
            if g.before.contains(group) {
                g.before.union_with(&before);
            }
        }
    }

    /// Decides for each update whether the group that computes the value writes it to the state itself.
    ///
    /// That is right if all others have read the old value before, and the group itself reads it only
    /// where it writes. Else the value is kept aside and copied when everyone is done.
    pub(super) fn settle_updates(&mut self) -> Vec<Option<GroupId>> {
        self.graph.updates.iter().map(|&(state, value)| self.settle(state, value)).collect()
    }

    fn settle(&mut self, state: NodeId, value: NodeId) -> Option<GroupId> {
        let readers: Vec<GroupId> =
            (0..self.groups.len()).filter(|&g| self.reads(g, state)).collect();
        if let Some(group) = self.group_of[value] {
            let others = readers.iter().filter(|&&r| r != group);
            let after = others.clone().any(|&r| self.groups[r].before.contains(group));
            if !after && self.reads_in_place(group, state, value) {
                for &reader in others {
                    self.order(reader, group);
                }
                return Some(group);
            }
        }
        self.new_copy(Copying { from: value, into: state, at: None });
        let copy = self.groups.len() - 1;
        for reader in readers {
            self.order(reader, copy);
        }
        None
    }

    /// Whether a group reads a state; random numbers read the step.
    fn reads(&self, group: GroupId, state: NodeId) -> bool {
        let counts = matches!(&self.node(state).op, Op::State(name, _) if name == STEP);
        let random = |&m: &NodeId| matches!(self.node(m).op, Op::Uniform(_));
        self.loads(group).iter().any(|&o| self.root(o) == state)
            || (counts && self.groups[group].members.iter().any(random))
    }

    fn reads_in_place(&self, group: GroupId, state: NodeId, value: NodeId) -> bool {
        let shape = &self.node(value).shape;
        let here = Place { root: state, offset: 0, strides: shape::strides(shape) };
        let plain = matches!(self.groups[group].kind, Kind::Rows | Kind::MatMul)
            && self.groups[group].domain == *shape;
        self.loads(group).iter().all(|&o| {
            self.root(o) != state
                || (plain
                    && !self.is_factor(group, o)
                    && self.node(o).shape == *shape
                    && self.place_or_copy(o) == here)
        })
    }

    /// Operands that a group reads from memory.
    pub(super) fn loads(&self, group: GroupId) -> Vec<NodeId> {
        if let Kind::Copy(copying) = self.groups[group].kind {
            let constant = splat_value(&self.graph.all, copying.from).is_some();
            return if constant { vec![] } else { vec![copying.from] };
        }
        let g = &self.groups[group];
        let members = g.members.iter().chain(&g.again);
        let operands = members.flat_map(|&m| self.node(m).inputs.iter());
        operands.filter(|&&o| matches!(self.operand(group, o), Operand::Load(_))).copied().collect()
    }

    /// Groups that compute something, in an order in which each comes after those it waits for.
    pub(super) fn in_order(&self) -> Vec<GroupId> {
        let alive = |g: &Group| !g.members.is_empty() || matches!(g.kind, Kind::Copy(_));
        let mut left: Vec<GroupId> =
            (0..self.groups.len()).filter(|&g| alive(&self.groups[g])).collect();
        // Ancestors are closed, so that their number grows along every edge.
        let key = |g: GroupId| (self.groups[g].before.count_ones(..), g);
        sort(&mut left, &|a, b| key(a).cmp(&key(b)));
        left
    }
}

/// `[.., 1]` for `[.., n]`.
fn row_shape(shape: &[usize]) -> Vec<usize> {
    let mut row = shape.to_vec();
    if let Some(last) = row.last_mut() {
        *last = 1;
    }
    row
}
