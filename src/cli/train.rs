//! `orrery train`: makes the weights that ship with the page, each with its log beside it.
use super::{Failure, SHIPPED, bar, say};
use clap::Args;
use orrery::{
    claim::Check,
    engine::Device,
    error::Error,
    exhibit::{Shipped, Trained},
    exhibits::CATALOG,
    files::Files,
};
use pollster::block_on;
use std::{
    fs,
    future::{Future, poll_fn},
    path::Path,
    pin::pin,
    process::ExitCode,
    task::Poll,
};

#[derive(Args)]
pub(super) struct Options {
    /// Which exhibit.
    id: String,
    /// Only files whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Only files that are not there yet.
    #[arg(long)]
    missing: bool,
}

pub(super) fn main(options: &Options) -> Result<ExitCode, Failure> {
    let entry = CATALOG.iter().find(|entry| entry.meta.id == options.id).ok_or_else(|| {
        Error::unlisted("exhibit", &options.id, CATALOG.iter().map(|entry| entry.meta.id))
    })?;
    let all = (entry.shipped)();
    if all.is_empty() {
        return Err(Failure::Input(format!("{} ships no weights", options.id)));
    }
    let there = |shipped: &Shipped| Path::new(SHIPPED).join(&shipped.file).exists();
    let wanted: Vec<&Shipped> =
        all.iter().filter(|shipped| shipped.file.contains(&options.only)).collect();
    if wanted.is_empty() {
        let names = all.iter().map(|shipped| &*shipped.file);
        return Err(Error::unlisted("file", &options.only, names).into());
    }
    for shipped in wanted {
        if options.missing && there(shipped) {
            say(format!("{}: there already", shipped.file))?;
        } else {
            write(shipped)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(shipped: &Shipped) -> Result<(), Failure> {
    let bar = bar(1000, "{bar:40} {prefix} {elapsed}, {msg}");
    bar.set_prefix(shipped.file.clone());
    let check = Check::new(Device::cpu(), Files::folder(SHIPPED), || true);
    let mut training = pin!((shipped.train)(check.clone()));
    // Every report of progress pauses it, so that the bar can follow.
    let Trained { bytes, log } = loop {
        let step = poll_fn(|cx| {
            Poll::Ready(match training.as_mut().poll(cx) {
                Poll::Ready(trained) => Some(trained),
                Poll::Pending => None,
            })
        });
        if let Some(trained) = block_on(step) {
            break trained?;
        }
        let (fraction, message) = check.told();
        check.resume();
        bar.set_position((1000.0 * fraction) as u64);
        bar.set_message(message);
    };
    let seconds = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let path = Path::new(SHIPPED).join(&shipped.file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, &bytes)?;
    fs::write(path.with_extension("log"), format!("{}\n{log}", shipped.about))?;
    say(format!("{}: {} bytes after {seconds:.0} s", shipped.file, bytes.len()))
}
