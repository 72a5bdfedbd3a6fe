//! What types become as forms, what no form can be made of, and which answers fit.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "not shown", description = "Not shown.")]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Everything {
    /// Your name.
    #[schemars(title = "Name", length(min = 1, max = 20))]
    name: String,
    #[schemars(email)]
    email: Option<String>,
    #[serde(default = "thirty")]
    age: u8,
    score: f64,
    #[schemars(range(min = 0.5))]
    ratio: Option<f32>,
    #[serde(default)]
    verified: bool,
    initial: char,
    plain: Plain,
    /// Which one.
    titled: Option<Titled>,
    /// Several.
    #[schemars(length(min = 1, max = 2))]
    list: Vec<Plain>,
    #[serde(default)]
    set: BTreeSet<Titled>,
    mixed: Mixed,
}

const fn thirty() -> u8 {
    30
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Plain {
    Red,
    Green,
}

/// Documentation of the type.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
enum Titled {
    /// The red one.
    Red,
    /// Not this text.
    #[schemars(title = "The green one")]
    Green,
}

#[derive(Deserialize, JsonSchema)]
enum Mixed {
    Silent,
    /// Told.
    Documented,
}

#[test]
fn a_type_becomes_a_form_in_the_words_of_the_specification() {
    let one_of = json!([{"const": "Red", "title": "The red one."}, {"const": "Green", "title": "The green one"}]);
    let expected = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name", "description": "Your name.", "minLength": 1, "maxLength": 20},
            "email": {"type": "string", "format": "email"},
            "age": {"type": "integer", "minimum": 0, "maximum": 255, "default": 30},
            "score": {"type": "number"},
            "ratio": {"type": "number", "minimum": 0.5},
            "verified": {"type": "boolean", "default": false},
            "initial": {"type": "string", "minLength": 1, "maxLength": 1},
            "plain": {"type": "string", "enum": ["red", "green"]},
            "titled": {"type": "string", "description": "Which one.", "oneOf": one_of},
            "list": {"type": "array", "description": "Several.", "minItems": 1, "maxItems": 2,
                     "items": {"type": "string", "enum": ["red", "green"]}},
            "set": {"type": "array", "default": [], "items": {"anyOf": one_of}},
            "mixed": {"type": "string", "oneOf": [
                {"const": "Silent", "title": "Silent"}, {"const": "Documented", "title": "Told."}]},
        },
        "required": ["name", "score", "initial", "plain", "list", "mixed"],
    });
    assert_eq!(Form::of::<Everything>().unwrap().schema, expected);
}

#[derive(JsonSchema)]
struct Nothing {}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct With<T> {
    member: T,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
enum WithData {
    One { a: i64 },
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Patterned {
    #[schemars(regex(pattern = "^a+$"))]
    member: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Recursive {
    member: Option<Box<Self>>,
}

#[test]
fn what_is_not_flat_is_no_form() {
    let not_flat = || Some(QuestionError::NotFlat { member: "member".into() });
    let keyword = QuestionError::Keyword { member: "member".into(), keyword: "pattern".into() };
    let cases = [
        ("no members", Form::of::<Nothing>().err(), None),
        ("a text", Form::of::<With<String>>().err(), None),
        ("no object", Form::of::<String>().err(), Some(QuestionError::NotAnObject)),
        ("an enum with data", Form::of::<WithData>().err(), Some(QuestionError::NotAnObject)),
        ("a map", Form::of::<HashMap<String, String>>().err(), Some(QuestionError::NotAnObject)),
        ("nested", Form::of::<With<With<i64>>>().err(), not_flat()),
        ("nested, or nothing", Form::of::<With<Option<With<i64>>>>().err(), not_flat()),
        ("a list of texts", Form::of::<With<Vec<String>>>().err(), not_flat()),
        ("a choice with data", Form::of::<With<WithData>>().err(), not_flat()),
        ("anything", Form::of::<With<Value>>().err(), not_flat()),
        ("a tuple", Form::of::<With<(i64, i64)>>().err(), not_flat()),
        ("itself", Form::of::<Recursive>().err(), not_flat()),
        ("a pattern", Form::of::<Patterned>().err(), Some(keyword)),
    ];
    for (name, fault, expected) in cases {
        assert_eq!(fault, expected, "{name}");
    }
}

#[test]
fn a_schema_that_is_data_stays_as_it_is_or_is_refused() {
    let with = |member: Value| json!({"type": "object", "properties": {"member": member}});
    let kept = [
        json!({"type": "object", "properties": {}}),
        with(json!({"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"], "default": "a"})),
        with(json!({"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}})),
        with(json!({"type": "string", "pattern": "^a+$"})),
    ];
    for schema in kept {
        assert_eq!(Form::new(schema.clone()).unwrap().schema, schema);
    }
    let not_flat = || QuestionError::NotFlat { member: "member".into() };
    let refused = [
        (json!({"type": "object"}), QuestionError::NotAnObject),
        (json!([]), QuestionError::NotAnObject),
        (json!({"properties": {}}), QuestionError::Schema(crate::SchemaError::NotForObjects)),
        (with(json!({"type": "object", "properties": {}})), not_flat()),
        (with(json!({"type": "array", "items": {"type": "string"}})), not_flat()),
        (with(json!({"type": ["string", "null"]})), not_flat()),
        (with(json!({"$ref": "#"})), not_flat()),
        (with(json!(true)), not_flat()),
    ];
    for (schema, expected) in refused {
        assert_eq!(Form::new(schema.clone()).unwrap_err(), expected, "{schema}");
    }
    let invalid = Form::new(with(json!({"type": "string", "minLength": "x"})));
    assert!(matches!(invalid, Err(QuestionError::Schema(_))), "{invalid:?}");
}

#[test]
fn answers_are_checked_and_completed() {
    let form = Form::new(json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "age": {"type": "integer", "default": 30},
            "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
            "many": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 1},
        },
        "required": ["name", "age"]
    }));
    let form = form.unwrap();
    let cases = [
        (json!({"name": "x"}), Some(json!({"name": "x", "age": 30, "color": "red"}))),
        (json!({"name": "x", "age": 3.0}), Some(json!({"name": "x", "age": 3, "color": "red"}))),
        (json!({"name": "x", "unknown": {"a": 1}}), Some(json!({"name": "x", "age": 30, "color": "red"}))),
        (
            json!({"name": "x", "age": -1, "color": "green", "many": ["b"]}),
            Some(json!({"name": "x", "age": -1, "color": "green", "many": ["b"]})),
        ),
        (json!({}), None),
        (json!({"name": ""}), None),
        (json!({"name": 1}), None),
        (json!({"name": "x", "age": 3.5}), None),
        (json!({"name": "x", "age": null}), None),
        (json!({"name": "x", "color": "blue"}), None),
        (json!({"name": "x", "many": ["a", "b"]}), None),
    ];
    for (content, expected) in cases {
        assert_eq!(form.read(content.as_object().cloned()).map(Value::Object), expected, "{content}");
    }
    assert_eq!(form.read(None), None, "the name is missing");
}
