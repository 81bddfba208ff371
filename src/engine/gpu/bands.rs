//! Chains of kernels that one workgroup can run for a part of the batch alone.
//!
//! Most of a training step treats the samples of a batch one by one: a workgroup that has computed a
//! layer for some samples can go on to the next layer for the same ones, without waiting for the
//! other workgroups. So the whole of a forward and backward pass, time steps of a recurrent layer
//! included, is one dispatch, with barriers inside a workgroup in place of dispatches.
//!
//! Nothing here knows what a batch is. A *band* is a class of elements: in a region with *label*
//! `inner`, element `e` is of band `e / inner % bands`. A kernel is *split* along an axis of its domain
//! into bands so that each band of it reads and writes, in every labelled region, elements of that
//! band only. Labels are found by following the kernels from one seed, for every way to split it.
use super::super::{
    arena::{Region, region_of},
    kernel::{Body, Inst, Kernel, Space, Walk},
};
use fixedbitset::FixedBitSet;
use std::collections::BTreeMap;

/// Fewest bands that are worth it: each is work for one workgroup at most.
const FEWEST: usize = 8;

/// Least depth of a chain: dispatches that its kernels would need without it.
const LEAST_DEPTH: usize = 3;

/// Kernels of more work than this are better spread over the whole device.
const MOST_FLOPS: usize = 1 << 28;

/// Seeds that are tried.
const SEEDS: usize = 3;

/// How a kernel is divided: at coordinate `c` of the axis it is of band `c / inner % bands`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) axis: usize,
    pub(super) inner: usize,
}

/// Kernels that can be run band by band.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    pub(super) bands: usize,
    /// Kernels in order, and how each is split.
    pub(super) parts: Vec<(usize, Split)>,
    /// Kernels that must be done before.
    pub(super) first: Vec<usize>,
    /// The label of each region that the chain writes.
    pub(super) labels: BTreeMap<usize, usize>,
    flops: usize,
}

/// What the search knows of a program.
pub(super) struct Program<'a> {
    kernels: &'a [Kernel],
    regions: &'a [Region],
    before: &'a [Vec<usize>],
    walks: Vec<Vec<(Option<usize>, Walk<'a>)>>,
    /// Kernels that write each region.
    writers: Vec<Vec<usize>>,
}

/// What a kernel is taken to be while a chain is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It is not in the chain.
    Out,
    /// It does not depend on the chain, and may still become a part of it.
    Free,
    /// It must be done before the chain begins.
    First,
    Part(Split),
}

struct Search<'a> {
    program: &'a Program<'a>,
    done: &'a FixedBitSet,
    bands: usize,
    roles: Vec<Role>,
    labels: BTreeMap<usize, usize>,
    /// What to undo if an attempt fails.
    journal: Vec<Change>,
}

enum Change {
    Role(usize, Role),
    Label(usize),
}

impl<'a> Program<'a> {
    pub(super) fn new(
        kernels: &'a [Kernel],
        regions: &'a [Region],
        before: &'a [Vec<usize>],
    ) -> Self {
        let mut writers = vec![Vec::new(); regions.len()];
        let mut walks = Vec::with_capacity(kernels.len());
        for (number, kernel) in kernels.iter().enumerate() {
            let region = |walk: &Walk<'_>| match walk.view.space {
                Space::State => None,
                Space::Arena => region_of(regions, walk.view.offset),
            };
            let own: Vec<_> =
                kernel.walks().into_iter().map(|walk| (region(&walk), walk)).collect();
            for (region, _) in own.iter().filter(|(_, walk)| walk.written) {
                if let Some(region) = *region {
                    writers[region].push(number);
                }
            }
            walks.push(own);
        }
        Self { kernels, regions, before, walks, writers }
    }

    /// The chain of the most work among the kernels that are not done.
    pub(super) fn chain(&self, done: &FixedBitSet) -> Option<Chain> {
        let mut best = Chain::default();
        for seed in self.seeds(done) {
            for (bands, split) in ways(&self.kernels[seed]) {
                let mut search = Search {
                    program: self,
                    done,
                    bands,
                    roles: vec![Role::Out; self.kernels.len()],
                    labels: BTreeMap::new(),
                    journal: Vec::new(),
                };
                search.follow(seed, split);
                let found = search.found();
                if (found.flops, found.bands) > (best.flops, best.bands) {
                    best = found;
                }
            }
        }
        (best.flops > 0).then_some(best)
    }

    /// Kernels from which chains are followed: the first products, or else reductions.
    fn seeds(&self, done: &FixedBitSet) -> Vec<usize> {
        let left = || (0..self.kernels.len()).filter(|&k| !done.contains(k));
        let products = left().filter(|&k| matches!(self.kernels[k].body, Body::MatMul { .. }));
        let mut seeds: Vec<usize> = products.take(SEEDS).collect();
        if seeds.is_empty() {
            seeds.extend(left().filter(|&k| reduces(&self.kernels[k])).take(SEEDS));
        }
        seeds
    }
}

