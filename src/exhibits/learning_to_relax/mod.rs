//! Learning to relax: in the making.
pub mod chebcb;
pub mod heat;
pub mod race;
pub mod systems;
pub mod theory;
pub mod tsallis;
