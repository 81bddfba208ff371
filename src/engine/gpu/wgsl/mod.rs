//! Kernels as WGSL: one compute shader a kernel.
//!
//! Domain and strides stand in the text as constants, offsets come from a uniform buffer, so kernels
//! that differ only in where their operands lie share one text and hence one pipeline.
mod columns;
mod index;
mod matmul;
mod ops;
mod rows;
mod writer;

use super::super::kernel::{Body, Inst, Kernel, View};

/// Most workgroups along one axis of a dispatch; guaranteed by WebGPU.
const MAX_GROUPS: usize = 65_535;

/// Words before the offsets in a kernel's parameters: numbers that WGSL cannot write down.
pub(super) const SPECIALS: [u32; 4] =
    [f32::INFINITY.to_bits(), f32::NEG_INFINITY.to_bits(), f32::NAN.to_bits(), 0];

/// A kernel ready for the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shader {
    /// The text; equal for kernels of equal structure.
    pub source: String,
    /// Workgroups along x, y and z.
    pub groups: [u32; 3],
    /// What the text reads as `params`: `SPECIALS`, then the offset of each view.
    pub params: Vec<u32>,
}

/// Words of a part of a shader before its offsets: its first workgroup and its number of elements.
const PART_HEAD: usize = 2;

/// Words of a part.
fn part_words(views: usize) -> usize {
    (PART_HEAD + views).next_multiple_of(4)
}

/// Whether two kernels can be parts of one shader: elementwise over contiguous tensors, by the same code.
pub(super) fn alike(a: &Kernel, b: &Kernel) -> bool {
    let flat = |k: &Kernel| {
        let code = k.code.iter();
        let plain = |i: &Inst| !matches!(i, Inst::Reduce(..) | Inst::Index(_) | Inst::Uniform(_));
        k.body == Body::Rows
            && k.domain.len() == 1
            && k.domain[0] > 1
            && code.into_iter().all(plain)
    };
    let same = |(x, y): (&View, &View)| x.space == y.space && x.strides == y.strides;
    flat(a)
        && flat(b)
        && a.code == b.code
        && a.stores.iter().map(|s| s.reg).eq(b.stores.iter().map(|s| s.reg))
        && a.loads.len() == b.loads.len()
        && a.views().zip(b.views()).all(same)
}

/// Writes kernels that are [`alike`] and do not depend on each other as one shader: so the optimiser is
/// one over all weights.
pub(super) fn shader_of_all(kernels: &[Kernel]) -> Shader {
    if let [kernel] = kernels {
        return shader(kernel);
    }
    let mut params = SPECIALS.to_vec();
    let mut groups = 0;
    for kernel in kernels {
        let part = params.len();
        params.extend([groups as u32, kernel.domain[0] as u32]);
        params.extend(kernel.views().map(|view| view.offset as u32));
        params.resize(part + part_words(kernel.views().count()), 0);
        groups += rows::part_groups(kernel.domain[0]);
    }
    let source = rows::elementwise_parts(&kernels[0], kernels.len());
    Shader { source, groups: [groups as u32, 1, 1], params }
}

/// Workgroups that one shader of several kernels may have, all along one axis.
pub(super) fn fits(kernels: &[Kernel], next: &Kernel) -> bool {
    let groups = |k: &Kernel| rows::part_groups(k.domain[0]);
    kernels.iter().map(groups).sum::<usize>() + groups(next) <= MAX_GROUPS
}

/// Writes a kernel as a shader.
pub fn shader(kernel: &Kernel) -> Shader {
    let (source, groups) = match &kernel.body {
        Body::Rows => rows::write(kernel),
        Body::Columns(how, reg) => columns::write(kernel, *how, *reg),
        Body::MatMul { k, a, b } => matmul::write(kernel, *k, a, b),
        Body::CumSum(reg) => index::cumsum(kernel, *reg),
        Body::Gather { rows, table, index } => index::gather(kernel, *rows, table, index),
        Body::ScatterAdd { count, values, index } => index::scatter(kernel, *count, values, index),
    };
    let mut params = SPECIALS.to_vec();
    params.extend(kernel.views().map(|view| view.offset as u32));
    params.resize(params.len().next_multiple_of(4), 0);
    let [x, y] = grid(groups);
    Shader { source, groups: [x as u32, y as u32, 1], params }
}

/// Workgroups along x and y that make at least as many as asked for.
fn grid(groups: usize) -> [usize; 2] {
    let y = groups.div_ceil(MAX_GROUPS);
    [groups.div_ceil(y), y]
}
