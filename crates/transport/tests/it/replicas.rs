//! Three replicas over one store: what one of them began goes on at every other, and what one of them is told holds at all.
//!
//! Which stream of a session delivers, where several are open, is in [`get_stream`](crate::get_stream).

use std::time::Duration;

use http::Method;
use outboard_protocol::meta;
use outboard_protocol::types::{CreateMessageParams, LoggingLevel};
use outboard_runtime::{Context, NotAccepted, RuntimeConfig, StateError, resource, tool};
use outboard_store::{Bus, BusLimits, Sequence};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{AnswerStream, HttpRequest, Served, modern, patiently};
use outboard_transport::{Authentication, HttpConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{
    ADA, Following, LegacySession, Setup, Shared, assert_error, catalog, direct, for_callers, initialize,
};

#[derive(Deserialize, JsonSchema)]
struct Word {
    word: String,
}

/// Asks for two words, one after the other.
#[tool]
async fn survey(ctx: &Context) -> Result<String, NotAccepted> {
    let Word { word: first } = ctx.elicit("first", "And first?").await?;
    let Word { word: second } = ctx.elicit("second", "And then?").await?;
    Ok(format!("{first}, {second}"))
}

/// Asks the client's model and for its roots, both at once.
#[tool]
async fn both(ctx: &Context) -> String {
    let asked = CreateMessageParams::text("Say something", 100);
    let (said, roots) = tokio::join!(ctx.sample("said", asked), ctx.roots("roots"));
    format!("{} under {}", said.message.as_text(), roots[0].uri)
}

/// Is done once for each time that it is agreed to.
#[tool(single_use)]
async fn spend(ctx: &Context) -> Result<&'static str, NotAccepted> {
    let Word { .. } = ctx.elicit("first", "Really?").await?;
    Ok("spent")
}

/// Keeps a text and gives out its handle, or gives the text back.
#[tool]
async fn keep(ctx: &Context, handle: Option<outboard_runtime::Handle>) -> Result<String, StateError> {
    let state = ctx.state::<String>();
    match handle {
        None => Ok(state.create(&"kept".to_owned(), Duration::from_secs(60)).await?.to_string()),
        Some(handle) => state.get(&handle).await,
    }
}

/// Logs a line of each level.
#[tool]
async fn chatter(ctx: &Context) -> &'static str {
    for level in LoggingLevel::ALL {
        ctx.log(level, level.as_str());
    }
    "said"
}

/// A note.
#[resource(template = "note:{number}", name = "notes")]
async fn notes(number: String) -> String {
    number
}

/// Replicas of one server.
struct Replicas {
    gate: Gate,
    following: Vec<Following>,
    served: Vec<Served>,
}

impl Replicas {
    async fn start() -> Self {
        let gate = Gate::new();
        let following = follow(&gate, &Shared::new());
        let mut served = Vec::new();
        for replica in &following {
            served.push(replica.serve().await);
        }
        Self { gate, following, served }
    }
}

const REPLICAS: usize = 3;

fn follow(gate: &Gate, shared: &Shared) -> Vec<Following> {
    (0..REPLICAS).map(|_| Setup { shared: shared.clone(), ..setup(gate) }.follow()).collect()
}

fn setup(gate: &Gate) -> Setup {
    let tools = catalog().tool(survey).tool(both).tool(spend).tool(keep).tool(chatter).tool(gate.tool());
    Setup {
        catalog: tools.resource(notes),
        runtime: RuntimeConfig { page_items_max: 2, ..RuntimeConfig::default() },
        ..Setup::new()
    }
}

/// Every replica with every other.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..REPLICAS).flat_map(|one| (1..REPLICAS).map(move |step| (one, (one + step) % REPLICAS)))
}

async fn session(served: &Served) -> LegacySession {
    let all = json!({"sampling": {}, "roots": {}, "elicitation": {"form": {}}});
    LegacySession::of_client(served, "2025-11-25", &all).await
}

fn call(session: &LegacySession, tool: &str) -> HttpRequest {
    session.request("tools/call", json!({"name": tool, "_meta": {"progressToken": "t"}}))
}

fn cancel(session: &LegacySession, id: impl Into<Value>) -> HttpRequest {
    session.request("notifications/cancelled", json!({"requestId": id.into()})).notification()
}

fn delete(session: &LegacySession) -> HttpRequest {
    HttpRequest::of(Method::DELETE).in_session(&session.id, &session.revision)
}

fn word(word: &str) -> Value {
    json!({"action": "accept", "content": {"word": word}})
}

/// The next message of a stream, and the id of its event; what it begins with is passed over.
async fn next(stream: &mut AnswerStream) -> (Value, String) {
    loop {
        let event = stream.next().await.expect("the stream has one more event");
        if event.field("data").is_some_and(|data| !data.is_empty()) {
            return (event.message(), event.field("id").expect("it has an id").to_owned());
        }
    }
}

