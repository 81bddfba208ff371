//! `bench-peers`: Orrery beside its peers in one browser, and what is written of it.

mod options;
mod prepare;
mod records;
mod report;

use crate::shell::{ask, command, root, run as run_command, spelled, target_dir};
use crate::{build, setup, sizes};
use anyhow::{Context, Result, bail};
use options::{Options, Part};
use prepare::Place;
use records::Results;
use serde_json::json;
use std::fs;
use std::process::Command;

/// What `cargo xtask bench-peers` takes, for the usage of this program.
pub(crate) const USAGE: &str = options::USAGE;

/// The columns on the CPU, each in a browser of its own.
const CPU: [&str; 5] = ["orrery-cpu", "burn-flex", "jaxjs-wasm", "tfjs-wasm-1", "hand-simd128"];

/// The workloads of the columns on the CPU.
const WORKLOADS: [&str; 5] = ["W1", "W2", "W3", "W4_512", "W4_1024"];

/// What a software adapter finishes: workload, columns, what the runner is told besides.
const GPU: [(&str, &[&str], &[&str]); 4] = [
    (
        "W1",
        &["orrery-webgpu", "orrery-webgpu-20", "jaxjs-webgpu", "tfjs-webgpu", "hand-webgpu"],
        &["--blocks", "3"],
    ),
    ("W2", &["orrery-webgpu", "jaxjs-webgpu"], &["--blocks", "3", "--quick"]),
    ("W3", &["orrery-webgpu", "jaxjs-webgpu"], &["--blocks", "2", "--quick"]),
    ("W4_512", &["orrery-webgpu", "jaxjs-webgpu", "tfjs-webgpu"], &["--blocks", "3"]),
];

/// Of which WebGPU calls are counted: workload, columns, how. Steps that take seconds in software are
/// counted as the page tells them, unless the peer tells nothing before the last one is done.
const COUNTED: [(&str, &[&str], &[&str]); 6] = [
    (
        "W1",
        &["orrery-webgpu", "orrery-webgpu-20", "jaxjs-webgpu", "tfjs-webgpu", "hand-webgpu"],
        &["--count"],
    ),
    ("W2", &["orrery-webgpu"], &["--count"]),
    ("W2", &["jaxjs-webgpu"], &["--hostcount", "--wait"]),
    ("W2", &["tfjs-webgpu"], &["--hostcount"]),
    ("W3", &["orrery-webgpu", "tfjs-webgpu"], &["--hostcount"]),
    ("W3", &["jaxjs-webgpu"], &["--hostcount", "--wait"]),
];

/// The exhibit whose start-up is timed.
const HULL: &str = "pointer_networks";

/// Runs the parts asked for, and writes `BENCHMARKS.md` if whole parts were measured.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let options = Options::parse(args)?;
    let work = options.work.clone().map_or_else(|| target_dir().map(|t| t.join("bench-peers")), Ok);
    let place = Place::new(&work?, options.harness.clone())?;
    let results = Results::new(place.results(options.is_whole()))?;
    if options.has(Part::Prepare) {
        prepare::all(&place)?;
    }
    if options.parts.iter().any(|part| part.measures()) {
        let browser = setup::for_tests()?;
        let bench = Bench { options: &options, place: &place, results: &results, browser };
        bench.measure()?;
        bench.about()?;
    }
    if options.has(Part::Report) {
        let text = report::render(&results)?;
        if options.is_whole() {
            let file = root().join("BENCHMARKS.md");
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
            println!("wrote {}", file.display());
        } else {
            println!("{text}");
        }
    }
    results.check_losses()
}

/// What the parts share.
struct Bench<'a> {
    options: &'a Options,
    place: &'a Place,
    results: &'a Results,
    browser: setup::Browser,
}

