//! `new`: a small exhibit to begin with, and its two lines in the catalog.

use crate::Misuse;
use crate::shell::{command, root, run};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// A whole exhibit, with names to be put in.
const TEMPLATE: &str = include_str!("../template/exhibit.rs");

/// Longest id: it is typed into addresses.
const LONGEST_ID: usize = 40;

/// Words of Rust that cannot name a module, and names that are taken.
const TAKEN: [&str; 12] = [
    "mod", "self", "super", "crate", "fn", "type", "match", "move", "loop", "trait", "use", "test",
];

/// Writes the exhibit, and says what is to be done next.
pub(crate) fn run_for(id: &str) -> Result<()> {
    write(root(), id)?;
    run(command("cargo").args(["fmt", "--package", "orrery"]))?;
    println!(
        "new: src/exhibits/{id}.rs is an exhibit that works; src/exhibits/mod.rs has its two lines.

Next, and again whenever its numbers or its claims change:

  cargo run -- reproduce {id} --record docs/claims.json
      measures its claims
  UPDATE_GOLDEN=1 cargo test --test golden
      writes tests/golden/{id}.json: look at it
  UPDATE_README=1 cargo test --test readme
      writes its row of the README

Then `cargo xtask serve` shows it at #/{id}, and `cargo xtask test` holds it to every rule."
    );
    Ok(())
}

/// Writes the exhibit into a repository.
fn write(repository: &Path, id: &str) -> Result<()> {
    check(id)?;
    let dir = repository.join("src/exhibits");
    let file = dir.join(format!("{id}.rs"));
    if file.exists() || dir.join(id).exists() {
        bail!(Misuse(format!("there is an exhibit `{id}` already: choose another id")));
    }
    let list = dir.join("mod.rs");
    let text = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let listed = listed(&text, id)?;
    fs::write(&file, exhibit(id)).with_context(|| format!("writing {}", file.display()))?;
    fs::write(&list, listed).with_context(|| format!("writing {}", list.display()))
}

/// Refuses an id that cannot name a file, an address and a module.
fn check(id: &str) -> Result<()> {
    let is_snake = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_snake || id.len() > LONGEST_ID || TAKEN.contains(&id) || id.ends_with('_') {
        bail!(Misuse(format!(
            "`{id}` cannot be an id: expected small letters, digits and `_`, beginning with a letter, \
             at most {LONGEST_ID} of them, and no word of Rust; for example `pointer_networks`"
        )));
    }
    Ok(())
}

/// The template with the names of this exhibit.
fn exhibit(id: &str) -> String {
    let words = id.split('_').filter(|word| !word.is_empty());
    let name: String = words.clone().map(capitalised).collect();
    let title = capitalised(&words.collect::<Vec<_>>().join(" "));
    TEMPLATE.replace("__id__", id).replace("__Type__", &name).replace("__Title__", &title)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// `mod.rs` with the two lines of an exhibit, each at its place in the alphabet.
fn listed(text: &str, id: &str) -> Result<String> {
    let name: String = id.split('_').map(capitalised).collect();
    let module = format!("pub mod {id};");
    let entry = format!("    Entry::of::<{id}::{name}>(),");
    let mut lines: Vec<&str> = text.lines().collect();
    for (start, line) in [("pub mod ", &module), ("    Entry::of::<", &entry)] {
        let named = |line: &str| line.strip_prefix(start).map(name_in);
        let last = lines.iter().rposition(|line| named(line).is_some());
        let after = lines.iter().position(|line| named(line).is_some_and(|other| *other > *id));
        let at = after.or(last.map(|at| at + 1));
        ensure!(at.is_some(), "src/exhibits/mod.rs has no line that begins with `{start}`");
        lines.insert(at.unwrap_or_default(), line);
    }
    Ok(lines.join("\n") + "\n")
}

/// The name that a line goes on with.
fn name_in(rest: &str) -> String {
    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! The catalog.\nuse crate::exhibit::Entry;\n\npub mod b;\npub mod d_e;\n\n\
                        pub const CATALOG: &[Entry] = &[\n    Entry::of::<b::B>(),\n    \
                        Entry::of::<d_e::DE>(),\n];\n";

    #[test]
    fn both_lines_stand_in_the_alphabet() {
        for (id, before) in [("a", "pub mod b;"), ("c_2", "pub mod d_e;")] {
            let text = listed(LIST, id).unwrap();
            assert!(text.contains(&format!("pub mod {id};\n{before}")), "{text}");
        }
        let text = listed(LIST, "z_last").unwrap();
        assert!(text.contains("pub mod d_e;\npub mod z_last;\n"), "{text}");
        assert!(text.contains("DE>(),\n    Entry::of::<z_last::ZLast>(),\n];"), "{text}");
        assert!(listed("", "a").is_err(), "no list");
    }

    #[test]
    fn an_id_is_checked_and_never_written_over() {
        for id in ["", "A", "1a", "a-b", "../a", "mod", "a_", "é", &"a".repeat(41)] {
            let error = check(id).unwrap_err();
            assert!(error.is::<Misuse>() && error.to_string().contains("small letters"), "{id}");
        }
        let dir = std::env::temp_dir().join(format!("orrery-new-{}", std::process::id()));
        let exhibits = dir.join("src/exhibits");
        fs::create_dir_all(&exhibits).unwrap();
        fs::write(exhibits.join("mod.rs"), LIST).unwrap();
        write(&dir, "fresh").unwrap();
        let text = fs::read_to_string(exhibits.join("fresh.rs")).unwrap();
        let again = write(&dir, "fresh").unwrap_err();
        let list = fs::read_to_string(exhibits.join("mod.rs")).unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert!(again.is::<Misuse>(), "{again}");
        assert_eq!(list.matches("fresh").count(), 2, "{list}");
        assert!(
            text.contains("id: \"fresh\"") && text.contains("impl Exhibit for Fresh"),
            "{text}"
        );
        assert!(!text.contains("__"), "every name is put in");
    }
}
