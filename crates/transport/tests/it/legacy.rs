//! Requests of the revisions with sessions: opening one, what is served in it, and the words of each revision.

mod in_session;
mod sessions;

use outboard_protocol::{headers, meta};
use outboard_testkit::http::{Served, legacy, modern};
use serde_json::{Value, json};

use crate::support::{LegacySession, Setup, assert_error, initialize};

/// All revisions with sessions that are served.
const REVISIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

#[tokio::test]
async fn initialize_negotiates_a_revision() {
    let served = Setup::new().serve().await;
    let cases = [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("2027-01-01", "2025-11-25"),
        ("", "2025-11-25"),
    ];
    for (asked, answered) in cases {
        let answer = served.send(initialize(asked)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")), "{asked}");
        let expected = json!({
            "protocolVersion": answered, "capabilities": {"tools": {"listChanged": true}, "logging": {}},
            "serverInfo": {"name": "tests", "version": "1.2.3"}, "instructions": "Try them."
        });
        assert_eq!(answer.json(), json!({"jsonrpc": "2.0", "id": 1, "result": expected}), "{asked}");
    }
}

#[tokio::test]
async fn session_id_is_visible_ascii_within_its_bound() {
    let served = Setup::new().serve().await;
    for name in ["test", &"\u{1f980}".repeat(1_000)] {
        let client = json!({"name": name, "version": name});
        let request = initialize("2025-11-25").edit(|message| message["params"]["clientInfo"] = client);
        let answer = served.send(request).await;
        let id = answer.header(headers::SESSION_ID).unwrap();
        assert!((1..=512).contains(&id.len()), "{} characters", id.len());
        assert!(id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{id}");
    }
}

#[tokio::test]
async fn initialize_may_name_its_revision_and_method_in_headers() {
    let served = Setup::new().serve().await;
    for revision in REVISIONS {
        let request = initialize("2025-11-25").with(headers::PROTOCOL_VERSION, revision);
        let answer = served.send(request.with(headers::METHOD, "initialize")).await;
        assert_eq!(answer.json()["result"]["protocolVersion"], "2025-11-25", "what the body asks for counts");
        assert!(answer.header(headers::SESSION_ID).is_some());
    }
}

#[tokio::test]
async fn initialize_that_is_not_whole_opens_no_session() {
    let served = Setup::new().serve().await;
    type Bend = fn(&mut Value);
    let bends: [(&str, Bend); 5] = [
        ("no params", |message| drop(message.as_object_mut().unwrap().remove("params"))),
        ("no version", |message| drop(message["params"].as_object_mut().unwrap().remove("protocolVersion"))),
        ("no client", |message| drop(message["params"].as_object_mut().unwrap().remove("clientInfo"))),
        ("capabilities are an array", |message| message["params"]["capabilities"] = json!([])),
        ("a capability is no object", |message| message["params"]["capabilities"] = json!({"roots": 1})),
    ];
    for (what, bend) in bends {
        let answer = served.send(initialize("2025-11-25").edit(bend)).await;
        let error = assert_error(&answer, 200, -32602, &json!(1));
        assert_eq!(answer.header(headers::SESSION_ID), None, "{what}: {error}");
    }
}

#[tokio::test]
async fn session_is_served_from_its_start_to_its_end() {
    let served = Setup::new().serve().await;
    for revision in REVISIONS {
        let session = LegacySession::open(&served, revision).await;
        let initialized = session.request("notifications/initialized", json!({})).notification();
        let answer = served.send(initialized).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""), "{revision}");

        let answer = served.send(session.request("ping", json!({})).id("p")).await;
        assert_eq!(answer.json(), json!({"jsonrpc": "2.0", "id": "p", "result": {}}), "{revision}");
        assert_eq!(answer.header(headers::SESSION_ID), None, "only initialize gives an id out");

        let answer = served.send(session.request("tools/list", json!({}))).await;
        assert_eq!(answer.json()["result"]["tools"][0]["name"], "echo", "{revision}");

        let call = json!({"name": "echo", "arguments": {"text": "x"}});
        let answer = served.send(session.request("tools/call", call)).await;
        let expected = json!({"content": [{"type": "text", "text": "x"}]});
        assert_eq!(answer.json(), json!({"jsonrpc": "2.0", "id": 1, "result": expected}), "{revision}");
    }
}

#[tokio::test]
async fn params_may_be_absent_and_errors_come_with_status_200() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let bare = session.request("tools/list", json!({})).edit(|m| drop(m.as_object_mut().unwrap().remove("params")));
    assert_eq!(served.send(bare).await.json()["result"]["tools"][0]["name"], "echo");
    let cases = [
        ("tools/call", json!({"name": "nothing"}), -32602),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({"name": 1}), -32602),
        ("tools/call", json!({"name": "echo", "arguments": []}), -32602),
        ("tools/list", json!({"cursor": "x"}), -32602),
        ("tools/list", json!({"_meta": []}), -32602),
        ("tools/list", json!({"_meta": {"progressToken": 1.5}}), -32602),
        ("server/discover", json!({}), -32601),
        ("resources/read", json!({"uri": "file:///a"}), -32601),
    ];
    for (method, params, code) in cases {
        let answer = served.send(session.request(method, params)).await;
        assert_error(&answer, 200, code, &json!(1));
    }
    let answer = served.send(session.request("tools/call", json!({"name": "divide", "arguments": {}}))).await;
    assert_eq!(answer.json()["result"]["isError"], true, "arguments that do not fit are a tool execution error");
}

