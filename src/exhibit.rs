//! What an exhibit is: the trait, its description, and its row in the catalog.
use crate::{
    claim::{Check, Claim},
    engine::Device,
    error::{Error, Result},
    figure::{Figure, Poke},
    files::{Files, LocalFuture},
    params::{Param, ParamSet, Value},
};
use serde::Serialize;
use std::{any::Any, collections::BTreeMap, future::Future, rc::Rc};

/// How the catalog describes an exhibit.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Meta {
    /// Short `snake_case` name, also that of its file.
    pub id: &'static str,
    /// Title of the card.
    pub title: &'static str,
    /// Family of papers it belongs to.
    pub family: &'static str,
    /// What to do and what to see, in one or two sentences.
    pub hook: &'static str,
    /// What the paper claims, in one sentence.
    pub claim: &'static str,
    /// The paper.
    pub paper: Paper,
    /// Whether it trains a network, and so may run on the CPU or on the GPU.
    pub devices: bool,
}

/// A paper.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Paper {
    /// Its title.
    pub title: &'static str,
    /// Its authors.
    pub authors: &'static str,
    /// Year it came out.
    pub year: u32,
    /// Journal, conference or archive.
    pub venue: &'static str,
    /// Where it can be read.
    pub url: &'static str,
    /// How to cite it.
    pub bibtex: &'static str,
}

/// Something to try: a sentence, and the parameters it sets.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Experiment {
    /// Short name.
    pub title: &'static str,
    /// What to do and what to see, in one sentence.
    pub text: &'static str,
    /// Parameters by name, each with its value as text; all others are at their defaults.
    pub set: Vec<(&'static str, String)>,
}

impl Experiment {
    /// Something to try at the defaults.
    pub const fn new(title: &'static str, text: &'static str) -> Self {
        Self { title, text, set: Vec::new() }
    }

    /// Sets a parameter.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are written in place")]
    pub fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.set.push((name, value.to_string()));
        self
    }
}

/// What the gallery shows of an exhibit: one figure, as it comes out after some steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Cover {
    /// Name of the figure; empty: the first that is a plot.
    pub figure: &'static str,
    /// Steps taken before it is drawn.
    pub steps: u32,
    /// Parameters by name, each with its value as text; all others are at their defaults.
    pub set: Vec<(&'static str, String)>,
}

impl Cover {
    /// This figure after so many steps, at the defaults.
    pub const fn new(figure: &'static str, steps: u32) -> Self {
        Self { figure, steps, set: Vec::new() }
    }

    /// Sets a parameter.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are written in place")]
    pub fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        self.set.push((name, value.to_string()));
        self
    }
}

/// A number shown beside the figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Metric {
    /// Stable `snake_case` name.
    pub name: &'static str,
    /// Caption.
    pub label: &'static str,
    /// The number; none: not known yet, or not finite.
    pub value: Option<f64>,
    /// Unit; empty: a pure number.
    pub unit: &'static str,
}

impl Metric {
    /// A pure number; one that is not finite is shown as not known.
    pub fn new(name: &'static str, label: &'static str, value: impl Into<f64>) -> Self {
        let value = Some(value.into()).filter(|x: &f64| x.is_finite());
        Self { name, label, value, unit: "" }
    }

    /// Is measured in this unit.
    #[must_use]
    pub const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }
}

/// What a run is given besides its parameters.
#[derive(Clone)]
pub struct Ctx {
    /// Seed of every random choice.
    pub seed: u64,
    /// Device that graphs run on.
    pub device: Device,
    /// Files that ship with the page.
    pub files: Files,
}

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another step is possible.
    More,
    /// The run has ended.
    Done,
    /// The numbers grew beyond all bounds or are none any more; the run has ended.
    Diverged,
}

/// A copy in memory of what a lost device would take with it, in the exhibit's own form:
/// weights, histories, counters.
pub struct Snapshot(Box<dyn Any>);

