//! Measures: the engine natively, the built page in Chromium, and what it weighs.

use crate::shell::{command, run as run_command};
use crate::{build, setup, sizes};
use anyhow::Result;

/// Prints times and sizes; asserts none.
pub(crate) fn run() -> Result<()> {
    let browser = setup::for_tests()?;
    run_command(command("cargo").args(["run", "--quiet", "--release", "--", "bench"]))?;
    build::build()?;
    sizes::print()?;
    run_command(command("node").arg("tests/e2e/bench.mjs").env("CHROMIUM", &browser.chromium))
}
