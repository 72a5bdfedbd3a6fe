//! The stream of an answer: event ids, its beginning, its early end, and how the rest of it is fetched.

use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::headers;
use outboard_runtime::{Context, DynamicTool, NativeTool, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{AnswerStream, Event, HttpRequest, Served, patiently};
use outboard_transport::{Authentication, HttpConfig, LegacyConfig};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::support::{LegacySession, Setup, Shared, assert_error, catalog, direct};

fn gated(gate: &Gate) -> Setup {
    Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }
}

fn wait(session: &LegacySession) -> HttpRequest {
    session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}))
}

async fn next(stream: &mut AnswerStream) -> Event {
    stream.next().await.expect("the stream has one more event")
}

fn id(event: &Event) -> String {
    event.field("id").expect("the event has an id").to_owned()
}

/// Asserts that a stream of 2025-11-25 begins as it does; returns the id that it begins with.
#[track_caller]
fn assert_begins(event: &Event, retry: &str) -> String {
    assert_eq!((event.field("data"), event.field("retry"), event.field("event")), (Some(""), Some(retry), None));
    id(event)
}

#[track_caller]
fn assert_progress(event: &Event, progress: f64) {
    assert_eq!(event.message()["params"]["progress"], progress, "{event:?}");
}

#[track_caller]
fn assert_waited(event: &Event) {
    assert_eq!(event.message()["result"]["content"][0]["text"], "waited", "{event:?}");
}

#[tokio::test]
async fn only_streams_of_2025_11_25_begin_with_an_event_without_data() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = LegacySession::open(&served, revision).await;
        gate.open();
        let mut stream = served.open(wait(&session)).await;
        let mut ids = Vec::new();
        if revision == "2025-11-25" {
            ids.push(assert_begins(&next(&mut stream).await, "1000"));
        }
        for _ in 0..2 {
            let event = next(&mut stream).await;
            assert_eq!((event.field("retry"), event.field("event")), (None, Some("message")), "{revision}");
            assert_eq!(event.message()["method"], "notifications/progress");
            ids.push(id(&event));
        }
        let last = next(&mut stream).await;
        assert_waited(&last);
        ids.push(id(&last));
        assert_eq!(stream.next().await, None);
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{revision}: {ids:?}");
    }
}

#[tokio::test]
async fn broken_stream_goes_on_while_the_call_runs_and_after_it() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let primes = revision == "2025-11-25";
        let session = LegacySession::open(&served, revision).await;
        let mut stream = served.open(wait(&session)).await;
        let begin = if primes { Some(next(&mut stream).await) } else { None };
        let progress = next(&mut stream).await;
        assert_progress(&progress, 1.0);
        gate.started().await;
        drop(stream);

        let mut resumed = served.open(session.resume(&id(&progress))).await;
        assert_eq!(resumed.header("content-type"), Some("text/event-stream"));
        assert_eq!(resumed.header("cache-control"), Some("no-store, no-transform"));
        assert_eq!(resumed.header("x-accel-buffering"), Some("no"));
        if primes {
            assert_eq!(assert_begins(&next(&mut resumed).await, "1000"), id(&progress), "nothing is behind it yet");
        }
        gate.open();
        assert_progress(&next(&mut resumed).await, 2.0);
        let last = next(&mut resumed).await;
        assert_waited(&last);
        assert_eq!(resumed.next().await, None, "{revision}");

        let mut again = served.open(session.resume(&id(&progress))).await;
        if primes {
            next(&mut again).await;
        }
        assert_progress(&next(&mut again).await, 2.0);
        assert_eq!(next(&mut again).await, last, "the same event under the same id");
        assert_eq!(again.next().await, None);
        if let Some(begin) = begin {
            let mut whole = served.open(session.resume(&id(&begin))).await;
            next(&mut whole).await;
            assert_eq!(next(&mut whole).await, progress);
            assert_progress(&next(&mut whole).await, 2.0);
            assert_eq!(next(&mut whole).await, last);
        }
        let refused = served.send(session.resume(&id(&last))).await;
        assert_error(&refused, 400, -32600, &Value::Null);
    }
}

