//! Bounds on a schema, checked before it is compiled: the library has none of its own.

use std::collections::HashMap;

use serde_json::Value;

use super::{SchemaError, SchemaLimits};

/// Checks size, depth, and the work that following its references would be.
pub(super) fn check(schema: &Value, limits: &SchemaLimits) -> Result<(), SchemaError> {
    if depth_exceeds(schema, limits.depth_max) {
        return Err(SchemaError::TooDeep { limit: limits.depth_max });
    }
    let bytes = serde_json::to_vec(schema).map_or(usize::MAX, |text| text.len());
    if bytes > limits.bytes_max {
        return Err(SchemaError::TooLarge { bytes, limit: limits.bytes_max });
    }
    let mut expansion = Expansion { root: schema, limit: limits.expanded_nodes_max, known: HashMap::new() };
    if expansion.nodes(schema) > limits.expanded_nodes_max {
        return Err(SchemaError::TooComplex { limit: limits.expanded_nodes_max });
    }
    Ok(())
}

fn depth_exceeds(value: &Value, limit: usize) -> bool {
    let Some(limit) = limit.checked_sub(1) else { return value.is_object() || value.is_array() };
    match value {
        Value::Object(members) => members.values().any(|member| depth_exceeds(member, limit)),
        Value::Array(items) => items.iter().any(|item| depth_exceeds(item, limit)),
        _ => false,
    }
}

/// Counts nodes with references followed, each target once.
struct Expansion<'a> {
    root: &'a Value,
    limit: usize,
    /// Nodes below a target; a target that is still being counted stands as 0, so that a loop ends.
    known: HashMap<&'a str, usize>,
}

impl<'a> Expansion<'a> {
    fn nodes(&mut self, value: &'a Value) -> usize {
        let mut nodes = 1_usize;
        match value {
            Value::Object(members) => {
                for member in members.values() {
                    nodes = nodes.saturating_add(self.nodes(member));
                }
                for keyword in ["$ref", "$dynamicRef"] {
                    if let Some(Value::String(reference)) = members.get(keyword) {
                        nodes = nodes.saturating_add(self.target(reference));
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    nodes = nodes.saturating_add(self.nodes(item));
                }
            }
            _ => return 0,
        }
        nodes
    }

    fn target(&mut self, reference: &'a str) -> usize {
        if let Some(nodes) = self.known.get(reference) {
            return *nodes;
        }
        let Some(target) = self.find(reference) else { return 0 };
        self.known.insert(reference, 0);
        let nodes = self.nodes(target).min(self.limit.saturating_add(1));
        self.known.insert(reference, nodes);
        nodes
    }

    /// The target of a reference into this schema, by pointer or by anchor.
    fn find(&self, reference: &str) -> Option<&'a Value> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return self.root.pointer(fragment);
        }
        find_anchor(self.root, fragment)
    }
}

fn find_anchor<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            let named = ["$anchor", "$dynamicAnchor"].iter().any(|keyword| members.get(*keyword) == Some(&name.into()));
            if named { Some(value) } else { members.values().find_map(|member| find_anchor(member, name)) }
        }
        Value::Array(items) => items.iter().find_map(|item| find_anchor(item, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    /// Each definition names the next one twice: 2^n nodes in all.
    fn doubling_chain(length: usize) -> Value {
        let mut definitions = Map::new();
        for step in 0..length {
            let next = json!({"$ref": format!("#/$defs/d{}", step + 1)});
            definitions.insert(format!("d{step}"), json!({"allOf": [next, next]}));
        }
        definitions.insert(format!("d{length}"), json!({"type": "object"}));
        json!({"type": "object", "$ref": "#/$defs/d0", "$defs": definitions})
    }

    #[test]
    fn each_bound_refuses() {
        let limits = SchemaLimits { bytes_max: 10_000, depth_max: 8, expanded_nodes_max: 1_000 };
        let deep = (0..8).fold(json!({}), |inner, _| json!({"not": inner}));
        let cases = [
            (json!({"type": "object"}), Ok(())),
            (doubling_chain(5), Ok(())),
            (json!({"$ref": "#"}), Ok(())),
            (json!({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "not": {"$ref": "#a"}}}}), Ok(())),
            (doubling_chain(20), Err(SchemaError::TooComplex { limit: 1_000 })),
            (deep, Err(SchemaError::TooDeep { limit: 8 })),
            (json!({"title": "x".repeat(10_000)}), Err(SchemaError::TooLarge { bytes: 10_012, limit: 10_000 })),
        ];
        for (schema, expected) in cases {
            assert_eq!(check(&schema, &limits), expected, "{schema}");
        }
    }

    #[test]
    fn nothing_outside_of_the_schema_is_fetched() {
        for reference in ["http://127.0.0.1:9/schema.json", "file:///etc/passwd", "other.json"] {
            let schema = json!({"type": "object", "properties": {"a": {"$ref": reference}}});
            let compiled = super::super::Schema::of_arguments(&schema, &SchemaLimits::default());
            assert!(matches!(compiled, Err(SchemaError::Invalid { .. })), "{reference}");
        }
    }
}
