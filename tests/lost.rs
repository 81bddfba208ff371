//! A GPU that is lost in the middle of a run, on whatever adapter there is, natively and in the
//! browser: the run goes on from its last snapshot, as if nothing had happened.
use orrery::{
    engine::Device,
    error::Result,
    exhibit::Entry,
    exhibits::CATALOG,
    files::LocalFuture,
    params::Kind,
    session::{Chosen, Frame, Reply, Request, Session},
};
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc};

#[path = "common/shipped.rs"]
mod shipped;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Steps before the loss, and in all.
const STEPS: [u64; 2] = [3, 6];

/// A session whose time stands still, and the devices it was given.
fn session() -> (Session, Rc<RefCell<Vec<Device>>>) {
    let given = Rc::new(RefCell::new(Vec::new()));
    let all = given.clone();
    let adapter = move || -> LocalFuture<'static, Result<Chosen>> {
        let all = all.clone();
        Box::pin(async move {
            let device = Device::gpu().await?;
            all.borrow_mut().push(device.clone());
            Ok(Chosen::of(device))
        })
    };
    (
        Session::with_adapter(CATALOG, Rc::new(|| 0.0), Rc::new(adapter))
            .with_files(shipped::files()),
        given,
    )
}

async fn frame(session: &mut Session, request: Value) -> Frame {
    let request: Request = serde_json::from_value(request).unwrap_or_else(|e| panic!("{e}"));
    match session.handle(request).await {
        Reply::Frame(frame) => frame,
        other => panic!("{other:?}"),
    }
}

/// Opens an exhibit at its smallest, since software that acts as a GPU is slow.
async fn open(session: &mut Session, entry: &Entry) -> Frame {
    let small: serde_json::Map<String, Value> = entry
        .params
        .iter()
        .filter_map(|param| match param.kind {
            Kind::Int { min, .. } => Some((param.name.to_owned(), json!(min))),
            _ => None,
        })
        .collect();
    let id = entry.meta.id;
    frame(
        session,
        json!({"type": "open", "id": id, "seed": 1, "device": "gpu", "params": small, "pokes": []}),
    )
    .await
}

async fn advance_to(session: &mut Session, step: u64) -> Frame {
    let mut now = advance(session, 0).await;
    while now.step < step {
        now = advance(session, step - now.step).await;
    }
    now
}

async fn advance(session: &mut Session, steps: u64) -> Frame {
    frame(session, json!({"type": "advance", "steps": steps, "budget_ms": 10_000})).await
}

/// Steps that the last device was told to take at once.
fn at_once(devices: &RefCell<Vec<Device>>) -> Option<usize> {
    match devices.borrow().last() {
        Some(Device::Gpu(gpu)) => gpu.steps_per_submission(),
        _ => None,
    }
}

fn lose(devices: &RefCell<Vec<Device>>) {
    for device in devices.borrow_mut().drain(..) {
        if let Device::Gpu(gpu) = device {
            gpu.lose();
        }
    }
}

async fn runs_survive_a_lost_device() {
    for entry in CATALOG.iter().filter(|entry| entry.meta.devices) {
        let id = entry.meta.id;
        let (mut whole, _) = session();
        let opened = open(&mut whole, entry).await;
        if opened.device.kind == "cpu" {
            let notice = opened.notice.unwrap_or_default();
            assert!(notice.starts_with("the CPU took over"), "{id}: {notice}");
            return;
        }
        // Of an exhibit with tabs the first may be over before anything can be lost.
        if advance(&mut whole, STEPS[1] + 1).await.done {
            continue;
        }
        let (mut whole, _) = session();
        open(&mut whole, entry).await;
        let straight = advance_to(&mut whole, STEPS[1]).await;

        let (mut troubled, devices) = session();
        open(&mut troubled, entry).await;
        assert_eq!(at_once(&devices), None, "{id}: nothing was measured yet");
        advance_to(&mut troubled, STEPS[0]).await;
        assert!(at_once(&devices).is_some(), "{id}: the device is told how many steps fit");
        lose(&devices);
        let lost = advance(&mut troubled, 1).await;
        let notice = lost.notice.unwrap_or_default();
        assert!(notice.starts_with("the GPU was lost at step"), "{id}: {notice}");
        assert_eq!(lost.device.kind, "gpu", "{id}: another could be had");
        let again = advance_to(&mut troubled, STEPS[1]).await;
        assert_eq!(again.metrics, straight.metrics, "{id}: as if nothing had happened");

        lose(&devices);
        let lost = advance(&mut troubled, 1).await;
        assert_eq!(lost.device.kind, "cpu", "{id}: lost twice, so the CPU takes over");
        let last = advance_to(&mut troubled, STEPS[1] + 1).await;
        assert!(last.step > STEPS[1], "{id}: and goes on");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_lost_device_is_not_the_end() {
    pollster::block_on(runs_survive_a_lost_device());
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn a_lost_device_is_not_the_end() {
    runs_survive_a_lost_device().await;
}
