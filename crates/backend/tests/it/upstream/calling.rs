//! Calls of tools: what they carry, progress, questions, rounds, resumption.

use std::sync::Mutex;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use outboard_backend::upstream::{CallError, ClientOptions, ExchangeError};
use outboard_protocol::types::{CallToolResult, Progress};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::fake::{Seen, Server, arguments, event, options, plain, sse, sse_that_breaks, sse_that_hangs};

fn done() -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": "done" }] })
}

fn response(seen: &Seen) -> String {
    event(&json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": done() }))
}

fn progress(token: &Value, progress: f64) -> String {
    let params = json!({ "progressToken": token, "progress": progress, "total": 3, "message": "working" });
    event(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }))
}

#[tokio::test]
async fn a_call_carries_its_arguments_and_brings_back_the_result_as_it_came() {
    let result = json!({ "content": [{ "type": "hologram", "new": true }], "more": 1.50, "resultType": "complete" });
    let sent = result.clone();
    let server = Server::modern(move |seen| seen.result(&sent)).await;
    let client = server.client().await;
    let got = client.call_tool("add", &arguments(&json!({ "a": 1 })), |_| {}).await.unwrap();
    assert_eq!(got.read::<Value>().unwrap(), result);
    let seen = &server.asked("tools/call")[0];
    assert_eq!(seen.header("mcp-method"), Some("tools/call"));
    assert_eq!(seen.header("mcp-name"), Some("add"));
    let params = &seen.body["params"];
    assert_eq!((&params["name"], &params["arguments"]), (&json!("add"), &json!({ "a": 1 })));
    assert_eq!(params["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert!(params["_meta"]["progressToken"].is_i64());
    assert_eq!(params.get("requestState"), None);
}

#[tokio::test]
async fn a_name_that_no_header_can_hold_is_encoded() {
    let server = Server::modern(|seen| seen.result(&done())).await;
    let client = server.client().await;
    client.call_tool("世界", &arguments(&json!({})), |_| {}).await.unwrap();
    let seen = &server.asked("tools/call")[0];
    assert_eq!(seen.header("mcp-name"), Some("=?base64?5LiW55WM?="));
    assert_eq!(seen.body["params"]["name"], "世界");
}

#[tokio::test]
async fn progress_of_this_call_is_heard_in_both_eras() {
    let answer = |seen: &Seen| {
        let token = &seen.body["params"]["_meta"]["progressToken"];
        let mut stream = String::from(": hello\n\nid: 1\ndata:\n\n");
        stream += &progress(token, 1.0);
        stream += &progress(&json!("of another call"), 9.0);
        stream += "event: other\ndata: not json\n\n";
        stream += &event(&json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} }));
        stream += &progress(token, 2.5);
        stream += &response(seen);
        // The result ends the call, whatever the stream does.
        sse_that_hangs(stream)
    };
    for server in [Server::modern(answer).await, Server::legacy(answer).await] {
        let mut heard: Vec<Progress> = Vec::new();
        let client = server.client().await;
        let result = client.call_tool("work", &arguments(&json!({})), |step| heard.push(step)).await.unwrap();
        assert_eq!(result.read::<CallToolResult>().unwrap(), CallToolResult::text("done"));
        let steps: Vec<_> = heard.iter().map(|step| (step.progress, step.total, step.message.as_deref())).collect();
        assert_eq!(steps, [(1.0, Some(3.0), Some("working")), (2.5, Some(3.0), Some("working"))]);
    }
}

