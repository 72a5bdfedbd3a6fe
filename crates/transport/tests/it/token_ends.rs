//! Tokens that end while something is open: streams of notifications end with them, answers go on.

use std::time::{Duration, UNIX_EPOCH};

use outboard_identity::{GrantedScopes, Principal};
use outboard_runtime::{Catalog, Context, RuntimeConfig, resource, tool};
use outboard_testkit::http::{AnswerStream, HttpRequest, modern};
use outboard_transport::{Authentication, HttpConfig, StreamableHttp};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_service::Service as _;

use crate::support::{Following, LegacySession, Setup, Shared, initialize};

/// How long the tokens of these tests are good.
const LEFT: Duration = Duration::from_secs(100);

/// A note.
#[resource(uri = "note:1", name = "note")]
async fn note() -> &'static str {
    "a note"
}

/// Works for longer than the token is good.
#[tool]
async fn work(ctx: &Context) -> &'static str {
    for step in 1..=3 {
        ctx.progress(f64::from(step), None, None);
        tokio::time::sleep(LEFT).await;
    }
    "done"
}

fn server() -> Following {
    let runtime = RuntimeConfig { deadline: LEFT * 10, ..RuntimeConfig::default() };
    let catalog = Catalog::new("tests", "1").tool(work).resource(note);
    let http = HttpConfig::new(Authentication::RequestExtension);
    Setup { catalog, http, runtime, shared: Shared::in_runtime_time() }.follow()
}

/// Asks as somebody whose token is good for this long, or for ever.
async fn asked(server: &Following, left: Option<Duration>, request: HttpRequest) -> AnswerStream {
    let caller = Principal::verified("https://a.example", "ada", "editor", GrantedScopes::All);
    let now = UNIX_EPOCH + Duration::from_millis(server.runtime.store().clock.now().as_u64());
    let caller = match left {
        Some(left) => caller.with_valid_until(now + left),
        None => caller,
    };
    let mut request = request.into_http();
    request.extensions_mut().insert(caller);
    let mut service: StreamableHttp = server.service.clone();
    let Ok(response) = service.call(request).await;
    AnswerStream::of(response)
}

fn listen() -> HttpRequest {
    modern("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": ["note:1"]}}))
}

async fn session(server: &Following, revision: &str) -> LegacySession {
    LegacySession::opened(&asked(server, Some(LEFT), initialize(revision)).await.whole().await)
}

/// The messages up to the end of the stream, and how long it took.
async fn to_the_end(stream: &mut AnswerStream) -> (Vec<Value>, Duration) {
    let (started, mut messages) = (Instant::now(), Vec::new());
    while let Some(event) = stream.next().await {
        assert!(started.elapsed() <= LEFT * 10, "the stream does not end");
        if event.field("data").is_some_and(|data| !data.is_empty()) {
            messages.push(event.message());
        }
    }
    (messages, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn listen_stream_ends_with_its_result_when_the_token_does() {
    let server = server();
    let mut stream = asked(&server, Some(LEFT), listen()).await;
    assert_eq!(stream.message().await["method"], "notifications/subscriptions/acknowledged");
    server.runtime.notify().resource_updated("note:1");
    assert_eq!(stream.message().await["params"]["uri"], "note:1");
    let (messages, elapsed) = to_the_end(&mut stream).await;
    assert_eq!((messages.len(), &messages[0]["result"]["resultType"]), (1, &json!("complete")), "{messages:?}");
    assert!(elapsed <= LEFT && elapsed > LEFT - Duration::from_secs(1), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn listen_stream_of_a_token_that_has_ended_ends_as_it_begins() {
    let server = server();
    tokio::time::advance(LEFT).await;
    let mut stream = asked(&server, Some(Duration::ZERO), listen()).await;
    let (messages, elapsed) = to_the_end(&mut stream).await;
    assert_eq!((messages.len(), elapsed), (2, Duration::ZERO), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn stream_of_a_session_closes_when_the_token_ends() {
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let server = server();
        let session = session(&server, revision).await;
        let mut stream = asked(&server, Some(LEFT), session.get()).await;
        assert_eq!(stream.status, 200);
        let (messages, elapsed) = to_the_end(&mut stream).await;
        assert_eq!((messages.len(), elapsed), (0, LEFT), "{revision}: {messages:?}");
        // The session goes on with the next token.
        let ping = session.request("ping", json!({}));
        assert_eq!(asked(&server, Some(LEFT), ping).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn older_end_of_a_connection_comes_first() {
    let mut server = server();
    let mut http = HttpConfig::new(Authentication::RequestExtension);
    http.legacy.connection_max = Some(LEFT / 2);
    server.service = StreamableHttp::new(server.runtime.clone(), server.shutdown.clone(), http);
    let session = session(&server, "2025-11-25").await;
    let mut stream = asked(&server, Some(LEFT), session.get()).await;
    assert_eq!(to_the_end(&mut stream).await.1, LEFT / 2);
}

#[tokio::test(start_paused = true)]
async fn stream_of_who_is_proven_for_ever_stays_open() {
    let server = server();
    let session = session(&server, "2025-11-25").await;
    for request in [listen(), session.get()] {
        let mut stream = asked(&server, None, request).await;
        let closed = tokio::time::timeout(LEFT * 5, to_the_end(&mut stream)).await;
        assert!(closed.is_err(), "{closed:?}");
    }
    let mut far = asked(&server, Some(Duration::from_secs(u64::from(u32::MAX))), listen()).await;
    assert_eq!(far.message().await["method"], "notifications/subscriptions/acknowledged");
}

#[tokio::test(start_paused = true)]
async fn answer_that_is_running_is_finished() {
    let server = server();
    let session = session(&server, "2025-11-25").await;
    let params = json!({"name": "work", "_meta": {"progressToken": "t"}});
    for request in [modern("tools/call", params.clone()), session.request("tools/call", params.clone())] {
        let mut stream = asked(&server, Some(LEFT), request).await;
        let (messages, elapsed) = to_the_end(&mut stream).await;
        assert_eq!(messages.last().unwrap()["result"]["content"][0]["text"], "done", "{messages:?}");
        assert_eq!(elapsed, LEFT * 3);
    }
}
