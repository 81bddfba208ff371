//! The template of `cargo xtask new`: it compiles as it stands, runs, and its claims hold.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use orrery::{
    claim, error,
    exhibit::{self, Entry},
    figure, params,
    session::{Reply, Session},
};
use pollster::block_on;
use serde_json::{Value, json};
use std::rc::Rc;

#[path = "../xtask/template/exhibit.rs"]
#[expect(unreachable_pub, reason = "it is written for the public modules of exhibits")]
mod template;

const CATALOG: &[Entry] = &[Entry::of::<template::__Type__>()];

fn ask(session: &mut Session, request: &Value) -> Reply {
    block_on(session.handle(serde_json::from_value(request.clone()).unwrap()))
}

#[test]
fn the_template_is_an_exhibit_whose_claims_hold() {
    let mut session = Session::new(CATALOG, Rc::new(|| 0.0));
    let open = json!({"type": "open", "id": "__id__", "seed": 1, "device": "cpu", "params": {}, "pokes": []});
    assert!(
        matches!(ask(&mut session, &open), Reply::Frame(frame) if !frame.figures.is_empty()),
        "it opens"
    );
    let drag =
        json!({"figure": "plane", "mark": "now", "kind": "drag", "index": 0, "x": 0.5, "y": 0.5});
    for request in [
        json!({"type": "poke", "poke": drag}),
        json!({"type": "advance", "steps": 3, "budget_ms": 1000}),
    ] {
        assert!(matches!(ask(&mut session, &request), Reply::Frame(_)), "{request}");
    }
    for claim in (CATALOG[0].claims)() {
        let check = json!({"type": "check", "claim": claim.id, "budget_ms": 10_000});
        let reply = ask(&mut session, &check);
        assert!(matches!(&reply, Reply::Checked { holds: true, .. }), "{}: {reply:?}", claim.id);
    }
}
