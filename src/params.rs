//! Parameters: one declaration gives the struct, its schema, its controls and its checks.
use crate::error::{Error, Result, clipped};
use serde::Serialize;
use std::{collections::BTreeMap, ops::RangeInclusive};

mod value;

pub use value::{Field, Value};

/// One parameter, as the page needs to know it.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Param {
    /// Field name in `Params`; also the key in messages, addresses and on the command line.
    pub name: &'static str,
    /// Short caption of the control: the name in words, unless given.
    pub label: &'static str,
    /// One sentence for the reader: the doc comment of the field.
    pub doc: &'static str,
    /// Heading it stands under with others; empty: none.
    pub group: &'static str,
    /// A live parameter takes effect at the next step; any other restarts the run.
    pub live: bool,
    /// Unit of the value; empty: a pure number.
    pub unit: &'static str,
    /// Whether its options are the tabs of the exhibit.
    pub tabs: bool,
    /// Tabs beside which it is shown; none: all.
    pub on: &'static [&'static str],
    /// Kind, default and range.
    pub kind: Kind,
    /// What else a text must be, or why it is not.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub check: fn(&str) -> Result<(), String>,
}

/// The kinds of parameter, one control each.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// A slider over reals.
    Float {
        /// Initial value.
        default: f64,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Whether the slider moves in powers of ten.
        log: bool,
    },
    /// A slider over whole numbers.
    Int {
        /// Initial value.
        default: i64,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A check box.
    Toggle {
        /// Initial value.
        default: bool,
    },
    /// A menu.
    Choice {
        /// Initial value.
        default: &'static str,
        /// All values.
        options: &'static [&'static str],
    },
    /// A line of text.
    Text {
        /// Initial value.
        default: &'static str,
        /// Most characters it may have.
        max_len: u32,
    },
    /// A table as comma-separated values, typed, pasted or from a file; empty by default.
    Table {
        /// Nothing.
        default: &'static str,
        /// What a small one looks like.
        example: &'static str,
        /// Most characters it may have.
        max_len: u32,
    },
}

/// A set of parameters; implemented by [`params!`](crate::params!) only.
pub trait ParamSet: Clone + Default + 'static {
    /// The schema, in display order.
    const SCHEMA: &'static [Param];
    /// Sets one parameter by name; on an error nothing is changed.
    fn set(&mut self, name: &str, value: &Value) -> Result<()>;
    /// All values by name.
    fn values(&self) -> BTreeMap<&'static str, Value>;
}

/// A slider over reals; the field is an `f32` or an `f64`.
pub const fn float(default: f64, range: RangeInclusive<f64>) -> Param {
    let (min, max) = (*range.start(), *range.end());
    assert!(min <= default && default <= max, "the default of a parameter is outside its range");
    Param::of(Kind::Float { default, min, max, log: false })
}

/// A slider over positive reals that moves in powers of ten.
pub const fn log_float(default: f64, range: RangeInclusive<f64>) -> Param {
    let (min, max) = (*range.start(), *range.end());
    assert!(min > 0.0, "a logarithmic slider must start above zero");
    assert!(min <= default && default <= max, "the default of a parameter is outside its range");
    Param::of(Kind::Float { default, min, max, log: true })
}

/// A slider over whole numbers; the field is an `i32`, `u32` or `usize`.
pub const fn int(default: i64, range: RangeInclusive<i64>) -> Param {
    let (min, max) = (*range.start(), *range.end());
    assert!(min <= default && default <= max, "the default of a parameter is outside its range");
    Param::of(Kind::Int { default, min, max })
}

/// A check box; the field is a `bool`.
pub const fn toggle(default: bool) -> Param {
    Param::of(Kind::Toggle { default })
}

/// A menu, whose first option is the default; the field is a `&'static str`.
pub const fn choice(options: &'static [&'static str]) -> Param {
    assert!(!options.is_empty(), "a menu needs an option");
    Param::of(Kind::Choice { default: options[0], options })
}

/// A line of text of at most `max_len` characters; the field is a `String`.
pub const fn text(default: &'static str, max_len: u32) -> Param {
    assert!(default.len() <= max_len as usize, "the default of a parameter is too long");
    Param::of(Kind::Text { default, max_len })
}

/// A table as comma-separated values of at most `max_len` characters, empty by default; the field is a
/// `String`. One that is not empty must pass `check`.
pub const fn table(
    example: &'static str,
    max_len: u32,
    check: fn(&str) -> Result<(), String>,
) -> Param {
    Param { check, ..Param::of(Kind::Table { default: "", example, max_len }) }
}

impl Param {
    const fn of(kind: Kind) -> Self {
        Self {
            name: "",
            label: "",
            doc: "",
            group: "",
            live: false,
            unit: "",
            tabs: false,
            on: &[],
            kind,
            check: |_| Ok(()),
        }
    }

    /// Takes effect at the next step, without a restart.
    #[must_use]
    pub const fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// Has this caption instead of its name.
    #[must_use]
    pub const fn label(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// Stands under this heading.
    #[must_use]
    pub const fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// Is the tab that is open, of a menu whose options are the tabs of the exhibit: another tab is
    /// another run, with figures of its own.
    #[must_use]
    pub const fn tabs(self) -> Self {
        assert!(matches!(self.kind, Kind::Choice { .. }), "tabs are the options of a menu");
        Self { tabs: true, ..self }
    }

    /// Is shown beside these tabs only.
    #[must_use]
    pub const fn on(self, tabs: &'static [&'static str]) -> Self {
        Self { on: tabs, ..self }
    }

