//! Questions to a legacy client: asked on the call's own stream, answered over any other connection.

use std::convert::Infallible;
use std::time::Duration;

use http::Request;
use outboard_identity::{GrantedScopes, Principal};
use outboard_protocol::types::CreateMessageParams;
use outboard_runtime::{Context, InputConfig, NotAccepted, RuntimeConfig, tool};
use outboard_testkit::http::{AnswerStream, HttpRequest, Served};
use outboard_transport::{Authentication, HttpConfig, LegacyConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service as _;

use crate::support::{LegacySession, Setup, Shared, assert_error, catalog, direct, initialize};

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Asks for a name and greets.
#[tool]
async fn greet(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("name", "Who are you?").await?;
    Ok(format!("hello {name}"))
}

/// Sends the user to a page.
#[tool]
async fn pay(ctx: &Context) -> Result<&'static str, NotAccepted> {
    ctx.elicit_url("pay", "Pay here", "https://pay.example/1").await?;
    Ok("paid")
}

/// Asks the client's model and for its roots, both at once.
#[tool]
async fn both(ctx: &Context) -> String {
    let asked = CreateMessageParams::text("Say something", 100);
    let (said, roots) = tokio::join!(ctx.sample("said", asked), ctx.roots("roots"));
    format!("{} under {}", said.message.as_text(), roots[0].uri)
}

fn setup() -> Setup {
    Setup { catalog: catalog().tool(greet).tool(pay).tool(both), ..Setup::new() }
}

/// A server of which the clients of one caller can be asked so many questions at a time.
fn with_questions(questions_max: usize) -> Setup {
    let legacy = LegacyConfig { questions_max, ..LegacyConfig::default() };
    Setup { http: HttpConfig { legacy, ..HttpConfig::new(Authentication::None) }, ..setup() }
}

fn everything() -> Value {
    json!({"sampling": {}, "roots": {}, "elicitation": {"form": {}, "url": {}}})
}

fn call(session: &LegacySession, tool: &str) -> HttpRequest {
    session.request("tools/call", json!({"name": tool}))
}

/// The next message of a stream; the event that it begins with is passed over.
async fn message(stream: &mut AnswerStream) -> Value {
    loop {
        let event = stream.next().await.expect("the stream has one more event");
        if event.field("data").is_some_and(|data| !data.is_empty()) {
            return event.message();
        }
    }
}

fn accept(content: &Value) -> Value {
    json!({"result": {"action": "accept", "content": content}})
}

#[track_caller]
fn id(question: &Value, method: &str) -> String {
    assert_eq!(question["method"], method, "{question}");
    question["id"].as_str().unwrap_or_else(|| panic!("{question}")).to_owned()
}

#[tokio::test]
async fn question_is_answered_over_another_connection() {
    let served = setup().serve().await;
    for revision in ["2025-06-18", "2025-11-25"] {
        let session = LegacySession::of_client(&served, revision, &everything()).await;
        let mut stream = served.open(call(&session, "greet")).await;
        let question = message(&mut stream).await;
        let id = id(&question, "elicitation/create");
        assert_eq!(question["params"]["message"], "Who are you?");
        assert_eq!(question["params"]["requestedSchema"]["properties"]["name"]["type"], "string");
        assert_eq!(question["params"].get("mode"), None);
        let answer = served.send(session.answer(&id, &accept(&json!({"name": "Ada"})))).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
        assert_eq!(message(&mut stream).await["result"]["content"][0]["text"], "hello Ada");
        assert_eq!(stream.next().await, None);
        let late = served.send(session.answer(&id, &accept(&json!({"name": "Bob"})))).await;
        assert_eq!(late.status, 202, "who answers twice is told nothing");
    }
}

#[tokio::test]
async fn questions_that_are_asked_together_are_answered_in_any_order() {
    let served = setup().serve().await;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = LegacySession::of_client(&served, revision, &everything()).await;
        let mut stream = served.open(call(&session, "both")).await;
        let (sampling, roots) = (message(&mut stream).await, message(&mut stream).await);
        assert_eq!(sampling["params"]["messages"][0]["content"]["text"], "Say something");
        assert_ne!(sampling["id"], roots["id"]);
        let listed = json!({"result": {"roots": [{"uri": "file:///a"}]}});
        served.send(session.answer(&id(&roots, "roots/list"), &listed)).await;
        let said = json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "something"}});
        served.send(session.answer(&id(&sampling, "sampling/createMessage"), &json!({"result": said}))).await;
        assert_eq!(message(&mut stream).await["result"]["content"][0]["text"], "something under file:///a");
    }
}

