//! Numbers that may not drift: for every exhibit, each column of each figure after a few steps at
//! the defaults, compared exactly with `golden/<id>.json`.
//!
//! The bits of all columns together are kept in `golden/bits.json`, which `web.rs` compares with
//! what wasm computes. They change only by `UPDATE_GOLDEN=1 cargo test --test golden`, in a commit that says why.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use orrery::{
    exhibit::Entry,
    exhibits::CATALOG,
    figure::Column,
    session::{Frame, Reply, Session},
};
use pollster::block_on;
use serde_json::{Map, Value, json};
use std::{env, fs, path::PathBuf, rc::Rc};

#[path = "common/bits.rs"]
mod bits;
#[path = "common/shipped.rs"]
mod shipped;
#[path = "common/tabbed.rs"]
mod tabbed;

/// The steps after which a run is looked at.
const STEPS: [u64; 3] = [0, 1, 30];

/// What of a column is kept: its length, first, last, least and greatest.
fn digest(column: &Column) -> Value {
    match column {
        Column::Numbers(values) => {
            let known = || values.iter().copied().filter(|x| !x.is_nan());
            json!({
                "length": values.len(),
                "first": values.first(),
                "last": values.last(),
                "least": known().reduce(f32::min),
                "greatest": known().reduce(f32::max),
            })
        }
        Column::Names(names) => json!({
            "length": names.len(),
            "first": names.first(),
            "last": names.last(),
            "least": names.iter().min(),
            "greatest": names.iter().max(),
        }),
    }
}

fn digests(frame: &Frame) -> Value {
    let mut out = Map::new();
    for figure in &frame.figures {
        let columns = figure.columns().into_iter().map(|(name, c)| (name, digest(c)));
        out.insert(figure.id.to_owned(), Value::Object(columns.collect()));
    }
    let metrics = frame.metrics.iter().map(|m| (m.name.to_owned(), json!(m.value)));
    out.insert("metrics".to_owned(), Value::Object(metrics.collect()));
    Value::Object(out)
}

fn frame(session: &mut Session, request: Value) -> Frame {
    match block_on(session.handle(serde_json::from_value(request).unwrap())) {
        Reply::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// An exhibit's digests; of one with tabs, those of each.
fn run(entry: &Entry) -> Value {
    let mut tabs = Map::new();
    for (tab, params) in tabbed::tabs(entry) {
        let digests = run_tab(entry.meta.id, &params);
        if tab.is_empty() {
            return digests;
        }
        tabs.insert(tab.to_owned(), digests);
    }
    Value::Object(tabs)
}

fn run_tab(id: &str, params: &Value) -> Value {
    let mut session = Session::new(CATALOG, Rc::new(|| 0.0)).with_files(shipped::files());
    frame(
        &mut session,
        json!({"type": "open", "id": id, "seed": 1, "device": "cpu", "params": params, "pokes": []}),
    );
    let mut out = Map::new();
    let mut taken = 0;
    for step in STEPS {
        let steps = step - taken;
        taken = step;
        let request = json!({"type": "advance", "steps": steps, "budget_ms": 10_000});
        out.insert(format!("step {step}"), digests(&frame(&mut session, request)));
    }
    Value::Object(out)
}

fn kept(id: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{id}.json"))
}

/// The places where two values differ, with both.
fn differences(path: &str, was: &Value, is: &Value, out: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            let keys: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
            for key in keys {
                let null = &Value::Null;
                let (was, is) = (was.get(key).unwrap_or(null), is.get(key).unwrap_or(null));
                differences(&format!("{path} / {key}"), was, is, out);
            }
        }
        _ if was == is => (),
        _ => out.push(format!("{path}: was {was}, is {is}")),
    }
}

#[test]
fn numbers_do_not_drift() {
    for entry in CATALOG {
        let id = entry.meta.id;
        let is = run(entry);
        let path = kept(id);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, serde_json::to_string_pretty(&is).unwrap() + "\n").unwrap();
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        // Through text once, as the kept ones went.
        let is: Value = serde_json::from_str(&serde_json::to_string(&is).unwrap()).unwrap();
        let was: Value = serde_json::from_str(&text).unwrap_or_default();
        let mut drifted = Vec::new();
        differences(id, &was, &is, &mut drifted);
        assert!(
            drifted.is_empty(),
            "UPDATE_GOLDEN=1 cargo test --test golden writes them anew:\n{}",
            drifted.join("\n")
        );
    }
}

#[test]
fn bits_do_not_drift() {
    let is = block_on(bits::all());
    let path = kept("bits");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&is).unwrap() + "\n").unwrap();
    }
    let was: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(was, is, "UPDATE_GOLDEN=1 cargo test --test golden writes them anew");
}

#[test]
fn every_golden_file_has_its_exhibit() {
    let folder = kept("x");
    for entry in fs::read_dir(folder.parent().unwrap()).into_iter().flatten() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "bits.json" {
            continue;
        }
        let id = name.trim_end_matches(".json");
        assert!(CATALOG.iter().any(|entry| entry.meta.id == id), "{name} belongs to no exhibit");
    }
}

#[test]
fn drift_is_seen() {
    let column = |values: Vec<f32>| digest(&Column::Numbers(values));
    let was = column(vec![0.1, f32::NAN, 3.0]);
    assert_eq!(was["least"], json!(0.1_f32));
    let next = f32::from_bits(3.0_f32.to_bits() + 1);
    let mut drifted = Vec::new();
    differences("c", &was, &column(vec![0.1, f32::NAN, next]), &mut drifted);
    assert_eq!(drifted.len(), 2, "last and greatest: {drifted:?}");
    let text = serde_json::to_string(&json!(next)).unwrap();
    assert_ne!(serde_json::from_str::<Value>(&text).unwrap(), json!(3.0), "one bit is kept");
}
