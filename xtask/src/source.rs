//! The annotated source of each exhibit: its files as HTML, doc comments beside the code they stand above.

use crate::pages;
use crate::shell::root;
use anyhow::{Context, Result};
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Words of the language that are set as such.
const KEYWORDS: [&str; 36] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where",
];

/// Types that are written in small letters.
const PRIMITIVES: [&str; 13] = [
    "bool", "char", "f32", "f64", "i32", "i64", "isize", "str", "u16", "u32", "u64", "u8", "usize",
];

/// What the page knows of an exhibit's source before it shows a file.
#[derive(Serialize)]
struct Index {
    /// Where the repository can be read; empty: nowhere in public.
    repository: String,
    files: Vec<Listed>,
}

/// A file of an exhibit.
#[derive(Serialize)]
struct Listed {
    /// Its name within the exhibit's folder.
    file: String,
    /// Its path in the repository.
    path: String,
    lines: usize,
    /// Whether it holds tests and nothing else.
    tests: bool,
    /// The first sentence of its header.
    about: String,
}

/// Writes `source/<id>/<file>.html` for every file of every exhibit into `dir`, and an `index.json` beside.
pub(crate) fn write_all(dir: &Path) -> Result<()> {
    let repository = repository(&fs::read_to_string(root().join("Cargo.toml"))?);
    for (id, main) in pages::exhibits()? {
        let out = dir.join("source").join(&id);
        fs::create_dir_all(&out)?;
        let mut files = Vec::new();
        for (file, text) in files_of(&main)? {
            let html = page(&id, &file, &text).with_context(|| format!("in {file} of {id}"))?;
            fs::write(out.join(format!("{file}.html")), html)?;
            let path = main.with_file_name(&file);
            let path = path.strip_prefix(root())?.to_string_lossy().replace('\\', "/");
            let about = pages::header(&text).lines().next().unwrap_or_default().to_owned();
            let tests = file == "tests.rs" || file == "testing.rs";
            files.push(Listed { file, path, lines: text.lines().count(), tests, about });
        }
        files.sort_by_key(|listed| (listed.tests, listed.file != "mod.rs", listed.file.clone()));
        let index = Index { repository: repository.clone(), files };
        fs::write(out.join("index.json"), serde_json::to_string(&index)?)?;
    }
    Ok(())
}

/// Where each item of an exhibit is defined, as `file:line`, by its name; of two of a name, neither.
pub(crate) fn definitions(main: &Path) -> Result<BTreeMap<String, String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in files_of(main)? {
        let code = text.lines().take(tests_at(&text).map_or(usize::MAX, |line| line - 1));
        for (at, line) in code.enumerate() {
            if let Some(name) = defined(line) {
                found.entry(name.to_owned()).or_default().push(format!("{file}:{}", at + 1));
            }
        }
    }
    let single = found.into_iter().filter_map(|(name, places)| match &places[..] {
        [place] => Some((name, place.clone())),
        _ => None,
    });
    Ok(single.collect())
}

/// The line from which on a file has its tests and nothing else.
fn tests_at(text: &str) -> Option<usize> {
    text.find("#[cfg(test)]\nmod tests {").map(|at| text[..at].lines().count() + 1)
}

/// The name that a line of code defines, if it begins an item.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(super) ");
    let line = line.trim_start_matches("const ").trim_start_matches("async ");
    let kinds = ["fn ", "struct ", "enum ", "trait ", "type ", "mod "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(&rest[..end])
}

