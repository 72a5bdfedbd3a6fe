//! What several modules of these tests need: a server with a few tools, and legacy sessions.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request};
use outboard_identity::{GrantedScopes, Principal, ScopeSet};
use outboard_protocol::headers;
use outboard_protocol::types::{CallToolResult, Tool};
use outboard_runtime::{Catalog, DynamicTool, Json, Notify, Runtime, RuntimeConfig, tool};
use outboard_store::{Clock, KeyRing, RootKey, Sessions, Store, UnixMillis};
use outboard_testkit::clock::FakeClock;
use outboard_testkit::http::{Answer, AnswerStream, HttpRequest, Served, legacy};
use outboard_transport::{Authentication, HttpConfig, Shutdown, StreamableHttp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_service::Service as _;

/// How long a legacy session lives.
pub(crate) const SESSION_MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A server that a test changes before it starts it.
pub(crate) struct Setup {
    pub(crate) catalog: Catalog,
    pub(crate) http: HttpConfig,
    pub(crate) runtime: RuntimeConfig,
    pub(crate) shared: Shared,
}

/// What the replicas of one server have in common.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<FakeClock>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            catalog: catalog(),
            http: HttpConfig::new(Authentication::None),
            runtime: RuntimeConfig::default(),
            shared: Shared::new(),
        }
    }

    pub(crate) fn service(self) -> StreamableHttp {
        let store = &self.shared.store;
        let notify = Notify::new(store, Duration::from_secs(30));
        let runtime = Runtime::new(self.catalog, store.clone(), notify, self.runtime).unwrap();
        StreamableHttp::new(runtime, Shutdown::default(), self.http)
    }

    pub(crate) async fn serve(self) -> Served {
        Served::start(self.service()).await
    }

    /// A server that tells of changes and hears of other replicas, until it is dropped.
    pub(crate) fn follow(self) -> Following {
        let Self { catalog, http, runtime, shared } = self;
        let notify = Notify::new(&shared.store, Duration::from_secs(30));
        let runtime = Runtime::new(catalog, shared.store, notify, runtime).unwrap();
        let shutdown = Shutdown::default();
        let service = StreamableHttp::new(runtime.clone(), shutdown.clone(), http);
        let mut following = JoinSet::new();
        let followed = runtime.clone();
        following.spawn(async move { followed.follow().await });
        let told = service.clone();
        following.spawn(async move { told.run().await });
        Following { service, runtime, shutdown, _following: following }
    }
}

/// A server that tells of changes and hears of other replicas.
pub(crate) struct Following {
    pub(crate) service: StreamableHttp,
    pub(crate) runtime: Runtime,
    pub(crate) shutdown: Shutdown,
    _following: JoinSet<Infallible>,
}

impl Following {
    pub(crate) async fn serve(&self) -> Served {
        Served::start(self.service.clone()).await
    }
}

/// A clock that goes with the runtime's, which a test pauses.
#[derive(Debug)]
pub(crate) struct RuntimeClock(pub(crate) Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(1_785_240_000_000).saturating_add(self.0.elapsed())
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock::default());
        Self { store: Store::in_memory(ring(), clock.clone()), clock }
    }

    /// With a store whose clock goes with the runtime's.
    pub(crate) fn in_runtime_time() -> Self {
        let clock = Arc::new(RuntimeClock(Instant::now()));
        Self { store: Store::in_memory(ring(), clock), clock: Arc::default() }
    }

    pub(crate) fn sessions(&self) -> Sessions {
        Sessions::new(&self.store, SESSION_MAX_AGE)
    }
}

/// A key ring of its own.
pub(crate) fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap())
}

/// Serves callers who are told by a header, as a layer in front would have found them out.
pub(crate) async fn for_callers(service: StreamableHttp) -> Served {
    let found_out = tower::service_fn(move |mut request: Request<_>| {
        let caller = caller_in(request.headers());
        request.extensions_mut().insert(caller);
        let answer = service.clone().call(request);
        async move {
            let Ok(response) = answer.await;
            Ok::<_, Infallible>(response)
        }
    });
    Served::start(found_out).await
}

/// Whoever asks for a service that [`for_callers`] serves: issuer, subject, client, and the scopes it was granted.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) issuer: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) client: &'static str,
    pub(crate) scopes: &'static str,
}

/// Somebody without any scope.
pub(crate) const ADA: Caller = Caller { issuer: "https://a.example", subject: "ada", client: "editor", scopes: "" };

impl Caller {
    /// The same party with these scopes.
    pub(crate) const fn with(self, scopes: &'static str) -> Self {
        Self { scopes, ..self }
    }

