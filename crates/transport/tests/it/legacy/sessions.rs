//! Which session a request may name, how one ends, and what becomes of it when the store is down or another replica is
//! asked.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use outboard_protocol::headers;
use outboard_runtime::resource;
use outboard_store::{NewSession, OwnerDigest, Store};
use outboard_testkit::down;
use outboard_testkit::http::{Answer, HttpRequest, legacy};
use outboard_transport::{Authentication, HttpConfig, LegacyConfig};
use serde_json::{Value, json};

use crate::support::{LegacySession, SESSION_MAX_AGE, Setup, Shared, assert_error, catalog, initialize, ring};

/// A note.
#[resource(uri = "note:1", name = "note")]
async fn note() -> &'static str {
    "a note"
}

/// Every kind of thing that is sent in a session.
fn everything(session: &LegacySession) -> Vec<HttpRequest> {
    vec![
        session.request("tools/list", json!({})),
        session.request("tools/call", json!({"name": "forecast"})),
        session.request("ping", json!({})),
        session.request("unknown/method", json!({})),
        session.request("notifications/initialized", json!({})).notification(),
        session.request("logging/setLevel", json!({"level": "error"})),
        session.request("resources/unsubscribe", json!({"uri": "a:b"})),
        session.get(),
        session.request("x", json!({})).json(&json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
        delete(&session.id),
    ]
}

fn delete(id: &str) -> HttpRequest {
    HttpRequest::of(Method::DELETE).with(headers::SESSION_ID, id)
}

/// Asserts that the session does not exist for whoever asked.
#[track_caller]
fn assert_not_found(answer: &Answer, what: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]["code"]), (404, &json!(1404)), "{what}: {body}");
}

#[tokio::test]
async fn request_without_a_session_is_refused() {
    let served = Setup::new().serve().await;
    for method in ["tools/list", "tools/call", "ping"] {
        let answer = served.send(legacy(method, json!({}))).await;
        assert_error(&answer, 400, -32600, &json!(1));
        let answer = served.send(legacy(method, json!({})).with(headers::PROTOCOL_VERSION, "2025-11-25")).await;
        assert_error(&answer, 400, -32600, &json!(1));
        let answer = served.send(legacy(method, json!({})).notification()).await;
        assert_error(&answer, 400, -32600, &Value::Null);
    }
    for method in [Method::DELETE, Method::GET] {
        let answer = served.send(HttpRequest::of(method).with("accept", "application/json, text/event-stream")).await;
        assert_error(&answer, 400, -32600, &Value::Null);
    }
}

#[tokio::test]
async fn session_that_is_not_the_callers_is_not_found() {
    let shared = Shared::new();
    let served = Setup { shared: shared.clone(), ..Setup::new() }.serve().await;
    let LegacySession { id, .. } = LegacySession::open(&served, "2025-11-25").await;
    let new = NewSession {
        owner: OwnerDigest::of(b"somebody else"),
        revision: "2025-11-25",
        capabilities: 0,
        client_name: "test",
        client_version: "1",
    };
    let (foreign, _) = shared.sessions().create(new).unwrap();
    let other_ring = Shared { store: Store { keys: ring(), ..shared.store.clone() }, ..shared };
    let (other_key, _) = other_ring.sessions().create(new).unwrap();
    let mut changed = id.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    let cases = [
        ("unknown", "00000000-0000-0000-0000-000000000000".to_owned()),
        ("empty", String::new()),
        ("garbage", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned()),
        ("cut", id[..id.len() - 4].to_owned()),
        ("changed", changed),
        ("lengthened", format!("{id}AAAA")),
        ("too long", "A".repeat(10_000)),
        ("foreign", foreign.as_str().to_owned()),
        ("of a key that is not in the ring", other_key.as_str().to_owned()),
    ];
    for (what, id) in cases {
        for request in everything(&LegacySession { id, revision: "2025-11-25".to_owned() }) {
            assert_not_found(&served.send(request).await, what);
        }
    }
    let answer = served.send(legacy("ping", json!({})).with(headers::SESSION_ID, b"\xff\xfe")).await;
    assert_not_found(&answer, "no text");
    let twice = legacy("ping", json!({})).with(headers::SESSION_ID, &id).also(headers::SESSION_ID, &id);
    assert_error(&served.send(twice.clone().id("p")).await, 400, -32600, &json!("p"));
    assert_error(&served.send(twice.notification()).await, 400, -32600, &Value::Null);
}

#[tokio::test]
async fn session_ends_with_its_time() {
    let shared = Shared::new();
    let served = Setup { shared: shared.clone(), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    shared.clock.advance(SESSION_MAX_AGE - Duration::from_millis(1));
    assert_eq!(served.send(session.request("ping", json!({}))).await.status, 200);
    shared.clock.advance(Duration::from_millis(1));
    for request in everything(&session) {
        assert_not_found(&served.send(request).await, "expired");
    }
}

#[tokio::test]
async fn deleted_session_is_gone_and_others_are_not() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let other = LegacySession::open(&served, "2025-06-18").await;
    let answer = served.send(delete(&session.id).with(headers::PROTOCOL_VERSION, "2025-11-25")).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, ""));
    for request in everything(&session) {
        assert_not_found(&served.send(request).await, "deleted");
    }
    assert_eq!(served.send(other.request("ping", json!({}))).await.status, 200, "another session lives on");
    let again = served.send(initialize("2025-06-18").with(headers::SESSION_ID, &session.id)).await;
    assert_eq!(again.status, 200, "a client may begin anew, whatever session it names");
}

