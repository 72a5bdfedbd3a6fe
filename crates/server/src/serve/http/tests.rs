//! Tests of a whole server in this process, with native tools that misbehave.

use std::path::Path;
use std::time::Duration;

use outboard_protocol::types::{CallToolResult, Tool};
use outboard_runtime::{Context as CallContext, DynamicTool, NativeTool};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::config::{Overrides, ProcessEnvironment};
use crate::program::block_on;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(directory: &Path, text: &str) -> Config {
    let path = directory.join("outboard.toml");
    std::fs::write(&path, format!("listen = '127.0.0.1:0'\nstate_dir = 'state'\n{text}")).unwrap();
    Config::load(Some(&path), &Overrides::default(), &ProcessEnvironment).unwrap().config
}

fn tool<F, R>(name: &str, run: F) -> impl NativeTool
where
    F: Fn(CallContext) -> R + Send + Sync + 'static,
    R: Future<Output = CallToolResult> + Send + 'static,
{
    let tool = serde_json::json!({"name": name, "inputSchema": {"type": "object"}});
    let tool: Tool = serde_json::from_value(tool).unwrap();
    DynamicTool::new(tool, move |context, _| run(context))
}

fn quick() -> impl NativeTool {
    tool("quick", |_| async { CallToolResult::text("done") })
}

/// Sends a call of the tool that asks for its progress, on a connection that holds little of the answer.
async fn call(url: &Url, tool: &str) -> TcpStream {
    let body = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": {}, "_meta": {
            "progressToken": 1,
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }},
    })
    .to_string();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Tells its channel when it is dropped.
struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.try_send(()).unwrap();
    }
}

#[tokio::test]
async fn a_reader_who_stalls_loses_its_call_and_the_calls_place() {
    let directory = TempDir::new().unwrap();
    let config = config(directory.path(), "limits.calls = 1\ntimeouts = { write = '100ms', call = '1d' }\n");
    let (dropped, mut drops) = mpsc::channel(1);
    let chatty = tool("chatty", move |context| {
        let told = Told(dropped.clone());
        async move {
            let _told = told;
            let message = "x".repeat(16 << 10);
            for step in 0.. {
                context.progress(f64::from(step), None, Some(&message));
                tokio::task::yield_now().await;
            }
            CallToolResult::text("never")
        }
    });
    let server = Server::bind(config, Catalog::new("test", "1").tool(chatty).tool(quick()), true).await.ok().unwrap();
    let url = server.url().clone();
    let signals = Signals::listen().unwrap();
    let asking = async {
        let mut stalled = call(&url, "chatty").await;
        let mut head = [0; 15];
        stalled.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        assert!(!answer(call(&url, "quick").await).await.contains("done"), "the one place is taken");
        drops.recv().await.unwrap();
        assert!(answer(call(&url, "quick").await).await.contains("done"), "the one place is free");
        // Up to here the reader was there, and silent.
        drop(stalled);
    };
    tokio::select! {
        () = server.run(&signals, "") => panic!("nobody stops it"),
        done = tokio::time::timeout(PATIENCE, asking) => done.expect("the call is dropped"),
    }
}

#[test]
fn a_tool_that_blocks_a_thread_does_not_hold_up_the_end() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let directory = TempDir::new().unwrap();
        let config = config(directory.path(), "");
        let (start, mut started) = mpsc::channel(1);
        let blocking = tool("blocking", move |_| {
            let start = start.clone();
            let blocked = tokio::task::spawn_blocking(move || {
                start.try_send(()).unwrap();
                loop {
                    std::thread::park();
                }
            });
            async { blocked.await.unwrap() }
        });
        let done = block_on(async {
            let server = Server::bind(config, Catalog::new("test", "1").tool(blocking), true).await?;
            let url = server.url().clone();
            let signals = Signals::listen().unwrap();
            let asking = async {
                let _asked = call(&url, "blocking").await;
                started.recv().await.unwrap();
            };
            tokio::select! {
                () = server.run(&signals, "") => panic!("nobody stops it"),
                () = asking => Ok(()),
            }
        });
        tell.send(done.is_ok()).unwrap();
    });
    assert_eq!(told.recv_timeout(PATIENCE), Ok(true));
}

#[tokio::test]
async fn a_fault_of_the_native_tools_is_one_of_usage() {
    let directory = TempDir::new().unwrap();
    let twice = Catalog::new("test", "1").tool(quick()).tool(quick());
    let refused = Server::bind(config(directory.path(), ""), twice, true).await.err();
    assert!(matches!(refused, Some(Failure::Usage(_))));
}

#[test]
fn what_may_be_subscribed_to_is_what_the_config_says() {
    let directory = TempDir::new().unwrap();
    let http = http_config(&config(directory.path(), "subscriptions = { uris = 7, uri_bytes = 80 }"));
    assert_eq!((http.subscriptions.uris_max, http.subscriptions.uri_bytes_max), (7, 80));
}

#[tokio::test]
async fn a_native_tool_whose_schema_is_over_the_bounds_of_the_config_does_not_start() {
    let properties: serde_json::Map<_, _> = (0..150).map(|number| (format!("p{number}"), json!({}))).collect();
    let tool: Tool = serde_json::from_value(json!({
        "name": "wide", "inputSchema": {"type": "object", "properties": properties, "not": {"not": {"not": {"not": {}}}}},
    }))
    .unwrap();
    for (limits, starts) in [
        ("schema_bytes = '1KiB'", false),
        ("schema_bytes = '2KiB'", true),
        ("schema_depth = 4", false),
        ("schema_depth = 5", true),
        ("schema_nodes = 100", false),
        ("schema_nodes = 200", true),
    ] {
        let directory = TempDir::new().unwrap();
        let config = config(directory.path(), &format!("limits = {{ {limits} }}"));
        let wide = DynamicTool::new(tool.clone(), |_, _| async { CallToolResult::text("done") });
        match Server::bind(config, Catalog::new("test", "1").tool(wide), true).await {
            Ok(server) => {
                server.served.stop().await;
                assert!(starts, "{limits}");
            }
            Err(refused) => assert!(!starts && matches!(refused, Failure::Usage(_)), "{limits}"),
        }
    }
}
