//! Figures: a small grammar over columns, in the words of Observable Plot, which draws it.
use serde::{Deserialize, Serialize};
use std::fmt;

mod mark;
mod spread;
mod trace;

pub use mark::*;
pub use spread::{Curve, MOST_REPLICATES, Spread, spread};
pub use trace::Trace;

/// One figure, redrawn whole whenever it changes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Figure {
    /// Stable name within its exhibit.
    pub id: &'static str,
    /// Heading.
    pub title: String,
    /// What is drawn and how to read it, in a sentence or two.
    pub caption: String,
    /// What the figure shows now, in words and numbers, for who cannot see it.
    pub alt: String,
    /// Room it takes in the layout.
    pub width: Width,
    /// What is drawn.
    pub body: Body,
}

/// Room a figure takes in the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// Half a row, beside another.
    Half,
    /// A row of its own.
    Full,
}

/// The kinds of figure.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// Marks over two axes.
    Plot {
        /// Horizontal axis.
        x: Axis,
        /// Vertical axis.
        y: Axis,
        /// Scale of colours; none: Plot's own choice.
        color: Option<Color>,
        /// Height over width of the frame; 1 with equal units for a plane.
        aspect: Option<f64>,
        /// Marks, back to front.
        marks: Vec<Mark>,
    },
    /// Named columns, one row an entry.
    Table {
        /// Columns, left to right, all of one length.
        columns: Vec<TableColumn>,
        /// The row that is set off from the others.
        highlight: Option<u32>,
    },
}

/// A column of a table.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TableColumn {
    /// Heading.
    pub name: String,
    /// Entries.
    pub values: Column,
}

/// An axis.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Kind of scale.
    pub kind: Scale,
    /// Ends of the scale; none: those of the data.
    pub domain: Option<[f64; 2]>,
    /// Whether to draw no axis.
    pub hidden: bool,
    /// Whether what is dragged along it goes from whole number to whole number.
    pub whole: bool,
}

/// Kinds of scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal steps are equal distances.
    Linear,
    /// Equal factors are equal distances.
    Log,
    /// One band a name.
    Band,
}

/// The scale of colours of a plot.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Color {
    /// Kind of scale.
    pub kind: Palette,
    /// Ends of the scale; none: those of the data.
    pub domain: Option<[f64; 2]>,
    /// Quantity and unit.
    pub label: String,
    /// Whether to draw a legend.
    pub legend: bool,
}

/// Kinds of scale of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Palette {
    /// One colour a series name, the same in all figures of an exhibit.
    Series,
    /// From little to much.
    Sequential,
    /// Both ways from a middle.
    Diverging,
}

/// A column of values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Column {
    /// Numbers; NaN is missing and is left out of the drawing. To the page they travel as a
    /// `Float32Array`, to a file as numbers and null.
    Numbers(#[cfg_attr(test, ts(type = "Float32Array"))] Vec<f32>),
    /// Names.
    Names(Vec<String>),
}

/// Something a reader can do to a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PokeKind {
    /// Row `index` is moved to (x, y).
    Drag,
    /// A row is made at (x, y).
    Add,
    /// Row `index` is taken away.
    Remove,
    /// Row `index`, at (x, y), is chosen.
    Click,
}

/// What a reader did to a mark; checked against the figure before an exhibit sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Poke {
    /// Name of the figure.
    pub figure: String,
    /// Name of the mark in it.
    pub mark: String,
    /// What was done.
    pub kind: PokeKind,
    /// Row of the mark it was done to; of no meaning in an `add`.
    pub index: u32,
    /// Where, in units of the horizontal axis.
    pub x: f64,
    /// Where, in units of the vertical axis.
    pub y: f64,
}

impl PokeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Drag, Self::Add, Self::Remove, Self::Click];

    /// Its name in messages and addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drag => "drag",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Click => "click",
        }
    }
}

impl fmt::Display for PokeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Vec<f32>> for Column {
    fn from(values: Vec<f32>) -> Self {
        Self::Numbers(values)
    }
}

impl From<&[f32]> for Column {
    #[inline(never)]
    fn from(values: &[f32]) -> Self {
        Self::Numbers(values.to_vec())
    }
}

impl From<Vec<String>> for Column {
    fn from(names: Vec<String>) -> Self {
        Self::Names(names)
    }
}

impl From<Vec<&str>> for Column {
    #[inline(never)]
    fn from(names: Vec<&str>) -> Self {
        Self::Names(names.into_iter().map(str::to_owned).collect())
    }
}

