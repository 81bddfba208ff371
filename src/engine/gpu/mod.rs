//! The GPU: kernels as WGSL, and programs that replay a few dispatches without making anything anew.
mod bands;
mod device;
mod order;
mod pack;
mod program;
mod races;
mod readback;
mod schedule;
mod slab;
pub mod tolerance;
mod wgsl;

pub use device::{Counts, GpuDevice};
pub use program::{GpuProgram, GpuState};
pub use races::races;
pub use schedule::{Schedule, schedule};
pub use wgsl::{Shader, Style, shader, shaders};
