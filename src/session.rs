//! The session.
mod protocol;
pub use protocol::*;
