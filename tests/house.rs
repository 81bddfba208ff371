//! Rules that every exhibit obeys, so that a new one is tested before its author writes a test.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use orrery::{
    claim::Claim,
    error::{Error, Result},
    exhibit::Entry,
    exhibits::CATALOG,
    figure::{Body, Column, Figure, MARKS, MOST_PIXELS},
    files::LocalFuture,
    params::{Kind, Param},
    session::{Chosen, Frame, Reply, Session},
};
use pollster::block_on;
use serde_json::{Value, json};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

#[path = "common/shipped.rs"]
mod shipped;
#[path = "common/tabbed.rs"]
mod tabbed;

/// Most bytes of a frame in memory and on its way to the page.
const FRAME_BYTES: usize = 256 << 10;

/// Most figures of an exhibit, or of a tab of one.
const MOST_FIGURES: usize = 8;

/// Steps that a rule lets a run take.
const STEPS: u64 = 3;

/// A session without a GPU, whose time does not pass.
fn session() -> Session {
    let no_gpu = || -> LocalFuture<'static, Result<Chosen>> {
        Box::pin(async { Err(Error::NoGpu { reason: "the house has none".to_owned() }) })
    };
    Session::with_adapter(CATALOG, Rc::new(|| 0.0), Rc::new(no_gpu)).with_files(shipped::files())
}

/// Every tab of every exhibit, with the parameters that open it; told, so that a failure says where.
fn tabs() -> impl Iterator<Item = (&'static Entry, Value)> {
    let each = |entry| tabbed::tabs(entry).into_iter().map(move |(_, params)| (entry, params));
    CATALOG.iter().flat_map(each).inspect(|(entry, params)| eprintln!("{} {params}", entry.meta.id))
}

/// Whether a parameter is shown beside the tab that these parameters open.
fn shown(param: &Param, params: &Value) -> bool {
    let open = params.as_object().and_then(|params| params.values().next());
    param.on.is_empty() || param.on.iter().any(|tab| open == Some(&json!(tab)))
}

fn ask(session: &mut Session, request: &Value) -> Reply {
    block_on(session.handle(serde_json::from_value(request.clone()).unwrap()))
}

fn frame(session: &mut Session, request: &Value) -> Frame {
    match ask(session, request) {
        Reply::Frame(frame) => frame,
        other => panic!("{request}: {other:?}"),
    }
}

fn opening(id: &str, params: &Value) -> Value {
    json!({"type": "open", "id": id, "seed": 7, "device": "auto", "params": params, "pokes": []})
}

fn open(session: &mut Session, id: &str, params: &Value) -> Frame {
    let frame = frame(session, &opening(id, params));
    assert!(frame.ignored.is_empty(), "{id} {params}: {:?}", frame.ignored);
    frame
}

fn advance(session: &mut Session, steps: u64) -> Frame {
    frame(session, &json!({"type": "advance", "steps": steps, "budget_ms": 10_000}))
}

fn text(frame: &Frame) -> String {
    serde_json::to_string(frame).unwrap()
}

/// The ends of a parameter's range, or all there is.
fn extremes(kind: &Kind) -> Vec<Value> {
    match *kind {
        Kind::Float { min, max, .. } => vec![json!(min), json!(max)],
        Kind::Int { min, max, .. } => vec![json!(min), json!(max)],
        Kind::Toggle { .. } => vec![json!(false), json!(true)],
        Kind::Choice { options, .. } => options.iter().map(|option| json!(option)).collect(),
        Kind::Text { max_len, .. } => {
            let most = max_len as usize;
            let odd: String = "-1 \u{202e}<b>,;\n\t\"'".chars().take(most).collect();
            vec![json!(""), json!("é".repeat(most)), json!(odd)]
        }
        Kind::Table { example, .. } => vec![json!(""), json!(example)],
    }
}

/// Values that no parameter of the kind allows.
fn beyond(kind: &Kind) -> Vec<Value> {
    let mut values = vec![json!(null), json!([1]), json!({"a": 1}), json!("no such value, ever")];
    match *kind {
        Kind::Float { min, max, .. } => {
            values.extend([json!(min - 1.0), json!(max + 1.0), json!("NaN"), json!("inf")]);
            values.extend([json!(1e300), json!(true)]);
        }
        Kind::Int { min, max, .. } => {
            values.extend([json!(min - 1), json!(max + 1), json!(min as f64 + 0.5), json!("NaN")]);
            values.extend([json!(1e300), json!(false)]);
        }
        Kind::Toggle { .. } => values.extend([json!(1), json!("yes")]),
        Kind::Choice { .. } => values.extend([json!(0), json!("")]),
        Kind::Text { max_len, .. } => {
            values.pop();
            values.extend([json!(1), json!("x".repeat(max_len as usize + 1))]);
        }
        Kind::Table { max_len, .. } => {
            values.extend([json!(1), json!("1,".repeat(max_len as usize))]);
        }
    }
    values
}

