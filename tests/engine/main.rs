//! The engine against a plain twin: values, derivatives, fusion, state.
//!
//! Programs are drawn at random from a fixed seed (see `grow`), so a failure names a recipe that
//! fails again.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "std's f64 functions are the reference")]

mod gradients;
mod grow;
mod networks;
mod programs;
mod recipe;
mod run;
mod steps;
mod tensor;
