//! The explanation of each exhibit: its module's `//!` header as HTML with MathML.

use crate::shell::root;
use crate::source;
use anyhow::{Context, Result, anyhow, bail};
use pulldown_cmark::{
    BrokenLink, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::event::{Content, Event as Formula};
use pulldown_latex::{RenderConfig, Storage, push_mathml};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes `docs/<id>.html` into `dir` for every exhibit.
pub(crate) fn write_all(dir: &Path) -> Result<()> {
    let docs = dir.join("docs");
    fs::create_dir_all(&docs)?;
    for (id, source) in exhibits()? {
        let text = fs::read_to_string(&source)?;
        let names = source::definitions(&source)?;
        let places = names.into_iter().map(|(name, at)| (name, format!("#/{id}/source/{at}")));
        let html = page(&header(&text), &places.collect())
            .with_context(|| format!("in {}", source.display()))?;
        fs::write(docs.join(format!("{id}.html")), html)?;
    }
    Ok(())
}

/// The id and the source of each exhibit, by name: `<id>.rs` or `<id>/mod.rs`.
pub(crate) fn exhibits() -> Result<Vec<(String, PathBuf)>> {
    let dir = root().join("src/exhibits");
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        let source = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if id != "mod" && source.extension().is_some_and(|ext| ext == "rs") && source.is_file() {
            found.push((id, source));
        }
    }
    found.sort();
    Ok(found)
}

/// The `//!` lines that a module opens with, without the marks.
pub(crate) fn header(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.fold(String::new(), |text, line| text + line.strip_prefix(' ').unwrap_or(line) + "\n")
}

/// Markdown with `$math$` as a fragment of HTML that holds no markup but our own. A name that `places` has,
/// alone between backticks, leads to its place.
pub(crate) fn page(markdown: &str, places: &BTreeMap<String, String>) -> Result<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_MATH;
    // rustdoc's links to items, [`Like::this`], lead nowhere on the page: their text stays.
    let mut items =
        |link: BrokenLink<'_>| Some((CowStr::from(""), link.reference.into_string().into()));
    let parser = Parser::new_with_broken_link_callback(markdown, options, Some(&mut items));
    let mut in_item = false;
    let mut in_link = false;
    let linked = parser.map(|event| {
        match &event {
            Event::Start(Tag::Link { .. }) => in_link = true,
            Event::End(TagEnd::Link) => in_link = false,
            Event::Code(name) if !in_link => {
                if let Some(place) = places.get(&**name) {
                    let name = escaped(name);
                    return Ok(Some(Event::InlineHtml(
                        format!("<a href=\"{place}\"><code>{name}</code></a>").into(),
                    )));
                }
            }
            _ => {}
        }
        plain(event, &mut in_item)
    });
    let events = linked.collect::<Result<Vec<_>>>()?;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter().flatten());
    Ok(html)
}

/// The event as the page may show it; `None` leaves it out. `in_item`: within a link to an item.
fn plain<'a>(event: Event<'a>, in_item: &mut bool) -> Result<Option<Event<'a>>> {
    Ok(Some(match event {
        Event::InlineMath(tex) => Event::InlineHtml(mathml(&tex, DisplayMode::Inline)?.into()),
        Event::DisplayMath(tex) => Event::InlineHtml(mathml(&tex, DisplayMode::Block)?.into()),
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: demoted(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(demoted(level))),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return Ok(None),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            *in_item = is_to_item(link_type);
            if *in_item {
                return Ok(None);
            }
            if !["https://", "#"].iter().any(|start| dest_url.starts_with(start)) {
                bail!("the link to `{dest_url}` starts neither with https:// nor with #");
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::End(TagEnd::Link) if std::mem::take(in_item) => return Ok(None),
        other => other,
    }))
}

fn is_to_item(link_type: LinkType) -> bool {
    matches!(
        link_type,
        LinkType::ShortcutUnknown | LinkType::CollapsedUnknown | LinkType::ReferenceUnknown
    )
}

