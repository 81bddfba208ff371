//! Proof that a schedule is right: what runs at once touches nothing that another part of it writes.
use super::{
    super::{
        kernel::{Kernel, Space},
        plan::Plan,
    },
    schedule::{Job, Part, Schedule},
};
use std::collections::BTreeMap;

/// A word of a buffer.
type Word = (Space, usize);

/// Says where two workgroups meet that do not wait for each other, if they do; for tests, since every
/// word that every kernel touches is looked at.
///
/// `plan` is the one that came with the schedule. A kernel alone counts as one workgroup.
pub fn races(plan: &Plan, schedule: &Schedule) -> Option<String> {
    for (number, jobs) in schedule.dispatches.iter().enumerate() {
        let mut owners: BTreeMap<Word, (usize, usize)> = BTreeMap::new();
        for written in [true, false] {
            for (job, one) in jobs.iter().enumerate() {
                for (kernel, workgroup, word) in words(plan, one, written) {
                    let own = (job, workgroup);
                    let owner =
                        if written { owners.insert(word, own) } else { owners.get(&word).copied() };
                    if let Some(other) = owner.filter(|&owner| owner != own) {
                        return Some(format!(
                            "dispatch {number}, kernel {kernel}: workgroups {own:?} and {other:?} meet at {word:?}"
                        ));
                    }
                }
            }
        }
    }
    None
}

/// Every word that a job reads or writes, with the kernel and its workgroup.
fn words(plan: &Plan, job: &Job, written: bool) -> Vec<(usize, usize, Word)> {
    match job {
        Job::Kernel(number) => {
            let all = touched(&plan.kernels[*number], written, None);
            all.into_iter().map(|(_, word)| (*number, 0, word)).collect()
        }
        Job::Chain { bands, each, parts, .. } => {
            let of = |part: &Part| {
                let all = touched(&plan.kernels[part.kernel], written, Some((part, *bands)));
                let kernel = part.kernel;
                all.into_iter().map(move |(band, word)| (kernel, band / each, word))
            };
            parts.iter().flat_map(of).collect()
        }
    }
}

/// The words of a kernel's views that are written, or of those that are not, with the band that each is of.
fn touched(kernel: &Kernel, written: bool, part: Option<(&Part, usize)>) -> Vec<(usize, Word)> {
    let mut found = Vec::new();
    for (view, walk) in
        kernel.walks().iter().enumerate().filter(|(_, walk)| walk.written == written)
    {
        let split = part.map(|(part, bands)| {
            let pitch = part.pitches.get(view).copied().flatten();
            (part.split, bands, pitch)
        });
        // Bands and offsets so far, axis by axis. A view without the split axis is touched by all bands.
        let mut places = vec![(None, walk.view.offset)];
        for &(axis, length, stride) in &walk.axes {
            let along = |&(band, offset): &(Option<usize>, usize)| {
                (0..length)
                    .map(|coord| match split {
                        Some((split, bands, pitch)) if axis == Some(split.axis) => {
                            let own = coord / split.inner % bands;
                            let pitch = pitch.unwrap_or(stride * split.inner);
                            let within = coord - own * split.inner;
                            (Some(own), offset + own * pitch + within * stride)
                        }
                        _ => (band, offset + coord * stride),
                    })
                    .collect::<Vec<_>>()
            };
            places = places.iter().flat_map(along).collect();
            places.sort_unstable();
            places.dedup();
        }
        let bands = split.map_or(1, |(_, bands, _)| bands);
        for (band, offset) in places {
            let own = band.map_or(0..bands, |band| band..band + 1);
            found.extend(own.map(|band| (band, (walk.view.space, offset))));
        }
    }
    found
}
