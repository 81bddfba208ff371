//! The command line as a shell sees it: what it prints, where, and with which code it ends.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use orrery::{exhibits::CATALOG, params::Kind};
use serde_json::Value;
use std::process::{Command, Output};

fn orrery(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_orrery")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An exhibit whose first tab runs for long and needs no files.
const fn first() -> &'static str {
    "pointer_networks"
}

/// Standard output of a command that ends well, as JSON.
fn json(arguments: &[&str]) -> Value {
    let output = orrery(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn list_names_every_exhibit_parameter_and_claim() {
    let text = said(&orrery(&["list"]));
    let records = json(&["list", "--json"]);
    for (i, entry) in CATALOG.iter().enumerate() {
        assert!(text.contains(entry.meta.id), "{}", entry.meta.id);
        assert_eq!(records["exhibits"][i]["meta"]["id"], entry.meta.id);
        let params = entry.params.iter().map(|param| param.name);
        let claims = (entry.claims)();
        for name in params.chain(claims.iter().map(|claim| claim.id)) {
            assert!(text.contains(name), "{} {name}", entry.meta.id);
        }
    }
}

#[test]
fn run_takes_steps_and_tells_what_came_of_them() {
    let text = said(&orrery(&["run", first(), "--steps", "2", "--device", "cpu"]));
    assert!(text.contains("step 2"), "{text}");
    let record = json(&["run", first(), "--steps", "2", "--seed", "5", "--json"]);
    assert_eq!((&record["id"], &record["seed"]), (&first().into(), &5.into()));
    assert_eq!(record["frame"]["step"], 2);
    assert!(record["frame"]["figures"][0]["alt"].is_string(), "with its figures");
}

#[test]
fn the_same_run_prints_the_same() {
    let arguments = ["run", first(), "--steps", "2", "--device", "cpu", "--json"];
    assert_eq!(said(&orrery(&arguments)), said(&orrery(&arguments)));
}

#[test]
fn bad_input_ends_with_code_2_and_one_sentence() {
    let id = first();
    let bad: [(&[&str], &str); 11] = [
        (&["run", "no_such_exhibit"], "no exhibit is named no_such_exhibit"),
        (&["reproduce", "no_such_exhibit"], "no exhibit is named no_such_exhibit"),
        (&["reproduce", id, "--claim", "x"], "no claim is named x"),
        (&["run", id, "--set", "no_such_parameter=1"], "no parameter is named no_such_parameter"),
        (&["run", id, "--set", "1"], "name=value"),
        (&["run", id, "--seed", "-1"], "seed cannot be -1; allowed is a whole number"),
        (&["run", id, "--seed", "ten"], "seed cannot be \"ten\"; allowed is a whole number"),
        (&["run", id, "--device", "tpu"], "device cannot be \"tpu\"; allowed is auto, cpu or gpu"),
        (&["run", id, "--steps", "many"], "'many'"),
        (&["run", id, "--poke", "a:b"], "figure:mark:kind:index:x:y"),
        (&["run", id, "--poke", "a:b:drag:0:NaN:1"], "poke x cannot be NaN"),
    ];
    for (arguments, words) in bad {
        let output = orrery(arguments);
        let complaint = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
        assert_eq!(said(&output), "", "{arguments:?}");
    }
    let entry = CATALOG.iter().find(|entry| entry.meta.id == id).unwrap();
    for param in entry.params {
        let set = format!("{}={}", param.name, "é".repeat(5000));
        let output = orrery(&["run", id, "--set", &set, "--json"]);
        let complaint = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{}: {complaint}", param.name);
        // What is wrong with a table is a matter of its rows.
        let by_row = matches!(param.kind, Kind::Table { .. });
        let said = if by_row { format!("{}: ", param.name) } else { param.kind.allowed() };
        assert!(complaint.contains(&said), "{complaint}");
    }
}
