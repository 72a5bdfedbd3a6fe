//! How a connection ends: by the client, by the server, by a pipe that breaks.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use outboard_protocol::meta::{SERVER_INFO, SUBSCRIPTION_ID};
use outboard_testkit::gate::Gate;
use outboard_transport::stdio::{Ended, StdioConfig, StdioError, serve};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf, duplex};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Pipe, assert_error, modern, request};
use crate::shelf::{Server, Shelf};
use crate::support::catalog;

#[tokio::test]
async fn client_that_closes_its_end_ends_the_connection() {
    let pipe = Pipe::to(&Server::of(catalog()));
    assert_eq!(pipe.close().await, Ended::InputClosed);
}

#[tokio::test]
async fn everything_that_was_asked_is_answered_before_the_end() {
    let server = Server::of(catalog());
    let (mut input, theirs) = duplex(1 << 20);
    let (output, mut ours) = duplex(1 << 20);
    let calls = (0..100).map(|id| modern(id, "tools/call", json!({"name": "echo", "arguments": {"text": "x"}})));
    // As in `printf … | server`: the last line has no end.
    let lines: Vec<String> = calls.map(|call| call.to_string()).collect();
    input.write_all(lines.join("\n").as_bytes()).await.unwrap();
    drop(input);
    let ended = serve(server.runtime.clone(), StdioConfig::default(), theirs, output, CancellationToken::new()).await;
    assert_eq!(ended.unwrap(), Ended::InputClosed);
    let mut answers = String::new();
    ours.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.lines().count(), 100);
    assert!(answers.ends_with('\n'));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_has_its_grace() {
    let gate = Gate::new();
    let server = Server::of(catalog().tool(gate.tool()));
    for answers in [true, false] {
        let mut pipe = Pipe::to(&server);
        pipe.initialize("2025-11-25").await;
        pipe.send(&request(1, "tools/call", json!({"name": "wait"}))).await;
        gate.started().await;
        let started = Instant::now();
        pipe.input.shutdown().await.unwrap();
        if answers {
            gate.open();
            assert_eq!(pipe.next().await["result"]["content"][0]["text"], "waited");
        }
        assert_eq!(pipe.ended().await.unwrap(), Ended::InputClosed);
        if !answers {
            assert_eq!(started.elapsed(), Duration::from_secs(5));
            gate.dropped().await;
        }
        assert_eq!(pipe.read().await, None);
    }
}

#[tokio::test]
async fn drain_begins_nothing_more_and_ends_listens_in_order() {
    let gate = Gate::new();
    let shelf = Shelf::new();
    let catalog = catalog().tool(gate.tool()).provider(shelf);
    let mut pipe = Pipe::to(&Server::of(catalog));
    pipe.send(&modern("l", "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}))).await;
    assert_eq!(pipe.next().await["method"], "notifications/subscriptions/acknowledged");
    pipe.send(&modern(1, "tools/call", json!({"name": "wait"}))).await;
    gate.started().await;

    pipe.drain.cancel();
    let cancelled = pipe.next().await;
    assert_eq!(cancelled["method"], "notifications/cancelled", "{cancelled}");
    assert_eq!(cancelled["params"]["requestId"], "l");
    let meta = json!({SUBSCRIPTION_ID: "l", SERVER_INFO: {"name": "tests", "version": "1.2.3"}});
    let result = json!({"resultType": "complete", "_meta": meta});
    assert_eq!(pipe.next().await, json!({"jsonrpc": "2.0", "id": "l", "result": result}));
    assert_error(&pipe.ask(modern(2, "tools/call", json!({"name": "wait"}))).await, 1503, 2);
    gate.open();
    assert_eq!(pipe.next().await["result"]["content"][0]["text"], "waited");
    assert_eq!(pipe.ended().await.unwrap(), Ended::Drained);
    assert_eq!(pipe.read().await, None);
}

#[tokio::test(start_paused = true)]
async fn drain_does_not_wait_for_ever() {
    let gate = Gate::new();
    let config = StdioConfig { grace: Duration::from_secs(7), ..StdioConfig::default() };
    let mut pipe = Pipe::with(&Server::of(catalog().tool(gate.tool())), config);
    pipe.send(&modern(1, "tools/call", json!({"name": "wait"}))).await;
    gate.started().await;
    let started = Instant::now();
    pipe.drain.cancel();
    assert_eq!(pipe.ended().await.unwrap(), Ended::Drained);
    assert_eq!(started.elapsed(), Duration::from_secs(7));
    gate.dropped().await;
}

#[tokio::test]
async fn client_that_no_longer_reads_ends_the_connection() {
    let gate = Gate::new();
    let mut pipe = Pipe::to(&Server::of(catalog().tool(gate.tool())));
    pipe.send(&modern(1, "tools/call", json!({"name": "wait"}))).await;
    gate.started().await;
    // In place of the client's side, one that nobody has the other end of.
    let (closed, _) = duplex(1);
    pipe.output = tokio::io::BufReader::new(closed);
    pipe.send(&request(2, "ping", json!({}))).await;
    assert_eq!(pipe.ended().await.unwrap(), Ended::OutputClosed);
    gate.dropped().await;
}

#[tokio::test]
async fn dropping_the_server_drops_its_calls() {
    let gate = Gate::new();
    let mut pipe = Pipe::to(&Server::of(catalog().tool(gate.tool())));
    pipe.send(&modern(1, "tools/call", json!({"name": "wait"}))).await;
    gate.started().await;
    drop(pipe);
    gate.dropped().await;
}

/// A pipe that breaks when it is read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("broken")))
    }
}

#[tokio::test]
async fn pipe_that_breaks_is_a_fault() {
    let server = Server::of(catalog());
    let drain = CancellationToken::new();
    let ended = serve(server.runtime.clone(), StdioConfig::default(), Broken, Vec::new(), drain).await;
    assert!(matches!(ended, Err(StdioError::Read { .. })), "{ended:?}");
}
