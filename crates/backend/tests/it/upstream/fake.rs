//! A server for one test: a closure that answers, everything that it was asked kept, gone when dropped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::{Router, body, extract};
use outboard_backend::upstream::{Client, ClientOptions, ConnectError};
use outboard_fetch::{FetchConfig, Fetcher, Reach, Target};
use outboard_protocol::RawJson;
use outboard_protocol::types::Implementation;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(super) type Answer = Response<Body>;

/// One HTTP request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) http: Method,
    pub(super) headers: HeaderMap,
    /// The JSON body; null where there was none.
    pub(super) body: Value,
}

impl Seen {
    /// The JSON-RPC method, or the HTTP method of a request without one.
    pub(super) fn method(&self) -> &str {
        match &self.body {
            Value::Null => self.http.as_str(),
            body => body["method"].as_str().unwrap_or("response"),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A JSON answer with this result.
    pub(super) fn result(&self, result: &Value) -> Answer {
        json_answer(200, &json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }))
    }

    /// A JSON answer with this error.
    pub(super) fn error(&self, status: u16, code: i64, data: &Value) -> Answer {
        let error = json!({ "code": code, "message": "refused", "data": data });
        json_answer(status, &json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": error }))
    }
}

pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _task: JoinSet<()>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let router = Router::new().fallback(move |request: extract::Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let request = read(parts, body).await;
                log.lock().unwrap().push(request.clone());
                answer(&request)
            }
        });
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, _task: task }
    }

    /// A modern server whose methods other than `server/discover` are answered by `answer`.
    pub(super) async fn modern(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |seen| match seen.method() {
            "server/discover" => discovered(seen, &["2026-07-28"]),
            _ => answer(seen),
        })
        .await
    }

    /// A legacy server with sessions, whose methods after the handshake are answered by `answer`.
    pub(super) async fn legacy(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |seen| match seen.method() {
            "server/discover" => plain(400, ""),
            "initialize" => initialized(seen, "2025-11-25"),
            "notifications/initialized" | "notifications/cancelled" | "response" => plain(202, ""),
            "DELETE" => plain(204, ""),
            _ => answer(seen),
        })
        .await
    }

    pub(super) async fn connect(&self, options: ClientOptions) -> Result<Client, ConnectError> {
        connect_to(&format!("http://{}/mcp", self.address), options).await
    }

    pub(super) async fn client(&self) -> Client {
        self.connect(options()).await.unwrap()
    }

    /// Everything that was asked so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The methods that were asked so far.
    pub(super) fn methods(&self) -> Vec<String> {
        self.seen().iter().map(|seen| seen.method().to_owned()).collect()
    }

    /// The requests of one method.
    pub(super) fn asked(&self, method: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method() == method).collect()
    }
}

pub(super) async fn connect_to(url: &str, options: ClientOptions) -> Result<Client, ConnectError> {
    let target = Target::parse(url, Reach::AnyAddress).unwrap();
    Client::connect(Fetcher::new(FetchConfig::default()).unwrap(), target, options).await
}

async fn read(parts: Parts, body: Body) -> Seen {
    let bytes = body::to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Seen { http: parts.method, headers: parts.headers, body }
}

pub(super) fn options() -> ClientOptions {
    let mut options = ClientOptions::new(Implementation::new("tester", "1.0"));
    options.request_timeout = Duration::from_secs(10);
    options
}

pub(super) fn arguments(value: &Value) -> RawJson {
    RawJson::of(value).unwrap()
}

pub(super) fn discovered(seen: &Seen, versions: &[&str]) -> Answer {
    seen.result(&json!({
        "resultType": "complete",
        "supportedVersions": versions,
        "capabilities": { "tools": { "listChanged": true }, "other": {} },
        "instructions": "be kind",
        "ttlMs": 1000,
        "cacheScope": "public",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "fake", "version": "9" } },
    }))
}

pub(super) fn initialized(seen: &Seen, revision: &str) -> Answer {
    let mut answer = seen.result(&json!({
        "protocolVersion": revision,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "fake", "version": "8" },
    }));
    answer.headers_mut().insert("mcp-session-id", "s-1".parse().unwrap());
    answer
}

pub(super) fn json_answer(status: u16, body: &Value) -> Answer {
    typed(status, "application/json; charset=utf-8", body.to_string())
}

pub(super) fn typed(status: u16, content_type: &str, body: impl Into<Body>) -> Answer {
    let builder = Response::builder().status(status).header("content-type", content_type);
    builder.body(body.into()).unwrap()
}

/// An answer without a type.
pub(super) fn plain(status: u16, body: &'static str) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

pub(super) fn sse(body: impl Into<Body>) -> Answer {
    typed(200, "Text/Event-Stream", body)
}

/// One event with a JSON-RPC message.
pub(super) fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

/// A stream that sends this and then stays open.
pub(super) fn sse_that_hangs(start: String) -> Answer {
    let first = futures_util::stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(start)) });
    let rest = futures_util::stream::pending();
    sse(Body::from_stream(futures_util::StreamExt::chain(first, rest)))
}

/// A stream that sends this and then breaks the connection.
pub(super) fn sse_that_breaks(start: String) -> Answer {
    let first = futures_util::stream::once(async move { Ok(Bytes::from(start)) });
    let broken = futures_util::stream::once(async {
        // What is written so far is sent when the body is not ready.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("broken on purpose"))
    });
    sse(Body::from_stream(futures_util::StreamExt::chain(first, broken)))
}
