//! The schemas of other servers' tools: what is used is within its bounds, also with its references followed, and arguments
//! can be checked against it in bounded time.
//!
//! The input is the arguments in the first line, and behind it the schema.

use outboard_runtime::fuzzing::check_arguments;
use outboard_runtime::{SchemaError, SchemaLimits};
use serde_json::Value;

use crate::input;

/// Small, so that inputs meet them.
const LIMITS: SchemaLimits = SchemaLimits { bytes_max: 1024, depth_max: 12, expanded_nodes_max: 200 };

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
        Err(SchemaError::TooComplex { limit }) => {
            assert!(expanded(&schema, &schema, &mut Vec::new(), *limit) > *limit, "it is not that complex");
        }
        // A library says why.
        Err(SchemaError::Invalid { .. }) | Ok(_) => {
            assert!(is_for_objects && bytes <= LIMITS.bytes_max && depth(&schema) <= LIMITS.depth_max);
            assert!(nodes(&schema) <= LIMITS.expanded_nodes_max, "more nodes than the bound");
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

/// Arrays and objects with each reference followed wherever it stands, but not within itself; counted until there are more
/// than the limit.
fn expanded<'a>(root: &'a Value, value: &'a Value, following: &mut Vec<&'a str>, limit: usize) -> usize {
    let mut count = usize::from(value.is_array() || value.is_object());
    for child in children(value) {
        if count <= limit {
            count += expanded(root, child, following, limit);
        }
    }
    for reference in ["$ref", "$dynamicRef"].iter().filter_map(|keyword| value.get(keyword)?.as_str()) {
        if count <= limit && !following.contains(&reference) {
            following.push(reference);
            count += target(root, reference).map_or(0, |target| expanded(root, target, following, limit));
            following.pop();
        }
    }
    count
}

fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') { root.pointer(fragment) } else { anchor(root, fragment) }
}

fn anchor<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let is_named = ["$anchor", "$dynamicAnchor"].iter().any(|key| value.get(key).and_then(Value::as_str) == Some(name));
    if is_named { Some(value) } else { children(value).find_map(|child| anchor(child, name)) }
}
