//! The conversation, on an exhibit of its own.
use super::{
    example::{CATALOG, LOST_IN, NOW_MS, READY_IN_MS, STEP_MS, Standing, at},
    *,
};
use crate::figure::Column;
use pollster::block_on;
use serde_json::json;
use std::borrow::Borrow;

/// A session whose time passes only while steps are taken and claims are measured.
fn session() -> Session {
    let no_gpu = || -> LocalFuture<'static, Result<Chosen>> {
        Box::pin(async { Err(Error::NoGpu { reason: "none was plugged in".to_owned() }) })
    };
    Session::with_adapter(CATALOG, Rc::new(Standing), Rc::new(no_gpu))
}

/// A session with the CPU in the role of a GPU.
fn session_with_gpu(software: bool) -> Session {
    let gpu = move || -> LocalFuture<'static, Result<Chosen>> {
        Box::pin(async move { Ok(stand_in(software)) })
    };
    Session::with_adapter(CATALOG, Rc::new(Standing), Rc::new(gpu))
}

fn stand_in(software: bool) -> Chosen {
    let name = "Fast 1".to_owned();
    let info = DeviceInfo { kind: "gpu", name, software, detail: String::new() };
    Chosen { device: Device::cpu(), info }
}

fn ask(session: &mut Session, request: serde_json::Value) -> Reply {
    block_on(session.handle(serde_json::from_value(request).unwrap()))
}

fn frame(session: &mut Session, request: impl Borrow<serde_json::Value>) -> Frame {
    let request = request.borrow();
    match ask(session, request.clone()) {
        Reply::Frame(frame) => frame,
        other => panic!("{request}: {other:?}"),
    }
}

fn error(
    session: &mut Session,
    request: impl Borrow<serde_json::Value>,
) -> (Option<String>, String) {
    let request = request.borrow();
    match ask(session, request.clone()) {
        Reply::Error { field, message } => (field, message),
        other => panic!("{request}: {other:?}"),
    }
}

fn open(params: &serde_json::Value) -> serde_json::Value {
    json!({"type": "open", "id": "valley", "seed": 3, "device": "cpu", "params": params,
        "pokes": []})
}

fn advance(steps: u32) -> serde_json::Value {
    json!({"type": "advance", "steps": steps, "budget_ms": 10_000})
}

fn look() -> serde_json::Value {
    advance(0)
}

fn set(name: &str, value: impl serde::Serialize) -> serde_json::Value {
    json!({"type": "set", "name": name, "value": value})
}

fn check(claim: &str, budget_ms: f64) -> serde_json::Value {
    json!({"type": "check", "claim": claim, "budget_ms": budget_ms})
}

fn poke(kind: &str, index: u32, [x, y]: [f64; 2]) -> serde_json::Value {
    json!({"type": "poke", "poke": {"figure": "plane", "mark": "points", "kind": kind,
        "index": index, "x": x, "y": y}})
}

fn text(frame: &Frame) -> String {
    serde_json::to_string(frame).unwrap()
}

fn points(frame: &Frame) -> Vec<(f32, f32)> {
    let columns = frame.figures[0].columns();
    let (Column::Numbers(x), Column::Numbers(y)) = (columns[0].1, columns[1].1) else {
        panic!("two columns of numbers")
    };
    x.iter().copied().zip(y.iter().copied()).collect()
}

#[test]
fn a_run_opens_at_its_defaults_and_ends() {
    let mut session = session();
    let first = frame(&mut session, open(&json!({})));
    assert_eq!((first.step, first.done, first.notice.clone()), (0, false, None));
    assert_eq!(first.values["alpha"], Value::Number(0.1));
    assert!(first.ignored.is_empty(), "{:?}", first.ignored);
    let last = frame(&mut session, advance(1000));
    assert_eq!((last.step, last.done), (100, true));
    assert_eq!(text(&frame(&mut session, advance(5))), text(&last), "it has ended");
}

