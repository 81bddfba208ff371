//! What was measured, as files of a folder: JSON, one record a line where there are several.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Losses at the first and at the tenth step, in which PyTorch and all peers agree.
const LOSSES: [(&str, [f64; 2]); 3] =
    [("W1", [0.729_990, 0.663_701]), ("W2", [2.303_54, 2.162_85]), ("W3", [2.370_86, 1.440_06])];
/// By how much a loss may differ, relative: they agree to five digits.
const AGREEMENT: f64 = 2e-5;

/// A column on a workload in one round, as the harness writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Record {
    pub(crate) peer: String,
    pub(crate) w: String,
    pub(crate) error: Option<String>,
    /// CPU time of all the browser's processes in ms a step, median of blocks.
    pub(crate) cpu_med: Option<f64>,
    /// Losses of the first step, and times.
    pub(crate) start: Start,
    pub(crate) loss10: Option<f64>,
    pub(crate) blocks: Vec<Block>,
    /// WebGPU calls a step.
    pub(crate) gpu_step: Option<BTreeMap<String, f64>>,
    /// WebGPU calls of the first three steps, told and not awaited.
    pub(crate) hostcount: Vec<BTreeMap<String, f64>>,
    /// Of PyTorch.
    pub(crate) version: Option<String>,
}

/// The first step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Start {
    pub(crate) loss1: Option<f64>,
    /// From loading the column to the end of the first step, in ms.
    pub(crate) start_to_first: Option<f64>,
}

/// Some steps, timed together.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Block {
    /// CPU time of the page's own process, in ms a step.
    pub(crate) cpu_renderer: f64,
}

/// A folder of results.
pub(crate) struct Results {
    dir: PathBuf,
}

impl Results {
    pub(crate) fn new(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(Self { dir })
    }

    /// A file for records, empty; its path.
    pub(crate) fn begin(&self, name: &str) -> Result<String> {
        let file = self.dir.join(format!("{name}.jsonl"));
        fs::write(&file, "").with_context(|| format!("writing {}", file.display()))?;
        Ok(file.to_string_lossy().into_owned())
    }

    /// The records of a file, as measured; none if it was not.
    pub(crate) fn records(&self, name: &str) -> Result<Vec<Record>> {
        let text = fs::read_to_string(self.dir.join(format!("{name}.jsonl"))).unwrap_or_default();
        let read = |line: &str| serde_json::from_str(line).with_context(|| format!("in {name}"));
        text.lines().map(read).collect()
    }

    /// Keeps what was measured otherwise.
    pub(crate) fn write(&self, name: &str, value: &Value) -> Result<()> {
        let file = self.dir.join(format!("{name}.json"));
        fs::write(&file, serde_json::to_string_pretty(value)?)
            .with_context(|| format!("writing {}", file.display()))
    }

    /// What was kept by that name; null if nothing was.
    pub(crate) fn read(&self, name: &str) -> Result<Value> {
        match fs::read(self.dir.join(format!("{name}.json"))) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| format!("in {name}")),
            Err(_) => Ok(Value::Null),
        }
    }

    /// Fails if one of our columns failed or computed something else than the peers.
    pub(crate) fn check_losses(&self) -> Result<()> {
        let all = [self.records("cpu")?, self.records("gpu")?, self.records("count")?].concat();
        let wrong: Vec<String> = all.iter().filter_map(|record| wrong(record, &all)).collect();
        if !wrong.is_empty() {
            bail!("our columns are not right:\n  {}", wrong.join("\n  "));
        }
        Ok(())
    }
}

