//! Which era a message belongs to, and what each answers.

use outboard_testkit::gate::Gate;
use serde_json::{Value, json};

use super::{Pipe, assert_error, cancelled, initialize, modern, modern_of, notification, request};
use crate::shelf::{Server, Shelf};
use crate::support::catalog;

fn echo(text: &str) -> Value {
    json!({"name": "echo", "arguments": {"text": text}})
}

#[tokio::test]
async fn modern_requests_need_no_session() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    let discovered = pipe.ask(modern(1, "server/discover", json!({}))).await;
    assert_eq!(discovered["result"]["supportedVersions"][0], "2026-07-28");
    assert_eq!(discovered["result"]["resultType"], "complete");
    let listed = pipe.ask(modern("two", "tools/list", json!({}))).await;
    assert_eq!(listed["result"]["tools"][0]["name"], "echo");
    assert!(listed["result"]["ttlMs"].is_u64(), "{listed}");
    let called = pipe.ask(modern(3, "tools/call", echo("a\nb"))).await;
    assert_eq!(called["result"]["content"][0]["text"], "a\nb");
}

#[tokio::test]
async fn a_session_speaks_the_revision_that_was_agreed_on() {
    let cases = [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("v999", "2025-11-25"),
    ];
    let server = Server::of(catalog());
    for (asked, agreed) in cases {
        let mut pipe = Pipe::to(&server);
        let opened = pipe.ask(initialize(asked)).await;
        assert_eq!(opened["result"]["protocolVersion"], agreed);
        assert_eq!(opened["result"]["serverInfo"]["name"], "tests");
        assert_eq!(opened["result"]["instructions"], "Try them.");
        let listed = pipe.ask(request(2, "tools/list", json!({}))).await;
        assert_eq!(listed["result"]["tools"][0]["name"], "echo");
        assert_eq!(listed["result"].get("resultType"), None);
        let called = pipe.ask(request(3, "tools/call", json!({"name": "forecast"}))).await;
        assert_eq!(called["result"].get("structuredContent").is_some(), agreed != "2025-03-26", "{called}");
    }
}

#[tokio::test]
async fn both_eras_share_a_connection() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    pipe.initialize("2025-06-18").await;
    for id in 0..3 {
        let legacy = pipe.ask(request(id, "tools/call", echo("old"))).await;
        assert_eq!(legacy["result"], json!({"content": [{"type": "text", "text": "old"}]}));
        let modern = pipe.ask(modern(id, "tools/call", echo("new"))).await;
        assert_eq!(modern["result"]["resultType"], "complete");
    }
}

#[tokio::test]
async fn before_initialize_a_legacy_client_may_only_ping() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    assert_eq!(pipe.ask(request(1, "ping", json!({}))).await["result"], json!({}));
    for method in ["tools/list", "logging/setLevel", "resources/subscribe", "server/discover", "unknown/method"] {
        let message = assert_error(&pipe.ask(request(2, method, json!({}))).await, -32600, 2);
        assert!(message.contains("initialize"), "{message}");
    }
    pipe.initialize("2025-11-25").await;
    assert!(pipe.ask(request(3, "tools/list", json!({}))).await["result"]["tools"].is_array());
    let again = pipe.ask(initialize("2025-03-26")).await;
    assert_eq!(again["result"]["protocolVersion"], "2025-03-26", "a session may be opened anew");
}

#[tokio::test]
async fn each_era_refuses_the_methods_of_the_other() {
    let mut pipe = Pipe::to(&Server::around(&Shelf::new()));
    pipe.initialize("2025-11-25").await;
    for method in ["server/discover", "subscriptions/listen", "unknown/method"] {
        assert_error(&pipe.ask(request(1, method, json!({}))).await, -32601, 1);
    }
    let gone =
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "unknown/method"];
    for method in gone {
        assert_error(&pipe.ask(modern(1, method, json!({}))).await, -32601, 1);
    }
}

#[tokio::test]
async fn modern_meta_is_checked() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    for revision in ["v999", "2025-11-25", ""] {
        let answer = pipe.ask(modern_of(revision, 1, "tools/list", json!({}))).await;
        assert_error(&answer, -32022, 1);
        assert_eq!(answer["error"]["data"]["requested"], revision);
        assert_eq!(answer["error"]["data"]["supported"][0], "2026-07-28");
    }
    let key = "io.modelcontextprotocol/clientCapabilities";
    for wrong in [json!([]), json!({"sampling": true}), Value::Null] {
        let answer = pipe.ask(modern(1, "tools/list", json!({"_meta": {key: wrong}}))).await;
        assert_error(&answer, -32602, 1);
    }
}

