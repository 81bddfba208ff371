//! Groups become kernels: code, loads and stores with their strides, in the plainest domain.
use super::{
    fuse::{Copying, Fused, GroupId, Kind, Operand},
    graph::NodeId,
    kernel::{Body, Inst, Kernel, Reg, Space, Store, View},
    op::Op,
    shape,
    simplify::splat_value,
    sort::ascending,
};
use std::collections::BTreeMap;

/// Writes the kernels of a plan.
pub(super) struct Emitter<'a> {
    pub(super) fused: &'a Fused<'a>,
    /// First word of each node with memory.
    pub(super) offsets: &'a [usize],
    /// Nodes that must reach memory.
    pub(super) stored: &'a [bool],
    /// For each update the group that writes it to the state itself.
    pub(super) direct: &'a [Option<GroupId>],
}

/// A kernel in the making.
#[derive(Default)]
struct Draft {
    code: Vec<Inst>,
    loads: Vec<View>,
    stores: Vec<Store>,
    regs: BTreeMap<NodeId, Reg>,
}

impl Draft {
    fn push(&mut self, inst: Inst) -> Reg {
        let pure = !matches!(inst, Inst::Uniform(_));
        if let Some(reg) = self.code.iter().position(|i| *i == inst).filter(|_| pure) {
            return reg;
        }
        self.code.push(inst);
        self.code.len() - 1
    }

    fn load(&mut self, view: View) -> Reg {
        let index = self.loads.iter().position(|v| *v == view).unwrap_or_else(|| {
            self.loads.push(view);
            self.loads.len() - 1
        });
        self.push(Inst::Load(index))
    }
}

