//! Suggestions: who is asked for which reference, and how many come.

use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::code;
use outboard_protocol::types::{
    CompleteParams, CompletionArgument, CompletionReference, Prompt, Resource, ResourceTemplate,
};
use outboard_runtime::{
    Answer, BoxFuture, Call, Catalog, Context, DynamicPrompt, DynamicResource, DynamicTemplate, Handler, MatchedUri,
    Offer, OfferedPrompt, OfferedTemplate, Operation, Outcome, PromptArguments, Runtime,
};
use serde_json::{Value, json};

use crate::fake::{Fake, Says, prompt, template};
use crate::support::{operation, outcome, refusal, runtime, written};

fn of_prompt(name: &str) -> CompletionReference {
    CompletionReference::Prompt { name: name.to_owned() }
}

fn of_resource(uri: &str) -> CompletionReference {
    CompletionReference::Resource { uri: uri.to_owned() }
}

async fn complete(runtime: &Runtime, reference: CompletionReference, argument: &str, value: &str) -> Outcome {
    let argument = CompletionArgument { name: argument.to_owned(), value: value.to_owned() };
    let params = CompleteParams { reference, argument, context: None };
    outcome(runtime, operation(Operation::Complete(params.into()))).await
}

async fn values(runtime: &Runtime, reference: CompletionReference, argument: &str, value: &str) -> Value {
    let outcome = complete(runtime, reference, argument, value).await;
    written(runtime, outcome)["completion"]["values"].take()
}

fn colors(begun: &str) -> Vec<String> {
    ["green", "grey", "red"].into_iter().filter(|name| name.starts_with(begun)).map(str::to_owned).collect()
}

async fn many(begun: String) -> Vec<String> {
    tokio::task::yield_now().await;
    (0..begun.parse().unwrap()).map(|number: u32| number.to_string()).collect()
}

async fn of_the_rest(ctx: Context, params: CompleteParams) -> Vec<String> {
    vec![format!(
        "{}, {} others",
        ctx.principal().subject_key().subject(),
        params.context.map_or(0, |c| c.arguments.len())
    )]
}

fn catalog() -> Catalog {
    let listed = Prompt { name: "paint".to_owned(), ..Prompt::default() };
    let paint = DynamicPrompt::new(listed, |_, _: PromptArguments| async { "" })
        .complete("color", colors)
        .complete("count", many)
        .complete("rest", of_the_rest);
    let plain = Prompt { name: "plain".to_owned(), ..Prompt::default() };
    let plain = DynamicPrompt::new(plain, |_, _: PromptArguments| async { "" });
    let listed = |text: &str| ResourceTemplate {
        uri_template: text.to_owned(),
        name: "template".to_owned(),
        ..ResourceTemplate::default()
    };
    let read = |_: Context, _: MatchedUri| async { "" };
    Catalog::new("test", "1")
        .prompt(paint)
        .prompt(plain)
        .resource(DynamicTemplate::new(listed("paint:{color}"), read).complete("color", colors))
        .resource(DynamicTemplate::new(listed("plain:{x}"), read))
        .resource(DynamicResource::new(Resource::new("a:b", "ab"), |_| async { "" }))
}

#[tokio::test]
async fn values_come_from_who_is_named() {
    let offer = Offer {
        prompts: vec![OfferedPrompt { completer: Some(Says("fake").into()), ..prompt("fake", "paint") }],
        templates: vec![OfferedTemplate { completer: Some(Says("fake").into()), ..template("fake", "fake:{x}") }],
        ..Offer::default()
    };
    let runtime = runtime(catalog().provider_with_prefix("p", Fake::new("fake", offer)));
    let cases = [
        (of_prompt("paint"), "color", "gr", json!(["green", "grey"])),
        (of_prompt("paint"), "color", "x", json!([])),
        (of_prompt("paint"), "count", "2", json!(["0", "1"])),
        (of_prompt("paint"), "rest", "", json!(["local, 0 others"])),
        (of_prompt("paint"), "unknown", "", json!([])),
        (of_prompt("plain"), "any", "", json!([])),
        (of_prompt("p_paint"), "any", "", json!(["fake: any"])),
        (of_resource("paint:{color}"), "color", "r", json!(["red"])),
        (of_resource("paint:red"), "color", "r", json!(["red"])),
        (of_resource("fake:{x}"), "x", "", json!(["fake: x"])),
        (of_resource("plain:{x}"), "x", "", json!([])),
        (of_resource("a:b"), "x", "", json!([])),
    ];
    for (reference, argument, value, expected) in cases {
        let found = values(&runtime, reference.clone(), argument, value).await;
        assert_eq!(found, expected, "{reference:?} {argument}={value}");
    }
}

#[tokio::test]
async fn unknown_references_are_refused() {
    let runtime = runtime(catalog());
    let references =
        [of_prompt("Paint"), of_prompt(""), of_resource("paint:{other}"), of_resource("c:d"), of_resource("")];
    for reference in references {
        let refused = refusal(complete(&runtime, reference.clone(), "color", "").await);
        assert_eq!(refused.0, code::INVALID_PARAMS, "{reference:?}: {}", refused.1);
    }
}

#[tokio::test]
async fn values_are_cut_at_a_hundred() {
    let runtime = runtime(catalog().provider(Fake::new("raw", raw_prompt(150))));
    for (count, has_more) in [(100, None), (101, Some(true))] {
        let outcome = complete(&runtime, of_prompt("paint"), "count", &count.to_string()).await;
        let completion = written(&runtime, outcome)["completion"].take();
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!(
            (completion["total"].as_u64(), completion.get("hasMore").and_then(Value::as_bool)),
            (Some(count), has_more)
        );
    }
    let outcome = complete(&runtime, of_prompt("raw"), "x", "").await;
    let completion = written(&runtime, outcome)["completion"].take();
    assert_eq!(completion["values"].as_array().map(Vec::len), Some(100), "also those of a server behind us");
    assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(150), &json!(true)));
}

/// A prompt whose completer forwards this many values, as a lifted server's would.
fn raw_prompt(count: usize) -> Offer {
    struct Raw(usize);
    impl Handler for Raw {
        fn call(&self, _: Call) -> BoxFuture<'static, Outcome> {
            let values = vec!["x"; self.0];
            let raw = RawJson::of(&json!({"completion": {"values": values}})).unwrap();
            Box::pin(async move { Ok(Answer::Result(ServerResult::Forwarded(raw, None))) })
        }
    }
    let prompt = OfferedPrompt { completer: Some(Raw(count).into()), ..prompt("raw", "raw") };
    Offer { prompts: vec![prompt], ..Offer::default() }
}