#[tokio::test]
async fn event_id_of_another_stream_shows_nothing() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let other = LegacySession::open(&served, "2025-11-25").await;
    let mut stream = served.open(wait(&session)).await;
    let begin = assert_begins(&next(&mut stream).await, "1000");
    // The first character is of the kind, the next ones are of the stream's number.
    let changed = format!("{}{}{}", &begin[..2], if &begin[2..6] == "AAAA" { "BBBB" } else { "AAAA" }, &begin[6..]);
    let cases = [
        (&other, begin.clone(), "another session of the same caller"),
        (&session, changed, "a changed one"),
        (&session, "1".to_owned(), "a number"),
        (&session, "A".repeat(23), "a kind that there is not"),
        (&session, "A".repeat(1 << 14), "a long one"),
        (&session, "\u{e9}".to_owned(), "no ASCII"),
    ];
    for (session, last, what) in cases {
        let answer = served.send(session.resume(&last)).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        assert_error(&answer, 400, -32600, &Value::Null);
    }
    let twice = session.resume(&begin).also("last-event-id", &begin);
    assert_error(&served.send(twice).await, 400, -32600, &Value::Null);
    gate.open();
    assert_progress(&next(&mut stream).await, 1.0);
}

#[tokio::test]
async fn events_of_two_calls_stay_apart() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut begins = Vec::new();
    for number in [1, 2] {
        let mut stream = served.open(wait(&session).id(number)).await;
        begins.push(id(&next(&mut stream).await));
        gate.started().await;
    }
    gate.open();
    gate.open();
    for (number, begin) in [1, 2].into_iter().zip(begins) {
        let mut resumed = served.open(session.resume(&begin)).await;
        next(&mut resumed).await;
        let messages = resumed.messages().await;
        assert_eq!((messages.len(), &messages[2]["id"]), (3, &json!(number)));
    }
}

#[tokio::test]
async fn newest_connection_carries_the_stream() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut first = served.open(wait(&session)).await;
    let begin = id(&next(&mut first).await);
    let progress = next(&mut first).await;
    let mut second = served.open(session.resume(&id(&progress))).await;
    next(&mut second).await;
    assert_eq!(first.next().await, None, "the one before it ends");
    let mut third = served.open(session.resume(&begin)).await;
    next(&mut third).await;
    assert_eq!(second.next().await, None);
    gate.open();
    assert_eq!(next(&mut third).await, progress);
    assert_progress(&next(&mut third).await, 2.0);
    assert_waited(&next(&mut third).await);
}

