//! Which kernels run as one dispatch.
//!
//! A dispatch is a list of *jobs* that do not wait for each other. A job is one kernel, spread over as
//! many workgroups as it needs, or a chain of kernels of which each workgroup runs all for some bands
//! of the batch (see `bands`). So a step is a few dispatches, however many kernels it has.
use super::{
    super::{
        kernel::{Body, Kernel},
        plan::Plan,
    },
    bands::{Chain, Program, Split, divisors},
    order::dependencies,
    pack::packed,
    slab,
    wgsl::{HEAD_WORDS, Style, param_words, shader_of},
};
use fixedbitset::FixedBitSet;
use std::collections::BTreeMap;

/// Products of at least this many operations have a dispatch of their own, in tiles.
const LARGE_FLOPS: usize = 1 << 27;

/// Most words of parameters of a dispatch; WebGPU guarantees 16,384 in a uniform buffer.
const MOST_WORDS: usize = 14_000;

/// The dispatches of a step, in order.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(super) dispatches: Vec<Vec<Job>>,
    pub(super) style: Style,
    /// Turns of loops that a thread may take in one dispatch, if there is a limit.
    most_turns: Option<usize>,
}

/// Kernels that run without waiting for the other jobs of their dispatch.
#[derive(Clone, Debug)]
pub(super) enum Job {
    /// One kernel, by its number.
    Kernel(usize),
    /// Kernels in order, each split into bands.
    Chain {
        /// Bands in all.
        bands: usize,
        /// Bands of a workgroup.
        each: usize,
        parts: Vec<Part>,
        /// The label of each region that the chain writes.
        labels: BTreeMap<usize, usize>,
    },
}

/// A kernel of a chain.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) kernel: usize,
    pub(super) split: Split,
    /// For each view, words from band to band if they are not as the split has them; empty: for none.
    pub(super) pitches: Vec<Option<usize>>,
}

/// The dispatches of a plan, and the plan as they use it: with its arena placed.
///
/// Where a thread may take so many turns of loops only ([`super::GpuDevice::most_turns`]), a chain is
/// several dispatches. A kernel that takes more all by itself remains; [`super::GpuProgram::new`] refuses it.
pub fn schedule(plan: &Plan, style: Style, most_turns: Option<usize>) -> (Plan, Schedule) {
    let mut plan = packed(plan);
    let mut schedule = Schedule::new(&plan, style, most_turns);
    schedule.make_slabs(&mut plan);
    schedule.shorten(&plan.kernels);
    (plan.placed(&schedule.phases(plan.kernels.len())), schedule)
}

impl Schedule {
    fn new(plan: &Plan, style: Style, most_turns: Option<usize>) -> Self {
        let kernels = &plan.kernels;
        let before = dependencies(kernels, &plan.regions);
        let program = Program::new(kernels, &plan.regions, &before);
        let mut schedule = Self { dispatches: vec![], style, most_turns };
        let mut done = FixedBitSet::with_capacity(kernels.len());
        let ready = |done: &FixedBitSet, chain: &[(usize, Split)]| -> Vec<usize> {
            let free = |k: &usize| before[*k].iter().all(|&b| done.contains(b));
            let left = (0..kernels.len()).filter(|&k| !done.contains(k)).filter(free);
            left.filter(|k| chain.iter().all(|(part, _)| part != k)).collect()
        };
        while done.count_ones(..) < kernels.len() {
            let mut chain = program.chain(&done).unwrap_or_default();
            let words = chain.parts.iter().map(|&(kernel, _)| param_words(&kernels[kernel]));
            chain.parts.truncate(fitting(words));
            chain.parts.truncate(schedule.moderate(kernels, &chain));
            while !chain.first.iter().all(|&kernel| done.contains(kernel)) {
                schedule.push(kernels, ready(&done, &chain.parts), None, &mut done);
            }
            let beside = ready(&done, &chain.parts);
            let chain = (!chain.parts.is_empty()).then_some(chain);
            schedule.push(kernels, beside, chain, &mut done);
        }
        schedule
    }

    /// Adds kernels that are ready, and a chain, in as few dispatches as possible.
    fn push(
        &mut self,
        kernels: &[Kernel],
        ready: Vec<usize>,
        chain: Option<Chain>,
        done: &mut FixedBitSet,
    ) {
        let (large, small): (Vec<usize>, Vec<usize>) =
            ready.into_iter().partition(|&kernel| is_large(&kernels[kernel]));
        done.extend(large.iter().chain(&small).copied());
        self.dispatches.extend(large.into_iter().map(|kernel| vec![Job::Kernel(kernel)]));
        let mut jobs: Vec<Job> = small.into_iter().map(Job::Kernel).collect();
        if let Some(chain) = chain {
            done.extend(chain.parts.iter().map(|&(kernel, _)| kernel));
            jobs.insert(0, Job::chain(kernels, &chain, self.style));
        }
        let mut left = &jobs[..];
        while !left.is_empty() {
            let words = left.iter().map(|job| job.param_words(kernels));
            let (now, later) = left.split_at(fitting(words).max(1));
            self.dispatches.push(now.to_vec());
            left = later;
        }
    }

    /// Whether a thread may take the turns that these jobs need as one dispatch.
    fn short(&self, kernels: &[Kernel], jobs: &[Job]) -> bool {
        self.most_turns.is_none_or(|most| shader_of(kernels, jobs, self.style).turns <= most)
    }

