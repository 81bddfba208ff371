//! `bench`.
use super::{Failure, bar, say};
use crate::bench;
use clap::Args;
use std::process::ExitCode;

/// How the numbers are printed.
#[derive(Args)]
pub(crate) struct Options {
    /// As JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Measures, and prints what came out.
pub(crate) fn main(options: &Options) -> Result<ExitCode, Failure> {
    let bar = bar(0, "{spinner} {msg} {elapsed}");
    let measured = bench::run(|next| bar.set_message(next.to_owned()))?;
    bar.finish_and_clear();
    if options.json {
        say(serde_json::to_string_pretty(&measured)?)?;
    } else {
        say(measured.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
