//! Bounds on a schema, checked before it is compiled: the library has none of its own.

mod keywords;
mod references;

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
    references::check(schema, limits)
}

fn depth_exceeds(value: &Value, limit: usize) -> bool {
    let Some(limit) = limit.checked_sub(1) else { return value.is_object() || value.is_array() };
    match value {
        Value::Object(members) => members.values().any(|member| depth_exceeds(member, limit)),
        Value::Array(items) => items.iter().any(|item| depth_exceeds(item, limit)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