#[tokio::test]
async fn sessions_do_not_exist_under_a_modern_header() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let both = || [delete(&session.id), session.get()];
    for request in both() {
        let answer = served.send(request.with(headers::PROTOCOL_VERSION, "2026-07-28")).await;
        assert_error(&answer, 405, -32601, &Value::Null);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    for version in ["v999", "2024-11-05", "", "\u{e9}"] {
        for request in both() {
            let request = request.with(headers::PROTOCOL_VERSION, version);
            let error = assert_error(&served.send(request.clone()).await, 400, -32022, &Value::Null);
            assert!(error["data"]["supported"].as_array().unwrap().contains(&json!("2025-11-25")), "{error}");
            let answer = served.send(request.without(headers::SESSION_ID)).await;
            assert_error(&answer, 405, -32601, &Value::Null);
        }
    }
    assert_eq!(served.send(session.request("ping", json!({}))).await.status, 200, "it was not deleted");
}

#[tokio::test]
async fn second_replica_behaves_like_the_first() {
    let shared = Shared::new();
    let first = Setup { shared: shared.clone(), ..Setup::new() }.serve().await;
    let second = Setup { shared, ..Setup::new() }.serve().await;
    for (opener, other) in [(&first, &second), (&second, &first)] {
        let session = LegacySession::open(opener, "2025-06-18").await;
        for request in everything(&session).into_iter().filter(|request| request.method == Method::POST) {
            let (here, there) = (opener.send(request.clone()).await, other.send(request).await);
            assert_eq!((here.status, here.body), (there.status, there.body));
        }
        assert_eq!(other.send(delete(&session.id)).await.status, 204);
        for request in everything(&session) {
            assert_not_found(&opener.send(request).await, "deleted by the other replica");
        }
    }
}

#[tokio::test]
async fn sessions_are_opened_at_a_rate() {
    let legacy = LegacyConfig {
        initialize_rate: NonZeroU32::new(2).unwrap(),
        initialize_burst: NonZeroU32::new(3).unwrap(),
        ..LegacyConfig::default()
    };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let shared = Shared::new();
    let [here, there] = [(); 2].map(|()| Setup { http: http.clone(), shared: shared.clone(), ..Setup::new() });
    let (here, there) = (here.serve().await, there.serve().await);
    for served in [&here, &there, &here] {
        LegacySession::open(served, "2025-11-25").await;
    }
    let session = LegacySession::open(&Setup::new().serve().await, "2025-11-25").await;
    for _ in 0..2 {
        let refused = there.send(initialize("2025-11-25").id("i")).await;
        let error = assert_error(&refused, 429, 1429, &json!("i"));
        assert_eq!(refused.header("retry-after"), Some("1"), "{error}");
        assert_eq!(refused.header(headers::SESSION_ID), None);
    }
    let malformed = initialize("2025-11-25").edit(|message| message["params"] = json!({}));
    assert_error(&there.send(malformed).await, 200, -32602, &json!(1));
    assert_not_found(&there.send(session.request("ping", json!({}))).await, "nothing else is counted");
    shared.clock.advance(Duration::from_millis(500));
    LegacySession::open(&there, "2025-11-25").await;
    assert_error(&here.send(initialize("2025-11-25")).await, 429, 1429, &json!(1));
}

#[tokio::test]
async fn without_the_store_calls_are_served_and_delete_asks_to_try_again() {
    let Shared { store, clock } = Shared::new();
    let shared = Shared { store: down::store(store.keys, clock.clone()), clock };
    let served = Setup { catalog: catalog().resource(note), shared, ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    assert_eq!(served.send(session.request("tools/list", json!({}))).await.status, 200);
    let call = json!({"name": "echo", "arguments": {"text": "x"}});
    let answer = served.send(session.request("tools/call", call)).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "x");
    let needs_the_store = [
        (delete(&session.id), Value::Null),
        (session.get(), Value::Null),
        (session.request("logging/setLevel", json!({"level": "error"})), json!(1)),
        (session.request("resources/unsubscribe", json!({"uri": "a:b"})), json!(1)),
        (session.answer(&"A".repeat(22), &json!({"result": {}})), Value::Null),
    ];
    for (request, id) in needs_the_store {
        let answer = served.send(request).await;
        assert_error(&answer, 503, 1503, &id);
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    }
    assert_not_found(&served.send(delete("garbage")).await, "what is no session needs no store to be refused");
    assert_eq!(served.send(session.request("ping", json!({}))).await.status, 200, "the session was not ended");
}
