//! `#[tool]`: what a function's signature and attribute become in the list, and how its calls reach it.

use outboard_protocol::types::Content;
use outboard_runtime::{Catalog, Context, Json, NativeTool, Runtime, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{call, call_with, outcome, text, tool_result};

/// The tool as it is listed, without the members that are absent.
fn listed(tool: impl NativeTool) -> Value {
    serde_json::to_value(tool.offered().tool).unwrap()
}

fn runtime() -> Runtime {
    let catalog = Catalog::new("test", "1")
        .tool(plain)
        .tool(documented)
        .tool(renamed)
        .tool(by_value)
        .tool(typed)
        .tool(refusing)
        .tool(quiet)
        .tool(echo)
        .tool(r#match);
    crate::support::runtime(catalog)
}

#[tool]
async fn plain() -> &'static str {
    "plain"
}

#[test]
fn function_without_anything_is_listed_with_nothing_more_than_it_needs() {
    let schema = json!({"type": "object", "additionalProperties": false});
    let mut tool = listed(plain);
    let properties = tool["inputSchema"].as_object_mut().unwrap().remove("properties");
    assert!(properties.is_none_or(|properties| properties == json!({})));
    assert_eq!(tool, json!({"name": "plain", "inputSchema": schema}));
}

/// Joins words.
///
/// With what is
/// between them.
#[tool(title = "Join", read_only, destructive = false, idempotent = true, open_world = false)]
async fn documented(
    ctx: &Context,
    /// The words,
    /// in their order.
    words: Vec<String>,
    /// What stands between them; a space if it is absent.
    separator: Option<String>,
    #[serde(default)]
    #[schemars(range(min = 0, max = 3))]
    times: u8,
    #[serde(rename = "in")] language: Option<Language>,
) -> String {
    let joined = words.join(separator.as_deref().unwrap_or(" ")).repeat(usize::from(times) + 1);
    format!("{joined} {language:?} for {}", ctx.principal().subject_key().subject())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    English,
    German,
}

#[test]
fn parameters_and_their_comments_are_the_schema() {
    let tool = listed(documented);
    assert_eq!((&tool["name"], &tool["title"]), (&json!("documented"), &json!("Join")));
    assert_eq!(tool["description"], "Joins words.\n\nWith what is\nbetween them.");
    let schema = &tool["inputSchema"];
    assert_eq!(schema["required"], json!(["words"]), "what is an Option or has a default may be absent");
    assert_eq!(schema["additionalProperties"], false);
    for absent in ["title", "description", "$schema"] {
        assert_eq!(schema.get(absent), None, "{absent}");
    }
    let properties = schema["properties"].as_object().unwrap();
    let names: Vec<_> = properties.keys().map(String::as_str).collect();
    assert_eq!(names.len(), 4, "the context is no argument: {names:?}");
    let words = json!({"type": "array", "items": {"type": "string"}, "description": "The words,\nin their order."});
    assert_eq!(properties["words"], words);
    assert_eq!(properties["separator"]["description"], "What stands between them; a space if it is absent.");
    assert_eq!(properties["times"]["maximum"], 3);
    assert!(properties.contains_key("in"));
    let hints = json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false});
    assert_eq!(tool["annotations"], hints);
}

#[tokio::test]
async fn arguments_reach_their_parameters() {
    let runtime = runtime();
    let cases = [
        (json!({"words": ["a", "b"]}), "a b None for local"),
        (json!({"words": ["a", "b"], "separator": "-", "times": 1}), "a-ba-b None for local"),
        (json!({"words": [], "separator": null, "in": "german"}), " Some(German) for local"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(text(&runtime, "documented", arguments.clone()).await, (expected.to_owned(), false), "{arguments}");
    }
    let refused = [
        json!({}),
        json!({"words": ["a"], "unknown": 1}),
        json!({"words": ["a"], "times": 4}),
        json!({"words": ["a"], "in": "latin"}),
        json!({"words": ["a"], "language": "german"}),
        json!({"words": ["a"], "ctx": {}}),
    ];
    for arguments in refused {
        let (message, is_error) = text(&runtime, "documented", arguments.clone()).await;
        assert!(is_error && message.starts_with("the arguments do not fit"), "{arguments}: {message}");
    }
    assert_eq!(text(&runtime, "plain", json!({})).await.0, "plain");
}

/// What the comment says.
#[tool(name = "re-named.v2", description = "What the attribute says.", read_only = false)]
async fn renamed(mut number: i64) -> i64 {
    number += 1;
    number
}

#[tokio::test]
async fn attribute_wins_over_the_function() {
    let tool = listed(renamed);
    assert_eq!(tool["name"], "re-named.v2");
    assert_eq!(tool["description"], "What the attribute says.");
    assert_eq!(tool["annotations"], json!({"readOnlyHint": false}));
    assert_eq!(text(&runtime(), "re-named.v2", json!({"number": 1})).await.0, "2");
}

/// Named with a word of the language.
#[tool]
async fn r#match(r#type: String) -> String {
    r#type
}

