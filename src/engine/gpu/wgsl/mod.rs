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

use super::super::kernel::{Body, Kernel};

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
