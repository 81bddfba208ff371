//! What the built page weighs, raw and as a server sends it, and what it may weigh: sizes are the same on
//! every machine.

use crate::pages;
use crate::shell::root;
use anyhow::{Context, Result, bail};
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

/// Most bytes, as a server sends them, that the gallery loads before an exhibit is opened.
const GALLERY_BUDGET: usize = 100_000;

/// Most bytes, as a server sends them, from an empty cache to an open exhibit, without its weights and data.
const EXHIBIT_BUDGET: usize = 1_200_000;

/// Most bytes of weights and data that an exhibit may ask for in all its tabs.
const SHIPPED_BUDGET: usize = 8_000_000;

/// Folders whose files are fetched one by one: that a script knows their names does not load them.
const ONE_BY_ONE: [&str; 4] = ["docs/", "source/", "weights/", "data/"];

/// Files that are named on the way to an exhibit, and loaded for other purposes.
const LATER: [&str; 7] =
    ["covers-", "orrery-exhibit", "embed", "icon-", "maskable-", "manifest-", "sw.js"];

/// How a text names a file that is loaded with it: the other names are for later.
const AT_ONCE: [&str; 6] =
    ["from\"./", "from \"./", "import\"./", "import \"./", "href=\"./", "src=\"./"];

struct Asset {
    content: Vec<u8>,
    gzip: usize,
}

type Assets = BTreeMap<String, Asset>;

/// Prints the size of every file of `dist/`, and of what is loaded when. Fails if that is over a budget.
pub(crate) fn print() -> Result<()> {
    let assets = assets().context("there is no dist/ yet: run `cargo xtask build`")?;
    println!("{:>12} {:>12}  file", "bytes", "gzip");
    for (name, asset) in &assets {
        println!("{:>12} {:>12}  {name}", asset.content.len(), asset.gzip);
    }
    println!("{}  all of dist/", total(&assets, &assets.keys().collect::<Vec<_>>()));
    let mut over = Vec::new();
    let mut weighed = |what: &str, names: &[&str], budget: usize| {
        println!("{}  {what}", total(&assets, names));
        let bytes = gzip(&assets, names);
        if bytes > budget {
            over.push(format!("{what}: {bytes} bytes as gzip, allowed are {budget}"));
        }
    };
    let names = |wanted: &dyn Fn(&str) -> bool| -> Vec<&str> {
        assets.keys().map(String::as_str).filter(|name| wanted(name)).collect()
    };
    weighed("wasm", &names(&|name| extension(name) == "wasm"), WASM_BUDGET);
    weighed("loaded by the gallery", &gallery(&assets), GALLERY_BUDGET);
    for (id, _) in pages::exhibits()? {
        let what = format!("loaded from the index page to an open {id}");
        weighed(&what, &exhibit(&assets, &id), EXHIBIT_BUDGET);
        let shipped = names(&|name| name.starts_with(&format!("weights/{id}/")) && is_hashed(name));
        weighed(&format!("weights that {id} may ask for"), &shipped, SHIPPED_BUDGET);
    }
    if !over.is_empty() {
        bail!("too heavy: {}", over.join("; "));
    }
    Ok(())
}

/// Gzip bytes of what the page loads for an exhibit: shell, wasm, the exhibit's own files.
pub(crate) fn parts(id: &str) -> Result<BTreeMap<&'static str, usize>> {
    let assets = assets()?;
    let mut parts = BTreeMap::new();
    for name in exhibit(&assets, id) {
        let part = match extension(name) {
            "wasm" => "wasm",
            _ if ONE_BY_ONE.iter().any(|folder| name.starts_with(folder)) => "exhibit",
            _ => "shell",
        };
        *parts.entry(part).or_default() += assets[name].gzip;
    }
    Ok(parts)
}

/// What the page loads before an exhibit is opened.
fn gallery(assets: &Assets) -> Vec<&str> {
    let fetched = ["catalog.json", "covers.json"];
    let fetched = fetched.into_iter().filter_map(|name| hashed(assets, name));
    reached(assets, std::iter::once("index.html").chain(fetched), |text, name| {
        AT_ONCE.iter().any(|how| text.contains(&format!("{how}{name}")))
    })
}

/// What the page loads from an empty cache to an open exhibit, without weights and data.
fn exhibit<'a>(assets: &'a Assets, id: &str) -> Vec<&'a str> {
    let own = hashed(assets, &format!("docs/{id}.html"));
    let roots = ["index.html"].into_iter().chain(hashed(assets, "catalog.json")).chain(own);
    reached(assets, roots, |text, name| {
        let later = LATER.iter().any(|start| name.starts_with(start));
        let one_by_one = ONE_BY_ONE.iter().any(|folder| name.starts_with(folder));
        !later && !one_by_one && text.contains(name)
    })
}

