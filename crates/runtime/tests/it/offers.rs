//! Providers whose offers change, and tools that cannot be offered.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use outboard_protocol::headers::{AnnotationError, Values};
use outboard_protocol::types::{CallToolResult, Tool};
use outboard_runtime::{
    CallError, Catalog, CatalogError, Change, DynamicTool, Item, NativeTool, Offer, OfferedTool, Runtime,
    RuntimeConfig, SchemaError, SchemaLimits, Since, Topics,
};
use outboard_testkit::gate::Gate;
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::fake::Fake;
use crate::support::{call, names, open_tool, outcome, runtime, text, try_runtime};

fn with_tools(tools: Vec<OfferedTool>) -> Offer {
    Offer { tools, ..Offer::default() }
}

/// A tool that says whose it is.
fn tool_of(whose: &'static str, tool: Tool) -> OfferedTool {
    DynamicTool::new(tool, move |_, _| async move { CallToolResult::text(whose) }).offered()
}

fn tools_of(whose: &'static str, names: &[&str]) -> Vec<OfferedTool> {
    names.iter().map(|name| tool_of(whose, open_tool(name))).collect()
}

fn native(name: &str) -> impl NativeTool + use<> {
    DynamicTool::new(open_tool(name), |_, _| async { CallToolResult::text("native") })
}

/// Polls a future once.
async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(pin!(&mut *future).poll(cx))).await
}

#[tokio::test]
async fn tools_come_and_go_with_the_offers() {
    let (files, web) = (Fake::new("files", Offer::default()), Fake::new("web", with_tools(tools_of("web", &["get"]))));
    let catalog = Catalog::new("test", "1")
        .tool(native("own"))
        .provider_with_prefix("files", files.clone())
        .provider(web.clone());
    let runtime = runtime(catalog);
    assert_eq!(names(&runtime), ["own", "get"]);
    let mut following = Box::pin(runtime.follow());
    assert!(once(&mut following).await.is_pending());

    files.offer(with_tools(tools_of("files", &["read", "write"])));
    assert_eq!(names(&runtime), ["own", "get"], "not before it was followed");
    assert!(once(&mut following).await.is_pending());
    assert_eq!(names(&runtime), ["own", "files_read", "files_write", "get"], "in the order of the catalog");
    assert_eq!(text(&runtime, "files_read", json!({})).await.0, "files");

    files.offer(with_tools(tools_of("files again", &["read"])));
    web.offer(Offer::default());
    assert!(once(&mut following).await.is_pending());
    assert_eq!(names(&runtime), ["own", "files_read"]);
    assert_eq!(text(&runtime, "files_read", json!({})).await.0, "files again");
    for gone in ["files_write", "get", "read"] {
        let refused = outcome(&runtime, call(gone, &json!({}))).await;
        assert!(matches!(refused, Err(CallError::UnknownTool { .. })), "{gone}: {refused:?}");
    }
}

#[tokio::test]
async fn what_was_there_before_anybody_was_served_is_no_news() {
    let fake = Fake::new("fake", Offer::default());
    let runtime = runtime(Catalog::new("test", "1").provider(fake.clone()));
    fake.offer(with_tools(tools_of("fake", &["early"])));
    runtime.settle();
    assert_eq!(names(&runtime), ["early"]);
    let mut listening = runtime.notify().listen(Topics::lists_and([]), Since::Recently).await.unwrap();
    let mut following = Box::pin(runtime.follow());
    let mut told = Box::pin(listening.next());
    for _ in 0..3 {
        assert!(once(&mut following).await.is_pending());
        assert!(once(&mut told).await.is_pending(), "nothing has changed since");
    }
    fake.offer(with_tools(tools_of("fake", &["early", "late"])));
    let told = tokio::select! {
        never = following => match never {},
        told = told => told,
    };
    assert_eq!(told.change, Change::Tools);
}