#[tokio::test]
async fn header_is_optional_and_another_legacy_one_changes_nothing() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-03-26").await;
    let call = || session.request("tools/call", json!({"name": "forecast"}));
    let mut requests = vec![call().without(headers::PROTOCOL_VERSION)];
    requests.extend(REVISIONS.map(|revision| call().with(headers::PROTOCOL_VERSION, revision)));
    for request in requests {
        let header = request.headers.get(headers::PROTOCOL_VERSION).cloned();
        let result = served.send(request).await.json()["result"].take();
        assert!(result["content"].is_array(), "{header:?}: {result}");
        assert_eq!(result.get("structuredContent"), None, "{header:?}: 2025-03-26 has no such member");
    }
    let unknown = call().with(headers::PROTOCOL_VERSION, "2024-11-05");
    assert_eq!(served.send(unknown).await.status, 400, "what is not served is modern, and refused there");
}

#[tokio::test]
async fn modern_meta_under_a_legacy_header_or_none_is_refused() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    for version in [json!("2026-07-28"), json!("2025-11-25"), json!("v999"), json!(1), Value::Null] {
        let meta = json!({"_meta": {meta::PROTOCOL_VERSION: version}});
        let requests = [
            modern("tools/list", meta.clone()).with(headers::PROTOCOL_VERSION, "2025-11-25"),
            modern("tools/list", meta.clone()).without(headers::PROTOCOL_VERSION),
            legacy("initialize", meta.clone()),
            session.request("tools/list", meta.clone()),
            session.request("tools/list", meta).without(headers::PROTOCOL_VERSION),
        ];
        for request in requests {
            let shown = format!("{request:?}");
            let answer = served.send(request.clone()).await;
            assert_eq!(answer.json()["error"]["code"], -32020, "{shown}: {}", answer.text());
            assert_error(&answer, 400, -32020, &json!(1));
            let answer = served.send(request.notification()).await;
            assert_error(&answer, 400, -32020, &Value::Null);
        }
    }
}

#[tokio::test]
async fn members_that_stand_twice_are_refused() {
    let served = Setup::new().serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let version = format!(r#""{}":"2026-07-28""#, meta::PROTOCOL_VERSION);
    let cases = [
        r#""method":"ping","method":"ping""#.to_owned(),
        r#""method":"ping","params":{},"params":{}"#.to_owned(),
        r#""method":"ping","params":{"_meta":{},"_meta":{}}"#.to_owned(),
        r#""method":"ping","params":{"_meta":{"progressToken":1,"progressToken":1}}"#.to_owned(),
        format!(r#""method":"ping","params":{{"_meta":{{{version},{version}}}}}"#),
        format!(r#""method":"initialize","params":{{"_meta":{{{version},{version}}}}}"#),
        r#""method":"tools/call","params":{"name":"echo","name":"divide"}"#.to_owned(),
        r#""method":"tools/call","params":{"name":"echo","arguments":{"text":"x","text":"y"}}"#.to_owned(),
    ];
    for members in cases {
        let request = session.request("ping", json!({})).bytes(format!(r#"{{"jsonrpc":"2.0","id":1,{members}}}"#));
        let answer = served.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (400, &json!(-32600)), "{members}");
    }
}

/// What is seen of two tools, one that answers with an object and one that answers with an array.
async fn seen(served: &Served, revision: &str) -> Value {
    let session = match revision {
        "2026-07-28" => None,
        _ => Some(LegacySession::open(served, revision).await),
    };
    let ask = |method, params| match &session {
        None => modern(method, params),
        Some(session) => session.request(method, params),
    };
    let list = served.send(ask("tools/list", json!({}))).await.json()["result"].take();
    let tool = |name| list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
    let object = served.send(ask("tools/call", json!({"name": "forecast"}))).await.json()["result"].take();
    let array = served.send(ask("tools/call", json!({"name": "readings"}))).await.json()["result"].take();
    assert_eq!(object["content"][0]["text"], r#"{"degrees":21}"#, "as text in every revision");
    assert_eq!(array["content"][0]["text"], "[1,2]", "as text in every revision");
    json!({
        "title": tool("forecast").get("title").is_some(),
        "output schemas": [tool("forecast").get("outputSchema").is_some(), tool("readings").get("outputSchema").is_some()],
        "structured": [object.get("structuredContent"), array.get("structuredContent")],
        "modern members": [list.get("ttlMs").is_some(), list.get("resultType").is_some(), object.get("_meta").is_some()],
    })
}

#[tokio::test]
async fn each_revision_is_answered_in_its_words() {
    let served = Setup::new().serve().await;
    let plain = json!({
        "title": false, "output schemas": [false, false], "structured": [null, null],
        "modern members": [false, false, false]
    });
    let objects = json!({
        "title": true, "output schemas": [true, false], "structured": [{"degrees": 21}, null],
        "modern members": [false, false, false]
    });
    let all = json!({
        "title": true, "output schemas": [true, true], "structured": [{"degrees": 21}, [1, 2]],
        "modern members": [true, true, true]
    });
    let cases = [("2025-03-26", &plain), ("2025-06-18", &objects), ("2025-11-25", &objects), ("2026-07-28", &all)];
    for (revision, expected) in cases {
        assert_eq!(&seen(&served, revision).await, expected, "{revision}");
    }
}
