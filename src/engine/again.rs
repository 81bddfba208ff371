//! What is computed again where it is read, because that is cheaper than keeping it in memory.
//!
//! A value that a few additions and multiplications make from what is kept anyway is not kept: each group
//! that would read it computes it again. If several such values come from one that is dear but not
//! kept, that one is kept in their stead: of a GELU the `tanh`, not what its derivative makes of it.
use super::{
    fuse::{Fused, Fusion, GroupId, Kind, Operand},
    graph::NodeId,
    op::{Binary, Op, Unary},
    shape::numel,
    sort::ascending,
};

/// Most instructions that replace one value.
const MAX_COST: usize = 6;
/// Most members of a group, with those computed again.
const MAX_MEMBERS: usize = 64;
/// A load that touches so much fewer words than the domain has elements costs nothing.
const SMALL: usize = 8;

/// How a value is made again.
struct Recipe {
    /// The value itself.
    value: NodeId,
    /// What is computed, the value included.
    nodes: Vec<NodeId>,
    /// What is read for it.
    leaves: Vec<NodeId>,
    /// Values of one number a row that are read for it.
    rows: Vec<NodeId>,
    cost: usize,
}

/// What is known of each node.
struct Known {
    /// Groups that read it element by element.
    readers: Vec<Vec<GroupId>>,
    /// It must be in memory.
    forced: Vec<bool>,
    /// It is no longer kept.
    dropped: Vec<bool>,
}

impl Known {
    fn kept(&self, id: NodeId) -> bool {
        self.forced[id] || (!self.dropped[id] && !self.readers[id].is_empty())
    }
}

/// Instructions that an op costs, if it is cheap.
fn cost(op: &Op) -> Option<usize> {
    match op {
        Op::Select
        | Op::Unary(Unary::Neg | Unary::Abs)
        | Op::Binary(
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Max
            | Binary::Min
            | Binary::Less
            | Binary::Equal,
        ) => Some(1),
        Op::Binary(Binary::Div) | Op::Unary(Unary::Recip | Unary::Sqrt | Unary::Floor) => Some(3),
        _ => None,
    }
}

