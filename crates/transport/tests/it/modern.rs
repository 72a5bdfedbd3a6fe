//! Requests of 2026-07-28: results, ids, headers, and members that stand twice.

pub(crate) mod asking;
mod order;
mod parameters;

use outboard_protocol::{headers, meta};
use outboard_testkit::http::{Answer, HttpRequest, Served, modern};
use serde_json::{Value, json};

use super::support::{LegacySession, Setup, assert_error};

fn call(name: &str, arguments: &Value) -> HttpRequest {
    modern("tools/call", json!({"name": name, "arguments": arguments}))
}

/// The members that every modern result has.
fn assert_complete(result: &Value) {
    assert_eq!(result["resultType"], "complete", "{result}");
    assert_eq!(result["_meta"][meta::SERVER_INFO], json!({"name": "tests", "version": "1.2.3"}), "{result}");
}

fn assert_cacheable(result: &Value) {
    assert!(result["ttlMs"].is_u64(), "{result}");
    assert_eq!(result["cacheScope"], "public", "{result}");
}

#[tokio::test]
async fn discover_says_what_the_server_is() {
    let answer = Setup::new().serve().await.send(modern("server/discover", json!({}))).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json()["id"], 1);
    let result = &answer.json()["result"];
    assert_eq!(result["supportedVersions"], json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]));
    assert_eq!(result["capabilities"], json!({"tools": {"listChanged": true}, "logging": {}}));
    assert_eq!(result["instructions"], "Try them.");
    assert_complete(result);
    assert_cacheable(result);
}

#[tokio::test]
async fn tools_are_listed_in_order_with_caching_hints() {
    let served = Setup::new().serve().await;
    let answer = served.send(modern("tools/list", json!({}))).await;
    assert_eq!(answer.status, 200);
    let result = &answer.json()["result"];
    let names: Vec<_> = result["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["echo", "divide", "forecast", "readings", "anything"]);
    let echo = json!({
        "name": "echo", "title": "Echo", "description": "Gives the text back.", "annotations": {"readOnlyHint": true},
        "inputSchema": {
            "type": "object", "properties": {"text": {"type": "string"}},
            "required": ["text"], "additionalProperties": false
        }
    });
    assert_eq!(result["tools"][0], echo);
    assert_complete(result);
    assert_cacheable(result);
    assert_eq!(served.send(modern("tools/list", json!({}))).await.body, answer.body, "the same bytes each time");
}

#[tokio::test]
async fn cursor_that_no_page_gave_out_is_refused() {
    let answer = Setup::new().serve().await.send(modern("tools/list", json!({"cursor": "x"}))).await;
    assert_error(&answer, 200, -32602, &json!(1));
}

#[tokio::test]
async fn call_is_answered_with_a_result_or_a_tool_execution_error() {
    let served = Setup::new().serve().await;
    let cases = [
        ("echo", json!({"text": "a\nb"}), json!({"text": "a\nb"})),
        ("divide", json!({"dividend": 6, "divisor": 3}), json!({"text": "2"})),
        ("divide", json!({"dividend": 6, "divisor": 0}), json!({"text": "the divisor must not be 0", "isError": true})),
        (
            "echo",
            json!({"text": 1}),
            json!({"text": "the arguments do not fit the tool's schema:\narguments/text: value is not of type \"string\"", "isError": true}),
        ),
        ("anything", json!({"a": 1.5}), json!({"text": "{\"a\":1.5}"})),
    ];
    for (name, arguments, expected) in cases {
        let answer = served.send(call(name, &arguments)).await;
        assert_eq!(answer.status, 200, "{name} {arguments}");
        let result = &answer.json()["result"];
        assert_eq!(result["content"], json!([{"type": "text", "text": expected["text"]}]), "{name} {arguments}");
        assert_eq!(result["isError"], expected["isError"], "{name} {arguments}");
        assert_complete(result);
    }
    let answer = served.send(modern("tools/call", json!({"name": "forecast"}))).await;
    assert_eq!(answer.json()["result"]["structuredContent"], json!({"degrees": 21}), "arguments may be absent");
}

#[tokio::test]
async fn unknown_tool_is_a_protocol_error_with_status_200() {
    let answer = Setup::new().serve().await.send(call("nothing", &json!({}))).await;
    let error = assert_error(&answer, 200, -32602, &json!(1));
    assert_eq!(error["message"], "unknown tool: nothing");
}

#[tokio::test]
async fn methods_that_the_revision_does_not_have_are_not_found() {
    let served = Setup::new().serve().await;
    let methods =
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "unknown/method"];
    for method in methods {
        let answer = served.send(modern(method, json!({})).id("a")).await;
        let error = assert_error(&answer, 404, -32601, &json!("a"));
        assert_eq!(error["message"], format!("method not found: {method}"));
    }
}

