//! The messages: what the page asks and what it is told. `www/protocol.ts` says the same in
//! TypeScript and is written from these types by the test below.
use crate::{
    claim::{Claim, Measured},
    error::{Error, Result},
    exhibit::{Cover, Entry, Experiment, Meta, Metric, Values},
    figure::{Curve, Figure, Poke, PokeKind, Spread},
    params::{Param, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that the page knows of the exhibits before it opens one.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Catalog {
    /// Version of the crate.
    pub version: &'static str,
    /// All exhibits, by id.
    pub exhibits: Vec<Card>,
}

/// What the page knows of one exhibit.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Entry"))]
pub struct Card {
    /// Description.
    pub meta: Meta,
    /// Parameters, in display order.
    pub params: &'static [Param],
    /// What the paper says.
    pub claims: Vec<Claim>,
    /// Things to try.
    pub experiments: Vec<Experiment>,
    /// What the gallery shows, drawn when the page is built.
    pub cover: Cover,
}

impl Catalog {
    /// The catalog of these exhibits.
    pub fn of(entries: &[Entry]) -> Self {
        let card = |entry: &Entry| Card {
            meta: entry.meta,
            params: entry.params,
            claims: (entry.claims)(),
            experiments: (entry.experiments)(),
            cover: (entry.cover)(),
        };
        Self { version: env!("CARGO_PKG_VERSION"), exhibits: entries.iter().map(card).collect() }
    }
}

/// From the page. Each gets exactly one reply, and the next is sent only then.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Starts an exhibit afresh. What is not allowed here is ignored and said so in the reply.
    Open {
        /// Which.
        id: String,
        /// Seed of every random choice, a whole number from 0 to 2^32 - 1.
        #[cfg_attr(test, ts(type = "number"))]
        seed: Value,
        /// Which device is wished for.
        #[cfg_attr(test, ts(as = "DeviceChoice"))]
        device: Value,
        /// Parameters that differ from their defaults; text is read as the schema says.
        #[cfg_attr(test, ts(type = "Record<string, Value>"))]
        params: Values,
        /// What the reader did before, to be done again.
        #[cfg_attr(test, ts(as = "Vec<Poke>"))]
        pokes: Vec<RawPoke>,
    },
    /// Sets one parameter; restarts the run unless it is live.
    Set {
        /// Which.
        name: String,
        /// To what.
        value: Value,
    },
    /// Does to a mark what the reader did.
    Poke {
        /// What was done.
        #[cfg_attr(test, ts(as = "Poke"))]
        poke: RawPoke,
    },
    /// Takes as many steps as fit.
    Advance {
        /// How many at most.
        #[cfg_attr(test, ts(type = "number"))]
        steps: Value,
        /// Time to use.
        #[cfg_attr(test, ts(type = "number"))]
        budget_ms: Value,
    },
    /// Measures a claim, or goes on with it; asked again until the reply is `checked`. A new
    /// `open`, or a `check` of another claim, cancels it.
    Check {
        /// Which.
        claim: String,
        /// Time to use.
        #[cfg_attr(test, ts(type = "number"))]
        budget_ms: Value,
    },
    /// Puts lines of several seeds together.
    Spread {
        /// For each line, that of every seed.
        curves: Vec<Vec<Curve>>,
    },
}

/// To the page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The state, drawn.
    Frame(Frame),
    /// A measurement goes on.
    Checking {
        /// Of which claim.
        claim: String,
        /// How much of it is done, 0 to 1.
        fraction: f64,
        /// What is going on.
        message: String,
    },
    /// A measurement has ended.
    Checked {
        /// Of which claim.
        claim: String,
        /// The value measured.
        here: String,
        /// Whether what the paper says is true of it.
        holds: bool,
        /// Settings, sample size, spread.
        detail: String,
        /// Tables that belong to it.
        tables: Vec<Figure>,
    },
    /// Lines of several seeds, put together.
    Spread {
        /// One for each line.
        spreads: Vec<Spread>,
    },
    /// The request failed; the run is as it was.
    Error {
        /// The field of the request that is wrong, where it is one.
        field: Option<String>,
        /// What came and what is allowed, in one sentence.
        message: String,
    },
}

