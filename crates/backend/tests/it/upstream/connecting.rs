//! Which era is spoken, and what a person is told where none is.

use http::header::{HeaderMap, HeaderValue};
use outboard_backend::upstream::{ClientOptions, ConnectError, EraChoice, ExchangeError};
use outboard_fetch::FetchError;
use serde_json::{Value, json};

use super::fake::{Answer, Seen, Server, connect_to, discovered, initialized, json_answer, options, plain, sse, typed};

async fn failure(server: &Server, era: EraChoice) -> ConnectError {
    server.connect(ClientOptions { era, ..options() }).await.unwrap_err()
}

#[tokio::test]
async fn a_modern_server_is_recognised_and_every_request_describes_itself() {
    let server = Server::modern(|seen| seen.result(&json!({ "resultType": "complete", "tools": [] }))).await;
    let client = server.client().await;
    assert_eq!(client.revision().name, "2026-07-28");
    assert_eq!(client.server_info().map(|info| info.name.as_str()), Some("fake"));
    assert_eq!(client.instructions(), Some("be kind"));
    client.list_tools().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(server.methods(), ["server/discover", "tools/list"]);
    for seen in server.seen() {
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(seen.header("mcp-method"), Some(seen.method()));
        assert_eq!(seen.header("mcp-name"), None);
        assert_eq!(seen.header("mcp-session-id"), None);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("accept"), Some("application/json, text/event-stream"));
        let expected = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "tester", "version": "1.0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        assert_eq!(seen.body["params"]["_meta"], expected);
    }
}

