//! When an answer is a stream of events, what stands in it, and what a disconnect, a deadline, a panic or a full house do
//! to a call.

mod endings;

use std::time::Duration;

use outboard_runtime::{Catalog, Context, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{AnswerStream, HttpRequest, modern};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{LegacySession, Setup, catalog, direct};

/// A call of the gate, with a progress token.
fn wait_with_progress() -> HttpRequest {
    modern("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}))
}

/// A call of the gate that is not interested in progress.
fn wait() -> HttpRequest {
    modern("tools/call", json!({"name": "wait"}))
}

fn gated(gate: &Gate) -> Setup {
    Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }
}

#[track_caller]
fn assert_is_stream(stream: &AnswerStream) {
    assert_eq!(stream.status, 200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
}

/// Asserts that a message is progress under the token `t`.
#[track_caller]
fn assert_progress(message: &Value, progress: f64) {
    assert_eq!(message["method"], "notifications/progress", "{message}");
    assert_eq!(message["params"]["progressToken"], "t", "{message}");
    assert_eq!(message["params"]["progress"], progress, "{message}");
}

#[tokio::test]
async fn progress_comes_before_the_result_on_one_stream() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let legacy = session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}));
    for request in [wait_with_progress(), legacy] {
        let mut stream = served.open(request).await;
        assert_is_stream(&stream);
        let event = stream.next().await.unwrap();
        assert_eq!(event.field("event"), Some("message"));
        assert_progress(&event.message(), 1.0);
        assert_eq!(event.message()["params"]["message"], "waiting");
        // The first progress was read while the tool still waits.
        gate.open();
        assert_progress(&stream.message().await, 2.0);
        let result = stream.message().await;
        assert_eq!((&result["id"], &result["result"]["content"][0]["text"]), (&json!(1), &json!("waited")));
        assert_eq!(stream.next().await, None, "the stream ends with the result");
    }
}

#[tokio::test]
async fn stream_of_a_session_names_the_session_nowhere() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let call = json!({"name": "wait", "_meta": {"progressToken": 7}});
    gate.open();
    let mut stream = served.open(session.request("tools/call", call)).await;
    assert_eq!(stream.header("mcp-session-id"), None);
    assert_eq!(stream.message().await["params"]["progressToken"], 7, "tokens come back as they were sent");
}

#[tokio::test]
async fn without_a_token_or_without_events_the_answer_is_json() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let with_token = json!({"name": "wait", "_meta": {"progressToken": "t"}});
    let requests = [
        wait(),
        wait_with_progress().with("accept", "application/json"),
        session.request("tools/call", with_token).with("accept", "application/json"),
    ];
    for request in requests {
        gate.open();
        let answer = served.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
        assert_eq!(answer.json()["result"]["content"][0]["text"], "waited");
    }
}

#[tokio::test]
async fn who_takes_only_events_gets_only_events() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    for request in [modern("tools/list", json!({})), session.request("tools/list", json!({}))] {
        let mut stream = served.open(request.with("accept", "text/event-stream")).await;
        assert_is_stream(&stream);
        assert!(stream.message().await["result"]["tools"].is_array());
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test]
async fn line_breaks_in_a_result_stay_inside_of_one_line() {
    let served = Setup::new().serve().await;
    let text = "a\nb\r\nc\u{2028}d\n\ndata: x";
    let call = modern("tools/call", json!({"name": "echo", "arguments": {"text": text}}));
    let messages = served.open(call.with("accept", "text/event-stream")).await.messages().await;
    assert_eq!(messages[0]["result"]["content"][0]["text"], text);
    assert_eq!(messages.len(), 1);
}

/// Tells its progress a thousand times without a pause.
#[tool]
async fn chatter(ctx: &Context) -> &'static str {
    for step in 1..=1_000 {
        ctx.progress(f64::from(step), None, None);
    }
    "said"
}

#[tokio::test]
async fn lagging_reader_loses_only_intermediate_progress() {
    let served = Setup { catalog: Catalog::new("tests", "1").tool(chatter), ..Setup::new() }.serve().await;
    let call = modern("tools/call", json!({"name": "chatter", "_meta": {"progressToken": "t"}}));
    let mut messages = served.open(call).await.messages().await;
    let result = messages.pop().unwrap();
    assert_eq!(result["result"]["content"][0]["text"], "said");
    let told: Vec<f64> = messages.iter().map(|message| message["params"]["progress"].as_f64().unwrap()).collect();
    assert!(told.is_sorted_by(|one, next| one < next), "{told:?}");
    assert_eq!((told.len(), told[0], told[63]), (64, 1.0, 1_000.0));
}

#[tokio::test(start_paused = true)]
async fn silence_becomes_a_stream_that_is_kept_alive() {
    let gate = Gate::new();
    let service = gated(&gate).service();
    for accept in ["*/*", "text/event-stream"] {
        let starts_after = Duration::from_secs(10);
        let started = Instant::now();
        let mut stream = direct(&service, wait().with("accept", accept)).await;
        assert_eq!(started.elapsed(), starts_after, "{accept}");
        assert_is_stream(&stream);
        for beat in 1..=3 {
            assert!(stream.next().await.unwrap().is_comment());
            assert_eq!(started.elapsed(), starts_after + beat * Duration::from_secs(15), "{accept}");
        }
        gate.open();
        assert_eq!(stream.message().await["result"]["content"][0]["text"], "waited");
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn legacy_silence_becomes_a_stream_sooner() {
    let gate = Gate::new();
    let service = gated(&gate).service();
    let opened = direct(&service, crate::support::initialize("2025-06-18")).await;
    let id = opened.header("mcp-session-id").unwrap().to_owned();
    let session = LegacySession { id, revision: "2025-06-18".to_owned() };
    let started = Instant::now();
    let mut stream = direct(&service, session.request("tools/call", json!({"name": "wait"}))).await;
    assert_eq!(started.elapsed(), Duration::from_millis(250));
    assert_is_stream(&stream);
    gate.open();
    assert_eq!(stream.message().await["result"]["content"][0]["text"], "waited");
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_events_waits_in_silence() {
    let gate = Gate::new();
    let service = gated(&gate).service();
    let open_late = async {
        tokio::time::sleep(Duration::from_secs(50)).await;
        gate.open();
    };
    let request = wait_with_progress().with("accept", "application/json");
    let (stream, ()) = tokio::join!(direct(&service, request), open_late);
    let answer = stream.whole().await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["result"]["content"][0]["text"], "waited");
}

#[tokio::test(start_paused = true)]
async fn events_put_the_keep_alive_off() {
    let gate = Gate::new();
    let service = gated(&gate).service();
    let mut stream = direct(&service, wait_with_progress()).await;
    let started = Instant::now();
    tokio::time::advance(Duration::from_secs(14)).await;
    assert_progress(&stream.message().await, 1.0);
    assert!(stream.next().await.unwrap().is_comment());
    assert_eq!(started.elapsed(), Duration::from_secs(29), "15 s after the last event");
}