impl Snapshot {
    /// A snapshot of this form.
    pub fn new<T: 'static>(saved: T) -> Self {
        Self(Box::new(saved))
    }

    /// What was saved, if it was saved in this form.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

/// A file of weights that ships with the page, made by `orrery train`.
#[derive(Clone)]
pub struct Shipped {
    /// Its path, relative to `www/`.
    pub file: String,
    /// What it holds, in one sentence.
    pub about: String,
    /// Makes it, at a seed of its own.
    pub train: Rc<dyn Fn(Check) -> LocalFuture<'static, Result<Trained>>>,
}

/// What came of training.
pub struct Trained {
    /// The file.
    pub bytes: Vec<u8>,
    /// How it went: settings, losses, how good it is in the end.
    pub log: String,
}

/// A paper made playable.
///
/// Its state is a function of seed, parameters by step, and pokes, and of nothing else; in
/// particular not of how many steps are taken at once or how often it is drawn.
pub trait Exhibit: Sized + 'static {
    /// Its description.
    const META: Meta;
    /// What the reader can set; declared by [`params!`](crate::params!).
    type Params: ParamSet;

    /// The state before the first step; it may load files that ship with the page.
    fn new(ctx: &Ctx, params: &Self::Params) -> impl Future<Output = Result<Self>>;

    /// One step of the algorithm, short enough for smooth play; a formula has none.
    fn step(&mut self, _params: &Self::Params) -> impl Future<Output = Result<Progress>> {
        async { Ok(Progress::Done) }
    }

    /// At most `most` steps, for an exhibit that is quicker at several at once, as a program on a
    /// GPU is; returns how many were taken and whether the run goes on.
    fn steps(
        &mut self,
        params: &Self::Params,
        most: u32,
    ) -> impl Future<Output = Result<(u32, Progress)>> {
        async move {
            for taken in 1..most {
                let progress = self.step(params).await?;
                if progress != Progress::More {
                    return Ok((taken, progress));
                }
            }
            Ok((most.max(1), self.step(params).await?))
        }
    }

    /// Computes and reads back what the figures and metrics show and only a device can tell: asked
    /// for once before each drawing, so after `new`, after a poke, after a parameter is set and
    /// after the steps of a frame. Must change nothing that later steps depend on.
    fn refresh(&mut self, _params: &Self::Params) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }

    /// The present state, drawn. The same figures in the same order at every step; of an exhibit with
    /// [tabs](crate::params::Param::tabs), those of the tab that is open.
    fn figures(&mut self, params: &Self::Params) -> Vec<Figure>;

    /// The present state in a few numbers.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    /// Takes up what a reader did to a mark that declares it. The session has checked that figure,
    /// mark, kind and row exist and that the place is within the axes. On an error nothing changes.
    fn poke(&mut self, poke: &Poke, _params: &Self::Params) -> Result<()> {
        Err(Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason: "the exhibit takes none".to_owned(),
        })
    }

    /// Things to try.
    fn experiments() -> Vec<Experiment> {
        Vec::new()
    }

    /// What the gallery shows of it; not a raster, which has no place in a drawing made of lines.
    fn cover() -> Cover {
        Cover::new("", 100)
    }

    /// What the paper says.
    fn claims() -> Vec<Claim> {
        Vec::new()
    }

    /// Weights that ship with the page, and how they are made.
    fn shipped() -> Vec<Shipped> {
        Vec::new()
    }

    /// What a lost device would take with it; asked for every few seconds of a run on a GPU. Without
    /// one a lost run starts anew.
    fn snapshot(&self) -> impl Future<Output = Result<Option<Snapshot>>> {
        async { Ok(None) }
    }

    /// Goes back to what was saved; called on a fresh run of the same seed, parameters and pokes.
    fn restore(&mut self, _saved: &Snapshot) -> Result<()> {
        Ok(())
    }
}

