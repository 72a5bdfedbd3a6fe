//! What is told unasked, or before an answer: progress, log lines, changes.

use outboard_protocol::meta::{self, SUBSCRIPTION_ID};
use outboard_runtime::Change;
use outboard_testkit::gate::Gate;
use outboard_transport::SubscriptionLimits;
use outboard_transport::stdio::StdioConfig;
use serde_json::{Value, json};

use super::{Pipe, assert_error, cancelled, modern, notification, request};
use crate::modern::asking::asking;
use crate::shelf::{Server, Shelf};
use crate::support::catalog;

fn listen(id: impl Into<Value>, notifications: Value) -> Value {
    let mut params = json!({});
    params["notifications"] = notifications;
    modern(id, "subscriptions/listen", params)
}

/// Asserts a message of a subscription; returns its method.
#[track_caller]
fn of(message: &Value, id: impl Into<Value>) -> &str {
    let id: Value = id.into();
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION_ID], id, "{message}");
    message["method"].as_str().unwrap().strip_prefix("notifications/").unwrap()
}

#[tokio::test]
async fn progress_comes_before_the_result_under_its_token() {
    let gate = Gate::new();
    let mut pipe = Pipe::to(&Server::of(catalog().tool(gate.tool())));
    pipe.initialize("2025-11-25").await;
    let params = json!({"name": "wait", "_meta": {"progressToken": "t"}});
    for call in [request(1, "tools/call", params.clone()), modern(1, "tools/call", params)] {
        pipe.send(&call).await;
        for progress in [1.0, 2.0] {
            let told = pipe.next().await;
            assert_eq!(told["method"], "notifications/progress", "{told}");
            assert_eq!(
                (&told["params"]["progressToken"], &told["params"]["progress"]),
                (&json!("t"), &json!(progress))
            );
            if progress < 2.0 {
                // The first was told while the call waits.
                gate.open();
            }
        }
        assert_eq!(pipe.next().await["result"]["content"][0]["text"], "waited");
    }
}

#[tokio::test]
async fn session_has_a_level_for_its_log_lines() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;
    let all = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    let mut expected = &all[1..];
    for level in [None, Some("emergency"), Some("debug")] {
        if let Some(level) = level {
            let set = pipe.ask(request(1, "logging/setLevel", json!({ "level": level }))).await;
            assert_eq!(set["result"], json!({}));
            expected = &all[all.iter().position(|other| *other == level).unwrap()..];
        }
        pipe.send(&request(2, "tools/call", json!({"name": "chatter"}))).await;
        for level in expected {
            let line = pipe.next().await;
            assert_eq!(line, notification("notifications/message", json!({"level": level, "data": level})));
        }
        assert_eq!(pipe.next().await["result"]["content"][0]["text"], "said");
    }
    // A modern request has its own.
    pipe.send(&modern(3, "tools/call", json!({"name": "chatter", "_meta": {meta::LOG_LEVEL: "alert"}}))).await;
    assert_eq!(pipe.next().await["params"]["level"], "alert");
    assert_eq!(pipe.next().await["params"]["level"], "emergency");
    assert_eq!(pipe.next().await["id"], 3);
    let silent = pipe.ask(modern(4, "tools/call", json!({"name": "chatter"}))).await;
    assert_eq!(silent["result"]["content"][0]["text"], "said");
}

#[tokio::test]
async fn ready_session_is_told_of_changed_lists() {
    let shelf = Shelf::new();
    let server = Server::around(&shelf);
    let mut pipe = Pipe::to(&server);
    pipe.ask(super::initialize("2025-06-18")).await;
    server.notify().tools_changed();
    // Only a client that is ready is told; what changed shortly before is told then.
    assert_eq!(pipe.ask(request(1, "ping", json!({}))).await["result"], json!({}));
    pipe.send(&notification("notifications/initialized", json!({}))).await;
    assert_eq!(pipe.next().await, notification("notifications/tools/list_changed", json!({})));
    shelf.change(|offer| offer.prompts.clear());
    assert_eq!(pipe.next().await, notification("notifications/prompts/list_changed", json!({})));
    shelf.change(|offer| offer.resources.clear());
    assert_eq!(pipe.next().await, notification("notifications/resources/list_changed", json!({})));
}

#[tokio::test]
async fn updates_reach_who_has_subscribed() {
    let shelf = Shelf::new();
    let server = Server::around(&shelf);
    let (mut subscriber, mut other) = (Pipe::to(&server), Pipe::to(&server));
    subscriber.initialize("2025-11-25").await;
    other.initialize("2025-11-25").await;
    let subscribe = |method: &str| request(1, &format!("resources/{method}"), json!({"uri": "note:1"}));
    for _ in 0..2 {
        assert_eq!(subscriber.ask(subscribe("subscribe")).await["result"], json!({}));
    }
    assert_eq!(shelf.watched(1).await, [("note:1".to_owned(), true)]);
    server.notify().resource_updated("note:2");
    server.notify().resource_updated("note:1");
    let updated = notification("notifications/resources/updated", json!({"uri": "note:1"}));
    assert_eq!(subscriber.next().await, updated);

    assert_eq!(subscriber.ask(subscribe("unsubscribe")).await["result"], json!({}));
    server.notify().resource_updated("note:1");
    server.notify().prompts_changed();
    let prompts = notification("notifications/prompts/list_changed", json!({}));
    assert_eq!(subscriber.next().await, prompts, "it has unsubscribed");
    assert_eq!(other.next().await, prompts, "it has never subscribed");
}

