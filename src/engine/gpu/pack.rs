//! Weights that products read column by column are turned round once a step.
//!
//! Neighbouring threads compute neighbouring columns of a product; if those lie far apart in memory, as
//! the rows of a weight do in the backward pass, every load of every thread is a transaction of its own.
//! One copy of the weight in the other order costs little beside that.
use super::super::{
    arena::Region,
    kernel::{Body, Inst, Kernel, Space, Store, View},
    plan::Plan,
    shape,
};

/// Rows that a product must have in all for the copy to pay.
const LEAST_ROWS: usize = 32;

/// Shortest side of a weight that is turned.
const LEAST_SIDE: usize = 8;

/// A weight in the order in which products read it.
struct Turned {
    from: View,
    shape: Vec<usize>,
    to: View,
}

/// The plan with the copies it needs at its beginning.
pub(super) fn packed(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    if plan.regions.is_empty() {
        return plan;
    }
    let mut turned: Vec<Turned> = Vec::new();
    for kernel in &mut plan.kernels {
        let domain = &kernel.domain;
        let Body::MatMul { k, b, .. } = &mut kernel.body else { continue };
        let rank = domain.len();
        let (n, rows) = (domain[rank - 1], domain[..rank - 1].iter().product::<usize>());
        let alone = b.strides[..rank - 2].iter().all(|&stride| stride == 0);
        let across = b.strides[rank - 2] == 1 && b.strides[rank - 1] > 1;
        let pays = rows >= LEAST_ROWS && n >= LEAST_SIDE && *k >= LEAST_SIDE;
        if b.space != Space::State || !alone || !across || !pays {
            continue;
        }
        let known = turned.iter().find(|t| t.shape == [*k, n] && t.from == *b);
        let to = known.map(|t| t.to.clone());
        let to = to.unwrap_or_else(|| {
            let to = region(&mut plan.regions, &mut plan.arena_words, &[*k, n], rank);
            turned.push(Turned { from: b.clone(), shape: vec![*k, n], to: to.clone() });
            to
        });
        *b = to;
    }
    let copies = turned.into_iter().map(copy).collect::<Vec<_>>();
    plan.kernels.splice(0..0, copies);
    plan
}

/// A new region for a matrix; its view under a batch that shares it.
fn region(
    regions: &mut Vec<Region>,
    arena_words: &mut usize,
    shape: &[usize],
    rank: usize,
) -> View {
    let words = shape::numel(shape).next_multiple_of(4);
    let region = Region { start: *arena_words, words, kept: false };
    regions.push(region);
    *arena_words += words;
    let strides = [vec![0; rank - 2], shape::strides(shape)].concat();
    View { space: Space::Arena, offset: region.start, strides }
}

fn copy(Turned { from, shape, to }: Turned) -> Kernel {
    let own =
        |view: View| View { strides: view.strides[view.strides.len() - 2..].to_vec(), ..view };
    Kernel {
        domain: shape,
        body: Body::Rows,
        code: vec![Inst::Load(0)],
        loads: vec![own(from)],
        stores: vec![Store { reg: 0, view: own(to) }],
    }
}