/// A run whose exhibit has been forgotten. On an error nothing has changed.
pub trait Run {
    /// Sets a live parameter, or any before the first step is taken of a run to be started.
    fn set(&mut self, name: &str, value: &Value) -> Result<()>;
    /// All parameters by name.
    fn values(&self) -> BTreeMap<&'static str, Value>;
    /// See [`Exhibit::steps`].
    fn steps(&mut self, most: u32) -> LocalFuture<'_, Result<(u32, Progress)>>;
    /// See [`Exhibit::refresh`].
    fn refresh(&mut self) -> LocalFuture<'_, Result<()>>;
    /// See [`Exhibit::figures`].
    fn figures(&mut self) -> Vec<Figure>;
    /// See [`Exhibit::metrics`].
    fn metrics(&self) -> Vec<Metric>;
    /// See [`Exhibit::poke`].
    fn poke(&mut self, poke: &Poke) -> Result<()>;
    /// See [`Exhibit::snapshot`].
    fn snapshot(&self) -> LocalFuture<'_, Result<Option<Snapshot>>>;
    /// See [`Exhibit::restore`].
    fn restore(&mut self, saved: &Snapshot) -> Result<()>;
}

struct Running<E: Exhibit> {
    params: E::Params,
    state: E,
}

impl<E: Exhibit> Run for Running<E> {
    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        self.params.set(name, value)
    }

    fn values(&self) -> BTreeMap<&'static str, Value> {
        self.params.values()
    }

    fn steps(&mut self, most: u32) -> LocalFuture<'_, Result<(u32, Progress)>> {
        Box::pin(self.state.steps(&self.params, most))
    }

    fn refresh(&mut self) -> LocalFuture<'_, Result<()>> {
        Box::pin(self.state.refresh(&self.params))
    }

    fn figures(&mut self) -> Vec<Figure> {
        self.state.figures(&self.params)
    }

    fn metrics(&self) -> Vec<Metric> {
        self.state.metrics()
    }

    fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.state.poke(poke, &self.params)
    }

    fn snapshot(&self) -> LocalFuture<'_, Result<Option<Snapshot>>> {
        Box::pin(self.state.snapshot())
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        self.state.restore(saved)
    }
}

/// Parameter values by name, as they travel.
pub type Values = BTreeMap<String, Value>;

/// Starts a run of an exhibit at the default parameters but for those given.
pub type Start = for<'a> fn(&'a Ctx, &'a Values) -> LocalFuture<'a, Result<Box<dyn Run>>>;

/// A row of the catalog: an exhibit without its type.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Description.
    pub meta: Meta,
    /// Parameters, in display order.
    pub params: &'static [Param],
    /// What the paper says.
    pub claims: fn() -> Vec<Claim>,
    /// Things to try.
    pub experiments: fn() -> Vec<Experiment>,
    /// What the gallery shows.
    pub cover: fn() -> Cover,
    /// Checks one value against the schema.
    pub check: fn(&str, &Value) -> Result<()>,
    /// Weights that ship with the page.
    pub shipped: fn() -> Vec<Shipped>,
    /// Starts a run at the default parameters but for those given.
    pub start: Start,
}

impl Entry {
    /// The row of an exhibit.
    pub const fn of<E: Exhibit>() -> Self {
        Self {
            meta: E::META,
            params: E::Params::SCHEMA,
            claims: E::claims,
            experiments: E::experiments,
            cover: E::cover,
            check: |name, value| E::Params::default().set(name, value),
            shipped: E::shipped,
            start: start::<E>,
        }
    }
}

fn start<'a, E: Exhibit>(
    ctx: &'a Ctx,
    values: &'a Values,
) -> LocalFuture<'a, Result<Box<dyn Run>>> {
    Box::pin(async move {
        let mut params = E::Params::default();
        for (name, value) in values {
            params.set(name, value)?;
        }
        let state = E::new(ctx, &params).await?;
        Ok(Box::new(Running { params, state }) as Box<dyn Run>)
    })
}
