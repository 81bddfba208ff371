//! Orrery: working models of machine-learning papers, in a browser tab.
//!
//! The modules stand in the order of their layers: each uses only those above it.
pub mod error;
pub mod files;
pub mod engine;
pub mod models;
pub mod params;
pub mod figure;
pub mod claim;
pub mod exhibit;
pub mod exhibits;
pub mod session;
#[cfg(target_arch = "wasm32")]
pub mod web;