fn reduces(kernel: &Kernel) -> bool {
    kernel.code.iter().any(|inst| matches!(inst, Inst::Reduce(..)))
}

/// Axes at the end of a kernel's domain that have a meaning of their own.
pub(super) fn fixed_axes(kernel: &Kernel) -> usize {
    match kernel.body {
        Body::Rows => usize::from(reduces(kernel)),
        Body::CumSum(_) => 1,
        Body::Columns(..) | Body::MatMul { .. } | Body::Gather { .. } | Body::ScatterAdd { .. } => {
            2
        }
    }
}

/// Whether a kernel computes the same however that axis is divided.
fn divisible(kernel: &Kernel, axis: usize) -> bool {
    let rank = kernel.domain.len();
    match kernel.body {
        Body::Rows => axis + fixed_axes(kernel) < rank,
        Body::Columns(..) => axis + 2 != rank,
        Body::CumSum(_) | Body::MatMul { .. } => axis + 1 < rank,
        Body::Gather { .. } => axis == 0,
        Body::ScatterAdd { .. } => false,
    }
}

/// Every way to split a kernel into enough bands.
fn ways(kernel: &Kernel) -> Vec<(usize, Split)> {
    let mut ways = Vec::new();
    for (axis, &length) in kernel.domain.iter().enumerate() {
        if !divisible(kernel, axis) {
            continue;
        }
        for bands in divisors(length).into_iter().filter(|&bands| bands >= FEWEST) {
            let inner = divisors(length / bands).into_iter();
            ways.extend(inner.map(|inner| (bands, Split { axis, inner })));
        }
    }
    ways
}

/// The divisors of a number, in ascending order.
pub(super) fn divisors(n: usize) -> Vec<usize> {
    let small: Vec<usize> = (1..=n.isqrt()).filter(|d| n.is_multiple_of(*d)).collect();
    let large = small.iter().rev().map(|d| n / d).filter(|d| d * d > n);
    small.iter().copied().chain(large).collect()
}

