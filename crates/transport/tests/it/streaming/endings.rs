//! How calls end other than well: by a disconnect, a deadline, a panic, or because there is no place for them.

use std::convert::Infallible;
use std::time::Duration;

use http::Request;
use http_body_util::BodyExt as _;
use outboard_runtime::{Context, RuntimeConfig, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{HttpRequest, Served, modern, patiently};
use outboard_transport::StreamableHttp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tower_service::Service as _;

use super::{assert_is_stream, gated, wait, wait_with_progress};
use crate::support::{LegacySession, Setup, assert_error, catalog, direct};

/// Sends a request and hangs up when the call has started, before there is an answer.
async fn hang_up_before_the_answer(served: &Served, gate: &Gate, request: HttpRequest) {
    tokio::select! {
        answer = served.open(request) => panic!("answered while the gate is shut: {answer:?}"),
        () = gate.started() => {}
    }
}

/// Sends a request and hangs up after the first event.
async fn hang_up_after_an_event(served: &Served, gate: &Gate, request: HttpRequest) {
    let mut stream = served.open(request).await;
    stream.message().await;
    gate.started().await;
}

#[tokio::test]
async fn modern_disconnect_drops_the_call_at_once() {
    let gate = Gate::new();
    let served = gated(&gate).serve().await;
    hang_up_before_the_answer(&served, &gate, wait()).await;
    gate.dropped().await;
    hang_up_after_an_event(&served, &gate, wait_with_progress()).await;
    gate.dropped().await;
    assert_lives(&served).await;
}

#[tokio::test]
async fn legacy_disconnect_leaves_the_call_running() {
    let gate = Gate::new();
    let (served, mut hung_up) = noticing_disconnects(gated(&gate).service()).await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    patiently("the end of initialize", hung_up.recv()).await;

    let call = session.request("tools/call", json!({"name": "wait"}));
    hang_up_before_the_answer(&served, &gate, call).await;
    patiently("the server to notice", hung_up.recv()).await;
    assert!(!gate.has_dropped());
    gate.open();
    gate.finished().await;

    let call = session.request("tools/call", json!({"name": "wait", "_meta": {"progressToken": "t"}}));
    hang_up_after_an_event(&served, &gate, call).await;
    patiently("the server to notice", hung_up.recv()).await;
    assert!(!gate.has_dropped());
    gate.open();
    gate.finished().await;
}

/// Serves and tells, for each request, when its answer was written or nobody waits for it any more.
async fn noticing_disconnects(service: StreamableHttp) -> (Served, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel(16);
    let service = tower::service_fn(move |request: Request<_>| {
        let (answer, told) = (service.clone().call(request), Told(sender.clone()));
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response.map(|body| {
                body.map_frame(move |frame| {
                    let _: &Told = &told;
                    frame
                })
            }))
        }
    });
    (Served::start(service).await, receiver)
}

/// Tells when it is dropped.
struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.try_send(()).expect("a test reads what it is told");
    }
}

#[tokio::test(start_paused = true)]
async fn call_ends_at_its_deadline() {
    let gate = Gate::new();
    let service = gated(&gate).service();
    let opened = direct(&service, crate::support::initialize("2025-06-18")).await;
    let id = opened.header("mcp-session-id").unwrap().to_owned();
    let session = LegacySession { id, revision: "2025-06-18".to_owned() };
    for request in [wait(), session.request("tools/call", json!({"name": "wait"}))] {
        let started = Instant::now();
        let answer = direct(&service, request.clone().with("accept", "application/json")).await.whole().await;
        assert_eq!(started.elapsed(), Duration::from_secs(60));
        assert_error(&answer, 200, 1504, &json!(1));
        gate.dropped().await;

        let started = Instant::now();
        let stream = direct(&service, request).await;
        assert_is_stream(&stream);
        let messages = stream.messages().await;
        assert_eq!(started.elapsed(), Duration::from_secs(60));
        assert_eq!((&messages[0]["error"]["code"], messages.len()), (&json!(1504), 1));
        gate.dropped().await;
    }
}

/// Panics, at once or after it has told progress and waited.
#[tool]
async fn fall(ctx: &Context, at_once: bool) -> String {
    if !at_once {
        ctx.progress(1.0, None, None);
        tokio::task::yield_now().await;
    }
    panic!("the tool {} falls", "fall")
}

#[tokio::test]
async fn panic_is_an_internal_error_of_its_own_call() {
    let served = Setup { catalog: catalog().tool(fall), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let arguments =
        |at_once| json!({"name": "fall", "arguments": {"at_once": at_once}, "_meta": {"progressToken": "t"}});
    for request in [modern("tools/call", arguments(true)), session.request("tools/call", arguments(true))] {
        let error = assert_error(&served.send(request).await, 200, -32603, &json!(1));
        assert_eq!(error["message"], "the handler failed unexpectedly", "nothing of the panic goes out");
    }
    for request in [modern("tools/call", arguments(false)), session.request("tools/call", arguments(false))] {
        let messages = served.open(request).await.messages().await;
        let [progress, error] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(progress["method"], "notifications/progress");
        assert_eq!((&error["error"]["code"], &error["id"]), (&json!(-32603), &json!(1)));
    }
    assert_lives(&served).await;
}

#[tokio::test]
async fn call_without_a_place_is_told_to_come_back() {
    let gate = Gate::new();
    let runtime = RuntimeConfig { concurrent_calls_max: 1, ..RuntimeConfig::default() };
    let served = Setup { runtime, ..gated(&gate) }.serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let second = async {
        gate.started().await;
        let call = json!({"name": "echo", "arguments": {"text": "x"}});
        for request in [modern("tools/call", call.clone()), session.request("tools/call", call)] {
            for accept in ["*/*", "text/event-stream"] {
                let answer = served.send(request.clone().with("accept", accept)).await;
                assert_error(&answer, 503, 1503, &json!(1));
                assert_eq!(answer.header("retry-after"), Some("1"), "{accept}");
            }
        }
        let list = served.send(modern("tools/list", json!({}))).await;
        assert_eq!(list.status, 200, "what is answered from memory takes no place");
        gate.open();
    };
    let (first, ()) = tokio::join!(served.send(wait()), second);
    assert_eq!(first.json()["result"]["content"][0]["text"], "waited");
    assert_lives(&served).await;
}

async fn assert_lives(served: &Served) {
    let call = modern("tools/call", json!({"name": "echo", "arguments": {"text": "x"}}));
    let answer: Value = served.send(call).await.json();
    assert_eq!(answer["result"]["content"][0]["text"], "x");
}
