//! The catalog.
use crate::exhibit::Entry;

/// All exhibits, by id.
pub const CATALOG: &[Entry] = &[];
