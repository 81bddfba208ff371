//! Tensors and graphs: knows no paper, no JSON, no browser.
//!
//! A [`Graph`] is built once, differentiated, simplified, fused into kernels and planned into one
//! arena; the [`Plan`] is then run step after step as a [`Program`] on a [`Device`].
pub mod math;
pub mod rng;
pub mod shape;
pub(crate) mod sort;
pub mod op;
pub mod graph;
mod grad;
mod print;
mod live;
mod simplify;
mod fuse;
mod place;
mod again;
pub mod kernel;
mod emit;
pub mod plan;
mod arena;
pub mod gpu;
mod cpu;
mod program;

pub use arena::Region;
pub use fuse::Fusion;
pub use graph::{Graph, Var};
pub use op::{Binary, Init, Reduction, Unary};
pub use plan::{Plan, Report, Slot};
pub use program::{Device, DeviceKind, Program, Snapshot, State};
