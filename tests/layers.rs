//! What must be absent: imports that point up, JSON and the browser in the engine, clocks and
//! threads, files that are too long or do not say what they are.
#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Most lines of an exhibit's file.
const EXHIBIT_LINES: usize = 400;

/// Most lines of any other file.
const LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with one of these endings, by path from the root.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, String> {
    fn gather(folder: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() { gather(&path, out) } else { out.push(path) }
        }
    }
    let mut paths = Vec::new();
    gather(&root().join(folder), &mut paths);
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| endings.iter().any(|end| e == *end)))
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn sources() -> BTreeMap<String, String> {
    let sources = files("src", &["rs"]);
    assert!(sources.len() > 20, "the sources are found");
    sources
}

/// The modules of `lib.rs`, lowest first.
fn layers() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let layers: Vec<String> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(layers.first().is_some_and(|name| name == "error"), "{layers:?}");
    layers
}

/// The top module that a file belongs to.
fn module(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap();
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules named right after `crate::`, grouped or not.
fn named(path: &str) -> Vec<String> {
    let word = |text: &str| {
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_word).collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut depth, mut out) = (0, vec![word(group)]);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => out.push(word(&group[i + 1..])),
            _ => (),
        }
    }
    out
}

/// The lines of a file that are code, without its comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The places where a source in one of the modules has one of the words.
fn found(words: &[&str], within: impl Fn(&str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| within(file)) {
        for (line, code) in code(text) {
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                places.push(format!("{file}:{line} has {word}"));
            }
        }
    }
    places
}

fn assert_none(places: &[String], why: &str) {
    assert!(places.is_empty(), "{why}:\n{}", places.join("\n"));
}

#[test]
fn imports_point_one_way() {
    let layers = layers();
    let rank = |name: &str| layers.iter().position(|layer| layer == name);
    let mut upward = Vec::new();
    for (file, text) in sources() {
        let Some(here) = rank(module(&file)) else { continue };
        for used in text.split("crate::").skip(1) {
            for name in named(used) {
                if rank(&name).is_some_and(|there| there > here) {
                    upward.push(format!("{file} uses {name}"));
                }
            }
        }
    }
    assert_none(&upward, "a module uses only those above it in lib.rs");
}

#[test]
fn every_folder_of_the_sources_is_a_layer() {
    let layers = layers();
    let known = |name: &str| {
        ["lib", "main", "cli", "bench"].contains(&name) || layers.iter().any(|l| l == name)
    };
    let strangers: Vec<String> =
        sources().into_keys().filter(|file| !known(module(file))).collect();
    assert_none(&strangers, "not in lib.rs, so not in any layer");
}

#[test]
fn exhibits_do_not_know_each_other() {
    let mut places = Vec::new();
    for (file, text) in sources() {
        let Some(inside) = file.strip_prefix("src/exhibits/") else { continue };
        let own = inside.split('/').next().unwrap().trim_end_matches(".rs");
        if own == "mod" {
            continue;
        }
        for used in text.split("exhibits::").skip(1) {
            for name in named(used).into_iter().filter(|name| name != own) {
                places.push(format!("{file} uses {name}"));
            }
        }
    }
    assert_none(&places, "what two exhibits share moves down to models");
}

#[test]
fn no_exhibit_is_known_by_name_outside_its_folder() {
    let ids: Vec<&str> = orrery::exhibits::CATALOG.iter().map(|entry| entry.meta.id).collect();
    let others = |file: &str| !file.starts_with("src/exhibits/") && !file.contains("bench");
    assert_none(&found(&ids, others), "controls, figures, tests and commands know no exhibit");
}

#[test]
fn the_engine_knows_no_json_and_no_page() {
    let low = |file: &str| ["engine", "models"].contains(&module(file));
    let words = ["serde", "wasm_bindgen", "js_sys", "web_sys"];
    assert_none(&found(&words, low), "JSON and the browser stay above the engine");
}

#[test]
fn the_target_is_asked_only_at_the_edges() {
    let inner = |file: &str| {
        !["lib", "main", "web"].contains(&module(file))
            && !file.starts_with("src/engine/cpu")
            && !file.starts_with("src/engine/gpu")
    };
    assert_none(&found(&["target_arch"], inner), "only web, main and the kernels ask");
}

#[test]
fn clocks_and_threads_are_absent() {
    let library = |file: &str| !["main", "cli", "bench"].contains(&module(file));
    let words = ["Instant::now", "SystemTime", "thread::spawn", "Mutex<Vec", "rayon"];
    assert_none(&found(&words, library), "the session is given its clock, and there is one thread");
}

#[test]
fn unsafe_code_stays_in_the_kernels() {
    // The crate `gemm`, which bench compares with, can only be called so.
    let outside =
        |file: &str| !file.starts_with("src/engine/cpu") && file != "src/bench/products.rs";
    assert_none(&found(&["unsafe {", "unsafe fn", "unsafe impl"], outside), "see style.md");
}

#[test]
fn every_file_says_what_it_is() {
    let mut silent = Vec::new();
    let all = [files("src", &["rs"]), files("tests", &["rs"]), files("xtask/src", &["rs"])];
    for (file, text) in all.iter().flatten() {
        let first = text.lines().next().unwrap_or_default();
        if first.strip_prefix("//! ").is_none_or(|words| words.len() <= 5) {
            silent.push(file.clone());
        }
    }
    assert_none(&silent, "no //! sentence in the first line");
}

#[test]
fn an_exhibit_opens_with_paper_claim_symbols_and_departures() {
    for entry in orrery::exhibits::CATALOG {
        let id = entry.meta.id;
        let alone = root().join(format!("src/exhibits/{id}.rs"));
        let folder = root().join(format!("src/exhibits/{id}/mod.rs"));
        let path = if alone.exists() { alone } else { folder };
        let text = fs::read_to_string(&path).unwrap();
        let header: Vec<&str> = text.lines().take_while(|l| l.starts_with("//!")).collect();
        let whole = header.join("\n");
        for part in ["arXiv", "Claim", "|---", "Departs"] {
            assert!(whole.contains(part), "{id}: the header has no {part}");
        }
    }
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    let all = [
        files("src", &["rs"]),
        files("tests", &["rs", "ts"]),
        files("xtask/src", &["rs"]),
        files("www", &["ts", "mjs"]),
    ];
    for (file, text) in all.iter().flatten().filter(|(file, _)| *file != "www/protocol.ts") {
        let most = if file.starts_with("src/exhibits/") { EXHIBIT_LINES } else { LINES };
        let lines = text.lines().count();
        if lines > most {
            long.push(format!("{file} has {lines} lines, {most} are allowed"));
        }
    }
    assert_none(&long, "split it by meaning");
}

#[test]
fn the_checks_find_what_they_look_for() {
    assert_eq!(
        named("{error::{Error, Result}, session, web::{a, b}}; x"),
        ["error", "session", "web"]
    );
    assert_eq!(named("engine::Device;"), ["engine"]);
    let text = "// unsafe {\nlet a = 1; // unsafe {\nunsafe { b() }";
    let lines: Vec<usize> = code(text).map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3], "comments are not code");
}