/// Sends a call of `echo` whose body is bent as text, which knows of numbers and members that JSON values do not hold.
async fn send_bent(served: &Served, from: &str, to: &str) -> Answer {
    let request = call("echo", &json!({"text": "x"}));
    let body = String::from_utf8(request.body.concat()).unwrap();
    assert!(body.contains(from), "{body}");
    served.send(request.bytes(body.replacen(from, to, 1))).await
}

#[tokio::test]
async fn ids_are_echoed_exactly() {
    let served = Setup::new().serve().await;
    let longest = format!("\"{}\"", "x".repeat(256));
    let ids =
        ["0", "-7", "9007199254740993", "9223372036854775807", "\"1\"", "\"\"", r#""a\"\\\n""#, "\"\u{e9}\"", &longest];
    for id in ids {
        let answer = send_bent(&served, r#""id":1"#, &format!(r#""id":{id}"#)).await;
        assert_eq!(answer.status, 200, "{id}");
        let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
        assert!(answer.text().starts_with(&start), "{id}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_no_id_is_refused_without_one() {
    let served = Setup::new().serve().await;
    let too_long = format!("\"{}\"", "x".repeat(257));
    let digits = "1".repeat(40);
    for id in ["null", "1.5", "1.0", "1e3", "-0", "true", "{}", "[]", "9223372036854775808", &digits, &too_long] {
        let answer = send_bent(&served, r#""id":1"#, &format!(r#""id":{id}"#)).await;
        let error = assert_error(&answer, 400, -32600, &Value::Null);
        assert!(error["message"].as_str().unwrap().contains("id"), "{id}: {error}");
    }
}

#[tokio::test]
async fn members_that_stand_twice_are_refused() {
    let served = Setup::new().serve().await;
    let version = format!(r#""{}":"2026-07-28""#, meta::PROTOCOL_VERSION);
    let capabilities = format!(r#""{}":{{}}"#, meta::CLIENT_CAPABILITIES);
    let members = [
        r#""jsonrpc":"2.0""#,
        r#""id":1"#,
        r#""method":"tools/call""#,
        r#""name":"echo""#,
        r#""arguments":{"text":"x"}"#,
        r#""text":"x""#,
        &version,
        &capabilities,
    ];
    for member in members {
        let answer = send_bent(&served, member, &format!("{member},{member}")).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["error"]["code"]), (400, &json!(-32600)), "{member}: {body}");
    }
    // The same name, spelled another way.
    let answer = send_bent(&served, r#""method":"#, r#""m\u0065thod":"tools/list","method":"#).await;
    assert_error(&answer, 400, -32600, &json!(1));
}

#[tokio::test]
async fn names_that_only_resemble_a_member_are_left_aside() {
    let served = Setup::new().serve().await;
    let bent = [
        (r#""method":"#, r#""Method":"tools/list","METHOD":"tools/list","method":"#),
        (r#""name":"echo""#, r#""NAME":"divide","name\u0000":"divide","name":"echo""#),
        (r#""params":"#, r#""param\u017f":{},"params":"#),
    ];
    for (from, to) in bent {
        let answer = send_bent(&served, from, to).await;
        assert_eq!(answer.status, 200, "{to}: {}", answer.text());
        assert_eq!(answer.json()["result"]["content"][0]["text"], "x", "{to}");
    }
}

#[tokio::test]
async fn meta_is_an_object_with_the_required_keys() {
    let served = Setup::new().serve().await;
    type Bend = fn(&mut Value);
    let bends: [(&str, Bend, u16); 11] = [
        ("no client info", |meta| drop(meta.as_object_mut().unwrap().remove(meta::CLIENT_INFO)), 200),
        ("null", |meta| *meta = Value::Null, 400),
        ("an array", |meta| *meta = json!([]), 400),
        ("a text", |meta| *meta = json!("x"), 400),
        ("version is null", |meta| meta[meta::PROTOCOL_VERSION] = Value::Null, 400),
        ("version is a number", |meta| meta[meta::PROTOCOL_VERSION] = json!(1), 400),
        ("capabilities are an array", |meta| meta[meta::CLIENT_CAPABILITIES] = json!([]), 400),
        ("a capability is no object", |meta| meta[meta::CLIENT_CAPABILITIES] = json!({"sampling": true}), 400),
        ("client info lacks its version", |meta| meta[meta::CLIENT_INFO] = json!({"name": "x"}), 400),
        ("progress token is a fraction", |meta| meta["progressToken"] = json!(1.5), 400),
        ("unknown keys", |meta| meta["com.example/key"] = json!({"a": []}), 200),
    ];
    for (what, bend, status) in bends {
        let request = call("echo", &json!({"text": "x"})).edit(|message| bend(&mut message["params"]["_meta"]));
        let answer = served.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        if status == 400 {
            assert_error(&answer, 400, -32602, &json!(1));
        }
    }
}

#[tokio::test]
async fn headers_repeat_the_body_exactly() {
    let served = Setup::new().serve().await;
    let cases: [(&str, &[&[u8]], bool); 17] = [
        (headers::NAME, &[b"echo"], true),
        (headers::NAME, &[b" echo\t"], true),
        (headers::NAME, &[b"=?base64?ZWNobw==?="], true),
        (headers::NAME, &[b"=?base64?ZWNobw?="], false),
        (headers::NAME, &[b"=?BASE64?ZWNobw==?="], false),
        (headers::NAME, &[b"=?base64?/w==?="], false),
        (headers::NAME, &[b"Echo"], false),
        (headers::NAME, &[b"echo, divide"], false),
        (headers::NAME, &[b"echo\xff"], false),
        (headers::NAME, &[b"echo", b"echo"], false),
        (headers::NAME, &[], false),
        (headers::METHOD, &[b"Tools/Call"], false),
        (headers::METHOD, &[], false),
        (headers::METHOD, &[b"tools/call", b"tools/call"], false),
        (headers::PROTOCOL_VERSION, &[b" 2026-07-28 "], true),
        (headers::PROTOCOL_VERSION, &[b"2026-07-28", b"2026-07-28"], false),
        (headers::PROTOCOL_VERSION, &[b"2025-11-25", b"2026-07-28"], false),
    ];
    for (name, values, accepted) in cases {
        let request = call("echo", &json!({"text": "x"})).without(name);
        let request = values.iter().fold(request, |request, value| request.also(name, value));
        let answer = served.send(request).await;
        let what = format!("{name}: {values:?}: {}", answer.text());
        assert_eq!(answer.status.as_u16(), if accepted { 200 } else { 400 }, "{what}");
        if !accepted {
            assert_eq!(answer.json()["error"]["code"], -32020, "{what}");
        }
    }
}

#[tokio::test]
async fn headers_of_sessions_and_resumption_are_ignored_and_not_echoed() {
    let served = Setup::new().serve().await;
    for method in ["server/discover", "tools/list"] {
        let request = modern(method, json!({}));
        let request = request.with(headers::SESSION_ID, "x").also(headers::SESSION_ID, "y");
        let answer = served.send(request.with(headers::LAST_EVENT_ID, "7")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header(headers::SESSION_ID), None);
    }
}

#[tokio::test]
async fn notification_is_taken_and_left_aside() {
    let served = Setup::new().serve().await;
    for method in ["notifications/cancelled", "notifications/initialized", "tools/call", "unknown/thing"] {
        let answer = served.send(modern(method, json!({})).notification()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""), "{method}");
        assert_eq!(answer.header("content-type"), None, "{method}");
    }
}

#[tokio::test]
async fn what_wants_no_answer_names_a_revision_that_is_served() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let bare = |message: &mut Value| drop(message["params"].as_object_mut().unwrap().remove("_meta"));
    let of = |version: &str| {
        let meta = json!({meta::PROTOCOL_VERSION: version});
        let told = modern("notifications/cancelled", json!({"requestId": 1})).notification();
        told.edit(|message| message["params"]["_meta"] = meta)
    };
    let header = |request: HttpRequest, version: &str| request.with(headers::PROTOCOL_VERSION, version);
    let answer = session.answer("x", &json!({"result": {}}));
    let in_session = session.request("notifications/cancelled", json!({"requestId": 1})).notification();
    let cases = [
        (header(of("2026-07-28").edit(bare), "2026-07-28"), None),
        (header(of("2026-07-28"), "2026-07-28"), None),
        (header(of("2026-07-28").edit(bare), "v999"), Some(-32022)),
        (header(of("v999"), "v999"), Some(-32022)),
        (header(of("2025-11-25"), "2025-11-25"), Some(-32020)),
        (header(of("2025-11-25"), "2026-07-28"), Some(-32020)),
        (header(of("2026-07-28"), "v999"), Some(-32020)),
        (header(of("v999"), "2026-07-28"), Some(-32020)),
        (header(in_session.clone(), "v999"), Some(-32022)),
        (header(in_session.clone(), "2024-11-05"), Some(-32022)),
        (header(in_session.clone(), ""), Some(-32022)),
        (header(in_session.clone(), "\u{e9}"), Some(-32022)),
        (in_session, None),
        (header(answer.clone(), "v999"), Some(-32022)),
        (answer, None),
    ];
    for (request, refused) in cases {
        let shown = format!("{request:?}");
        let answer = served.send(request).await;
        let Some(code) = refused else {
            assert_eq!((answer.status.as_u16(), answer.text()), (202, ""), "{shown}");
            continue;
        };
        assert_eq!(answer.json()["error"]["code"], code, "{shown}");
        let error = assert_error(&answer, 400, code, &Value::Null);
        assert_eq!(error["data"]["supported"].is_array(), code == -32022, "{shown}: {error}");
    }
}

#[tokio::test]
async fn posted_answer_is_refused() {
    let served = Setup::new().serve().await;
    for outcome in [json!({"result": {}}), json!({"error": {"code": 1, "message": "no"}})] {
        let mut message = json!({"jsonrpc": "2.0", "id": 1});
        message.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        let answer = served.send(modern("tools/list", json!({})).json(&message)).await;
        assert_error(&answer, 400, -32600, &Value::Null);
    }
}