impl Search<'_> {
    /// Takes the seed into the chain, then every kernel that fits.
    fn follow(&mut self, seed: usize, split: Split) {
        for kernel in 0..self.program.kernels.len() {
            if self.done.contains(kernel) || self.roles[kernel] != Role::Out {
                continue;
            }
            let (mut waits, mut chained) = (false, false);
            for &other in self.program.before[kernel].iter().filter(|&&k| !self.done.contains(k)) {
                waits |= self.roles[other] == Role::Out;
                chained |= matches!(self.roles[other], Role::Part(_));
            }
            if waits {
                continue;
            }
            if kernel == seed {
                if !self.attempt(kernel, split) {
                    return;
                }
            } else if chained {
                let walks = self.program.walks[kernel].iter().filter(|(_, walk)| !walk.written);
                let labelled = walks.into_iter().find_map(|(region, walk)| {
                    let region = (*region)?;
                    Some(self.splits(walk, *self.labels.get(&region)?, region))
                });
                for split in labelled.unwrap_or_default() {
                    if self.attempt(kernel, split) {
                        break;
                    }
                }
            } else {
                self.roles[kernel] = Role::Free;
            }
        }
    }

    /// The splits under which a walk keeps to one band of a region.
    fn splits(&self, walk: &Walk<'_>, label: usize, region: usize) -> Vec<Split> {
        let mut splits = Vec::new();
        for &(axis, length, stride) in &walk.axes {
            let Some(axis) = axis.filter(|_| stride > 0 && label.is_multiple_of(stride)) else {
                continue;
            };
            let split = Split { axis, inner: label / stride };
            if length.is_multiple_of(split.inner * self.bands)
                && self.label(walk, split, region) == Some(label)
            {
                splits.push(split);
            }
        }
        splits
    }

    /// The label of a region under which a walk, so split, keeps to one band of it; `None` if it
    /// cannot.
    fn label(&self, walk: &Walk<'_>, split: Split, region: usize) -> Option<usize> {
        let of = |&&(axis, length, _): &&(Option<usize>, usize, usize)| {
            axis == Some(split.axis) && length.is_multiple_of(split.inner * self.bands)
        };
        let (_, _, stride) = *walk.axes.iter().find(of)?;
        let label = stride * split.inner;
        let period = label * self.bands;
        if period == 0 {
            return None;
        }
        let mut reach = (walk.view.offset - self.program.regions[region].start) % period;
        for &(axis, length, stride) in &walk.axes {
            if axis == Some(split.axis) {
                reach += stride * (split.inner - 1);
            } else if !stride.is_multiple_of(period) {
                reach += stride * (length - 1);
            }
        }
        (reach < label).then_some(label)
    }

    /// Takes a kernel into the chain, with the free ones it needs; undoes all if that fails.
    fn attempt(&mut self, kernel: usize, split: Split) -> bool {
        let mark = self.journal.len();
        let taken = self.take(kernel, split);
        if !taken {
            self.undo(mark);
        }
        taken
    }

    fn take(&mut self, number: usize, split: Split) -> bool {
        let program = self.program;
        let kernel = &program.kernels[number];
        if !divisible(kernel, split.axis) || kernel.flops() > MOST_FLOPS {
            return false;
        }
        self.set(number, Role::Part(split));
        for (region, walk) in &program.walks[number] {
            let Some(region) = *region else {
                // The state is read by all, and written by all for all.
                if walk.written {
                    return false;
                }
                continue;
            };
            let label = self.label(walk, split, region);
            let known = self.labels.get(&region).copied();
            if known.is_some() && label != known {
                return false;
            }
            if walk.written {
                let Some(label) = label else { return false };
                if self.labels.insert(region, label).is_none() {
                    self.journal.push(Change::Label(region));
                }
            }
            if !self.settle(region, label) {
                return false;
            }
        }
        // Whatever else it waits for.
        let before = program.before[number].iter();
        before.copied().all(|other| self.roles[other] != Role::Free || self.put_first(other))
    }

    /// Settles what else writes a region that a part of the chain reads or writes: parts of the chain
    /// too, or done before.
    fn settle(&mut self, region: usize, label: Option<usize>) -> bool {
        let writers = &self.program.writers[region];
        let free = |search: &Self| {
            let free = writers.iter().copied().filter(|&w| search.roles[w] == Role::Free);
            free.collect::<Vec<_>>()
        };
        let mark = self.journal.len();
        if let Some(label) = label
            && free(self).into_iter().all(|writer| self.take_writer(writer, region, label))
        {
            return true;
        }
        self.undo(mark);
        free(self).into_iter().all(|writer| self.put_first(writer))
    }

    fn take_writer(&mut self, writer: usize, region: usize, label: usize) -> bool {
        let walks = &self.program.walks[writer];
        let store = walks.iter().find(|(to, walk)| walk.written && *to == Some(region));
        let splits = store.map(|(_, walk)| self.splits(walk, label, region)).unwrap_or_default();
        splits.into_iter().any(|split| self.attempt(writer, split))
    }

    /// Has a kernel and those it waits for done before the chain, if none is a part of it.
    fn put_first(&mut self, kernel: usize) -> bool {
        if self.done.contains(kernel) || self.roles[kernel] == Role::First {
            return true;
        }
        if self.roles[kernel] != Role::Free {
            return false;
        }
        self.set(kernel, Role::First);
        self.program.before[kernel].iter().all(|&before| self.put_first(before))
    }

    fn set(&mut self, kernel: usize, role: Role) {
        self.journal.push(Change::Role(kernel, std::mem::replace(&mut self.roles[kernel], role)));
    }

    fn undo(&mut self, mark: usize) {
        for change in self.journal.drain(mark..).rev() {
            match change {
                Change::Role(kernel, role) => self.roles[kernel] = role,
                Change::Label(region) => {
                    self.labels.remove(&region);
                }
            }
        }
    }

    /// The chain, if it is deep enough.
    fn found(&self) -> Chain {
        let program = self.program;
        let mut chain =
            Chain { bands: self.bands, labels: self.labels.clone(), ..Chain::default() };
        let mut depth = vec![0; self.roles.len()];
        for (number, role) in self.roles.iter().enumerate() {
            match *role {
                Role::Part(split) => {
                    let before = program.before[number].iter();
                    depth[number] = before.map(|&k| depth[k]).max().unwrap_or(0) + 1;
                    chain.flops += program.kernels[number].flops();
                    chain.parts.push((number, split));
                }
                Role::First => chain.first.push(number),
                Role::Out | Role::Free => {}
            }
        }
        if depth.into_iter().max().unwrap_or(0) < LEAST_DEPTH {
            return Chain::default();
        }
        chain
    }
}
