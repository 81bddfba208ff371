//! `BENCHMARKS.md`: tables from results, and prose from `docs/benchmarks.md`.

use super::records::{Record, Results, median, ratio, rounds};
use super::{CPU, GPU, WORKLOADS};
use crate::shell::root;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// The column of PyTorch with one thread.
const TORCH: &str = "torch-1t";
/// Columns that somebody could use instead of ours.
const PEERS: [&str; 3] = ["burn-flex", "jaxjs-wasm", "tfjs-wasm-1"];
const GPU_PEERS: [&str; 2] = ["jaxjs-webgpu", "tfjs-webgpu"];

/// All that the report is made of.
struct Found {
    about: Value,
    cpu: Vec<Record>,
    torch: Vec<Record>,
    gpu: Vec<Record>,
    count: Vec<Record>,
    products: Value,
    sweeps: Value,
    engine: Value,
    page: Value,
}

/// The report, as Markdown.
pub(crate) fn render(results: &Results) -> Result<String> {
    let found = Found {
        about: results.read("about")?,
        cpu: results.records("cpu")?,
        torch: results.records("torch")?,
        gpu: results.records("gpu")?,
        count: results.records("count")?,
        products: results.read("products")?,
        sweeps: results.read("sweeps")?,
        engine: results.read("engine")?,
        page: results.read("page")?,
    };
    let prose = fs::read_to_string(root().join("docs/benchmarks.md")).context("reading prose")?;
    let sections = [
        found.head(),
        found.targets(),
        prose.trim().to_owned(),
        found.columns(),
        found.calls(),
        found.software(),
        found.products(),
        found.sweeps(),
        found.start_up(),
        found.engine(),
    ];
    let sections: Vec<String> = sections.into_iter().filter(|text| !text.is_empty()).collect();
    Ok(sections.join("\n\n") + "\n")
}

impl Found {
    fn head(&self) -> String {
        let mut text =
            "# Benchmarks\n\nWritten by `cargo xtask bench-peers`: no number of a table is typed."
                .to_owned();
        let said = |name: &str| self.about[name].as_str().unwrap_or("unknown").to_owned();
        let mut rows = vec![vec!["machine".to_owned(), said("machine")]];
        // Parts that were measured on one day of one commit stand in one row.
        let mut measured = BTreeMap::<String, Vec<&str>>::new();
        for (part, when) in self.about["measured"].as_object().into_iter().flatten() {
            let [date, commit] = [0, 1].map(|i| when[i].as_str().unwrap_or("unknown"));
            measured.entry(format!("{date}, commit {commit}")).or_default().push(part);
        }
        for (when, parts) in measured {
            rows.push(vec![format!("measured: {}", parts.join(", ")), when]);
        }
        for version in self.about["versions"].as_array().into_iter().flatten() {
            let word = |i: usize| version[i].as_str().unwrap_or("unknown").to_owned();
            rows.push(vec![word(0), word(1)]);
        }
        if let Some(torch) = self.torch.iter().find_map(|record| record.version.clone()) {
            rows.push(vec!["PyTorch".to_owned(), torch]);
        }
        text += "\n\n";
        text += &table(&["", ""], &rows);
        text
    }

