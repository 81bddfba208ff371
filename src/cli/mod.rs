//! What the command line understands. Bad input ends with code 2 and one sentence, a claim that
//! does not hold with code 1.
use clap::{Args, Parser, Subcommand};
use orrery::{
    error::Error,
    exhibits::CATALOG,
    files::Files,
    session::{Frame, Reply, Request, Session},
};
use pollster::block_on;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

mod bench;
mod list;
mod reproduce;
mod run;
mod train;

/// Working models of machine-learning papers.
#[derive(Parser)]
#[command(name = "orrery", version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The exhibits, with their parameters and claims.
    List(list::Options),
    /// One run of an exhibit.
    Run(run::Options),
    /// Measures what the papers claim: paper, here, holds.
    Reproduce(reproduce::Options),
    /// Makes the weights that ship with the page.
    Train(train::Options),
    /// Times a training step of three networks, and matrix products beside the crate `gemm`.
    Bench(bench::Options),
}

/// What makes a run, as in an address.
#[derive(Args)]
struct Opening {
    /// A parameter, any number of times.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    sets: Vec<(String, String)>,
    /// Something done to a figure, any number of times.
    #[arg(long = "poke", value_name = "FIGURE:MARK:KIND:INDEX:X:Y", value_parser = poke,
        allow_hyphen_values = true)]
    pokes: Vec<Value>,
    /// Seed of every random choice.
    #[arg(long, default_value = "1", allow_hyphen_values = true)]
    seed: String,
    /// Device that networks are trained on: auto, cpu or gpu.
    #[arg(long, default_value = "auto")]
    device: String,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| "a parameter is set as name=value".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

fn poke(text: &str) -> Result<Value, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [figure, mark, kind, index, x, y] = parts[..] else {
        return Err("a poke is figure:mark:kind:index:x:y".to_owned());
    };
    Ok(json!({"figure": figure, "mark": mark, "kind": kind, "index": index, "x": x, "y": y}))
}

/// What ends a command early.
enum Failure {
    /// The input was bad: one sentence.
    Input(String),
    /// Something else: one sentence.
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Runs the command that was given.
pub(crate) fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::List(options) => list::main(&options),
        Command::Run(options) => run::main(&options),
        Command::Reproduce(options) => reproduce::main(&options),
        Command::Train(options) => train::main(&options),
        Command::Bench(options) => bench::main(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(Failure::Input(sentence)) => complain(&sentence, 2),
        Err(Failure::Other(sentence)) => complain(&sentence, 3),
    }
}

fn complain(sentence: &str, code: u8) -> ExitCode {
    // Nobody is left to tell if stderr is closed.
    drop(writeln!(io::stderr(), "error: {sentence}"));
    ExitCode::from(code)
}

/// Prints a line; a reader who has gone, as `head` does, is no failure.
fn say(line: impl AsRef<str>) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{}", line.as_ref()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A session over the catalog, with the machine's clock.
fn session() -> Session {
    #[expect(clippy::disallowed_methods, reason = "natively there is a clock, and it is here")]
    let began = Instant::now();
    Session::new(CATALOG, Rc::new(move || began.elapsed().as_secs_f64() * 1000.0))
        .with_files(Files::folder(SHIPPED))
}

/// The folder of the files that ship with the page.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/www");

fn ask(session: &mut Session, request: Value) -> Result<Reply, Failure> {
    let request: Request = serde_json::from_value(request)?;
    match block_on(session.handle(request)) {
        Reply::Error { message, .. } => Err(Failure::Input(message)),
        reply => Ok(reply),
    }
}

fn frame(session: &mut Session, request: Value) -> Result<Frame, Failure> {
    match ask(session, request)? {
        Reply::Frame(frame) => Ok(frame),
        _ => Err(Failure::Other("a frame was asked for and something else came".to_owned())),
    }
}

/// Opens an exhibit; what an address may get wrong, a command may not.
fn open(session: &mut Session, id: &str, opening: &Opening) -> Result<Frame, Failure> {
    let params: serde_json::Map<String, Value> =
        opening.sets.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let request = json!({"type": "open", "id": id, "seed": opening.seed,
        "device": opening.device, "params": params, "pokes": opening.pokes});
    let frame = frame(session, request)?;
    match frame.ignored.first() {
        Some(sentence) => Err(Failure::Input(sentence.clone())),
        None => Ok(frame),
    }
}

/// A progress bar on the terminal, if stderr is one.
fn bar(length: u64, template: &str) -> indicatif::ProgressBar {
    let style = indicatif::ProgressStyle::with_template(template)
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
    let bar = indicatif::ProgressBar::new(length).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