/// The files of the exhibit with this main file, with their texts.
fn files_of(main: &Path) -> Result<Vec<(String, String)>> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name(main) != "mod.rs" {
        return Ok(vec![(name(main), fs::read_to_string(main)?)]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(main.parent().context("a file without a folder")?)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.push((name(&path), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The address in the manifest's `repository`.
fn repository(manifest: &str) -> String {
    let line = manifest.lines().find_map(|line| line.strip_prefix("repository = \""));
    line.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

/// A stretch of a file: a doc comment, and the lines of code up to the next one.
#[derive(Default)]
struct Stretch {
    note: String,
    /// Whether the comment is indented: it belongs to a part of an item.
    inner: bool,
    /// Number and HTML of each line.
    code: Vec<(usize, String)>,
}

/// A file as HTML that holds no markup but our own.
fn page(id: &str, file: &str, text: &str) -> Result<String> {
    let tests = tests_at(text).unwrap_or(usize::MAX);
    let mut html = String::new();
    let mut folded = false;
    for stretch in stretches(text) {
        let begins_tests = stretch.code.first().is_some_and(|(line, _)| *line >= tests);
        if begins_tests && !folded {
            html += "<details class=\"tests\"><summary>Its tests</summary>";
            folded = true;
        }
        let class = if stretch.inner { "stretch inner" } else { "stretch" };
        write!(html, "<div class=\"{class}\"><div class=\"note\">")?;
        html += &pages::page(&stretch.note, &BTreeMap::new())?;
        html += "</div>";
        if let Some((first, _)) = stretch.code.first() {
            write!(html, "<pre tabindex=\"0\" aria-label=\"{file} from line {first}\"><code>")?;
            for (line, code) in &stretch.code {
                write!(
                    html,
                    "<span class=\"line\" id=\"line-{line}\"><a tabindex=\"-1\" \
                     href=\"#/{id}/source/{file}:{line}\">{line}</a>{code}\n</span>"
                )?;
            }
            html += "</code></pre>";
        }
        html += "</div>";
    }
    if folded {
        html += "</details>";
    }
    Ok(html)
}

/// The stretches of a file, from top to bottom. Empty lines at their ends are left out.
fn stretches(text: &str) -> Vec<Stretch> {
    let tests = tests_at(text);
    let mut stretches = vec![Stretch::default()];
    let mut in_note = false;
    for (number, (line, colored)) in (1..).zip(text.lines().zip(colored(text))) {
        let note = note(line);
        let begins = note.is_some() && !in_note || tests == Some(number);
        if begins {
            let inner = note.is_some() && line.starts_with(' ');
            stretches.push(Stretch { inner, ..Stretch::default() });
        }
        in_note = note.is_some();
        let Some(last) = stretches.last_mut() else { continue };
        match note {
            Some(words) => last.note.extend([words, "\n"]),
            None if line.is_empty() && last.code.is_empty() => {}
            None => last.code.push((number, colored)),
        }
    }
    for stretch in &mut stretches {
        while stretch.code.last().is_some_and(|(_, html)| html.is_empty()) {
            stretch.code.pop();
        }
    }
    stretches.retain(|stretch| !stretch.note.is_empty() || !stretch.code.is_empty());
    stretches
}

/// The words of a line that is a doc comment.
fn note(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let words = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))?;
    Some(words.strip_prefix(' ').unwrap_or(words))
}

/// Each line of `text` as HTML, its tokens in spans that bear the class of their kind.
fn colored(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text;
    for token in tokenize(text, FrontmatterAllowed::No) {
        let (word, after) = rest.split_at(token.len as usize);
        rest = after;
        let class = class(token.kind, word, rest);
        for (i, part) in word.split('\n').enumerate() {
            if i > 0 {
                lines.push(String::new());
            }
            let Some(line) = lines.last_mut() else { continue };
            let part = pages::escaped(part);
            match class {
                Some(class) if !part.is_empty() => {
                    line.extend(["<i class=\"", class, "\">", &part, "</i>"]);
                }
                _ => *line += &part,
            }
        }
    }
    lines
}

/// The class of a token: what kind of word it is, as far as one can tell without a parser.
fn class(kind: TokenKind, word: &str, rest: &str) -> Option<&'static str> {
    let first = word.chars().next().unwrap_or(' ');
    Some(match kind {
        TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => "c",
        TokenKind::Literal { .. } if first.is_ascii_digit() => "n",
        TokenKind::Literal { .. } => "s",
        TokenKind::Lifetime { .. } => "k",
        TokenKind::Ident if KEYWORDS.contains(&word) => "k",
        TokenKind::Ident if PRIMITIVES.contains(&word) || first.is_uppercase() => "t",
        TokenKind::Ident if rest.starts_with('(') || rest.starts_with("::<") => "f",
        TokenKind::Ident if rest.starts_with('!') && !rest.starts_with("!=") => "f",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "//! Two.\n//!\n//! And $x$.\nuse a;\n\n/// One < two.\npub fn one(x: &str) -> f32 {\n    \
                        let s = \"a\n<b\"; // why\n    1.5\n}\n\n#[cfg(test)]\nmod tests {\n    fn t() {}\n}\n";

    #[test]
    fn a_doc_comment_stands_beside_the_code_below_it() {
        let found = stretches(FILE);
        let notes: Vec<&str> = found.iter().map(|stretch| &*stretch.note).collect();
        assert_eq!(notes, ["Two.\n\nAnd $x$.\n", "One < two.\n", ""]);
        let lines: Vec<usize> = found.iter().map(|stretch| stretch.code[0].0).collect();
        assert_eq!(lines, [4, 7, 13]);
    }

    #[test]
    fn tests_begin_where_they_stand_and_not_where_they_are_named() {
        assert_eq!(tests_at(FILE), Some(13));
        let named = FILE.replace("use a;", "#[cfg(test)]\nmod tests;\nuse a;");
        assert_eq!(tests_at(&named), Some(15));
        assert_eq!(tests_at("#[cfg(test)]\nmod tests;\nfn f() {}\n"), None);
    }

    #[test]
    fn every_line_of_the_code_is_there_and_nothing_is_markup() {
        let lines = colored(FILE);
        assert_eq!(lines.len(), FILE.split('\n').count());
        assert_eq!(lines[3], "<i class=\"k\">use</i> a;");
        assert_eq!(lines[7], "    <i class=\"k\">let</i> s = <i class=\"s\">\"a</i>");
        assert_eq!(lines[8], "<i class=\"s\">&lt;b\"</i>; <i class=\"c\">// why</i>");
        assert!(lines[6].contains("<i class=\"f\">one</i>"), "{}", lines[6]);
    }

    #[test]
    fn tests_are_folded_and_lines_can_be_linked_to() {
        let html = page("a", "one.rs", FILE).unwrap();
        let (code, tests) = html.split_once("<details").unwrap();
        assert!(code.contains("href=\"#/a/source/one.rs:7\""), "{code}");
        assert!(code.contains("<math"), "the formula is set: {code}");
        assert!(tests.contains("id=\"line-13\""), "{tests}");
    }

    #[test]
    fn items_are_found_by_their_names() {
        assert_eq!(defined("    pub(super) fn of(name: &str) -> Self {"), Some("of"));
        assert_eq!(defined("pub struct Plane<T> {"), Some("Plane"));
        assert_eq!(defined("let x = 1;"), None);
        for (id, main) in pages::exhibits().unwrap() {
            assert!(!definitions(&main).unwrap().is_empty(), "{id} defines something");
        }
    }

    #[test]
    fn every_file_of_every_exhibit_can_be_shown() {
        for (id, main) in pages::exhibits().unwrap() {
            for (file, text) in files_of(&main).unwrap() {
                let html = page(&id, &file, &text).unwrap();
                let shown = html.matches("class=\"line\"").count();
                let notes = text.lines().filter(|line| note(line).is_some()).count();
                let empty = text.lines().filter(|line| line.is_empty()).count();
                let all = text.lines().count();
                assert!(shown + notes <= all && shown + notes + empty >= all, "{id} {file}");
            }
        }
    }

    #[test]
    fn the_repository_is_the_manifests() {
        assert_eq!(repository("a = 1\nrepository = \"https://x/y\"\n"), "https://x/y");
        assert_eq!(repository("[package]\n"), "");
    }
}
