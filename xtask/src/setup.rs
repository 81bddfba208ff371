//! Installing what is missing, and saying so.

use crate::shell::{ask, command, npm, root, run, spelled, tools_dir, which};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Node that the page's tools run on.
const NODE_MAJOR: u32 = 20;
/// The names that Chromium goes by.
const CHROMIUM: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Where macOS keeps Chrome.
const CHROME_APP: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// A program from crates.io that the build calls, at the one version that fits.
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
    version: String,
}

impl Tool {
    /// The name of its folder in [`tools_dir`].
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.package, self.version)
    }

    fn is_there(&self) -> bool {
        let said = ask(command(self.program).arg("--version")).unwrap_or_default();
        said.split_whitespace().nth(1) == Some(&self.version)
    }

    fn install(&self) -> Result<()> {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--locked", self.package, "--version", &self.version, "--root"]);
        cargo.arg(tools_dir().join(self.folder()));
        // Elsewhere than in the repository, whose flags and target directory are not meant for it.
        cargo.current_dir(std::env::temp_dir()).env_remove("CARGO_TARGET_DIR");
        say(&format!("installing {} {}, some minutes", self.package, self.version), &cargo);
        run(&mut cargo)
    }
}

/// The programs from crates.io that the build calls.
pub(crate) fn tools() -> [Tool; 2] {
    [
        Tool {
            program: "wasm-bindgen",
            package: "wasm-bindgen-cli",
            version: locked_version("wasm-bindgen").unwrap_or_default(),
        },
        Tool { program: "trunk", package: "trunk", version: "0.21.14".to_owned() },
    ]
}

/// The version of `package` in `Cargo.lock`.
fn locked_version(package: &str) -> Option<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).ok()?;
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version.to_owned())
}

/// Everything that building the page needs.
pub(crate) fn for_build() -> Result<()> {
    node()?;
    wasm_target()?;
    for tool in tools() {
        if !tool.is_there() {
            tool.install()?;
        }
    }
    npm_packages()
}

/// The browser, its driver, and where they lie.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

/// Everything that the tests need besides.
pub(crate) fn for_tests() -> Result<Browser> {
    if browser().is_none() {
        apt(&["chromium", "chromium-driver"]).context(
            "the tests need Chromium and its driver: install the packages `chromium` and \
             `chromium-driver` (Debian), or Chrome and a chromedriver of the same version, and \
             put `chromedriver` on PATH; CHROMIUM and CHROMEDRIVER name them if they lie elsewhere",
        )?;
    }
    if cfg!(target_os = "linux") && !has_vulkan() {
        // Optional: without a Vulkan driver the native GPU tests say that they are skipped.
        if let Err(error) = apt(&["libvulkan1", "mesa-vulkan-drivers"]) {
            println!("set-up: no Vulkan driver, the native GPU tests will be skipped: {error:#}");
        }
    }
    browser().context("Chromium or chromedriver is still not found after installing them")
}

fn browser() -> Option<Browser> {
    let given = |name| std::env::var_os(name).map(PathBuf::from).filter(|file| file.is_file());
    let app = || Some(PathBuf::from(CHROME_APP)).filter(|file| file.is_file());
    let chromium = given("CHROMIUM").or_else(|| which(&CHROMIUM)).or_else(app)?;
    let chromedriver = given("CHROMEDRIVER").or_else(|| which(&["chromedriver"]))?;
    Some(Browser { chromium, chromedriver })
}

fn has_vulkan() -> bool {
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .any(|dir| fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some()))
}

fn node() -> Result<()> {
    match node_major() {
        Some(major) if major >= NODE_MAJOR && ask(npm().arg("--version")).is_some() => Ok(()),
        Some(major) if major >= NODE_MAJOR => bail!("node is there, but `npm` is not: install npm"),
        Some(major) => bail!("node {major} is too old: install Node.js {NODE_MAJOR} or newer"),
        None => bail!("node is missing: install Node.js {NODE_MAJOR} or newer, with npm"),
    }
}

fn node_major() -> Option<u32> {
    let version = ask(command("node").arg("--version"))?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn wasm_target() -> Result<()> {
    let target = "wasm32-unknown-unknown";
    let dir = ask(command("rustc").args(["--print", "target-libdir", "--target", target]));
    if dir.is_some_and(|dir| Path::new(&dir).is_dir()) {
        return Ok(());
    }
    if which(&["rustup"]).is_none() {
        bail!(
            "the Rust target {target} is missing, and there is no rustup to add it: \
             install it the way you installed Rust, or install rustup"
        );
    }
    let mut rustup = command("rustup");
    rustup.args(["target", "add", target]);
    say("adding the wasm target", &rustup);
    run(&mut rustup)
}

/// `npm ci`, unless it has already run for this lock file.
fn npm_packages() -> Result<()> {
    let stamp = root().join("node_modules/.orrery-lock");
    let lock = fs::read(root().join("package-lock.json")).context("reading package-lock.json")?;
    if fs::read(&stamp).is_ok_and(|stamped| stamped == lock) {
        return Ok(());
    }
    let mut npm = npm();
    npm.args(["ci", "--no-audit", "--no-fund"]);
    say("installing the npm packages of package-lock.json", &npm);
    run(&mut npm)?;
    fs::write(&stamp, lock).with_context(|| format!("writing {}", stamp.display()))
}

/// Installs Debian packages as root, or by sudo.
fn apt(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if which(&["apt-get"]).is_none() {
        bail!("cannot install {wanted}: there is no apt-get here");
    }
    let is_root = ask(command("id").arg("-u")).as_deref() == Some("0");
    if !is_root && which(&["sudo"]).is_none() {
        bail!("cannot install {wanted}: not root, and there is no sudo");
    }
    let apt_get = |args: &[&str]| {
        let mut line = if is_root { command("env") } else { command("sudo") };
        if !is_root && !std::io::stdin().is_terminal() {
            // Nobody is there to type a password.
            line.arg("--non-interactive");
        }
        if !is_root {
            line.arg("env");
        }
        line.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args);
        line
    };
    let mut update = apt_get(&["update", "-q"]);
    say("asking for the list of Debian packages", &update);
    run(&mut update)?;
    let mut line = vec!["install", "-y", "-q", "--no-install-recommends"];
    line.extend(packages);
    let mut install = apt_get(&line);
    say(&format!("installing {wanted}"), &install);
    run(&mut install)
}

fn say(what: &str, command: &Command) {
    println!("set-up: {what}\n        {}", spelled(command));
}