#[test]
fn the_same_state_however_the_steps_are_asked_for() {
    let (mut one, mut many) = (session(), session());
    frame(&mut one, open(&json!({})));
    frame(&mut many, open(&json!({})));
    for _ in 0..20 {
        frame(&mut many, advance(1));
    }
    assert_eq!(text(&frame(&mut one, advance(20))), text(&frame(&mut many, look())));
}

#[test]
fn as_many_steps_as_fit_into_the_budget() {
    let mut session = session();
    STEP_MS.set(vec![3.0]);
    frame(&mut session, open(&json!({"stop": 1000})));
    let request = json!({"type": "advance", "steps": 1000, "budget_ms": 20});
    assert_eq!(frame(&mut session, &request).step, 6, "six of 3 ms fit into 20");
    let before = NOW_MS.get();
    frame(&mut session, request);
    assert!(NOW_MS.get() - before <= 20.0, "{} ms", NOW_MS.get() - before);
    let request = json!({"type": "advance", "steps": 1000, "budget_ms": 0});
    assert_eq!(frame(&mut session, request).step, 13, "one step at least");
}

#[test]
fn a_live_parameter_goes_on_and_another_restarts() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    frame(&mut session, advance(5));
    let live = frame(&mut session, set("alpha", 0.05));
    assert_eq!((live.step, live.values["alpha"].clone()), (5, Value::Number(0.05)));
    let anew = frame(&mut session, set("n", "5"));
    assert_eq!((anew.step, points(&anew).len()), (0, 5));
    assert_eq!(anew.values["alpha"], Value::Number(0.05), "kept over the restart");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_requests_are_answered_and_change_nothing() {
    let mut session = session();
    assert_eq!(error(&mut session, look()).1, "no exhibit is open yet");
    frame(&mut session, open(&json!({"n": 5})));
    frame(&mut session, advance(3));
    frame(&mut session, poke("drag", 1, [0.25, 0.25]));
    let before = text(&frame(&mut session, look()));
    let number = |field: &str, value: serde_json::Value| {
        let mut request = poke("drag", 0, [0.0, 0.0]);
        request["poke"][field] = value;
        request
    };
    let bad = [
        (set("alpha", 5000), "alpha cannot be 5000; allowed is a number from 0.001 to 1000"),
        (
            set("alpha", json!(null)),
            "alpha cannot be nothing; allowed is a number from 0.001 to 1000",
        ),
        (set("n", 1e9), "n cannot be 1000000000; allowed is a whole number from 1 to 5"),
        (
            set("beta", 1),
            "no parameter is named beta; there are alpha, momentum, n, stop, steep, layout, words",
        ),
        (
            set("layout", "broken"),
            "layout cannot be \"broken\"; allowed is row for more than 4 points",
        ),
        (
            poke("drag", 5, [0.0, 0.0]),
            "drag in figure plane is not possible: index 5 is not one of 5, counted from 0",
        ),
        (
            poke("drag", 0, [1e9, 0.0]),
            "drag in figure plane is not possible: x cannot be 1000000000; allowed is a number from -1 to 1",
        ),
        (
            poke("shove", 0, [0.0, 0.0]),
            "poke kind cannot be \"shove\"; allowed is drag, add, remove or click",
        ),
        (number("x", json!("wide")), "poke x cannot be \"wide\"; allowed is a finite number"),
        (number("y", json!(1e39)), "poke y cannot be 1e39; allowed is a finite number"),
        (number("x", json!("NaN")), "poke x cannot be NaN; allowed is a finite number"),
        (number("index", json!(-1)), "poke index cannot be -1; allowed is a whole number from 0"),
        (
            number("index", json!(1e10)),
            "poke index cannot be 10000000000; allowed is a whole number from 0",
        ),
        (number("figure", json!("sky")), "no figure is named sky; there is plane"),
        (number("figure", json!("curve")), "no mark is named points; there are none"),
        (number("mark", json!("")), "no mark is named \"\"; there is points"),
        (number("mark", json!([])), "poke mark cannot be a list; allowed is a name"),
        (
            json!({"type": "advance", "steps": -1, "budget_ms": 1}),
            "steps cannot be -1; allowed is a whole number from 0",
        ),
        (
            json!({"type": "advance", "steps": 1, "budget_ms": "NaN"}),
            "budget_ms cannot be NaN; allowed is a number from 0 to 10000",
        ),
        (
            json!({"type": "check", "claim": "x", "budget_ms": -1}),
            "budget_ms cannot be -1; allowed is a number from 0 to 10000",
        ),
        (check("flies", 1.0), "no claim is named flies; there are goes_down, fails"),
        (
            json!({"type": "open", "id": "hill", "seed": 1, "device": "cpu", "params": {}, "pokes": []}),
            "no exhibit is named hill; there is valley",
        ),
    ];
    for (request, sentence) in bad {
        assert_eq!(error(&mut session, &request).1, sentence, "{request}");
        assert_eq!(text(&frame(&mut session, look())), before, "after {request}");
    }
}

