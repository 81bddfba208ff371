//! The catalog.
use crate::exhibit::Entry;

pub mod learning_to_relax;
pub mod pointer_networks;

/// All exhibits, by id.
pub const CATALOG: &[Entry] = &[
    Entry::of::<learning_to_relax::LearningToRelax>(),
    Entry::of::<pointer_networks::PointerNetworks>(),
];