#[tokio::test]
async fn a_server_that_does_not_understand_discover_is_legacy() {
    type Case = (&'static str, fn(&Seen) -> Answer);
    let cases: [Case; 10] = [
        ("400 without a body", |_| plain(400, "")),
        ("400 with an error and a null id", |_| {
            json_answer(400, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": "?" } }))
        }),
        ("404 and a web page", |_| typed(404, "text/html", "<html>")),
        ("405", |_| plain(405, "")),
        ("500", |_| typed(500, "text/plain", "oops")),
        ("200 and method not found", |seen| seen.error(200, -32601, &Value::Null)),
        ("200 and method not found, as a stream", |seen| {
            let error = json!({ "code": -32601, "message": "?" });
            sse(super::fake::event(&json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error })))
        }),
        ("200 and a web page", |_| typed(200, "text/html", "<html>")),
        ("200 and a result of another shape", |seen| seen.result(&json!({ "tools": [] }))),
        ("the version is legacy only", |seen| {
            seen.error(400, -32022, &json!({ "supported": ["2025-11-25"], "requested": "2026-07-28" }))
        }),
    ];
    for (what, discover) in cases {
        let server = Server::start(move |seen| match seen.method() {
            "server/discover" => discover(seen),
            "initialize" => initialized(seen, "2025-11-25"),
            _ => plain(202, ""),
        })
        .await;
        let client = server.connect(options()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(client.revision().name, "2025-11-25", "{what}");
        assert_eq!(server.methods(), ["server/discover", "initialize", "notifications/initialized"], "{what}");
    }
}

#[tokio::test]
async fn a_legacy_session_is_named_in_every_request_and_ended() {
    let server = Server::legacy(|seen| seen.result(&json!({ "tools": [] }))).await;
    let client = server.client().await;
    assert_eq!(client.server_info().map(|info| info.version.as_str()), Some("8"));
    client.list_tools().await.unwrap();
    client.close().await.unwrap();
    let seen = server.seen();
    let [_, opening, later @ ..] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(opening.header("mcp-protocol-version"), None);
    assert_eq!(opening.header("mcp-session-id"), None);
    let expected = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "tester", "version": "1.0" },
    });
    assert_eq!(opening.body["params"], expected);
    let methods: Vec<_> = later.iter().map(Seen::method).collect();
    assert_eq!(methods, ["notifications/initialized", "tools/list", "DELETE"]);
    for seen in later {
        assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"));
        assert_eq!(seen.header("mcp-session-id"), Some("s-1"));
        assert_eq!(seen.header("mcp-method"), None);
        assert_eq!(seen.body["params"]["_meta"], Value::Null);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_no_failure_unless_the_server_fails() {
    for (status, ends) in [(204, true), (405, true), (404, true), (500, false)] {
        let server = Server::start(move |seen| match seen.method() {
            "server/discover" => plain(400, ""),
            "initialize" => initialized(seen, "2025-06-18"),
            "DELETE" => plain(status, ""),
            _ => plain(202, ""),
        })
        .await;
        assert_eq!(server.client().await.close().await.is_ok(), ends, "{status}");
    }
}

#[tokio::test]
async fn a_server_without_sessions_is_not_asked_to_end_one() {
    let server = Server::start(|seen| match seen.method() {
        "initialize" => {
            let mut answer = initialized(seen, "2025-03-26");
            answer.headers_mut().remove("mcp-session-id");
            answer
        }
        _ => plain(202, ""),
    })
    .await;
    let client = server.connect(ClientOptions { era: EraChoice::Legacy, ..options() }).await.unwrap();
    client.close().await.unwrap();
    assert_eq!(server.methods(), ["initialize", "notifications/initialized"]);
}

#[tokio::test]
async fn any_known_legacy_revision_is_accepted_and_no_other() {
    let cases = [
        ("2025-11-25", true),
        ("2025-06-18", true),
        ("2025-03-26", true),
        ("2024-11-05", true),
        ("2026-07-28", false),
        ("1999-01-01", false),
    ];
    for (revision, known) in cases {
        let server = Server::start(move |seen| match seen.method() {
            "server/discover" => plain(404, ""),
            "initialize" => initialized(seen, revision),
            _ => plain(202, ""),
        })
        .await;
        match server.connect(options()).await {
            Ok(client) => assert_eq!((client.revision().name, known), (revision, true)),
            Err(ConnectError::NoCommonRevision { supported }) => {
                assert_eq!((&supported[0][..], known), (revision, false))
            }
            Err(error) => panic!("{revision}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_modern_refusal_is_not_mistaken_for_a_legacy_server() {
    type Case = (&'static str, fn(&Seen) -> Answer, &'static str);
    let cases: [Case; 5] = [
        ("unsupported", |seen| seen.error(400, -32022, &json!({ "supported": ["2099-01-01"] })), "only: 2099-01-01"),
        (
            "contradictory",
            |seen| seen.error(400, -32022, &json!({ "supported": ["2026-07-28"] })),
            "none of our protocol",
        ),
        ("discovered", |seen| discovered(seen, &["2099-01-01"]), "only: 2099-01-01"),
        ("header mismatch", |seen| seen.error(400, -32020, &Value::Null), "-32020"),
        ("missing capability", |seen| seen.error(400, -32021, &Value::Null), "-32021"),
    ];
    for (what, discover, message) in cases {
        let server = Server::start(discover).await;
        let error = failure(&server, EraChoice::Auto).await;
        assert!(error.to_string().contains(message), "{what}: {error}");
        assert_eq!(server.methods(), ["server/discover"], "{what}");
    }
}

#[tokio::test]
async fn an_era_that_is_asked_for_is_the_only_one_tried() {
    let legacy = Server::legacy(|_| plain(500, "")).await;
    let error = failure(&legacy, EraChoice::Modern).await;
    assert!(matches!(error, ConnectError::NotModern { .. }), "{error:?}");
    assert_eq!(legacy.methods(), ["server/discover"]);

    let modern = Server::start(|seen| seen.error(404, -32601, &Value::Null)).await;
    let error = failure(&modern, EraChoice::Legacy).await;
    assert!(matches!(error, ConnectError::Exchange(ExchangeError::Remote(_))), "{error:?}");
    assert_eq!(modern.methods(), ["initialize"]);
}

#[tokio::test]
async fn the_failure_of_discover_is_shown_where_initialize_is_unknown() {
    let server = Server::start(|seen| match seen.method() {
        "server/discover" => seen.error(500, -32603, &Value::Null),
        _ => seen.error(404, -32601, &Value::Null),
    })
    .await;
    let error = failure(&server, EraChoice::Auto).await;
    assert!(error.to_string().contains("-32603"), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_credentials_is_asked_once_and_quoted() {
    let server = Server::start(|_| {
        let mut answer = plain(401, "");
        let challenge = HeaderValue::from_static("Bearer resource_metadata=\"https://a.example/x\", scope=\"tools\"");
        answer.headers_mut().insert("www-authenticate", challenge);
        answer
    })
    .await;
    let error = failure(&server, EraChoice::Auto).await;
    let ConnectError::Exchange(ExchangeError::Unauthorized { challenge: Some(challenge) }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(challenge, "Bearer resource_metadata=\"https://a.example/x\", scope=\"tools\"");
    assert!(error.to_string().contains(challenge), "{error}");
    assert_eq!(server.methods().len(), 1);
}

#[tokio::test]
async fn refusals_that_no_other_era_would_change_are_final() {
    type Case = (fn(&Seen) -> Answer, &'static str);
    let cases: [Case; 4] = [
        (|seen| seen.error(403, 1403, &Value::Null), "(403): refused"),
        (|_| plain(429, ""), "429"),
        (
            |_| {
                let mut answer = plain(503, "");
                answer.headers_mut().insert("retry-after", HeaderValue::from_static("7"));
                answer
            },
            "in 7 s",
        ),
        (
            |_| {
                let mut answer = plain(307, "");
                answer.headers_mut().insert("location", HeaderValue::from_static("https://a.example/mcp"));
                answer
            },
            "https://a.example/mcp",
        ),
    ];
    for (answer, message) in cases {
        let server = Server::start(answer).await;
        let error = failure(&server, EraChoice::Auto).await;
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(server.methods(), ["server/discover"]);
    }
}

#[tokio::test]
async fn a_web_server_is_not_an_mcp_server() {
    for status in [200, 404] {
        let server = Server::start(move |_| typed(status, "text/html", "<html>hello</html>")).await;
        let error = failure(&server, EraChoice::Auto).await;
        assert!(matches!(error, ConnectError::NotAnMcpServer { .. }), "{error:?}");
        assert!(error.to_string().contains("/mcp"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = connect_to(&format!("http://{address}/mcp"), options()).await.unwrap_err();
    let unreachable = matches!(error, ConnectError::Exchange(ExchangeError::Fetch(FetchError::Unreachable { .. })));
    assert!(unreachable && error.to_string().contains("refused"), "{error:?}");
}

#[tokio::test]
async fn a_session_that_the_server_does_not_confirm_is_a_failure() {
    let server = Server::start(|seen| match seen.method() {
        "initialize" => initialized(seen, "2025-11-25"),
        _ => typed(400, "text/plain", "not like this"),
    })
    .await;
    let error = failure(&server, EraChoice::Legacy).await;
    assert!(error.to_string().contains("not like this"), "{error}");
}

#[tokio::test]
async fn headers_of_the_caller_go_with_every_request_and_cannot_replace_ours() {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer t0ken"));
    headers.insert("mcp-protocol-version", HeaderValue::from_static("1.0"));
    headers.insert("mcp-session-id", HeaderValue::from_static("theirs"));
    headers.insert("accept", HeaderValue::from_static("*/*"));
    let server = Server::legacy(|seen| seen.result(&json!({ "tools": [] }))).await;
    let options = ClientOptions { headers, ..options() };
    assert!(!format!("{options:?}").contains("t0ken"));
    let client = server.connect(options).await.unwrap();
    assert!(!format!("{client:?}").contains("t0ken"));
    client.list_tools().await.unwrap();
    client.close().await.unwrap();
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer t0ken")));
    let listed = server.asked("tools/list");
    assert_eq!(listed[0].header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!(listed[0].header("mcp-session-id"), Some("s-1"));
    assert_eq!(listed[0].header("accept"), Some("application/json, text/event-stream"));
}
