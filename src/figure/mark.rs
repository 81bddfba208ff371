//! Marks: the name of a Plot function, columns by channel, constants by option.
//!
//! What builds them is kept out of line: inlined into the figures of every exhibit it doubles the wasm.
use super::{Column, MOST_PIXELS, MOST_ROWS, PokeKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// A mark of a plot.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Mark {
    /// Name of the Plot function.
    pub mark: &'static str,
    /// Name of the mark in its figure; empty unless it can be poked.
    pub id: &'static str,
    /// Columns by channel, all of one length.
    pub channels: BTreeMap<&'static str, Column>,
    /// Constants by option; a colour may be the name of a series.
    pub options: BTreeMap<&'static str, Constant>,
    /// What a reader can do to its rows.
    pub pokes: Vec<PokeKind>,
    /// Parameters that a poke sets to its place, instead of reaching the exhibit.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub sets: Vec<(Direction, &'static str)>,
}

/// A direction in a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the right.
    X,
    /// Up.
    Y,
}

/// A constant of a mark.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Constant {
    /// A number.
    Number(f64),
    /// True or false.
    Toggle(bool),
    /// A name: of a series, a colour, a curve.
    Name(String),
}

/// What a channel is given: a value a row, or one for all.
#[derive(Clone, Debug)]
pub enum Encoding {
    /// A value a row.
    Rows(Column),
    /// One value for all rows.
    All(Constant),
}

impl From<f64> for Constant {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        Self::Toggle(value)
    }
}

impl From<&str> for Constant {
    fn from(value: &str) -> Self {
        Self::Name(value.to_owned())
    }
}

impl From<String> for Constant {
    fn from(value: String) -> Self {
        Self::Name(value)
    }
}

macro_rules! encodings {
    ($($ty:ty => $variant:ident;)*) => { $(
        impl From<$ty> for Encoding {
            fn from(value: $ty) -> Self {
                Self::$variant(value.into())
            }
        }
    )* };
}

encodings! {
    Column => Rows;
    Vec<f32> => Rows;
    &[f32] => Rows;
    Vec<String> => Rows;
    Vec<&str> => Rows;
    f64 => All;
    bool => All;
    &str => All;
    String => All;
}

