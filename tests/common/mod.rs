//! What the tests of the engine on a GPU share, natively and in the browser.
pub(crate) mod gpu;
pub(crate) mod interpret;
pub(crate) mod kernels;
pub(crate) mod programs;
