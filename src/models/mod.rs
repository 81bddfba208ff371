//! Layers, losses, optimisers: functions over [`crate::engine::Var`].
//!
//! A layer takes the [`Weights`] it asks for its tensors, and names them after itself, so that a
//! program for training and another for decoding find the same ones in the state they share.
mod weights;
pub mod activation;
pub mod attention;
pub mod conv;
pub mod dense;
pub mod loss;
pub mod losses;
pub mod lstm;
pub mod norm;
pub mod optim;
pub mod random;
pub mod regress;
pub mod sample;
pub mod sor;
pub mod stats;
pub mod tensors;
pub mod trainer;

#[cfg(test)]
mod testing;

pub use weights::Weights;
