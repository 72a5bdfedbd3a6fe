//! The bounds of calls: how long one may take, and how many may run at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use outboard_protocol::error::code;
use outboard_protocol::types::CallToolResult;
use outboard_runtime::{
    Call, CallError, Catalog, Context, DynamicTool, ListKind, NativeTool, Operation, Outcome, ResponseFuture, Runtime,
    RuntimeConfig, tool,
};
use outboard_testkit::gate::Gate;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service as _;

use crate::support::{REVISION, call, call_with, open_tool, operation, outcome, runtime_with, tool_result};

/// Says so.
#[tool]
async fn quick(
    /// Wanted only to be wrong.
    number: Option<i64>,
) -> String {
    format!("quick {number:?}")
}

fn falling() -> impl NativeTool {
    async fn fall(_: Context, _: Value) -> CallToolResult {
        panic!("it falls")
    }
    DynamicTool::new(open_tool("fall"), fall)
}

/// A runtime with one place for calls.
fn narrow(gate: &Gate) -> Runtime {
    let catalog = Catalog::new("test", "1").tool(gate.tool()).tool(quick).tool(falling());
    runtime_with(catalog, RuntimeConfig { concurrent_calls_max: 1, ..RuntimeConfig::default() })
}

fn wait() -> Call {
    call("wait", &json!({}))
}

/// Begins a call and runs it until it waits.
async fn begun(runtime: &Runtime, call: Call) -> Pin<Box<ResponseFuture>> {
    let mut running = Box::pin(runtime.clone().call(call));
    let polled = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
    assert!(polled.is_pending(), "the gate is shut: {polled:?}");
    running
}

#[track_caller]
fn assert_busy(outcome: Outcome) {
    let Err(error @ CallError::Busy { .. }) = outcome else { panic!("there was a place: {outcome:?}") };
    assert_eq!((error.object(REVISION).code, error.retry_after()), (code::UNAVAILABLE, Some(Duration::from_secs(1))));
}

async fn assert_free(runtime: &Runtime) {
    assert!(!tool_result(outcome(runtime, call("quick", &json!({}))).await).is_error);
}

#[tokio::test]
async fn call_beyond_the_bound_is_refused_until_there_is_a_place() {
    let gate = Gate::new();
    let runtime = narrow(&gate);
    let first = begun(&runtime, wait()).await;
    assert_busy(outcome(&runtime, call("quick", &json!({}))).await);
    assert_busy(outcome(&runtime.clone(), wait()).await);
    gate.open();
    let Ok(answered) = first.await;
    assert!(!tool_result(answered).is_error);
    assert_free(&runtime).await;
}

#[tokio::test]
async fn place_is_given_back_by_whatever_ends_a_call() {
    let gate = Gate::new();
    let runtime = narrow(&gate);
    drop(begun(&runtime, wait()).await);
    gate.dropped().await;
    assert_free(&runtime).await;

    drop(runtime.clone().call(wait()));
    assert_free(&runtime).await;

    let fallen = outcome(&runtime, call("fall", &json!({}))).await;
    assert!(matches!(fallen, Err(CallError::Panicked)), "{fallen:?}");
    assert_free(&runtime).await;
}

#[tokio::test(start_paused = true)]
async fn call_is_dropped_at_its_deadline_and_gives_its_place_back() {
    let gate = Gate::new();
    let runtime = narrow(&gate);
    let started = Instant::now();
    let late = outcome(&runtime, wait()).await;
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert!(gate.has_dropped());
    let Err(error @ CallError::Deadline { deadline }) = late else { panic!("{late:?}") };
    assert_eq!((error.object(REVISION).code, deadline), (code::DEADLINE, Duration::from_secs(60)));
    assert_eq!(error.retry_after(), None, "it may have had an effect");
    assert_free(&runtime).await;
}

#[tokio::test(start_paused = true)]
async fn call_that_ends_before_its_deadline_is_answered() {
    let catalog = Catalog::new("test", "1").tool(DynamicTool::new(open_tool("slow"), |_, _| async {
        tokio::time::sleep(Duration::from_millis(4_999)).await;
        CallToolResult::text("slow")
    }));
    let runtime = runtime_with(catalog, RuntimeConfig { deadline: Duration::from_secs(5), ..RuntimeConfig::default() });
    assert!(!tool_result(outcome(&runtime, call("slow", &json!({}))).await).is_error);
}

#[tokio::test]
async fn what_does_not_run_takes_no_place() {
    let gate = Gate::new();
    let runtime = narrow(&gate);
    let first = begun(&runtime, wait()).await;
    assert!(outcome(&runtime, operation(Operation::Describe)).await.is_ok());
    assert!(outcome(&runtime, operation(Operation::List { kind: ListKind::Tools, cursor: None })).await.is_ok());
    let unfit = tool_result(outcome(&runtime, call_with("quick", r#"{"number":"x"}"#)).await);
    assert!(unfit.is_error, "wrong arguments are refused before a place is asked for");
    let unknown = outcome(&runtime, call("unknown", &json!({}))).await;
    assert!(matches!(unknown, Err(CallError::UnknownTool { .. })), "{unknown:?}");
    drop(first);
}