    /// How many kernels of a chain, from the first on, do not need too many turns each by itself.
    fn moderate(&self, kernels: &[Kernel], chain: &Chain) -> usize {
        let Job::Chain { bands, each, parts, labels } = Job::chain(kernels, chain, self.style)
        else {
            return 0;
        };
        let moderate = |part: &&Part| {
            let (parts, labels) = (vec![(*part).clone()], labels.clone());
            self.short(kernels, &[Job::Chain { bands, each, parts, labels }])
        };
        parts.iter().take_while(moderate).count()
    }

    /// Divides dispatches in which a thread would take too many turns.
    fn shorten(&mut self, kernels: &[Kernel]) {
        for jobs in std::mem::take(&mut self.dispatches) {
            self.divide(kernels, jobs);
        }
    }

    fn divide(&mut self, kernels: &[Kernel], mut jobs: Vec<Job>) {
        if self.short(kernels, &jobs) {
            self.dispatches.push(jobs);
            return;
        }
        let later = match &mut jobs[..] {
            [Job::Chain { bands, each, parts, labels }] if parts.len() > 1 => {
                let (bands, each) = (*bands, *each);
                let some = |parts: &[Part]| {
                    vec![Job::Chain { bands, each, parts: parts.to_vec(), labels: labels.clone() }]
                };
                let counts: Vec<usize> = (1..parts.len()).collect();
                let short = |&count: &usize| self.short(kernels, &some(&parts[..count]));
                let count = counts.partition_point(short).max(1);
                let later = some(&parts[count..]);
                parts.truncate(count);
                later
            }
            [_] => vec![],
            // They do not wait for each other.
            all => {
                let half = all.len() / 2;
                jobs.split_off(half)
            }
        };
        if later.is_empty() {
            self.dispatches.push(jobs);
        } else {
            self.divide(kernels, jobs);
            self.divide(kernels, later);
        }
    }

    /// For each kernel the number of its dispatch.
    fn phases(&self, kernels: usize) -> Vec<usize> {
        let mut phases = vec![0; kernels];
        for (phase, jobs) in self.dispatches.iter().enumerate() {
            for job in jobs {
                match job {
                    Job::Kernel(kernel) => phases[*kernel] = phase,
                    Job::Chain { parts, .. } => {
                        parts.iter().for_each(|part| phases[part.kernel] = phase);
                    }
                }
            }
        }
        phases
    }

    /// Gives the bands of each chain memory of their own; see [`slab::make`].
    fn make_slabs(&mut self, plan: &mut Plan) {
        for job in self.dispatches.iter_mut().flatten() {
            if let Job::Chain { bands, parts, labels, .. } = job {
                slab::make(plan, *bands, parts, labels);
            }
        }
    }

    /// Chains among the jobs.
    pub fn chains(&self) -> usize {
        let jobs = self.dispatches.iter().flatten();
        jobs.filter(|job| matches!(job, Job::Chain { .. })).count()
    }

    /// Dispatches of a step.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }
}

impl Job {
    fn chain(kernels: &[Kernel], chain: &Chain, style: Style) -> Self {
        let parts = &chain.parts;
        let each = bands_each(kernels, chain.bands, parts, style);
        let part = |&(kernel, split): &_| Part { kernel, split, pitches: vec![] };
        let parts = parts.iter().map(part).collect();
        Self::Chain { bands: chain.bands, each, parts, labels: chain.labels.clone() }
    }

    /// Words of its parameters.
    fn param_words(&self, kernels: &[Kernel]) -> usize {
        let entries: usize = match self {
            Self::Kernel(kernel) => param_words(&kernels[*kernel]),
            Self::Chain { parts, .. } => {
                parts.iter().map(|part| param_words(&kernels[part.kernel])).sum()
            }
        };
        HEAD_WORDS + entries
    }
}

/// How many things of so many words, from the first on, are the parameters of one dispatch.
fn fitting(words: impl Iterator<Item = usize>) -> usize {
    let ends = words.scan(0, |sum, words| {
        *sum += words;
        Some(*sum)
    });
    ends.take_while(|&end| end <= MOST_WORDS).count()
}

/// Whether a kernel is a product large enough for a dispatch of its own.
pub(super) fn is_large(kernel: &Kernel) -> bool {
    matches!(kernel.body, Body::MatMul { .. })
        && kernel.flops() >= LARGE_FLOPS
        && kernel.domain.iter().rev().take(2).all(|&length| length >= 32)
}

/// Bands of a workgroup: few, so that there are many workgroups, but rows enough for products.
fn bands_each(kernels: &[Kernel], bands: usize, parts: &[(usize, Split)], style: Style) -> usize {
    let rows = parts.iter().filter_map(|(kernel, split)| {
        let kernel = &kernels[*kernel];
        let product = matches!(kernel.body, Body::MatMul { .. });
        (product && split.axis + 2 == kernel.domain.len()).then_some(split.inner)
    });
    let rows = rows.min().unwrap_or(usize::MAX);
    let fits = |each: &usize| {
        each.saturating_mul(rows) >= style.block().0 && bands / each <= style.most_workgroups()
    };
    divisors(bands).into_iter().find(fits).unwrap_or(bands)
}
