//! Tools, prompts and resources that are written in Rust: from a typed function by a macro, or by hand from data.

mod completer;
mod dynamic;
mod prompt;
mod resource;
mod result;

use std::future::Future;

use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::CallToolResult;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{Call, Operation};
use crate::context::Context;
use crate::outcome::{Answer, Outcome};
use crate::provider::OfferedTool;

pub use completer::{NativeCompleter, OfCall, OfText, OfTextLater};
pub use dynamic::DynamicTool;
pub use prompt::{DynamicPrompt, IntoPromptResult, NativePrompt, PromptArguments, filled, optional, required};
pub use resource::{
    Cached, DynamicResource, DynamicTemplate, IntoResourceResult, MatchedUri, NativeResource, Read, ResourceOffer,
    list_variable, optional_variable, required_variable,
};
pub use result::{IntoToolResult, Json};

/// A tool that is written in Rust. `#[tool]` implements it.
pub trait NativeTool {
    /// The tool and its handler, for the catalog.
    fn offered(self) -> OfferedTool;
}

/// What `#[tool]` makes of a function's name: a function that makes the tool.
impl<F, T> NativeTool for F
where
    F: FnOnce() -> T,
    T: NativeTool,
{
    fn offered(self) -> OfferedTool {
        self().offered()
    }
}

/// The JSON Schema of a tool's arguments.
#[must_use]
pub fn input_schema<T: JsonSchema>() -> Value {
    let mut schema = schema_of::<T>();
    if let Some(members) = schema.as_object_mut() {
        // The struct that `#[tool]` writes has a name and a text of its own, which say nothing to a client.
        members.remove("title");
        members.remove("description");
        members.entry("type").or_insert_with(|| "object".into());
    }
    schema
}

/// The JSON Schema of a tool's structured content, if its function returns such.
#[must_use]
pub fn output_schema_of<T: IntoToolResult>() -> Option<Value> {
    T::output_schema()
}

fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    if let Some(members) = schema.as_object_mut() {
        // 2020-12 is the default in MCP; saying it costs every list bytes.
        members.remove("$schema");
    }
    schema
}

/// Answers a call with what a function makes of its arguments.
///
/// # Errors
///
/// [`CallError`](crate::CallError) when the call was made past the runtime. What the function returns as an error is a tool
/// execution error, and so is what the schema let through and the arguments' type refuses.
pub async fn answer<A, F, R>(call: Call, run: F) -> Outcome
where
    A: DeserializeOwned + Send,
    F: FnOnce(Context, A) -> R + Send,
    R: Future<Output: IntoToolResult> + Send,
{
    let arguments = match &call.operation {
        Operation::CallTool(tool) => read(tool.arguments.as_ref()),
        _ => read(None),
    };
    let result = match arguments {
        Ok(arguments) => run(Context::of(call)?, arguments).await.into_tool_result(),
        Err(fault) => CallToolResult::error(fault),
    };
    Ok(Answer::Result(ServerResult::CallTool(result)))
}

fn read<A: DeserializeOwned>(raw: Option<&RawJson>) -> Result<A, String> {
    serde_json::from_str(raw.map_or("{}", RawJson::as_str)).map_err(|error| {
        let reason = error.to_string();
        // The position is of no use to who sees arguments as values.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        format!("arguments: {reason}")
    })
}