impl Emitter<'_> {
    pub(super) fn kernel(&self, group: GroupId) -> Kernel {
        let g = &self.fused.groups[group];
        let kernel = match g.kind {
            Kind::Copy(copying) => self.copy(copying),
            Kind::Rows | Kind::MatMul => self.code(group),
            Kind::Columns(axis) => self.columns(g.members[0], axis),
            Kind::CumSum(axis) => self.cumsum(g.members[0], axis),
            Kind::Gather => self.gather(g.members[0]),
            Kind::Scatter => self.scatter(g.members[0]),
        };
        canonical(kernel)
    }

    /// The memory of a node, over its own shape.
    fn view(&self, id: NodeId) -> View {
        let place = self.fused.place_or_copy(id);
        let space = match self.fused.node(place.root).op {
            Op::State(..) => Space::State,
            _ => Space::Arena,
        };
        let mut strides = place.strides;
        still(&mut strides, &self.fused.node(id).shape);
        View { space, offset: self.offsets[place.root] + place.offset, strides }
    }

    /// Stores a register as a node, and as the states it is the new value of.
    fn store(&self, draft: &mut Draft, group: Option<GroupId>, id: NodeId, reg: Reg) {
        if self.stored[id] {
            draft.stores.push(Store { reg, view: self.view(id) });
        }
        for (&(state, value), &direct) in self.fused.graph.updates.iter().zip(self.direct) {
            if value == id && direct.is_some() && direct == group {
                let shape = &self.fused.node(id).shape;
                let mut strides = shape::strides(shape);
                still(&mut strides, shape);
                let view = View { space: Space::State, offset: self.offsets[state], strides };
                draft.stores.push(Store { reg, view });
            }
        }
    }

    fn copy(&self, copying: Copying) -> Kernel {
        let from = self.fused.node(copying.from);
        let mut draft = Draft::default();
        let reg = match splat_value(&self.fused.graph.all, copying.from) {
            Some(value) => draft.push(Inst::Const(value)),
            None => draft.load(self.view(copying.from)),
        };
        let mut view = self.view(copying.into);
        match copying.at {
            Some((axis, start)) => {
                // Strides of the whole, over the shape of the part.
                let place = self.fused.place_or_copy(copying.into);
                view.offset += start * place.strides[axis];
                view.strides = place.strides;
            }
            None => view.strides = shape::strides(&from.shape),
        }
        draft.stores.push(Store { reg, view });
        draft.finish(from.shape.clone(), Body::Rows)
    }

    /// Elementwise members, with reductions along rows or after a product.
    fn code(&self, group: GroupId) -> Kernel {
        let g = &self.fused.groups[group];
        let mut draft = Draft::default();
        let mut body = Body::Rows;
        for &member in &self.live_members(group) {
            let node = self.fused.node(member);
            if node.op == Op::MatMul {
                let [a, b] = [node.inputs[0], node.inputs[1]];
                let k = self.fused.node(a).shape.last().copied().unwrap_or(1);
                body = Body::MatMul { k, a: self.view(a), b: self.view(b) };
                let reg = draft.push(Inst::Product);
                draft.regs.insert(member, reg);
                self.store(&mut draft, Some(group), member, reg);
                continue;
            }
            let operands: Vec<Reg> =
                node.inputs.iter().map(|&o| self.operand(&mut draft, group, o)).collect();
            let inst = match node.op {
                Op::Unary(op) => Inst::Unary(op, operands[0]),
                Op::Binary(op) => Inst::Binary(op, operands[0], operands[1]),
                Op::Select => Inst::Select(operands[0], operands[1], operands[2]),
                Op::Reduce(how, _) => Inst::Reduce(how, operands[0]),
                Op::Uniform(stream) => Inst::Uniform(stream),
                Op::Iota(axis) => Inst::Index(axis),
                _ => unreachable!("{} is not computed element by element", node.op.name()),
            };
            let reg = draft.push(inst);
            draft.regs.insert(member, reg);
            if self.fused.group_of[member] == Some(group) {
                self.store(&mut draft, Some(group), member, reg);
            }
        }
        draft.finish(g.domain.clone(), body)
    }

    /// Members that reach memory, and those they use.
    fn live_members(&self, group: GroupId) -> Vec<NodeId> {
        let updated = |m: NodeId| {
            let updates = self.fused.graph.updates.iter().zip(self.direct);
            updates.into_iter().any(|(&(_, v), &direct)| v == m && direct == Some(group))
        };
        let members = &self.fused.groups[group].members;
        let mut live: Vec<NodeId> =
            members.iter().copied().filter(|&m| self.stored[m] || updated(m)).collect();
        let mut next = 0;
        while next < live.len() {
            for &operand in &self.fused.node(live[next]).inputs {
                if let Operand::Member(m) = self.fused.operand(group, operand)
                    && !live.contains(&m)
                {
                    live.push(m);
                }
            }
            next += 1;
        }
        ascending(&mut live);
        live
    }

    fn operand(&self, draft: &mut Draft, group: GroupId, operand: NodeId) -> Reg {
        match self.fused.operand(group, operand) {
            Operand::Member(member) => draft.regs[&member],
            Operand::Const(value) => draft.push(Inst::Const(value)),
            Operand::Index(axis) => draft.push(Inst::Index(axis)),
            Operand::Load(operand) => draft.load(self.view(operand)),
        }
    }

    fn columns(&self, id: NodeId, axis: usize) -> Kernel {
        let node = self.fused.node(id);
        let Op::Reduce(how, _) = node.op else { unreachable!("columns are reduced") };
        let from = &self.fused.node(node.inputs[0]).shape;
        let last = from.len() - 1;
        let mut order: Vec<usize> = (0..last).filter(|&a| a != axis).collect();
        order.extend([axis, last]);
        let mut draft = Draft::default();
        let value = self.load_permuted(&mut draft, node.inputs[0], &order);
        self.store(&mut draft, self.fused.group_of[id], id, value);
        draft.permute_stores(&order);
        draft.finish(order.iter().map(|&a| from[a]).collect(), Body::Columns(how, value))
    }

    fn cumsum(&self, id: NodeId, axis: usize) -> Kernel {
        let node = self.fused.node(id);
        let mut order: Vec<usize> = (0..node.shape.len()).filter(|&a| a != axis).collect();
        order.push(axis);
        let mut draft = Draft::default();
        let value = self.load_permuted(&mut draft, node.inputs[0], &order);
        self.store(&mut draft, self.fused.group_of[id], id, value);
        draft.permute_stores(&order);
        draft.finish(order.iter().map(|&a| node.shape[a]).collect(), Body::CumSum(value))
    }

    fn load_permuted(&self, draft: &mut Draft, id: NodeId, order: &[usize]) -> Reg {
        if let Some(value) = splat_value(&self.fused.graph.all, id) {
            return draft.push(Inst::Const(value));
        }
        let mut view = self.view(id);
        view.strides = order.iter().map(|&a| view.strides[a]).collect();
        draft.load(view)
    }

    fn gather(&self, id: NodeId) -> Kernel {
        let node = self.fused.node(id);
        let [table, index] = [node.inputs[0], node.inputs[1]];
        let rows = self.fused.node(table).shape[0];
        let mut draft = Draft::default();
        self.store(&mut draft, self.fused.group_of[id], id, 0);
        let body = Body::Gather { rows, table: self.view(table), index: self.view(index) };
        draft.finish(node.shape.clone(), body)
    }

    fn scatter(&self, id: NodeId) -> Kernel {
        let node = self.fused.node(id);
        let [index, values] = [node.inputs[0], node.inputs[1]];
        let count = self.fused.node(index).shape[0];
        let mut draft = Draft::default();
        self.store(&mut draft, self.fused.group_of[id], id, 0);
        let body = Body::ScatterAdd { count, values: self.view(values), index: self.view(index) };
        draft.finish(node.shape.clone(), body)
    }
}

