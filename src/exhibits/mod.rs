//! The catalog.
use crate::exhibit::Entry;

pub mod in_context_regression;
pub mod learning_to_relax;
pub mod mixup_feature_learning;
pub mod pointer_networks;

/// All exhibits, by id.
pub const CATALOG: &[Entry] = &[
    Entry::of::<in_context_regression::InContextRegression>(),
    Entry::of::<learning_to_relax::LearningToRelax>(),
    Entry::of::<mixup_feature_learning::MixupFeatureLearning>(),
    Entry::of::<pointer_networks::PointerNetworks>(),
];
