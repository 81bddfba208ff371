//! `orrery run`: one run of an exhibit.
use super::{Failure, Opening, bar, frame, open, say, session};
use clap::Args;
use orrery::session::Frame;
use serde::Serialize;
use serde_json::json;
use std::process::ExitCode;

/// Time between two looks at a run.
const LOOK_MS: u32 = 100;

#[derive(Args)]
pub(super) struct Options {
    /// Which exhibit; `list` names them.
    id: String,
    #[command(flatten)]
    opening: Opening,
    /// Steps to take at most; a run may end before.
    #[arg(long, default_value_t = 1000)]
    steps: u32,
    /// The last frame, as the page gets it.
    #[arg(long)]
    json: bool,
}

/// A run as `--json` has it: what makes it, as in an address, and what it shows.
#[derive(Serialize)]
struct Export<'a> {
    id: &'a str,
    seed: Option<u32>,
    frame: &'a Frame,
}

pub(super) fn main(options: &Options) -> Result<ExitCode, Failure> {
    let mut session = session();
    let mut now = open(&mut session, &options.id, &options.opening)?;
    let bar = bar(options.steps.into(), "{bar:40} step {pos} of {len}, {elapsed}, {msg}");
    while !now.done && now.step < u64::from(options.steps) {
        let steps = u64::from(options.steps) - now.step;
        let request = json!({"type": "advance", "steps": steps, "budget_ms": LOOK_MS});
        now = frame(&mut session, request)?;
        bar.set_position(now.step);
        bar.set_message(metrics(&now));
    }
    bar.finish_and_clear();
    if options.json {
        let (id, seed) = (&options.id, options.opening.seed.trim().parse().ok());
        say(serde_json::to_string(&Export { id, seed, frame: &now })?)?;
    } else {
        tell(&options.id, &now)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(id: &str, now: &Frame) -> Result<(), Failure> {
    let end = if now.done { ", at its end" } else { "" };
    let (kind, name) = (now.device.kind.to_uppercase(), &now.device.name);
    say(format!("{id}: step {}{end}, on the {kind} ({name})", now.step))?;
    if let Some(notice) = &now.notice {
        say(format!("  notice: {notice}"))?;
    }
    for metric in &now.metrics {
        let value = metric.value.map_or("not known".to_owned(), short);
        say(format!("  {}: {value} {}", metric.label, metric.unit).trim_end())?;
    }
    for figure in &now.figures {
        say(format!("  {}: {}", figure.title, figure.alt))?;
    }
    Ok(())
}

fn metrics(now: &Frame) -> String {
    let known = now.metrics.iter().filter_map(|metric| {
        let value = metric.value?;
        Some(format!("{} {} {}", metric.label, short(value), metric.unit).trim_end().to_owned())
    });
    known.collect::<Vec<_>>().join(", ")
}

/// A number with four decimals, without the noughts at its end.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