#[test]
fn errors_name_their_field() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    assert_eq!(error(&mut session, set("alpha", 5000)).0.as_deref(), Some("alpha"));
    assert_eq!(error(&mut session, set("beta", 1)).0.as_deref(), Some("beta"));
}

#[test]
fn pokes_reach_the_exhibit_and_are_kept() {
    let (mut session, mut other) = (session(), session());
    frame(&mut session, open(&json!({})));
    let dragged = frame(&mut session, poke("drag", 1, [0.25, 0.5]));
    assert_eq!(points(&dragged)[1], (0.25, 0.5));
    frame(&mut session, poke("drag", 1, [0.5, 0.5]));
    let dragged = frame(&mut session, poke("drag", 1, [0.75, 0.5]));
    assert_eq!(dragged.pokes.len(), 1, "one drag");
    frame(&mut session, poke("drag", 0, [0.0, 0.5]));
    frame(&mut session, poke("add", 0, [-0.5, -0.5]));
    let clicked = frame(&mut session, poke("click", 3, [0.0, 0.0]));
    assert_eq!(clicked.metrics[1].value, Some(3.0));
    let all = frame(&mut session, poke("remove", 2, [9.0, 9.0]));
    assert_eq!(points(&all), [(0.0, 0.5), (0.75, 0.5), (-0.5, -0.5)]);
    let kinds: Vec<&str> = all.pokes.iter().map(|poke| poke.kind.name()).collect();
    assert_eq!(kinds, ["drag", "drag", "add", "click", "remove"]);

    let mut request = open(&json!({}));
    request["pokes"] = json!(all.pokes);
    assert_eq!(text(&frame(&mut other, request)), text(&all), "an address restores them");
}

#[test]
fn pokes_live_through_a_restart_as_far_as_they_fit() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    frame(&mut session, poke("drag", 0, [0.5, 0.5]));
    frame(&mut session, poke("drag", 2, [0.75, 0.5]));
    let fewer = frame(&mut session, set("n", 1));
    assert_eq!(points(&fewer), [(0.5, 0.5)]);
    assert_eq!(fewer.pokes.len(), 1, "the other has no point");
    let notice = fewer.notice.unwrap();
    assert!(notice.starts_with("1 of 2 changes made by hand do not fit"), "{notice}");
}

#[test]
fn no_more_pokes_than_an_address_carries() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    for i in 0..MOST_POKES {
        frame(&mut session, poke("click", (i % 2) as u32, [0.0, 0.0]));
    }
    let (_, sentence) = error(&mut session, poke("click", 0, [0.0, 0.0]));
    assert!(sentence.contains("500 changes made by hand are the most"), "{sentence}");
    let click = poke("click", 0, [0.0, 0.0])["poke"].clone();
    let mut request = open(&json!({}));
    request["pokes"] = json!(vec![click; 3 * MOST_POKES]);
    let opened = frame(&mut session, request);
    assert_eq!(opened.pokes.len(), MOST_POKES);
    assert_eq!(opened.ignored.len(), 11, "ten sentences, and one about all others");
    assert_eq!(opened.ignored[10], "990 more parts of the address were ignored");
}

