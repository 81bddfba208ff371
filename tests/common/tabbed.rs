//! The tabs of an exhibit, for tests.
use orrery::{exhibit::Entry, params::Kind};
use serde_json::{Value, json};

/// The tabs of an exhibit, each with the parameters that open it; one without a name if it has none.
pub(crate) fn tabs(entry: &Entry) -> Vec<(&'static str, Value)> {
    let tabs = entry.params.iter().find(|param| param.tabs);
    let Some((name, Kind::Choice { options, .. })) = tabs.map(|param| (param.name, param.kind))
    else {
        return vec![("", json!({}))];
    };
    options.iter().map(|&tab| (tab, json!({name: tab}))).collect()
}
