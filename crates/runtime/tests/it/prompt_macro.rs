//! `#[prompt]`: what a function's signature and attribute become in the list, and how arguments reach it.

use std::str::FromStr;

use outboard_protocol::RawJson;
use outboard_protocol::error::code;
use outboard_protocol::types::{CompleteParams, GetPromptResult, PromptMessage};
use outboard_runtime::{Catalog, Context, NativePrompt, Operation, PromptCall, Runtime, prompt};
use serde_json::{Value, json};

use crate::support::{operation, outcome, refusal, runtime, written};

/// The prompt as it is listed.
fn listed(prompt: impl NativePrompt) -> Value {
    serde_json::to_value(prompt.offered().prompt).unwrap()
}

fn server() -> Runtime {
    runtime(Catalog::new("test", "1").prompt(plain).prompt(review).prompt(renamed).prompt(parsed).prompt(failing))
}

async fn text(runtime: &Runtime, name: &str, arguments: Value) -> String {
    let filled = written(runtime, outcome(runtime, get(name, &arguments)).await);
    filled["messages"][0]["content"]["text"].as_str().unwrap().to_owned()
}

fn get(name: &str, arguments: &Value) -> outboard_runtime::Call {
    let arguments = Some(RawJson::of(arguments).unwrap());
    operation(Operation::GetPrompt(PromptCall { name: name.into(), arguments }))
}

#[prompt]
async fn plain() -> &'static str {
    "plain"
}

/// Asks for a review.
///
/// Of some code.
#[prompt(title = "Review", complete(language = languages, code = snippets))]
async fn review(
    ctx: &Context,
    /// What to
    /// review.
    code: String,
    language: Option<String>,
) -> Vec<PromptMessage> {
    let who = ctx.principal().subject_key().subject();
    let ask = format!("{who}: review this {}: {code}", language.as_deref().unwrap_or("code"));
    vec![PromptMessage::user(ask), PromptMessage::assistant("I shall.")]
}

fn languages(begun: &str) -> Vec<String> {
    ["python", "rust"].into_iter().filter(|name| name.starts_with(begun)).map(str::to_owned).collect()
}

async fn snippets(_: Context, params: CompleteParams) -> Vec<String> {
    vec![params.argument.value + "();"]
}

#[prompt(name = "re named", description = "What the attribute says.")]
async fn renamed(r#type: String, context: Context) -> GetPromptResult {
    let messages = vec![PromptMessage::user(format!("{type} for {}", context.client().revision.name))];
    GetPromptResult { description: Some("Filled in.".to_owned()), messages, ..GetPromptResult::default() }
}

#[derive(Debug)]
enum Color {
    Red,
}

impl FromStr for Color {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "red" { Ok(Self::Red) } else { Err(()) }
    }
}

#[prompt]
async fn parsed(number: u8, color: Option<Color>, parsed: Option<bool>) -> String {
    format!("{number} {color:?} {parsed:?}")
}

/// Fails.
#[prompt]
async fn failing(reason: String) -> Result<String, String> {
    Err(reason)
}

#[test]
fn parameters_and_their_comments_are_the_arguments() {
    assert_eq!(listed(plain), json!({"name": "plain"}));
    let arguments = json!([
        {"name": "code", "description": "What to\nreview.", "required": true},
        {"name": "language"}
    ]);
    assert_eq!(
        listed(review),
        json!({
            "name": "review", "title": "Review", "description": "Asks for a review.\n\nOf some code.",
            "arguments": arguments
        })
    );
    assert_eq!(
        listed(renamed),
        json!({
            "name": "re named", "description": "What the attribute says.",
            "arguments": [{"name": "type", "required": true}]
        })
    );
}

#[tokio::test]
async fn arguments_reach_their_parameters() {
    let server = server();
    let cases = [
        ("plain", json!({}), "plain"),
        ("review", json!({"code": "x", "language": "rust"}), "local: review this rust: x"),
        ("review", json!({"code": "x"}), "local: review this code: x"),
        ("re named", json!({"type": "x"}), "x for 2026-07-28"),
        ("parsed", json!({"number": "7"}), "7 None None"),
        ("parsed", json!({"number": "7", "color": "red", "parsed": "true"}), "7 Some(Red) Some(true)"),
    ];
    for (name, arguments, expected) in cases {
        assert_eq!(text(&server, name, arguments.clone()).await, expected, "{name} {arguments}");
    }
    let filled = written(&server, outcome(&server, get("review", &json!({"code": ""}))).await);
    assert_eq!(filled["messages"][1], json!({"role": "assistant", "content": {"type": "text", "text": "I shall."}}));
    let filled = written(&server, outcome(&server, get("re named", &json!({"type": ""}))).await);
    assert_eq!(filled["description"], "Filled in.");
}

#[tokio::test]
async fn text_that_is_no_value_of_its_type_is_refused() {
    let server = server();
    let cases = [
        ("parsed", json!({"number": "256"}), "the argument number must be a whole number that is not negative"),
        ("parsed", json!({"number": ""}), "the argument number must be a whole number"),
        ("parsed", json!({"number": "7", "color": "blue"}), "the argument color must be a value of type Color"),
        ("parsed", json!({"number": "7", "parsed": "yes"}), "the argument parsed must be true or false"),
        ("parsed", json!({}), "the prompt needs the argument number"),
    ];
    for (name, arguments, said) in cases {
        let refused = refusal(outcome(&server, get(name, &arguments)).await);
        assert!(refused.0 == code::INVALID_PARAMS && refused.1.starts_with(said), "{arguments}: {refused:?}");
    }
    let failed = refusal(outcome(&server, get("failing", &json!({"reason": "there is none"}))).await);
    assert_eq!(failed, (code::INTERNAL_ERROR, "there is none".to_owned()));
}

#[tokio::test]
async fn functions_of_the_attribute_suggest_values() {
    let server = server();
    for (argument, value, expected) in [("language", "r", "rust"), ("code", "f", "f();")] {
        let params = serde_json::from_value(json!({
            "ref": {"type": "ref/prompt", "name": "review"},
            "argument": {"name": argument, "value": value}
        }))
        .unwrap();
        let completed = written(&server, outcome(&server, operation(Operation::Complete(params))).await);
        assert_eq!(completed["completion"]["values"], json!([expected]));
    }
}

#[tokio::test]
async fn function_itself_stays_callable() {
    assert_eq!(plain::run().await, "plain");
    assert_eq!(failing::run("x".to_owned()).await, Err("x".to_owned()));
}
