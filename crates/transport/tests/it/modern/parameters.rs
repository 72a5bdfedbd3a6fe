//! `Mcp-Param-*`: arguments that headers repeat (security.md, rows 154 to 157).

use outboard_protocol::headers;
use outboard_runtime::tool;
use outboard_testkit::http::{HttpRequest, Served, modern};
use serde_json::{Value, json};

use super::call;
use crate::support::{LegacySession, Setup, assert_error};

const REGION: &str = "Mcp-Param-Region";
const ROW: &str = "Mcp-Param-Row";

/// Has arguments that headers repeat.
#[tool]
async fn routed(
    #[header("Region")] region: Option<String>,
    #[header("Row")] row: Option<i64>,
    #[header("Fresh")] fresh: Option<bool>,
    note: Option<String>,
) -> String {
    format!("{region:?} {row:?} {fresh:?} {note:?}")
}

async fn serve() -> Served {
    let setup = Setup::new();
    Setup { catalog: setup.catalog.tool(routed), ..setup }.serve().await
}

fn routed_call(arguments: &Value) -> HttpRequest {
    call("routed", arguments)
}

#[tokio::test]
async fn headers_that_repeat_the_arguments_are_accepted() {
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let served = serve().await;
    let cases: [(Value, Headers<'_>, &str); 6] = [
        (json!({}), &[], "None None None None"),
        (
            json!({"region": "eu", "row": 42, "fresh": true, "note": "n"}),
            &[(REGION, "eu"), (ROW, "42.0"), ("Mcp-Param-Fresh", "true")],
            r#"Some("eu") Some(42) Some(true) Some("n")"#,
        ),
        (json!({"region": "é"}), &[("mcp-param-REGION", "=?base64?w6k=?=")], r#"Some("é") None None None"#),
        (json!({"region": "=?base64?ZXU="}), &[(REGION, "=?base64?ZXU=")], r#"Some("=?base64?ZXU=") None None None"#),
        (json!({"note": "n"}), &[("Mcp-Param-Note", "other"), ("Mcp-Param-X", "y")], r#"None None None Some("n")"#),
        (json!({"row": -7}), &[(ROW, " -7 ")], "None Some(-7) None None"),
    ];
    for (arguments, headers, expected) in cases {
        let request = routed_call(&arguments);
        let request = headers.iter().fold(request, |request, (name, value)| request.with(name, value));
        let answer = served.send(request).await;
        assert_eq!(answer.status, 200, "{arguments}: {}", answer.text());
        assert_eq!(answer.json()["result"]["content"][0]["text"], expected, "{arguments}");
    }
    let without_arguments = modern("tools/call", json!({"name": "routed"}));
    assert_eq!(served.send(without_arguments).await.status, 200);
}

#[tokio::test]
async fn headers_that_do_not_repeat_the_arguments_are_refused() {
    let served = serve().await;
    let cases: [(Value, &str, &[&[u8]], &str); 14] = [
        (json!({"region": "eu"}), REGION, &[], "is required for tools/call"),
        (json!({"region": "eu"}), REGION, &[b"us"], "is 'us', the body says 'eu'"),
        (json!({"region": "eu"}), REGION, &[b"EU"], "is 'EU', the body says 'eu'"),
        (json!({"region": "eu"}), REGION, &[b"eu", b"eu"], "stands more than once"),
        (json!({"region": "eu"}), REGION, &[b"e\xffu"], "has an invalid value"),
        (json!({"region": "Hello"}), REGION, &[b"=?base64?SGVsbG8?="], "has an invalid value"),
        (json!({"region": null}), REGION, &[b"null"], "the argument that it repeats is not"),
        (json!({}), REGION, &[b"eu"], "the argument that it repeats is not"),
        (json!({}), REGION, &[b""], "the argument that it repeats is not"),
        (json!({"row": 42}), ROW, &[b"43"], "is '43', the body says '42'"),
        (json!({"row": 42}), ROW, &[b"+42"], "has an invalid value"),
        (json!({"row": 42}), ROW, &[b"9007199254740992"], "is '9007199254740992', the body says '42'"),
        (json!({"row": 9_007_199_254_740_992_i64}), ROW, &[b"9007199254740992"], "the body says '9007199254740992'"),
        (json!([]), REGION, &[b"eu"], "the argument that it repeats is not"),
    ];
    for (arguments, name, values, says) in cases {
        let request = routed_call(&arguments);
        let request = values.iter().fold(request, |request, value| request.also(name, value));
        let answer = served.send(request).await;
        let error = assert_error(&answer, 400, -32020, &json!(1));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&name.to_ascii_lowercase()) && message.contains(says), "{arguments}: {message}");
    }
}

#[tokio::test]
async fn parameters_are_checked_after_the_name_and_before_the_arguments() {
    let served = serve().await;
    let wrong = || routed_call(&json!({"row": "text"})).with(ROW, "other");
    let of_name = served.send(wrong().with(headers::NAME, "echo")).await;
    let error = assert_error(&of_name, 400, -32020, &json!(1));
    assert!(error["message"].as_str().unwrap().contains("mcp-name"), "{error}");
    let of_parameter = served.send(wrong()).await;
    let error = assert_error(&of_parameter, 400, -32020, &json!(1));
    assert!(error["message"].as_str().unwrap().contains("mcp-param-row"), "{error}");
    let of_arguments = served.send(wrong().with(ROW, "text")).await;
    assert_eq!(of_arguments.json()["result"]["isError"], true, "{}", of_arguments.text());
}

#[tokio::test]
async fn other_tools_and_legacy_sessions_have_no_such_headers() {
    let served = serve().await;
    let echo = call("echo", &json!({"text": "x"})).with(REGION, "eu").with("Mcp-Param-Text", "y");
    assert_eq!(served.send(echo).await.status, 200);
    let session = LegacySession::open(&served, "2025-11-25").await;
    let request = session.request("tools/call", json!({"name": "routed", "arguments": {"region": "eu"}}));
    for request in [request.clone(), request.with(REGION, "us")] {
        let answer = served.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["result"]["content"][0]["text"], r#"Some("eu") None None None"#);
    }
}

#[tokio::test]
async fn annotations_are_listed() {
    let answer = serve().await.send(modern("tools/list", json!({}))).await;
    let listed = answer.json();
    let tools = listed["result"]["tools"].as_array().unwrap();
    let schema = &tools.iter().find(|tool| tool["name"] == "routed").unwrap()["inputSchema"];
    assert_eq!(schema["properties"]["region"], json!({"type": "string", "x-mcp-header": "Region"}));
    assert_eq!(schema["properties"]["row"], json!({"type": "integer", "format": "int64", "x-mcp-header": "Row"}));
    assert_eq!(schema["properties"]["note"], json!({"type": ["string", "null"]}));
    assert_eq!(schema.get("required"), None);
}
