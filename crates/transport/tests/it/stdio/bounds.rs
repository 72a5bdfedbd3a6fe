//! What does not fit: lines that are too long or no messages, more requests than may be in flight, a client that does not
//! read.

use outboard_runtime::{Catalog, tool};
use outboard_testkit::gate::Gate;
use outboard_transport::stdio::StdioConfig;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{Pipe, assert_error, initialize, modern, request};
use crate::shelf::Server;
use crate::support::catalog;

#[tokio::test]
async fn line_that_is_no_message_is_refused_and_the_next_one_read() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    let deep = [r#"{"jsonrpc":"2.0","id":1,"method":"#, &"[".repeat(65), &"]".repeat(65), "}"].concat();
    let cases: [(&[u8], i64, Value); 12] = [
        (b"{", -32700, Value::Null),
        (b"garbage", -32700, Value::Null),
        (b"{}{}", -32700, Value::Null),
        (b"\"\xff\"", -32700, Value::Null),
        (b"\xef\xbb\xbf{}", -32700, Value::Null),
        (deep.as_bytes(), -32700, Value::Null),
        (b"1", -32600, Value::Null),
        (b"{}", -32600, Value::Null),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, Value::Null),
        (br#"{"jsonrpc":"2.0","id":7}"#, -32600, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"ping"}"#, -32600, json!(7)),
        (br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}"#, -32600, json!(7)),
    ];
    for (line, code, id) in cases {
        pipe.send_bytes(&[line, b"\n"].concat()).await;
        let text = String::from_utf8_lossy(line);
        let answer = pipe.next().await;
        assert_eq!((&answer["error"]["code"], answer.get("id").unwrap_or(&Value::Null)), (&json!(code), &id), "{text}");
    }
    pipe.send_bytes(b"\n\r\n  \n").await;
    pipe.send_bytes(format!("{}\r\n", request(1, "ping", json!({}))).as_bytes()).await;
    assert_eq!(pipe.next().await["result"], json!({}), "blank lines are nothing, and a line may end with CR LF");
}

#[tokio::test]
async fn doubled_key_in_meta_decides_no_era() {
    let mut pipe = Pipe::to(&Server::of(catalog()));
    let line = modern(1, "tools/list", json!({})).to_string();
    let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    pipe.send_bytes(format!("{}\n", line.replacen(version, &format!("{version},{version}"), 1)).as_bytes()).await;
    assert_error(&pipe.next().await, -32600, 1);
}

#[tokio::test]
async fn line_that_is_too_long_is_passed_over() {
    let config = StdioConfig { line_bytes_max: 1_000, ..StdioConfig::default() };
    let mut pipe = Pipe::with(&Server::of(catalog()), config);
    for length in [1_001, 100_000] {
        let long = request(1, "ping", json!({"x": "y".repeat(length)}));
        pipe.send(&long).await;
        let message = assert_error(&pipe.next().await, 1413, Value::Null);
        assert!(message.contains("1000 bytes"), "{message}");
    }
    let fits = request(2, "ping", json!({"x": "y".repeat(900)}));
    assert_eq!(pipe.ask(fits).await["result"], json!({}));
}

#[tokio::test]
async fn requests_in_flight_are_bounded_and_have_their_own_ids() {
    let gate = Gate::new();
    let config = StdioConfig { requests_max: 2, ..StdioConfig::default() };
    let mut pipe = Pipe::with(&Server::of(catalog().tool(gate.tool())), config);
    let call = |id: i32| modern(id, "tools/call", json!({"name": "wait"}));
    pipe.send(&call(1)).await;
    gate.started().await;
    for method in ["tools/list", "subscriptions/listen", "server/discover", "unknown/method"] {
        let listen = json!({"notifications": {}});
        assert_error(&pipe.ask(modern(1, method, listen)).await, -32600, 1);
    }
    for method in ["ping", "initialize", "tools/list", "logging/setLevel"] {
        assert_error(&pipe.ask(request(1, method, json!({}))).await, -32600, 1);
    }
    assert_error(&pipe.ask(call(1)).await, -32600, 1);
    pipe.send(&call(2)).await;
    gate.started().await;
    assert_error(&pipe.ask(call(3)).await, 1503, 3);
    assert_eq!(pipe.ask(request(4, "ping", json!({}))).await["result"], json!({}), "what is answered at once has room");
    gate.open();
    assert_eq!(pipe.next().await["result"]["content"][0]["text"], "waited");
    pipe.send(&call(3)).await;
    gate.started().await;
}

/// Says much.
#[tool]
async fn speech() -> String {
    "x".repeat(64 * 1024)
}

#[tokio::test]
async fn client_that_does_not_read_is_not_read_from() {
    let mut pipe = Pipe::to(&Server::of(Catalog::new("tests", "1").tool(speech)));
    pipe.send(&initialize("2025-11-25")).await;
    let mut sent = 0;
    // The pipe takes requests until the server has stopped reading: each answer is larger than what the pipe holds.
    let line = |id: i32| format!("{}\n", request(id, "tools/call", json!({"name": "speech"})));
    loop {
        let line = line(sent);
        let taken = tokio::select! {
            biased;
            written = pipe.input.write_all(line.as_bytes()) => written.map(|()| true).unwrap(),
            () = idle() => false,
        };
        if !taken {
            break;
        }
        sent += 1;
        assert!(sent < 10_000, "the server reads on although nobody reads what it answers");
    }
    // Once the client reads, all that was asked is answered; the line that was not taken whole is left as it is.
    assert!(sent > 10, "{sent}");
    assert_eq!(pipe.next().await["id"], "open");
    for _ in 0..sent {
        let answer = pipe.next().await;
        let said = answer["result"]["content"][0]["text"].as_str();
        assert!(said.is_some_and(|said| said.len() == 64 * 1024) || answer["error"]["code"] == 1503, "{answer}");
    }
}

/// Ends when nothing more happens on this thread: every other task has been run again and again.
async fn idle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