/// The file whose name, without its hash, is `plain`.
fn hashed<'a>(assets: &'a Assets, plain: &str) -> Option<&'a str> {
    assets.keys().map(String::as_str).find(|name| is_hashed(name) && without_hash(name) == plain)
}

/// Whether a name ends with the hash of the file's content.
fn is_hashed(name: &str) -> bool {
    without_hash(name) != name
}

/// A name without the hash it may end with.
fn without_hash(name: &str) -> String {
    let Some((stem, extension)) = name.rsplit_once('.') else { return name.to_owned() };
    match stem.rsplit_once('-') {
        Some((plain, hash)) if hash.len() == 8 && hash.bytes().all(is_hash_digit) => {
            format!("{plain}.{extension}")
        }
        _ => name.to_owned(),
    }
}

fn is_hash_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

fn assets() -> Result<Assets> {
    let dist = root().join("dist");
    let mut assets = BTreeMap::new();
    collect(&dist, &dist, &mut assets)?;
    Ok(assets)
}

fn collect(dir: &Path, dist: &Path, assets: &mut Assets) -> Result<()> {
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

fn total(assets: &Assets, names: &[impl AsRef<str>]) -> String {
    let bytes: usize = names.iter().map(|name| assets[name.as_ref()].content.len()).sum();
    format!("{bytes:>12} {:>12}", gzip(assets, names))
}

fn gzip(assets: &Assets, names: &[impl AsRef<str>]) -> usize {
    names.iter().map(|name| assets[name.as_ref()].gzip).sum()
}

/// The files reached from `roots`, where `loads(text, name)` says whether a file with this text loads another.
fn reached<'a>(
    assets: &'a Assets,
    roots: impl IntoIterator<Item = &'a str>,
    loads: impl Fn(&str, &str) -> bool,
) -> Vec<&'a str> {
    let mut reached: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = roots.into_iter().collect();
    while let Some(name) = next.pop() {
        reached.push(name);
        if extension(name) == "wasm" {
            continue;
        }
        let text = String::from_utf8_lossy(&assets[name].content);
        for other in assets.keys().map(String::as_str) {
            let is_known = reached.contains(&other) || next.contains(&other);
            if !is_known && extension(other) != "html" && loads(&text, other) {
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

    fn dist() -> Assets {
        let file = |name: &str, text: &str| {
            (name.to_owned(), Asset { content: text.as_bytes().to_vec(), gzip: 1 })
        };
        BTreeMap::from([
            file(
                "index.html",
                "<script src=\"./main-11111111.js\"><link href=\"./catalog-11111111.json\">",
            ),
            file(
                "main-11111111.js",
                "import\"./chunk-22222222.js\";import(\"./plot-33333333.js\");'embed.html'",
            ),
            file(
                "chunk-22222222.js",
                "new Worker('./worker-44444444.js');{x:'docs/a-11111111.html'}",
            ),
            file("plot-33333333.js", ""),
            file(
                "worker-44444444.js",
                "load('orrery-55555555.wasm');'weights/a/net-66666666.safetensors'",
            ),
            file("orrery-55555555.wasm", "other-77777777.js"),
            file("other-77777777.js", ""),
            file("catalog-11111111.json", ""),
            file("covers-11111111.json", ""),
            file("docs/a-11111111.html", ""),
            file("docs/b-11111111.html", ""),
            file("weights/a/net-66666666.safetensors", ""),
            file("embed.html", ""),
        ])
    }

    #[test]
    fn the_gallery_loads_what_is_imported_at_once() {
        let assets = dist();
        let names = [
            "catalog-11111111.json",
            "chunk-22222222.js",
            "covers-11111111.json",
            "index.html",
            "main-11111111.js",
        ];
        assert_eq!(gallery(&assets), names);
    }

    #[test]
    fn an_exhibit_loads_what_is_named_but_for_what_belongs_to_others() {
        let assets = dist();
        let names = [
            "catalog-11111111.json",
            "chunk-22222222.js",
            "docs/a-11111111.html",
            "index.html",
            "main-11111111.js",
            "orrery-55555555.wasm",
            "plot-33333333.js",
            "worker-44444444.js",
        ];
        assert_eq!(exhibit(&assets, "a"), names);
    }

    #[test]
    fn a_hash_is_told_from_a_name() {
        assert_eq!(without_hash("docs/a-0A1B2C3D.html"), "docs/a.html");
        assert_eq!(without_hash("orrery-exhibit.js"), "orrery-exhibit.js");
        assert!(!is_hashed("weights/a/net.log"));
    }
}