fn check_figures(id: &str, figures: &[Figure]) {
    assert!((1..=MOST_FIGURES).contains(&figures.len()), "{id}: {} figures", figures.len());
    let ids: BTreeSet<&str> = figures.iter().map(|figure| figure.id).collect();
    assert_eq!(ids.len(), figures.len(), "{id}: two figures of one name");
    for figure in figures {
        let name = format!("{id} {}", figure.id);
        assert_eq!(figure.fault(), None, "{name}");
        assert!(!figure.title.is_empty(), "{name}: no title");
        assert!(figure.alt.len() > 10, "{name}: no text for who cannot see it");
        let mut words = figure.alt.split(|c: char| !c.is_alphanumeric());
        let odd = words.find(|word| ["NaN", "inf", "None", "Some"].contains(word));
        assert!(odd.is_none(), "{name}: {}", figure.alt);
        if let Body::Plot { marks, x, y, .. } = &figure.body {
            let unknown: Vec<_> = marks.iter().filter(|m| !MARKS.contains(&m.mark)).collect();
            assert!(unknown.is_empty(), "{name}: {unknown:?} is not a mark of Plot");
            let names: Vec<&str> = marks.iter().map(|m| m.id).filter(|m| !m.is_empty()).collect();
            let distinct: BTreeSet<&&str> = names.iter().collect();
            assert_eq!(names.len(), distinct.len(), "{name}: two marks of one name");
            let placed = x.domain.is_some() && y.domain.is_some();
            assert!(names.is_empty() || placed, "{name}: can be poked anywhere at all");
        }
    }
}

fn bytes(frame: &Frame) -> usize {
    let column = |column: &Column| match column {
        Column::Numbers(values) => 4 * values.len(),
        Column::Names(names) => names.iter().map(|name| name.len() + 8).sum(),
    };
    let columns = frame.figures.iter().flat_map(Figure::columns);
    columns.map(|(_, values)| column(values)).sum()
}

fn is_snake(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    first && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn assert_sentence(what: &str, text: &str) {
    let ends = text.ends_with(['.', '!', '?']);
    assert!(text.len() > 8 && ends, "{what} is not a sentence: {text:?}");
}

#[test]
fn ids_are_one_of_a_kind_and_in_order() {
    let ids: Vec<&str> = CATALOG.iter().map(|entry| entry.meta.id).collect();
    assert!(!ids.is_empty(), "there is something to hold to the rules");
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted, "alphabetical, each once");
    assert!(ids.iter().all(|id| is_snake(id)), "{ids:?}");
}

#[test]
fn descriptions_are_whole() {
    for Entry { meta, params, .. } in CATALOG {
        let id = meta.id;
        for (what, text) in [("title", meta.title), ("family", meta.family)] {
            assert!(!text.is_empty(), "{id}: no {what}");
        }
        assert_sentence(&format!("{id}: hook"), meta.hook);
        assert_sentence(&format!("{id}: claim"), meta.claim);
        let paper = meta.paper;
        assert!(!paper.title.is_empty() && !paper.authors.is_empty(), "{id}: which paper?");
        assert!((1900..2100).contains(&paper.year), "{id}: year {}", paper.year);
        assert!(paper.url.starts_with("https://"), "{id}: {}", paper.url);
        assert!(paper.bibtex.trim_start().starts_with('@'), "{id}: BibTeX starts with @");
        assert!(paper.bibtex.trim_end().ends_with('}'), "{id}: BibTeX ends with a brace");
        let tabs: Vec<&Param> = params.iter().filter(|param| param.tabs).collect();
        assert!(tabs.len() <= 1 && tabs.iter().all(|param| !param.live), "{id}: its tabs");
        let options = match tabs.first().map(|param| param.kind) {
            Some(Kind::Choice { options, .. }) => options,
            _ => &[],
        };
        for param in *params {
            let unknown = param.on.iter().find(|tab| !options.contains(tab));
            assert_eq!(unknown, None, "{id} {}: no such tab", param.name);
            assert!(is_snake(param.name), "{id}: {}", param.name);
            assert_sentence(&format!("{id} {}: doc", param.name), param.doc);
            let reserved = ["seed", "device", "poke"];
            assert!(
                !reserved.contains(&param.name),
                "{id}: an address means other by {}",
                param.name
            );
        }
    }
}