#[tokio::test]
async fn raw_names_are_listed_without_their_mark() {
    let tool = listed(r#match);
    assert_eq!((&tool["name"], &tool["inputSchema"]["required"]), (&json!("match"), &json!(["type"])));
    assert_eq!(text(&runtime(), "match", json!({"type": "x"})).await.0, "x");
}

/// Takes an argument of its own name, and one of the name of another tool.
#[tool]
async fn echo(echo: String, plain: Option<String>) -> String {
    echo + &plain.unwrap_or_default()
}

#[tokio::test]
async fn name_of_a_tool_is_free_for_variables() {
    let quiet = runtime();
    assert_eq!(text(&quiet, "echo", json!({"echo": "x", "plain": "y"})).await.0, "xy");
}

mod elsewhere {
    //! Where tools are written beside each other, with paths of their own.

    use outboard_runtime::tool;

    /// Takes the call by value, under its whole path.
    #[tool]
    pub(super) async fn by_value(suffix: String, ctx: outboard_runtime::Context) -> String {
        tokio::task::yield_now().await;
        format!("{}{suffix}", ctx.client().revision.name)
    }
}

use elsewhere::by_value;

#[tokio::test]
async fn context_may_be_taken_by_value_and_stand_anywhere() {
    assert_eq!(text(&runtime(), "by_value", json!({"suffix": "!"})).await.0, "2026-07-28!");
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// All of them.
    sum: i64,
}

/// Adds.
#[tool]
async fn typed(numbers: Vec<i64>) -> Result<Json<Sum>, String> {
    numbers
        .iter()
        .try_fold(0_i64, |sum, number| sum.checked_add(*number))
        .map(|sum| Json(Sum { sum }))
        .ok_or_else(|| "the sum is too large".to_owned())
}

#[tokio::test]
async fn json_is_structured_content_with_its_schema() {
    let schema = listed(typed)["outputSchema"].take();
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["sum"])));
    assert_eq!(schema["properties"]["sum"]["description"], "All of them.");
    let runtime = runtime();
    let result = tool_result(outcome(&runtime, call("typed", &json!({"numbers": [1, 2]}))).await);
    assert_eq!(result.structured_content, Some(json!({"sum": 3})));
    assert_eq!(text(&runtime, "typed", json!({"numbers": [1, 2]})).await, (r#"{"sum":3}"#.to_owned(), false));
    let large = json!({"numbers": [i64::MAX, 1]});
    assert_eq!(text(&runtime, "typed", large).await, ("the sum is too large".to_owned(), true));
    for tool in [listed(plain), listed(renamed)] {
        assert_eq!(tool.get("outputSchema"), None, "text has no schema");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no {0}")]
struct Missing(String);

/// Finds nothing.
#[tool]
async fn refusing(wanted: String) -> Result<Vec<Content>, Missing> {
    Err(Missing(wanted))
}

/// Has nothing to say.
#[tool]
async fn quiet() {}

#[tokio::test]
async fn errors_are_tool_execution_errors_and_nothing_is_no_content() {
    let runtime = runtime();
    assert_eq!(text(&runtime, "refusing", json!({"wanted": "x"})).await, ("there is no x".to_owned(), true));
    let nothing = tool_result(outcome(&runtime, call("quiet", &json!({}))).await);
    assert_eq!((nothing.content.len(), nothing.is_error), (0, false));
}

#[tokio::test]
async fn what_the_schema_lets_through_and_the_type_refuses_is_a_tool_execution_error() {
    // 2020-12 takes 1.0 for an integer, serde does not.
    let result = tool_result(outcome(&runtime(), call_with("re-named.v2", r#"{"number":1.0}"#)).await);
    let content = serde_json::to_value(&result.content).unwrap();
    assert!(result.is_error);
    assert_eq!(content[0]["text"], "arguments: invalid type: floating point `1.0`, expected i64");
}

#[tokio::test]
async fn function_itself_stays_callable() {
    assert_eq!(plain::run().await, "plain");
    assert_eq!(renamed::run(41).await, 42);
    assert!(refusing::run("x".to_owned()).await.is_err());
}