/// What is wrong with a record of ours.
fn wrong(record: &Record, all: &[Record]) -> Option<String> {
    let Record { peer, w, error, .. } = record;
    if !peer.starts_with("orrery") {
        return None;
    }
    if let Some(error) = error {
        return Some(format!("{peer} {w}: {error}"));
    }
    // A product has no known value but that of the peers.
    let mut peers = all.iter().filter(|other| other.w == *w && !other.peer.starts_with("orrery"));
    let theirs = || peers.find_map(|other| other.start.loss1);
    let known = LOSSES.iter().find(|(known, _)| known == w).map(|(_, losses)| *losses);
    let first = known.map(|losses| losses[0]).or_else(theirs);
    let pairs = [(first, record.start.loss1), (known.map(|losses| losses[1]), record.loss10)];
    let far = |(expected, found): (Option<f64>, Option<f64>)| {
        let (expected, found) = (expected?, found?);
        let apart = (expected - found).abs() > AGREEMENT * expected.abs();
        (apart || found.is_nan()).then(|| format!("{peer} {w}: loss {found}, not {expected}"))
    };
    pairs.into_iter().find_map(far)
}

/// The middle one, the lower of the middle two; none of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// CPU ms a step of a column in each round that it finished.
pub(crate) fn rounds<'a>(
    records: &'a [Record],
    peer: &'a str,
    w: &'a str,
) -> impl Iterator<Item = Option<f64>> + 'a {
    let found = records.iter().filter(move |record| record.peer == peer && record.w == w);
    found.map(|record| record.cpu_med.filter(|_| record.error.is_none()))
}

/// The time of one column over that of another: the median over rounds.
pub(crate) fn ratio(
    (above, over): (&[Record], &str),
    (below, under): (&[Record], &str),
    w: &str,
) -> Option<f64> {
    let pairs = rounds(above, over, w).zip(rounds(below, under, w));
    median(pairs.filter_map(|(above, below)| Some(above? / below?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(peer: &str, w: &str, cpu: f64, losses: [f64; 2]) -> Record {
        Record {
            peer: peer.to_owned(),
            w: w.to_owned(),
            cpu_med: Some(cpu),
            start: Start { loss1: Some(losses[0]), ..Start::default() },
            loss10: Some(losses[1]),
            ..Record::default()
        }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let of = |peer: &str, times: [f64; 3]| times.map(|time| record(peer, "W1", time, [0.0; 2]));
        let mut all = [of("a", [1.0, 4.0, 9.0]), of("b", [2.0, 2.0, 3.0])].concat();
        assert_eq!(ratio((&all, "a"), (&all, "b"), "W1"), Some(2.0), "of 0.5, 2 and 3");
        all[1].error = Some("timeout".to_owned());
        assert_eq!(ratio((&all, "a"), (&all, "b"), "W1"), Some(0.5), "of 0.5 and 3");
        assert_eq!(ratio((&all, "a"), (&all, "c"), "W1"), None, "there is no c");
    }

    #[test]
    fn a_wrong_loss_is_told() {
        let good = record("orrery-cpu", "W1", 1.0, [0.729_99, 0.663_701]);
        assert_eq!(wrong(&good, &[]), None);
        let bad = record("orrery-cpu", "W1", 1.0, [0.729_99, 0.6638]);
        assert_eq!(wrong(&bad, &[]).unwrap(), "orrery-cpu W1: loss 0.6638, not 0.663701");
        let theirs = record("jaxjs-wasm", "W4_512", 1.0, [-4.4; 2]);
        let ours = record("orrery-cpu", "W4_512", 1.0, [4.4; 2]);
        assert!(wrong(&ours, std::slice::from_ref(&theirs)).is_some(), "peers have the value");
        assert_eq!(wrong(&theirs, &[]), None, "only ours are checked");
    }

    #[test]
    fn a_record_of_the_harness_is_read() {
        let text = r#"{"peer": "x", "w": "W1", "round": 0, "start": {"loss1": 0.5, "startToFirst": 9},
            "cpuMed": 2.5, "blocks": [{"k": 3, "cpuRenderer": 1.5}], "gpuStep": {"dispatch": 7}}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        assert_eq!((record.cpu_med, record.start.start_to_first), (Some(2.5), Some(9.0)));
        assert_eq!(
            (record.blocks[0].cpu_renderer, record.gpu_step.unwrap()["dispatch"]),
            (1.5, 7.0)
        );
    }
}
