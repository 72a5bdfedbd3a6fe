//! What several modules of these tests need: calls, and what comes of them.

use outboard_identity::Principal;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::revision::V2026_07_28;
use outboard_protocol::types::{CallToolResult, ClientCapabilities, Tool};
use outboard_protocol::{RawJson, Revision};
use outboard_runtime::{Answer, Call, Client, Operation, Outcome, Runtime, ToolCall};
use serde_json::{Value, json};
use tower_service::Service as _;

/// A call of a tool, with arguments as JSON text.
pub(crate) fn call_with(name: &str, arguments: &str) -> Call {
    let arguments = RawJson::parse(arguments.to_owned().into()).unwrap();
    operation(Operation::CallTool(ToolCall { name: name.into(), arguments: Some(arguments) }))
}

pub(crate) fn call(name: &str, arguments: &Value) -> Call {
    call_with(name, &arguments.to_string())
}

pub(crate) fn operation(operation: Operation) -> Call {
    static REVISION: &Revision = &V2026_07_28;
    let client = Client { revision: REVISION, info: None, capabilities: ClientCapabilities::NONE };
    Call::new(operation, Principal::local(), client)
}

/// Calls and waits for the outcome.
pub(crate) async fn outcome(runtime: &Runtime, call: Call) -> Outcome {
    let Ok(outcome) = runtime.clone().call(call).await;
    outcome
}

/// The tool result that an outcome is.
#[track_caller]
pub(crate) fn tool_result(outcome: Outcome) -> CallToolResult {
    match outcome {
        Ok(Answer::Result(ServerResult::CallTool(result))) => result,
        other => panic!("no tool result: {other:?}"),
    }
}

/// The only text of a tool result, and whether it is an error.
pub(crate) async fn text(runtime: &Runtime, name: &str, arguments: Value) -> (String, bool) {
    let result = tool_result(outcome(runtime, call(name, &arguments)).await);
    let content = serde_json::to_value(&result.content).unwrap();
    assert_eq!(content.as_array().map(Vec::len), Some(1), "{content}");
    (content[0]["text"].as_str().unwrap().to_owned(), result.is_error)
}

/// The names of all tools, in their order.
pub(crate) fn names(runtime: &Runtime) -> Vec<String> {
    runtime.tools().into_iter().map(|tool| tool.name).collect()
}

/// A tool that takes any object.
pub(crate) fn open_tool(name: &str) -> Tool {
    serde_json::from_value(json!({"name": name, "inputSchema": {"type": "object"}})).unwrap()
}
