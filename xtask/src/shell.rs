//! Running other programs, and knowing where things are.

use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Cargo's target directory: this program lies in a folder of it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().context("asking where this program lies")?;
    let dir = program.ancestors().nth(2).context("finding the target directory")?;
    Ok(dir.to_owned())
}

/// The folder that holds the tools this program installs, one folder a version, shared by clones.
pub(crate) fn tools_dir() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    home.unwrap_or_else(|| root().join("target")).join("orrery")
}

/// PATH with the tools of [`tools_dir`] first.
pub(crate) fn path() -> OsString {
    let installed = std::fs::read_dir(tools_dir()).into_iter().flatten().flatten();
    let wanted = crate::setup::tools();
    let ours = installed.filter_map(|tool| {
        let name = tool.file_name();
        wanted.iter().any(|tool| name == *tool.folder()).then(|| tool.path().join("bin"))
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = ours.chain(std::env::split_paths(&path)).collect();
    std::env::join_paths(dirs).unwrap_or(path)
}

/// A program to be run in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", path());
    command
}

/// `npm`, whose name differs on Windows.
pub(crate) fn npm() -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Runs `command`; an error if it cannot start or does not end well.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let said = spelled(command);
    let status = command.status().with_context(|| format!("starting `{said}`"))?;
    if !status.success() {
        bail!("`{said}` failed ({status})");
    }
    Ok(())
}

/// What `command` prints, trimmed; `None` if it cannot start or does not end well.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.trim().to_owned())
}

/// The command as one would type it.
pub(crate) fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Where the first of `names` lies on PATH.
pub(crate) fn which(names: &[&str]) -> Option<PathBuf> {
    let dirs: Vec<PathBuf> = std::env::split_paths(&path()).collect();
    let files = names.iter().flat_map(|name| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        dirs.iter().map(move |dir| dir.join(&file))
    });
    files.into_iter().find(|file| file.is_file())
}