#[tokio::test]
async fn legacy_params_are_checked() {
    let mut pipe = Pipe::to(&Server::around(&Shelf::new()));
    assert_error(&pipe.ask(request(1, "initialize", json!({}))).await, -32602, 1);
    pipe.initialize("2025-11-25").await;
    let cases = [
        ("tools/call", json!({})),
        ("tools/call", json!({"name": "look", "_meta": {"progressToken": 1.5}})),
        ("tools/list", json!({"_meta": []})),
        ("logging/setLevel", json!({})),
        ("logging/setLevel", json!({"level": "loud"})),
        ("resources/subscribe", json!({})),
        ("resources/unsubscribe", json!({"uri": 1})),
        ("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "ask"}})),
        ("prompts/get", json!({"name": "nothing"})),
    ];
    for (method, params) in cases {
        assert_error(&pipe.ask(request(1, method, params)).await, -32602, 1);
    }
}

#[tokio::test]
async fn lists_and_reads_are_answered_in_both_eras() {
    let mut pipe = Pipe::to(&Server::around(&Shelf::new()));
    pipe.initialize("2025-11-25").await;
    let asked = [
        ("resources/list", json!({}), "/result/resources/0/uri", json!("note:1")),
        ("resources/templates/list", json!({}), "/result/resourceTemplates", json!([])),
        ("resources/read", json!({"uri": "note:1"}), "/result/contents/0/text", json!("contents")),
        ("prompts/list", json!({}), "/result/prompts/0/name", json!("ask")),
    ];
    for (method, params, pointer, expected) in asked {
        for asked in [request(1, method, params.clone()), modern(1, method, params)] {
            let answer = pipe.ask(asked).await;
            assert_eq!(answer.pointer(pointer), Some(&expected), "{answer}");
        }
    }
    assert_error(&pipe.ask(request(1, "resources/read", json!({"uri": "no:such"}))).await, -32002, 1);
    assert_error(&pipe.ask(modern(1, "resources/read", json!({"uri": "no:such"}))).await, -32602, 1);
}

#[tokio::test]
async fn requests_run_side_by_side_and_are_answered_as_they_end() {
    let gate = Gate::new();
    let mut pipe = Pipe::to(&Server::of(catalog().tool(gate.tool())));
    pipe.initialize("2025-11-25").await;
    pipe.send(&request("slow", "tools/call", json!({"name": "wait"}))).await;
    pipe.send(&modern("slow too", "tools/call", json!({"name": "wait"}))).await;
    gate.started().await;
    gate.started().await;
    assert_eq!(pipe.ask(request(1, "tools/call", echo("quick"))).await["result"]["content"][0]["text"], "quick");
    gate.open();
    gate.open();
    let mut ids = [pipe.next().await["id"].clone(), pipe.next().await["id"].clone()];
    ids.sort_by_key(|id| std::cmp::Reverse(id.to_string().len()));
    assert_eq!(ids, [json!("slow too"), json!("slow")]);
}

#[tokio::test]
async fn cancelled_request_is_dropped_and_stays_unanswered() {
    let gate = Gate::new();
    let mut pipe = Pipe::to(&Server::of(catalog().tool(gate.tool())));
    pipe.initialize("2025-11-25").await;
    let call = json!({"name": "wait"});
    for call in [request("a", "tools/call", call.clone()), modern("a", "tools/call", call.clone())] {
        pipe.send(&call).await;
        gate.started().await;
        // What names no request in flight changes nothing.
        for wrong in
            [cancelled("b"), cancelled(1), cancelled(Value::Null), notification("notifications/cancelled", json!({}))]
        {
            pipe.send(&wrong).await;
        }
        assert_eq!(pipe.ask(request(1, "ping", json!({}))).await["result"], json!({}));
        assert!(!gate.has_dropped());
        pipe.send(&cancelled("a")).await;
        gate.dropped().await;
        // Its id is free again, and nothing was said about it.
        pipe.send(&call).await;
        gate.started().await;
        gate.open();
        assert_eq!(pipe.next().await["result"]["content"][0]["text"], "waited");
        pipe.send(&cancelled("a")).await;
        assert_eq!(pipe.ask(request(2, "ping", json!({}))).await["result"], json!({}), "it has ended: nothing happens");
    }
}

#[tokio::test]
async fn batches_belong_to_the_sessions_that_know_them() {
    let gate = Gate::new();
    let server = Server::of(catalog().tool(gate.tool()));
    let batch = json!([
        request(1, "ping", json!({})),
        notification("notifications/progress", json!({})),
        request("two", "tools/call", echo("x")),
        {"jsonrpc": "2.0", "id": 3},
        request(4, "initialize", json!({})),
    ]);
    let mut pipe = Pipe::to(&server);
    pipe.send(&batch).await;
    assert_error(&pipe.next().await, -32600, Value::Null);
    pipe.initialize("2025-06-18").await;
    pipe.send(&batch).await;
    assert_error(&pipe.next().await, -32600, Value::Null);

    let mut pipe = Pipe::to(&server);
    pipe.initialize("2025-03-26").await;
    pipe.send(&batch).await;
    let mut answers = pipe.next().await.as_array().unwrap().clone();
    answers.sort_by_key(|answer| answer["id"].to_string());
    let [two, ping, no_message, opened] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(two["result"]["content"][0]["text"], "x");
    assert_eq!(ping["result"], json!({}));
    assert_error(no_message, -32600, 3);
    assert_error(opened, -32600, 4);

    let mut modern_list = modern(5, "tools/list", json!({}));
    pipe.send(&json!([modern_list, request(6, "ping", json!({}))])).await;
    let answers = pipe.next().await;
    assert_eq!(answers.as_array().unwrap().len(), 2, "{answers}");
    let refused = answers.as_array().unwrap().iter().find(|answer| answer["id"] == 5).unwrap();
    assert_error(refused, -32600, 5);
    modern_list["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "v999"});
    pipe.send(&json!([modern_list])).await;
    assert_error(&pipe.next().await[0], -32600, 5);

    pipe.send(&json!([])).await;
    assert_error(&pipe.next().await, -32600, Value::Null);
    pipe.send(&json!(vec![request(1, "ping", json!({})); 33])).await;
    assert_error(&pipe.next().await, -32600, Value::Null);

    // Only notifications, or only what was cancelled: there is nothing to answer.
    pipe.send(&json!([notification("notifications/initialized", json!({}))])).await;
    pipe.send(&json!([request("a", "tools/call", json!({"name": "wait"}))])).await;
    gate.started().await;
    pipe.send(&cancelled("a")).await;
    gate.dropped().await;
    assert_eq!(pipe.ask(request(9, "ping", json!({}))).await["result"], json!({}));
}