impl Fused<'_> {
    /// Decides what is computed again.
    pub(super) fn compute_again(&mut self) {
        if self.fusion == Fusion::Off {
            return;
        }
        let mut known = self.readers();
        for id in 0..self.graph.all.len() {
            if !self.is_full(id) {
                continue;
            }
            if known.kept(id) {
                let recipe = self.recipe(&known, id, None);
                if let Some(recipe) = recipe.filter(|_| !known.forced[id])
                    && self.gain(&known, std::slice::from_ref(&recipe), None) > 0
                {
                    self.drop_value(&mut known, &recipe);
                }
                continue;
            }
            // Values that could be made again were this one kept.
            let Some(group) = self.group_of[id] else { continue };
            let members = self.groups[group].members.clone();
            let recipes: Vec<Recipe> = members
                .into_iter()
                .filter(|&m| m > id && self.is_full(m) && known.kept(m) && !known.forced[m])
                .filter_map(|m| self.recipe(&known, m, Some(id)))
                .filter(|recipe| recipe.leaves.contains(&id))
                .collect();
            if !recipes.is_empty() && self.gain(&known, &recipes, Some(id)) > 0 {
                recipes.iter().for_each(|recipe| self.drop_value(&mut known, recipe));
            }
        }
    }

    /// Whether a node has a number for each element of the domain of the code that computes it.
    fn is_full(&self, id: NodeId) -> bool {
        self.group_of[id].is_some_and(|group| {
            let g = &self.groups[group];
            matches!(g.kind, Kind::Rows | Kind::MatMul) && g.domain == self.node(id).shape
        })
    }

    fn readers(&self) -> Known {
        let count = self.graph.all.len();
        let mut known = Known {
            readers: vec![Vec::new(); count],
            forced: vec![false; count],
            dropped: vec![false; count],
        };
        for group in self.in_order() {
            for operand in self.loads(group) {
                if self.reads_evenly(group, operand) {
                    if !known.readers[operand].contains(&group) {
                        known.readers[operand].push(group);
                    }
                } else {
                    known.forced[self.root(operand)] = true;
                    known.forced[operand] = true;
                }
            }
        }
        let outputs = self.graph.outputs.iter().map(|&(_, id)| id);
        outputs.chain(self.graph.updates.iter().map(|&(_, v)| v)).for_each(|id| {
            known.forced[id] = true;
        });
        for id in 0..count {
            known.forced[id] |= self.group_of[id].is_none() || self.root(id) != id;
        }
        known
    }

    /// Whether code reads an operand as the number that belongs to each element.
    fn reads_evenly(&self, group: GroupId, operand: NodeId) -> bool {
        let g = &self.groups[group];
        matches!(g.kind, Kind::Rows | Kind::MatMul)
            && !self.is_factor(group, operand)
            && self.group_of[operand].is_some()
            && self.node(operand).shape == g.domain
    }

    /// How a value is made from what is kept, and from `extra` as if that were kept.
    fn recipe(&self, known: &Known, value: NodeId, extra: Option<NodeId>) -> Option<Recipe> {
        let mut recipe = Recipe { value, nodes: vec![], leaves: vec![], rows: vec![], cost: 0 };
        self.add_to_recipe(known, &mut recipe, value, extra)?;
        (!recipe.leaves.is_empty()).then_some(recipe)
    }

    fn add_to_recipe(
        &self,
        known: &Known,
        recipe: &mut Recipe,
        id: NodeId,
        extra: Option<NodeId>,
    ) -> Option<()> {
        recipe.cost += cost(&self.node(id).op)?;
        recipe.nodes.push(id);
        if recipe.cost > MAX_COST {
            return None;
        }
        let group = self.group_of[id]?;
        for &input in &self.node(id).inputs {
            let source = match self.operand(group, input) {
                Operand::Const(_) | Operand::Index(_) => continue,
                Operand::Member(m) if self.node(m).shape != self.groups[group].domain => {
                    recipe.rows.push(m);
                    continue;
                }
                Operand::Member(m) => m,
                Operand::Load(operand) if self.is_small(operand) => continue,
                Operand::Load(operand) => operand,
            };
            let leaf = known.kept(source) || extra == Some(source);
            if recipe.nodes.contains(&source) || recipe.leaves.contains(&source) {
                continue;
            }
            if leaf {
                recipe.leaves.push(source);
            } else {
                self.add_to_recipe(known, recipe, source, extra)?;
            }
        }
        Some(())
    }

    /// Whether an operand has far fewer numbers than elements.
    fn is_small(&self, operand: NodeId) -> bool {
        let shape = &self.node(operand).shape;
        let strides = self.place_or_copy(operand).strides;
        let moved: usize =
            shape.iter().zip(&strides).filter(|&(_, &s)| s != 0).map(|(&n, _)| n).product();
        moved * SMALL <= numel(shape)
    }

    /// Loads and stores saved by making values again, less those that it takes.
    fn gain(&self, known: &Known, recipes: &[Recipe], extra: Option<NodeId>) -> isize {
        let mut readers: Vec<GroupId> =
            recipes.iter().flat_map(|r| known.readers[r.value].iter().copied()).collect();
        let saved = recipes.len() + readers.len();
        ascending(&mut readers);
        readers.dedup();
        let mut spent = usize::from(extra.is_some());
        for group in readers {
            let loads = self.loads(group);
            let mut more: Vec<NodeId> = Vec::new();
            let mut members = self.groups[group].members.len() + self.groups[group].again.len();
            for recipe in recipes.iter().filter(|r| known.readers[r.value].contains(&group)) {
                members += recipe.nodes.len();
                more.extend(recipe.leaves.iter().filter(|leaf| !loads.contains(leaf)));
            }
            if members > MAX_MEMBERS {
                return 0;
            }
            ascending(&mut more);
            more.dedup();
            spent += more.len();
        }
        saved as isize - spent as isize
    }

    fn drop_value(&mut self, known: &mut Known, recipe: &Recipe) {
        for group in std::mem::take(&mut known.readers[recipe.value]) {
            let again = &mut self.groups[group].again;
            again.extend(&recipe.nodes);
            ascending(again);
            again.dedup();
            for &leaf in &recipe.leaves {
                if !known.readers[leaf].contains(&group) {
                    known.readers[leaf].push(group);
                }
            }
        }
        recipe.rows.iter().for_each(|&row| known.forced[row] = true);
        known.dropped[recipe.value] = true;
    }
}
