//! Planning: kernels in order, each value in an arena at a place of its own; `arena` then lets values share.
use super::{
    arena::Region,
    emit::Emitter,
    fuse::{Fused, Fusion, GroupId, Kind, Operand, fuse},
    graph::{Graph, NodeId, Nodes, STEP},
    kernel::{Body, HEADER_WORDS, Kernel, STEP_WORD, Space, View},
    op::{Init, Op},
    shape::numel,
    simplify::simplify,
};
use crate::error::{Error, Result};
use fixedbitset::FixedBitSet;

/// A named tensor in a buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Name given by the graph.
    pub name: String,
    /// Shape, outermost axis first.
    pub shape: Vec<usize>,
    /// First word in its buffer.
    pub offset: usize,
}

/// A graph compiled: what runs at every step, on either device.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Kernels in order.
    pub kernels: Vec<Kernel>,
    /// Words of the arena.
    pub arena_words: usize,
    /// What the arena is made of, in order; no two share words until the plan is [`Plan::placed`].
    pub regions: Vec<Region>,
    /// Tensors the host writes, in the arena.
    pub inputs: Vec<Slot>,
    /// Tensors the host reads, in the arena.
    pub outputs: Vec<Slot>,
    /// Numbers to be written into the arena once: first word and values.
    pub constants: Vec<(usize, Vec<f32>)>,
    /// State tensors with their beginning, where this plan takes them to be; see [`super::State`].
    pub states: Vec<(Slot, Init)>,
    /// Words of the state as this plan takes it to be.
    pub state_words: usize,
}

/// What a step of a plan costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Kernels run.
    pub kernels: usize,
    /// Multiplications and additions in products, and instructions elsewhere.
    pub flops: usize,
    /// Bytes read and written by kernels, caches not counted.
    pub bytes: usize,
    /// Bytes of the arena when kernels run one after another.
    pub arena_bytes: usize,
}

impl Graph {
    /// The plan of a step, or the first mistake made while building.
    pub fn compile(&self) -> Result<Plan> {
        self.compile_with(Fusion::On)
    }

    /// As [`Self::compile`]; tests turn fusion off.
    pub fn compile_with(&self, fusion: Fusion) -> Result<Plan> {
        let nodes = self.finish()?;
        let mut seen = vec![false; nodes.all.len()];
        for &(state, _) in &nodes.updates {
            if std::mem::replace(&mut seen[state], true) {
                let Op::State(name, _) = &nodes.all[state].op else { continue };
                return Err(Error::Duplicate { kind: "assigned state", name: name.clone() });
            }
        }
        if !nodes.updates.is_empty() {
            let step = self.step();
            if !nodes.updates.iter().any(|&(state, _)| state == step.id) {
                self.assign(step, step + 1.0);
            }
        }
        Ok(plan(&simplify(&self.finish()?), fusion))
    }
}

/// Offsets are multiples of this, so that vectors can be loaded.
const ALIGN_WORDS: usize = 4;

fn plan(nodes: &Nodes, fusion: Fusion) -> Plan {
    let mut fused = fuse(nodes, fusion);
    let direct = fused.settle_updates();
    let mut layout = Layout::new(nodes);
    let needed = Needed::new(&fused, &direct);
    layout.temporaries(&fused, &needed);
    let emitter = Emitter {
        fused: &fused,
        offsets: &layout.offsets,
        stored: &needed.stored,
        direct: &direct,
    };
    let kernels = needed.order.iter().map(|&g| emitter.kernel(g)).collect();
    let slot = |name: &str, shape: &[usize], offset: usize| Slot {
        name: name.to_owned(),
        shape: shape.to_vec(),
        offset,
    };
    let mut plan = Plan {
        kernels,
        arena_words: layout.arena_words,
        regions: layout.regions,
        inputs: vec![],
        outputs: vec![],
        constants: vec![],
        states: vec![],
        state_words: layout.state_words,
    };
    for (id, node) in nodes.all.iter().enumerate() {
        let at = layout.offsets[id];
        match &node.op {
            Op::Input(name) => plan.inputs.push(slot(name, &node.shape, at)),
            Op::Data(values) => plan.constants.push((at, values.clone())),
            Op::State(name, init) if name != STEP => {
                plan.states.push((slot(name, &node.shape, at), *init));
            }
            _ => {}
        }
    }
    for (name, id) in &nodes.outputs {
        plan.outputs.push(slot(name, &nodes.all[*id].shape, layout.offsets[*id]));
    }
    plan
}

/// Which groups run, in order, and which of their members must reach memory.
struct Needed {
    order: Vec<GroupId>,
    stored: Vec<bool>,
}