#[test]
fn a_broken_address_opens_and_says_what_was_ignored() {
    let mut session = session();
    let good = text(&frame(&mut session, open(&json!({"steep": "false"}))));
    let mut request = open(&json!({"steep": "false", "n": "many", "gamma": 1}));
    request["pokes"] = json!([
        {"figure": "plane", "mark": "points", "kind": "drag", "index": 99, "x": 0, "y": 0},
        {"figure": 1, "mark": {}, "kind": null, "index": "NaN", "x": [], "y": "Infinity"},
    ]);
    let mut opened = frame(&mut session, request);
    assert_eq!(
        opened.ignored,
        [
            "no parameter is named gamma; there are alpha, momentum, n, stop, steep, layout, words",
            "n cannot be \"many\"; allowed is a whole number from 1 to 5",
            "drag in figure plane is not possible: index 99 is not one of 3, counted from 0",
            "poke kind cannot be nothing; allowed is a name",
        ]
    );
    opened.ignored.clear();
    assert_eq!(text(&opened), good);

    let mut request = open(&json!({}));
    (request["seed"], request["device"]) = (json!("abc"), json!("tpu"));
    assert_eq!(
        frame(&mut session, request).ignored,
        [
            "seed cannot be \"abc\"; allowed is a whole number from 0 to 4294967295",
            "device cannot be \"tpu\"; allowed is auto, cpu or gpu",
        ]
    );

    let opened = frame(&mut session, open(&json!({"layout": "broken", "n": 5})));
    assert_eq!(opened.values["layout"], Value::Text("row".to_owned()), "at the defaults");
    assert_eq!(
        opened.ignored,
        ["layout cannot be \"broken\"; allowed is row for more than 4 points"]
    );
}

#[test]
fn a_request_of_another_shape_does_not_parse() {
    for request in [
        json!(null),
        json!([]),
        json!({"type": "fly"}),
        json!({"type": "set", "name": 3, "value": 1}),
        json!({"type": "open", "id": "valley", "seed": 1, "device": "cpu", "params": 3, "pokes": []}),
    ] {
        assert!(serde_json::from_value::<Request>(request.clone()).is_err(), "{request}");
    }
}

#[test]
fn a_run_that_diverges_says_so_and_ends() {
    let mut session = session();
    frame(&mut session, open(&json!({"alpha": 1000})));
    let last = frame(&mut session, advance(100));
    assert!(last.done && last.step < 100, "at step {}", last.step);
    let notice = last.notice.unwrap();
    assert!(notice.starts_with("the run diverged at step"), "{notice}");
    assert_eq!(last.metrics[0].value, None, "not a number to show");
}

#[test]
fn a_claim_is_measured_in_pieces() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    let before = text(&frame(&mut session, look()));
    let mut fractions = Vec::new();
    let checked = loop {
        match ask(&mut session, check("goes_down", 25.0)) {
            Reply::Checking { claim, fraction, message } => {
                assert_eq!(claim, "goes_down");
                assert_eq!(message, format!("piece {}", fraction * 10.0));
                fractions.push(fraction);
            }
            other => break other,
        }
    };
    assert_eq!(fractions, [0.2, 0.5, 0.8], "25 ms are used up after every third piece");
    let Reply::Checked { claim, here, holds, detail, .. } = checked else { panic!("{checked:?}") };
    assert_eq!((&*claim, &*here, holds, &*detail), ("goes_down", "ten of ten", true, "at once"));
    assert_eq!(text(&frame(&mut session, look())), before, "the run is as it was");
}