#[tokio::test]
async fn subscriptions_of_a_session_are_bounded() {
    let subscriptions = SubscriptionLimits { uris_max: 1, uri_bytes_max: 8 };
    let config = StdioConfig { subscriptions, ..StdioConfig::default() };
    let shelf = Shelf::new();
    shelf.change(|offer| {
        let mut second = offer.resources[0].clone();
        "note:2".clone_into(&mut second.resource.uri);
        offer.resources.push(second);
    });
    let mut pipe = Pipe::with(&Server::around(&shelf), config);
    pipe.initialize("2025-11-25").await;
    let subscribe = |uri: &str| request(1, "resources/subscribe", json!({ "uri": uri }));
    assert_error(&pipe.ask(subscribe("no:such")).await, -32002, 1);
    assert_error(&pipe.ask(subscribe("too:long:")).await, -32602, 1);
    assert_eq!(pipe.ask(subscribe("note:1")).await["result"], json!({}));
    assert_error(&pipe.ask(subscribe("note:2")).await, -32602, 1);
    let unsubscribe = request(1, "resources/unsubscribe", json!({"uri": "note:1"}));
    assert_eq!(pipe.ask(unsubscribe).await["result"], json!({}));
    assert_eq!(pipe.ask(subscribe("note:2")).await["result"], json!({}));
}

#[tokio::test]
async fn server_without_resources_has_nothing_to_subscribe_to() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    pipe.initialize("2025-11-25").await;
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        assert_error(&pipe.ask(request(1, method, json!({"uri": "note:1"}))).await, -32601, 1);
    }
}

#[tokio::test]
async fn listens_share_the_pipe_and_are_told_apart() {
    let server = Server::around(&Shelf::new());
    let mut pipe = Pipe::to(&server);
    pipe.send(&listen("tools", json!({"toolsListChanged": true}))).await;
    let first = pipe.next().await;
    assert_eq!(of(&first, "tools"), "subscriptions/acknowledged");
    assert_eq!(first["params"]["notifications"], json!({"toolsListChanged": true}));
    pipe.send(&listen(2, json!({"resourceSubscriptions": ["note:1"], "promptsListChanged": true}))).await;
    assert_eq!(of(&pipe.next().await, 2), "subscriptions/acknowledged");
    server.notify().resources_changed();
    server.notify().resource_updated("note:1");
    let update = pipe.next().await;
    assert_eq!((of(&update, 2), &update["params"]["uri"]), ("resources/updated", &json!("note:1")));
    server.notify().tools_changed();
    assert_eq!(of(&pipe.next().await, "tools"), "tools/list_changed");
    // A session on the same pipe is told its own, without a subscription.
    pipe.initialize("2025-11-25").await;
    server.notify().tell(Change::Prompts);
    let mut told = Vec::new();
    while told.len() < 2 {
        let message = pipe.next().await;
        if message["method"] == "notifications/prompts/list_changed" {
            told.push(message["params"]["_meta"][SUBSCRIPTION_ID].clone());
        }
    }
    told.sort_by_key(Value::is_null);
    assert_eq!(told, [json!(2), Value::Null]);
}

#[tokio::test]
async fn listen_ends_without_a_word_when_it_is_cancelled() {
    let server = Server::around(&Shelf::new());
    let config = StdioConfig { streams_max: 2, ..StdioConfig::default() };
    let mut pipe = Pipe::with(&server, config);
    for id in ["a", "b"] {
        pipe.send(&listen(id, json!({"toolsListChanged": true}))).await;
        assert_eq!(of(&pipe.next().await, id), "subscriptions/acknowledged");
    }
    assert_error(&pipe.ask(listen("c", json!({}))).await, 1503, "c");
    assert_error(&pipe.ask(listen("a", json!({}))).await, -32600, "a");
    pipe.send(&cancelled("a")).await;
    assert_eq!(pipe.ask(modern(1, "server/discover", json!({}))).await["id"], 1);
    server.notify().tools_changed();
    assert_eq!(of(&pipe.next().await, "b"), "tools/list_changed", "nothing under the other one");
}

#[tokio::test]
async fn listen_that_is_wrong_is_refused() {
    let server = Server::around(&Shelf::new());
    let mut pipe = Pipe::to(&server);
    for params in [json!({}), json!({"notifications": []}), json!({"notifications": {"toolsListChanged": "yes"}})] {
        assert_error(&pipe.ask(modern(1, "subscriptions/listen", params)).await, -32602, 1);
    }
    pipe.send(&listen(1, json!({}))).await;
    assert_eq!(of(&pipe.next().await, 1), "subscriptions/acknowledged");
    assert_error(&pipe.ask(listen(1, json!({}))).await, -32600, 1);
}