/// What is left of a stream: its messages.
async fn rest(mut stream: AnswerStream) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Some(event) = stream.next().await {
        if event.field("data").is_some_and(|data| !data.is_empty()) {
            messages.push(event.message());
        }
    }
    messages
}

#[track_caller]
fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{message}"))
}

#[tokio::test]
async fn answer_of_the_client_reaches_the_replica_that_asks() {
    let Replicas { served, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[there]).await;
        let mut stream = served[here].open(call(&session, "survey")).await;
        for said in ["one", "two"] {
            let (question, _) = next(&mut stream).await;
            let id = question["id"].as_str().unwrap();
            let answer = served[there].send(session.answer(id, &json!({"result": word(said)}))).await;
            assert_eq!(answer.status, 202, "{here} {there}");
        }
        assert_eq!(text(&next(&mut stream).await.0), "one, two", "{here} {there}");

        let mut stream = served[here].open(call(&session, "both")).await;
        for _ in 0..2 {
            let (question, _) = next(&mut stream).await;
            let result = match question["method"].as_str().unwrap() {
                "roots/list" => json!({"roots": [{"uri": "file:///a"}]}),
                "sampling/createMessage" => {
                    json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "something"}})
                }
                method => panic!("{method}"),
            };
            let answer = session.answer(question["id"].as_str().unwrap(), &json!({"result": result}));
            assert_eq!(served[there].send(answer).await.status, 202);
        }
        assert_eq!(text(&next(&mut stream).await.0), "something under file:///a", "{here} {there}");
    }
}

#[tokio::test]
async fn stream_of_an_answer_goes_on_elsewhere_without_a_hole_and_nothing_twice() {
    let Replicas { served, gate, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[there]).await;
        let mut stream = served[here].open(call(&session, "wait")).await;
        let begin = stream.next().await.unwrap().field("id").unwrap().to_owned();
        let (progress, told) = next(&mut stream).await;
        gate.started().await;
        drop(stream);
        // While the handler still runs: what was told, then what comes.
        let mut whole = served[there].open(session.resume(&begin)).await;
        assert_eq!(next(&mut whole).await, (progress.clone(), told.clone()), "{here} {there}");
        gate.open();
        let live = rest(whole).await;
        assert_eq!((live.len(), &live[0]["params"]["progress"]), (2, &json!(2.0)), "{here} {there}");
        assert_eq!(text(&live[1]), "waited");
        // And when it has ended, from anywhere.
        for replica in served {
            let again = rest(replica.open(session.resume(&told)).await).await;
            assert_eq!(again, live, "{here} {there}");
            let again = rest(replica.open(session.resume(&begin)).await).await;
            assert_eq!((again.len(), &again[0]), (3, &progress), "{here} {there}");
        }
    }
}

#[tokio::test]
async fn session_that_is_ended_on_one_replica_is_gone_on_all() {
    let Replicas { served, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[here]).await;
        let mut listening = served[here].open(session.get()).await;
        listening.next().await.expect("it begins");
        let mut asking = served[here].open(call(&session, "survey")).await;
        let (question, _) = next(&mut asking).await;
        assert_eq!(served[there].send(delete(&session)).await.status, 204);
        for replica in served {
            let late = session.answer(question["id"].as_str().unwrap(), &json!({"result": word("late")}));
            for request in [session.request("ping", json!({})), session.get(), delete(&session), late] {
                assert_eq!(replica.send(request).await.status, 404, "{here} {there}");
            }
        }
        let (withdrawn, _) = next(&mut asking).await;
        assert_eq!(withdrawn["method"], "notifications/cancelled", "{here} {there}");
        assert_eq!(asking.next().await, None);
        assert_eq!(rest(listening).await, [] as [Value; 0], "{here} {there}");
    }
}

#[tokio::test]
async fn request_is_taken_back_on_any_replica() {
    let Replicas { served, gate, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[there]).await;
        let ids = [json!(7), json!("seven"), json!("7".repeat(256))];
        let mut streams = Vec::new();
        for id in &ids {
            let mut stream = served[here].open(call(&session, "wait").id(id.clone())).await;
            next(&mut stream).await;
            gate.started().await;
            streams.push(stream);
        }
        for (id, stream) in ids.iter().zip(streams) {
            assert_eq!(served[there].send(cancel(&session, id.clone())).await.status, 202);
            gate.dropped().await;
            assert_eq!(rest(stream).await, [] as [Value; 0], "{here} {there} {id}");
        }
    }
}

