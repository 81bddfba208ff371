//! The GPU: kernels as WGSL, and programs that replay a list of them without making anything anew.
mod batch;
mod device;
mod program;
mod readback;
pub mod tolerance;
mod wgsl;

pub use device::{Counts, GpuDevice};
pub use program::{GpuProgram, GpuState};
pub use wgsl::{Shader, shader};
