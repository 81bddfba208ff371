//! All that CI runs, quickest first.

use crate::setup::Browser;
use crate::shell::{command, npm, root, run as run_command};
use crate::{Misuse, build, setup, sizes};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// What Chromium is told, so that it runs as root, has WebGPU, and asks the network for nothing.
const CHROMIUM_ARGS: [&str; 9] = [
    "headless",
    "no-sandbox",
    "enable-unsafe-webgpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-dev-shm-usage",
];

/// A part of the tests with a name of its own.
struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn(&Browser) -> Result<()>,
}

/// What `orrery reproduce --record` wrote: by exhibit and claim, what was measured.
const RECORD: &str = "docs/claims.json";

const STAGES: [Stage; 12] = [
    Stage { name: "format", what: "Rust is formatted", run: format },
    Stage { name: "prettier", what: "TypeScript is formatted", run: |_| npm_run("format:check") },
    Stage { name: "types", what: "TypeScript type-checks", run: |_| npm_run("check") },
    Stage { name: "lint", what: "clippy, natively", run: lint },
    Stage { name: "lint-wasm", what: "clippy, for wasm", run: lint_wasm },
    Stage { name: "doc", what: "the documentation builds", run: doc },
    Stage { name: "unit", what: "unit, property, house and golden tests", run: unit },
    Stage {
        name: "claims",
        what: "the quick claims come out as docs/claims.json says",
        run: claims,
    },
    Stage { name: "wasm", what: "the wasm boundary, in Chromium", run: wasm },
    Stage { name: "build", what: "the release build", run: |_| build::build() },
    Stage { name: "sizes", what: "what the page weighs", run: |_| sizes::print() },
    Stage { name: "e2e", what: "the built page, in Chromium", run: e2e },
];

/// Runs the stages named in `args`, or all, and ends with a summary.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-'));
    if flags == ["--list"] {
        for stage in STAGES {
            println!("{:10} {}", stage.name, stage.what);
        }
        return Ok(());
    }
    let keep_going = flags == ["--keep-going"];
    let unknown = names.iter().find(|name| STAGES.iter().all(|stage| stage.name != **name));
    if let Some(name) = flags.first().filter(|_| !keep_going).or(unknown) {
        bail!(Misuse(format!("`{name}` is not a stage: see `cargo xtask test --list`")));
    }
    setup::for_build()?;
    let browser = setup::for_tests()?;
    let chosen = STAGES.iter().filter(|stage| names.is_empty() || names.contains(&stage.name));
    let mut ended = Vec::new();
    for stage in chosen {
        println!("\n=== {}: {} ===", stage.name, stage.what);
        let (took, result) = timed(|| (stage.run)(&browser));
        if let Err(error) = &result {
            println!("error: {error:#}");
        }
        println!("=== {} {} in {:.1} s ===", stage.name, verdict(&result), took.as_secs_f64());
        let failed = result.is_err();
        ended.push((stage.name, took, result));
        if failed && !keep_going {
            break;
        }
    }
    summary(&ended)
}

fn summary(ended: &[(&str, Duration, Result<()>)]) -> Result<()> {
    println!("\n=== summary ===");
    for (name, took, result) in ended {
        println!("{name:10} {} {:8.1} s", verdict(result), took.as_secs_f64());
    }
    let total: Duration = ended.iter().map(|(_, took, _)| *took).sum();
    let failed = ended.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("all took {:.1} min", total.as_secs_f64() / 60.0);
    println!("stages: {} passed, {failed} failed", ended.len() - failed);
    if failed > 0 {
        bail!("{failed} of the stages failed");
    }
    Ok(())
}

fn verdict(result: &Result<()>) -> &'static str {
    if result.is_ok() { "passed" } else { "FAILED" }
}

#[expect(clippy::disallowed_methods, reason = "xtask runs natively and decides nothing by time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn cargo(args: &[&str]) -> Command {
    let mut cargo = command("cargo");
    cargo.args(args);
    cargo
}

fn npm_run(script: &str) -> Result<()> {
    run_command(npm().args(["run", "--silent", script]))
}

fn format(_: &Browser) -> Result<()> {
    run_command(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint(_: &Browser) -> Result<()> {
    let args = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run_command(&mut cargo(&args))
}

fn lint_wasm(_: &Browser) -> Result<()> {
    let mut clippy = cargo(&["clippy", "--locked", "--lib"]);
    clippy.args(WASM);
    for name in tests_for_browsers()? {
        clippy.args(["--test", &name]);
    }
    run_command(clippy.args(["--", "-D", "warnings"]))?;
    let mut column = cargo(&["clippy", "--locked", "--package", "orrery-bench", "--lib"]);
    run_command(column.args(WASM).args(["--", "-D", "warnings"]))
}

fn doc(_: &Browser) -> Result<()> {
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    run_command(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn unit(_: &Browser) -> Result<()> {
    run_command(&mut cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]))
}

fn claims(_: &Browser) -> Result<()> {
    let args = ["run", "--locked", "--release", "--bin", "orrery", "--", "reproduce", "--quick"];
    let failing = failing(&fs::read_to_string(root().join(RECORD))?)?;
    run_command(cargo(&args).args(failing.iter().flat_map(|claim| ["--fails", claim])))
}

/// The claims that a record says do not hold, as `exhibit/claim`.
fn failing(record: &str) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Measured {
        holds: bool,
    }
    let record: BTreeMap<String, BTreeMap<String, Measured>> =
        serde_json::from_str(record).context(RECORD)?;
    let claims = record.iter().flat_map(|(id, claims)| claims.iter().map(move |row| (id, row)));
    let failing = claims.filter(|(_, (_, measured))| !measured.holds);
    Ok(failing.map(|(id, (claim, _))| format!("{id}/{claim}")).collect())
}

fn wasm(browser: &Browser) -> Result<()> {
    write_webdriver(browser)?;
    let mut test = cargo(&["test", "--locked"]);
    test.args(WASM).env("CHROMEDRIVER", &browser.chromedriver);
    // Software that acts as a GPU takes its time.
    test.env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    for name in tests_for_browsers()? {
        test.args(["--test", &name]);
    }
    run_command(&mut test)
}

/// The files of `tests/` that have a test for wasm-bindgen's runner.
fn tests_for_browsers() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("tests"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path)?.contains("wasm_bindgen_test")
        {
            names.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("no file of tests/ has a test for browsers");
    }
    Ok(names)
}

/// Tells wasm-bindgen's test runner which browser to start, and how.
fn write_webdriver(browser: &Browser) -> Result<()> {
    let args = CHROMIUM_ARGS.map(|arg| format!("\"{arg}\"")).join(", ");
    let binary = browser.chromium.to_string_lossy().replace('\\', "/");
    let text = format!(
        "{{ \"goog:chromeOptions\": {{ \"binary\": \"{binary}\", \"args\": [{args}] }} }}\n"
    );
    Ok(fs::write(root().join("webdriver.json"), text)?)
}

fn e2e(browser: &Browser) -> Result<()> {
    let mut e2e = npm();
    run_command(e2e.args(["run", "--silent", "e2e"]).env("CHROMIUM", &browser.chromium))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_what_does_not_hold() {
        let record =
            r#"{"a": {"x": {"here": "1", "holds": true}, "y": {"here": "2", "holds": false}}}"#;
        assert_eq!(failing(record).unwrap(), ["a/y"]);
        assert!(failing("[]").is_err(), "no record");
    }
}
