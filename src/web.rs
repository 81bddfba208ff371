//! The boundary with the page: `catalog` and `handle`, and nothing else but panics.
//!
//! Messages are those of `www/protocol.ts`. Columns of numbers leave as `Float32Array`s that own
//! their buffers, so that the worker can transfer every one of them to the page.
use crate::{
    error::{Error, clipped},
    exhibits::CATALOG,
    figure::{Body, Column},
    files::{Files, LocalFuture},
    session::{Catalog, Clock, Reply, Request, Session},
};
use js_sys::{Float32Array, Function, Promise, Reflect, Uint8Array, global};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Performance, Response, Url, WorkerGlobalScope};

thread_local! {
    /// The one session; it is out while it answers.
    static SESSION: Cell<Desk> = const { Cell::new(Desk::Empty) };
}

/// Where the session is.
enum Desk {
    /// No request has come yet.
    Empty,
    /// It waits for the next request.
    Idle(Box<Session>),
    /// It answers a request.
    Busy,
}

/// Has panics told in the console, with their message and place; called when the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(console_error_panic_hook::hook));
}

/// All that the page knows of the exhibits before it opens one: a `Catalog`.
#[wasm_bindgen]
pub fn catalog() -> Result<JsValue, JsValue> {
    Ok(Catalog::of(CATALOG).serialize(&SERIALIZER)?)
}

/// Answers one `Request` with one `Reply`; a request before the last reply is refused.
#[wasm_bindgen]
pub async fn handle(request: JsValue) -> Result<JsValue, JsValue> {
    let mut session = match SESSION.replace(Desk::Busy) {
        Desk::Empty => Box::new(new_session()?),
        Desk::Idle(session) => session,
        Desk::Busy => return javascript(Error::Busy.into()),
    };
    let reply = match serde_wasm_bindgen::from_value::<Request>(request) {
        Ok(request) => session.handle(request).await,
        Err(error) => Error::Request { reason: clipped(&error.to_string()) }.into(),
    };
    SESSION.set(Desk::Idle(session));
    javascript(reply)
}

fn new_session() -> Result<Session, JsValue> {
    let performance: Performance = Reflect::get(&global(), &"performance".into())?.unchecked_into();
    let files = Files::new(|name| Box::pin(fetch(name.to_owned())));
    Ok(Session::new(CATALOG, Rc::new(WorkerClock { performance })).with_files(files))
}

/// The bytes of a file that ships with the page.
async fn fetch(name: String) -> Result<Vec<u8>, String> {
    let told = |error: JsValue| match error.dyn_into::<js_sys::Error>() {
        Ok(error) => String::from(error.message()),
        Err(other) => format!("{other:?}"),
    };
    let worker: WorkerGlobalScope = global().unchecked_into();
    let address = address(&worker, &name).map_err(told)?;
    let response: Response =
        JsFuture::from(worker.fetch_with_str(&address)).await.map_err(told)?.unchecked_into();
    if !response.ok() {
        return Err(format!("the server answered {} to {name}", response.status()));
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(told)?).await.map_err(told)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Where a file lies: the worker's script knows, for names carry hashes and the script may come from
/// another origin; without its word, as in tests, the file lies beside the script.
fn address(worker: &WorkerGlobalScope, name: &str) -> Result<String, JsValue> {
    let told = Reflect::get(worker, &"orreryFile".into())?;
    if let Some(place) = told.dyn_ref::<Function>() {
        return Ok(place.call1(worker, &name.into())?.as_string().unwrap_or_default());
    }
    Ok(Url::new_with_base(name, &worker.location().href())?.href())
}

/// The clock of the worker, and its timer.
struct WorkerClock {
    performance: Performance,
}

impl Clock for WorkerClock {
    fn now_ms(&self) -> f64 {
        self.performance.now()
    }

    fn pause(&self, ms: f64) -> LocalFuture<'static, ()> {
        let promise = Promise::new(&mut |resolve, reject| {
            let worker: WorkerGlobalScope = global().unchecked_into();
            let (set, ms) = (
                WorkerGlobalScope::set_timeout_with_callback_and_timeout_and_arguments_0,
                ms.ceil() as i32,
            );
            if let Err(error) = set(&worker, &resolve, ms) {
                drop(reject.call1(&JsValue::NULL, &error));
            }
        });
        Box::pin(async move { drop(JsFuture::from(promise).await) })
    }
}

/// Records as objects, nothing as null.
const SERIALIZER: Serializer = Serializer::json_compatible();

/// A reply as the page reads it: the figures without their numbers, then the numbers, each column
/// as one copy out of the memory of wasm.
fn javascript(mut reply: Reply) -> Result<JsValue, JsValue> {
    let numbers = take_numbers(&mut reply);
    let object = reply.serialize(&SERIALIZER)?;
    for (path, column) in numbers {
        let (last, steps) = path.split_last().ok_or(JsValue::NULL)?;
        let holder = steps.iter().try_fold(object.clone(), |at, step| step.get(&at))?;
        last.set(&holder, &Float32Array::from(&*column))?;
    }
    Ok(object)
}

/// One step from an object to what it holds.
enum Step {
    Key(&'static str),
    Index(u32),
}

impl Step {
    fn get(&self, from: &JsValue) -> Result<JsValue, JsValue> {
        match self {
            Self::Key(name) => Reflect::get(from, &(*name).into()),
            Self::Index(i) => Reflect::get_u32(from, *i),
        }
    }

    fn set(&self, holder: &JsValue, value: &JsValue) -> Result<bool, JsValue> {
        match self {
            Self::Key(name) => Reflect::set(holder, &(*name).into(), value),
            Self::Index(i) => Reflect::set_u32(holder, *i, value),
        }
    }
}

/// Takes the columns of numbers out of a reply, each with the path to where it was.
fn take_numbers(reply: &mut Reply) -> Vec<(Vec<Step>, Vec<f32>)> {
    use Step::{Index, Key};
    let mut numbers = Vec::new();
    let mut take = |path: Vec<Step>, column: &mut Column| {
        if let Column::Numbers(values) = column {
            numbers.push((path, std::mem::take(values)));
        }
    };
    let Reply::Frame(frame) = reply else { return numbers };
    for (i, figure) in (0..).zip(&mut frame.figures) {
        let body = || vec![Key("figures"), Index(i), Key("body")];
        match &mut figure.body {
            Body::Plot { marks, .. } => {
                for (j, mark) in (0..).zip(marks) {
                    for (channel, column) in &mut mark.channels {
                        let path = [Key("marks"), Index(j), Key("channels"), Key(channel)];
                        take(body().into_iter().chain(path).collect(), column);
                    }
                }
            }
            Body::Table { columns, .. } => {
                for (j, column) in (0..).zip(columns) {
                    let path = [Key("columns"), Index(j), Key("values")];
                    take(body().into_iter().chain(path).collect(), &mut column.values);
                }
            }
        }
    }
    numbers
}
