//! Orrery's chores: `serve`, `build`, `test`, `new`, `bench`, `bench-peers`, `sizes`. Each does its own set-up.
#![expect(clippy::print_stdout, reason = "a command line talks to its terminal")]

mod bench;
mod build;
mod new;
mod pages;
mod peers;
mod setup;
mod shell;
mod sizes;
mod source;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [--port N]     builds the page, serves it on 127.0.0.1 (port 8080) and rebuilds on change
  build                makes dist/, ready for any static host
  test [stage]...      all that CI runs, quickest first; or only the stages named
       [--keep-going]  runs the remaining stages after one has failed
       [--list]        names the stages
  new <id>             writes a small exhibit to begin with, and its two lines in the catalog
  bench                the engine natively, then the built page in Chromium: times and sizes
  sizes                what dist/ weighs, and what the page loads for one exhibit";

fn usage() -> String {
    let each = "Each command first installs what it needs and does not find; a second run finds all of it.";
    format!("{USAGE}\n{}\n\n{each}", peers::USAGE)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let Some((command, rest)) = words.split_first() else {
        println!("{}", usage());
        return ExitCode::from(2);
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::from(if error.is::<Misuse>() { 2 } else { 1 })
        }
    }
}

fn run(command: &str, args: &[&str]) -> Result<()> {
    match (command, args) {
        ("serve", []) => build::serve(build::DEFAULT_PORT),
        ("serve", ["--port", port]) => match port.parse() {
            Ok(port) if port > 0 => build::serve(port),
            _ => bail!(Misuse(format!("--port: expected a number from 1 to 65535, got `{port}`"))),
        },
        ("build", []) => build::build(),
        ("stage", []) => build::stage(),
        ("test", args) => test::run(args),
        ("new", [id]) => new::run_for(id),
        ("new", _) => bail!(Misuse("`new` takes one id: cargo xtask new my_paper".to_owned())),
        ("bench", []) => bench::run(),
        ("bench-peers", args) => peers::run(args),
        ("sizes", []) => sizes::print(),
        ("help" | "--help" | "-h", _) => {
            println!("{}", usage());
            Ok(())
        }
        _ => bail!(Misuse(format!(
            "`cargo xtask {command} {}` is not a command\n\n{}",
            args.join(" "),
            usage()
        ))),
    }
}

/// A command line that says something there is not.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}
