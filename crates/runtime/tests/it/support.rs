//! What several modules of these tests need: calls, and what comes of them.

use std::sync::Arc;
use std::time::Duration;

use outboard_identity::{GrantedScopes, Principal, ScopeSet};
use outboard_protocol::encode::ServerResult;
use outboard_protocol::revision::V2026_07_28;
use outboard_protocol::types::{CallToolResult, ClientCapabilities, Tool};
use outboard_protocol::{RawJson, Revision, encode};
use outboard_runtime::{
    Answer, Call, CallError, Catalog, CatalogError, Client, Notify, Operation, Outcome, Runtime, RuntimeConfig,
    ToolCall,
};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use serde_json::{Value, json};
use tower_service::Service as _;

/// The revision that these tests speak.
pub(crate) static REVISION: &Revision = &V2026_07_28;

/// How long what nobody watches any more is watched on.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(30);

/// A runtime with the default bounds over an empty store.
pub(crate) fn runtime(catalog: Catalog) -> Runtime {
    runtime_with(catalog, RuntimeConfig::default())
}

pub(crate) fn runtime_with(catalog: Catalog, config: RuntimeConfig) -> Runtime {
    try_runtime(catalog, config).unwrap()
}

pub(crate) fn try_runtime(catalog: Catalog, config: RuntimeConfig) -> Result<Runtime, CatalogError> {
    let store = store();
    let notify = Notify::new(&store, CATCH_UP);
    Runtime::new(catalog, store, notify, config)
}

/// An empty store with keys of its own.
pub(crate) fn store() -> Store {
    let keys = KeyRing::new(vec![RootKey::generate()]).unwrap();
    Store::in_memory(Arc::new(keys), Arc::new(SystemClock))
}

/// Somebody else than [`Principal::local`].
pub(crate) fn somebody(subject: &str) -> Principal {
    Principal::verified("https://issuer.example", subject, "client", GrantedScopes::All)
}

/// Somebody who was granted these scopes, with a space between them, and no other.
pub(crate) fn granted(scopes: &str) -> Principal {
    let scopes = if scopes.is_empty() { ScopeSet::default() } else { scopes.parse().unwrap() };
    Principal::verified("https://issuer.example", "ada", "client", GrantedScopes::Only(scopes))
}

/// The call by somebody else.
pub(crate) fn by(principal: Principal, mut call: Call) -> Call {
    call.principal = principal;
    call
}

/// The scopes that a refused call needs, and those that its caller lacks; `None` for a call that goes on.
#[track_caller]
pub(crate) fn denied(outcome: Outcome) -> Option<(String, String)> {
    match outcome {
        Ok(_) => None,
        Err(CallError::Denied(denied)) => Some((denied.required().to_string(), denied.missing().to_string())),
        Err(other) => panic!("refused for something else: {other:?}"),
    }
}

/// A call of a tool, with arguments as JSON text.
pub(crate) fn call_with(name: &str, arguments: &str) -> Call {
    let arguments = RawJson::parse(arguments.to_owned().into()).unwrap();
    operation(Operation::CallTool(ToolCall { name: name.into(), arguments: Some(arguments) }))
}

pub(crate) fn call(name: &str, arguments: &Value) -> Call {
    call_with(name, &arguments.to_string())
}

pub(crate) fn operation(operation: Operation) -> Call {
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

/// The result as a caller of [`REVISION`] reads it.
#[track_caller]
pub(crate) fn written(runtime: &Runtime, outcome: Outcome) -> Value {
    match outcome {
        Ok(Answer::Result(result)) => {
            let message = encode::result(REVISION, runtime.identity(), &1.into(), &result);
            serde_json::from_slice::<Value>(&message).unwrap()["result"].take()
        }
        other => panic!("no result: {other:?}"),
    }
}

/// The code of an error, as a caller of [`REVISION`] reads it, and its text.
#[track_caller]
pub(crate) fn refusal(outcome: Outcome) -> (i64, String) {
    let error: CallError = outcome.expect_err("it is refused");
    let object = error.object(REVISION);
    (object.code, object.message.into_owned())
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
