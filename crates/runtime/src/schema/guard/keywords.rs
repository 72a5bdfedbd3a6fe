//! What the members of a schema are: to what their schemas apply, and which of them lead elsewhere.

use serde_json::Value;

use crate::schema::patterns::DATA;

/// To what a schema in a member of another one applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    /// To the same value.
    Here,
    /// To what is in the value.
    Inside,
    /// To nothing, unless a reference leads there.
    Nowhere,
}

/// A member whose value is one or more schemas.
const HERE: [&str; 9] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
const INSIDE: [&str; 10] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
];
/// Whose members are schemas, under names of their author's choice.
const MAPS: [&str; 6] = ["properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"];

/// The keywords of all dialects that lead to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// What is in a schema.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    /// Its schemas.
    pub(super) schemas: Vec<(Applies, &'a Value)>,
    /// Its references, with their keywords.
    pub(super) references: Vec<(&'static str, &'a str)>,
    /// How many arrays and objects there are in it beside its schemas, and itself.
    pub(super) nodes: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        let mut parts = Self { nodes: 1, ..Self::default() };
        match schema {
            Value::Object(members) => {
                for (name, value) in members {
                    parts.member(name, value);
                }
                for keyword in REFERENCES {
                    if let Some(Value::String(reference)) = members.get(keyword) {
                        parts.references.push((keyword, reference));
                    }
                }
            }
            Value::Array(items) => parts.schemas(Applies::Here, items),
            _ => parts.nodes = 0,
        }
        parts
    }

    fn member(&mut self, name: &str, value: &'a Value) {
        let applies = match name {
            _ if HERE.contains(&name) => Applies::Here,
            _ if INSIDE.contains(&name) => Applies::Inside,
            _ => Applies::Nowhere,
        };
        match value {
            // Nothing in data is a keyword.
            _ if DATA.contains(&name) => self.nodes += nodes(value),
            Value::Object(members) if MAPS.contains(&name) => {
                self.nodes += 1;
                self.schemas(applies, members.values());
            }
            Value::Array(items) => {
                self.nodes += 1;
                self.schemas(applies, items);
            }
            value => self.schemas(applies, [value]),
        }
    }

    fn schemas(&mut self, applies: Applies, values: impl IntoIterator<Item = &'a Value>) {
        let schemas = values.into_iter().filter(|value| value.is_object() || value.is_array());
        self.schemas.extend(schemas.map(|schema| (applies, schema)));
    }
}

/// Arrays and objects.
fn nodes(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(nodes).sum::<usize>() + 1,
        Value::Array(items) => items.iter().map(nodes).sum::<usize>() + 1,
        _ => 0,
    }
}