    /// What is aimed at, and what was found.
    fn targets(&self) -> String {
        let mut targets = vec![];
        for (w, torch, peer) in [("W1", 0.25, 8.0), ("W2", 1.0, 4.0), ("W3", 1.2, 4.0)] {
            let found = ratio((&self.cpu, "orrery-cpu"), (&self.torch, TORCH), w);
            targets.push(at_most(format!("{w} on the CPU, time over PyTorch's"), torch, found));
            let (best, found) = best(&self.cpu, &PEERS, "orrery-cpu", w);
            let what = format!("{w} on the CPU, times faster than the best peer{best}");
            targets.push(at_least(what, peer, found));
        }
        let products = self.products.as_array().into_iter().flatten();
        let least = products.filter_map(|p| p["ratio"].as_f64()).reduce(f64::min);
        let what = "W4 on the CPU, speed over the hand-tuned kernel's, least of the shapes";
        targets.push(at_least(what.to_owned(), 0.9, least));
        for (w, dispatches) in [("W1", 7.0), ("W2", 60.0), ("W3", 80.0)] {
            let calls = self.calls_of("orrery-webgpu", w);
            let found = calls.map(|calls| call(calls, &["dispatch"]));
            targets.push(at_most(format!("{w} on WebGPU, dispatches a step"), dispatches, found));
            let found = calls.map(|calls| call(calls, &MADE));
            let what = format!("{w} on WebGPU, objects made and uploads a step");
            targets.push(at_most(what, 0.0, found));
        }
        for w in ["W1", "W2"] {
            let (best, found) = best(&self.gpu, &GPU_PEERS, "orrery-webgpu", w);
            let what = format!("{w} on a software adapter, times faster than the best peer{best}");
            targets.push(at_least(what, 5.0, found));
        }
        let (best, found) = best(&self.gpu, &GPU_PEERS, "orrery-webgpu", "W4_512");
        let what = format!("W4 512 on a software adapter, time over that of the best peer{best}");
        targets.push(at_most(what, 2.0, found.map(f64::recip)));
        for sweeps in self.sweeps.as_array().into_iter().flatten() {
            let side = &sweeps["side"];
            let what = format!("sweeps of {side} x {side}, wasm over native");
            targets.push(at_least(what, 0.8, sweeps["ratio"].as_f64()));
        }
        let first = &self.page["first_step_ms"];
        for (cache, limit) in [("empty", 1500.0), ("warm", 800.0)] {
            let what = format!("from navigation to the first training step, {cache} cache, ms");
            targets.push(at_most(what, limit, first[format!("{cache}_cache")].as_f64()));
        }
        let wasm = self.page["sizes"]["wasm"].as_f64().map(|bytes| bytes / 1e3);
        targets.push(at_most("wasm, kB as gzip".to_owned(), 400.0, wasm));
        section("Targets", "", &table(&["", "target", "found", "met"], &targets))
    }

    fn columns(&self) -> String {
        if self.cpu.is_empty() {
            return String::new();
        }
        let about = "CPU ms a step, of all the browser's processes: the median over rounds, each in a \
            fresh browser, the columns in turn. Of one thread this is what it takes on an idle core, \
            whatever else runs. W1: perceptron 2-64-64-2, batch 128. W2: pointer network, LSTM, hidden \
            128, 10 points, batch 64. W3: transformer, width 64, 4 layers, 41 tokens, batch 64. W4: \
            products of 512 and 1024 cubed. `hand-simd128` is a yardstick: the same step written by hand.";
        let mut rows = vec![];
        for column in CPU.iter().chain([&TORCH]) {
            let from = if *column == TORCH { &self.torch } else { &self.cpu };
            let mut row = vec![format!("`{column}`")];
            row.extend(WORKLOADS.map(|w| shown(median(rounds(from, column, w).flatten()))));
            let first = from.iter().filter(|r| r.peer == *column && r.w == "W1");
            row.push(shown(median(first.filter_map(|r| r.start.start_to_first))));
            rows.push(row);
        }
        let heads =
            ["CPU ms a step", "W1", "W2", "W3", "W4 512", "W4 1024", "W1, load to first step, ms"];
        let runs = rounds(&self.cpu, "orrery-cpu", "W1").count();
        section(
            "Columns on the CPU",
            about,
            &(table(&heads, &rows) + &format!("\n\nRounds: {runs}.")),
        )
    }

    fn calls(&self) -> String {
        if self.count.is_empty() {
            return String::new();
        }
        let about = "Counted by wrapping the WebGPU objects in the page; equal on every machine.";
        let heads = [
            "a step",
            "column",
            "dispatches",
            "submissions",
            "passes",
            "bind groups",
            "buffers",
            "uploads",
        ];
        let mut rows = vec![];
        for w in ["W1", "W2", "W3"] {
            for record in self.count.iter().filter(|record| record.w == w) {
                let Some(calls) = calls(record) else { continue };
                let names = [
                    "dispatch",
                    "submit",
                    "pass",
                    "createBindGroup",
                    "createBuffer",
                    "writeBuffer",
                ];
                let mut row = vec![w.to_owned(), format!("`{}`", record.peer)];
                row.extend(names.map(|name| shown(Some(call(calls, &[name])))));
                rows.push(row);
            }
        }
        section("WebGPU calls", about, &table(&heads, &rows))
    }

