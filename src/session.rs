//! The session: requests in, replies out. It alone knows the time and which device is at hand.
use crate::{
    claim::{Check, Measurement},
    engine::Device,
    error::{Error, Result},
    exhibit::{Entry, Values},
    figure::spread,
    files::{Files, LocalFuture},
    params::Value,
};
use std::{cell::Cell, rc::Rc};

mod choose;
mod clock;
mod poke;
mod protocol;
mod run;

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;

pub use choose::Chosen;
use choose::Measured;
pub use clock::Clock;
pub use poke::MOST_POKES;
pub use protocol::*;
use run::{OpenRun, Opening};

/// Asks for a GPU.
pub type Adapter = Rc<dyn Fn() -> LocalFuture<'static, Result<Chosen>>>;

/// The seed of a run whose address names none that can be.
pub const DEFAULT_SEED: u64 = 1;

/// The longest time a request may ask for.
pub const MOST_BUDGET_MS: f64 = 10_000.0;

/// A worker's end of the conversation.
pub struct Session {
    catalog: &'static [Entry],
    clock: Rc<dyn Clock>,
    files: Files,
    adapter: Adapter,
    /// The GPU, once it was found, or why there is none.
    gpu: Option<Result<Chosen>>,
    /// The GPU on its way.
    asked: Option<LocalFuture<'static, Result<Chosen>>>,
    /// What was last found by measuring both devices.
    measured: Option<Measured>,
    open: Option<OpenRun>,
    measuring: Option<Measuring>,
}

/// A claim being measured.
struct Measuring {
    claim: String,
    measurement: Measurement,
    /// When the present request's time is used up.
    until_ms: Rc<Cell<f64>>,
}

