//! What a parameter takes and what it says to the rest.
#![expect(unreachable_pub, reason = "params! declares for the public modules of exhibits")]
use super::{ParamSet, Value, choice, float, int, log_float, text, toggle};
use std::borrow::Borrow;

crate::params! {
    /// Step size α.
    step_size: f32 = log_float(0.05, 1e-4..=1.0).live().unit("1/s");
    /// Decay of the
    /// first moment.
    beta: f64 = float(0.9, 0.0..=0.999).group("moments").label("β");
    /// Coordinates.
    dims: usize = int(2, 1..=64);
    /// Whether to correct.
    correct: bool = toggle(true);
    /// Loss surface.
    surface: &'static str = choice(&["ravine", "bowl", "egg box"]);
    /// Words to read.
    words: String = text("hello", 8);
}

fn set(name: &str, value: impl Borrow<Value>) -> Result<Params, String> {
    let mut params = Params::default();
    params.set(name, value.borrow()).map(|()| params).map_err(|e| e.to_string())
}

fn text_of(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn the_schema_says_what_the_declaration_says() {
    let [step_size, beta, ..] = Params::SCHEMA else { panic!("six parameters") };
    assert_eq!(
        (step_size.label, step_size.doc, step_size.unit),
        ("step size", "Step size α.", "1/s")
    );
    assert!(step_size.live && !beta.live, "only the first is live");
    assert_eq!((beta.label, beta.doc, beta.group), ("β", "Decay of the first moment.", "moments"));
}

#[test]
fn values_are_those_declared_and_print_short() {
    let values = Params::default().values();
    assert_eq!(values["step_size"], Value::Number(0.05), "the f32 0.05 is shown as 0.05");
    assert_eq!(values["surface"], text_of("ravine"));
    assert_eq!(values["words"], text_of("hello"));
    assert_eq!(values.len(), 6, "all six");
}

#[test]
fn numbers_and_their_spellings_are_read() {
    for value in [Value::Number(0.25), text_of("0.25"), text_of(" 25e-2 ")] {
        assert_eq!(set("step_size", &value).unwrap().step_size, 0.25, "{value}");
        assert_eq!(set("beta", &value).unwrap().beta, 0.25, "{value}");
    }
    assert_eq!(set("dims", text_of("64")).unwrap().dims, 64);
    assert!(!set("correct", text_of("false")).unwrap().correct, "spelled out");
    assert_eq!(set("surface", text_of("egg box")).unwrap().surface, "egg box");
    assert_eq!(set("words", text_of("ünïcödé!")).unwrap().words, "ünïcödé!");
}

#[test]
fn bounds_belong_to_the_range() {
    for end in [1e-4, 1.0] {
        assert!(set("step_size", Value::Number(end)).is_ok(), "{end}");
    }
    for beyond in [0.0, 9.9e-5, 1.000_001, f64::NAN, f64::INFINITY, -1.0] {
        assert!(set("step_size", Value::Number(beyond)).is_err(), "{beyond}");
    }
}

#[test]
fn a_refusal_names_field_value_and_what_is_allowed() {
    let cases = [
        (
            "step_size",
            Value::Number(7.0),
            "step_size cannot be 7; allowed is a number from 0.0001 to 1",
        ),
        (
            "beta",
            Value::Number(f64::NAN),
            "beta cannot be NaN; allowed is a number from 0 to 0.999",
        ),
        ("beta", text_of("fast"), "beta cannot be \"fast\"; allowed is a number from 0 to 0.999"),
        ("dims", Value::Number(2.5), "dims cannot be 2.5; allowed is a whole number from 1 to 64"),
        (
            "dims",
            Value::Number(1e300),
            "dims cannot be 1e300; allowed is a whole number from 1 to 64",
        ),
        (
            "dims",
            Value::Other("a list"),
            "dims cannot be a list; allowed is a whole number from 1 to 64",
        ),
        ("correct", Value::Number(1.0), "correct cannot be 1; allowed is true or false"),
        (
            "surface",
            text_of("Bowl"),
            "surface cannot be \"Bowl\"; allowed is ravine, bowl or egg box",
        ),
        (
            "words",
            text_of("too\nlong text"),
            "words cannot be \"too long text\"; allowed is text of at most 8 characters",
        ),
        (
            "gamma",
            Value::Number(1.0),
            "no parameter is named gamma; there are step_size, beta, dims, correct, surface, words",
        ),
    ];
    for (name, value, sentence) in cases {
        assert_eq!(set(name, value).unwrap_err(), sentence);
    }
}

#[test]
fn a_hostile_text_does_not_fill_the_sentence() {
    let message = set("surface", text_of(&"x".repeat(1 << 20))).unwrap_err();
    assert!(message.len() < 200, "{} bytes", message.len());
}

#[test]
fn anything_parses_as_a_value() {
    let value = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    assert_eq!(value("3"), Value::Number(3.0));
    assert_eq!(value("-2.5"), Value::Number(-2.5));
    assert_eq!(value("true"), Value::Toggle(true));
    assert_eq!(value("\"a\""), text_of("a"));
    assert_eq!(value("null"), Value::Other("nothing"));
    assert_eq!(value("[1, [2], {}]"), Value::Other("a list"));
    assert_eq!(value("{\"a\": {\"b\": []}}"), Value::Other("an object"));
}
