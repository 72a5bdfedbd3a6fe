//! Prompts of a catalog: their names, their arguments, and which cannot be offered.

use outboard_protocol::RawJson;
use outboard_protocol::error::code;
use outboard_protocol::types::{Prompt, PromptArgument};
use outboard_runtime::{
    CallError, Catalog, CatalogError, DynamicPrompt, Item, ListKind, NativePrompt, Offer, Operation, PromptArguments,
    PromptCall, RuntimeConfig,
};
use serde_json::json;

use crate::fake::{Fake, prompt};
use crate::support::{operation, outcome, refusal, runtime, try_runtime, written};

fn get(name: &str, arguments: Option<&str>) -> outboard_runtime::Call {
    let arguments = arguments.map(|text| RawJson::parse(text.to_owned().into()).unwrap());
    operation(Operation::GetPrompt(PromptCall { name: name.into(), arguments }))
}

/// A prompt that shows its arguments: `a` is required, `b` is not.
fn shows(name: &str) -> impl NativePrompt + use<> {
    let argument =
        |name: &str, required| PromptArgument { name: name.to_owned(), required, ..PromptArgument::default() };
    let prompt = Prompt {
        name: name.to_owned(),
        arguments: vec![argument("a", true), argument("b", false)],
        ..Prompt::default()
    };
    DynamicPrompt::new(prompt, |_, arguments: PromptArguments| async move { format!("{arguments:?}") })
}

#[tokio::test]
async fn prompts_are_listed_under_their_prefix_and_filled_in_by_their_own() {
    let notes = Fake::new("notes", Offer { prompts: vec![prompt("notes", "day")], ..Offer::default() });
    let tasks = Fake::new("tasks", Offer { prompts: vec![prompt("tasks", "day")], ..Offer::default() });
    let catalog = Catalog::new("test", "1").provider_with_prefix("n", notes).prompt(shows("own")).provider(tasks);
    let runtime = runtime(catalog);
    let list = operation(Operation::List { kind: ListKind::Prompts, cursor: None });
    let listed = written(&runtime, outcome(&runtime, list).await);
    assert_eq!(
        listed["prompts"],
        json!([
            {"name": "own", "arguments": [{"name": "a", "required": true}, {"name": "b"}]},
            {"name": "n_day"},
            {"name": "day"}
        ])
    );
    for (name, said) in [("n_day", "notes: n_day"), ("day", "tasks: day"), ("own", "{\"a\": \"x\"}")] {
        let filled = written(&runtime, outcome(&runtime, get(name, Some(r#"{"a":"x"}"#))).await);
        assert_eq!(filled["messages"], json!([{"role": "user", "content": {"type": "text", "text": said}}]), "{name}");
        assert_eq!(filled["resultType"], "complete");
    }
    for unknown in ["n_own", "", "x"] {
        let refused = outcome(&runtime, get(unknown, None)).await;
        assert!(matches!(&refused, Err(CallError::UnknownPrompt { name }) if **name == *unknown), "{refused:?}");
        assert_eq!(refusal(refused).0, code::INVALID_PARAMS);
    }
}

#[tokio::test]
async fn arguments_are_texts_and_all_that_are_required() {
    let runtime = runtime(Catalog::new("test", "1").prompt(shows("own")));
    let filled = [
        (r#"{"a":"x"}"#, r#"{"a": "x"}"#),
        (r#"{"b":"","a":"\u00e4"}"#, r#"{"a": "ä", "b": ""}"#),
        (r#"{"a":"x","unknown":{"c":1}}"#, r#"{"a": "x"}"#),
    ];
    for (arguments, said) in filled {
        let result = written(&runtime, outcome(&runtime, get("own", Some(arguments))).await);
        assert_eq!(result["messages"][0]["content"]["text"], said, "{arguments}");
    }
    let refused = [
        (None, code::INVALID_PARAMS, "the prompt needs the argument a"),
        (Some("{}"), code::INVALID_PARAMS, "the prompt needs the argument a"),
        (Some(r#"{"a":1}"#), code::INVALID_PARAMS, "the argument a must be a string"),
        (Some(r#"{"a":null}"#), code::INVALID_PARAMS, "the argument a must be a string"),
        (Some(r#"{"a":"x","b":["y"]}"#), code::INVALID_PARAMS, "the argument b must be a string"),
        (Some("[]"), code::INVALID_PARAMS, "the argument arguments must be an object of strings"),
        (Some(r#"{"a":"x","c":1e400}"#), code::INVALID_PARAMS, "the argument arguments must be an object of strings"),
        (Some(r#"{"a":"x","a":"y"}"#), code::INVALID_REQUEST, "the arguments have the member a more than once"),
        (Some(r#"{"a":"x","c":{"d":1,"d":1}}"#), code::INVALID_REQUEST, "the arguments have the member d more"),
    ];
    for (arguments, code, said) in refused {
        let refused = refusal(outcome(&runtime, get("own", arguments)).await);
        assert!(refused.0 == code && refused.1.contains(said), "{arguments:?}: {refused:?}");
    }
}

#[tokio::test]
async fn prompts_that_cannot_be_offered_are_refused_or_left_out() {
    let refused = |catalog: Catalog| try_runtime(catalog, RuntimeConfig::default()).unwrap_err();
    let catalog = || Catalog::new("test", "1").prompt(shows("a"));
    let item = Item::Prompt;
    assert_eq!(refused(catalog().prompt(shows("a"))), CatalogError::Duplicate { item, name: "a".into() });
    let long = "x".repeat(129);
    for name in ["", "a\n", &long] {
        let error = refused(catalog().prompt(shows(name)));
        assert!(matches!(error, CatalogError::Name { item: Item::Prompt, .. }), "{name}: {error:?}");
    }
    let names = ["a", "b c", "", "d\n", &"x".repeat(126), &"x".repeat(127), "e", "e"];
    let offer = Offer { prompts: names.iter().map(|name| prompt("fake", name)).collect(), ..Offer::default() };
    let runtime = runtime(catalog().provider_with_prefix("p", Fake::new("fake", offer)));
    assert_eq!(runtime.counts().prompts, 1 + 4, "p_a, p_b c, the longest, p_e");
    assert!(outcome(&runtime, get(&format!("p_{}", "x".repeat(126)), None)).await.is_ok());
}
