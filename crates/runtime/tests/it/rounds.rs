//! Questions between rounds: when they are asked, which answers count, and which states are taken.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use outboard_protocol::RawJson;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::code;
use outboard_protocol::revision::V2026_07_28;
use outboard_protocol::types::{
    CallToolResult, Capability, CompleteParams, CompletionArgument, CompletionReference, CreateMessageParams, Prompt,
    Resource,
};
use outboard_runtime::{
    Answer, Asking, Call, CallError, Catalog, Context, DynamicPrompt, DynamicResource, DynamicTool, InputConfig,
    ListKind, NativeTool, NotAccepted, Operation, Outcome, PromptCall, QuestionError, Round, RuntimeConfig, ToolCall,
    tool,
};
use outboard_store::{KeyRing, RootKey};
use outboard_testkit::clock::FakeClock;
use outboard_testkit::down;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service as _;

use crate::asked::{Server, accept, again, declared, first, party, round, with_everything};
use crate::support::{call, call_with, open_tool, operation, tool_result};

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Greets.
#[tool]
async fn greet(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("user_name", "What is your name?").await?;
    Ok(format!("hello {name}"))
}

/// Deletes, if the user agrees.
#[tool]
async fn delete(ctx: &Context, file: String) -> String {
    let text = format!("Delete {file}?");
    if ctx.confirm("sure", text).await { format!("deleted {file}") } else { "kept".to_owned() }
}

/// Deletes, if the user agrees, once for each time that it does.
#[tool(name = "delete", single_use)]
async fn delete_once(ctx: &Context, file: String) -> String {
    delete::run(ctx, file).await
}

/// Asks for all that there is, at once.
#[tool]
async fn three(ctx: &Context) -> String {
    let (name, capital, roots) = tokio::join!(
        ctx.elicit::<Name>("name", "Who?"),
        ctx.sample("capital", CreateMessageParams::text("The capital of France?", 50)),
        ctx.roots("roots"),
    );
    format!(
        "{} {} {}",
        name.map_or_else(|error| error.to_string(), |name| name.name),
        capital.message.as_text(),
        roots.len()
    )
}

fn served() -> Server {
    Server::new(Catalog::new("test", "1").tool(greet).tool(delete).tool(three))
}

fn none() -> Value {
    json!({})
}

#[track_caller]
fn assert_invalid_state(outcome: Outcome) {
    let Err(error @ CallError::InvalidState) = outcome else { panic!("the state was taken: {outcome:?}") };
    assert_eq!((error.object(&V2026_07_28).code, error.retry_after()), (code::INVALID_PARAMS, None));
}