/// The state of a run, drawn.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Frame {
    /// Steps taken since the start.
    #[cfg_attr(test, ts(type = "number"))]
    pub step: u64,
    /// Whether the run has ended.
    pub done: bool,
    /// What the reader should know: that the GPU was lost, that the run diverged.
    pub notice: Option<String>,
    /// Parameters by name.
    pub values: BTreeMap<&'static str, Value>,
    /// After `open`: a sentence for each part of it that was ignored.
    pub ignored: Vec<String>,
    /// What the reader did so far, as an address carries it.
    pub pokes: Vec<Poke>,
    /// What the run runs on.
    pub device: DeviceInfo,
    /// Numbers to show beside the figures.
    pub metrics: Vec<Metric>,
    /// Figures in reading order.
    pub figures: Vec<Figure>,
}

/// What a run runs on.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// CPU or GPU.
    #[cfg_attr(test, ts(type = "\"cpu\" | \"gpu\""))]
    pub kind: &'static str,
    /// Its name, as far as the browser tells.
    pub name: String,
    /// Whether a GPU is only acted by software.
    pub software: bool,
    /// How it was chosen, with what was measured; may be empty.
    pub detail: String,
}

/// Which device is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "snake_case"))]
pub enum DeviceChoice {
    /// Whichever is faster.
    Auto,
    /// The processor.
    Cpu,
    /// The GPU, if there is one.
    Gpu,
}

impl DeviceChoice {
    /// The choice of that name.
    pub fn read(value: &Value) -> Result<Self> {
        match value {
            Value::Text(text) if text == "auto" => Ok(Self::Auto),
            Value::Text(text) if text == "cpu" => Ok(Self::Cpu),
            Value::Text(text) if text == "gpu" => Ok(Self::Gpu),
            _ => Err(Error::Value {
                name: "device".to_owned(),
                value: value.to_string(),
                allowed: "auto, cpu or gpu".to_owned(),
            }),
        }
    }
}

/// A poke as it comes, to be checked.
#[derive(Clone, Debug, Deserialize)]
pub struct RawPoke {
    figure: Value,
    mark: Value,
    kind: Value,
    index: Value,
    x: Value,
    y: Value,
}

impl RawPoke {
    /// The poke, if it can be one of any figure.
    pub fn read(&self) -> Result<Poke> {
        let refused = |name: &str, value: &Value, allowed: &str| Error::Value {
            name: format!("poke {name}"),
            value: value.to_string(),
            allowed: allowed.to_owned(),
        };
        let name = |name, value: &Value| match value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(refused(name, value, "a name")),
        };
        let place = |name, value: &Value| {
            let finite = value.number().filter(|x| (*x as f32).is_finite());
            finite.ok_or_else(|| refused(name, value, "a finite number"))
        };
        let kind = name("kind", &self.kind)?;
        Ok(Poke {
            figure: name("figure", &self.figure)?,
            mark: name("mark", &self.mark)?,
            kind: PokeKind::ALL
                .into_iter()
                .find(|known| known.name() == kind)
                .ok_or_else(|| refused("kind", &self.kind, "drag, add, remove or click"))?,
            index: self
                .index
                .whole(0, u32::MAX.into())
                .and_then(|index| u32::try_from(index).ok())
                .ok_or_else(|| refused("index", &self.index, "a whole number from 0"))?,
            x: place("x", &self.x)?,
            y: place("y", &self.y)?,
        })
    }
}

impl From<Poke> for RawPoke {
    fn from(poke: Poke) -> Self {
        Self {
            figure: Value::Text(poke.figure),
            mark: Value::Text(poke.mark),
            kind: Value::Text(poke.kind.name().to_owned()),
            index: Value::Number(poke.index.into()),
            x: Value::Number(poke.x),
            y: Value::Number(poke.y),
        }
    }
}

