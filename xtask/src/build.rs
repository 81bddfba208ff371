//! From sources to `dist/`: wasm, bundle, catalog, explanations.

use crate::shell::{command, root, run, target_dir};
use crate::{pages, setup, source};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The port of `cargo xtask serve`.
pub(crate) const DEFAULT_PORT: u16 = 8080;

const TARGET: &str = "wasm32-unknown-unknown";

/// What the wasm uses beyond wasm-opt's own defaults.
const WASM_FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Makes `dist/` for any static host.
pub(crate) fn build() -> Result<()> {
    setup::for_build()?;
    run(trunk("build").arg("--release"))?;
    println!("built: {} is ready for any static host", root().join("dist").display());
    Ok(())
}

/// Serves the page and rebuilds it on change, until interrupted.
pub(crate) fn serve(port: u16) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!(
            "port {port} cannot be used ({error}); choose another: cargo xtask serve --port {}",
            port.checked_add(1).unwrap_or(DEFAULT_PORT)
        );
    }
    setup::for_build()?;
    let address = format!("http://127.0.0.1:{port}/");
    println!("serve: building; then the page is at {address} (Ctrl-C ends it)");
    run(trunk("serve").args(["--port", &port.to_string()]).env("ORRERY_ADDRESS", address))
}

fn trunk(what: &str) -> Command {
    let mut trunk = command("trunk");
    trunk.args([what, "--skip-version-check", "--log", "warn"]);
    // A build that fails says why by itself; where in Trunk it did is of no use.
    trunk.env("RUST_BACKTRACE", "0");
    trunk
}

/// Puts the page together in the folder that Trunk has staged; Trunk calls this.
pub(crate) fn stage() -> Result<()> {
    let staging = std::env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staging = staging.context("`stage` is called by Trunk: use `cargo xtask build`")?;
    let release = std::env::var_os("TRUNK_PROFILE").as_deref() == Some(OsStr::new("release"));
    let glue = wasm(release)?;
    drop_trunk_links(&staging)?;
    let parts = parts(&glue)?;
    let mut bundle = command("node");
    bundle.arg("www/build.mjs").env("ORRERY_WASM_DIR", &glue).env("ORRERY_PARTS_DIR", &parts);
    run(&mut bundle)?;
    if let Ok(address) = std::env::var("ORRERY_ADDRESS") {
        println!("serve: ready at {address}");
    }
    Ok(())
}

/// Makes what the page has of the exhibits besides the wasm; the folder it lies in.
fn parts(glue: &Path) -> Result<PathBuf> {
    let parts = target_dir()?.join("page").join("parts");
    if parts.is_dir() {
        fs::remove_dir_all(&parts).with_context(|| format!("emptying {}", parts.display()))?;
    }
    fs::create_dir_all(&parts)?;
    // The wasm itself is asked, which saves building the command line for it.
    fs::write(parts.join("catalog.json"), told("xtask/catalog.mjs", glue)?)?;
    fs::write(parts.join("covers.json"), told("xtask/covers.mjs", glue)?)?;
    pages::write_all(&parts)?;
    source::write_all(&parts)?;
    Ok(parts)
}

/// Builds the wasm and its JavaScript; the folder that holds `orrery.js` and `orrery_bg.wasm`.
fn wasm(release: bool) -> Result<PathBuf> {
    let profile = if release { "web" } else { "serve" };
    let target = target_dir()?;
    let glue = target.join("page").join(profile);
    module("orrery", profile, &target, &glue)?;
    // Node takes a `.js` file for a module only if the nearest package.json says so.
    fs::write(glue.join("package.json"), "{ \"type\": \"module\" }\n")?;
    Ok(glue)
}

/// Builds the library of a package to wasm, with its JavaScript, into `glue`; optimised in the profile `web`.
pub(crate) fn module(package: &str, profile: &str, target: &Path, glue: &Path) -> Result<()> {
    let name = package.replace('-', "_");
    let cargo = ["build", "--locked", "--package", package, "--lib"];
    let how = ["--target", TARGET, "--profile", profile];
    run(command("cargo").args(cargo).args(how).env("CARGO_TARGET_DIR", target))?;
    let module = target.join(TARGET).join(profile).join(format!("{name}.wasm"));
    let mut wasm_bindgen = command("wasm-bindgen");
    wasm_bindgen.args(["--target", "web", "--no-typescript", "--out-name", &name, "--out-dir"]);
    run(wasm_bindgen.arg(glue).arg(&module))?;
    if profile == "web" {
        let wasm = glue.join(format!("{name}_bg.wasm"));
        let optimizer = root().join("node_modules/binaryen/bin/wasm-opt");
        let mut wasm_opt = command("node");
        wasm_opt.arg(optimizer).arg("-O3").args(WASM_FEATURES);
        run(wasm_opt.arg(&wasm).arg("-o").arg(&wasm))?;
    }
    Ok(())
}

/// Removes Trunk's own links, which mean nothing to a browser.
fn drop_trunk_links(staging: &Path) -> Result<()> {
    let file = staging.join("index.html");
    let html = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let kept = html.lines().filter(|line| !line.contains("<link data-trunk "));
    fs::write(&file, kept.fold(String::new(), |text, line| text + line + "\n"))?;
    Ok(())
}

/// What a script of ours prints when it is given the wasm.
fn told(script: &str, glue: &Path) -> Result<Vec<u8>> {
    let mut node = command("node");
    node.arg(script).arg(glue).stderr(Stdio::inherit());
    let output = node.output().context("starting node")?;
    if !output.status.success() {
        bail!("`node {script}` failed ({})", output.status);
    }
    Ok(output.stdout)
}
