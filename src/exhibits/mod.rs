//! The catalog.
use crate::exhibit::Entry;

pub mod pointer_networks;

/// All exhibits, by id.
pub const CATALOG: &[Entry] = &[Entry::of::<pointer_networks::PointerNetworks>()];
