//! What the server says it can do, and what it answers about the rest.

use std::sync::Arc;

use outboard_protocol::error::code;
use outboard_protocol::types::{CallToolResult, Prompt, Resource, ServerCapabilities};
use outboard_runtime::{
    Answer, Catalog, Change, Description, DynamicPrompt, DynamicResource, DynamicTool, ListKind, Offer, OfferedPrompt,
    Operation, PromptArguments, PromptCall, Runtime, Since, Topics,
};
use serde_json::{Value, json};

use crate::fake::{Fake, Says, prompt, resource, template};
use crate::support::{call, open_tool, operation, outcome, refusal, runtime};

async fn described(runtime: &Runtime) -> Arc<Description> {
    match outcome(runtime, operation(Operation::Describe)).await {
        Ok(Answer::Described(description)) => description,
        other => panic!("no description: {other:?}"),
    }
}

async fn capabilities(catalog: Catalog) -> Value {
    let capabilities: ServerCapabilities = described(&runtime(catalog)).await.capabilities.clone();
    serde_json::to_value(capabilities).unwrap()
}

fn own_tool() -> impl outboard_runtime::NativeTool {
    DynamicTool::new(open_tool("own"), |_, _| async { CallToolResult::text("") })
}

fn own_resource() -> impl outboard_runtime::NativeResource {
    DynamicResource::new(Resource::new("a:b", "ab"), |_| async { "" })
}

fn own_prompt(name: &str) -> Prompt {
    Prompt { name: name.to_owned(), ..Prompt::default() }
}

#[tokio::test]
async fn features_are_declared_where_somebody_has_them() {
    let empty = || Catalog::new("test", "1");
    let with = |offer| empty().provider(Fake::new("fake", offer));
    let tools = json!({"listChanged": true});
    let cases = [
        (empty(), json!({})),
        (empty().tool(own_tool()), json!({"tools": tools, "logging": {}})),
        (
            empty().resource(own_resource()),
            json!({"resources": {"subscribe": true, "listChanged": true}, "logging": {}}),
        ),
        (
            empty().prompt(DynamicPrompt::new(own_prompt("a"), |_, _: PromptArguments| async { "" })),
            json!({"prompts": {"listChanged": true}, "logging": {}}),
        ),
        (
            empty().prompt(
                DynamicPrompt::new(own_prompt("a"), |_, _: PromptArguments| async { "" })
                    .complete("x", |_: &str| Vec::new()),
            ),
            json!({"prompts": {"listChanged": true}, "completions": {}, "logging": {}}),
        ),
        (with(Offer::default()), json!({"tools": tools})),
        (
            with(Offer { has_resources: true, has_prompts: true, ..Offer::default() }),
            json!({"tools": tools, "resources": {"listChanged": true}, "prompts": {"listChanged": true}}),
        ),
        (
            with(Offer { templates: vec![template("", "a:{x}")], tells_updates: true, ..Offer::default() }),
            json!({"tools": tools, "resources": {"subscribe": true, "listChanged": true}}),
        ),
        (
            with(Offer { unlisted: Some(Says("").into()), logs: true, ..Offer::default() }),
            json!({"tools": tools, "resources": {"listChanged": true}, "logging": {}}),
        ),
        (
            with(Offer {
                prompts: vec![OfferedPrompt { completer: Some(Says("").into()), ..prompt("", "a") }],
                ..Offer::default()
            }),
            json!({"tools": tools, "prompts": {"listChanged": true}, "completions": {}}),
        ),
        (
            empty().extension("vendor/one", json!({"a": 1})).experimental("two", json!({})),
            json!({"extensions": {"vendor/one": {"a": 1}}, "experimental": {"two": {}}}),
        ),
    ];
    for (catalog, expected) in cases {
        let what = format!("{catalog:?}");
        assert_eq!(capabilities(catalog).await, expected, "{what}");
    }
}

#[tokio::test]
async fn methods_of_features_that_nobody_has_are_not_found() {
    let operations = [
        Operation::List { kind: ListKind::Tools, cursor: None },
        Operation::List { kind: ListKind::Resources, cursor: None },
        Operation::List { kind: ListKind::ResourceTemplates, cursor: None },
        Operation::List { kind: ListKind::Prompts, cursor: None },
        call("a", &json!({})).operation,
        Operation::ReadResource { uri: "a:b".into() },
        Operation::GetPrompt(PromptCall { name: "a".into(), arguments: None }),
    ];
    let nothing = runtime(Catalog::new("test", "1"));
    let offer = Offer { has_resources: true, has_prompts: true, ..Offer::default() };
    let everything = runtime(Catalog::new("test", "1").provider(Fake::new("fake", offer)));
    for wanted in operations {
        let method = wanted.method();
        let refused = refusal(outcome(&nothing, operation(wanted.clone())).await);
        assert_eq!(refused.0, code::METHOD_NOT_FOUND, "{method}: {}", refused.1);
        let answered = outcome(&everything, operation(wanted)).await;
        let code = answered.err().map(|error| error.object(crate::support::REVISION).code);
        assert_ne!(code, Some(code::METHOD_NOT_FOUND), "{method}");
    }
}

#[tokio::test]
async fn a_capability_comes_with_the_offer() {
    let fake = Fake::new("fake", Offer::default());
    let runtime = runtime(Catalog::new("test", "1").instructions("How to.").provider(fake.clone()));
    assert_eq!(described(&runtime).await.capabilities.resources, None);
    fake.offer(Offer { resources: vec![resource("fake", "a:b")], ..Offer::default() });
    runtime.refresh();
    let description = described(&runtime).await;
    assert!(description.capabilities.resources.is_some());
    assert_eq!(description.instructions.as_deref(), Some("How to."));
    assert_eq!(runtime.counts().resources, 1);
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_which_lists_have_changed() {
    let cases = [
        (Offer { tools: vec![outboard_runtime::NativeTool::offered(own_tool())], ..Offer::default() }, Change::Tools),
        (Offer { prompts: vec![prompt("", "a")], ..Offer::default() }, Change::Prompts),
        (Offer { resources: vec![resource("", "a:b")], ..Offer::default() }, Change::Resources),
        (Offer { templates: vec![template("", "a:{x}")], ..Offer::default() }, Change::Resources),
    ];
    for (offer, expected) in cases {
        let fake = Fake::new("fake", Offer::default());
        let runtime = runtime(Catalog::new("test", "1").provider(fake.clone()));
        let mut listening = runtime.notify().listen(Topics::lists_and([]), Since::Recently).await.unwrap();
        runtime.refresh();
        fake.offer(offer.clone());
        runtime.refresh();
        // The same once more is no change.
        fake.offer(offer);
        runtime.refresh();
        let told = tokio::select! {
            told = async {
                let first = listening.next().await;
                let second = tokio::time::timeout(std::time::Duration::from_secs(5), listening.next()).await;
                (first.change, second.ok())
            } => told,
            _ = runtime.follow() => unreachable!("it never ends"),
        };
        assert_eq!(told, (expected, None));
    }
}
