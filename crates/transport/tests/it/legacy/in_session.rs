//! What is set in a session, and what its notifications do: log level, subscriptions, cancellation.

use outboard_protocol::types::LoggingLevel;
use outboard_runtime::{Context, resource, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{HttpRequest, Served};
use serde_json::{Value, json};

use crate::support::{LegacySession, Setup, Shared, assert_error, catalog};

/// Logs at every level.
#[tool]
async fn report(ctx: &Context) -> &'static str {
    for level in LoggingLevel::ALL {
        ctx.log_from("reporter", level, level.as_str());
    }
    "reported"
}

/// A note.
#[resource(uri = "note:1", name = "note")]
async fn note() -> &'static str {
    "noted"
}

fn setup() -> Setup {
    Setup { catalog: catalog().tool(report).resource(note), ..Setup::new() }
}

/// The levels of the log lines that a call brings.
async fn heard(served: &Served, session: &LegacySession) -> Vec<String> {
    let stream = served.open(session.request("tools/call", json!({"name": "report"}))).await;
    let mut messages = stream.messages().await;
    assert_eq!(messages.pop().unwrap()["result"]["content"][0]["text"], "reported");
    let level = |message: &Value| {
        assert_eq!(
            (&message["method"], &message["params"]["logger"]),
            (&json!("notifications/message"), &json!("reporter"))
        );
        message["params"]["level"].as_str().unwrap().to_owned()
    };
    messages.iter().map(level).collect()
}

#[tokio::test]
async fn level_is_that_of_the_session_and_info_before_one_is_set() {
    let shared = Shared::new();
    let served = Setup { shared: shared.clone(), ..setup() }.serve().await;
    let replica = Setup { shared, ..setup() }.serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let other = LegacySession::open(&served, "2025-06-18").await;
    assert_eq!(heard(&served, &session).await[0], "info");
    for (level, lines) in [("debug", 8), ("error", 4), ("emergency", 1)] {
        let answer = served.send(session.request("logging/setLevel", json!({"level": level}))).await;
        assert_eq!(answer.json(), json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
        for server in [&served, &replica] {
            let heard = heard(server, &session).await;
            assert_eq!((heard[0].as_str(), heard.len()), (level, lines));
        }
    }
    assert_eq!(heard(&served, &other).await.len(), 7, "another session keeps its own");
}

#[tokio::test]
async fn level_that_is_none_is_refused() {
    let served = setup().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    for params in [json!({}), json!({"level": "loud"}), json!({"level": 3}), json!({"level": null})] {
        let answer = served.send(session.request("logging/setLevel", params.clone())).await;
        let error = assert_error(&answer, 200, -32602, &json!(1));
        assert!(error["message"].as_str().unwrap().contains("level"), "{params}: {error}");
    }
}

#[tokio::test]
async fn who_takes_no_events_hears_no_log_lines() {
    let served = setup().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let call = session.request("tools/call", json!({"name": "report"})).with("accept", "application/json");
    assert_eq!(served.send(call).await.json()["result"]["content"][0]["text"], "reported");
}

#[tokio::test]
async fn subscribing_is_answered_with_nothing_and_to_nothing_refused() {
    let served = setup().serve().await;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = LegacySession::open(&served, revision).await;
        // Twice each: neither is an error.
        for method in ["subscribe", "subscribe", "unsubscribe", "unsubscribe"] {
            let request = session.request(&format!("resources/{method}"), json!({"uri": "note:1"}));
            assert_eq!(served.send(request).await.json(), json!({"jsonrpc": "2.0", "id": 1, "result": {}}), "{method}");
        }
        let answer = served.send(session.request("resources/subscribe", json!({"uri": "note:2"}))).await;
        let error = assert_error(&answer, 200, -32002, &json!(1));
        assert_eq!(error["data"], json!({"uri": "note:2"}));
        for params in [json!({}), json!({"uri": 1})] {
            let answer = served.send(session.request("resources/subscribe", params)).await;
            assert_error(&answer, 200, -32602, &json!(1));
        }
    }
}