macro_rules! marks {
    ($($(#[doc = $doc:literal])* $name:ident => $plot:literal;)*) => {
        /// Every name that [`Mark::mark`] can have.
        pub const MARKS: &[&str] = &[$($plot,)* "raster", "contour"];
        $(
            $(#[doc = $doc])*
            pub fn $name() -> Mark {
                Mark::new($plot)
            }
        )*
    };
}

marks! {
    /// Points joined in order, one line a `z`.
    line => "line";
    /// A line over x, one y an x.
    line_y => "lineY";
    /// Separate points.
    dot => "dot";
    /// The area between `y1` and `y2`, or under `y`.
    area_y => "areaY";
    /// Upright bars over bands.
    bar_y => "barY";
    /// Lying bars over bands.
    bar_x => "barX";
    /// Cells of a grid of two bands.
    cell => "cell";
    /// Rectangles from (`x1`, `y1`) to (`x2`, `y2`).
    rect => "rect";
    /// Arrows from (`x1`, `y1`) to (`x2`, `y2`).
    arrow => "arrow";
    /// Words.
    text => "text";
    /// Upright rules.
    rule_x => "ruleX";
    /// Lying rules.
    rule_y => "ruleY";
    /// Upright ticks.
    tick_x => "tickX";
    /// Lying ticks.
    tick_y => "tickY";
    /// Straight links from (`x1`, `y1`) to (`x2`, `y2`).
    link => "link";
    /// Closed outlines, one polygon a `z`.
    polygon => "polygon";
}

/// An image of `width` by `height` numbers in rows from the lowest, filling the box from
/// (`x1`, `y1`) to (`x2`, `y2`); its channel is `fill`.
pub fn raster(width: usize, height: usize, [x1, y1, x2, y2]: [f64; 4]) -> Mark {
    Mark::new("raster").grid(width, height, [x1, y1, x2, y2])
}

/// Lines of equal value of `width` by `height` numbers, laid out as those of a [`raster`].
pub fn contour(width: usize, height: usize, [x1, y1, x2, y2]: [f64; 4]) -> Mark {
    Mark::new("contour").grid(width, height, [x1, y1, x2, y2])
}

macro_rules! channels {
    ($($(#[doc = $doc:literal])* $name:ident => $plot:literal;)*) => {
        impl Mark { $(
            $(#[doc = $doc])*
            #[must_use]
            pub fn $name(self, encoding: impl Into<Encoding>) -> Self {
                self.encode($plot, encoding.into())
            }
        )* }
    };
}

channels! {
    /// Horizontal position.
    x => "x";
    /// Vertical position.
    y => "y";
    /// Horizontal position of the start.
    x1 => "x1";
    /// Vertical position of the start.
    y1 => "y1";
    /// Horizontal position of the end.
    x2 => "x2";
    /// Vertical position of the end.
    y2 => "y2";
    /// Colour of the inside: numbers on the colour scale, or names of series.
    fill => "fill";
    /// Colour of the outline: numbers on the colour scale, or names of series.
    stroke => "stroke";
    /// What separates one line or polygon from the next.
    z => "z";
    /// Radius, in pixels.
    r => "r";
    /// Words to set.
    text => "text";
    /// Words shown when pointed at.
    title => "title";
    /// What a row is about: pointing at one sets off the rows of all figures with the same key.
    key => "key";
    /// Opacity of all, 0 to 1.
    opacity => "opacity";
    /// Opacity of the inside, 0 to 1.
    fill_opacity => "fillOpacity";
    /// Opacity of the outline, 0 to 1.
    stroke_opacity => "strokeOpacity";
    /// Width of the outline, in pixels.
    stroke_width => "strokeWidth";
    /// Form of a dot, by name.
    symbol => "symbol";
    /// Turn about the position, in degrees clockwise.
    rotate => "rotate";
}

impl Mark {
    #[inline(never)]
    const fn new(mark: &'static str) -> Self {
        Self {
            mark,
            id: "",
            channels: BTreeMap::new(),
            options: BTreeMap::new(),
            pokes: Vec::new(),
            sets: Vec::new(),
        }
    }

    #[inline(never)]
    fn grid(self, width: usize, height: usize, [x1, y1, x2, y2]: [f64; 4]) -> Self {
        self.option("width", width as f64)
            .option("height", height as f64)
            .option("x1", x1)
            .option("y1", y1)
            .option("x2", x2)
            .option("y2", y2)
    }

    #[inline(never)]
    fn encode(mut self, channel: &'static str, encoding: Encoding) -> Self {
        match encoding {
            Encoding::Rows(column) => {
                self.channels.insert(channel, column);
            }
            Encoding::All(constant) => {
                self.options.insert(channel, constant);
            }
        }
        self
    }

    /// Sets an option of the Plot function by Plot's own name: `strokeDasharray`, `curve`, `dx`,
    /// `inset`, `fontSize`, `textAnchor`, ...
    #[must_use]
    pub fn option(self, name: &'static str, value: impl Into<Constant>) -> Self {
        self.encode(name, Encoding::All(value.into()))
    }

    /// Has a name, under which a reader can do these things to its rows.
    #[must_use]
    #[inline(never)]
    pub fn poked(self, id: &'static str, kinds: &[PokeKind]) -> Self {
        Self { id, pokes: kinds.to_vec(), ..self }
    }

    /// Sets this parameter, which should be live, to where it is dragged along the horizontal axis;
    /// to where it is clicked if it was [poked](Self::poked) so before.
    #[must_use]
    pub fn sets_x(self, name: &'static str) -> Self {
        self.setting(Direction::X, name)
    }

    /// As [`Self::sets_x`], along the vertical axis.
    #[must_use]
    pub fn sets_y(self, name: &'static str) -> Self {
        self.setting(Direction::Y, name)
    }

    #[inline(never)]
    fn setting(self, direction: Direction, name: &'static str) -> Self {
        let mut mark = if self.id.is_empty() { self.poked(name, &[PokeKind::Drag]) } else { self };
        mark.sets.push((direction, name));
        mark
    }

    /// Its columns by channel, in a fixed order.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &Column)> {
        self.channels.iter().map(|(channel, column)| (*channel, column))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.channels.values().next().map_or(0, Column::len)
    }

    pub(super) fn fault(&self) -> Option<String> {
        let rows = self.rows();
        let uneven = self.channels.iter().find(|(_, column)| column.len() != rows);
        let side = |name| match self.options.get(name) {
            Some(Constant::Number(n)) => *n as usize,
            _ => 0,
        };
        let grid = matches!(self.mark, "raster" | "contour");
        let fault = if let Some((channel, column)) = uneven {
            format!("channel {channel} has {} rows, not {rows}", column.len())
        } else if grid && rows != side("width") * side("height") {
            format!("{rows} numbers do not fill {} by {}", side("width"), side("height"))
        } else if rows > if grid { MOST_PIXELS } else { MOST_ROWS } {
            format!("{rows} rows are too many")
        } else if self.id.is_empty() != self.pokes.is_empty() {
            "a mark has a name exactly if it can be poked".to_owned()
        } else {
            return None;
        };
        Some(format!("{}: {fault}", self.mark))
    }
}