#[test]
fn a_new_open_or_another_claim_cancels_a_measurement() {
    let mut session = session();
    frame(&mut session, open(&json!({})));
    let fraction = |reply| match reply {
        Reply::Checking { fraction, .. } => fraction,
        other => panic!("{other:?}"),
    };
    for _ in 0..2 {
        assert_eq!(fraction(ask(&mut session, check("goes_down", 0.0))), 0.0);
        assert_eq!(fraction(ask(&mut session, check("goes_down", 0.0))), 0.1);
        frame(&mut session, open(&json!({})));
    }
    ask(&mut session, check("goes_down", 0.0));
    let (_, sentence) = error(&mut session, check("fails", 0.0));
    assert_eq!(sentence, "no exhibit is open yet", "what the measurement said");
    assert_eq!(fraction(ask(&mut session, check("goes_down", 0.0))), 0.0, "from the start");
}

fn open_on(session: &mut Session, device: &str) -> Frame {
    let mut request = open(&json!({}));
    request["device"] = json!(device);
    frame(session, request)
}

#[test]
fn the_cpu_takes_over_where_there_is_no_gpu() {
    let mut session = session();
    let asked = open_on(&mut session, "gpu");
    assert_eq!(asked.device.kind, "cpu");
    assert_eq!(
        asked.notice.as_deref(),
        Some("the CPU took over because there is no GPU: none was plugged in")
    );
    let auto = open_on(&mut session, "auto");
    assert_eq!((auto.device.kind, auto.notice), ("cpu", None));
    assert_eq!(auto.device.detail, "no GPU: none was plugged in");
}

#[test]
fn software_is_used_only_if_asked_for() {
    let mut session = session_with_gpu(true);
    let auto = open_on(&mut session, "auto");
    assert_eq!(auto.device.kind, "cpu");
    assert_eq!(auto.device.detail, "the only GPU here, Fast 1, is acted by software");
    let asked = open_on(&mut session, "gpu");
    assert_eq!((asked.device.kind, asked.device.software), ("gpu", true));
}

#[test]
fn auto_keeps_the_faster_device() {
    for (cpu_ms, gpu_ms, kind) in [(4.0, 1.0, "gpu"), (1.0, 4.0, "cpu"), (90.0, 30.0, "gpu")] {
        for ready_in_ms in [0.0, 50.0, 150.0] {
            let mut session = session_with_gpu(false);
            STEP_MS.set(vec![1.0, cpu_ms, gpu_ms]);
            READY_IN_MS.set(vec![0.0, 0.0, ready_in_ms]);
            let began = NOW_MS.get();
            let auto = open_on(&mut session, "auto");
            assert_eq!((auto.device.kind, auto.step), (kind, 0));
            assert_eq!(
                auto.device.detail,
                format!(
                    "measured: {cpu_ms:.2} ms a step on the CPU, {gpu_ms:.2} on the GPU, Fast 1"
                )
            );
            let took = NOW_MS.get() - began;
            assert!(took <= 200.0 + gpu_ms, "{took} ms of the visitor's time");
            let before = NOW_MS.get();
            open_on(&mut session, "auto");
            assert_eq!(NOW_MS.get(), before, "a reset does not measure again");
        }
    }
}

#[test]
fn auto_does_not_wait_for_a_gpu_that_is_still_made_ready() {
    let late = "the GPU was not ready within 200 ms, a reset measures both again";
    let mut session = session_with_gpu(false);
    STEP_MS.set(vec![1.0, 4.0, 1.0]);
    READY_IN_MS.set(vec![0.0, 0.0, 1500.0]);
    let began = NOW_MS.get();
    let first = open_on(&mut session, "auto");
    assert_eq!((first.device.kind, &*first.device.detail), ("cpu", late));
    assert_eq!(first.notice, None, "nothing is wrong");
    assert_eq!(NOW_MS.get() - began, 200.0);
    let played = frame(&mut session, advance(20));
    assert_eq!((played.device.kind, &*played.device.detail), ("cpu", late), "a run stays");
    STEP_MS.set(vec![1.0, 4.0, 1.0]);
    let again = open_on(&mut session, "auto");
    assert_eq!(again.device.kind, "gpu", "its pipelines were kept");
    assert!(again.device.detail.starts_with("measured: 4.00 ms"), "{}", again.device.detail);
}

