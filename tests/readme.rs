//! The table of exhibits in the README, made from the catalog.
//!
//! `UPDATE_README=1 cargo test --test readme` writes it anew.
use orrery::exhibits::CATALOG;
use std::{env, fs, path::Path};

const BEGIN: &str = "<!-- exhibits -->\n";
const END: &str = "<!-- /exhibits -->";

fn table() -> String {
    let mut rows =
        vec!["| exhibit | paper | what it shows |".to_owned(), "| --- | --- | --- |".to_owned()];
    for meta in CATALOG.iter().map(|entry| entry.meta) {
        let paper = meta.paper;
        let cells = [
            format!("**{}** `{}`", meta.title, meta.id),
            format!("{}, [{}]({}), {}", paper.authors, paper.title, paper.url, paper.year),
            meta.claim.to_owned(),
        ];
        rows.push(format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    rows.join("\n") + "\n"
}

#[test]
fn the_readme_lists_the_catalog() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = [before, BEGIN, &table(), END, after].concat();
    if env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(
        text == fresh || env::var_os("UPDATE_README").is_some(),
        "the table of exhibits is stale; UPDATE_README=1 cargo test --test readme writes it anew"
    );
}