impl Reply {
    /// What was measured of a claim.
    pub fn checked(claim: String, measured: Measured, tables: Vec<Figure>) -> Self {
        let Measured { here, holds, detail } = measured;
        Self::Checked { claim, here, holds, detail, tables }
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        Self::Error { field: error.field().map(str::to_owned), message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exhibit::Paper,
        figure::{Axis, Body, Color, Column, Constant, Mark, Palette, Scale, TableColumn, Width},
        params::Kind,
    };
    use std::{env, fs, path::Path};
    use ts_rs::{Config, TS};

    fn declared<T: TS>() -> String {
        let docs = T::docs().unwrap_or_default();
        let declaration = T::decl(&Config::new().with_large_int("number"));
        laid_out(&format!("{docs}export {declaration}\n"))
    }

    /// One line a comment and a field, fields indented.
    fn laid_out(text: &str) -> String {
        let (mut out, mut doc) = (String::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !matches!(*line, "/**" | "*/")) {
            if let Some(words) = line.strip_prefix("* ") {
                doc.push(words);
                continue;
            }
            let indent = if line.starts_with("export") { "" } else { "  " };
            if !doc.is_empty() {
                out.extend([indent, "/** ", &doc.join(" "), " */\n"]);
                doc.clear();
            }
            out.extend([indent, line, "\n"]);
        }
        out
    }

    fn typescript() -> String {
        [
            "// Written from the Rust types by a test; never edited.\n\
             // To write it anew: UPDATE_PROTOCOL=1 cargo test --lib protocol\n"
                .to_owned(),
            declared::<Catalog>(),
            declared::<Card>(),
            declared::<Meta>(),
            declared::<Paper>(),
            declared::<Param>(),
            declared::<Kind>(),
            declared::<Value>(),
            declared::<Experiment>(),
            declared::<Cover>(),
            declared::<Claim>(),
            declared::<Request>(),
            declared::<Poke>(),
            declared::<PokeKind>(),
            declared::<Reply>(),
            declared::<Frame>(),
            declared::<DeviceInfo>(),
            declared::<DeviceChoice>(),
            declared::<Metric>(),
            declared::<Figure>(),
            declared::<Width>(),
            declared::<Body>(),
            declared::<TableColumn>(),
            declared::<Axis>(),
            declared::<Scale>(),
            declared::<Color>(),
            declared::<Palette>(),
            declared::<Mark>(),
            declared::<Constant>(),
            declared::<Column>(),
            declared::<Curve>(),
            declared::<Spread>(),
        ]
        .join("\n")
    }

    #[test]
    fn protocol_ts_says_what_the_types_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/protocol.ts");
        let now = typescript();
        if env::var_os("UPDATE_PROTOCOL").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == now,
            "www/protocol.ts is stale; UPDATE_PROTOCOL=1 cargo test --lib protocol writes it anew"
        );
    }

    #[test]
    fn every_type_that_is_named_is_declared() {
        let text = typescript();
        for (name, _) in text.match_indices("export type ") {
            let name = text[name + 12..].split([' ', '=']).next().unwrap();
            assert_eq!(text.matches(&format!("export type {name} ")).count(), 1, "{name}");
        }
        for named in [
            "Meta",
            "Param",
            "Kind",
            "Value",
            "Experiment",
            "Cover",
            "ClaimInfo",
            "Poke",
            "PokeKind",
            "Frame",
            "DeviceInfo",
            "DeviceChoice",
            "Metric",
            "Figure",
            "Width",
            "Body",
            "TableColumn",
            "Axis",
            "Scale",
            "Color",
            "Palette",
            "Mark",
            "Constant",
            "Column",
            "Curve",
            "Spread",
        ] {
            assert!(text.contains(&format!("export type {named} =")), "{named} is not declared");
        }
    }
}