    fn software(&self) -> String {
        if self.gpu.is_empty() {
            return String::new();
        }
        let about = "CPU ms a step of all processes (of these, of the page's own), where a processor \
            stands in for the GPU. What is missing did not finish here.";
        let mut columns: Vec<&str> =
            GPU.iter().flat_map(|(_, columns, _)| *columns).copied().collect();
        let mut seen = vec![];
        columns.retain(|column| {
            !seen.contains(column) && {
                seen.push(column);
                true
            }
        });
        let rows: Vec<Vec<String>> = columns
            .iter()
            .map(|column| {
                let cell = |(w, _, _): &(&str, _, _)| {
                    let all = median(rounds(&self.gpu, column, w).flatten());
                    let here = self.gpu.iter().filter(|r| r.peer == *column && r.w == *w);
                    let own = median(here.flat_map(|r| r.blocks.iter().map(|b| b.cpu_renderer)));
                    all.map_or("-".to_owned(), |_| format!("{} ({})", shown(all), shown(own)))
                };
                [format!("`{column}`")].into_iter().chain(GPU.iter().map(cell)).collect()
            })
            .collect();
        let heads = ["CPU ms a step", "W1", "W2", "W3", "W4 512"];
        section("WebGPU on a software adapter", about, &table(&heads, &rows))
    }

    fn products(&self) -> String {
        let about = "The engine's product beside a hand-tuned 4x8 kernel for simd128, in one page, in \
            turn; medians.";
        let rows = rows(&self.products, |p| {
            let shape = format!("{} x {} x {}", p["m"], p["k"], p["n"]);
            let turned = p["turned"].as_str().unwrap_or_default();
            let cells = ["gflops", "hand_gflops", "ratio"].map(|name| shown(p[name].as_f64()));
            [vec![word(&p["name"]), shape, turned.to_owned()], cells.to_vec()].concat()
        });
        let heads = ["product", "m x k x n", "transposed", "GFLOP/s", "hand-tuned", "ratio"];
        rows.map_or(String::new(), |rows| {
            section("Products in the page", about, &table(&heads, &rows))
        })
    }

    fn sweeps(&self) -> String {
        let about = "Successive over-relaxation in f64: the same Rust in the page and natively (x86-64 \
            as by default: SSE2), in turn; medians.";
        let rows = rows(&self.sweeps, |s| {
            let cells = ["sweeps_per_s", "native_sweeps_per_s", "ratio"];
            let side = format!("{0} x {0}", s["side"]);
            [vec![side], cells.map(|name| shown(s[name].as_f64())).to_vec()].concat()
        });
        let heads = ["grid", "sweeps/s in wasm", "natively", "ratio"];
        rows.map_or(String::new(), |rows| section("Sweeps", about, &table(&heads, &rows)))
    }

    fn start_up(&self) -> String {
        if self.page.is_null() {
            return String::new();
        }
        let (figure, step) = (&self.page["first_figure_ms"], &self.page["first_step_ms"]);
        let row = |what: &str, times: &Value| {
            let cache = |name: &str| shown(times[name].as_f64());
            vec![what.to_owned(), cache("empty_cache"), cache("warm_cache")]
        };
        let rows = [row("first figure", figure), row("first training step", step)];
        let times = table(&["from navigation, ms", "empty cache", "warm cache"], &rows);
        let size = |name: &str| shown(self.page["sizes"][name].as_f64().map(|bytes| bytes / 1e3));
        let sizes = [["shell", "wasm", "exhibit"].map(size).to_vec()];
        let sizes = table(&["shell, kB as gzip", "wasm", "the exhibit's own"], &sizes);
        let about = "Medians. The figure is that of the page, the step that of the embedded exhibit with \
            `autoplay`, when its answer has reached the page; both on the CPU.";
        section("Start-up of the hull exhibit", about, &format!("{times}\n\n{sizes}"))
    }

    fn engine(&self) -> String {
        let rows = rows(&self.engine["networks"], |t| {
            let software = if t["software"] == true { " (software)" } else { "" };
            let mut row = vec![word(&t["network"]), word(&t["device"]) + software];
            let cells = ["step_ms", "gflops", "dispatches", "mflop", "arena_kib"];
            row.extend(cells.map(|name| shown(t[name].as_f64())));
            row
        });
        let heads = [
            "network",
            "device",
            "ms a step",
            "GFLOP/s",
            "kernels or dispatches",
            "MFLOP",
            "arena KiB",
        ];
        let about = "The same networks by `orrery bench`, wall time.";
        rows.map_or(String::new(), |rows| section("Natively", about, &table(&heads, &rows)))
    }

