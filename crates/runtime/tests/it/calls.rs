//! What a call passes before its handler runs, and what the handler's end becomes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::code;
use outboard_protocol::types::{CacheScope, CallToolResult, ProgressToken, Tool};
use outboard_runtime::{
    Answer, BoxFuture, Call, CallError, Catalog, Context, DynamicTool, Event, Handler, ListKind, NativeTool,
    OfferedTool, Operation, Outcome, QuestionError, Runtime, tool,
};
use serde_json::{Value, json};

use crate::support::{REVISION, call, call_with, names, open_tool, operation, outcome, runtime, text, tool_result};

/// A runtime with one tool, `count`, and how often it has run.
fn counting() -> (Runtime, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let tool: Tool = serde_json::from_value(json!({
        "name": "count",
        "inputSchema": {
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {
                "a": {"type": "integer", "minimum": 1},
                "b": {"type": "array", "items": {"$ref": "#/$defs/word"}, "maxItems": 9}
            },
            "$defs": {"word": {"type": "string", "pattern": "^[a-z]+$"}}
        }
    }))
    .unwrap();
    let counted = Arc::clone(&runs);
    let tool = DynamicTool::new(tool, move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { CallToolResult::text("ran") }
    });
    (runtime(Catalog::new("test", "1").tool(tool)), runs)
}

