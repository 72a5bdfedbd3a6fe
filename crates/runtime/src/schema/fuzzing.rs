//! The schema of a provider's tool as one plain function, for the fuzz targets.

use serde_json::Value;

use super::{Schema, SchemaError, SchemaLimits};

/// Compiles the `inputSchema` of a tool of another server, and checks arguments against it: the faults, if there are any.
///
/// # Errors
///
/// [`SchemaError`] when the schema is not used.
pub fn check_arguments(
    schema: &Value,
    limits: &SchemaLimits,
    arguments: &Value,
) -> Result<Result<(), String>, SchemaError> {
    Schema::of_arguments_leniently(schema, limits).map(|schema| schema.check(arguments))
}