#[test]
fn every_exhibit_shows_something_whole_at_once() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        let first = open(&mut session, id, &tab);
        assert_eq!((first.step, first.notice.clone()), (0, None), "{id}");
        check_figures(id, &first.figures);
        let steps = advance(&mut session, STEPS);
        check_figures(id, &steps.figures);
        let shape = |frame: &Frame| {
            let figures = frame.figures.iter();
            figures.map(|f| (f.id, matches!(f.body, Body::Table { .. }))).collect::<Vec<_>>()
        };
        assert_eq!(shape(&first), shape(&steps), "{id}: the same figures at every step");
        let names = |frame: &Frame| frame.metrics.iter().map(|m| m.name).collect::<Vec<_>>();
        assert_eq!(names(&first), names(&steps), "{id}: the same metrics at every step");
    }
}

#[test]
fn every_extreme_of_every_parameter_runs() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        for param in entry.params.iter().filter(|param| !param.tabs && shown(param, &tab)) {
            for value in extremes(&param.kind) {
                let mut session = session();
                let mut params = tab.clone();
                params[param.name] = value.clone();
                open(&mut session, id, &params);
                let last = advance(&mut session, STEPS);
                check_figures(&format!("{id} {} = {value}", param.name), &last.figures);
                let size = bytes(&last);
                assert!(size < FRAME_BYTES, "{id} {} = {value}: {size} bytes", param.name);
            }
        }
    }
}

#[test]
fn live_parameters_can_be_set_on_the_way() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        open(&mut session, id, &tab);
        let mut step = advance(&mut session, 1).step;
        for param in entry.params.iter().filter(|param| param.live && shown(param, &tab)) {
            for value in extremes(&param.kind) {
                let set = json!({"type": "set", "name": param.name, "value": value});
                let reply = frame(&mut session, &set);
                assert_eq!(reply.step, step, "{id} {}: live, so no restart", param.name);
                step = advance(&mut session, 1).step;
            }
        }
    }
}

#[test]
fn same_seed_same_frame() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let (mut one, mut other) = (session(), session());
        open(&mut one, id, &tab);
        open(&mut other, id, &tab);
        for _ in 0..STEPS {
            advance(&mut other, 1);
        }
        assert_eq!(
            text(&advance(&mut one, STEPS)),
            text(&advance(&mut other, 0)),
            "{id}: steps asked for at once and one by one"
        );
        // A reset is the beginning again.
        open(&mut one, id, &tab);
        assert_eq!(text(&advance(&mut one, STEPS)), text(&advance(&mut other, 0)), "{id}: again");
        // Looking changes nothing.
        let before = text(&advance(&mut one, 0));
        assert_eq!(text(&advance(&mut one, 0)), before, "{id}: looked at twice");
    }
}

#[test]
fn numbers_are_finite_at_the_defaults() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        open(&mut session, id, &tab);
        let last = advance(&mut session, STEPS);
        assert_eq!(last.notice, None, "{id}");
        for figure in &last.figures {
            for (name, column) in figure.columns() {
                let Column::Numbers(values) = column else { continue };
                let infinite = values.iter().find(|x| x.is_infinite());
                assert_eq!(infinite, None, "{id} {} {name}", figure.id);
                let missing = values.iter().filter(|x| x.is_nan()).count();
                assert!(
                    values.is_empty() || missing < values.len(),
                    "{id} {} {name}: nothing but missing numbers",
                    figure.id
                );
            }
        }
    }
}