#[test]
fn auto_does_not_wait_for_a_gpu_that_is_still_looked_for() {
    let asked = Rc::new(Cell::new(0));
    let slow = {
        let (asked, gpu) = (asked.clone(), stand_in(false));
        move || -> LocalFuture<'static, Result<Chosen>> {
            asked.set(asked.get() + 1);
            let (found_at, gpu) = (NOW_MS.get() + 300.0, gpu.clone());
            Box::pin(async move {
                at(found_at).await;
                Ok(gpu)
            })
        }
    };
    let mut session = Session::with_adapter(CATALOG, Rc::new(Standing), Rc::new(slow));
    let began = NOW_MS.get();
    let first = open_on(&mut session, "auto");
    assert!(first.device.detail.starts_with("the GPU was not ready"), "{:?}", first.device);
    assert_eq!(NOW_MS.get() - began, 200.0);
    let again = open_on(&mut session, "auto");
    assert!(again.device.detail.starts_with("measured: "), "{:?}", again.device);
    assert_eq!(asked.get(), 1, "what was asked for is waited for again");
}

#[test]
fn a_lost_device_is_not_the_end() {
    let mut untroubled = session();
    frame(&mut untroubled, open(&json!({})));
    let mut session = session_with_gpu(false);
    open_on(&mut session, "gpu");
    frame(&mut session, poke("drag", 0, [0.5, 0.5]));
    while frame(&mut session, advance(4)).step < 4 {}
    LOST_IN.set(Some(2));
    let lost = frame(&mut session, advance(4));
    assert_eq!(lost.device.kind, "gpu", "another was to be had");
    let notice = lost.notice.clone().unwrap();
    assert!(notice.starts_with("the GPU was lost at step "), "{notice}");
    assert!(notice.contains("(unplugged); the GPU goes on from step "), "{notice}");
    while frame(&mut session, advance(1)).step < 20 {}

    frame(&mut untroubled, poke("drag", 0, [0.5, 0.5]));
    let straight = frame(&mut untroubled, advance(20));
    let again = frame(&mut session, look());
    assert_eq!(points(&again), points(&straight), "as if nothing had happened");
    assert_eq!(
        serde_json::to_string(&again.figures).unwrap(),
        serde_json::to_string(&straight.figures).unwrap()
    );

    LOST_IN.set(Some(0));
    let lost = frame(&mut session, advance(1));
    assert_eq!(lost.device.kind, "cpu", "a GPU that is lost twice is not asked again");
    assert_eq!(lost.pokes.len(), 1, "the dragged point stays dragged");
}

#[test]
fn steps_on_a_gpu_are_fitted_to_the_last_frame() {
    let mut session = session_with_gpu(false);
    STEP_MS.set(vec![2.0]);
    open_on(&mut session, "gpu");
    let request = json!({"type": "advance", "steps": 1000, "budget_ms": 20});
    assert_eq!(frame(&mut session, &request).step, 1, "one to see how long it takes");
    assert_eq!(frame(&mut session, request).step, 11, "ten of 2 ms fit into 20");
}

#[test]
fn the_catalog_tells_what_the_page_needs() {
    let catalog = serde_json::to_value(Catalog::of(CATALOG)).unwrap();
    let card = &catalog["exhibits"][0];
    assert_eq!(card["meta"]["id"], "valley");
    assert_eq!(
        card["params"][0]["kind"],
        json!({"type": "float", "default": 0.1, "min": 0.001, "max": 1000.0, "log": true})
    );
    assert_eq!(card["experiments"][0]["set"], json!([["alpha", "10"], ["n", "1"]]));
    assert_eq!(card["claims"][0]["id"], "goes_down");
    assert!(card["claims"][0].get("measure").is_none(), "a function does not travel");
}
