//! Copying the harness, and building its columns and ours.

use crate::shell::{ask, command, npm, path, root, run, target_dir, which};
use crate::{build, setup};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of a comparison.
pub(crate) struct Place {
    work: PathBuf,
    source: PathBuf,
}

impl Place {
    /// Everything is under `work`; `source` is the harness, where it is not in its usual place.
    pub(crate) fn new(work: &Path, source: Option<PathBuf>) -> Result<Self> {
        let usual = || root().join("../shared/peers-bench");
        fs::create_dir_all(work).with_context(|| format!("making {}", work.display()))?;
        Ok(Self { work: work.canonicalize()?, source: source.unwrap_or_else(usual) })
    }

    pub(crate) fn work(&self) -> &Path {
        &self.work
    }

    /// The copy of the harness that is run.
    pub(crate) fn harness(&self) -> PathBuf {
        self.work.join("harness")
    }

    /// Where results lie: those of the report, or those of a quick look.
    pub(crate) fn results(&self, whole: bool) -> PathBuf {
        self.work.join(if whole { "results" } else { "quick" })
    }

    /// The commit that our column was built of.
    pub(crate) fn prepared(&self) -> Option<String> {
        fs::read_to_string(self.work.join(COMMIT)).ok()
    }

    /// A program run in the harness's folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.harness()).env("PATH", path()).env("BENCH_WORK", &self.work);
        command
    }
}

/// The file that keeps which commit our column was built of.
const COMMIT: &str = "commit";

/// The commit that is checked out, marked if there are changes.
pub(crate) fn commit() -> Option<String> {
    ask(command("git").args(["describe", "--always", "--dirty", "--exclude", "*"]))
}

/// All that has to be there before anything is measured.
pub(crate) fn all(place: &Place) -> Result<()> {
    setup::for_build()?;
    copy_harness(place)?;
    npm_packages(place)?;
    ours(place)?;
    run(place.command("node").arg("build.mjs"))?;
    run(place.command("node").arg("tools/dump.mjs"))?;
    run(place.command("bash").arg("rs/build-simd.sh"))?;
    let wasm_bindgen = which(&["wasm-bindgen"]).context("wasm-bindgen is not found")?;
    let mut burn = place.command("bash");
    // As RESULTS.md has it: this column is timed before wasm-opt.
    burn.args(["rs/build.sh", "flex"]).env("WASM_BINDGEN", wasm_bindgen).env("NO_OPT", "1");
    run(&mut burn)
}

fn copy_harness(place: &Place) -> Result<()> {
    if !place.source.join("run.mjs").is_file() {
        bail!("no harness in {}: name it with --harness DIR", place.source.display());
    }
    copy(&place.source, &place.harness())?;
    // Node takes a `.js` file for a module only if the nearest package.json says so.
    fs::write(place.harness().join("package.json"), "{ \"type\": \"module\" }\n")?;
    let ours = root().join("bench/peers");
    fs::copy(ours.join("orrery.js"), place.harness().join("src/peers/orrery.js"))?;
    fs::copy(ours.join("probe.mjs"), place.harness().join("probe-orrery.mjs"))?;
    let columns = fs::read_to_string(ours.join("columns.mjs"))?;
    append(&place.harness().join("src/peers.mjs"), &columns)?;
    // The runner's timers of its time limits would keep it alive for minutes after its last column.
    append(&place.harness().join("run.mjs"), "process.exit(0);\n")
}

fn append(file: &Path, more: &str) -> Result<()> {
    let text = fs::read_to_string(file)? + more;
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

/// Copies a folder's content, not its permissions, which may forbid writing.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let (path, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            // Left alone if it is the same, so that cargo builds nothing anew.
            let content = fs::read(&path)?;
            if fs::read(&to).is_ok_and(|present| present == content) {
                continue;
            }
            fs::write(&to, content).with_context(|| format!("writing {}", to.display()))?;
        }
    }
    Ok(())
}

/// `npm ci`, unless it has already run for this lock file.
fn npm_packages(place: &Place) -> Result<()> {
    let ours = root().join("bench/peers");
    let lock = fs::read(ours.join("package-lock.json"))?;
    let there = place.work.join("package-lock.json");
    if place.work.join("node_modules").is_dir() && fs::read(&there).is_ok_and(|old| old == lock) {
        return Ok(());
    }
    fs::copy(ours.join("package.json"), place.work.join("package.json"))?;
    fs::write(&there, &lock)?;
    let mut npm = npm();
    run(npm.current_dir(&place.work).args(["ci", "--no-audit", "--no-fund"]))
}

/// Our column, built as the page's wasm is.
fn ours(place: &Place) -> Result<()> {
    let target = target_dir()?;
    build::module("orrery-bench", "web", &target, &place.work.join("dist/orrery"))?;
    fs::write(place.work.join(COMMIT), commit().unwrap_or_default())?;
    Ok(())
}
