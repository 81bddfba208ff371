//! `orrery list`: the catalog.
use super::{Failure, say};
use clap::Args;
use orrery::{exhibits::CATALOG, session::Catalog};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct Options {
    /// The catalog as the page gets it.
    #[arg(long)]
    json: bool,
}

pub(super) fn main(options: &Options) -> Result<ExitCode, Failure> {
    let catalog = Catalog::of(CATALOG);
    if options.json {
        say(serde_json::to_string_pretty(&catalog)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for card in &catalog.exhibits {
        let (meta, paper) = (&card.meta, &card.meta.paper);
        say(format!("{} — {}", meta.id, meta.title))?;
        say(format!("  {} ({}), {}", paper.authors, paper.year, paper.title))?;
        say(format!("  {}", meta.claim))?;
        for param in card.params {
            say(format!("    {}: {}; {}", param.name, param.doc, param.kind.allowed()))?;
        }
        for claim in &card.claims {
            say(format!("    claim {}: {}", claim.id, claim.sentence))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
