//! JSON Schema for arguments and results: compiled once, offline, within bounds; the only place that knows the library.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use thiserror::Error;

/// Bounds on a schema, of a tool or a form, whoever brings it.
#[derive(Clone, Copy, Debug)]
pub struct SchemaLimits {
    /// As compact JSON. Default: 256 KiB.
    pub bytes_max: usize,
    /// Levels of arrays and objects. Default: 64.
    pub depth_max: usize,
    /// Objects and arrays in it, counted again wherever a reference names them: following a chain of references, each with
    /// two more, doubles the work at each step. Default: 20,000.
    pub expanded_nodes_max: usize,
    /// Schemas of which each applies because the one before it does, and to the same value, by a reference or a keyword such
    /// as `allOf`. Each takes stack while a value is checked, once more at each level of that value. Default: 24.
    pub levels_max: usize,
}

impl Default for SchemaLimits {
    fn default() -> Self {
        Self { bytes_max: 256 * 1024, depth_max: 64, expanded_nodes_max: 20_000, levels_max: 24 }
    }
}

/// Why a schema is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// It is no object with `"type": "object"`.
    #[error("the input schema must be an object with \"type\": \"object\"")]
    NotForObjects,
    /// It is larger than it may be.
    #[error("the schema has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// It nests deeper than it may.
    #[error("the schema nests deeper than {limit} levels")]
    TooDeep {
        /// How deep it may.
        limit: usize,
    },
    /// Checking against it would cost too much.
    #[error("the schema expands to more than {limit} nodes when its references are followed")]
    TooComplex {
        /// How many it may have.
        limit: usize,
    },
    /// Too many of its schemas apply one through the other: checking against it would take too much stack.
    #[error("the schema has more than {limit} levels when its references are followed")]
    TooManyLevels {
        /// How many it may have.
        limit: usize,
    },
    /// One of its references leads back to where it stands without going into the value: checking would never end
    /// (JSON Schema 2020-12 core §9.4.1).
    #[error("the reference {reference} of the schema leads back to itself")]
    Endless {
        /// As it is written, cut where it is long.
        reference: Box<str>,
    },
    /// One of its references leads nowhere within it.
    #[error("the reference {reference} of the schema leads to nothing within the schema")]
    Unresolved {
        /// As it is written, cut where it is long.
        reference: Box<str>,
    },
    /// It is no valid schema of its dialect, or names something outside of itself, which is never fetched.
    #[error("the schema is not valid: {reason}")]
    Invalid {
        /// What is wrong.
        reason: Box<str>,
    },
}

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator,
    /// What the values are, in faults.
    what: &'static str,
}

/// How many faults one refusal lists.
const FAULTS_MAX: usize = 5;

impl Schema {
    /// Compiles the `inputSchema` of a tool.
    pub(crate) fn of_arguments(schema: &Value, limits: &SchemaLimits) -> Result<Self, SchemaError> {
        if schema.get("type") != Some(&Value::from("object")) {
            return Err(SchemaError::NotForObjects);
        }
        Self::compile("arguments", schema, limits)
    }

    /// Compiles the `inputSchema` of a tool that checks its arguments itself, too: patterns that only a backtracking
    /// engine could follow, such as look-ahead, are left to it.
    pub(crate) fn of_arguments_leniently(schema: &Value, limits: &SchemaLimits) -> Result<Self, SchemaError> {
        match Self::of_arguments(schema, limits) {
            Err(SchemaError::Invalid { .. }) => Self::of_arguments(&patterns::without_nonlinear(schema), limits),
            compiled => compiled,
        }
    }

    /// Compiles the `outputSchema` of a tool.
    pub(crate) fn of_output(schema: &Value, limits: &SchemaLimits) -> Result<Self, SchemaError> {
        Self::compile("structuredContent", schema, limits)
    }

    fn compile(what: &'static str, schema: &Value, limits: &SchemaLimits) -> Result<Self, SchemaError> {
        guard::check(schema, limits)?;
        // A linear-time engine: a pattern that came from elsewhere must not be able to stop us.
        let compiled = jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema);
        let validator = compiled.map_err(|error| SchemaError::Invalid { reason: error.masked().to_string().into() })?;
        Ok(Self { validator, what })
    }

    /// Checks a value. On a fault, one line each that a model can act on, without the values themselves.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let what = self.what;
        let faults = self.validator.iter_errors(value).take(FAULTS_MAX);
        let faults = faults.map(|error| format!("{what}{}: {}", error.instance_path(), error.masked()));
        Err(faults.collect::<Vec<_>>().join("\n"))
    }
}

pub(crate) mod fuzzing;
mod guard;
mod patterns;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_name_their_place_and_not_the_value() {
        let schema = json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}},
            "required": ["a"], "additionalProperties": false
        });
        let schema = Schema::of_arguments(&schema, &SchemaLimits::default()).unwrap();
        assert_eq!(schema.check(&json!({"a": 1, "b": ["x"]})), Ok(()));
        let cases = [
            (json!({}), "arguments: \"a\" is a required property"),
            (json!({"a": "secret"}), "arguments/a: value is not of type \"integer\""),
            (json!({"a": 1, "b": ["x", 2]}), "arguments/b/1: value is not of type \"string\""),
        ];
        for (arguments, expected) in cases {
            assert_eq!(schema.check(&arguments).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_pattern_costs_linear_time_or_is_refused() {
        let with =
            |pattern: &str| json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
        let schema = Schema::of_arguments(&with("^(a+)+$"), &SchemaLimits::default()).unwrap();
        assert!(schema.check(&json!({"a": format!("{}!", "a".repeat(50_000))})).is_err());
        let look_around = Schema::of_arguments(&with("(?=a)b"), &SchemaLimits::default());
        assert!(matches!(look_around, Err(SchemaError::Invalid { .. })));
    }
}