#[tokio::test]
async fn a_legacy_server_that_asks_is_refused_and_one_that_pings_is_answered() {
    let server = Server::legacy(|seen| {
        let mut stream = String::new();
        for (id, method) in [(json!("q-1"), "elicitation/create"), (json!(7), "ping")] {
            stream += &event(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": {} }));
        }
        sse(stream + &response(seen))
    })
    .await;
    server.client().await.call_tool("ask", &arguments(&json!({})), |_| {}).await.unwrap();
    let answers = server.asked("response");
    assert_eq!(answers[0].body["id"], "q-1");
    assert_eq!(answers[0].body["error"]["code"], -32601);
    assert_eq!(answers[1].body, json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
    assert!(answers.iter().all(|answer| answer.header("mcp-session-id") == Some("s-1")));
}

#[tokio::test]
async fn a_modern_server_that_asks_is_not_heard() {
    let server = Server::modern(|seen| {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        sse(event(&question) + &response(seen))
    })
    .await;
    server.client().await.call_tool("ask", &arguments(&json!({})), |_| {}).await.unwrap();
    assert_eq!(server.methods(), ["server/discover", "tools/call"]);
}

#[tokio::test]
async fn a_server_that_asks_without_end_is_given_up() {
    let server = Server::legacy(|seen| {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" });
        sse(event(&question).repeat(65) + &response(seen))
    })
    .await;
    let error = server.client().await.call_tool("ask", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::Exchange(ExchangeError::TooManyRequests { max: 64 })), "{error:?}");
    assert_eq!(server.asked("response").len(), 64);
}

#[tokio::test]
async fn a_legacy_stream_that_breaks_off_is_resumed_after_its_last_event() {
    for broken in [sse as fn(String) -> _, sse_that_breaks] {
        let server = Server::legacy(move |seen| match seen.method() {
            "tools/call" => broken(format!("id: first\nretry: 20\ndata:\n\n{}", "id: second\ndata:\n\n")),
            // The connection is closed once more before the result.
            "GET" if seen.header("last-event-id") == Some("second") => sse("id: third\ndata:\n\n"),
            "GET" => {
                let result = json!({ "jsonrpc": "2.0", "id": 3, "result": done() });
                sse(event(&result))
            }
            other => panic!("{other}"),
        })
        .await;
        server.client().await.call_tool("slow", &arguments(&json!({})), |_| {}).await.unwrap();
        let resumed: Vec<_> =
            server.asked("GET").iter().map(|seen| seen.header("last-event-id").map(str::to_owned)).collect();
        assert_eq!(resumed, [Some("second".to_owned()), Some("third".to_owned())]);
        for seen in server.asked("GET") {
            assert_eq!(seen.header("accept"), Some("text/event-stream"));
            assert_eq!(seen.header("mcp-session-id"), Some("s-1"));
            assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"));
        }
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_resumed_has_ended() {
    let start = "id: 1\nretry: 0\ndata:\n\n";
    let modern = Server::modern(move |_| sse(start)).await;
    let legacy = Server::legacy(move |seen| if seen.method() == "GET" { plain(405, "") } else { sse(start) }).await;
    let without_id = Server::legacy(|_| sse("data:\n\n")).await;
    for (server, resumed) in [(modern, 0), (legacy, 1), (without_id, 0)] {
        let error = server.client().await.call_tool("x", &arguments(&json!({})), |_| {}).await.unwrap_err();
        assert!(matches!(error, CallError::Exchange(ExchangeError::StreamEnded)), "{error:?}");
        assert_eq!(server.asked("GET").len(), resumed);
    }
}

#[tokio::test]
async fn a_server_that_closes_every_connection_is_given_up() {
    let server = Server::legacy(|_| sse("id: 1\nretry: 0\ndata:\n\n")).await;
    let error = server.client().await.call_tool("x", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::Exchange(ExchangeError::StreamEnded)), "{error:?}");
    assert_eq!(server.asked("GET").len(), 100);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up_and_a_legacy_server_is_told() {
    let call_timeout = Duration::from_millis(80);
    let options = ClientOptions { call_timeout, ..options() };
    let hang = |_: &Seen| sse_that_hangs(": working\n\n".to_owned());
    for (server, told) in [(Server::legacy(hang).await, 1), (Server::modern(hang).await, 0)] {
        let client = server.connect(options.clone()).await.unwrap();
        let error = client.call_tool("slow", &arguments(&json!({})), |_| {}).await.unwrap_err();
        let CallError::Exchange(ExchangeError::Timeout { after }) = error else { panic!("{error:?}") };
        assert_eq!(after, call_timeout);
        let cancelled = server.asked("notifications/cancelled");
        assert_eq!(cancelled.len(), told);
        for seen in cancelled {
            assert_eq!(seen.body["params"]["requestId"], server.asked("tools/call")[0].body["id"]);
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection_and_leaves_the_client_usable() {
    let (body_lives, mut body_ends) = mpsc::channel::<()>(1);
    let (start, mut started) = mpsc::channel(1);
    let body_lives = Mutex::new(Some(body_lives));
    let server = Server::modern(move |seen| {
        if seen.method() == "tools/list" {
            return seen.result(&json!({ "tools": [] }));
        }
        let guard = body_lives.lock().unwrap().take();
        start.try_send(()).unwrap();
        let body = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        sse(Body::from_stream(body.map(move |item| (&guard, item).1)))
    })
    .await;
    let client = server.client().await;
    let empty = arguments(&json!({}));
    tokio::select! {
        result = client.call_tool("slow", &empty, |_| {}) => panic!("{result:?}"),
        _ = started.recv() => {}
    }
    let listed = client.list_tools().await;
    assert!(listed.is_ok(), "{listed:?}");
    assert_eq!(body_ends.recv().await, None);
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_apart_from_other_failures() {
    let server = Server::legacy(|seen| seen.error(404, -32001, &Value::Null)).await;
    let error = server.client().await.call_tool("x", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::Exchange(ExchangeError::SessionGone)), "{error:?}");
}

#[tokio::test]
async fn a_tool_that_is_not_listed_is_unknown_where_the_server_refuses_it() {
    let server = Server::modern(|seen| match seen.method() {
        "tools/list" => seen.result(&json!({ "tools": [{ "name": "here", "inputSchema": {} }] })),
        _ => seen.error(400, -32602, &Value::Null),
    })
    .await;
    let client = server.client().await;
    let refused = async |name| client.call_tool(name, &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(refused("gone").await, CallError::Exchange(ExchangeError::Remote(_))), "not listed yet");
    client.list_tools().await.unwrap();
    assert!(matches!(refused("here").await, CallError::Exchange(ExchangeError::Remote(_))));
    let error = refused("gone").await;
    assert!(matches!(&error, CallError::ToolUnknown { name } if name == "gone"), "{error:?}");
}

#[tokio::test]
async fn arguments_that_are_no_object_are_not_sent() {
    let server = Server::modern(|seen| seen.result(&done())).await;
    let client = server.client().await;
    for value in [json!([]), json!("text"), Value::Null] {
        let error = client.call_tool("x", &arguments(&value), |_| {}).await.unwrap_err();
        assert!(matches!(error, CallError::ArgumentsNotAnObject), "{error:?}");
    }
    assert!(server.asked("tools/call").is_empty());
}

/// A server whose tool wants `region` in a header too.
async fn mirroring() -> Server {
    let region = json!({ "type": "string", "x-mcp-header": "Region" });
    let schema = json!({ "type": "object", "properties": { "region": region } });
    Server::modern(move |seen| match seen.method() {
        "tools/list" => seen.result(&json!({ "tools": [{ "name": "query", "inputSchema": schema }] })),
        _ if seen.header("mcp-param-region") == Some("eu") => seen.result(&done()),
        _ => seen.error(400, -32020, &Value::Null),
    })
    .await
}

#[tokio::test]
async fn arguments_are_mirrored_in_headers_where_the_tool_asks_for_it() {
    let query = arguments(&json!({ "region": "eu" }));
    let server = mirroring().await;
    let client = server.client().await;
    client.list_tools().await.unwrap();
    client.call_tool("query", &query, |_| {}).await.unwrap();
    assert_eq!(server.asked("tools/call").len(), 1);

    let server = mirroring().await;
    server.client().await.call_tool("query", &query, |_| {}).await.unwrap();
    assert_eq!(server.methods(), ["server/discover", "tools/call", "tools/list", "tools/call"]);
}

#[tokio::test]
async fn a_header_mismatch_that_listing_does_not_cure_is_final() {
    let server = mirroring().await;
    let error = server.client().await.call_tool("query", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::Exchange(ExchangeError::Remote(_))), "{error:?}");
    assert_eq!(server.asked("tools/call").len(), 2);
}

#[tokio::test]
async fn a_server_that_only_wants_another_round_gets_it_with_its_state() {
    let server = Server::modern(|seen| match seen.body["params"]["requestState"].as_str() {
        None => seen.result(&json!({ "resultType": "input_required", "requestState": "one" })),
        Some("one") => {
            seen.result(&json!({ "resultType": "input_required", "inputRequests": {}, "requestState": "two" }))
        }
        Some("two") => seen.result(&done()),
        Some(other) => panic!("{other}"),
    })
    .await;
    server.client().await.call_tool("rounds", &arguments(&json!({})), |_| {}).await.unwrap();
    let mut ids: Vec<_> = server.asked("tools/call").iter().map(|seen| seen.body["id"].as_i64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "every round is a request of its own");
}

#[tokio::test]
async fn rounds_have_a_bound() {
    let server =
        Server::modern(|seen| seen.result(&json!({ "resultType": "input_required", "requestState": "again" }))).await;
    let client = server.connect(ClientOptions { rounds_max: 3, ..options() }).await.unwrap();
    let error = client.call_tool("rounds", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::TooManyRounds { max: 3 }), "{error:?}");
    assert_eq!(server.asked("tools/call").len(), 3);
}

#[tokio::test]
async fn a_tool_that_needs_a_person_is_told_from_a_failure() {
    let server = Server::modern(|seen| {
        let asked = json!({ "who": { "method": "elicitation/create", "params": {} } });
        seen.result(&json!({ "resultType": "input_required", "inputRequests": asked, "requestState": "s" }))
    })
    .await;
    let error = server.client().await.call_tool("ask", &arguments(&json!({})), |_| {}).await.unwrap_err();
    let CallError::InputRequired { asked } = error else { panic!("{error:?}") };
    assert_eq!(asked, ["elicitation/create"]);
    assert_eq!(server.asked("tools/call").len(), 1);
}