#[tokio::test]
async fn wrong_arguments_are_refused_before_the_handler_runs() {
    let (runtime, runs) = counting();
    let cases = [
        (r"{}", "arguments: \"a\" is a required property"),
        (r#"{"a":"secret"}"#, "arguments/a: value is not of type \"integer\""),
        (r#"{"a":0}"#, "arguments/a: value is less than the minimum of 1"),
        (r#"{"a":1.5}"#, "arguments/a: value is not of type \"integer\""),
        (r#"{"a":1,"b":["x","Y"]}"#, "arguments/b/1: value does not match \"^[a-z]+$\""),
        (r#"{"a":1e400}"#, "arguments: number out of range at line 1 column 10"),
    ];
    for (arguments, fault) in cases {
        let result = tool_result(outcome(&runtime, call_with("count", arguments)).await);
        let content = serde_json::to_value(&result.content).unwrap();
        let expected = format!("the arguments do not fit the tool's schema:\n{fault}");
        assert_eq!((content[0]["text"].as_str(), result.is_error), (Some(expected.as_str()), true), "{arguments}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    for arguments in [r#"{"a":1}"#, r#"{"a":1.0,"b":["x"]}"#] {
        assert!(!tool_result(outcome(&runtime, call_with("count", arguments)).await).is_error, "{arguments}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refusal_lists_a_few_faults_and_no_more() {
    let (runtime, _) = counting();
    let (faults, is_error) = text(&runtime, "count", json!({"a": 1, "b": [1, 2, 3, 4, 5, 6, 7, 8, 9]})).await;
    assert!(is_error);
    assert_eq!(faults.lines().count(), 1 + 5, "{faults}");
}

#[tokio::test]
async fn member_that_stands_twice_in_the_arguments_is_refused() {
    let (runtime, runs) = counting();
    let long = format!(r#"{{"a":1,"{0}":1,"{0}":1}}"#, "x".repeat(1_000));
    let cases = [(r#"{"a":1,"a":1}"#, "a"), (r#"{"a":1,"b":[{"c":1,"c":2}]}"#, "c"), (&*long, &"x".repeat(128))];
    for (arguments, expected) in cases {
        let error = outcome(&runtime, call_with("count", arguments)).await.unwrap_err();
        assert_eq!(error.object(REVISION).code, code::INVALID_REQUEST, "{arguments}");
        let CallError::DuplicateArgument { name } = error else { panic!("{error:?}") };
        assert_eq!(&*name, expected);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn absent_arguments_are_none() {
    let (runtime, _) = counting();
    let Operation::CallTool(mut named) = call("count", &json!({})).operation else { unreachable!() };
    named.arguments = None;
    let result = tool_result(outcome(&runtime, operation(Operation::CallTool(named))).await);
    assert!(result.is_error, "a is required");
}

#[tokio::test]
async fn unknown_tool_is_named_at_the_length_of_a_name() {
    let (runtime, _) = counting();
    for (name, shown) in [("Count", "Count".to_owned()), ("", String::new()), (&"x".repeat(1_000), "x".repeat(128))] {
        let error = outcome(&runtime, call(name, &json!({"a": 1}))).await.unwrap_err();
        assert_eq!(error.object(REVISION).code, code::INVALID_PARAMS);
        let CallError::UnknownTool { name } = error else { panic!("{error:?}") };
        assert_eq!(&*name, shown);
    }
}

#[tokio::test]
async fn lists_and_descriptions_are_answered_from_memory() {
    let runtime = runtime(Catalog::new("test", "1").instructions("How to.").tool(say).tool(panicking("first")));
    let listed = outcome(&runtime, operation(Operation::List { kind: ListKind::Tools, cursor: None })).await.unwrap();
    let Answer::Result(ServerResult::ListTools(list, next)) = listed else { panic!("{listed:?}") };
    assert_eq!(list.items().iter().map(|tool| &*tool.name).collect::<Vec<_>>(), ["say", "first"]);
    assert_eq!((next, names(&runtime)), (None, vec!["say".to_owned(), "first".to_owned()]));

    let described = outcome(&runtime, operation(Operation::Describe)).await.unwrap();
    let Answer::Described(description) = described else { panic!("{described:?}") };
    assert_eq!(description.instructions.as_deref(), Some("How to."));
    assert!(description.capabilities.tools.is_some());
    assert_eq!(description.hints.cache_scope, CacheScope::Public);

    let refused =
        outcome(&runtime, operation(Operation::List { kind: ListKind::Tools, cursor: Some("x".into()) })).await;
    assert!(matches!(refused, Err(CallError::InvalidCursor)), "{refused:?}");
}

/// Says hello, with progress.
#[tool]
async fn say(ctx: &Context) -> String {
    ctx.progress(1.0, Some(2.0), Some("half"));
    format!("hello {}", ctx.principal().subject_key().subject())
}

#[tokio::test]
async fn progress_is_told_to_who_asked_for_it() {
    let runtime = runtime(Catalog::new("test", "1").tool(say));
    let asked = call("say", &json!({})).with_telling(Some(ProgressToken::from(1)), None);
    let outlet = asked.outlet.clone();
    assert!(!tool_result(outcome(&runtime, asked).await).is_error);
    let Some(Event::Progress(told)) = outlet.try_next() else { panic!("nothing was told") };
    assert_eq!((told.progress, told.total, told.message.as_deref()), (1.0, Some(2.0), Some("half")));
    assert_eq!(outlet.try_next(), None);

    let silent = call("say", &json!({})).with_telling(None, None);
    let outlet = silent.outlet.clone();
    let (said, _) = text(&runtime, "say", json!({})).await;
    assert_eq!((said.as_str(), outlet.is_open()), ("hello local", false));
}

#[tokio::test]
async fn panic_fails_its_own_call_and_no_other() {
    let catalog = Catalog::new("test", "1").tool(panicking("first")).tool(PanicsAtOnce).tool(say);
    let runtime = runtime(catalog);
    for name in ["first", "at-once"] {
        for _ in 0..2 {
            let failed = outcome(&runtime, call(name, &json!({}))).await;
            let Err(error @ CallError::Panicked) = failed else { panic!("{failed:?}") };
            assert_eq!(error.object(REVISION).code, code::INTERNAL_ERROR);
            assert!(!error.object(REVISION).message.contains("secret"), "what a panic says stays in the log");
        }
        assert_eq!(text(&runtime, "say", json!({})).await.0, "hello local");
    }
}

/// A tool that panics when it has waited once.
fn panicking(name: &str) -> impl NativeTool + use<> {
    async fn panics(_: Context, _: Value) -> CallToolResult {
        tokio::task::yield_now().await;
        panic!("a secret")
    }
    DynamicTool::new(open_tool(name), panics)
}

/// A tool that panics before it has a future.
struct PanicsAtOnce;

impl NativeTool for PanicsAtOnce {
    fn offered(self) -> OfferedTool {
        OfferedTool { tool: open_tool("at-once"), handler: self.into() }
    }
}

impl Handler for PanicsAtOnce {
    fn call(&self, _: Call) -> BoxFuture<'static, Outcome> {
        std::panic::panic_any(7)
    }
}

/// Adds, and tells how far it is.
#[tool]
async fn add(ctx: &Context, a: i64, b: i64) -> String {
    ctx.progress(1.0, None, None);
    format!("{} for {}", a + b, ctx.principal().subject_key().subject())
}

#[tokio::test]
async fn a_function_is_tested_without_a_runtime() {
    let principal = Principal::local();
    let subject = principal.subject_key().subject().to_owned();
    let context = Context::detached(principal);
    assert_eq!(add::run(&context, 1, 2).await, format!("3 for {subject}"));
    let handle = context.state().create(&7, Duration::from_secs(60)).await.unwrap();
    assert_eq!(context.state::<i32>().get(&handle).await.unwrap(), 7);
}

#[tokio::test]
async fn a_handler_that_is_called_past_the_runtime_fails() {
    let offered = add().offered();
    let failed = offered.handler.0.call(call("add", &json!({"a": 1, "b": 2}))).await;
    assert!(matches!(failed, Err(CallError::Question(QuestionError::OutsideOfRuntime))), "{failed:?}");
}

#[tokio::test]
async fn a_tool_made_of_data_returns_what_any_tool_may() {
    let tool = DynamicTool::new(open_tool("half"), |_, _| async { Err::<String, _>("no half") });
    let runtime = runtime(Catalog::new("test", "1").tool(tool));
    assert_eq!(text(&runtime, "half", json!({})).await, ("no half".to_owned(), true));
}