impl Draft {
    fn permute_stores(&mut self, order: &[usize]) {
        for store in &mut self.stores {
            store.view.strides = order.iter().map(|&a| store.view.strides[a]).collect();
        }
    }

    fn finish(self, domain: Vec<usize>, body: Body) -> Kernel {
        Kernel { domain, body, code: self.code, loads: self.loads, stores: self.stores }
    }
}

/// An axis of length one has stride zero.
fn still(strides: &mut [usize], shape: &[usize]) {
    strides.iter_mut().zip(shape).filter(|&(_, &n)| n == 1).for_each(|(stride, _)| *stride = 0);
}

/// The same kernel over the fewest axes: those of length one go, neighbours that every view walks
/// evenly are merged, and a product over a batch that shares its right operand is one product.
fn canonical(mut kernel: Kernel) -> Kernel {
    let reduces = kernel.code.iter().any(|i| matches!(i, Inst::Reduce(..)));
    // Axes at the end that have a meaning of their own.
    let fixed = match kernel.body {
        Body::Rows if reduces => 1,
        Body::Rows => 0,
        Body::CumSum(_) => 1,
        Body::Columns(..) | Body::MatMul { .. } | Body::Gather { .. } | Body::ScatterAdd { .. } => {
            2
        }
    };
    let indexed = |k: &Kernel, axis: usize| k.code.contains(&Inst::Index(axis));
    let mut axis = 0;
    while axis + fixed < kernel.domain.len() {
        if kernel.domain[axis] == 1 && !indexed(&kernel, axis) {
            remove_axis(&mut kernel, axis);
        } else {
            axis += 1;
        }
    }
    let mut axis = 0;
    while axis + 1 + fixed < kernel.domain.len() {
        let even =
            !indexed(&kernel, axis) && !indexed(&kernel, axis + 1) && walks_evenly(&kernel, axis);
        if even {
            kernel.domain[axis + 1] *= kernel.domain[axis];
            remove_axis(&mut kernel, axis);
        } else {
            axis += 1;
        }
    }
    fold_batch(&mut kernel);
    if kernel.domain.is_empty() {
        kernel.domain.push(1);
        kernel.views_mut().for_each(|v| v.strides.push(0));
    }
    kernel
}

fn walks_evenly(kernel: &Kernel, axis: usize) -> bool {
    let length = kernel.domain[axis + 1];
    kernel.views().all(|v| v.strides[axis] == v.strides[axis + 1] * length)
}

fn remove_axis(kernel: &mut Kernel, axis: usize) {
    kernel.domain.remove(axis);
    for view in kernel.views_mut() {
        view.strides.remove(axis);
    }
    for inst in &mut kernel.code {
        if let Inst::Index(a) = inst {
            *a -= usize::from(*a > axis);
        }
    }
}

/// `[batch, m, k] · [k, n]` as `[batch·m, k] · [k, n]`.
fn fold_batch(kernel: &mut Kernel) {
    while let (Body::MatMul { a, b, .. }, [.., batch, m, _]) = (&kernel.body, &kernel.domain[..]) {
        let axis = kernel.domain.len() - 3;
        let (batch, m) = (*batch, *m);
        let even = |v: &View| m == 1 || v.strides[axis] == v.strides[axis + 1] * m;
        let folds = b.strides[axis] == 0
            && even(a)
            && kernel.loads.iter().chain(kernel.stores.iter().map(|s| &s.view)).all(even)
            && !kernel
                .code
                .iter()
                .any(|i| matches!(i, Inst::Index(x) if *x == axis || *x == axis + 1));
        if !folds {
            return;
        }
        kernel.domain[axis + 1] = batch * m;
        if m == 1 {
            let Body::MatMul { a, .. } = &mut kernel.body else { return };
            let stores = kernel.stores.iter_mut().map(|s| &mut s.view);
            let walked = kernel.loads.iter_mut().chain(stores).chain([a]);
            walked.for_each(|v| v.strides[axis + 1] = v.strides[axis]);
        }
        // Only the batch axis of b goes; its rows are those of k.
        remove_axis(kernel, axis);
    }
}