#[tokio::test]
async fn client_that_declines_fails_or_says_something_else_is_heard() {
    let served = setup().serve().await;
    let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
    let cases = [
        (json!({"result": {"action": "decline"}}), None),
        (json!({"result": {"action": "cancel"}}), None),
        (json!({"error": {"code": -1, "message": "the user has left"}}), Some(-1)),
        (json!({"result": [1]}), Some(-32602)),
    ];
    for (answer, code) in cases {
        let mut stream = served.open(call(&session, "greet")).await;
        let id = id(&message(&mut stream).await, "elicitation/create");
        served.send(session.answer(&id, &answer)).await;
        let end = message(&mut stream).await;
        match code {
            None => assert_eq!(end["result"]["isError"], true, "{answer}: {end}"),
            Some(code) => assert_eq!(end["error"]["code"], code, "{answer}: {end}"),
        }
    }
}

#[tokio::test]
async fn page_to_visit_has_its_id_and_the_client_is_told_when_it_is_done() {
    let served = setup().serve().await;
    let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
    let mut stream = served.open(call(&session, "pay")).await;
    let question = message(&mut stream).await;
    let elicitation = &question["params"]["elicitationId"];
    assert_eq!((&question["params"]["mode"], elicitation.is_string()), (&json!("url"), true), "{question}");
    let id = id(&question, "elicitation/create");
    served.send(session.answer(&id, &json!({"result": {"action": "accept"}}))).await;
    let told = message(&mut stream).await;
    assert_eq!(told["method"], "notifications/elicitation/complete");
    assert_eq!(told["params"], json!({"elicitationId": elicitation}));
    assert_eq!(message(&mut stream).await["result"]["content"][0]["text"], "paid");
}

#[tokio::test]
async fn client_that_cannot_be_asked_is_told_what_it_lacks() {
    let served = setup().serve().await;
    let cases = [
        ("2025-11-25", json!({}), "greet", json!({"elicitation": {"form": {}}})),
        ("2025-11-25", json!({"elicitation": {"form": {}}}), "pay", json!({"elicitation": {"url": {}}})),
        ("2025-06-18", everything(), "pay", json!({"elicitation": {"url": {}}})),
        ("2025-03-26", everything(), "greet", json!({"elicitation": {"form": {}}})),
    ];
    for (revision, declared, tool, lacking) in cases {
        let session = LegacySession::of_client(&served, revision, &declared).await;
        for accept in ["application/json, text/event-stream", "application/json"] {
            let answer = served.send(call(&session, tool).with("accept", accept)).await;
            let error = assert_error(&answer, 200, -32021, &json!(1));
            assert_eq!(error["data"]["requiredCapabilities"], lacking, "{revision} {declared} {accept}");
        }
    }
}

#[tokio::test]
async fn client_that_cannot_be_asked_for_its_accept_header_alone_is_told_so() {
    let served = setup().serve().await;
    for (revision, tool) in [("2025-11-25", "pay"), ("2025-06-18", "greet"), ("2025-03-26", "both")] {
        let session = LegacySession::of_client(&served, revision, &everything()).await;
        let answer = served.send(call(&session, tool).with("accept", "application/json")).await;
        let error = assert_error(&answer, 200, 1415, &json!(1));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("Accept: application/json, text/event-stream"), "{message}");
        assert_eq!(error.get("data"), None, "it lacks no capability");
    }
}

/// Asks the first question of `count` calls; returns their streams, and the ids of the questions.
async fn ask(served: &Served, session: &LegacySession, count: usize) -> (Vec<AnswerStream>, Vec<String>) {
    let (mut streams, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut stream = served.open(call(session, "greet")).await;
        ids.push(id(&message(&mut stream).await, "elicitation/create"));
        streams.push(stream);
    }
    (streams, ids)
}

fn delete(session: &LegacySession) -> HttpRequest {
    HttpRequest::of(http::Method::DELETE).in_session(&session.id, &session.revision)
}

#[tokio::test]
async fn session_that_is_ended_takes_its_questions_with_it() {
    let served = with_questions(4).serve().await;
    for _ in 0..8 {
        let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
        let (streams, _) = ask(&served, &session, 2).await;
        // Whether its client still listens or not.
        drop(streams);
        assert_eq!(served.send(delete(&session)).await.status, 204);
    }
    let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
    let (mut streams, ids) = ask(&served, &session, 2).await;
    assert_eq!(served.send(delete(&session)).await.status, 204);
    for (stream, id) in streams.iter_mut().zip(ids) {
        let withdrawn = message(stream).await;
        assert_eq!(
            (&withdrawn["method"], &withdrawn["params"]["requestId"]),
            (&json!("notifications/cancelled"), &json!(id))
        );
        assert_eq!(stream.next().await, None, "the stream ends without an answer");
    }
}