impl Column {
    /// Number of rows.
    pub const fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Names(names) => names.len(),
        }
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Figure {
    /// A plot without marks.
    pub fn plot(id: &'static str, title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self::of_plot(id, title.into(), x, y)
    }

    #[inline(never)]
    fn of_plot(id: &'static str, title: String, x: Axis, y: Axis) -> Self {
        Self::of(id, title, Body::Plot { x, y, color: None, aspect: None, marks: Vec::new() })
    }

    /// A table without columns.
    pub fn table(id: &'static str, title: impl Into<String>) -> Self {
        Self::of(id, title.into(), Body::Table { columns: Vec::new(), highlight: None })
    }

    #[inline(never)]
    const fn of(id: &'static str, title: String, body: Body) -> Self {
        Self { id, title, caption: String::new(), alt: String::new(), width: Width::Half, body }
    }

    /// Has this caption.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        self.with_caption(caption.into())
    }

    #[inline(never)]
    fn with_caption(mut self, caption: String) -> Self {
        self.caption = caption;
        self
    }

    /// Shows this, in words and numbers.
    #[must_use]
    pub fn alt(self, alt: impl Into<String>) -> Self {
        self.with_alt(alt.into())
    }

    #[inline(never)]
    fn with_alt(mut self, alt: String) -> Self {
        self.alt = alt;
        self
    }

    /// Takes a row of its own.
    #[must_use]
    #[inline(never)]
    pub fn full(mut self) -> Self {
        self.width = Width::Full;
        self
    }

    /// Adds a mark in front of those present; a table has none.
    #[must_use]
    #[inline(never)]
    pub fn with(mut self, mark: Mark) -> Self {
        if let Body::Plot { marks, .. } = &mut self.body {
            marks.push(mark);
        }
        self
    }

    /// Colours its marks by this scale; a table has none.
    #[must_use]
    #[inline(never)]
    pub fn color(mut self, scale: Color) -> Self {
        if let Body::Plot { color, .. } = &mut self.body {
            *color = Some(scale);
        }
        self
    }

    /// Has a frame this much higher than wide; a table has none.
    #[must_use]
    #[inline(never)]
    pub fn aspect(mut self, height_over_width: f64) -> Self {
        if let Body::Plot { aspect, .. } = &mut self.body {
            *aspect = Some(height_over_width);
        }
        self
    }

    /// Adds a column at the right of a table; a plot has none.
    #[must_use]
    pub fn column(self, name: impl Into<String>, values: impl Into<Column>) -> Self {
        self.with_column(TableColumn { name: name.into(), values: values.into() })
    }

    #[inline(never)]
    fn with_column(mut self, column: TableColumn) -> Self {
        if let Body::Table { columns, .. } = &mut self.body {
            columns.push(column);
        }
        self
    }

    /// Sets off a row of a table; a plot has none.
    #[must_use]
    #[inline(never)]
    pub fn highlight(mut self, row: usize) -> Self {
        if let Body::Table { highlight, .. } = &mut self.body {
            *highlight = u32::try_from(row).ok();
        }
        self
    }

    /// Its columns, each by mark and channel or by heading, in a fixed order.
    pub fn columns(&self) -> Vec<(String, &Column)> {
        match &self.body {
            Body::Plot { marks, .. } => marks
                .iter()
                .enumerate()
                .flat_map(|(i, mark)| mark.columns().map(move |(at, c)| (format!("{i} {at}"), c)))
                .collect(),
            Body::Table { columns, .. } => {
                columns.iter().map(|c| (c.name.clone(), &c.values)).collect()
            }
        }
    }

    /// The mark of that name.
    pub fn mark(&self, id: &str) -> Option<&Mark> {
        let Body::Plot { marks, .. } = &self.body else { return None };
        marks.iter().find(|mark| !mark.id.is_empty() && mark.id == id)
    }

    /// What is wrong with it, if anything: columns of unequal length, more than
    /// [`MOST_ROWS`] rows or [`MOST_PIXELS`] pixels, marks that can be poked but have no name.
    pub fn fault(&self) -> Option<String> {
        let fault = match &self.body {
            Body::Plot { marks, .. } => marks.iter().find_map(Mark::fault),
            Body::Table { columns, highlight } => {
                let rows = columns.first().map_or(0, |c| c.values.len());
                let uneven = columns.iter().find(|c| c.values.len() != rows);
                uneven
                    .map(|c| format!("column {} has {} rows, not {rows}", c.name, c.values.len()))
                    .or_else(|| {
                        let row = highlight.filter(|row| *row as usize >= rows)?;
                        Some(format!("row {row} of {rows} is highlighted"))
                    })
                    .or_else(|| (rows > MOST_ROWS).then(|| format!("{rows} rows")))
            }
        };
        fault.map(|fault| format!("figure {}: {fault}", self.id))
    }
}

/// Most rows of a mark or a table.
pub const MOST_ROWS: usize = 4096;

/// Most pixels of a raster or cells of a grid of contours.
pub const MOST_PIXELS: usize = 128 * 128;

/// A linear axis.
pub fn linear(label: impl Into<String>) -> Axis {
    Axis { label: label.into(), kind: Scale::Linear, domain: None, hidden: false, whole: false }
}

/// A logarithmic axis.
pub fn log(label: impl Into<String>) -> Axis {
    Axis { kind: Scale::Log, ..linear(label) }
}

/// An axis with one band a name.
pub fn band(label: impl Into<String>) -> Axis {
    Axis { kind: Scale::Band, ..linear(label) }
}

impl Axis {
    /// Runs from `low` to `high`, whatever the data.
    #[must_use]
    #[inline(never)]
    pub fn domain(self, low: f64, high: f64) -> Self {
        Self { domain: Some([low, high]), ..self }
    }

    /// Is not drawn.
    #[must_use]
    #[inline(never)]
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Has places at whole numbers only, to which what is dragged along it goes.
    #[must_use]
    #[inline(never)]
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }
}

impl Color {
    /// One colour a series name, with a legend.
    #[inline(never)]
    pub fn series() -> Self {
        Self { kind: Palette::Series, domain: None, label: String::new(), legend: true }
    }

    /// From little to much, with a legend.
    pub fn sequential(label: impl Into<String>) -> Self {
        Self { kind: Palette::Sequential, label: label.into(), ..Self::series() }
    }

    /// Both ways from a middle, with a legend.
    pub fn diverging(label: impl Into<String>) -> Self {
        Self { kind: Palette::Diverging, label: label.into(), ..Self::series() }
    }

    /// Runs from `low` to `high`, whatever the data.
    #[must_use]
    #[inline(never)]
    pub fn domain(self, low: f64, high: f64) -> Self {
        Self { domain: Some([low, high]), ..self }
    }

    /// Has no legend.
    #[must_use]
    #[inline(never)]
    pub fn without_legend(self) -> Self {
        Self { legend: false, ..self }
    }
}

#[cfg(test)]
mod tests;