#[tokio::test]
async fn offer_that_changed_before_it_was_followed_is_taken() {
    let fake = Fake::new("fake", Offer::default());
    let runtime = runtime(Catalog::new("test", "1").provider(fake.clone()));
    fake.offer(with_tools(tools_of("fake", &["late"])));
    let mut following = Box::pin(runtime.follow());
    assert!(once(&mut following).await.is_pending());
    assert_eq!(names(&runtime), ["late"]);
}

#[tokio::test]
async fn call_in_flight_outlives_its_tool() {
    let gate = Gate::new();
    let fake = Fake::new("fake", with_tools(vec![gate.tool().offered()]));
    let runtime = runtime(Catalog::new("test", "1").provider(fake.clone()));
    let mut running = Box::pin(runtime.clone().call(call("wait", &json!({}))));
    assert!(once(&mut running).await.is_pending());
    fake.offer(Offer::default());
    runtime.refresh();
    assert_eq!(names(&runtime), Vec::<String>::new());
    gate.open();
    let Ok(answered) = running.await;
    assert!(answered.is_ok(), "{answered:?}");
}

/// A schema with a parameter that a header repeats.
fn annotated(kind: &str, header: &str) -> Value {
    json!({"type": "object", "properties": {"a": {"type": kind, "x-mcp-header": header}}})
}

/// Tools of a provider that cannot be offered: the name with which it would be listed, and its schema.
fn unfit() -> Vec<(&'static str, Value)> {
    let object = json!({"type": "object"});
    vec![
        ("", object.clone()),
        ("a b", object.clone()),
        ("\u{e4}", object.clone()),
        ("a/b", object.clone()),
        (LONG, object),
        ("none", Value::Null),
        ("array", json!({"type": "array"})),
        ("untyped", json!({})),
        ("unknown-type", json!({"type": "object", "properties": {"a": {"type": "text"}}})),
        ("elsewhere", json!({"type": "object", "$ref": "https://schemas.example/a.json"})),
        ("number-in-a-header", annotated("number", "A")),
        ("no-header", annotated("string", "a\r\nb")),
        ("large", json!({"type": "object", "title": "x".repeat(256 * 1024)})),
        ("deep", (0..64).fold(json!({}), |inner, _| json!({"type": "object", "not": inner}))),
    ]
}

/// One character longer than a name may be, with its prefix.
const LONG: &str = concat!(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
);

#[tokio::test]
async fn tool_that_cannot_be_offered_takes_no_other_away() {
    assert_eq!("p_".len() + LONG.len(), 128, "with the prefix it is the longest name; the next one is too long");
    let mut tools = tools_of("first", &["good"]);
    let unfit = unfit();
    for (name, schema) in &unfit {
        let name = if *name == LONG { format!("{LONG}a") } else { (*name).to_owned() };
        tools.push(tool_of("unfit", Tool { input_schema: schema.clone(), ..open_tool(&name) }));
    }
    tools.extend(tools_of("first", &[LONG, "last"]));
    let (first, second) = (Fake::new("first", Offer::default()), Fake::new("second", Offer::default()));
    let catalog = || {
        let own = Catalog::new("test", "1").tool(native("own"));
        own.provider_with_prefix("p", first.clone()).provider(second.clone())
    };
    let before = runtime(catalog());
    first.offer(with_tools(tools));
    second.offer(with_tools(tools_of("second", &["own", "p_good", "twice", "twice", "other"])));
    before.refresh();
    let expected = ["own", "p_good", &format!("p_{LONG}"), "p_last", "twice", "other"];
    let at_start = runtime(catalog());
    for runtime in [before, at_start] {
        let mut listed = names(&runtime);
        listed.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(listed, expected, "the same at the start and later");
        assert_eq!(text(&runtime, "own", json!({})).await.0, "native", "what was there first stays");
        assert_eq!(text(&runtime, "p_good", json!({})).await.0, "first", "what was there first stays");
    }
}

