//! Answers that break the protocol or a bound: each ends the call with an error that says which.

use outboard_backend::upstream::{CallError, ClientOptions, ExchangeError, SseError};
use outboard_fetch::FetchError;
use serde_json::{Value, json};

use super::fake::{Answer, Seen, Server, arguments, event, json_answer, options, plain, sse, sse_that_breaks, typed};

/// Room for every well-formed message of these tests, and little more.
const MESSAGE_BYTES_MAX: usize = 600;

const STREAM_BYTES_MAX: usize = 2000;

type Case = (&'static str, fn(&Seen) -> Answer, fn(&ExchangeError) -> bool);

async fn check(cases: &[Case]) {
    for (what, answer, expected) in cases {
        let answer = *answer;
        for server in [Server::modern(answer).await, Server::legacy(answer).await] {
            let options =
                ClientOptions { message_bytes_max: MESSAGE_BYTES_MAX, stream_bytes_max: STREAM_BYTES_MAX, ..options() };
            let client = server.connect(options).await.unwrap();
            match client.call_tool("x", &arguments(&json!({})), |_| {}).await {
                Err(CallError::Exchange(error)) => assert!(expected(&error), "{what}: {error:?}"),
                other => panic!("{what}: {other:?}"),
            }
        }
    }
}

fn response(id: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [] } })
}

#[tokio::test]
async fn answers_that_are_not_the_answer_are_refused() {
    check(&[
        (
            "another id",
            |_| json_answer(200, &response(&json!(4711))),
            |error| matches!(error, ExchangeError::WrongId { .. }),
        ),
        (
            "the id as a string",
            |seen| json_answer(200, &response(&json!(seen.body["id"].to_string()))),
            |error| matches!(error, ExchangeError::WrongId { .. }),
        ),
        (
            "another id on a stream",
            |_| sse(event(&response(&json!(4711)))),
            |error| matches!(error, ExchangeError::WrongId { .. }),
        ),
        (
            "a result without an id",
            |_| json_answer(200, &json!({ "jsonrpc": "2.0", "result": {} })),
            |error| matches!(error, ExchangeError::Malformed(_)),
        ),
        (
            "an error without an id",
            |_| json_answer(200, &json!({ "jsonrpc": "2.0", "error": { "code": -1, "message": "no" } })),
            |error| matches!(error, ExchangeError::Remote(error) if error.code == -1),
        ),
        (
            "a request",
            |_| json_answer(200, &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })),
            |error| matches!(error, ExchangeError::NoResponse),
        ),
        (
            "a batch",
            |seen| json_answer(200, &json!([response(&seen.body["id"])])),
            |error| matches!(error, ExchangeError::Malformed(_)),
        ),
        (
            "a result that is no object",
            |seen| seen.result(&json!("text")),
            |error| matches!(error, ExchangeError::ResultShape { .. }),
        ),
    ])
    .await;
}

#[tokio::test]
async fn answers_that_are_not_mcp_are_refused() {
    check(&[
        (
            "a web page",
            |_| typed(200, "text/html", "<html>"),
            |error| matches!(error, ExchangeError::NotMcp { content_type: Some(kind) } if kind == "text/html"),
        ),
        ("nothing", |_| plain(202, ""), |error| matches!(error, ExchangeError::NotMcp { content_type: None })),
        (
            "text that claims to be JSON",
            |_| typed(200, "application/json", "hello"),
            |error| matches!(error, ExchangeError::Malformed(_)),
        ),
        (
            "JSON that is not JSON-RPC",
            |_| json_answer(200, &json!({ "hello": "world" })),
            |error| matches!(error, ExchangeError::Malformed(_)),
        ),
        ("a stream of text", |_| sse("data: hello\n\n"), |error| matches!(error, ExchangeError::Malformed(_))),
        (
            "JSON that is not UTF-8",
            |_| sse(b"data: {\"\xff\":1}\n\n".to_vec()),
            |error| matches!(error, ExchangeError::Malformed(_)),
        ),
        (
            "a gateway's failure",
            |_| typed(502, "text/plain", "upstream \x1b[31mdown"),
            |error| {
                let text =
                    matches!(error, ExchangeError::Status { message: Some(text), .. } if text == "upstream  [31mdown");
                text && error.to_string().contains("502")
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn answers_over_a_bound_are_refused() {
    check(&[
        (
            "a large body",
            |seen| seen.result(&json!({ "content": "x".repeat(MESSAGE_BYTES_MAX) })),
            |error| {
                matches!(error, ExchangeError::Fetch(FetchError::BodyTooLarge { bytes_max: MESSAGE_BYTES_MAX, .. }))
            },
        ),
        (
            "a huge line",
            |_| sse(format!("data: {}", "x".repeat(MESSAGE_BYTES_MAX + 1))),
            |error| matches!(error, ExchangeError::Sse(SseError::LineTooLong { .. })),
        ),
        (
            "a huge event of many lines",
            |_| sse("data: x\n".repeat(MESSAGE_BYTES_MAX / 2 + 1)),
            |error| {
                matches!(
                    error,
                    ExchangeError::Sse(SseError::EventTooLong { bytes_max: MESSAGE_BYTES_MAX })
                        | ExchangeError::Fetch(FetchError::BodyTooLarge { .. })
                )
            },
        ),
        (
            "an endless stream of comments",
            |_| sse(": more\n\n".repeat(STREAM_BYTES_MAX / 4)),
            |error| matches!(error, ExchangeError::Fetch(FetchError::BodyTooLarge { bytes_max: STREAM_BYTES_MAX, .. })),
        ),
    ])
    .await;
}

#[tokio::test]
async fn streams_that_end_before_the_result_are_failures() {
    check(&[
        ("an empty stream", |_| sse(""), |error| matches!(error, ExchangeError::StreamEnded)),
        (
            "a result cut short",
            |seen| {
                let whole = event(&response(&seen.body["id"]));
                sse(whole.trim_end().to_owned())
            },
            |error| matches!(error, ExchangeError::StreamEnded),
        ),
        (
            "a connection that breaks",
            |_| sse_that_breaks(": hello\n\n".to_owned()),
            |error| matches!(error, ExchangeError::Fetch(FetchError::Broken { .. })),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_kind_of_result_that_we_do_not_know_is_refused_where_kinds_exist() {
    let answer = |seen: &Seen| seen.result(&json!({ "resultType": "surprise", "content": [] }));
    let (modern, legacy) = (Server::modern(answer).await, Server::legacy(answer).await);
    let error = modern.client().await.call_tool("x", &arguments(&json!({})), |_| {}).await.unwrap_err();
    assert!(matches!(error, CallError::Exchange(ExchangeError::ResultShape { .. })), "{error:?}");
    legacy.client().await.call_tool("x", &arguments(&json!({})), |_| {}).await.unwrap();
}
