//! The boundary with the page, in a dedicated worker of a real browser: good and bad requests of
//! each type, number columns that can be transferred, one request at a time, panics that are told.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
#![expect(clippy::missing_assert_message, reason = "both sides of an equation say enough")]
use js_sys::{Array, Float32Array, Function, JSON, Object, Reflect, global};
use orrery::{
    exhibit::Entry,
    exhibits::CATALOG,
    params::Kind,
    web::{catalog, handle, start},
};
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[path = "common/bits.rs"]
mod bits;
#[path = "common/shipped.rs"]
mod shipped;
#[path = "common/tabbed.rs"]
mod tabbed;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn js(value: &Value) -> JsValue {
    JSON::parse(&value.to_string()).unwrap()
}

fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

fn text(value: &JsValue, name: &str) -> String {
    get(value, name).as_string().unwrap_or_else(|| panic!("no text in {name}"))
}

fn number(value: &JsValue, name: &str) -> f64 {
    get(value, name).as_f64().unwrap_or_else(|| panic!("no number in {name}"))
}

async fn ask(request: &Value) -> JsValue {
    handle(js(request)).await.unwrap()
}

async fn frame(request: &Value) -> JsValue {
    let reply = ask(request).await;
    assert_eq!(text(&reply, "type"), "frame", "{request}: {:?}", JSON::stringify(&reply));
    reply
}

async fn error(request: &Value) -> String {
    refusal(&ask(request).await)
}

fn refusal(reply: &JsValue) -> String {
    assert_eq!(text(reply, "type"), "error", "{:?}", JSON::stringify(reply));
    let message = text(reply, "message");
    assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    message
}

/// An exhibit whose first tab runs for long and needs no files: these come from the server of the page, which
/// is not here.
fn entry() -> &'static Entry {
    CATALOG.iter().find(|entry| entry.meta.id == "pointer_networks").unwrap()
}

fn first() -> &'static str {
    entry().meta.id
}

fn open(id: &str, device: &str) -> Value {
    json!({"type": "open", "id": id, "seed": 1, "device": device, "params": {}, "pokes": []})
}

fn advance(steps: u32) -> Value {
    json!({"type": "advance", "steps": steps, "budget_ms": 10_000})
}

fn items(value: &JsValue) -> Vec<JsValue> {
    Array::from(value).to_vec()
}

/// All columns of a reply.
fn columns(reply: &JsValue) -> Vec<JsValue> {
    let mut out = Vec::new();
    for figure in items(&get(reply, "figures")) {
        let body = get(&figure, "body");
        match text(&body, "type").as_str() {
            "plot" => items(&get(&body, "marks"))
                .iter()
                .for_each(|mark| out.extend(Object::values(get(mark, "channels").unchecked_ref()))),
            _ => out.extend(items(&get(&body, "columns")).iter().map(|c| get(c, "values"))),
        }
    }
    out
}

#[wasm_bindgen_test]
fn the_catalog_is_plain_objects() {
    let catalog = catalog().unwrap();
    assert_eq!(text(&catalog, "version"), env!("CARGO_PKG_VERSION"), "whose it is");
    let exhibits = items(&get(&catalog, "exhibits"));
    assert_eq!(exhibits.len(), CATALOG.len(), "all of them");
    for (entry, known) in exhibits.iter().zip(CATALOG) {
        assert_eq!(text(&get(entry, "meta"), "id"), known.meta.id);
        for (param, known) in items(&get(entry, "params")).iter().zip(known.params) {
            assert_eq!(text(param, "name"), known.name);
            assert!(get(param, "kind").is_object(), "{}", known.name);
        }
        assert_eq!(items(&get(entry, "claims")).len(), (known.claims)().len());
    }
}

#[wasm_bindgen_test]
async fn columns_of_numbers_can_be_transferred() {
    frame(&open(first(), "cpu")).await;
    let reply = frame(&advance(2)).await;
    let mut buffers = Vec::new();
    let mut rows = 0;
    for column in columns(&reply) {
        if let Some(numbers) = column.dyn_ref::<Float32Array>() {
            let buffer = numbers.buffer();
            assert_eq!(numbers.byte_offset(), 0, "a buffer of its own");
            assert_eq!(numbers.byte_length(), number(&buffer, "byteLength") as u32);
            rows += numbers.length();
            buffers.push(buffer);
        } else {
            assert!(Array::is_array(&column), "else names");
        }
    }
    assert!(rows > 0, "{} draws no number", first());
    let options = Object::new();
    let list: Array = buffers.iter().collect();
    Reflect::set(&options, &"transfer".into(), &list).unwrap();
    let clone: Function = get(&global(), "structuredClone").unchecked_into();
    let moved = clone.call2(&JsValue::NULL, &reply, &options).unwrap();
    assert!(buffers.iter().all(|b| number(b, "byteLength") == 0.0), "moved, not copied");
    let arrived = columns(&moved);
    let arrived = arrived.iter().filter_map(|c| c.dyn_ref::<Float32Array>());
    assert_eq!(arrived.map(Float32Array::length).sum::<u32>(), rows);
}