#[tokio::test]
async fn only_the_request_that_is_named_is_taken_back() {
    let Replicas { served, gate, .. } = &Replicas::start().await;
    let (session, other) = (session(&served[0]).await, session(&served[0]).await);
    let mut streams = Vec::new();
    for (session, id) in [(&session, json!(1)), (&session, json!("1")), (&other, json!(1))] {
        let mut stream = served[0].open(call(session, "wait").id(id)).await;
        next(&mut stream).await;
        gate.started().await;
        streams.push(stream);
    }
    for request in [cancel(&session, 2), cancel(&session, 1)] {
        assert_eq!(served[1].send(request).await.status, 202);
    }
    gate.dropped().await;
    for _ in 1..streams.len() {
        gate.open();
    }
    let mut ended = Vec::new();
    for stream in streams {
        ended.push(rest(stream).await.last().map(|last| text(last).to_owned()));
    }
    assert_eq!(ended, [None, Some("waited".to_owned()), Some("waited".to_owned())]);
    assert!(!gate.has_dropped());
}

#[tokio::test]
async fn what_is_taken_back_where_it_runs_is_told_to_no_other_replica() {
    let Replicas { served, gate, following } = &Replicas::start().await;
    let signals = Bus::of_signals(following[0].runtime.store(), BusLimits::default());
    let session = session(&served[0]).await;
    let mut stream = served[0].open(call(&session, "wait")).await;
    next(&mut stream).await;
    for id in [1, 2] {
        assert_eq!(served[0].send(cancel(&session, id)).await.status, 202);
    }
    gate.dropped().await;
    let told = async {
        while signals.last().await.unwrap() == Sequence::ZERO {
            tokio::task::yield_now().await;
        }
    };
    patiently("the one that runs nowhere to be told", told).await;
    assert_eq!(signals.read_after(Sequence::ZERO, 10).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn what_is_set_on_one_replica_holds_on_all() {
    let Replicas { served, following, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[here]).await;
        let set = served[there].send(session.request("logging/setLevel", json!({"level": "alert"}))).await;
        assert_eq!(set.status, 200);
        let messages = rest(served[here].open(call(&session, "chatter")).await).await;
        let levels: Vec<&Value> = messages.iter().filter_map(|message| message["params"].get("level")).collect();
        assert_eq!(levels, ["alert", "emergency"], "{here} {there}");

        let mut stream = served[here].open(session.get()).await;
        stream.next().await.expect("it begins");
        // In this order on the bus, whoever tells it: the stream hears of what it is subscribed to first.
        let uri = format!("note:{here}{there}");
        let subscribed = served[there].send(session.request("resources/subscribe", json!({"uri": uri}))).await;
        assert_eq!(subscribed.status, 200);
        following[there].runtime.notify().resource_updated(&uri);
        let (told, _) = next(&mut stream).await;
        assert_eq!((&told["method"], &told["params"]["uri"]), (&json!("notifications/resources/updated"), &json!(uri)));
    }
}

/// A modern call, with what further rounds bring.
fn round(tool: &str, params: &Value) -> HttpRequest {
    let capabilities = json!({"elicitation": {"form": {}}});
    modern("tools/call", json!({"name": tool, "_meta": {meta::CLIENT_CAPABILITIES: capabilities}}))
        .edit(|message| message["params"].as_object_mut().unwrap().extend(params.as_object().unwrap().clone()))
}

#[tokio::test]
async fn questions_of_a_modern_call_are_answered_on_any_replica() {
    let Replicas { served, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let third = REPLICAS - here - there;
        let mut params = json!({});
        for (replica, key, said) in [(here, "first", "one"), (there, "second", "two")] {
            let asked = served[replica].send(round("survey", &params)).await.json();
            assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
            params = json!({"requestState": asked["result"]["requestState"], "inputResponses": {key: word(said)}});
        }
        let end = served[third].send(round("survey", &params)).await.json();
        assert_eq!(text(&end), "one, two", "{here} {there}");
    }
}

#[tokio::test]
async fn what_may_be_done_once_is_done_on_one_replica() {
    let Replicas { served, .. } = &Replicas::start().await;
    for asks in served {
        let asked = asks.send(round("spend", &json!({}))).await.json();
        let params = json!({
            "requestState": asked["result"]["requestState"], "inputResponses": {"first": word("yes")}
        });
        let [one, two, three] = [0, 1, 2].map(|replica: usize| served[replica].send(round("spend", &params)));
        let answers = tokio::join!(one, two, three);
        let answers = [answers.0.json(), answers.1.json(), answers.2.json()];
        let spent = answers.iter().filter(|answer| answer["result"]["content"][0]["text"] == "spent").count();
        assert_eq!(spent, 1, "{answers:?}");
        let refused = answers.iter().filter(|answer| answer["error"]["code"] == -32602).count();
        assert_eq!(refused, 2, "{answers:?}");
    }
}

#[tokio::test]
async fn pages_and_handles_go_on_on_any_replica() {
    let Replicas { served, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let session = session(&served[there]).await;
        let requests: [&dyn Fn(Value) -> HttpRequest; 2] =
            [&|params| modern("tools/list", params), &|params| session.request("tools/list", params)];
        for request in requests {
            let (mut names, mut params, mut turn) = (Vec::new(), json!({}), here);
            loop {
                let page = served[turn].send(request(params)).await.json();
                names.extend(page["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()));
                let Some(cursor) = page["result"].get("nextCursor") else { break };
                params = json!({"cursor": cursor});
                turn = if turn == here { there } else { here };
            }
            let different: std::collections::BTreeSet<String> = names.iter().map(Value::to_string).collect();
            assert_eq!((names.len(), different.len()), (11, 11), "{names:?}");
        }
        let keep = |arguments: Value| modern("tools/call", json!({"name": "keep", "arguments": arguments}));
        let handle = text(&served[here].send(keep(json!({}))).await.json()).to_owned();
        let kept = served[there].send(keep(json!({"handle": handle}))).await.json();
        assert_eq!(text(&kept), "kept");
        let legacy = session.request("tools/call", json!({"name": "keep", "arguments": {"handle": handle}}));
        assert_eq!(text(&served[there].send(legacy).await.json()), "kept");
    }
}

#[tokio::test]
async fn who_listens_hears_of_a_change_on_any_replica() {
    let Replicas { served, following, .. } = &Replicas::start().await;
    for (here, there) in pairs() {
        let uri = format!("note:{here}{there}");
        let listen = modern("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": [uri]}}));
        let mut stream = served[here].open(listen).await;
        assert_eq!(stream.message().await["method"], "notifications/subscriptions/acknowledged");
        following[there].runtime.notify().resource_updated(&uri);
        let told = stream.message().await;
        assert_eq!((&told["method"], &told["params"]["uri"]), (&json!("notifications/resources/updated"), &json!(uri)));
    }
}

