//! The schemas of other servers' tools: what is used is within its bounds, also with its references followed, and arguments
//! can be checked against it in bounded time.
//!
//! The input is the arguments in the first line, and behind it the schema.

use outboard_runtime::fuzzing::check_arguments;
use outboard_runtime::{SchemaError, SchemaLimits};
use serde_json::Value;

use crate::input;

/// Small, so that inputs meet them.
const LIMITS: SchemaLimits = SchemaLimits { bytes_max: 1024, depth_max: 12, expanded_nodes_max: 200, levels_max: 8 };

pub(super) fn run(data: &[u8]) {
    let (arguments, schema) = input::first_line(data);
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return };
    let arguments = serde_json::from_slice::<Value>(arguments).unwrap_or_default();
    let answer = check_arguments(&schema, &LIMITS, &arguments);
    let bytes = schema.to_string().len();
    let is_for_objects = schema.get("type").and_then(Value::as_str) == Some("object");
    match &answer {
        Err(SchemaError::NotForObjects) => assert!(!is_for_objects, "it is for objects"),
        Err(SchemaError::TooLarge { .. }) => assert!(bytes > LIMITS.bytes_max, "it has {bytes} bytes"),
        Err(SchemaError::TooDeep { .. }) => assert!(depth(&schema) > LIMITS.depth_max, "it is not that deep"),
        // Whether they lead somewhere depends on more than stands here: which `$id` counts, and where.
        Err(
            SchemaError::TooComplex { .. }
            | SchemaError::TooManyLevels { .. }
            | SchemaError::Endless { .. }
            | SchemaError::Unresolved { .. },
        ) => assert!(
            nodes(&schema) > LIMITS.expanded_nodes_max || names_others(&schema) || depth(&schema) > LIMITS.levels_max
        ),
        // A library says why.
        Err(SchemaError::Invalid { .. }) => assert!(is_for_objects),
        Ok(_) => {
            assert!(is_for_objects && bytes <= LIMITS.bytes_max && depth(&schema) <= LIMITS.depth_max);
            assert!(nodes(&schema) <= LIMITS.expanded_nodes_max, "more nodes than the bound");
            let followed = Followed::from(&schema);
            assert!(followed.nodes <= LIMITS.expanded_nodes_max, "more than the bound when references are followed");
            assert!(followed.levels <= LIMITS.levels_max, "more levels than the bound");
        }
    }
    match answer {
        Ok(Ok(())) => assert!(arguments.is_object(), "{arguments} is no object and fits"),
        Ok(Err(faults)) => assert!(!faults.is_empty(), "{arguments} does not fit, for no reason"),
        Err(_) => {}
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Arrays and objects, as they were sent.
fn nodes(value: &Value) -> usize {
    usize::from(value.is_array() || value.is_object()) + children(value).map(nodes).sum::<usize>()
}

/// Whether it names another schema anywhere.
fn names_others(value: &Value) -> bool {
    REFERENCES.iter().any(|keyword| value.get(keyword).is_some()) || children(value).any(names_others)
}

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// What applies to one value together, as far as a schema says so by `allOf` and by references that are written in a way
/// that is known here: less than there may be, so that a guard that knows more counts no less.
#[derive(Clone, Copy, Default)]
struct Followed {
    nodes: usize,
    levels: usize,
}

impl Followed {
    fn from(schema: &Value) -> Self {
        Self::at(schema, schema, &mut Vec::new())
    }

    fn at<'a>(root: &'a Value, schema: &'a Value, way: &mut Vec<&'a Value>) -> Self {
        // What leads back to itself is not counted twice; and what is over the bounds is over them.
        if way.iter().any(|before| std::ptr::eq(*before, schema)) || way.len() > LIMITS.expanded_nodes_max {
            return Self::default();
        }
        way.push(schema);
        let mut all = Self { nodes: 1, levels: 0 };
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten().filter(|part| part.is_object());
        let reference = schema.get("$ref").and_then(Value::as_str);
        for part in parts.chain(reference.and_then(|reference| target(root, reference))) {
            if all.nodes <= LIMITS.expanded_nodes_max {
                let more = Self::at(root, part, way);
                all = Self { nodes: all.nodes + more.nodes, levels: all.levels.max(more.levels) };
            }
        }
        way.pop();
        Self { levels: all.levels + 1, ..all }
    }
}

/// Where a reference leads in a schema with no `$id` but at its root.
fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    if children(root).any(has_id) {
        return None;
    }
    let (of, fragment) = reference.split_once('#')?;
    if !of.is_empty() && root.get("$id").and_then(Value::as_str) != Some(of) {
        return None;
    }
    if fragment.is_empty() {
        return Some(root);
    }
    if !fragment.starts_with('/') {
        return anchor(root, fragment);
    }
    root.pointer(&percent_decoded(fragment)?)
}

fn has_id(value: &Value) -> bool {
    value.get("$id").is_some() || value.get("id").is_some() || children(value).any(has_id)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// The schema with this anchor, where there is one only.
fn anchor<'a>(root: &'a Value, name: &str) -> Option<&'a Value> {
    let mut found = Vec::new();
    collect_anchored(root, name, &mut found);
    found.pop().filter(|_| found.is_empty())
}

fn collect_anchored<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    if value.get("$anchor").and_then(Value::as_str) == Some(name) {
        found.push(value);
    }
    children(value).for_each(|child| collect_anchored(child, name, found));
}
