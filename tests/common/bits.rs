//! All numbers of an exhibit's figures in one: the same natively and in wasm.
use super::{shipped, tabbed};
use orrery::{
    exhibits::CATALOG,
    figure::{Column, Figure},
    session::{Reply, Request, Session},
};
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// Steps after which the numbers are taken.
const STEPS: u32 = 30;

/// The bits of all tabs of all exhibits.
pub(crate) async fn all() -> Value {
    let mut all = Map::new();
    for entry in CATALOG {
        for (tab, params) in tabbed::tabs(entry) {
            let id = entry.meta.id;
            let name = if tab.is_empty() { id.to_owned() } else { format!("{id}, {tab}") };
            all.insert(name, json!(of(id, &params).await));
        }
    }
    Value::Object(all)
}

/// FNV-1a over the bits of all columns of all figures after some steps at the defaults but for
/// these, as hexadecimal digits; every NaN counts as the same one.
async fn of(id: &str, params: &Value) -> String {
    let mut session = Session::new(CATALOG, Rc::new(|| 0.0)).with_files(shipped::files());
    let open = json!({"type": "open", "id": id, "seed": 1, "device": "cpu", "params": params,
        "pokes": []});
    let advance = json!({"type": "advance", "steps": STEPS, "budget_ms": 10_000});
    session.handle(request(open)).await;
    let Reply::Frame(frame) = session.handle(request(advance)).await else {
        panic!("{id} does not run")
    };
    assert!(frame.done || frame.step == u64::from(STEPS), "{id} runs that long");
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |byte: u64| hash = (hash ^ byte).wrapping_mul(0x0000_0100_0000_01b3);
    for (_, column) in frame.figures.iter().flat_map(Figure::columns) {
        match column {
            Column::Numbers(values) => {
                for x in values {
                    take(u64::from(if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }));
                }
            }
            Column::Names(names) => {
                names.iter().flat_map(|n| n.bytes()).for_each(|b| take(b.into()));
            }
        }
    }
    format!("{hash:016x}")
}

fn request(value: Value) -> Request {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}"))
}