    /// The request by this caller.
    pub(crate) fn asks(self, request: HttpRequest) -> HttpRequest {
        let Self { issuer, subject, client, scopes } = self;
        request.with("x-caller", format!("{issuer},{subject},{client},{scopes}"))
    }
}

/// The caller of a request that [`Caller::asks`] made.
pub(crate) fn caller_in(headers: &HeaderMap) -> Principal {
    let parts: Vec<&str> = headers["x-caller"].to_str().unwrap().split(',').collect();
    let scopes = if parts[3].is_empty() { ScopeSet::default() } else { parts[3].parse().unwrap() };
    Principal::verified(parts[0], parts[1], parts[2], GrantedScopes::Only(scopes))
}

/// Calls a service without a connection, so that time can be paused.
pub(crate) async fn direct(service: &StreamableHttp, request: HttpRequest) -> AnswerStream {
    let Ok(response) = service.clone().call(request.into_http()).await;
    AnswerStream::of(response)
}

/// A legacy session, as its client knows it.
pub(crate) struct LegacySession {
    pub(crate) id: String,
    pub(crate) revision: String,
}

impl LegacySession {
    /// Opens a session that speaks `revision`.
    pub(crate) async fn open(served: &Served, revision: &str) -> Self {
        Self::opened(&served.send(initialize(revision)).await)
    }

    /// Opens a session of a client that can be asked for this.
    pub(crate) async fn of_client(served: &Served, revision: &str, capabilities: &Value) -> Self {
        let request = initialize(revision).edit(|message| message["params"]["capabilities"] = capabilities.clone());
        Self::opened(&served.send(request).await)
    }

    /// Opens a session over no connection, so that time can be paused.
    pub(crate) async fn direct(service: &StreamableHttp, revision: &str) -> Self {
        Self::opened(&direct(service, initialize(revision)).await.whole().await)
    }

    pub(crate) fn opened(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let revision = answer.json()["result"]["protocolVersion"].as_str().unwrap().to_owned();
        Self { id: answer.header(headers::SESSION_ID).unwrap().to_owned(), revision }
    }

    /// A request in the session.
    pub(crate) fn request(&self, method: &str, params: Value) -> HttpRequest {
        legacy(method, params).in_session(&self.id, &self.revision)
    }

    /// A request for the session's stream.
    pub(crate) fn get(&self) -> HttpRequest {
        HttpRequest::of(Method::GET).with("accept", "text/event-stream").in_session(&self.id, &self.revision)
    }

    /// A request for what came after an event.
    pub(crate) fn resume(&self, last_event_id: &str) -> HttpRequest {
        self.get().with("last-event-id", last_event_id)
    }

    /// The answer to a question of the server: its id, and `{"result": …}` or `{"error": …}`.
    pub(crate) fn answer(&self, id: &str, outcome: &Value) -> HttpRequest {
        let mut message = json!({"jsonrpc": "2.0", "id": id});
        message.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        self.request("", json!({})).json(&message)
    }
}

pub(crate) fn initialize(revision: &str) -> HttpRequest {
    let client = json!({"name": "test", "version": "1"});
    legacy("initialize", json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client}))
}

/// Asserts an error: its HTTP status, its code, and that it is answered under `id` (`null`: that it has none). Returns
/// the error.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, code: i64, id: &Value) -> Value {
    let mut body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body.get("id").unwrap_or(&Value::Null), id, "{body}");
    assert_eq!(body.get("id"), Some(id).filter(|id| !id.is_null()), "an id is there or left out, never null: {body}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    body["error"].take()
}

pub(crate) fn catalog() -> Catalog {
    let anything: Tool =
        serde_json::from_value(json!({"name": "anything", "inputSchema": {"type": "object"}})).unwrap();
    Catalog::new("tests", "1.2.3")
        .instructions("Try them.")
        .tool(echo)
        .tool(divide)
        .tool(forecast)
        .tool(readings)
        .tool(DynamicTool::new(anything, |_, arguments| async move { CallToolResult::text(arguments.to_string()) }))
}

/// Gives the text back.
#[tool(title = "Echo", read_only)]
async fn echo(text: String) -> String {
    text
}

/// Divides.
#[tool]
async fn divide(dividend: i64, divisor: i64) -> Result<String, &'static str> {
    dividend.checked_div(divisor).map(|quotient| quotient.to_string()).ok_or("the divisor must not be 0")
}

#[derive(Serialize, JsonSchema)]
struct Forecast {
    degrees: i64,
}

/// Answers with an object.
#[tool(title = "Forecast")]
async fn forecast() -> Json<Forecast> {
    Json(Forecast { degrees: 21 })
}

/// Answers with an array.
#[tool]
async fn readings() -> Json<Vec<i64>> {
    Json(vec![1, 2])
}