    /// Is measured in this unit.
    #[must_use]
    pub const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Fills in what the macro knows.
    #[doc(hidden)]
    #[must_use]
    pub const fn named(self, name: &'static str, words: &'static str, doc: &'static str) -> Self {
        let label = if self.label.is_empty() { words } else { self.label };
        Self { name, label, doc: doc.trim_ascii(), ..self }
    }

    /// Reads a value as this parameter allows.
    pub fn read<T: Field>(&self, value: &Value) -> Result<T> {
        if let (Kind::Table { .. }, Value::Text(text)) = (&self.kind, value)
            && !text.is_empty()
        {
            let fault = |reason| Error::Table { name: self.name.to_owned(), reason };
            (self.check)(text).map_err(fault)?;
        }
        T::read(&self.kind, value).ok_or_else(|| Error::Value {
            name: self.name.to_owned(),
            value: value.to_string(),
            allowed: self.kind.allowed(),
        })
    }
}

/// Positions of a slider over reals from end to end.
const NOTCHES: f64 = 400.0;

impl Kind {
    /// The allowed value nearest to a number, with no more digits than a slider can tell apart; of what
    /// is no number the default.
    pub fn nearest(&self, x: f64) -> Value {
        match *self {
            Self::Float { min, max, log, .. } => {
                let x = x.clamp(min, max);
                let step = if log { x / 100.0 } else { (max - min) / NOTCHES };
                let (mut digits, mut unit) = (0, 1.0);
                while unit > step && digits < 12 {
                    (digits, unit) = (digits + 1, unit / 10.0);
                }
                let short = format!("{x:.digits$}").parse().unwrap_or(x);
                Value::Number(f64::clamp(short, min, max))
            }
            Self::Int { min, max, .. } => Value::Number(x.round().clamp(min as f64, max as f64)),
            Self::Toggle { default } => Value::Toggle(default),
            Self::Choice { default, .. }
            | Self::Text { default, .. }
            | Self::Table { default, .. } => Value::Text(default.to_owned()),
        }
    }

    /// The allowed values, in words.
    pub fn allowed(&self) -> String {
        match *self {
            Self::Float { min, max, .. } => format!("a number from {min} to {max}"),
            Self::Int { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Toggle { .. } => "true or false".to_owned(),
            Self::Choice { options, .. } => match options {
                [one] => (*one).to_owned(),
                [first @ .., last] => format!("{} or {last}", first.join(", ")),
                [] => "nothing".to_owned(),
            },
            Self::Text { max_len, .. } | Self::Table { max_len, .. } => {
                format!("text of at most {max_len} characters")
            }
        }
    }
}

/// The parameter of that name.
pub fn find<'a>(schema: &'a [Param], name: &str) -> Result<&'a Param> {
    schema
        .iter()
        .find(|p| p.name == name)
        .ok_or_else(|| Error::unlisted("parameter", name, schema.iter().map(|p| p.name)))
}

/// A name with spaces for its underscores; `N` is its length in bytes.
#[doc(hidden)]
pub const fn spaced<const N: usize>(name: &str) -> [u8; N] {
    let mut words = [b' '; N];
    let mut i = 0;
    while i < N {
        if name.as_bytes()[i] != b'_' {
            words[i] = name.as_bytes()[i];
        }
        i += 1;
    }
    words
}

/// Declares `Params`: each line is a field, its control, and (as doc comment) its caption.
///
/// ```
/// use orrery::params::{self, choice, float};
///
/// orrery::params! {
///     /// Step size.
///     alpha: f32 = float(0.05, 0.0..=1.0).live();
///     /// Loss surface.
///     surface: &'static str = choice(&["ravine", "bowl"]).group("problem");
/// }
///
/// assert_eq!(Params::default().alpha, 0.05);
/// assert_eq!(<Params as params::ParamSet>::SCHEMA[1].group, "problem");
/// ```
#[macro_export]
macro_rules! params {
    ($( $( #[doc = $doc:literal] )+ $name:ident: $ty:ty = $control:expr; )*) => {
        /// Parameters of this exhibit.
        #[derive(Clone, Debug)]
        pub struct Params {
            $( $( #[doc = $doc] )+ pub $name: $ty, )*
        }

        impl $crate::params::ParamSet for Params {
            const SCHEMA: &'static [$crate::params::Param] = &[$( $control.named(
                stringify!($name),
                {
                    const WORDS: [u8; stringify!($name).len()] =
                        $crate::params::spaced(stringify!($name));
                    match str::from_utf8(&WORDS) {
                        Ok(words) => words,
                        Err(_) => stringify!($name),
                    }
                },
                concat!($($doc),+),
            ), )*];

            fn set(
                &mut self,
                name: &str,
                value: &$crate::params::Value,
            ) -> $crate::error::Result<()> {
                let param = $crate::params::find(Self::SCHEMA, name)?;
                $( if param.name == stringify!($name) {
                    self.$name = param.read(value)?;
                } )*
                Ok(())
            }

            fn values(
                &self,
            ) -> std::collections::BTreeMap<&'static str, $crate::params::Value> {
                [$( (stringify!($name), $crate::params::Field::value(&self.$name)), )*].into()
            }
        }

        impl Default for Params {
            fn default() -> Self {
                Self { $( $name: $crate::params::Field::default(&$control.kind), )* }
            }
        }
    };
}

#[cfg(test)]
mod tests;
