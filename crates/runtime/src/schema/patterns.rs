//! A schema without the patterns that a linear-time engine cannot follow.

use serde_json::{Map, Value};

/// Keywords whose values are data, in which nothing is a keyword.
pub(super) const DATA: [&str; 5] = ["const", "enum", "default", "examples", "example"];

/// What is left of a schema without such patterns: it accepts all that the schema accepts, and more.
pub(super) fn without_nonlinear(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(object(members)),
        Value::Array(items) => items.iter().map(without_nonlinear).collect(),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Map<String, Value> {
    // Which names are additional is not known without all the patterns.
    let names_unknown = matches!(members.get("patternProperties"),
        Some(Value::Object(patterns)) if patterns.keys().any(|pattern| !is_linear(pattern)));
    let mut kept = Map::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("pattern", Value::String(pattern)) if !is_linear(pattern) => {}
            ("patternProperties" | "additionalProperties" | "unevaluatedProperties", _) if names_unknown => {}
            (name, value) if DATA.contains(&name) => {
                kept.insert(name.to_owned(), value.clone());
            }
            (name, value) => {
                kept.insert(name.to_owned(), without_nonlinear(value));
            }
        }
    }
    kept
}

/// Whether the engine that schemas are compiled with takes the pattern. Asked of the schema library itself, which
/// translates from the patterns of JavaScript.
fn is_linear(pattern: &str) -> bool {
    let schema = serde_json::json!({ "pattern": pattern });
    jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex()).build(&schema).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Schema, SchemaLimits};
    use super::*;

    #[test]
    fn only_patterns_with_look_around_go() {
        let email = "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_]+)@example$";
        let schema = json!({"type": "object", "properties": {
            "email": {"type": "string", "pattern": email},
            "code": {"type": "string", "pattern": "^[A-Z]+$"},
            "pattern": {"type": "string", "default": {"pattern": email}},
            "map": {"type": "object", "patternProperties": {"(?=a)": {}, "b": {}}, "additionalProperties": false}
        }});
        assert_eq!(
            without_nonlinear(&schema),
            json!({"type": "object", "properties": {
                "email": {"type": "string"},
                "code": {"type": "string", "pattern": "^[A-Z]+$"},
                "pattern": {"type": "string", "default": {"pattern": email}},
                "map": {"type": "object"}
            }})
        );
        let limits = SchemaLimits::default();
        assert!(Schema::of_arguments(&schema, &limits).is_err());
        let lenient = Schema::of_arguments_leniently(&schema, &limits).unwrap();
        assert!(lenient.check(&json!({"email": "..@example", "code": "A"})).is_ok());
        assert!(lenient.check(&json!({"email": 1})).is_err());
        assert!(lenient.check(&json!({"code": "a"})).is_err());
    }

    #[test]
    fn what_is_wrong_otherwise_stays_wrong() {
        for schema in
            [json!({"type": "object", "required": 1}), json!({"type": "object", "$ref": "http://127.0.0.1/x"})]
        {
            assert!(Schema::of_arguments_leniently(&schema, &SchemaLimits::default()).is_err(), "{schema}");
        }
    }
}