#[test]
fn bad_values_get_a_sentence_and_change_nothing() {
    for entry in CATALOG {
        let id = entry.meta.id;
        let mut session = session();
        open(&mut session, id, &json!({}));
        let before = text(&advance(&mut session, 1));
        for param in entry.params {
            for value in beyond(&param.kind) {
                let set = json!({"type": "set", "name": param.name, "value": value});
                let Reply::Error { field, message } = ask(&mut session, &set) else {
                    panic!("{id} {} took {value}", param.name);
                };
                assert_eq!(field.as_deref(), Some(param.name), "{id}: {message}");
                // What is wrong with a table is a matter of its rows.
                let by_row = matches!(param.kind, Kind::Table { .. })
                    && message.starts_with(&format!("{}: ", param.name));
                assert!(by_row || message.contains(&param.kind.allowed()), "{id}: {message}");
                assert!(message.len() < 400 && !message.contains('\n'), "{id}: {message}");
            }
        }
        assert_eq!(text(&advance(&mut session, 0)), before, "{id}: the run is as it was");

        let broken: serde_json::Map<String, Value> = entry
            .params
            .iter()
            .map(|param| (param.name.to_owned(), beyond(&param.kind)[0].clone()))
            .chain([("no_such_parameter".to_owned(), json!(1))])
            .collect();
        let opened = frame(&mut session, &opening(id, &json!(broken)));
        assert!(!opened.ignored.is_empty(), "{id}: says what it ignored");
        let fresh = open(&mut session, id, &json!({}));
        assert_eq!(opened.values, fresh.values, "{id}: opens at the defaults");
    }
}

/// Every mark of a frame that can be poked: figure, mark, rows, and the middle of its plane.
fn targets(frame: &Frame) -> Vec<(Value, Vec<&'static str>)> {
    let mut targets = Vec::new();
    for figure in &frame.figures {
        let Body::Plot { x, y, marks, .. } = &figure.body else { continue };
        for mark in marks.iter().filter(|mark| !mark.id.is_empty()) {
            let [x, y] = [x, y].map(|axis| axis.domain.map_or(0.5, |[a, b]| 0.4 * a + 0.6 * b));
            let poke = json!({"figure": figure.id, "mark": mark.id, "kind": "drag", "index": 0,
                "x": x, "y": y});
            targets.push((poke, mark.pokes.iter().map(|kind| kind.name()).collect()));
        }
    }
    targets
}

#[test]
fn declared_pokes_are_taken_and_last() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        let first = open(&mut session, id, &tab);
        for (mut poke, kinds) in targets(&first) {
            for kind in kinds {
                poke["kind"] = json!(kind);
                let reply = frame(&mut session, &json!({"type": "poke", "poke": poke}));
                check_figures(&format!("{id} after {poke}"), &reply.figures);
            }
        }
        let poked = advance(&mut session, STEPS);
        check_figures(id, &poked.figures);
        let mut request = opening(id, &tab);
        request["pokes"] = json!(poked.pokes);
        request["params"] = json!(poked.values);
        let mut again = self::session();
        let shared = frame(&mut again, &request);
        assert!(shared.ignored.is_empty(), "{id}: {:?}", shared.ignored);
        assert_eq!(text(&advance(&mut again, STEPS)), text(&poked), "{id}: by its address");
    }
}

#[test]
fn hostile_pokes_get_a_sentence_and_change_nothing() {
    let changes = [
        ("x", json!(1e9)),
        ("y", json!(-1e300)),
        ("x", json!("NaN")),
        ("y", json!(null)),
        ("x", json!("1,5")),
        ("index", json!(1e9)),
        ("index", json!(-1)),
        ("index", json!(0.5)),
        ("kind", json!("shove")),
        ("kind", json!(7)),
        ("mark", json!("no such mark")),
        ("figure", json!("no such figure")),
        ("figure", json!({"a": []})),
    ];
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        open(&mut session, id, &tab);
        let first = advance(&mut session, 1);
        let mut all: Vec<Value> = targets(&first).into_iter().map(|(poke, _)| poke).collect();
        all.push(json!({"figure": first.figures[0].id, "mark": "none", "kind": "click",
            "index": 0, "x": 0, "y": 0}));
        for target in all {
            for (field, value) in &changes {
                let mut poke = target.clone();
                poke[field] = value.clone();
                let Reply::Error { message, .. } =
                    ask(&mut session, &json!({"type": "poke", "poke": poke}))
                else {
                    panic!("{id} took {poke}");
                };
                assert!(message.len() < 400 && !message.contains('\n'), "{id}: {message}");
            }
        }
        assert_eq!(text(&advance(&mut session, 0)), text(&first), "{id}: the run is as it was");
    }
}

#[test]
fn taking_away_and_adding_without_end_is_refused_in_time() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        let first = open(&mut session, id, &tab);
        for (mut poke, kinds) in targets(&first) {
            for kind in kinds.into_iter().filter(|kind| ["add", "remove"].contains(kind)) {
                poke["kind"] = json!(kind);
                let refused = (0..600).any(|_| {
                    matches!(
                        ask(&mut session, &json!({"type": "poke", "poke": poke})),
                        Reply::Error { .. }
                    )
                });
                assert!(refused, "{id}: {kind} has no end");
                check_figures(
                    &format!("{id} after many {kind}"),
                    &advance(&mut session, 1).figures,
                );
                open(&mut session, id, &tab);
            }
        }
    }
}

