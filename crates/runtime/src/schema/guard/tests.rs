//! What the guard refuses, and that what it lets through can be checked.

use outboard_protocol::jsonrpc::NESTING_MAX;
use serde_json::{Map, json};

use super::*;
use crate::schema::Schema;

const LIMITS: SchemaLimits = SchemaLimits { bytes_max: 10_000, depth_max: 8, expanded_nodes_max: 500, levels_max: 32 };

const DRAFT_7: &str = "http://json-schema.org/draft-07/schema#";

/// The ways to write a reference to the schema `d<step>` in a schema that [`chain`] makes.
#[derive(Clone, Copy, Debug)]
enum Written {
    Pointer,
    Encoded,
    ById,
    ByEmbeddedId,
    ByRelativeId,
    ByAnchor,
    ByDynamicAnchor,
    ByDraft7Anchor,
}

const ALL: [Written; 8] = [
    Written::Pointer,
    Written::Encoded,
    Written::ById,
    Written::ByEmbeddedId,
    Written::ByRelativeId,
    Written::ByAnchor,
    Written::ByDynamicAnchor,
    Written::ByDraft7Anchor,
];

impl Written {
    fn reference(self, step: usize) -> Value {
        match self {
            Self::Pointer => json!({"$ref": format!("#/$defs/d{step}")}),
            Self::Encoded => json!({"$ref": format!("#/%24defs/%64{step}")}),
            Self::ById => json!({"$ref": format!("http://a.example/s#/$defs/d{step}")}),
            Self::ByEmbeddedId => json!({"$ref": format!("http://b.example/d{step}")}),
            Self::ByRelativeId => json!({"$ref": format!("d{step}")}),
            Self::ByDynamicAnchor => json!({"$dynamicRef": format!("#d{step}")}),
            Self::ByAnchor | Self::ByDraft7Anchor => json!({"$ref": format!("#d{step}")}),
        }
    }

    fn named(self, step: usize, mut schema: Value) -> Value {
        let (keyword, name) = match self {
            Self::Pointer | Self::Encoded | Self::ById => return schema,
            Self::ByEmbeddedId => ("$id", format!("http://b.example/d{step}")),
            Self::ByRelativeId => ("$id", format!("d{step}")),
            Self::ByAnchor => ("$anchor", format!("d{step}")),
            Self::ByDynamicAnchor => ("$dynamicAnchor", format!("d{step}")),
            Self::ByDraft7Anchor => ("$id", format!("#d{step}")),
        };
        schema[keyword] = name.into();
        schema
    }
}

/// Each definition names the next one `times` times.
fn chain(written: Written, length: usize, times: usize) -> Value {
    let mut definitions = Map::new();
    for step in 0..length {
        let next = vec![written.reference(step + 1); times];
        definitions.insert(format!("d{step}"), written.named(step, json!({"allOf": next})));
    }
    definitions.insert(format!("d{length}"), written.named(length, json!({"type": "object"})));
    let keyword = if matches!(written, Written::ByDraft7Anchor) { "definitions" } else { "$defs" };
    let mut schema = json!({"type": "object", "allOf": [written.reference(0)], keyword: definitions});
    if matches!(written, Written::ById | Written::ByRelativeId) {
        schema["$id"] = "http://a.example/s".into();
    }
    if matches!(written, Written::ByDraft7Anchor) {
        schema["$schema"] = DRAFT_7.into();
    }
    schema
}

#[test]
fn each_bound_refuses() {
    let deep = (0..8).fold(json!({}), |inner, _| json!({"not": inner}));
    let cases = [
        (json!({"type": "object"}), Ok(())),
        (deep, Err(SchemaError::TooDeep { limit: 8 })),
        (json!({"title": "x".repeat(10_000)}), Err(SchemaError::TooLarge { bytes: 10_012, limit: 10_000 })),
    ];
    for (schema, expected) in cases {
        assert_eq!(check(&schema, &LIMITS), expected, "{schema}");
    }
}

#[test]
fn following_references_is_bounded_however_they_are_written() {
    for written in ALL {
        assert_eq!(check(&chain(written, 4, 2), &LIMITS), Ok(()), "{written:?}");
        let schema = Schema::of_arguments(&chain(written, 4, 2), &LIMITS).unwrap();
        assert_eq!(schema.check(&json!({})), Ok(()), "{written:?}");
        let too_complex = Err(SchemaError::TooComplex { limit: 500 });
        assert_eq!(check(&chain(written, 10, 2), &LIMITS), too_complex, "{written:?}");
    }
}

#[test]
fn a_long_way_from_one_to_the_next_is_refused() {
    let limits = SchemaLimits { levels_max: 11, ..SchemaLimits::default() };
    for written in ALL {
        // Two levels for each definition and for the schema itself, one for the last definition.
        assert_eq!(check(&chain(written, 4, 1), &limits), Ok(()), "{written:?}");
        let too_many = Err(SchemaError::TooManyLevels { limit: 11 });
        assert_eq!(check(&chain(written, 5, 1), &limits), too_many, "{written:?}");
        // Without a bound of its own the guard would overflow the stack here.
        let far =
            SchemaLimits { bytes_max: usize::MAX, levels_max: usize::MAX, expanded_nodes_max: usize::MAX, ..limits };
        let too_many = Err(SchemaError::TooManyLevels { limit: 512 });
        assert_eq!(check(&through_properties(6_000), &far), too_many);
    }
}

