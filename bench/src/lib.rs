//! What `cargo xtask bench-peers` measures of Orrery: networks, products and loops.
//!
//! Not part of the page. In wasm it is one column of the harness; the loops run natively too.
#[cfg(target_arch = "wasm32")]
#[path = "../../src/bench/networks.rs"]
mod networks;
pub mod relaxation;
#[cfg(target_arch = "wasm32")]
pub mod web;
