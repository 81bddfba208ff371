//! A parameter's value: as it travels, and as the type of its field.
use super::{Kind, clipped};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// A value as it travels between page, address, command line and parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// True or false.
    Toggle(bool),
    /// Text; read as the schema says where it comes from an address or the command line.
    Text(String),
    /// Anything else, in words: never allowed, but worth a sentence that says what came.
    #[cfg_attr(test, ts(skip))]
    Other(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) if x.abs() < 1e15 || !x.is_finite() => write!(f, "{x}"),
            Self::Number(x) => write!(f, "{x:e}"),
            Self::Toggle(on) => write!(f, "{on}"),
            Self::Text(text) if self.number().is_some() => f.write_str(&clipped(text)),
            Self::Text(text) => write!(f, "\"{}\"", clipped(text)),
            Self::Other(words) => f.write_str(words),
        }
    }
}

impl Value {
    /// The number it is, or that its text spells.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The whole number it is, or that its text spells, if it is within the range.
    pub fn whole(&self, min: i64, max: i64) -> Option<i64> {
        let whole = self.number().filter(|x| x.fract() == 0.0 && x.abs() < 9e15)? as i64;
        (min..=max).contains(&whole).then_some(whole)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Takes whatever comes, so that the schema can say what was wrong with it.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, true or false, or text")
    }

    fn visit_bool<E>(self, on: bool) -> Result<Value, E> {
        Ok(Value::Toggle(on))
    }

    fn visit_i64<E>(self, x: i64) -> Result<Value, E> {
        Ok(Value::Number(x as f64))
    }

    fn visit_u64<E>(self, x: u64) -> Result<Value, E> {
        Ok(Value::Number(x as f64))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Number(x))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Other("bytes"))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other("nothing"))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Other("nothing"))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}

/// A Rust type that a control can set.
pub trait Field: Sized {
    /// The default of a kind.
    fn default(kind: &Kind) -> Self;
    /// A value that came, if the kind allows it.
    fn read(kind: &Kind, value: &Value) -> Option<Self>;
    /// The value, to travel.
    fn value(&self) -> Value;
}

impl Field for f64 {
    fn default(kind: &Kind) -> Self {
        let Kind::Float { default, .. } = *kind else { mismatch() };
        default
    }

    fn read(kind: &Kind, value: &Value) -> Option<Self> {
        let Kind::Float { min, max, .. } = *kind else { mismatch() };
        value.number().filter(|x| (min..=max).contains(x))
    }

    fn value(&self) -> Value {
        Value::Number(*self)
    }
}

impl Field for f32 {
    fn default(kind: &Kind) -> Self {
        <f64 as Field>::default(kind) as Self
    }

    fn read(kind: &Kind, value: &Value) -> Option<Self> {
        <f64 as Field>::read(kind, value).map(|x| x as Self)
    }

    fn value(&self) -> Value {
        // The shortest decimal that is this f32, so that 0.05 is shown and shared as 0.05.
        Value::Number(self.to_string().parse().unwrap_or(f64::from(*self)))
    }
}

macro_rules! whole_fields {
    ($($ty:ty),*) => { $(
        impl Field for $ty {
            fn default(kind: &Kind) -> Self {
                let Kind::Int { default, .. } = *kind else { mismatch() };
                default as Self
            }

            fn read(kind: &Kind, value: &Value) -> Option<Self> {
                let Kind::Int { min, max, .. } = *kind else { mismatch() };
                Self::try_from(value.whole(min, max)?).ok()
            }

            fn value(&self) -> Value {
                Value::Number(*self as f64)
            }
        }
    )* };
}

whole_fields!(i32, u32, usize);

impl Field for bool {
    fn default(kind: &Kind) -> Self {
        let Kind::Toggle { default } = *kind else { mismatch() };
        default
    }

    fn read(_: &Kind, value: &Value) -> Option<Self> {
        match value {
            Value::Toggle(on) => Some(*on),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::Toggle(*self)
    }
}

impl Field for &'static str {
    fn default(kind: &Kind) -> Self {
        let Kind::Choice { default, .. } = *kind else { mismatch() };
        default
    }

    fn read(kind: &Kind, value: &Value) -> Option<Self> {
        let Kind::Choice { options, .. } = *kind else { mismatch() };
        let Value::Text(text) = value else { return None };
        options.iter().copied().find(|option| option == text)
    }

    fn value(&self) -> Value {
        Value::Text((*self).to_owned())
    }
}

impl Field for String {
    fn default(kind: &Kind) -> Self {
        let (Kind::Text { default, .. } | Kind::Table { default, .. }) = *kind else { mismatch() };
        default.to_owned()
    }

    fn read(kind: &Kind, value: &Value) -> Option<Self> {
        let (Kind::Text { max_len, .. } | Kind::Table { max_len, .. }) = *kind else { mismatch() };
        let Value::Text(text) = value else { return None };
        text.chars().nth(max_len as usize).is_none().then(|| text.clone())
    }

    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

fn mismatch() -> ! {
    unreachable!("the control of a parameter does not fit its type")
}
