//! The memory of a chain: a slab for each band, in which values that never live together share words.
//!
//! Workgroups do not wait for each other within a chain, so a value may not be written where another
//! band's value is still read. Where the batch is the outermost axis, each band's part of a region is a
//! stretch; the stretches of one band lie in its slab, where only its own workgroup reads and writes.
use super::{
    super::{
        arena::{Region, lay, region_of},
        kernel::{Kernel, Space, View},
        plan::Plan,
    },
    schedule::Part,
};
use std::collections::BTreeMap;

/// Moves the regions that only a chain touches into slabs.
pub(super) fn make(
    plan: &mut Plan,
    bands: usize,
    parts: &mut [Part],
    labels: &BTreeMap<usize, usize>,
) {
    let region = |regions: &[Region], view: &View| match view.space {
        Space::State => None,
        Space::Arena => region_of(regions, view.offset),
    };
    // Where in the chain each region lives.
    let mut lives: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        for view in plan.kernels[part.kernel].views() {
            if let Some(region) = region(&plan.regions, view) {
                let life = lives.entry(region).or_insert((at, at));
                *life = (life.0.min(at), life.1.max(at));
            }
        }
    }
    lives.retain(|&number, _| {
        let Region { words, kept, .. } = plan.regions[number];
        let whole = labels.get(&number).is_some_and(|label| words < (label + 1) * bands);
        whole && !kept
    });
    let in_chain = |number: usize| parts.iter().any(|part| part.kernel == number);
    for (_, kernel) in plan.kernels.iter().enumerate().filter(|&(number, _)| !in_chain(number)) {
        for view in kernel.views() {
            if let Some(region) = region(&plan.regions, view) {
                lives.remove(&region);
            }
        }
    }
    let (numbers, wanted): (Vec<usize>, Vec<_>) =
        lives.iter().map(|(&number, &life)| (number, (labels[&number], life))).unzip();
    let (starts, pitch) = lay(&wanted, 0);
    let slab = Region { start: plan.arena_words, words: pitch * bands, kept: false };
    for part in parts {
        let kernel: &mut Kernel = &mut plan.kernels[part.kernel];
        for view in kernel.views_mut() {
            let own = region(&plan.regions, view);
            let found = own.and_then(|own| numbers.binary_search(&own).ok());
            part.pitches.push(found.map(|_| pitch));
            if let Some(found) = found {
                let within = view.offset - plan.regions[numbers[found]].start;
                view.offset = slab.start + starts[found] + within;
            }
        }
    }
    plan.arena_words += slab.words;
    plan.regions.push(slab);
}