#[tokio::test]
async fn native_tools_that_cannot_be_offered_are_refused() {
    let refused = |catalog: Catalog| try_runtime(catalog, RuntimeConfig::default()).unwrap_err();
    let catalog = || Catalog::new("test", "1").tool(native("a"));
    assert_eq!(refused(catalog().tool(native("a"))), CatalogError::Duplicate { item: Item::Tool, name: "a".into() });
    assert_eq!(refused(catalog().tool(native("b c"))), CatalogError::Name { item: Item::Tool, name: "b c".into() });
    let untyped = DynamicTool::new(Tool { input_schema: json!({}), ..open_tool("b") }, |_, _| async {
        CallToolResult::text("never")
    });
    let error = SchemaError::NotForObjects;
    assert_eq!(refused(catalog().tool(untyped)), CatalogError::Schema { name: "b".into(), error });

    let annotated = |schema: Value| {
        let tool = Tool { input_schema: schema, ..open_tool("b") };
        DynamicTool::new(tool, |_, _| async { CallToolResult::text("never") })
    };
    let cases = [
        (annotated(self::annotated("number", "A")), AnnotationError::ParameterType { parameter: "a".into() }),
        (annotated(self::annotated("string", "a\r\nb")), AnnotationError::Name { parameter: "a".into() }),
        (
            annotated(json!({"type": "object", "not": self::annotated("string", "A")})),
            AnnotationError::Place { place: "not".into() },
        ),
    ];
    for (tool, error) in cases {
        assert_eq!(refused(catalog().tool(tool)), CatalogError::Annotation { name: "b".into(), error });
    }

    let schema = SchemaLimits { bytes_max: 10, ..SchemaLimits::default() };
    let small = try_runtime(catalog(), RuntimeConfig { schema, ..RuntimeConfig::default() }).unwrap_err();
    let error = SchemaError::TooLarge { bytes: 17, limit: 10 };
    assert_eq!(small, CatalogError::Schema { name: "a".into(), error });
}

#[tokio::test]
async fn patterns_that_only_a_backtracking_engine_follows_are_left_to_the_server_that_has_them() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?!b)"}}});
    let tool = Tool { input_schema: schema.clone(), ..open_tool("t") };
    let provider = Fake::new("first", Offer::default());
    provider.offer(with_tools(vec![tool_of("first", tool)]));
    let runtime = runtime(Catalog::new("test", "1").provider(provider.clone()));
    assert_eq!(runtime.tools()[0].input_schema, schema, "it is listed as it is");
    assert_eq!(text(&runtime, "t", json!({"a": "b"})).await.0, "first");
    assert!(text(&runtime, "t", json!({"a": 1})).await.0.contains("arguments/a"), "the rest is checked");
}

#[tokio::test]
async fn header_parameters_follow_the_offers() {
    let annotated = |header| tool_of("fake", Tool { input_schema: annotated("string", header), ..open_tool("a") });
    let fake = Fake::new("fake", with_tools(vec![annotated("First")]));
    let catalog = Catalog::new("test", "1").tool(native("own")).provider_with_prefix("p", fake.clone());
    let runtime = runtime(catalog);
    for without in ["own", "a", "p_b", ""] {
        assert_eq!(runtime.header_parameters(without), None, "{without}");
    }
    let asked_for = |runtime: &Runtime| {
        let mut names = Vec::new();
        let seen = std::cell::RefCell::new(&mut names);
        let parameters = runtime.header_parameters("p_a").unwrap();
        let checked = parameters.check(
            |name| {
                seen.borrow_mut().push(name.to_owned());
                Values::None
            },
            None,
        );
        assert_eq!(checked, Ok(()));
        names
    };
    assert_eq!(asked_for(&runtime), ["mcp-param-first"]);
    fake.offer(with_tools(vec![annotated("Second")]));
    runtime.refresh();
    assert_eq!(asked_for(&runtime), ["mcp-param-second"]);
    fake.offer(with_tools(tools_of("fake", &["a"])));
    runtime.refresh();
    assert_eq!(runtime.header_parameters("p_a"), None);
}
