//! Several messages in one body: in sessions of 2025-03-26, and nowhere else.

use outboard_protocol::{headers, meta};
use outboard_runtime::{Context, tool};
use outboard_testkit::gate::Gate;
use outboard_testkit::http::{HttpRequest, legacy};
use serde_json::{Value, json};

use crate::support::{LegacySession, Setup, assert_error, catalog, initialize};

fn request(id: i64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn notification(method: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": method})
}

fn batch(session: &LegacySession, items: &[Value]) -> HttpRequest {
    session.request("", json!({})).json(&json!(items))
}

#[tokio::test]
async fn each_request_of_a_batch_has_its_answer() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let items = [
        request(1, "tools/call", &json!({"name": "echo", "arguments": {"text": "x"}})),
        notification("notifications/initialized"),
        request(2, "ping", &json!({})),
        json!(7),
        request(3, "unknown/method", &json!({})),
        json!({"jsonrpc": "2.0", "id": 4}),
        request(5, "tools/call", &json!({"name": "nothing"})),
        request(6, "logging/setLevel", &json!({"level": "error"})),
        json!({"jsonrpc": "2.0", "id": "nobody asked", "result": {}}),
    ];
    for request in [batch(&session, &items), batch(&session, &items).without(headers::PROTOCOL_VERSION)] {
        let answer = served.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
        let answers = answer.json();
        let seen: Vec<_> = answers
            .as_array()
            .unwrap()
            .iter()
            .map(|answer| (answer["id"].as_i64(), answer["error"]["code"].as_i64()))
            .collect();
        let expected = [
            (Some(1), None),
            (Some(2), None),
            (None, Some(-32600)),
            (Some(3), Some(-32601)),
            (Some(4), Some(-32600)),
            (Some(5), Some(-32602)),
            (Some(6), None),
        ];
        assert_eq!(seen, expected, "{answers}");
        assert_eq!(answers[0]["result"]["content"][0]["text"], "x");
    }
}

#[tokio::test]
async fn batch_without_requests_is_accepted() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let items = [notification("notifications/initialized"), json!({"jsonrpc": "2.0", "id": "x", "result": {}})];
    let answer = served.send(batch(&session, &items)).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
}

#[tokio::test]
async fn who_takes_only_events_gets_the_answers_as_events() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let items = [request(1, "ping", &json!({})), request(2, "ping", &json!({}))];
    let stream = served.open(batch(&session, &items).with("accept", "text/event-stream")).await;
    let answers = stream.messages().await;
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2]);
}

#[tokio::test]
async fn batch_is_refused_where_there_are_none() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let ping = [request(1, "ping", &json!({}))];
    let mut refused = vec![batch(&session, &[]), batch(&session, &vec![ping[0].clone(); 33])];
    for revision in ["2025-06-18", "2025-11-25"] {
        refused.push(batch(&LegacySession::open(&served, revision).await, &ping));
    }
    refused.push(batch(&session, &ping).with(headers::PROTOCOL_VERSION, "2026-07-28"));
    refused.push(legacy("", json!({})).json(&json!(ping)));
    refused.push(batch(&session, &[ping[0].clone(), json!(initialize_message())]));
    for request in refused {
        let answer = served.send(request).await;
        assert_error(&answer, 400, -32600, &Value::Null);
    }
    let modern = json!({"_meta": {meta::PROTOCOL_VERSION: "2026-07-28"}});
    let answer = served.send(batch(&session, &[request(1, "tools/list", &modern)])).await;
    assert_error(&answer, 400, -32020, &Value::Null);
    let answer = served.send(batch(&session, &vec![ping[0].clone(); 32])).await;
    assert_eq!(answer.json().as_array().unwrap().len(), 32);
    served.send(HttpRequest::of(http::Method::DELETE).with(headers::SESSION_ID, &session.id)).await;
    let answer = served.send(batch(&session, &ping)).await;
    assert_error(&answer, 404, 1404, &Value::Null);
}

fn initialize_message() -> Value {
    serde_json::from_slice(&initialize("2025-03-26").body.concat()).unwrap()
}

/// Tells much before it answers.
#[tool]
async fn chatter(ctx: &Context) -> &'static str {
    ctx.progress(1.0, None, None);
    ctx.log(outboard_protocol::types::LoggingLevel::Emergency, "fire");
    "said"
}

#[tokio::test]
async fn what_a_batched_call_tells_before_its_result_is_left_out() {
    let served = Setup { catalog: catalog().tool(chatter), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let call = request(1, "tools/call", &json!({"name": "chatter", "_meta": {"progressToken": "t"}}));
    let answers = served.send(batch(&session, &[call])).await.json();
    assert_eq!(answers.as_array().unwrap().len(), 1);
    assert_eq!(answers[0]["result"]["content"][0]["text"], "said");
}

#[tokio::test]
async fn batch_whose_requests_were_all_cancelled_is_answered_as_one_with_requests() {
    let gate = Gate::new();
    let served = Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 50}});
    let items = [request(50, "tools/call", &json!({"name": "wait"})), cancelled];
    let answer = served.send(batch(&session, &items)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(answer.text(), "");
    let answer = served.send(batch(&session, &items).with("accept", "application/json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    let answers = answer.json();
    assert_eq!((answers.as_array().unwrap().len(), &answers[0]["id"]), (1, &json!(50)), "{answers}");
    assert_eq!(answers[0]["error"]["code"], 1499);
}

#[tokio::test]
async fn cancelled_request_of_a_batch_has_no_answer() {
    let gate = Gate::new();
    let served = Setup { catalog: catalog().tool(gate.tool()), ..Setup::new() }.serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let items = [request(1, "tools/call", &json!({"name": "wait"})), request(2, "ping", &json!({}))];
    let cancelling = async {
        gate.started().await;
        let cancelled = session.request("notifications/cancelled", json!({"requestId": 1})).notification();
        served.send(cancelled).await;
        gate.dropped().await;
    };
    let (answer, ()) = tokio::join!(served.send(batch(&session, &items)), cancelling);
    assert_eq!(answer.json(), json!([{"jsonrpc": "2.0", "id": 2, "result": {}}]));
}