#[tokio::test]
async fn without_resources_there_is_nothing_to_subscribe_to() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        for params in [json!({"uri": "note:1"}), json!({})] {
            assert_error(&served.send(session.request(method, params)).await, 200, -32601, &json!(1));
        }
    }
}

/// Notes with numbers.
#[resource(template = "note:{number}", name = "notes")]
async fn notes(number: String) -> String {
    number
}

#[tokio::test]
async fn subscriptions_of_a_session_are_bounded() {
    let served = Setup { catalog: catalog().resource(notes), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let subscribe = |number: String| session.request("resources/subscribe", json!({"uri": format!("note:{number}")}));
    for number in 0..256 {
        assert_eq!(served.send(subscribe(number.to_string())).await.json()["result"], json!({}), "{number}");
    }
    for number in ["256".to_owned(), "0".repeat(2_048)] {
        assert_error(&served.send(subscribe(number)).await, 200, -32602, &json!(1));
    }
}

#[tokio::test]
async fn what_a_client_tells_is_taken_whatever_it_is() {
    let served = setup().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let told = [
        ("notifications/initialized", json!({})),
        ("notifications/roots/list_changed", json!({})),
        ("notifications/progress", json!({"progressToken": 1, "progress": 1})),
        ("notifications/cancelled", json!({"requestId": 7})),
        ("notifications/cancelled", json!({"requestId": null})),
        ("notifications/cancelled", json!({})),
        ("notifications/of/tomorrow", json!({})),
    ];
    for (method, params) in told {
        let answer = served.send(session.request(method, params).notification()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""), "{method}");
    }
}

fn cancel(session: &LegacySession, id: &Value) -> HttpRequest {
    session.request("notifications/cancelled", json!({"requestId": id, "reason": "changed my mind"})).notification()
}

#[tokio::test]
async fn cancelled_call_is_dropped_and_its_stream_ends_without_an_answer() {
    let gate = Gate::new();
    let served = Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-06-18").await;
    let other = LegacySession::open(&served, "2025-06-18").await;
    let call = json!({"name": "wait", "_meta": {"progressToken": "t"}});
    let mut stream = served.open(session.request("tools/call", call).id("call")).await;
    assert_eq!(stream.message().await["method"], "notifications/progress");
    for elsewhere in [cancel(&other, &json!("call")), cancel(&session, &json!("other")), cancel(&session, &json!(1))] {
        assert_eq!(served.send(elsewhere).await.status, 202);
    }
    assert!(!gate.has_dropped(), "a call is cancelled by its own session and id alone");
    assert_eq!(served.send(cancel(&session, &json!("call"))).await.status, 202);
    gate.dropped().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn call_that_is_cancelled_before_it_streams_has_an_answer_of_nothing() {
    let gate = Gate::new();
    let served = Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let call = || session.request("tools/call", json!({"name": "wait"}));
    let cancelling = async {
        gate.started().await;
        served.send(cancel(&session, &json!(1))).await;
        gate.dropped().await;
    };
    let (answer, ()) = tokio::join!(served.send(call()), cancelling);
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(answer.text(), "");

    let cancelling = async {
        gate.started().await;
        served.send(cancel(&session, &json!(1))).await;
    };
    // Who takes no events has to be told something.
    let (answer, ()) = tokio::join!(served.send(call().with("accept", "application/json")), cancelling);
    assert_error(&answer, 200, 1499, &json!(1));
}

#[tokio::test]
async fn calls_under_one_id_have_each_its_own_answer() {
    let served = setup().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let echo = |text: &str| session.request("tools/call", json!({"name": "echo", "arguments": {"text": text}}));
    let texts: Vec<String> = (0..50).map(|number| format!("text {number}")).collect();
    let answers = futures_util::future::join_all(texts.iter().map(|text| served.send(echo(text)))).await;
    for (text, answer) in texts.iter().zip(answers) {
        assert_eq!(answer.json()["result"]["content"][0]["text"], *text);
    }
}