#[tokio::test]
async fn cancelled_call_leaves_nothing_to_go_on_with() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut stream = served.open(wait(&session)).await;
    let begin = id(&next(&mut stream).await);
    next(&mut stream).await;
    served.send(session.request("notifications/cancelled", json!({"requestId": 1})).notification()).await;
    gate.dropped().await;
    assert_eq!(stream.next().await, None);
    // Its events go when the connection has ended.
    let refused = async {
        loop {
            let answer = served.send(session.resume(&begin)).await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    assert_error(&patiently("the events to go", refused).await, 400, -32600, &Value::Null);
}

/// A tool that asks for the end of its connection, and goes on when it is let.
fn polling(go_on: &Arc<Semaphore>) -> impl NativeTool + use<> {
    let tool = serde_json::from_value(json!({"name": "poll", "inputSchema": {"type": "object"}})).unwrap();
    let go_on = Arc::clone(go_on);
    DynamicTool::new(tool, move |ctx: Context, _| {
        let go_on = Arc::clone(&go_on);
        async move {
            ctx.reconnect_after(Duration::from_millis(20));
            go_on.acquire().await.unwrap().forget();
            outboard_protocol::types::CallToolResult::text("polled")
        }
    })
}

#[tokio::test]
async fn handler_ends_the_connection_and_the_client_fetches_the_rest() {
    let go_on = Arc::new(Semaphore::new(0));
    let served = Setup { catalog: catalog().tool(polling(&go_on)), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut stream = served.open(session.request("tools/call", json!({"name": "poll"}))).await;
    let begin = assert_begins(&next(&mut stream).await, "1000");
    let pause = assert_begins(&next(&mut stream).await, "20");
    assert_eq!(stream.next().await, None, "the connection ends without a result");
    let mut resumed = served.open(session.resume(&pause)).await;
    assert_eq!(assert_begins(&next(&mut resumed).await, "1000"), pause);
    go_on.add_permits(1);
    assert_eq!(next(&mut resumed).await.message()["result"]["content"][0]["text"], "polled");
    assert_eq!(resumed.next().await, None);
    let mut whole = served.open(session.resume(&begin)).await;
    next(&mut whole).await;
    assert_eq!(assert_begins(&next(&mut whole).await, "20"), pause, "a pause that is over ends nothing");
    assert_eq!(next(&mut whole).await.message()["result"]["content"][0]["text"], "polled");
}

#[tokio::test]
async fn connections_of_earlier_revisions_are_never_ended_early() {
    let go_on = Arc::new(Semaphore::new(0));
    let served = Setup { catalog: catalog().tool(polling(&go_on)), ..Setup::new() }.serve().await;
    for revision in ["2025-03-26", "2025-06-18"] {
        let session = LegacySession::open(&served, revision).await;
        let mut stream = served.open(session.request("tools/call", json!({"name": "poll"}))).await;
        go_on.add_permits(1);
        let result = next(&mut stream).await;
        assert_eq!(result.message()["result"]["content"][0]["text"], "polled", "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn connection_ends_at_its_age_and_the_call_goes_on() {
    let gate = Gate::new();
    let legacy = LegacyConfig { connection_max: Some(Duration::from_secs(7)), ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let service = Setup { http, ..gated(&gate) }.service();
    let session = LegacySession::direct(&service, "2025-11-25").await;
    let mut stream = direct(&service, wait(&session)).await;
    let started = Instant::now();
    next(&mut stream).await;
    let mut last = next(&mut stream).await;
    for _ in 0..2 {
        let retry = next(&mut stream).await;
        assert_eq!((retry.field("retry"), retry.field("id"), retry.field("data")), (Some("1000"), None, None));
        assert_eq!(stream.next().await, None);
        stream = direct(&service, session.resume(&id(&last))).await;
        last = next(&mut stream).await;
    }
    assert_eq!(started.elapsed(), Duration::from_secs(14));
    gate.open();
    assert_progress(&next(&mut stream).await, 2.0);
    assert_waited(&next(&mut stream).await);

    let session = LegacySession::direct(&service, "2025-06-18").await;
    let mut stream = direct(&service, wait(&session)).await;
    assert_progress(&next(&mut stream).await, 1.0);
    assert!(next(&mut stream).await.is_comment(), "15 s later it is still open");
}

/// Tells its progress a hundred times.
#[tool]
async fn chatter(ctx: &Context) -> &'static str {
    for step in 1..=100 {
        ctx.progress(f64::from(step), None, None);
        tokio::task::yield_now().await;
    }
    "said"
}

#[tokio::test]
async fn what_is_no_longer_kept_is_a_hole_before_the_rest() {
    let legacy = LegacyConfig { event_entries: 5, ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let served = Setup { catalog: catalog().tool(chatter), http, ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let call = session.request("tools/call", json!({"name": "chatter", "_meta": {"progressToken": "t"}}));
    let mut stream = served.open(call).await;
    let begin = id(&next(&mut stream).await);
    let mut last = begin.clone();
    while let Some(event) = stream.next().await {
        last = id(&event);
    }
    assert_ne!(last, begin);
    let mut resumed = served.open(session.resume(&begin)).await;
    next(&mut resumed).await;
    assert!(next(&mut resumed).await.is_comment(), "the hole is shown");
    let messages = resumed.messages().await;
    assert!(messages.len() <= 6, "{messages:?}");
    assert_eq!(messages.last().unwrap()["result"]["content"][0]["text"], "said");
}

#[tokio::test]
async fn answer_that_is_too_long_to_be_kept_is_an_error_to_who_comes_back_for_it() {
    let legacy = LegacyConfig { event_bytes: 1_000, ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let served = Setup { http, ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    for (length, is_kept) in [(500, true), (2_000, false)] {
        let text = "x".repeat(length);
        let call = session.request("tools/call", json!({"name": "echo", "arguments": {"text": text}}));
        let mut stream = served.open(call.with("accept", "text/event-stream")).await;
        let begin = id(&next(&mut stream).await);
        assert_eq!(next(&mut stream).await.message()["result"]["content"][0]["text"], text);
        let mut resumed = served.open(session.resume(&begin)).await;
        next(&mut resumed).await;
        let last = next(&mut resumed).await.message();
        assert_eq!(last["id"], 1);
        if is_kept {
            assert_eq!(last["result"]["content"][0]["text"], text);
        } else {
            assert_eq!(last["error"]["code"], 1413);
        }
        assert_eq!(resumed.next().await, None);
    }
}

#[tokio::test]
async fn events_go_when_they_are_old() {
    let gate = Gate::new();
    let shared = Shared::new();
    let served = Setup { shared: shared.clone(), ..gated(&gate) }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    gate.open();
    let mut stream = served.open(wait(&session)).await;
    let begin = id(&next(&mut stream).await);
    while stream.next().await.is_some() {}
    shared.clock.advance(Duration::from_secs(5 * 60) - Duration::from_millis(1));
    assert_eq!(served.open(session.resume(&begin)).await.status, 200);
    shared.clock.advance(Duration::from_millis(1));
    assert_error(&served.send(session.resume(&begin)).await, 400, -32600, &Value::Null);
}

#[tokio::test(start_paused = true)]
async fn silent_call_can_be_resumed_for_as_long_as_it_runs() {
    let gate = Gate::new();
    let runtime = outboard_runtime::RuntimeConfig { deadline: Duration::from_secs(3_600), ..Default::default() };
    let service = Setup { runtime, shared: Shared::in_runtime_time(), ..gated(&gate) }.service();
    let session = LegacySession::direct(&service, "2025-11-25").await;
    let mut stream = direct(&service, session.request("tools/call", json!({"name": "wait"}))).await;
    let begin = assert_begins(&next(&mut stream).await, "1000");
    drop(stream);
    // Far longer than events are kept.
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    let mut resumed = direct(&service, session.resume(&begin)).await;
    assert_begins(&next(&mut resumed).await, "1000");
    gate.open();
    assert_waited(&next(&mut resumed).await);
}

#[tokio::test]
async fn end_of_the_session_ends_what_was_resumed_in_it() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut stream = served.open(wait(&session)).await;
    let begin = id(&next(&mut stream).await);
    gate.started().await;
    let mut resumed = served.open(session.resume(&begin)).await;
    next(&mut resumed).await;
    next(&mut resumed).await;
    delete(&served, &session).await;
    assert_eq!(resumed.next().await, None);
    assert_eq!(served.send(session.resume(&begin)).await.status, 404);
    assert!(!gate.has_dropped(), "the call goes on");
}

async fn delete(served: &Served, session: &LegacySession) {
    let delete = HttpRequest::of(http::Method::DELETE).with(headers::SESSION_ID, &session.id);
    assert_eq!(served.send(delete).await.status, 204);
}

#[tokio::test]
async fn drain_waits_for_a_call_here_and_sends_the_clients_of_others_away() {
    let gate = Gate::new();
    let shared = Shared::new();
    let here = Setup { shared: shared.clone(), ..gated(&gate) }.follow();
    let there = Setup { shared, ..gated(&gate) }.follow();
    let (served_here, served_there) = (here.serve().await, there.serve().await);
    let session = LegacySession::open(&served_here, "2025-11-25").await;
    let mut streams = Vec::new();
    for server in [&served_here, &served_there] {
        let mut stream = served_here.open(wait(&session)).await;
        let begin = id(&next(&mut stream).await);
        gate.started().await;
        let mut resumed = server.open(session.resume(&begin)).await;
        next(&mut resumed).await;
        next(&mut resumed).await;
        streams.push(resumed);
    }
    here.shutdown.draining.cancel();
    there.shutdown.draining.cancel();
    let mut elsewhere = streams.pop().unwrap();
    assert_eq!(next(&mut elsewhere).await.field("retry"), Some("1000"));
    assert_eq!(elsewhere.next().await, None);
    gate.open();
    let mut beside = streams.pop().unwrap();
    assert_progress(&next(&mut beside).await, 2.0);
    assert_waited(&next(&mut beside).await);
}