#[tokio::test]
async fn question_is_asked_and_its_answer_reaches_the_handler_in_the_next_round() {
    let server = served();
    let asks = server.asks(first("greet", &none())).await;
    assert_eq!(
        asks.question("user_name"),
        json!({"method": "elicitation/create", "params": {
            "message": "What is your name?",
            "requestedSchema": {
                "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]
            }
        }})
    );
    for (answer, expected) in [
        (accept(json!({"name": "Ada"})), "hello Ada"),
        (json!({"action": "decline"}), "the user declined to answer"),
        (json!({"action": "cancel", "content": null}), "the user closed the question without an answer"),
    ] {
        let said = server.says(again("greet", &none(), &asks, json!({"user_name": answer}))).await;
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn answers_with_a_member_that_stands_twice_are_refused() {
    let server = served();
    let state = server.asks(first("greet", &none())).await.state();
    let cases = [
        (r#"{"user_name":{"action":"decline"},"user_name":{"action":"cancel"}}"#, "user_name"),
        (r#"{"user_name":{"action":"accept","action":"decline"}}"#, "action"),
        (r#"{"user_name":{"action":"accept","content":{"name":"Ada","\u006eame":"Eve"}}}"#, "name"),
        (r#"{"nobody_asked":[{"a":1,"a":2}]}"#, "a"),
    ];
    for state in [Some(&*state), None, Some("of another key")] {
        for (text, member) in cases {
            let responses = Some(RawJson::parse(text.into()).unwrap());
            let brought = Round { responses, state: state.map(Into::into) };
            let again = first("greet", &none()).with_asking(Asking::Rounds(Some(Box::new(brought))));
            let error = server.answer(again).await.unwrap_err();
            assert_eq!(error.object(&V2026_07_28).code, code::INVALID_REQUEST, "{text}");
            let CallError::DuplicateAnswer { name } = error else { panic!("{text}: {error:?}") };
            assert_eq!(&*name, member, "{text}");
        }
    }
}

#[tokio::test]
async fn joined_questions_go_out_together() {
    let server = served();
    let asks = server.asks(first("three", &none())).await;
    assert_eq!(asks.keys(), ["capital", "name", "roots"]);
    assert_eq!(asks.question("roots"), json!({"method": "roots/list", "params": {}}));
    assert_eq!(asks.question("capital")["params"]["maxTokens"], 50);
    let capital = json!({"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"});
    let name = accept(json!({"name": "Ada"}));

    let partly = server.asks(again("three", &none(), &asks, json!({"capital": capital, "name": name}))).await;
    assert_eq!(partly.keys(), ["roots"], "what is answered is not asked again");
    let roots = json!({"roots": {"roots": [{"uri": "file:///a"}, {"uri": "file:///b", "name": "b"}]}});
    assert_eq!(server.says(again("three", &none(), &partly, roots)).await, "Ada Paris 2");
}

#[tokio::test]
async fn answers_that_do_not_fit_are_asked_again() {
    let server = served();
    let asks = server.asks(first("three", &none())).await;
    let unfit = [
        json!({}),
        json!(null),
        json!({"unknown": accept(json!({"name": "Ada"}))}),
        json!({"name": 12_345, "capital": null, "roots": "x"}),
        json!({"name": accept(json!({"name": 1})), "capital": {"role": "assistant"}, "roots": {}}),
        json!({"name": accept(json!({})), "capital": [], "roots": {"roots": [{"name": "x"}]}}),
        json!({"name": {"action": "agree", "content": {"name": "x"}}}),
    ];
    for answers in unfit {
        let call = again("three", &none(), &asks, answers.clone());
        assert_eq!(server.asks(call).await.keys(), ["capital", "name", "roots"], "{answers}");
    }
}

/// A tool whose question the test can change.
fn changing(text: &Arc<Mutex<String>>) -> impl NativeTool + use<> {
    let text = Arc::clone(text);
    DynamicTool::new(open_tool("changing"), move |ctx, _| {
        let text = text.lock().unwrap().clone();
        async move {
            let Ok(Name { name }) = ctx.elicit("name", text).await else { return CallToolResult::text("no") };
            CallToolResult::text(name)
        }
    })
}

#[tokio::test]
async fn question_that_has_changed_between_rounds_is_asked_again() {
    let text = Arc::new(Mutex::new("Who pays 1?".to_owned()));
    let server = Server::new(Catalog::new("test", "1").tool(changing(&text)));
    let answers = || json!({"name": accept(json!({"name": "Ada"}))});
    let asks = server.asks(first("changing", &none())).await;
    "Who pays 1000?".clone_into(&mut text.lock().unwrap());
    let changed = server.asks(again("changing", &none(), &asks, answers())).await;
    assert_eq!(changed.message("name"), "Who pays 1000?");
    assert_eq!(server.says(again("changing", &none(), &changed, answers())).await, "Ada");
}

#[tokio::test]
async fn question_cannot_be_got_round() {
    let swallowing = DynamicTool::new(open_tool("swallow"), |ctx: Context, _| async move {
        let name = ctx.elicit::<Name>("name", "Who?").await.ok();
        CallToolResult::text(name.map_or_else(|| "nobody".to_owned(), |name| name.name))
    });
    let leaving = DynamicTool::new(open_tool("leave"), |ctx: Context, _| async move {
        let asked = ctx.elicit::<Name>("name", "Who?").now_or_never();
        CallToolResult::text(if asked.is_some() { "asked" } else { "not asked" })
    });
    let timing = DynamicTool::new(open_tool("time"), |ctx: Context, _| async move {
        let asked = tokio::time::timeout(Duration::ZERO, ctx.elicit::<Name>("name", "Who?")).await;
        CallToolResult::text(if asked.is_ok() { "asked" } else { "not asked" })
    });
    let server = Server::new(Catalog::new("test", "1").tool(swallowing).tool(leaving).tool(timing));
    for name in ["swallow", "leave", "time"] {
        assert_eq!(server.asks(first(name, &none())).await.keys(), ["name"], "{name}");
    }
}

#[tokio::test]
async fn poll_is_finished_and_then_the_handler_is_dropped() {
    struct Tells(Arc<AtomicUsize>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (dropped, waited) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&dropped), Arc::clone(&waited));
    let joining = DynamicTool::new(open_tool("join"), move |ctx: Context, _| {
        let (dropped, waited) = counters.clone();
        async move {
            let _tells = Tells(dropped);
            let slow = async {
                waited.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            };
            let asking = ctx.elicit::<Name>("name", "Who?");
            // The slow work comes after the question in the same poll, and never ends.
            drop(tokio::join!(biased; asking, slow));
            CallToolResult::text("never")
        }
    });
    let server = Server::new(Catalog::new("test", "1").tool(joining));
    let mut running = Box::pin({ server.runtime }.call(first("join", &none())));
    let Some(Ok(outcome)) = (&mut running).now_or_never() else { panic!("it asks at once") };
    assert!(matches!(outcome, Ok(Answer::Result(ServerResult::InputRequired(_)))), "{outcome:?}");
    assert_eq!((waited.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (1, 1));
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn question_from_a_task_of_the_handler_ends_the_call() {
    let spawning = DynamicTool::new(open_tool("spawn"), |ctx: Context, _| async move {
        let set = &mut tokio::task::JoinSet::new();
        set.spawn(async move { ctx.confirm("sure", "Sure?").await });
        let sure = set.join_next().await;
        CallToolResult::text(format!("{}", matches!(sure, Some(Ok(true)))))
    });
    let server = Server::new(Catalog::new("test", "1").tool(spawning));
    let begun = Instant::now();
    let asks = server.asks(first("spawn", &none())).await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "it ends at once, not at its deadline");
    let yes = json!({"sure": accept(json!({"confirm": true}))});
    assert_eq!(server.says(again("spawn", &none(), &asks, yes)).await, "true");
}

#[tokio::test]
async fn same_question_again_in_one_run_is_a_new_one() {
    let guessing = DynamicTool::new(open_tool("guess"), |ctx: Context, _| async move {
        let mut guesses = 1;
        while ctx.elicit::<Name>("guess", "Guess!").await.is_ok_and(|guess| guess.name != "7") {
            guesses += 1;
        }
        CallToolResult::text(format!("{guesses} guesses"))
    });
    let server = Server::new(Catalog::new("test", "1").tool(guessing));
    let mut asks = server.asks(first("guess", &none())).await;
    for guess in ["1", "2"] {
        asks = server.asks(again("guess", &none(), &asks, json!({"guess": accept(json!({"name": guess}))}))).await;
    }
    let right = json!({"guess": accept(json!({"name": "7"}))});
    assert_eq!(server.says(again("guess", &none(), &asks, right)).await, "3 guesses");
}

#[tokio::test]
async fn own_word_of_a_client_counts_but_not_as_a_confirmation() {
    let server = served();
    let word = json!({"user_name": accept(json!({"name": "Ada"})), "sure": accept(json!({"confirm": true}))});
    assert_eq!(server.says(round(call("greet", &none()), None, Some(word.clone()))).await, "hello Ada");

    let file = json!({"file": "a"});
    let asks = server.asks(round(call("delete", &file), None, Some(word.clone()))).await;
    assert_eq!((asks.keys(), asks.message("sure")), (vec!["sure"], "Delete a?".to_owned()));
    assert_eq!(server.says(again("delete", &file, &asks, word)).await, "deleted a");
    let no = json!({"sure": accept(json!({"confirm": false}))});
    assert_eq!(server.says(again("delete", &file, &asks, no)).await, "kept");
    assert_eq!(server.says(again("delete", &file, &asks, json!({"sure": {"action": "decline"}}))).await, "kept");
}

#[tokio::test]
async fn own_word_that_was_taken_is_remembered() {
    let both = DynamicTool::new(open_tool("both"), |ctx: Context, _| async move {
        let name = ctx.elicit::<Name>("name", "Who?").await;
        let sure = ctx.confirm("sure", "Sure?").await;
        CallToolResult::text(format!("{} {sure}", name.map_or_else(|_| "nobody".to_owned(), |name| name.name)))
    });
    let server = Server::new(Catalog::new("test", "1").tool(both));
    let word = json!({"name": accept(json!({"name": "Ada"}))});
    let asks = server.asks(round(call("both", &none()), None, Some(word))).await;
    assert_eq!(asks.keys(), ["sure"]);
    let yes = json!({"sure": accept(json!({"confirm": true}))});
    assert_eq!(server.says(again("both", &none(), &asks, yes)).await, "Ada true");
}

#[tokio::test]
async fn own_word_to_an_elicitation_is_no_confirmation_of_the_same_text_later() {
    let schema = json!({
        "type": "object",
        "properties": {"confirm": {"type": "boolean", "title": "Confirm"}},
        "required": ["confirm"]
    });
    let runs = Arc::new(AtomicUsize::new(0));
    let wavering = DynamicTool::new(open_tool("waver"), move |ctx: Context, _| {
        let (schema, run) = (schema.clone(), runs.fetch_add(1, Ordering::SeqCst));
        async move {
            if run == 0 {
                drop(ctx.elicit_form("sure", "Sure?", schema).await);
            }
            CallToolResult::text(format!("{}", ctx.confirm("sure", "Sure?").await))
        }
    });
    let server = Server::new(Catalog::new("test", "1").tool(wavering));
    let yes = || json!({"sure": accept(json!({"confirm": true}))});
    let asks = server.asks(round(call("waver", &none()), None, Some(yes()))).await;
    let asks = server.asks(again("waver", &none(), &asks, none())).await;
    assert_eq!(server.says(again("waver", &none(), &asks, yes())).await, "true");
}

#[tokio::test]
async fn state_is_for_its_own_call_alone() {
    let asking = |name: &str| {
        DynamicTool::new(open_tool(name), |ctx: Context, _| async move {
            CallToolResult::text(format!("{}", ctx.confirm("sure", "Sure?").await))
        })
    };
    let server = Server::new(Catalog::new("test", "1").tool(asking("open")).tool(asking("like")));
    let (file, other) = (json!({"file": "a", "x": {"p": 1, "q": [1, 2]}}), json!({"file": "b"}));
    let by = |mut call: Call, principal| {
        call.principal = principal;
        call
    };
    let alice = || party("alice", "editor");
    let asks = server.asks(by(first("open", &file), alice())).await;
    let yes = || json!({"sure": accept(json!({"confirm": true}))});

    // The same arguments, however they are spelled.
    let spelled = r#" {"x":{"q":[1,2 ],"p":1}, "file":"\u0061"}"#;
    let same = round(call_with("open", spelled), Some(&asks.state()), Some(yes()));
    assert_eq!(server.says(by(same, alice())).await, "true");

    let foreign = [
        ("other arguments", by(again("open", &other, &asks, yes()), alice())),
        ("no arguments", by(again("open", &none(), &asks, yes()), alice())),
        ("another tool", by(again("like", &file, &asks, yes()), alice())),
        ("another subject", by(again("open", &file, &asks, yes()), party("bob", "editor"))),
        ("another client", by(again("open", &file, &asks, yes()), party("alice", "other"))),
        ("nobody in particular", again("open", &file, &asks, yes())),
    ];
    for (name, call) in foreign {
        let Err(CallError::InvalidState) = server.answer(call).await else { panic!("{name}") };
    }
}

/// A prompt, a resource and a tool of one name, which ask the same.
fn alike() -> Catalog {
    let prompt = Prompt { name: "a".to_owned(), ..Prompt::default() };
    let prompt = DynamicPrompt::new(prompt, |ctx: Context, _| async move { sure(&ctx).await });
    let resource = DynamicResource::new(Resource::new("a:", "a"), |ctx: Context| async move { sure(&ctx).await });
    let tool =
        DynamicTool::new(open_tool("a"), |ctx: Context, _| async move { CallToolResult::text(sure(&ctx).await) });
    Catalog::new("test", "1").prompt(prompt).resource(resource).tool(tool)
}

async fn sure(ctx: &Context) -> String {
    assert!(ctx.can_ask(Capability::ElicitationForm));
    format!("sure: {}", ctx.confirm("sure", "Sure?").await)
}

#[tokio::test]
async fn prompts_and_resources_ask_as_tools_do() {
    let server = Server::new(alike());
    let operations = [
        Operation::CallTool(ToolCall { name: "a".into(), arguments: None }),
        Operation::GetPrompt(PromptCall { name: "a".into(), arguments: None }),
        Operation::ReadResource { uri: "a:".into() },
    ];
    let yes = || Some(json!({"sure": accept(json!({"confirm": true}))}));
    for (at, asked) in operations.iter().enumerate() {
        let asks = server.asks(round(operation(asked.clone()), None, None)).await;
        for (other_at, other) in operations.iter().enumerate() {
            let call = round(operation(other.clone()), Some(&asks.state()), yes());
            let outcome = server.answer(call).await;
            if other_at == at {
                assert!(format!("{outcome:?}").contains("sure: true"), "{outcome:?}");
            } else {
                assert_invalid_state(outcome);
            }
        }
    }
}

#[tokio::test]
async fn completion_cannot_ask() {
    let reference = CompletionReference::Prompt { name: "a".to_owned() };
    let argument = CompletionArgument { name: "x".to_owned(), value: String::new() };
    let asking = DynamicPrompt::new(Prompt { name: "a".to_owned(), ..Prompt::default() }, |_, _| async { "a" })
        .complete("x", |ctx: Context, _: CompleteParams| async move {
            assert!(!ctx.can_ask(Capability::ElicitationForm));
            vec![ctx.confirm("sure", "Sure?").await.to_string()]
        });
    let server = Server::new(Catalog::new("test", "1").prompt(asking));
    let complete = Operation::Complete(CompleteParams { reference, argument, context: None }.into());
    let outcome = server.answer(round(operation(complete), None, None)).await;
    assert!(matches!(outcome, Err(CallError::Question(QuestionError::InCompletion))), "{outcome:?}");
}

#[tokio::test]
async fn absent_arguments_are_empty_ones() {
    let server = served();
    let asks = server.asks(first("greet", &none())).await;
    let mut without = again("greet", &none(), &asks, json!({"user_name": accept(json!({"name": "Ada"}))}));
    let Operation::CallTool(named) = &mut without.operation else { unreachable!() };
    named.arguments = None;
    assert_eq!(server.says(without).await, "hello Ada");
}

#[tokio::test]
async fn changed_state_is_refused_and_nothing_runs() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let counted = DynamicTool::new(open_tool("counted"), move |ctx: Context, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { CallToolResult::text(format!("{}", ctx.confirm("sure", "Sure?").await)) }
    });
    let server = Server::new(Catalog::new("test", "1").tool(counted));
    let state = server.asks(first("counted", &none())).await.state();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let flipped = |at: usize| {
        let mut bytes = state.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let changed = [
        format!("{state}-TAMPERED"),
        format!("{state}="),
        format!("{state} "),
        state[..state.len() - 4].to_owned(),
        state[..12].to_owned(),
        String::new(),
        flipped(30),
        flipped(state.len() / 2),
        "A".repeat(1 << 20),
    ];
    for changed in changed {
        let outcome = server.answer(round(call("counted", &none()), Some(&changed), Some(none()))).await;
        assert_invalid_state(outcome);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn state_is_used_until_it_expires() {
    let server = served();
    let asks = server.asks(first("greet", &none())).await;
    let answered = || again("greet", &none(), &asks, json!({"user_name": accept(json!({"name": "Ada"}))}));
    server.clock.advance(Duration::from_millis(599_999));
    assert_eq!(server.says(answered()).await, "hello Ada");
    server.clock.advance(Duration::from_millis(1));
    assert_invalid_state(server.answer(answered()).await);
}

#[tokio::test]
async fn state_of_an_unknown_key_is_asked_again_and_of_a_known_one_taken() {
    let catalog = || Catalog::new("test", "1").tool(greet);
    let with_keys = |keys: &[u8]| Server::with(catalog(), RuntimeConfig::default(), keys);
    let asks = with_keys(&[1]).asks(first("greet", &none())).await;
    let answered = || again("greet", &none(), &asks, json!({"user_name": accept(json!({"name": "Ada"}))}));
    assert_eq!(with_keys(&[2, 1]).says(answered()).await, "hello Ada");
    // Not taken for the client's own word either.
    assert_eq!(with_keys(&[2]).asks(answered()).await.keys(), ["user_name"]);
}

#[tokio::test]
async fn any_replica_takes_up_the_next_round() {
    let replicas = [served(), served()];
    let asks = replicas[0].asks(first("greet", &none())).await;
    let answers = json!({"user_name": accept(json!({"name": "Ada"}))});
    assert_eq!(replicas[1].says(again("greet", &none(), &asks, answers)).await, "hello Ada");
}

#[tokio::test]
async fn rounds_have_a_bound() {
    let input = InputConfig { rounds_max: 2, ..InputConfig::default() };
    let config = RuntimeConfig { input, ..RuntimeConfig::default() };
    let server = Server::with(Catalog::new("test", "1").tool(greet), config, &[1]);
    let once = server.asks(first("greet", &none())).await;
    let twice = server.asks(again("greet", &none(), &once, none())).await;
    assert_ne!(once.state(), twice.state());
    let outcome = server.answer(again("greet", &none(), &twice, none())).await;
    let Err(error @ CallError::TooManyRounds { limit: 2 }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.object(&V2026_07_28).code, code::INTERNAL_ERROR);
    // An answer still counts.
    let answers = json!({"user_name": accept(json!({"name": "Ada"}))});
    assert_eq!(server.says(again("greet", &none(), &twice, answers)).await, "hello Ada");
}

#[tokio::test]
async fn what_is_remembered_has_a_bound() {
    let keeping = DynamicTool::new(open_tool("keep"), |ctx: Context, arguments| async move {
        let bytes = usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap();
        let kept: String = ctx.once("large", async move { "x".repeat(bytes) }).await;
        CallToolResult::text(format!("{} {}", kept.len(), ctx.confirm("sure", "Sure?").await))
    });
    let server = Server::new(Catalog::new("test", "1").tool(keeping));
    let asks = server.asks(first("keep", &json!({"bytes": 40_000}))).await;
    assert!(asks.state().len() <= 64 * 1024);
    let outcome = server.answer(first("keep", &json!({"bytes": 50_000}))).await;
    let Err(error @ CallError::StateTooLarge { limit }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((limit, error.object(&V2026_07_28).code), (64 * 1024, code::INTERNAL_ERROR));
}

/// A tool that keeps a number which is another each time it is made.
fn keeping(made: &Arc<AtomicUsize>) -> impl NativeTool + use<> {
    let made = Arc::clone(made);
    DynamicTool::new(open_tool("keep"), move |ctx: Context, _| {
        let made = Arc::clone(&made);
        async move {
            let price = ctx.once("price", async { made.fetch_add(1, Ordering::SeqCst) }).await;
            let (one, two) = (ctx.confirm("one", format!("{price}?")).await, ctx.confirm("two", "Sure?").await);
            CallToolResult::text(format!("{price} {one} {two}"))
        }
    })
}

#[tokio::test]
async fn once_is_kept_along_the_rounds_of_one_call() {
    let made = Arc::new(AtomicUsize::new(0));
    let server = Server::new(Catalog::new("test", "1").tool(keeping(&made)));
    let one = server.asks(first("keep", &none())).await;
    assert_eq!((one.keys(), one.message("one")), (vec!["one"], "0?".to_owned()));
    let two = server.asks(again("keep", &none(), &one, json!({"one": accept(json!({"confirm": true}))}))).await;
    assert_eq!(two.keys(), ["two"]);
    assert_ne!(one.state(), two.state());
    let yes = json!({"two": accept(json!({"confirm": true}))});
    assert_eq!(server.says(again("keep", &none(), &two, yes)).await, "0 true true");
    assert_eq!(made.load(Ordering::SeqCst), 1);
    server.asks(first("keep", &none())).await;
    assert_eq!(made.load(Ordering::SeqCst), 2, "another call makes its own");
}

#[tokio::test]
async fn state_of_a_single_use_tool_is_taken_once() {
    let server = Server::new(Catalog::new("test", "1").tool(delete_once).tool(greet));
    let file = json!({"file": "a"});
    let yes = || json!({"sure": accept(json!({"confirm": true}))});
    let asks = server.asks(first("delete", &file)).await;
    let both = tokio::join!(
        server.answer(again("delete", &file, &asks, yes())),
        server.answer(again("delete", &file, &asks, yes()))
    );
    assert!(!tool_result(both.0).is_error);
    assert_invalid_state(both.1);
    assert_invalid_state(server.answer(again("delete", &file, &asks, yes())).await);
    // Any other tool takes it as often as it comes.
    let asks = server.asks(first("greet", &none())).await;
    for _ in 0..2 {
        let answers = json!({"user_name": accept(json!({"name": "Ada"}))});
        assert_eq!(server.says(again("greet", &none(), &asks, answers)).await, "hello Ada");
    }
}

#[tokio::test]
async fn single_use_tool_is_refused_while_the_store_does_not_answer() {
    let clock = Arc::new(FakeClock::default());
    let keys = KeyRing::new(vec![RootKey::from_bytes(&[1; 32]).unwrap()]).unwrap();
    let store = down::store(Arc::new(keys), Arc::clone(&clock) as _);
    let server = Server::over(Catalog::new("test", "1").tool(delete_once), RuntimeConfig::default(), store, clock);
    let file = json!({"file": "a"});
    let asks = server.asks(first("delete", &file)).await;
    let outcome = server.answer(again("delete", &file, &asks, json!({"sure": accept(json!({"confirm": true}))}))).await;
    let Err(error @ CallError::Store) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.object(&V2026_07_28).code, code::UNAVAILABLE);
}

#[tokio::test]
async fn panic_while_asking_is_a_panic() {
    let panicking = DynamicTool::new(open_tool("panic"), |ctx: Context, _| async move {
        let falls = async { panic!("it falls") };
        let _: (bool, ()) = tokio::join!(biased; ctx.confirm("sure", "Sure?"), falls);
        CallToolResult::text("never")
    });
    let server = Server::new(Catalog::new("test", "1").tool(panicking));
    let outcome = server.answer(first("panic", &none())).await;
    assert!(matches!(outcome, Err(CallError::Panicked)), "{outcome:?}");
}

#[tokio::test]
async fn undeclared_capability_ends_the_call_whatever_the_handler_does() {
    let all = DynamicTool::new(open_tool("all"), |ctx: Context, arguments| async move {
        match arguments["what"].as_str().unwrap() {
            "form" => drop(ctx.elicit::<Name>("k", "?").await.ok()),
            "url" => drop(ctx.elicit_url("k", "?", "https://a.example").now_or_never()),
            "sample" => drop(ctx.sample("k", CreateMessageParams::text("?", 1)).await),
            "tools" => {
                let mut params = CreateMessageParams::text("?", 1);
                params.extra.insert("tools".to_owned(), json!([]));
                drop(ctx.sample("k", params).await);
            }
            _ => drop(ctx.roots("k").await),
        }
        CallToolResult::text("never")
    });
    let server = Server::new(Catalog::new("test", "1").tool(all));
    let cases = [
        ("form", r#"{"elicitation":{"url":{}},"roots":{}}"#, r#"{"elicitation":{"form":{}}}"#),
        ("url", r#"{"elicitation":{}}"#, r#"{"elicitation":{"url":{}}}"#),
        ("sample", r#"{"elicitation":{}}"#, r#"{"sampling":{}}"#),
        ("tools", r#"{"sampling":{}}"#, r#"{"sampling":{"tools":{}}}"#),
        ("roots", "{}", r#"{"roots":{}}"#),
    ];
    for (what, has, needs) in cases {
        let mut asking = first("all", &json!({ "what": what }));
        asking.client.capabilities = declared(has);
        let outcome = server.answer(asking).await;
        let Err(error @ CallError::MissingCapability { required }) = outcome else { panic!("{what}: {outcome:?}") };
        assert_eq!((required, error.object(&V2026_07_28).code), (declared(needs), code::MISSING_CLIENT_CAPABILITY));
    }
    // A caller who cannot be asked at all.
    let nobody = with_everything(call("all", &json!({"what": "form"}))).with_asking(Asking::Nobody);
    assert!(matches!(server.answer(nobody).await, Err(CallError::MissingCapability { .. })));
}

#[tokio::test]
async fn what_no_client_could_be_asked_is_our_own_fault() {
    #[derive(Debug, Deserialize, JsonSchema)]
    struct Nested {
        #[expect(dead_code, reason = "only its schema is looked at")]
        inner: Vec<String>,
    }
    let misusing = DynamicTool::new(open_tool("misuse"), |ctx: Context, arguments| async move {
        match arguments["what"].as_str().unwrap() {
            "type" => drop(ctx.elicit::<Nested>("k", "?").await.ok()),
            "data" => drop(ctx.elicit_form("k", "?", json!({"type": "string"})).await.ok()),
            _ => drop(ctx.once("k", async { std::collections::BTreeMap::from([((1, 2), 3)]) }).await),
        }
        CallToolResult::text("never")
    });
    let server = Server::new(Catalog::new("test", "1").tool(misusing));
    let cases = [
        ("type", QuestionError::NotFlat { member: "inner".into() }),
        ("data", QuestionError::NotAnObject),
        ("once", QuestionError::NotJson { key: "k".into() }),
    ];
    for (what, expected) in cases {
        let outcome = server.answer(first("misuse", &json!({ "what": what }))).await;
        let Err(error) = outcome else { panic!("{what}: {outcome:?}") };
        let object = error.object(&V2026_07_28);
        assert_eq!((object.code, object.message.contains("inner")), (code::INTERNAL_ERROR, false));
        let CallError::Question(error) = error else { panic!("{error:?}") };
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn what_does_not_ask_needs_no_state() {
    let server = served();
    let list = Operation::List { kind: ListKind::Tools, cursor: None };
    let mut listing = operation(list);
    listing.asking = round(call("greet", &none()), Some("nonsense"), Some(none())).asking;
    assert!(server.answer(listing).await.is_ok(), "a list neither asks nor reads states");
}