impl Needed {
    fn new(fused: &Fused<'_>, direct: &[Option<GroupId>]) -> Self {
        let nodes = fused.graph;
        let mut stored = vec![false; nodes.all.len()];
        let mut kept = vec![false; nodes.all.len()];
        for &(_, id) in &nodes.outputs {
            stored[id] = true;
        }
        for (&(_, value), direct) in nodes.updates.iter().zip(direct) {
            if direct.is_some() { kept[value] = true } else { stored[value] = true }
        }
        let mut order = Vec::new();
        for group in fused.in_order().into_iter().rev() {
            let members = &fused.groups[group].members;
            // A part of a concatenation is needed if the whole is; simplification left only such.
            let mut live: Vec<NodeId> = members
                .iter()
                .copied()
                .filter(|&m| stored[m] || kept[m] || fused.root(m) != m)
                .collect();
            for &m in &live {
                stored[m] |= fused.root(m) != m;
            }
            if live.is_empty() && !matches!(fused.groups[group].kind, Kind::Copy(_)) {
                continue;
            }
            order.push(group);
            let mut loaded = if live.is_empty() { fused.loads(group) } else { vec![] };
            let mut seen = live.clone();
            while let Some(m) = live.pop() {
                for &operand in &fused.node(m).inputs {
                    match fused.operand(group, operand) {
                        Operand::Member(n) if !seen.contains(&n) => {
                            seen.push(n);
                            live.push(n);
                        }
                        Operand::Load(operand) => loaded.push(operand),
                        _ => {}
                    }
                }
            }
            for operand in loaded {
                stored[fused.root(operand)] = true;
            }
        }
        order.reverse();
        Self { order, stored }
    }
}

/// Where each node with memory of its own begins.
struct Layout {
    offsets: Vec<usize>,
    arena_words: usize,
    regions: Vec<Region>,
    state_words: usize,
}

impl Layout {
    /// Lays out what stays: state, inputs, constants, outputs.
    fn new(nodes: &Nodes) -> Self {
        let mut layout = Self {
            offsets: vec![0; nodes.all.len()],
            arena_words: 0,
            regions: vec![],
            state_words: HEADER_WORDS,
        };
        for (id, node) in nodes.all.iter().enumerate() {
            match &node.op {
                Op::State(name, _) if name == STEP => layout.offsets[id] = STEP_WORD,
                Op::State(..) => {
                    layout.offsets[id] = layout.state_words;
                    layout.state_words += numel(&node.shape).next_multiple_of(ALIGN_WORDS);
                }
                Op::Input(_) | Op::Data(_) => layout.put(id, &node.shape, true),
                _ if nodes.outputs.iter().any(|&(_, o)| o == id) => {
                    layout.put(id, &node.shape, true);
                }
                _ => {}
            }
        }
        layout
    }

    fn put(&mut self, id: NodeId, shape: &[usize], kept: bool) {
        let words = numel(shape).next_multiple_of(ALIGN_WORDS);
        self.offsets[id] = self.arena_words;
        self.regions.push(Region { start: self.arena_words, words, kept });
        self.arena_words += words;
    }

    /// Lays out what lives only for a part of the step, after what stays.
    fn temporaries(&mut self, fused: &Fused<'_>, needed: &Needed) {
        let nodes = fused.graph;
        let mut used = FixedBitSet::with_capacity(nodes.all.len());
        for &group in &needed.order {
            for operand in fused.loads(group) {
                used.insert(fused.root(operand));
            }
            for &member in fused.groups[group].members.iter().filter(|&&m| needed.stored[m]) {
                used.insert(fused.root(member));
            }
            if let Kind::Copy(copying) = fused.groups[group].kind {
                used.insert(fused.root(copying.into));
            }
        }
        for id in used.ones() {
            let node = &nodes.all[id];
            let fixed = matches!(node.op, Op::State(..) | Op::Input(_) | Op::Data(_));
            if !fixed && !nodes.outputs.iter().any(|&(_, o)| o == id) {
                self.put(id, &node.shape, false);
            }
        }
    }
}

impl Plan {
    /// What a step costs.
    pub fn report(&self) -> Report {
        let mut report = Report {
            kernels: self.kernels.len(),
            flops: 0,
            bytes: 0,
            arena_bytes: self.placed_in_order().arena_words * size_of::<f32>(),
        };
        for kernel in &self.kernels {
            let count = numel(&kernel.domain);
            report.flops += kernel.flops();
            let mut words: usize = kernel.loads.iter().map(|v| touched(v, &kernel.domain)).sum();
            words += kernel.stores.iter().map(|s| touched(&s.view, &kernel.domain)).sum::<usize>();
            if let Body::MatMul { k, .. } = &kernel.body {
                let [.., m, n] = kernel.domain[..] else { continue };
                words += count / (m * n) * (m * k + k * n);
            }
            report.bytes += words * size_of::<f32>();
        }
        report
    }

    /// Every view into the state, to be changed.
    pub(super) fn state_views_mut(&mut self) -> impl Iterator<Item = &mut View> {
        let views = self.kernels.iter_mut().flat_map(Kernel::views_mut);
        views.filter(|view| view.space == Space::State)
    }
}

/// Elements of a view that differ.
fn touched(view: &View, domain: &[usize]) -> usize {
    domain.iter().zip(&view.strides).filter(|&(_, &s)| s != 0).map(|(&n, _)| n).product()
}