/// Two levels down: the page has the first, and names this section with the second.
fn demoted(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + 2).unwrap_or(HeadingLevel::H6)
}

fn mathml(tex: &str, display_mode: DisplayMode) -> Result<String> {
    let storage = Storage::new();
    let wrong = |error: &dyn std::fmt::Display| anyhow!("the formula `{tex}`: {error}");
    let events = pulldown_latex::Parser::new(tex, &storage)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| wrong(&error))?;
    let names = events.iter().filter_map(|event| match event {
        Formula::Content(Content::Function(name)) => Some(name),
        _ => None,
    });
    if let Some(name) = names.into_iter().find(|name| name.contains(['<', '&'])) {
        return Err(wrong(&format!("`{name}` cannot be the name of a function")));
    }
    let annotation = escaped(tex);
    let config =
        RenderConfig { display_mode, annotation: Some(&annotation), ..RenderConfig::default() };
    let mut html = String::new();
    let events = events.into_iter().map(Ok::<_, std::fmt::Error>);
    push_mathml(&mut html, events, config).map_err(|error| wrong(&error))?;
    // The renderer writes the relation `<` as it is.
    Ok(html.replace("><</", ">&lt;</"))
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(markdown: &str) -> Result<String> {
        super::page(markdown, &BTreeMap::new())
    }

    #[test]
    fn the_header_ends_where_the_code_begins() {
        assert_eq!(header("//! One.\n//!\n//!   two\nuse crate;\n//! three"), "One.\n\n  two\n");
    }

    #[test]
    fn every_exhibit_has_an_explanation() {
        for (id, source) in exhibits().unwrap() {
            let html = page(&header(&fs::read_to_string(source).unwrap()));
            assert!(html.as_ref().is_ok_and(|html| html.contains("<table>")), "{id}: {html:?}");
        }
    }

    #[test]
    fn a_symbol_table_becomes_a_table_with_formulas() {
        let html = page("| paper | meaning |\n|---|---|\n| $u_j^i$ | a <b>score</b> |\n").unwrap();
        assert!(html.contains("<table>"), "{html}");
        assert!(html.contains("<msubsup>"), "{html}");
        assert!(html.contains("a &lt;b&gt;score&lt;/b&gt;"), "{html}");
    }

    #[test]
    fn headings_step_down_and_links_to_items_become_text() {
        let html =
            page("# Model\n\nSee [`Pointer`] and [the paper](https://example.org).").unwrap();
        assert!(html.contains("<h3>Model</h3>"), "{html}");
        assert!(html.contains("<p>See <code>Pointer</code> and <a href=\"https://"), "{html}");
    }

    #[test]
    fn signs_of_a_formula_are_no_markup() {
        let html = page(r"$p(C_i \mid C_{<i}) > \text{<b>}$").unwrap();
        assert!(html.contains("<mo>&lt;</mo>"), "{html}");
        assert!(html.contains(r"C_{&lt;i}) &gt; \text{&lt;b&gt;}</annotation>"), "{html}");
        assert!(page(r"$\operatorname{<b>} x$").is_err());
    }

    #[test]
    fn a_formula_that_is_wrong_is_named() {
        let error = page(r"$\frac{1}$").unwrap_err().to_string();
        assert!(error.contains(r"\frac{1}"), "{error}");
    }

    #[test]
    fn a_link_that_runs_code_is_refused() {
        assert!(page("[here](javascript:alert(1))").is_err());
    }

    #[test]
    fn a_name_leads_to_where_it_is_defined() {
        let places = BTreeMap::from([("one".to_owned(), "#/a/source/a.rs:3".to_owned())]);
        let html = super::page("`one`, `two` and [`one`](https://x.org)", &places).unwrap();
        assert!(html.contains("<a href=\"#/a/source/a.rs:3\"><code>one</code></a>"), "{html}");
        assert_eq!(html.matches("#/a/source").count(), 1, "{html}");
    }
}