#[tokio::test(start_paused = true)]
async fn stream_of_a_replica_that_is_gone_is_taken_over() {
    let gate = Gate::new();
    let shared = Shared::in_runtime_time();
    let mut replicas = follow(&gate, &shared);
    let session = LegacySession::direct(&replicas[0].service, "2025-11-25").await;
    let mut first = direct(&replicas[0].service, session.get()).await;
    first.next().await.expect("it begins");
    replicas[0].runtime.notify().resources_changed();
    let (_, last_seen) = next(&mut first).await;
    // It dies: it neither ends its stream nor releases what it has claimed.
    let dead = (first, replicas.remove(0));
    let [second, third] = &replicas[..] else { panic!("two are left") };
    third.runtime.notify().tools_changed();
    let mut stream = direct(&second.service, session.resume(&last_seen)).await;
    assert_eq!(next(&mut stream).await.0["method"], "notifications/tools/list_changed", "nothing was lost");
    third.runtime.notify().prompts_changed();
    assert_eq!(next(&mut stream).await.0["method"], "notifications/prompts/list_changed");
    drop(dead);
}

#[tokio::test]
async fn session_of_somebody_else_is_none_on_any_replica() {
    let gate = Gate::new();
    let shared = Shared::new();
    let http = HttpConfig::new(Authentication::RequestExtension);
    let replica = || Setup { http: http.clone(), shared: shared.clone(), ..setup(&gate) }.follow();
    let replicas = [replica(), replica()];
    let (here, there) =
        (for_callers(replicas[0].service.clone()).await, for_callers(replicas[1].service.clone()).await);
    let eve = crate::support::Caller { subject: "eve", ..ADA };
    let opened = here.send(ADA.asks(initialize("2025-11-25"))).await;
    let session = LegacySession::opened(&opened);
    let mut stream = here.open(ADA.asks(call(&session, "wait"))).await;
    let (_, told) = next(&mut stream).await;
    gate.started().await;
    for request in [cancel(&session, 1), delete(&session), session.get(), session.resume(&told)] {
        assert_error(&there.send(eve.asks(request)).await, 404, 1404, &Value::Null);
    }
    // In a session of their own, the same request id is another request.
    let own = LegacySession::opened(&there.send(eve.asks(initialize("2025-11-25"))).await);
    assert_eq!(there.send(eve.asks(cancel(&own, 1))).await.status, 202);
    let marked = there.send(ADA.asks(cancel(&session, 2))).await;
    assert_eq!(marked.status, 202);
    gate.open();
    assert_eq!(text(rest(stream).await.last().unwrap()), "waited");
}