#[tokio::test]
async fn answer_in_a_session_that_was_ended_has_no_effect() {
    let served = setup().serve().await;
    let (ended, living) = (
        LegacySession::of_client(&served, "2025-11-25", &everything()).await,
        LegacySession::of_client(&served, "2025-11-25", &everything()).await,
    );
    let (_streams, ids) = ask(&served, &ended, 1).await;
    let (mut streams, others) = ask(&served, &living, 1).await;
    assert_eq!(served.send(delete(&ended)).await.status, 204);
    for id in [&ids[0], &others[0]] {
        let refused = served.send(ended.answer(id, &accept(&json!({"name": "Eve"})))).await;
        assert_error(&refused, 404, 1404, &Value::Null);
    }
    served.send(living.answer(&others[0], &accept(&json!({"name": "Ada"})))).await;
    assert_eq!(message(&mut streams[0]).await["result"]["content"][0]["text"], "hello Ada");
}

#[tokio::test(start_paused = true)]
async fn session_that_is_ended_on_another_replica_takes_its_questions_with_it() {
    let shared = Shared::in_runtime_time();
    let (here, there) = (
        Setup { shared: shared.clone(), ..with_questions(2) }.follow(),
        Setup { shared, ..with_questions(2) }.follow(),
    );
    let request = || initialize("2025-11-25").edit(|message| message["params"]["capabilities"] = everything());
    let session = LegacySession::opened(&direct(&here.service, request()).await.whole().await);
    let mut stream = direct(&here.service, call(&session, "greet")).await;
    let question = id(&message(&mut stream).await, "elicitation/create");
    let started = Instant::now();
    assert_eq!(direct(&there.service, delete(&session)).await.status, 204);
    assert_eq!(message(&mut stream).await["params"]["requestId"], json!(question));
    assert_eq!(stream.next().await, None);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let refused = direct(&there.service, session.answer(&question, &accept(&json!({})))).await.whole().await;
    assert_error(&refused, 404, 1404, &Value::Null);
    let other = LegacySession::opened(&direct(&here.service, request()).await.whole().await);
    let mut stream = direct(&here.service, call(&other, "greet")).await;
    id(&message(&mut stream).await, "elicitation/create");
}

#[tokio::test]
async fn one_session_leaves_room_for_questions_of_others() {
    let served = with_questions(3).serve().await;
    let (one, other) = (
        LegacySession::of_client(&served, "2025-11-25", &everything()).await,
        LegacySession::of_client(&served, "2025-11-25", &everything()).await,
    );
    let (_streams, ids) = ask(&served, &one, 2).await;
    let refused = served.send(call(&one, "greet")).await;
    assert_error(&refused, 503, 1503, &json!(1));
    let (_others, _) = ask(&served, &other, 1).await;
    let refused = served.send(call(&other, "greet")).await;
    assert_error(&refused, 503, 1503, &json!(1));
    served.send(one.answer(&ids[0], &accept(&json!({"name": "Ada"})))).await;
    ask(&served, &other, 1).await;
}

#[tokio::test(start_paused = true)]
async fn question_has_its_time_and_is_withdrawn_then() {
    let input = InputConfig { timeout: Duration::from_secs(90), ..InputConfig::default() };
    let runtime = RuntimeConfig { input, ..RuntimeConfig::default() };
    let service = Setup { runtime, ..setup() }.service();
    let request = initialize("2025-11-25").edit(|message| message["params"]["capabilities"] = everything());
    let session = LegacySession::opened(&direct(&service, request).await.whole().await);
    let mut stream = direct(&service, call(&session, "greet")).await;
    let started = Instant::now();
    let id = id(&message(&mut stream).await, "elicitation/create");
    let withdrawn = message(&mut stream).await;
    assert_eq!(started.elapsed(), Duration::from_secs(90), "longer than a call may work");
    assert_eq!(
        (&withdrawn["method"], &withdrawn["params"]["requestId"]),
        (&json!("notifications/cancelled"), &json!(id))
    );
    assert_eq!(message(&mut stream).await["error"]["code"], 1504);
}

