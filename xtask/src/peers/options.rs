//! The words after `bench-peers`.

use crate::Misuse;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// What the words are, for the usage of this program.
pub(crate) const USAGE: &str = "\
  bench-peers          Orrery beside its peers in Chromium and PyTorch; writes BENCHMARKS.md
       [--only PART,..]      prepare, cpu, gpu, count, products, sweeps, page, report
       [--columns NAME,..]   only these, such as orrery-cpu, jaxjs-wasm, torch; prints, writes nothing
       [--workloads W1,..]   only these of W1, W2, W3, W4_512, W4_1024; prints, writes nothing
       [--rounds N]          of each column, in turn (3)
       [--python PATH]       one that has torch (python3)
       [--harness DIR]       the harness (../shared/peers-bench)
       [--work DIR]          where all is built and measured (target/bench-peers)";

/// A part of the whole that can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Copies the harness, installs and builds the columns.
    Prepare,
    /// Columns on the CPU, and PyTorch.
    Cpu,
    /// Columns on WebGPU.
    Gpu,
    /// WebGPU calls a step.
    Count,
    /// Matrix products beside a hand-tuned kernel, in one page.
    Products,
    /// Sweeps of over-relaxation, in wasm and natively.
    Sweeps,
    /// The engine natively, and the built page.
    Page,
    /// `BENCHMARKS.md`.
    Report,
}

impl Part {
    const ALL: [Self; 8] = [
        Self::Prepare,
        Self::Cpu,
        Self::Gpu,
        Self::Count,
        Self::Products,
        Self::Sweeps,
        Self::Page,
        Self::Report,
    ];

    /// Whether it has results.
    pub(crate) fn measures(self) -> bool {
        !matches!(self, Self::Prepare | Self::Report)
    }

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Count => "count",
            Self::Products => "products",
            Self::Sweeps => "sweeps",
            Self::Page => "page",
            Self::Report => "report",
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    pub(crate) rounds: usize,
    pub(crate) python: Option<String>,
    pub(crate) harness: Option<PathBuf>,
    pub(crate) work: Option<PathBuf>,
    columns: Option<Vec<String>>,
    workloads: Option<Vec<String>>,
}

impl Options {
    /// Reads the words.
    pub(crate) fn parse(args: &[&str]) -> Result<Self> {
        let mut options = Self {
            parts: Part::ALL.to_vec(),
            rounds: 3,
            python: None,
            harness: None,
            work: None,
            columns: None,
            workloads: None,
        };
        for pair in args.chunks(2) {
            let &[flag, value] = pair else {
                bail!(Misuse(format!("bench-peers: expected a value after `{}`", pair[0])));
            };
            let list = || Some(value.split(',').map(str::to_owned).collect());
            match flag {
                "--only" => options.parts = value.split(',').map(part).collect::<Result<_>>()?,
                "--columns" => options.columns = list(),
                "--workloads" => options.workloads = list(),
                "--rounds" => options.rounds = rounds(value)?,
                "--python" => options.python = Some(value.to_owned()),
                "--harness" => options.harness = Some(value.into()),
                "--work" => options.work = Some(value.into()),
                _ => bail!(Misuse(format!("bench-peers: `{flag}` is not an option\n\n{USAGE}"))),
            }
        }
        Ok(options)
    }

    /// Whether a part is to be run.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether all columns of the parts are measured, so that the report may be written.
    pub(crate) fn is_whole(&self) -> bool {
        self.columns.is_none() && self.workloads.is_none()
    }

    /// Whether a column is to be measured.
    pub(crate) fn wants_column(&self, column: &str) -> bool {
        self.columns.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == column))
    }

    /// Whether a workload is to be measured.
    pub(crate) fn wants_workload(&self, workload: &str) -> bool {
        self.workloads.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == workload))
    }
}

fn part(name: &str) -> Result<Part> {
    let part = Part::ALL.into_iter().find(|part| part.name() == name);
    let names = Part::ALL.map(Part::name).join(", ");
    part.map_or_else(|| bail!(Misuse(format!("--only: `{name}` is none of {names}"))), Ok)
}

fn rounds(value: &str) -> Result<usize> {
    match value.parse() {
        Ok(rounds) if (1..=100).contains(&rounds) => Ok(rounds),
        _ => bail!(Misuse(format!("--rounds: expected a number from 1 to 100, got `{value}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let all = Options::parse(&[]).unwrap();
        assert_eq!((all.parts.len(), all.rounds, all.is_whole()), (8, 3, true));
        let some = Options::parse(&["--only", "cpu,report", "--workloads", "W1"]).unwrap();
        assert_eq!(some.parts, [Part::Cpu, Part::Report]);
        assert!(!some.is_whole(), "a filter leaves the report alone");
        assert!(some.wants_workload("W1") && !some.wants_workload("W2"), "as told");
        assert!(some.wants_column("torch"), "no column was named");
    }

    #[test]
    fn a_wrong_word_is_named() {
        let said = |args: &[&str]| Options::parse(args).unwrap_err().to_string();
        assert!(said(&["--only", "gpus"]).contains("`gpus` is none of prepare, cpu"));
        assert!(said(&["--rounds", "0"]).contains("from 1 to 100, got `0`"));
        assert!(said(&["--python"]).contains("a value after `--python`"));
        assert!(said(&["--fast", "1"]).contains("`--fast` is not an option"));
    }
}
