//! Layers, losses and optimisers against plain twins, and derivatives against differences.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "std's f64 functions are the reference")]

mod check;
mod functions;
mod layers;
mod optimisers;
#[path = "../engine/tensor.rs"]
#[expect(dead_code, reason = "the engine's tests need more of it")]
mod tensor;
