//! `orrery reproduce`: what the papers claim, measured here.
use super::{Failure, Opening, ask, bar, open, say, session};
use clap::Args;
use orrery::{
    claim::Claim,
    error::Error,
    exhibit::Entry,
    exhibits::CATALOG,
    figure::{Column, Figure},
    session::{Reply, Session},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Time between two looks at a measurement.
const LOOK_MS: u32 = 100;

#[derive(Args)]
pub(super) struct Options {
    /// Which exhibit; without one, all.
    id: Option<String>,
    /// Only this claim.
    #[arg(long)]
    claim: Option<String>,
    /// Only the claims that are measured within seconds.
    #[arg(long)]
    quick: bool,
    /// A claim, as exhibit/claim, that is known not to hold here, any number of times; one that holds
    /// after all is as much a failure as another that does not.
    #[arg(long, value_name = "EXHIBIT/CLAIM")]
    fails: Vec<String>,
    /// Device to measure on: auto, cpu or gpu.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// One record a claim.
    #[arg(long)]
    json: bool,
    /// Writes what came out into this file, beside what it says of other claims.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(super) fn main(options: &Options) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for (entry, claim) in chosen(options)? {
        let row = measure(entry, &claim, &options.device)?;
        if !options.json {
            tell(&row)?;
        }
        rows.push(row);
    }
    if let Some(file) = &options.record {
        record(file, &rows)?;
    }
    let broken = rows.iter().filter(|row| row["holds"] != true).count();
    if options.json {
        say(serde_json::to_string_pretty(&rows)?)?;
    } else {
        say(format!("{} of {} claims hold", rows.len() - broken, rows.len()))?;
    }
    let as_known = rows.iter().all(|row| {
        let name = |part: &Value| part.as_str().unwrap_or_default().to_owned();
        let full = format!("{}/{}", name(&row["exhibit"]), name(&row["claim"]["id"]));
        (row["holds"] == true) != options.fails.contains(&full)
    });
    Ok(if as_known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// By exhibit and claim: what was measured, and whether it holds.
type Record = BTreeMap<String, BTreeMap<String, Value>>;

/// Puts what was measured into a file that may have more.
fn record(file: &Path, rows: &[Value]) -> Result<(), Failure> {
    let told = |error: String| Failure::Input(format!("--record {}: {error}", file.display()));
    let mut record: Record = match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| told(error.to_string()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Record::new(),
        Err(error) => return Err(told(error.to_string())),
    };
    for row in rows {
        let name = |part: &Value| part.as_str().unwrap_or_default().to_owned();
        record
            .entry(name(&row["exhibit"]))
            .or_default()
            .insert(name(&row["claim"]["id"]), json!({"here": row["here"], "holds": row["holds"]}));
    }
    let text = serde_json::to_string_pretty(&record)? + "\n";
    fs::write(file, text).map_err(|error| told(error.to_string()))
}

/// The claims that were asked for.
fn chosen(options: &Options) -> Result<Vec<(&'static Entry, Claim)>, Failure> {
    let ids = || CATALOG.iter().map(|entry| entry.meta.id);
    if let Some(id) = &options.id
        && !ids().any(|known| known == id)
    {
        return Err(Error::unlisted("exhibit", id, ids()).into());
    }
    let wanted = |entry: &&Entry| options.id.as_ref().is_none_or(|id| entry.meta.id == id);
    let claims: Vec<_> = CATALOG
        .iter()
        .filter(wanted)
        .flat_map(|entry| (entry.claims)().into_iter().map(move |claim| (entry, claim)))
        .collect();
    if let Some(claim) = &options.claim
        && !claims.iter().any(|(_, known)| known.id == claim)
    {
        return Err(Error::unlisted("claim", claim, claims.iter().map(|(_, c)| c.id)).into());
    }
    let named = |claim: &Claim| options.claim.as_ref().is_none_or(|id| claim.id == id);
    let quick = |claim: &Claim| claim.quick || !options.quick;
    Ok(claims.into_iter().filter(|(_, claim)| named(claim) && quick(claim)).collect())
}

fn measure(entry: &Entry, claim: &Claim, device: &str) -> Result<Value, Failure> {
    let mut session = session();
    let opening = Opening {
        sets: Vec::new(),
        pokes: Vec::new(),
        seed: "1".to_owned(),
        device: device.to_owned(),
    };
    let on = open(&mut session, entry.meta.id, &opening)?.device;
    let bar = bar(1000, "{bar:40} {prefix} {elapsed}, {msg}");
    bar.set_prefix(format!("{} {}", entry.meta.id, claim.id));
    let (here, holds, detail, tables) = loop {
        match look(&mut session, claim.id)? {
            Reply::Checking { fraction, message, .. } => {
                bar.set_position((1000.0 * fraction) as u64);
                bar.set_message(message);
            }
            Reply::Checked { here, holds, detail, tables, .. } => {
                break (here, holds, detail, tables);
            }
            _ => return Err(Failure::Other("a claim was asked for, a frame came".to_owned())),
        }
    };
    let seconds = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    Ok(json!({
        "exhibit": entry.meta.id,
        "claim": claim,
        "here": here,
        "holds": holds,
        "detail": detail,
        "tables": tables.iter().map(plain).collect::<Vec<Value>>(),
        "device": on,
        "seconds": (seconds * 10.0).round() / 10.0,
    }))
}

/// A table as its title, its caption, its headings and its rows.
fn plain(table: &Figure) -> Value {
    let columns = table.columns();
    let count = columns.iter().map(|(_, column)| column.len()).max().unwrap_or(0);
    let cell = |column: &Column, i: usize| match column {
        Column::Numbers(numbers) => json!(numbers[i]),
        Column::Names(names) => json!(names[i]),
    };
    let row = |i: usize| columns.iter().map(|(_, column)| cell(column, i)).collect::<Vec<Value>>();
    json!({
        "title": table.title,
        "caption": table.caption,
        "columns": columns.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "rows": (0..count).map(row).collect::<Vec<_>>(),
    })
}

fn look(session: &mut Session, claim: &str) -> Result<Reply, Failure> {
    ask(session, json!({"type": "check", "claim": claim, "budget_ms": LOOK_MS}))
}

fn tell(row: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let claim = &row["claim"];
    say(format!("{} {}: {}", text(&row["exhibit"]), text(&claim["id"]), text(&claim["sentence"])))?;
    say(format!("  paper: {} ({})", text(&claim["published"]), text(&claim["source"])))?;
    say(format!("  here:  {} ({})", text(&row["here"]), text(&row["detail"])))?;
    for table in row["tables"].as_array().into_iter().flatten() {
        say(format!("  {}", text(&table["title"])))?;
        let rows = table["rows"].as_array().into_iter().flatten();
        for row in std::iter::once(&table["columns"]).chain(rows) {
            let cells = row.as_array().into_iter().flatten();
            let cells = cells.map(|cell| cell.as_str().map_or(cell.to_string(), str::to_owned));
            say(format!("    {}", cells.collect::<Vec<String>>().join(" | ")))?;
        }
    }
    say(format!(
        "  holds: {} (in {} s)",
        if row["holds"] == true { "yes" } else { "NO" },
        row["seconds"]
    ))
}