#[test]
fn every_experiment_opens() {
    for entry in CATALOG {
        let id = entry.meta.id;
        for experiment in (entry.experiments)() {
            let title = experiment.title;
            assert!(!title.is_empty(), "{id}: an experiment without a title");
            assert_sentence(&format!("{id} {title}"), experiment.text);
            let params: serde_json::Map<String, Value> = experiment
                .set
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            let mut session = session();
            open(&mut session, id, &json!(params));
            check_figures(&format!("{id} {title}"), &advance(&mut session, STEPS).figures);
        }
    }
}

#[test]
fn every_cover_can_be_drawn() {
    for entry in CATALOG {
        let (id, cover) = (entry.meta.id, (entry.cover)());
        let set = cover.set.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        let mut session = session();
        open(&mut session, id, &json!(set.collect::<serde_json::Map<String, Value>>()));
        let figures = advance(&mut session, 1).figures;
        let drawn = figures.iter().find(|figure| match &figure.body {
            Body::Plot { .. } => cover.figure.is_empty() || cover.figure == figure.id,
            Body::Table { .. } => false,
        });
        let Some(Figure { body: Body::Plot { marks, .. }, .. }) = drawn else {
            panic!("{id}: no plot `{}` for the cover", cover.figure);
        };
        assert!(marks.iter().all(|mark| mark.mark != "raster"), "{id}: the cover is a raster");
    }
}

#[test]
fn the_record_of_claims_has_all_of_them_and_no_others() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/claims.json");
    let text = std::fs::read_to_string(file).unwrap();
    let record: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&text).unwrap();
    let names = |claims: Vec<Claim>| claims.iter().map(|claim| claim.id.to_owned()).collect();
    let known: BTreeMap<String, BTreeSet<String>> =
        CATALOG.iter().map(|entry| (entry.meta.id.to_owned(), names((entry.claims)()))).collect();
    let recorded = record.iter().map(|(id, claims)| (id.clone(), claims.keys().cloned().collect()));
    let hint = "cargo run --release -- reproduce <id> --record docs/claims.json";
    assert_eq!(recorded.collect::<BTreeMap<_, _>>(), known, "measure what has changed: {hint}");
}

#[test]
fn claims_are_whole_and_can_be_begun_and_dropped() {
    for entry in CATALOG {
        let id = entry.meta.id;
        let claims = (entry.claims)();
        assert!(!claims.is_empty(), "{id} claims nothing");
        let ids: BTreeSet<&str> = claims.iter().map(|claim| claim.id).collect();
        assert_eq!(ids.len(), claims.len(), "{id}: two claims of one name");
        let asked = Rc::new(Cell::new(0));
        for claim in &claims {
            let name = format!("{id} {}", claim.id);
            assert!(is_snake(claim.id), "{name}");
            assert_sentence(&format!("{name}: sentence"), claim.sentence);
            assert_sentence(&format!("{name}: protocol"), claim.protocol);
            assert!(!claim.published.is_empty() && !claim.source.is_empty(), "{name}");
            let mut session = session();
            open(&mut session, id, &json!({}));
            let before = text(&advance(&mut session, 1));
            let check = json!({"type": "check", "claim": claim.id, "budget_ms": 0});
            for _ in 0..2 {
                let reply = ask(&mut session, &check);
                let known = matches!(reply, Reply::Checking { .. } | Reply::Checked { .. });
                assert!(known, "{name}: {reply:?}");
                asked.set(asked.get() + 1);
            }
            assert_eq!(text(&advance(&mut session, 0)), before, "{name}: beside the run");
        }
        assert!(asked.get() >= 2 * claims.len(), "{id}");
    }
}

#[test]
fn frames_stay_small_for_long() {
    for (entry, tab) in tabs() {
        let id = entry.meta.id;
        let mut session = session();
        open(&mut session, id, &tab);
        let last = advance(&mut session, 10 * STEPS);
        check_figures(id, &last.figures);
        let size = bytes(&last);
        assert!(size < FRAME_BYTES, "{id}: {size} bytes after {} steps", last.step);
        let raster = last.figures.iter().flat_map(Figure::columns).map(|(_, c)| c.len()).max();
        assert!(raster.unwrap_or(0) <= MOST_PIXELS, "{id}: {raster:?} rows");
    }
}