/// Each definition has a property that is the next one.
fn through_properties(length: usize) -> Value {
    let mut definitions = Map::new();
    for step in 0..length {
        let next = json!({"$ref": format!("#/$defs/d{}", step + 1)});
        definitions.insert(format!("d{step}"), json!({"properties": {"a": next}}));
    }
    definitions.insert(format!("d{length}"), json!({}));
    json!({"type": "object", "$ref": "#/$defs/d0", "$defs": definitions})
}

#[test]
fn a_loop_goes_into_the_value_or_is_refused() {
    let endless = |reference: &str| Err(SchemaError::Endless { reference: reference.into() });
    let cases = [
        (json!({"properties": {"a": {"$ref": "#"}}}), Ok(())),
        (json!({"items": {"anyOf": [{"$ref": "#"}, {"type": "string"}]}}), Ok(())),
        (json!({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "items": {"$ref": "#a"}}}}), Ok(())),
        (json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}), endless("#/$defs/a")),
        (json!({"allOf": [{"$ref": "#"}]}), endless("#")),
        (json!({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "not": {"$ref": "#a"}}}}), endless("#a")),
        (json!({"properties": {"x": {"$ref": "#/properties/x"}}}), endless("#/properties/x")),
        // One that no value meets, but for its parts.
        (json!({"$defs": {"a": {"if": {"$ref": "#/$defs/a"}}}}), endless("#/$defs/a")),
        // A way back that only a reference finds: forwards into the value, backwards twice at once.
        (json!({"$id": "http://a.example/s", "then": {"$ref": "s"}}), endless("s")),
    ];
    for (schema, expected) in cases {
        assert_eq!(check(&schema, &LIMITS), expected, "{schema}");
    }
}

#[test]
fn nodes_are_counted_whichever_way_the_schema_is_gone_through_first() {
    // Forwards the way goes into the value, so that each definition is on the way when the next one leads back, twice.
    let mut definitions = Map::new();
    for step in 0..12 {
        let mut schema = json!({"properties": {"x": {"$ref": format!("#/$defs/d{}", step + 1)}}});
        if step > 0 {
            let back = json!({"$ref": format!("#/$defs/d{}", step - 1)});
            schema["allOf"] = json!([back, back]);
        }
        definitions.insert(format!("d{step}"), schema);
    }
    definitions.insert("d12".into(), json!({"$ref": "#/$defs/d11"}));
    let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": definitions});
    let limits = SchemaLimits { expanded_nodes_max: 3_000, depth_max: 64, ..LIMITS };
    assert_eq!(check(&schema, &limits), Err(SchemaError::TooComplex { limit: 3_000 }));
}

#[test]
fn a_reference_leads_somewhere_within_the_schema() {
    let in_data = json!({"type": "object", "default": {"$ref": "x"}, "enum": [{"$ref": "y"}]});
    let called_so = json!({"properties": {"default": {"$ref": "#/$defs/gone"}}});
    let other_base = json!({"$defs": {"a": {"$id": "http://a.example/b", "$ref": "#/$defs/c"}, "c": {}}});
    let cases = [
        (in_data, None),
        (json!({"$schema": DRAFT_7, "properties": {"schema": {"$ref": DRAFT_7}}}), None),
        (called_so, Some("#/$defs/gone")),
        (other_base, Some("#/$defs/c")),
        (json!({"allOf": [{"$ref": "#/%FF"}]}), Some("#/%FF")),
        (json!({"x-ours": {"$ref": "#gone"}}), Some("#gone")),
        (json!({"not": {"$id": "http://a.example/b", "$dynamicRef": "#"}}), Some("#")),
    ];
    for (schema, reference) in cases {
        let unresolved = |reference: &str| Err(SchemaError::Unresolved { reference: reference.into() });
        let limits = SchemaLimits { expanded_nodes_max: 20_000, ..LIMITS };
        assert_eq!(check(&schema, &limits), reference.map_or(Ok(()), unresolved), "{schema}");
    }
}

#[test]
fn nothing_outside_of_the_schema_is_fetched() {
    for reference in ["http://127.0.0.1:9/schema.json", "file:///etc/passwd", "other.json"] {
        let schema = json!({"type": "object", "properties": {"a": {"$ref": reference}}});
        let compiled = Schema::of_arguments(&schema, &SchemaLimits::default());
        assert!(matches!(compiled, Err(SchemaError::Invalid { .. })), "{reference}: {compiled:?}");
    }
}

#[test]
fn what_is_let_through_fits_on_a_stack() {
    // The most levels, again at each level of the deepest arguments that a request may have.
    let levels = SchemaLimits::default().levels_max;
    let reference = |to: usize| json!({"$ref": format!("#/$defs/d{to}")});
    let plain: fn(Value) -> Value = |next| next;
    let in_a_list: fn(Value) -> Value = |next| json!({"anyOf": [false, next]});
    for (wrap, levels_each) in [(plain, 1), (in_a_list, 2)] {
        let steps = (levels - 2) / levels_each;
        let mut definitions: Map<_, _> =
            (0..steps).map(|step| (format!("d{step}"), wrap(reference(step + 1)))).collect();
        definitions.insert(format!("d{steps}"), json!({"properties": {"x": reference(0)}, "required": ["x"]}));
        let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": definitions});
        let arguments = (0..NESTING_MAX).fold(json!({}), |inner, _| json!({"x": inner}));
        let checked = std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn(move || Schema::of_arguments(&schema, &SchemaLimits::default()).unwrap().check(&arguments));
        assert!(checked.unwrap().join().unwrap().is_err());
    }
}