impl Session {
    /// A session over these exhibits.
    pub fn new(catalog: &'static [Entry], clock: Rc<dyn Clock>) -> Self {
        let adapter = || -> LocalFuture<'static, Result<Chosen>> {
            Box::pin(async { Ok(Chosen::of(Device::gpu().await?)) })
        };
        Self::with_adapter(catalog, clock, Rc::new(adapter))
    }

    /// A session that asks for its GPU in its own way.
    pub fn with_adapter(catalog: &'static [Entry], clock: Rc<dyn Clock>, adapter: Adapter) -> Self {
        Self {
            catalog,
            clock,
            files: Files::none(),
            adapter,
            gpu: None,
            asked: None,
            measured: None,
            open: None,
            measuring: None,
        }
    }

    /// A session that has these files.
    #[must_use]
    pub fn with_files(self, files: Files) -> Self {
        Self { files, ..self }
    }

    /// Answers one request.
    pub async fn handle(&mut self, request: Request) -> Reply {
        self.answer(request).await.unwrap_or_else(Reply::from)
    }

    async fn answer(&mut self, request: Request) -> Result<Reply> {
        match request {
            Request::Open { id, seed, device, params, pokes } => {
                self.start(&id, &seed, &device, &params, &pokes).await
            }
            Request::Set { name, value } => self.set(&name, &value).await,
            Request::Poke { poke } => self.poke(&poke).await,
            Request::Advance { steps, budget_ms } => self.advance(&steps, &budget_ms).await,
            Request::Spread { curves } => {
                let spreads = curves.iter().map(|curves| spread(curves)).collect::<Result<_>>()?;
                Ok(Reply::Spread { spreads })
            }
            Request::Check { claim, budget_ms } => self.check(claim, &budget_ms).await,
        }
    }

    async fn start(
        &mut self,
        id: &str,
        seed: &Value,
        device: &Value,
        params: &Values,
        pokes: &[RawPoke],
    ) -> Result<Reply> {
        let known = self.catalog.iter().map(|entry| entry.meta.id);
        let entry = *self
            .catalog
            .iter()
            .find(|entry| entry.meta.id == id)
            .ok_or_else(|| Error::unlisted("exhibit", id, known))?;
        let mut ignored = Ignored::default();
        let seed = ignored.or(read_seed(seed), DEFAULT_SEED);
        let wish = ignored.or(DeviceChoice::read(device), DeviceChoice::Auto);
        let mut values = Values::new();
        for (name, value) in params {
            match (entry.check)(name, value) {
                Ok(()) => drop(values.insert(name.clone(), value.clone())),
                Err(error) => ignored.add(&error),
            }
        }
        let mut opening = Opening { entry, seed, values, files: self.files.clone() };
        let mut open = match self.begin(&opening, wish).await {
            Err(error) if !opening.values.is_empty() => {
                ignored.add(&error);
                opening.values = Values::new();
                self.begin(&opening, wish).await?
            }
            begun => begun?,
        };
        for error in open.replay(pokes.iter().map(RawPoke::read)).await? {
            ignored.add(&error);
        }
        self.measuring = None;
        let before = self.open.replace(open);
        match self.frame().await {
            Ok(mut frame) => {
                frame.ignored = ignored.sentences();
                Ok(Reply::Frame(frame))
            }
            Err(error) => {
                self.open = before;
                Err(error)
            }
        }
    }

    async fn set(&mut self, name: &str, value: &Value) -> Result<Reply> {
        self.open.as_mut().ok_or(Error::NotOpen)?.set(name, value).await?;
        Ok(Reply::Frame(self.frame().await?))
    }

    async fn poke(&mut self, raw: &RawPoke) -> Result<Reply> {
        let open = self.open.as_mut().ok_or(Error::NotOpen)?;
        open.poke(raw.read()?).await?;
        Ok(Reply::Frame(self.frame().await?))
    }

    async fn advance(&mut self, steps: &Value, budget_ms: &Value) -> Result<Reply> {
        let steps = steps
            .whole(0, u32::MAX.into())
            .and_then(|steps| u32::try_from(steps).ok())
            .ok_or_else(|| not_allowed("steps", steps, "a whole number from 0"))?;
        let budget_ms = read_budget(budget_ms)?;
        let clock = self.clock.clone();
        let open = self.open.as_mut().ok_or(Error::NotOpen)?;
        let stepped = open.advance(steps, budget_ms, &*clock).await;
        self.or_recover(stepped).await?;
        let refresh_began = self.clock.now_ms();
        let frame = self.frame().await?;
        if let Some(open) = &mut self.open {
            open.refreshed(self.clock.now_ms() - refresh_began);
            let saved = open.save(&*self.clock).await;
            self.or_recover(saved).await?;
        }
        Ok(Reply::Frame(frame))
    }

    async fn check(&mut self, claim: String, budget_ms: &Value) -> Result<Reply> {
        let budget_ms = read_budget(budget_ms)?;
        let open = self.open.as_ref().ok_or(Error::NotOpen)?;
        let mut measuring = match self.measuring.take() {
            Some(measuring) if measuring.claim == claim => measuring,
            _ => self.measuring_of(open, claim)?,
        };
        // What was measured of the run says nothing of the programs of a claim.
        open.ctx.device.set_steps_per_submission(None);
        measuring.until_ms.set(self.clock.now_ms() + budget_ms);
        if let Some(measured) = measuring.measurement.resume().await {
            let tables = measuring.measurement.tables();
            return Ok(Reply::checked(measuring.claim, measured?, tables));
        }
        let (fraction, message) = measuring.measurement.progress();
        let claim = measuring.claim.clone();
        self.measuring = Some(measuring);
        Ok(Reply::Checking { claim, fraction, message })
    }

    fn measuring_of(&self, open: &OpenRun, claim: String) -> Result<Measuring> {
        let claims = (open.entry.claims)();
        let known = claims
            .iter()
            .find(|known| known.id == claim)
            .ok_or_else(|| Error::unlisted("claim", &claim, claims.iter().map(|c| c.id)))?;
        let until_ms = Rc::new(Cell::new(0.0));
        let (clock, until) = (self.clock.clone(), until_ms.clone());
        let check = Check::new(open.ctx.device.clone(), self.files.clone(), move || {
            clock.now_ms() >= until.get()
        });
        Ok(Measuring { measurement: Measurement::of(known, check), claim, until_ms })
    }

    /// The state of the open run, drawn.
    async fn frame(&mut self) -> Result<Frame> {
        let refreshed = self.open.as_mut().ok_or(Error::NotOpen)?.run.refresh().await;
        self.or_recover(refreshed).await?;
        Ok(self.open.as_mut().ok_or(Error::NotOpen)?.frame())
    }

    /// Passes on what went well; after the loss of a device goes on from the last snapshot.
    async fn or_recover(&mut self, result: Result<()>) -> Result<()> {
        match (result, self.open.take()) {
            (Err(Error::DeviceLost { reason }), Some(lost)) => self.recover(lost, &reason).await,
            (result, open) => {
                self.open = open;
                result
            }
        }
    }
}

fn read_seed(seed: &Value) -> Result<u64> {
    seed.whole(0, u32::MAX.into())
        .map(i64::unsigned_abs)
        .ok_or_else(|| not_allowed("seed", seed, "a whole number from 0 to 4294967295"))
}

fn read_budget(budget_ms: &Value) -> Result<f64> {
    budget_ms
        .number()
        .filter(|ms| (0.0..=MOST_BUDGET_MS).contains(ms))
        .ok_or_else(|| not_allowed("budget_ms", budget_ms, "a number from 0 to 10000"))
}

fn not_allowed(name: &str, value: &Value, allowed: &str) -> Error {
    Error::Value { name: name.to_owned(), value: value.to_string(), allowed: allowed.to_owned() }
}

/// Sentences about the parts of an address that were ignored.
#[derive(Default)]
struct Ignored {
    sentences: Vec<String>,
    more: usize,
}

impl Ignored {
    /// More sentences nobody reads.
    const MOST: usize = 10;

    fn add(&mut self, error: &Error) {
        if self.sentences.len() < Self::MOST {
            self.sentences.push(error.to_string());
        } else {
            self.more += 1;
        }
    }

    fn or<T>(&mut self, result: Result<T>, instead: T) -> T {
        result.unwrap_or_else(|error| {
            self.add(&error);
            instead
        })
    }

    fn sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.sentences.push(format!("{} more parts of the address were ignored", self.more));
        }
        self.sentences
    }
}