#[wasm_bindgen_test]
async fn good_requests_are_answered() {
    let opened = frame(&open(first(), "cpu")).await;
    assert_eq!(number(&opened, "step"), 0.0);
    assert!(get(&opened, "notice").is_null(), "nothing is null");
    assert_eq!(text(&get(&opened, "device"), "kind"), "cpu");
    let values = get(&opened, "values");
    for param in entry().params {
        let value = get(&values, param.name);
        assert!(!value.is_undefined(), "{}: an object, not a Map", param.name);
        let set = Object::new();
        for (name, part) in [("type", "set".into()), ("name", param.name.into()), ("value", value)]
        {
            Reflect::set(&set, &name.into(), &part).unwrap();
        }
        let reply = handle(set.into()).await.unwrap();
        assert_eq!(text(&reply, "type"), "frame", "{} to what it is", param.name);
    }
    assert_eq!(number(&frame(&advance(3)).await, "step"), 3.0);
    // Those of nets that ship need files.
    for claim in (entry().claims)().iter().filter(|claim| claim.quick) {
        let check = json!({"type": "check", "claim": claim.id, "budget_ms": 0});
        let kind = text(&ask(&check).await, "type");
        assert!(["checking", "checked"].contains(&kind.as_str()), "{}: {kind}", claim.id);
    }
}

#[wasm_bindgen_test]
async fn bad_requests_get_a_sentence() {
    frame(&open(first(), "cpu")).await;
    let before = JSON::stringify(&frame(&advance(1)).await).unwrap();
    assert!(error(&open("no_such_exhibit", "cpu")).await.contains("no exhibit is named"));
    for request in [
        json!(null),
        json!(3),
        json!({"type": "fly"}),
        json!({"type": "open"}),
        json!({"type": "set", "name": 3}),
        json!({"type": "poke", "poke": 3}),
        json!({"type": "advance", "steps": 1}),
        json!({"type": "check", "claim": {}, "budget_ms": 1}),
    ] {
        assert!(error(&request).await.contains("malformed"), "{request}");
    }
    let poke = json!({"figure": "a", "mark": "b", "kind": "drag", "index": 0, "x": 0, "y": 0});
    for request in [
        json!({"type": "set", "name": "no_such_parameter", "value": 1}),
        json!({"type": "poke", "poke": poke}),
        json!({"type": "advance", "steps": -1, "budget_ms": 1}),
        json!({"type": "advance", "steps": 1, "budget_ms": null}),
        json!({"type": "check", "claim": "no_such_claim", "budget_ms": 1}),
    ] {
        error(&request).await;
    }
    assert_eq!(JSON::stringify(&frame(&advance(0)).await).unwrap(), before, "the run is as it was");
}

#[wasm_bindgen_test]
async fn what_json_cannot_say_gets_a_sentence_too() {
    frame(&open(first(), "cpu")).await;
    let bad = [
        f64::NAN.into(),
        f64::INFINITY.into(),
        JsValue::UNDEFINED,
        Function::new_no_args("").into(),
    ];
    for steps in bad {
        let request = js(&advance(1));
        Reflect::set(&request, &"steps".into(), &steps).unwrap();
        refusal(&handle(request).await.unwrap());
    }
    let poke = json!({"figure": "a", "mark": "b", "kind": "drag", "index": 0, "x": 0, "y": 0});
    let request = js(&json!({"type": "poke", "poke": poke}));
    Reflect::set(&get(&request, "poke"), &"x".into(), &f64::NAN.into()).unwrap();
    assert!(refusal(&handle(request).await.unwrap()).contains("x cannot be NaN"));
}

#[wasm_bindgen_test]
async fn one_request_at_a_time() {
    // Asking for a GPU takes the browser a moment.
    let entry = entry();
    let mut small = open(entry.meta.id, "gpu");
    for param in entry.params {
        if let Kind::Int { min, .. } = param.kind {
            small["params"][param.name] = json!(min);
        }
    }
    let first = future_to_promise(handle(js(&small)));
    let second = future_to_promise(handle(js(&advance(1))));
    let refused = refusal(&JsFuture::from(second).await.unwrap());
    assert!(refused.contains("not answered yet"), "{refused}");
    let first = JsFuture::from(first).await.unwrap();
    assert_eq!(text(&first, "type"), "frame", "the first is answered all the same");
    let device = get(&first, "device");
    let told = text(&device, "kind") == "gpu" || !get(&first, "notice").is_null();
    assert!(told, "on the GPU, or with a notice");
    let after = frame(&advance(1)).await;
    assert_eq!(number(&after, "step"), 1.0, "and the run goes on");
}

#[wasm_bindgen_test]
async fn wasm_computes_the_bits_of_native_code() {
    let kept: Value = serde_json::from_str(include_str!("golden/bits.json")).unwrap();
    assert_eq!(bits::all().await, kept);
}

#[wasm_bindgen_test]
fn panics_reach_the_console() {
    let console = get(&global(), "console");
    let error = get(&console, "error");
    let said = Rc::new(RefCell::new(String::new()));
    let hear = {
        let said = said.clone();
        Closure::<dyn FnMut(String)>::new(move |words: String| said.borrow_mut().push_str(&words))
    };
    Reflect::set(&console, &"error".into(), hear.as_ref()).unwrap();
    let fall = Closure::<dyn FnMut()>::new(|| panic!("a weight went missing"));
    // The harness tells of panics too: its hook gives way to the page's, for good, since a thread
    // that has panicked may not change it.
    drop(std::panic::take_hook());
    start();
    let outcome = fall.as_ref().unchecked_ref::<Function>().call0(&JsValue::NULL);
    Reflect::set(&console, &"error".into(), &error).unwrap();
    assert!(outcome.is_err(), "a panic ends the call");
    let said = said.borrow();
    assert!(said.contains("a weight went missing"), "{said}");
    assert!(said.contains("tests/web.rs"), "with its place: {said}");
    std::mem::forget(fall);
}
