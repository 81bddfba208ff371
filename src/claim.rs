//! Claims: what a paper says, and the protocol that measures it here.
use crate::{
    engine::Device,
    error::Result,
    figure::Figure,
    files::{Files, LocalFuture},
};
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::Poll,
};

/// What a paper says, with the function that measures it here.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ClaimInfo"))]
pub struct Claim {
    /// Short `snake_case` name, one of a kind within the exhibit.
    pub id: &'static str,
    /// What the paper says, in one sentence.
    pub sentence: &'static str,
    /// The value as printed there.
    pub published: &'static str,
    /// Where it stands: "Table 1", "section 4.2".
    pub source: &'static str,
    /// How it is measured here, and what is scaled down.
    pub protocol: &'static str,
    /// Whether it is measured within a few seconds.
    pub quick: bool,
    /// Measures it, at seeds of its own.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub measure: fn(Check) -> LocalFuture<'static, Result<Measured>>,
}

/// What was measured of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The value measured here, to stand beside the published one.
    pub here: String,
    /// Whether what the paper says is true of it.
    pub holds: bool,
    /// Settings, sample size, spread: whatever belongs beside the number.
    pub detail: String,
}

/// A measurement's link to whoever waits for it: the device to use, and progress.
#[derive(Clone)]
pub struct Check {
    /// Device to measure on.
    pub device: Device,
    /// Files that ship with the page.
    pub files: Files,
    shared: Rc<Shared>,
}

struct Shared {
    /// Whether the time given to the measurement is used up; asked at every report of progress.
    used_up: Box<dyn Fn() -> bool>,
    yielded: Cell<bool>,
    fraction: Cell<f64>,
    message: RefCell<String>,
    tables: RefCell<Vec<Figure>>,
}

impl Check {
    /// A measurement that pauses wherever `used_up` says so.
    pub fn new(device: Device, files: Files, used_up: impl Fn() -> bool + 'static) -> Self {
        let shared = Shared {
            used_up: Box::new(used_up),
            yielded: Cell::new(false),
            fraction: Cell::new(0.0),
            message: RefCell::new(String::new()),
            tables: RefCell::new(Vec::new()),
        };
        Self { device, files, shared: Rc::new(shared) }
    }

    /// Reports that this fraction, 0 to 1, is done, and what is going on; pauses there if the time
    /// given is used up. Call it at least every 20 ms or so.
    pub async fn progress(&self, fraction: f64, message: impl Into<String>) {
        self.shared.fraction.set(fraction.clamp(0.0, 1.0));
        *self.shared.message.borrow_mut() = message.into();
        if (self.shared.used_up)() {
            self.shared.yielded.set(true);
            let resumed = || !self.shared.yielded.get();
            poll_fn(|_| if resumed() { Poll::Ready(()) } else { Poll::Pending }).await;
        }
    }
}

impl Check {
    /// Has a table shown beside what is measured.
    pub fn show(&self, table: Figure) {
        self.shared.tables.borrow_mut().push(table);
    }

    /// The tables shown so far.
    pub fn tables(&self) -> Vec<Figure> {
        self.shared.tables.borrow().clone()
    }

    /// Fraction done, 0 to 1, and what is going on.
    pub fn told(&self) -> (f64, String) {
        (self.shared.fraction.get(), self.shared.message.borrow().clone())
    }

    /// Lets what paused at a report of progress go on.
    pub fn resume(&self) {
        self.shared.yielded.set(false);
    }
}

/// A measurement under way.
pub struct Measurement {
    future: LocalFuture<'static, Result<Measured>>,
    check: Check,
}

impl Measurement {
    /// Begins to measure; nothing happens before it is resumed.
    pub fn of(claim: &Claim, check: Check) -> Self {
        Self { future: (claim.measure)(check.clone()), check }
    }

    /// Goes on until it is done or the time given is used up: then `None`.
    pub async fn resume(&mut self) -> Option<Result<Measured>> {
        self.check.resume();
        poll_fn(|cx| match self.future.as_mut().poll(cx) {
            Poll::Ready(measured) => Poll::Ready(Some(measured)),
            Poll::Pending if self.check.shared.yielded.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Fraction done, 0 to 1, and what is going on.
    pub fn progress(&self) -> (f64, String) {
        self.check.told()
    }

    /// The tables that are shown beside it.
    pub fn tables(&self) -> Vec<Figure> {
        self.check.tables()
    }
}
