//! What the built page weighs, raw and as a server sends it.

use crate::pages;
use crate::shell::root;
use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

/// The level that common servers compress with.
const GZIP_LEVEL: u32 = 6;

/// Most bytes of the wasm as a server sends it: about 480 kB for the engine and pointer networks, and 130 for
/// each of the three flagships after it. The target of 400 for all of them is missed, see docs/benchmarks.md.
const WASM_BUDGET: usize = 920_000;

struct Asset {
    content: Vec<u8>,
    gzip: usize,
}

/// Prints the size of every file of `dist/`, and of what the page loads for each exhibit. Fails if the
/// wasm is over its budget: sizes are the same on every machine.
pub(crate) fn print() -> Result<()> {
    let dist = root().join("dist");
    let mut assets = BTreeMap::new();
    collect(&dist, &dist, &mut assets).context("there is no dist/ yet: run `cargo xtask build`")?;
    println!("{:>12} {:>12}  file", "bytes", "gzip");
    for (name, asset) in &assets {
        println!("{:>12} {:>12}  {name}", asset.content.len(), asset.gzip);
    }
    println!("{}  all of dist/", total(assets.values()));
    for (id, _) in pages::exhibits()? {
        let loaded = loaded(&assets, &["index.html", "catalog.json", &format!("docs/{id}.html")]);
        let loaded = loaded.iter().filter_map(|name| assets.get(*name));
        println!("{}  loaded from the index page to an open {id}", total(loaded));
    }
    let wasm = assets.iter().filter(|(name, _)| extension(name) == "wasm");
    let bytes: usize = wasm.map(|(_, asset)| asset.gzip).sum();
    ensure!(bytes <= WASM_BUDGET, "the wasm is {bytes} bytes as gzip, allowed are {WASM_BUDGET}");
    Ok(())
}

/// Gzip bytes of what the page loads for an exhibit: shell, wasm, the exhibit's own files.
pub(crate) fn parts(id: &str) -> Result<BTreeMap<&'static str, usize>> {
    let dist = root().join("dist");
    let mut assets = BTreeMap::new();
    collect(&dist, &dist, &mut assets)?;
    let own = format!("docs/{id}.html");
    let mut parts = BTreeMap::new();
    for name in loaded(&assets, &["index.html", "catalog.json", &own]) {
        let part = match extension(name) {
            "wasm" => "wasm",
            _ if name == own => "exhibit",
            _ => "shell",
        };
        *parts.entry(part).or_default() += assets[name].gzip;
    }
    Ok(parts)
}

fn collect(dir: &Path, dist: &Path, assets: &mut BTreeMap<String, Asset>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, dist, assets)?;
            continue;
        }
        let content = fs::read(&path)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
        encoder.write_all(&content)?;
        let gzip = encoder.finish()?.len();
        let name = path.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        assets.insert(name, Asset { content, gzip });
    }
    Ok(())
}

fn total<'a>(assets: impl Iterator<Item = &'a Asset>) -> String {
    let (bytes, gzip) = assets
        .fold((0, 0), |(bytes, gzip), asset| (bytes + asset.content.len(), gzip + asset.gzip));
    format!("{bytes:>12} {gzip:>12}")
}

/// The files reached from `roots`: a file loads those whose names it speaks.
fn loaded<'a>(assets: &'a BTreeMap<String, Asset>, roots: &[&str]) -> Vec<&'a str> {
    let mut reached: Vec<&str> = Vec::new();
    let mut next: Vec<&str> =
        assets.keys().map(String::as_str).filter(|name| roots.contains(name)).collect();
    while let Some(name) = next.pop() {
        reached.push(name);
        let text = String::from_utf8_lossy(&assets[name].content);
        for other in assets.keys().map(String::as_str) {
            // The page names these only to say how it is embedded.
            let is_page = extension(other) == "html" || other == "orrery-exhibit.js";
            let is_known = reached.contains(&other) || next.contains(&other);
            if extension(name) != "wasm" && !is_page && !is_known && text.contains(other) {
                next.push(other);
            }
        }
    }
    reached.sort_unstable();
    reached
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_names_is_loaded_with_it() {
        let file = |text: &str| Asset { content: text.as_bytes().to_vec(), gzip: 1 };
        let assets = BTreeMap::from([
            ("index.html".to_owned(), file("<script src=\"./main-1.js\">")),
            ("main-1.js".to_owned(), file("new Worker('./worker-2.js'); 'embed.html'")),
            ("worker-2.js".to_owned(), file("load('orrery-3.wasm')")),
            ("orrery-3.wasm".to_owned(), file("other-4.js")),
            ("other-4.js".to_owned(), file("")),
            ("embed.html".to_owned(), file("")),
        ]);
        let names = loaded(&assets, &["index.html"]);
        assert_eq!(names, ["index.html", "main-1.js", "orrery-3.wasm", "worker-2.js"]);
    }
}