    /// The calls a step of a column, waited for or not.
    fn calls_of(&self, peer: &str, w: &str) -> Option<&BTreeMap<String, f64>> {
        calls(self.count.iter().find(|record| record.peer == peer && record.w == w)?)
    }
}

/// What a step of a replayed program must not do.
const MADE: [&str; 7] = [
    "createBindGroup",
    "createBuffer",
    "createBindGroupLayout",
    "createPipelineLayout",
    "createComputePipeline",
    "createComputePipelineAsync",
    "writeBuffer",
];

/// The calls of a step; none if no dispatch was seen, which is no measurement.
fn calls(record: &Record) -> Option<&BTreeMap<String, f64>> {
    let calls = record.gpu_step.as_ref().or_else(|| record.hostcount.last());
    calls.filter(|calls| calls.contains_key("dispatch"))
}

/// How often calls of these names were made together.
fn call(calls: &BTreeMap<String, f64>, names: &[&str]) -> f64 {
    names.iter().filter_map(|name| calls.get(*name)).sum()
}

/// The fastest of the peers, in brackets, and its time over that of ours.
fn best(records: &[Record], peers: &[&str], ours: &str, w: &str) -> (String, Option<f64>) {
    let time = |peer: &&&str| median(rounds(records, peer, w).flatten());
    let timed = peers.iter().filter_map(|peer| Some((peer, time(&peer)?)));
    let Some((peer, _)) = timed.min_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        return (String::new(), None);
    };
    (format!(" (`{peer}`)"), ratio((records, peer), (records, ours), w))
}

fn at_most(what: String, limit: f64, found: Option<f64>) -> Vec<String> {
    let met = found.map(|found| found <= limit);
    vec![what, format!("at most {limit}"), shown(found), verdict(met)]
}

fn at_least(what: String, limit: f64, found: Option<f64>) -> Vec<String> {
    let met = found.map(|found| found >= limit);
    vec![what, format!("at least {limit}"), shown(found), verdict(met)]
}

fn verdict(met: Option<bool>) -> String {
    match met {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "not measured",
    }
    .to_owned()
}

/// Three significant digits, or all before the point; a dash for what is not there.
fn shown(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value == value.trunc() || value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A row for each element; none where there is no list.
fn rows(list: &Value, row: impl Fn(&Value) -> Vec<String>) -> Option<Vec<Vec<String>>> {
    Some(list.as_array()?.iter().map(row).collect())
}

fn section(title: &str, about: &str, body: &str) -> String {
    let about = if about.is_empty() { String::new() } else { format!("{about}\n\n") };
    format!("## {title}\n\n{about}{body}")
}

fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}", heads.join(" | "), " --- |".repeat(heads.len()));
    for row in rows {
        let _ = write!(text, "\n| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_computed() {
        assert_eq!(at_most("x".into(), 7.0, Some(7.0)), ["x", "at most 7", "7", "yes"]);
        assert_eq!(at_most("x".into(), 7.0, Some(7.5)), ["x", "at most 7", "7.50", "**no**"]);
        assert_eq!(at_least("x".into(), 0.9, Some(0.85)), ["x", "at least 0.9", "0.850", "**no**"]);
        assert_eq!(at_least("x".into(), 0.9, None), ["x", "at least 0.9", "-", "not measured"]);
    }

    #[test]
    fn the_best_peer_is_the_fastest() {
        let of = |peer: &str, time| Record {
            peer: peer.to_owned(),
            w: "W1".to_owned(),
            cpu_med: Some(time),
            ..Record::default()
        };
        let records = [of("ours", 2.0), of("slow", 20.0), of("quick", 8.0)];
        let found = best(&records, &["slow", "quick", "absent"], "ours", "W1");
        assert_eq!(found, (" (`quick`)".to_owned(), Some(4.0)));
    }

    #[test]
    fn tables_are_markdown() {
        let rows = [vec!["1".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["a", "b"], &rows), "| a | b |\n| --- | --- |\n| 1 | 2 |");
    }
}
