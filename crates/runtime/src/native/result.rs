//! What a tool's function may return, and what becomes of it.

use std::fmt::Display;

use outboard_protocol::types::{CallToolResult, Content};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::schema_of;

/// What a tool's function may return.
pub trait IntoToolResult {
    /// The result for the caller.
    fn into_tool_result(self) -> CallToolResult;

    /// The JSON Schema of the structured content, where there is such.
    #[must_use]
    fn output_schema() -> Option<Value> {
        None
    }
}

/// A value that is returned as structured content, with its schema in the tool's `outputSchema`, and as text for clients
/// that do not read structured content.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> CallToolResult {
        match serde_json::to_value(self.0) {
            Ok(value) => CallToolResult::structured(value),
            Err(error) => CallToolResult::error(format!("the result cannot be written as JSON: {error}")),
        }
    }

    fn output_schema() -> Option<Value> {
        Some(schema_of::<T>())
    }
}

/// An error is a tool execution error: its text goes to the model, so that it can do better.
impl<T: IntoToolResult, E: Display> IntoToolResult for Result<T, E> {
    fn into_tool_result(self) -> CallToolResult {
        match self {
            Ok(value) => value.into_tool_result(),
            Err(error) => CallToolResult::error(error.to_string()),
        }
    }

    fn output_schema() -> Option<Value> {
        T::output_schema()
    }
}

impl IntoToolResult for CallToolResult {
    fn into_tool_result(self) -> CallToolResult {
        self
    }
}

impl IntoToolResult for Content {
    fn into_tool_result(self) -> CallToolResult {
        vec![self].into_tool_result()
    }
}

impl IntoToolResult for Vec<Content> {
    fn into_tool_result(self) -> CallToolResult {
        CallToolResult { content: self, ..CallToolResult::default() }
    }
}

impl IntoToolResult for () {
    fn into_tool_result(self) -> CallToolResult {
        CallToolResult::default()
    }
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> CallToolResult {
                CallToolResult::text(self.to_string())
            }
        }
    )*};
}

as_text!(&'static str, bool, char, i8, i16, i32, i64, u8, u16, u32, u64, usize, f32, f64);

impl IntoToolResult for String {
    fn into_tool_result(self) -> CallToolResult {
        CallToolResult::text(self)
    }
}