impl Bench<'_> {
    fn measure(&self) -> Result<()> {
        for part in self.options.parts.iter().copied() {
            println!("bench-peers: {}", part.name());
            let measured = match part {
                Part::Cpu => self.cpu(),
                Part::Gpu => self.gpu(),
                Part::Count => self.count(),
                Part::Products => self.probe("products", &[]),
                Part::Sweeps => self.sweeps(),
                Part::Page => self.page(),
                Part::Prepare | Part::Report => Ok(()),
            };
            measured.with_context(|| format!("measuring {}", part.name()))?;
        }
        Ok(())
    }

    /// Machine, date and versions, as they are now.
    fn about(&self) -> Result<()> {
        let said = |program: &str, args: &[&str]| ask(command(program).args(args));
        let package = |name: &str| {
            let text =
                fs::read(self.place.work().join("node_modules").join(name).join("package.json"));
            let package: serde_json::Value = serde_json::from_slice(&text.ok()?).ok()?;
            Some(package.get("version")?.as_str()?.to_owned())
        };
        let burn = fs::read_to_string(self.place.harness().join("rs/burn-bench/Cargo.toml")).ok();
        let burn =
            burn.and_then(|text| Some(text.split_once("burn = { version = \"=")?.1.to_owned()));
        let chromium = ask(command(&self.browser.chromium).arg("--version"));
        let chromium = chromium.and_then(|text| text.lines().last().map(str::to_owned));
        // Parts may be measured at different times: each keeps when, and of what.
        let mut measured = self.results.read("about")?["measured"].take();
        for part in self.options.parts.iter().filter(|part| part.measures()) {
            // The page is built when it is measured, the columns when they were prepared.
            let commit = match part {
                Part::Page => prepare::commit(),
                _ => self.place.prepared(),
            };
            measured[part.name()] = json!([said("date", &["-u", "+%Y-%m-%d"]), commit]);
        }
        let about = json!({
            "measured": measured,
            "machine": machine(),
            "versions": [
                ["browser", chromium],
                ["rustc", said("rustc", &["--version"])],
                ["burn", burn.and_then(|text| Some(text.split_once('"')?.0.to_owned()))],
                ["jax-js", package("@jax-js/jax")],
                ["TensorFlow.js", package("@tensorflow/tfjs-core")],
            ],
        });
        self.results.write("about", &about)
    }

    /// Columns on the CPU and PyTorch, in turn, workload by workload.
    fn cpu(&self) -> Result<()> {
        let (cpu, torch) = (self.results.begin("cpu")?, self.results.begin("torch")?);
        let python = self.python();
        if python.is_none() {
            println!("bench-peers: no Python with torch (--python PATH): left out");
        }
        for _ in 0..self.options.rounds {
            for workload in WORKLOADS.iter().filter(|w| self.options.wants_workload(w)) {
                let hand_has = |column: &&str| *workload != "W2" || *column != "hand-simd128";
                let columns: Vec<&str> = CPU.iter().copied().filter(hand_has).collect();
                self.columns(workload, &columns, &["--out", &cpu])?;
                if let Some(python) = &python {
                    let mut reference = self.place.command(python);
                    reference.arg("native/torch_ref.py").args(["--threads", "1", "--w", workload]);
                    run_command(reference.args(["--out", &torch]))?;
                }
            }
        }
        Ok(())
    }

    fn python(&self) -> Option<String> {
        let python = self.options.python.clone().unwrap_or_else(|| "python3".to_owned());
        let can = ask(self.place.command(&python).args(["-c", "import torch, numpy"])).is_some();
        (can && self.options.wants_column("torch")).then_some(python)
    }

    fn gpu(&self) -> Result<()> {
        let file = self.results.begin("gpu")?;
        for _ in 0..self.options.rounds {
            for (workload, columns, more) in GPU {
                let out = ["--out", &file, "--timeout", "400"];
                self.columns(workload, columns, &[&out, more].concat())?;
            }
        }
        Ok(())
    }

    fn count(&self) -> Result<()> {
        let file = self.results.begin("count")?;
        let out = ["--out", &file, "--timeout", "400"];
        for (workload, columns, how) in COUNTED {
            self.columns(workload, columns, &[&out, how].concat())?;
        }
        Ok(())
    }

    /// One round of those columns that are wanted.
    fn columns(&self, workload: &str, columns: &[&str], more: &[&str]) -> Result<()> {
        let wanted = |column: &&&str| self.options.wants_column(column);
        let columns: Vec<&str> = columns.iter().filter(wanted).copied().collect();
        if columns.is_empty() || !self.options.wants_workload(workload) {
            return Ok(());
        }
        let mut runner = self.node("run.mjs");
        runner.args(["--rounds", "1", "--w", workload, "--peers", &columns.join(",")]).args(more);
        run_command(runner.arg("--chrome").arg(&self.browser.chromium))
    }

    fn sweeps(&self) -> Result<()> {
        let target = target_dir()?;
        let mut cargo = command("cargo");
        cargo.args(["build", "--locked", "--release", "--package", "orrery-bench", "--bin"]);
        run_command(cargo.arg("orrery-bench").env("CARGO_TARGET_DIR", &target))?;
        let program = format!("orrery-bench{}", std::env::consts::EXE_SUFFIX);
        let native = target.join("release").join(program);
        self.probe("sweeps", &[&native.to_string_lossy()])
    }

    /// What `probe.mjs` times within one page.
    fn probe(&self, what: &str, args: &[&str]) -> Result<()> {
        let mut node = self.node("probe-orrery.mjs");
        node.arg(what).args(args).env("CHROMIUM", &self.browser.chromium);
        self.results.write(what, &json_of(&mut node)?)
    }

    /// The engine natively, then the built page: start-up, steps and sizes.
    fn page(&self) -> Result<()> {
        let mut native = command("cargo");
        native.args(["run", "--quiet", "--locked", "--release", "--", "bench", "--json"]);
        self.results.write("engine", &json_of(native.env("CARGO_TARGET_DIR", target_dir()?))?)?;
        build::build()?;
        let mut page = command("node");
        page.args(["tests/e2e/bench.mjs", "--json"]).env("CHROMIUM", &self.browser.chromium);
        let mut measured = json_of(&mut page)?;
        measured["sizes"] = json!(sizes::parts(HULL)?);
        self.results.write("page", &measured)
    }

    fn node(&self, script: &str) -> Command {
        let mut node = self.place.command("node");
        node.arg(script);
        node
    }
}

/// What a program prints, which is JSON.
fn json_of(command: &mut Command) -> Result<serde_json::Value> {
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting `{}`", spelled(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", spelled(command), output.status);
    }
    serde_json::from_slice(&output.stdout).context("reading its JSON")
}

/// The processor, where the system tells, and how many of its cores there are.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let name = model.map_or("unknown processor", |(_, name)| name.trim());
    format!("{cores} x {name}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}
