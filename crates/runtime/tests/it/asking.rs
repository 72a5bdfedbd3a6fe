//! Questions to a client that answers while the call waits: their answers, their failures, and what stands still meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use outboard_protocol::ErrorObject;
use outboard_protocol::error::code;
use outboard_protocol::revision::V2025_11_25;
use outboard_protocol::types::{
    CallToolResult, Capability, CreateMessageParams, InputRequest, ListRootsParams, LoggingLevel, Tool,
};
use outboard_runtime::{
    AskError, Asking, BoxFuture, Call, CallError, Catalog, Context, DynamicTool, Handler, NativeTool, NotAccepted,
    OfferedTool, Outcome, RuntimeConfig, tool,
};
use outboard_testkit::gate::Gate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower_service::Service as _;

use crate::asked::{LiveClient, Server, accept, declared, first, round};
use crate::support::{call, open_tool, tool_result};

const SECOND: Duration = Duration::from_secs(1);

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

/// Asks all kinds of questions, some of them at once.
#[tool]
async fn many(ctx: &Context) -> Result<String, NotAccepted> {
    let color = json!({"type": "object", "properties": {"color": {"type": "string", "default": "red"}}});
    let (form, page) = tokio::join!(
        ctx.elicit_form("color", "Which color?", color),
        ctx.elicit_url("page", "Sign in there.", "https://page.example/sign-in"),
    );
    page?;
    let sure = ctx.confirm("sure", "Sure?").await;
    let once = ctx.once("once", async { 7 }).await;
    Ok(format!("{} {sure} {once}", form?["color"]))
}

/// Says so.
#[tool]
async fn quick() -> &'static str {
    "quick"
}

fn none() -> Value {
    json!({})
}

fn yes() -> Value {
    accept(json!({"confirm": true}))
}

fn dynamic<R: Future<Output = String> + Send + 'static>(
    name: &str,
    run: impl Fn(Context) -> R + Send + Sync + 'static,
) -> impl NativeTool {
    DynamicTool::new(open_tool(name), move |ctx, _| run(ctx).map(CallToolResult::text))
}

