//! The arena of a program: values that never live together share words.
//!
//! A plan gives every value a place of its own. What runs at once depends on the device, so each
//! device says in which *phase* it runs each kernel, and values whose phases are apart share words.
use super::{
    kernel::{Kernel, Space, View},
    plan::{Plan, Slot},
    sort::sorted,
};
use std::cmp::Reverse;

/// A stretch of the arena that holds one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First word.
    pub start: usize,
    /// Number of words.
    pub words: usize,
    /// Whether it holds an input, a constant or an output, which stay from step to step.
    pub kept: bool,
}

/// The number of the region that a word of the arena is in.
pub(super) fn region_of(regions: &[Region], word: usize) -> Option<usize> {
    let at = regions.partition_point(|region| region.start <= word).checked_sub(1)?;
    (word < regions[at].start + regions[at].words).then_some(at)
}

/// Where things of some words that live from one time to another can be, from `base` on, so that those
/// alive at the same time are apart; and where all end.
pub(super) fn lay(wanted: &[(usize, (usize, usize))], base: usize) -> (Vec<usize>, usize) {
    let key = |i: usize| (Reverse(wanted[i].0), wanted[i].1);
    let waiting = sorted(wanted.len(), &|a, b| key(a).cmp(&key(b)));
    let mut starts = vec![base; wanted.len()];
    let mut beyond = base;
    let mut taken: Vec<(usize, usize, (usize, usize))> = Vec::new();
    for i in waiting {
        let (size, life) = wanted[i];
        // The lowest gap among those alive at the same time.
        let mut at = base;
        for &(start, end, other) in &taken {
            let together = life.0 <= other.1 && other.0 <= life.1;
            if together && start < at + size && at < end {
                at = end;
            }
        }
        starts[i] = at;
        beyond = beyond.max(at + size);
        let index = taken.partition_point(|&(start, ..)| start < at);
        taken.insert(index, (at, at + size, life));
    }
    (starts, beyond)
}

impl Plan {
    /// The plan with an arena in which regions of different phases share words.
    ///
    /// `phases` says for each kernel when it runs: kernels of one phase may run at once. A region lives
    /// from the first phase that touches it to the last. The result has no regions: it is placed for good.
    #[must_use]
    pub fn placed(&self, phases: &[usize]) -> Self {
        if self.regions.is_empty() {
            return self.clone();
        }
        let mut lives: Vec<Option<(usize, usize)>> = vec![None; self.regions.len()];
        for (kernel, &phase) in self.kernels.iter().zip(phases) {
            let views = kernel.views().filter(|view| view.space == Space::Arena);
            for region in views.filter_map(|view| region_of(&self.regions, view.offset)) {
                let life = lives[region].get_or_insert((phase, phase));
                *life = (life.0.min(phase), life.1.max(phase));
            }
        }
        let mut starts = vec![0; self.regions.len()];
        let mut words = 0;
        for (start, region) in starts.iter_mut().zip(&self.regions) {
            if region.kept {
                *start = words;
                words += region.words;
            }
        }
        let alive = |&at: &usize| Some((at, (!self.regions[at].kept).then_some(lives[at])??));
        let (moving, wanted): (Vec<usize>, Vec<_>) = (0..self.regions.len())
            .filter_map(|at| alive(&at))
            .map(|(at, life)| (at, (self.regions[at].words, life)))
            .unzip();
        let (places, words) = lay(&wanted, words);
        for (region, place) in moving.into_iter().zip(places) {
            starts[region] = place;
        }
        self.moved(&starts, words)
    }

    /// As [`Self::placed`], where kernels run one after another.
    pub(super) fn placed_in_order(&self) -> Self {
        self.placed(&(0..self.kernels.len()).collect::<Vec<_>>())
    }

    /// The plan with its regions at new places.
    fn moved(&self, starts: &[usize], arena_words: usize) -> Self {
        let moved = |word: usize| match region_of(&self.regions, word) {
            Some(region) => starts[region] + word - self.regions[region].start,
            None => word,
        };
        let view = |view: &mut View| {
            if view.space == Space::Arena {
                view.offset = moved(view.offset);
            }
        };
        let slot = |slot: &Slot| Slot { offset: moved(slot.offset), ..slot.clone() };
        let kernel = |kernel: &Kernel| {
            let mut kernel = kernel.clone();
            kernel.views_mut().for_each(view);
            kernel
        };
        Self {
            kernels: self.kernels.iter().map(kernel).collect(),
            arena_words,
            regions: vec![],
            inputs: self.inputs.iter().map(slot).collect(),
            outputs: self.outputs.iter().map(slot).collect(),
            constants: (self.constants.iter())
                .map(|(word, values)| (moved(*word), values.clone()))
                .collect(),
            states: self.states.clone(),
            state_words: self.state_words,
        }
    }
}