#[tokio::test]
async fn question_of_a_cancelled_call_is_withdrawn() {
    let served = setup().serve().await;
    let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
    let mut stream = served.open(call(&session, "greet")).await;
    let id = id(&message(&mut stream).await, "elicitation/create");
    let cancelled = session.request("notifications/cancelled", json!({"requestId": 1})).notification();
    served.send(cancelled).await;
    let withdrawn = message(&mut stream).await;
    assert_eq!(
        (&withdrawn["method"], &withdrawn["params"]["requestId"]),
        (&json!("notifications/cancelled"), &json!(id))
    );
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn question_is_asked_again_of_a_client_that_comes_back() {
    let served = setup().serve().await;
    let session = LegacySession::of_client(&served, "2025-11-25", &everything()).await;
    let mut stream = served.open(call(&session, "greet")).await;
    let begin = stream.next().await.unwrap().field("id").unwrap().to_owned();
    drop(stream);
    let mut resumed = served.open(session.resume(&begin)).await;
    let id = id(&message(&mut resumed).await, "elicitation/create");
    served.send(session.answer(&id, &accept(&json!({"name": "Ada"})))).await;
    assert_eq!(message(&mut resumed).await["result"]["content"][0]["text"], "hello Ada");
}

/// Serves callers who name themselves in a header, as a layer in front would have found out.
async fn for_callers(setup: Setup) -> Served {
    let http = HttpConfig { authentication: Authentication::RequestExtension, ..setup.http.clone() };
    let service = Setup { http, ..setup }.service();
    let named = tower::service_fn(move |mut request: Request<_>| {
        let caller = request.headers()["x-caller"].to_str().unwrap();
        let principal = Principal::verified("https://issuer.example", caller, "client", GrantedScopes::All);
        request.extensions_mut().insert(principal);
        let answer = service.clone().call(request);
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response)
        }
    });
    Served::start(named).await
}

async fn session_of(served: &Served, caller: &str) -> LegacySession {
    let request = initialize("2025-11-25").edit(|message| message["params"]["capabilities"] = everything());
    LegacySession::opened(&served.send(request.with("x-caller", caller)).await)
}

#[tokio::test]
async fn answer_of_another_caller_does_not_reach_the_question() {
    let served = for_callers(setup()).await;
    let (ada, bob) = (session_of(&served, "ada").await, session_of(&served, "bob").await);
    let mut stream = served.open(call(&ada, "greet").with("x-caller", "ada")).await;
    let id = id(&message(&mut stream).await, "elicitation/create");
    let answer = accept(&json!({"name": "Bob"}));
    let foreign = served.send(bob.answer(&id, &answer).with("x-caller", "bob")).await;
    assert_eq!(foreign.status, 202, "it is answered like any that nobody waits for");
    let stolen = served.send(ada.answer(&id, &answer).with("x-caller", "bob")).await;
    assert_error(&stolen, 404, 1404, &Value::Null);
    served.send(ada.answer(&id, &accept(&json!({"name": "Ada"}))).with("x-caller", "ada")).await;
    assert_eq!(message(&mut stream).await["result"]["content"][0]["text"], "hello Ada");
}

#[tokio::test]
async fn everything_of_a_session_is_its_owners_alone() {
    let served = for_callers(setup()).await;
    let ada = session_of(&served, "ada").await;
    let mut stream = served.open(call(&ada, "greet").with("x-caller", "ada")).await;
    let begin = stream.next().await.unwrap().field("id").unwrap().to_owned();
    let delete = HttpRequest::of(http::Method::DELETE).in_session(&ada.id, &ada.revision);
    let cancelled = ada.request("notifications/cancelled", json!({"requestId": 1})).notification();
    for request in [ada.get(), ada.resume(&begin), delete, cancelled, ada.request("ping", json!({}))] {
        let answer = served.send(request.with("x-caller", "bob")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!(1404)));
    }
    let bob = session_of(&served, "bob").await;
    let foreign = served.send(bob.resume(&begin).with("x-caller", "bob")).await;
    assert_error(&foreign, 400, -32600, &Value::Null);
    let id = id(&message(&mut stream).await, "elicitation/create");
    served.send(ada.answer(&id, &accept(&json!({"name": "Ada"}))).with("x-caller", "ada")).await;
    assert_eq!(message(&mut stream).await["result"]["content"][0]["text"], "hello Ada", "and nothing was touched");
}

#[tokio::test]
async fn open_questions_of_a_caller_are_bounded() {
    let served = for_callers(with_questions(1)).await;
    let (ada, bob) = (session_of(&served, "ada").await, session_of(&served, "bob").await);
    let mut first = served.open(call(&ada, "greet").with("x-caller", "ada")).await;
    let question = id(&message(&mut first).await, "elicitation/create");
    let refused = served.send(call(&ada, "greet").with("x-caller", "ada")).await;
    assert_error(&refused, 503, 1503, &json!(1));
    assert!(refused.header("retry-after").is_some());
    let mut others = served.open(call(&bob, "greet").with("x-caller", "bob")).await;
    id(&message(&mut others).await, "elicitation/create");
    served.send(ada.answer(&question, &accept(&json!({"name": "Ada"}))).with("x-caller", "ada")).await;
    message(&mut first).await;
    let mut again = served.open(call(&ada, "greet").with("x-caller", "ada")).await;
    id(&message(&mut again).await, "elicitation/create");
}