fn said(outcome: Outcome) -> String {
    serde_json::to_value(&tool_result(outcome).content).unwrap()[0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn answer_reaches_the_handler_that_waits() {
    let (server, client) = (Server::new(Catalog::new("test", "1").tool(greet)), LiveClient::new());
    for (answer, expected) in [
        (accept(json!({"name": "Ada", "more": 1})), "hello Ada"),
        (json!({"action": "decline"}), "the user declined to answer"),
        (json!({"action": "cancel"}), "the user closed the question without an answer"),
    ] {
        let answers = BTreeMap::from([("What is your name?", answer)]);
        let said = tokio::select! {
            said = server.says(client.call("greet", &none())) => said,
            () = client.answering(answers) => unreachable!(),
        };
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn one_handler_serves_both_eras() {
    let (server, client) = (Server::new(Catalog::new("test", "1").tool(many)), LiveClient::new());
    let answers = [
        ("color", "Which color?", accept(none())),
        ("page", "Sign in there.", json!({"action": "accept"})),
        ("sure", "Sure?", yes()),
    ];
    let live = answers.iter().map(|(_, message, answer)| (*message, answer.clone())).collect();
    let live = tokio::select! {
        said = server.says(client.call("many", &none())) => said,
        () = client.answering(live) => unreachable!(),
    };
    let by_key: serde_json::Map<_, _> =
        answers.iter().map(|(key, _, answer)| ((*key).to_owned(), answer.clone())).collect();
    let asks = server.asks(first("many", &none())).await;
    assert_eq!(asks.keys(), ["color", "page"]);
    assert_eq!(
        asks.question("page")["params"],
        json!({"mode": "url", "message": "Sign in there.", "url": "https://page.example/sign-in"})
    );
    let asks = server.asks(round(call("many", &none()), Some(&asks.state()), Some(by_key.clone().into()))).await;
    let rounds = server.says(round(call("many", &none()), Some(&asks.state()), Some(by_key.into()))).await;
    assert_eq!((live.as_str(), rounds.as_str()), ("\"red\" true 7", "\"red\" true 7"));
}

#[tokio::test]
async fn question_without_an_answer_ends_the_call() {
    let swallowing = dynamic("swallow", |ctx| async move {
        drop(ctx.elicit::<Name>("name", "Who?").await.ok());
        "never".to_owned()
    });
    let (server, client) = (Server::new(Catalog::new("test", "1").tool(swallowing)), LiveClient::new());
    let refused = AskError::Refused(ErrorObject::new(-1, "not today"));
    let cases: [(Result<Value, AskError>, i64, Option<Duration>); 8] = [
        (Err(refused), -1, None),
        (Err(AskError::Timeout { limit: SECOND }), code::DEADLINE, None),
        (Err(AskError::TooMany { limit: 3 }), code::UNAVAILABLE, Some(SECOND)),
        (Err(AskError::Unavailable), code::UNAVAILABLE, Some(SECOND)),
        (Ok(json!(7)), code::INVALID_PARAMS, None),
        (Ok(accept(json!({"name": 1}))), code::INVALID_PARAMS, None),
        (Ok(json!({"action": "agree"})), code::INVALID_PARAMS, None),
        (Ok(json!(["accept", {"name": "Ada"}])), code::INVALID_PARAMS, None),
    ];
    for (answer, code, retry_after) in cases {
        let text = format!("{answer:?}");
        let answering = async {
            match answer {
                Ok(answer) => client.asked().await.answer(&answer),
                Err(error) => client.asked().await.fail(error),
            }
        };
        let (outcome, ()) = tokio::join!(server.answer(client.call("swallow", &none())), answering);
        let Err(error @ CallError::Unanswered(_)) = outcome else { panic!("{text}: {outcome:?}") };
        assert_eq!((error.object(&V2025_11_25).code, error.retry_after()), (code, retry_after), "{text}");
    }
}

#[tokio::test]
async fn answer_with_a_member_that_stands_twice_is_none() {
    let catalog = Catalog::new("test", "1").tool(greet).tool(Forwards);
    let (server, client) = (Server::new(catalog), LiveClient::new());
    let cases = [
        r#"{"action":"accept","action":"decline","content":{"name":"Ada"}}"#,
        r#"{"action":"accept","content":{"name":"Ada","name":"Eve"}}"#,
        r#"{"action":"accept","content":{"name":"Ada"},"more":[{"a":1,"a":2}]}"#,
    ];
    for text in cases {
        let answering = async { client.asked().await.answer_with(text) };
        let (outcome, ()) = tokio::join!(server.answer(client.call("greet", &none())), answering);
        assert!(matches!(outcome, Err(CallError::Unanswered(AskError::Unfit))), "{text}: {outcome:?}");
        let answering = async { client.asked().await.answer_with(text) };
        let (outcome, ()) = tokio::join!(server.answer(client.call("forward", &none())), answering);
        assert_eq!(said(outcome), r#"Err("the client's answer to the question does not fit it")"#, "{text}");
    }
}

#[tokio::test]
async fn client_is_asked_for_nothing_that_it_did_not_declare() {
    let probing = dynamic("probe", |ctx| async move {
        let can = [Capability::ElicitationForm, Capability::ElicitationUrl, Capability::Sampling, Capability::Roots]
            .map(|capability| ctx.can_ask(capability));
        ctx.log(LoggingLevel::Info, can);
        drop(ctx.sample("k", CreateMessageParams::text("?", 1)).await);
        "never".to_owned()
    });
    let (server, client) = (Server::new(Catalog::new("test", "1").tool(probing)), LiveClient::new());
    let mut asking = client.call("probe", &none()).with_telling(None, Some(LoggingLevel::Info));
    asking.client.capabilities = declared(r#"{"elicitation":{},"roots":{}}"#);
    let outlet = asking.outlet.clone();
    let outcome = server.answer(asking).await;
    assert!(matches!(outcome, Err(CallError::MissingCapability { .. })), "{outcome:?}");
    assert!(client.asked().now_or_never().is_none(), "nobody was asked");
    let Some(outboard_runtime::Event::Log(told)) = outlet.try_next() else { panic!("nothing was told") };
    assert_eq!(told.data, json!([true, false, false, true]));

    let nobody = call("probe", &none()).with_telling(None, Some(LoggingLevel::Info));
    let outlet = nobody.outlet.clone();
    assert!(server.answer(nobody).await.is_err());
    let Some(outboard_runtime::Event::Log(told)) = outlet.try_next() else { panic!("nothing was told") };
    assert_eq!(told.data, json!([false, false, false, false]));
}

/// Works, asks, works: in seconds.
fn working(before: u32, after: u32) -> impl NativeTool {
    dynamic("work", move |ctx| async move {
        sleep(before * SECOND).await;
        let sure = ctx.confirm("sure", "Sure?").await;
        sleep(after * SECOND).await;
        sure.to_string()
    })
}

#[tokio::test(start_paused = true)]
async fn deadline_stands_still_while_the_client_is_asked() {
    for (before, after, is_in_time) in [(40, 19, true), (0, 59, true), (40, 21, false), (0, 61, false)] {
        let (server, client) = (Server::new(Catalog::new("test", "1").tool(working(before, after))), LiveClient::new());
        let begun = Instant::now();
        let answering = async {
            let question = client.asked().await;
            sleep(600 * SECOND).await;
            question.answer(&yes());
        };
        let (outcome, ()) = tokio::join!(server.answer(client.call("work", &none())), answering);
        let elapsed = begun.elapsed();
        if is_in_time {
            assert_eq!((said(outcome), elapsed), ("true".to_owned(), (before + 600 + after) * SECOND));
        } else {
            assert!(matches!(outcome, Err(CallError::Deadline { .. })), "{outcome:?}");
            assert_eq!(elapsed, 660 * SECOND, "60 s, besides those in which the client was asked");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deadline_runs_out_before_a_question_is_asked() {
    let (server, client) = (Server::new(Catalog::new("test", "1").tool(working(61, 0))), LiveClient::new());
    let outcome = server.answer(client.call("work", &none())).await;
    assert!(matches!(outcome, Err(CallError::Deadline { .. })), "{outcome:?}");
    assert!(client.asked().now_or_never().is_none());
}

/// A server with one place for calls.
fn narrow(catalog: Catalog) -> Server {
    Server::with(catalog, RuntimeConfig { concurrent_calls_max: 1, ..RuntimeConfig::default() }, &[1])
}

#[tokio::test]
async fn place_is_free_for_others_while_the_client_is_asked() {
    let (server, client) = (narrow(Catalog::new("test", "1").tool(greet).tool(quick)), LiveClient::new());
    let mut asking = Box::pin(server.answer(client.call("greet", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let question = client.asked().await;
    assert_eq!(server.says(call("quick", &none())).await, "quick");
    question.answer(&accept(json!({"name": "Ada"})));
    assert_eq!(said(asking.await), "hello Ada");
    assert_eq!(server.says(call("quick", &none())).await, "quick", "nothing is held after the end");
}

#[tokio::test]
async fn place_is_taken_again_before_the_handler_has_its_answer() {
    let gate = Gate::new();
    let (server, client) = (narrow(Catalog::new("test", "1").tool(greet).tool(gate.tool())), LiveClient::new());
    let mut asking = Box::pin(server.answer(client.call("greet", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let question = client.asked().await;
    let mut waiting = Box::pin(server.answer(call("wait", &none())));
    assert!((&mut waiting).now_or_never().is_none());
    question.answer(&accept(json!({"name": "Ada"})));
    for _ in 0..3 {
        assert!((&mut asking).now_or_never().is_none(), "there is no place");
    }
    // The one that waits for its answer comes before a new one.
    gate.open();
    assert!(!tool_result(waiting.await).is_error);
    let busy = server.answer(call("wait", &none())).await;
    assert!(matches!(busy, Err(CallError::Busy { .. })), "{busy:?}");
    assert_eq!(said(asking.await), "hello Ada");
}

/// Gives the client a second to answer, and then goes on without it.
fn impatient(went_on: &Arc<AtomicUsize>) -> impl NativeTool + use<> {
    let went_on = Arc::clone(went_on);
    dynamic("impatient", move |ctx| {
        let went_on = Arc::clone(&went_on);
        async move {
            let asked = tokio::time::timeout(SECOND, ctx.confirm("sure", "Sure?")).await;
            tokio::task::yield_now().await;
            went_on.fetch_add(1, Ordering::SeqCst);
            format!("{asked:?}")
        }
    })
}

#[tokio::test(start_paused = true)]
async fn question_that_is_dropped_is_withdrawn_and_the_handler_waits_for_a_place() {
    let (gate, went_on) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
    let catalog = Catalog::new("test", "1").tool(impatient(&went_on)).tool(gate.tool());
    let (server, client) = (narrow(catalog), LiveClient::new());
    let mut asking = Box::pin(server.answer(client.call("impatient", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let question = client.asked().await;
    let mut waiting = Box::pin(server.answer(call("wait", &none())));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(!question.is_withdrawn());
    tokio::time::advance(2 * SECOND).await;
    for _ in 0..3 {
        assert!((&mut asking).now_or_never().is_none(), "there is no place");
    }
    assert_eq!((question.is_withdrawn(), went_on.load(Ordering::SeqCst)), (true, 0));
    gate.open();
    assert!(!tool_result(waiting.await).is_error);
    assert_eq!(said(asking.await), "Err(Elapsed(()))");
}

#[tokio::test(start_paused = true)]
async fn time_and_place_stand_still_until_the_last_question_is_answered() {
    let both = dynamic("both", |ctx| async move {
        let (one, two) = tokio::join!(ctx.confirm("one", "One?"), ctx.confirm("two", "Two?"));
        format!("{one} {two}")
    });
    let (server, client) = (narrow(Catalog::new("test", "1").tool(both).tool(quick)), LiveClient::new());
    let mut asking = Box::pin(server.answer(client.call("both", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let (one, two) = (client.asked().await, client.asked().await);
    one.answer(&yes());
    assert!((&mut asking).now_or_never().is_none());
    assert_eq!(server.says(call("quick", &none())).await, "quick");
    tokio::time::advance(100 * SECOND).await;
    assert!((&mut asking).now_or_never().is_none(), "its deadline stands still");
    two.answer(&yes());
    assert_eq!(said(asking.await), "true true");
    assert_eq!(server.says(call("quick", &none())).await, "quick");
}

#[tokio::test]
async fn answers_that_come_together_take_one_place() {
    let both = dynamic("both", |ctx| async move {
        let (one, two) = tokio::join!(ctx.confirm("one", "One?"), ctx.confirm("two", "Two?"));
        format!("{one} {two}")
    });
    let gate = Gate::new();
    let catalog = Catalog::new("test", "1").tool(both).tool(quick).tool(gate.tool());
    let (server, client) = (narrow(catalog), LiveClient::new());
    let mut asking = Box::pin(server.answer(client.call("both", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let (one, two) = (client.asked().await, client.asked().await);
    let mut waiting = Box::pin(server.answer(call("wait", &none())));
    assert!((&mut waiting).now_or_never().is_none());
    one.answer(&yes());
    two.answer(&yes());
    assert!((&mut asking).now_or_never().is_none(), "both wait for a place");
    gate.open();
    assert!(!tool_result(waiting.await).is_error);
    assert_eq!(said(asking.await), "true true");
    assert_eq!(server.says(call("quick", &none())).await, "quick", "the place is free again");
}

#[tokio::test]
async fn call_that_is_dropped_withdraws_its_questions_and_holds_nothing() {
    let (server, client) = (narrow(Catalog::new("test", "1").tool(greet).tool(quick)), LiveClient::new());
    let mut asking = Box::pin(server.runtime.clone().call(client.call("greet", &none())));
    assert!((&mut asking).now_or_never().is_none());
    let question = client.asked().await;
    drop(asking);
    assert!(question.is_withdrawn());
    assert_eq!(server.says(call("quick", &none())).await, "quick");
}

#[tokio::test]
async fn task_that_outlives_its_call_holds_no_place() {
    let (gate, (sender, mut receiver)) = (Gate::new(), tokio::sync::mpsc::channel(1));
    let lending = dynamic("lend", move |ctx| {
        let sent = sender.try_send(ctx);
        async move {
            assert!(sent.is_ok());
            std::future::pending().await
        }
    });
    let (server, client) =
        (narrow(Catalog::new("test", "1").tool(lending).tool(quick).tool(gate.tool())), LiveClient::new());
    let mut lent = Box::pin(server.answer(client.call("lend", &none())));
    assert!((&mut lent).now_or_never().is_none());
    let ctx = receiver.recv().await.unwrap();
    let mut outliving = Box::pin(ctx.confirm("sure", "Sure?"));
    assert!((&mut outliving).now_or_never().is_none());
    let question = client.asked().await;
    assert!((&mut lent).now_or_never().is_none(), "it gives its place back");
    let mut waiting = Box::pin(server.answer(call("wait", &none())));
    assert!((&mut waiting).now_or_never().is_none());
    question.answer(&yes());
    assert!((&mut outliving).now_or_never().is_none(), "it waits for a place");
    drop(lent);
    gate.open();
    assert!(!tool_result(waiting.await).is_error);
    assert!(outliving.await);
    assert_eq!(server.says(call("quick", &none())).await, "quick");
    drop(ctx);
}

/// A handler that forwards a question of another server, as it came.
struct Forwards;

impl NativeTool for Forwards {
    fn offered(self) -> OfferedTool {
        let tool = Tool { name: "forward".to_owned(), ..open_tool("forward") };
        OfferedTool { tool, handler: self.into() }
    }
}

impl Handler for Forwards {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let Asking::Live(asker) = call.asking else { panic!("it can be asked") };
        let answer = asker.ask(InputRequest::ListRoots(ListRootsParams {}));
        Box::pin(async move {
            let answer: Result<Value, String> =
                answer.await.map(|answer| answer.read().unwrap()).map_err(|error| error.to_string());
            let result = CallToolResult::text(format!("{answer:?}"));
            Ok(outboard_runtime::Answer::Result(outboard_protocol::encode::ServerResult::CallTool(result)))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn question_that_is_forwarded_lets_the_call_stand_still_too() {
    let (server, client) = (narrow(Catalog::new("test", "1").tool(Forwards).tool(quick)), LiveClient::new());
    for (answer, expected) in [
        (Ok(json!({"roots": []})), r#"Ok(Object {"roots": Array []})"#),
        (Err(AskError::Timeout { limit: SECOND }), r#"Err("the client did not answer the question within 1s")"#),
    ] {
        let mut asking = Box::pin(server.answer(client.call("forward", &none())));
        assert!((&mut asking).now_or_never().is_none());
        let question = client.asked().await;
        assert_eq!(server.says(call("quick", &none())).await, "quick");
        tokio::time::advance(100 * SECOND).await;
        assert!((&mut asking).now_or_never().is_none(), "its deadline stands still");
        match answer {
            Ok(answer) => question.answer(&answer),
            Err(error) => question.fail(error),
        }
        assert_eq!(said(asking.await), expected);
    }
}
