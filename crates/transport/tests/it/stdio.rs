//! MCP over a pipe: both eras on one connection, bounds, cancellation, questions, notifications, and how it ends.

mod asking;
mod bounds;
mod ending;
mod eras;
mod telling;

use outboard_protocol::meta;
use outboard_testkit::http::patiently;
use outboard_transport::stdio::{Ended, StdioConfig, StdioError, serve};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::shelf::Server;

/// The client's side of a pipe.
struct Pipe {
    input: DuplexStream,
    output: BufReader<DuplexStream>,
    drain: CancellationToken,
    serving: JoinSet<Result<Ended, StdioError>>,
}

impl Pipe {
    fn to(server: &Server) -> Self {
        Self::with(server, StdioConfig::default())
    }

    fn with(server: &Server, config: StdioConfig) -> Self {
        // Little fits into the pipe itself, as into a real one.
        let (input, theirs) = duplex(16 * 1024);
        let (output, ours) = duplex(16 * 1024);
        let drain = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(serve(server.runtime.clone(), config, theirs, output, drain.clone()));
        Self { input, output: BufReader::new(ours), drain, serving }
    }

    async fn send_bytes(&mut self, bytes: &[u8]) {
        patiently("the server to read", self.input.write_all(bytes)).await.unwrap();
    }

    async fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes()).await;
    }

    /// The next message.
    async fn next(&mut self) -> Value {
        self.read().await.expect("the server has not closed its end")
    }

    /// The next message; `None` when the server has closed its end.
    async fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        patiently("a message", self.output.read_line(&mut line)).await.unwrap();
        if line.is_empty() {
            return None;
        }
        let message = serde_json::from_str(line.strip_suffix('\n').expect("a line has an end"));
        Some(message.expect("each line is one JSON document"))
    }

    /// Sends a request and reads its answer, which comes next.
    async fn ask(&mut self, request: Value) -> Value {
        self.send(&request).await;
        let answer = self.next().await;
        assert_eq!(answer["id"], request["id"], "{answer}");
        answer
    }

    /// Opens a session of a client that can be asked for everything, and is ready to be told.
    async fn initialize(&mut self, revision: &str) {
        let answer = self.ask(initialize(revision)).await;
        assert_eq!(answer["result"]["protocolVersion"], revision, "{answer}");
        self.send(&notification("notifications/initialized", json!({}))).await;
    }

    /// Waits for the end of the connection.
    async fn ended(&mut self) -> Result<Ended, StdioError> {
        patiently("the end", self.serving.join_next()).await.unwrap().unwrap()
    }

    /// Closes the client's end and waits for the end of the connection.
    async fn close(mut self) -> Ended {
        self.input.shutdown().await.unwrap();
        self.ended().await.unwrap()
    }
}

fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    let mut request = notification(method, params);
    request["id"] = id.into();
    request
}

/// A modern request.
fn modern(id: impl Into<Value>, method: &str, params: Value) -> Value {
    modern_of("2026-07-28", id, method, params)
}

fn modern_of(revision: &str, id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    let mut with = json!({
        meta::PROTOCOL_VERSION: revision,
        meta::CLIENT_INFO: {"name": "test", "version": "1"},
        meta::CLIENT_CAPABILITIES: {"elicitation": {}},
    });
    let own: Map<String, Value> = params.get("_meta").and_then(Value::as_object).cloned().unwrap_or_default();
    with.as_object_mut().unwrap().extend(own);
    params["_meta"] = with;
    request(id, method, params)
}

fn notification(method: &str, params: Value) -> Value {
    let mut notification = json!({"jsonrpc": "2.0", "method": method});
    notification["params"] = params;
    notification
}

fn cancelled(id: impl Into<Value>) -> Value {
    let id: Value = id.into();
    notification("notifications/cancelled", json!({"requestId": id, "reason": "no longer wanted"}))
}

fn initialize(revision: &str) -> Value {
    let capabilities = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}});
    let client = json!({"name": "test", "version": "1"});
    request(
        "open",
        "initialize",
        json!({"protocolVersion": revision, "capabilities": capabilities, "clientInfo": client}),
    )
}

/// Asserts an error under an id (`null`: under none). Returns its message.
#[track_caller]
fn assert_error(answer: &Value, code: i64, id: impl Into<Value>) -> String {
    let id: Value = id.into();
    assert_eq!(answer["error"]["code"], code, "{answer}");
    assert_eq!(answer.get("id"), Some(&id).filter(|id| !id.is_null()), "{answer}");
    answer["error"]["message"].as_str().unwrap().to_owned()
}
