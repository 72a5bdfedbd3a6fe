//! The configuration file as it is written: every key with its meaning, unit and default.
//!
//! The documentation of the fields is what the JSON Schema and the help of diagnostics show, so it is written for
//! operators. It says nothing about how values are checked; ranges named here are held by `check`. `Serialize` is there
//! for the defaults in the schema, and for `shown`, which leaves out what may be secret.

use std::path::PathBuf;

use outboard_runtime::{RuntimeConfig, SchemaLimits};
use outboard_transport::stdio::StdioConfig;
use outboard_transport::{Authentication, HttpConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::auth::AuthTable;
use super::backend_file::Backends;
use super::dev_issuer::DevIssuerTable;
use super::input::InputTable;
use super::legacy::LegacyTable;
use super::session::SessionTable;
use super::setting::Setting;
use super::state::StateTable;
use super::store::StoreTable;
use super::subscriptions::SubscriptionsTable;
use super::transport::Transport;
use super::value::{EndpointPath, Listen, LogFilter, OriginRule, PublicUrl};

/// Configuration of outboard.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(title = "outboard.toml")]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// How clients reach the server: "http", or "stdio" for the one client that starts it, which has standard input and
    /// output; then the settings of the network have no effect.
    pub(super) transport: Setting<Transport>,
    /// Address and port to listen on; port 0 takes a free one. Addresses other than loopback need `[auth]`, with which
    /// they need `public_url`, or `insecure_no_auth`.
    pub(super) listen: Setting<Listen>,
    /// URL under which clients reach the server, without `path`; with `[auth]` one of https, unless it leads to this
    /// machine. By default what `listen` says.
    pub(super) public_url: Option<Setting<PublicUrl>>,
    /// Path of the MCP endpoint.
    pub(super) path: Setting<EndpointPath>,
    /// Origins of the web pages that may call the server from a browser, exactly as browsers send them.
    pub(super) allowed_origins: Vec<Setting<OriginRule>>,
    /// Directory for the server's own state, such as the generated key that legacy sessions are sealed with;
    /// relative to this file. By default `$XDG_STATE_HOME/outboard`, else `~/.local/state/outboard`.
    pub(super) state_dir: Option<Setting<PathBuf>>,
    /// Serve without authentication even where others can reach the server. Said at each start.
    pub(super) insecure_no_auth: Setting<bool>,
    /// Who may call, and what. With this table, every call needs a token or an API key. By default there is none, and
    /// whoever reaches the server can call every tool.
    #[schemars(with = "AuthTable")]
    pub(super) auth: Option<Setting<AuthTable>>,
    /// An issuer of tokens for development, which asks for no passwords. It serves this machine alone.
    pub(super) dev_issuer: DevIssuerTable,
    /// What is logged, and how.
    pub(super) log: Log,
    /// How the server introduces itself to clients.
    pub(super) server: Server,
    /// Bounds in bytes and numbers.
    pub(super) limits: Limits,
    /// Bounds in time.
    pub(super) timeouts: Timeouts,
    /// What happens between SIGTERM and the end.
    pub(super) drain: Drain,
    /// Sessions of clients of revision 2025-11-25 and before, and the keys that seal what clients of all revisions keep.
    pub(super) session: SessionTable,
    /// When answers become streams.
    pub(super) stream: Stream,
    /// Questions to the client: elicitation, sampling and roots.
    pub(super) input: InputTable,
    /// Streams of notifications and subscriptions to resources.
    pub(super) subscriptions: SubscriptionsTable,
    /// Streams of clients of revision 2025-11-25 and before.
    pub(super) legacy: LegacyTable,
    /// What tools keep for a principal between calls, each value under its handle.
    pub(super) state: StateTable,
    /// What is kept for all clients together: in Redis, or in memory within bounds.
    pub(super) store: StoreTable,
    /// How many replicas of the server run, this one included, 1 to 1000. With more than one, `store.redis` and
    /// `session.key_file` have to be set.
    pub(super) replicas: Setting<Count>,
    /// Names of backends, the one that wins first, for where two list the same resource URI or overlapping resource
    /// templates. By default two such backends are refused.
    pub(super) resource_order: Vec<Setting<String>>,
    /// MCP servers to lift, each in a table `[backends.NAME]`: stdio programs that are served remotely.
    pub(super) backends: Backends,
}

/// What is logged, and how.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    /// Level ("off", "error", "warn", "info", "debug", "trace"), or levels by target: "info,hyper=warn".
    pub(super) level: Setting<LogFilter>,
    /// Form of the log: "pretty" for people, "json", or "auto", which is pretty on a terminal and JSON elsewhere.
    pub(super) format: Setting<LogFormat>,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Lines of text for people.
    Pretty,
    /// One JSON object per event.
    Json,
}

/// How the server introduces itself to clients (`Implementation` of the specification).
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Server {
    /// Name for programs. By default what the program that serves calls itself.
    pub(super) name: Option<Setting<String>>,
    /// Name for people. By default none.
    pub(super) title: Option<Setting<String>>,
    /// Version that clients are told. By default that of the program that serves.
    pub(super) version: Option<Setting<String>>,
    /// How to use the server, written for the model that calls it. By default none.
    pub(super) instructions: Option<Setting<String>>,
}

/// Bounds in bytes and numbers.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    /// Largest body of a request, and over stdio the longest line, 1KiB to 256MiB.
    pub(super) body: Setting<Size>,
    /// Largest head of a request, all header fields together, 8KiB to 1MiB.
    pub(super) headers: Setting<Size>,
    /// Most header fields of a request, 16 to 1000.
    pub(super) header_count: Setting<Count>,
    /// Most connections at a time, 1 to 1000000.
    pub(super) connections: Setting<Count>,
    /// Most calls at a time over all clients, 1 to 100000.
    pub(super) calls: Setting<Count>,
    /// Most items in one page of a list, 1 to 10000.
    pub(super) page_items: Setting<Count>,
    /// Most requests that the client may have in flight over stdio, streams of notifications among them, 1 to 100000.
    pub(super) stdio_requests: Setting<Count>,
    /// Largest schema of a tool's arguments or results, as compact JSON, 1KiB to 16MiB. A lifted tool whose arguments have
    /// one over the bounds is left out; a program whose own tool has one does not start.
    pub(super) schema_bytes: Setting<Size>,
    /// Most levels of arrays and objects in the schema of a tool, 4 to 64.
    pub(super) schema_depth: Setting<Count>,
    /// Most objects and arrays in the schema of a tool, counted again wherever a reference names them, 10 to 1000000.
    pub(super) schema_nodes: Setting<Count>,
}

/// Bounds in time.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Timeouts {
    /// Longest time from the start of a request to the end of its head, 100ms to 5m.
    pub(super) headers: Setting<Interval>,
    /// Longest time to receive a request's body, 100ms to 1h.
    pub(super) body: Setting<Interval>,
    /// Longest time that a client may take none of what is written to it, 100ms to 1h; then its connection is dropped.
    pub(super) write: Setting<Interval>,
    /// Longest time that a connection stays open without a request, 1s to 1h.
    pub(super) idle: Setting<Interval>,
    /// Longest time that a call may take, 100ms to 1d.
    pub(super) call: Setting<Interval>,
}

/// What happens between SIGTERM and the end.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Drain {
    /// Time to go on accepting while load balancers take notice, 0s to 5m. After Ctrl-C (SIGINT) there is none.
    pub(super) delay: Setting<Interval>,
    /// Time that calls in flight have to end, after `delay`, 0s to 1h.
    pub(super) timeout: Setting<Interval>,
}

/// When answers become streams.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stream {
    /// Time after which an answer that is still awaited becomes a stream, 0s to 5m.
    pub(super) after: Setting<Interval>,
    /// The same for clients of revision 2025-11-25 and before, 0s to 5m.
    pub(super) after_legacy: Setting<Interval>,
    /// Time between two comments that keep a silent stream open, 1s to 5m.
    pub(super) keep_alive: Setting<Interval>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            transport: Setting::default(),
            listen: Setting::default_of(Listen(([127, 0, 0, 1], 8080).into())),
            public_url: None,
            path: Setting::default(),
            allowed_origins: Vec::new(),
            state_dir: None,
            insecure_no_auth: Setting::default(),
            auth: None,
            dev_issuer: DevIssuerTable::default(),
            log: Log::default(),
            server: Server::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            drain: Drain::default(),
            session: SessionTable::default(),
            stream: Stream::default(),
            input: InputTable::default(),
            subscriptions: SubscriptionsTable::default(),
            legacy: LegacyTable::default(),
            state: StateTable::default(),
            store: StoreTable::default(),
            replicas: Setting::default_of(Count(1)),
            resource_order: Vec::new(),
            backends: Backends::default(),
        }
    }
}

impl Limits {
    /// The bounds of the schemas of tools.
    pub(super) fn schema(&self) -> SchemaLimits {
        SchemaLimits {
            bytes_max: self.schema_bytes.value.0,
            depth_max: self.schema_depth.value.0,
            expanded_nodes_max: self.schema_nodes.value.0,
            // A number of ours, not the operator's: with more, checking a value could overflow the stack.
            levels_max: SchemaLimits::default().levels_max,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let (http, runtime) = (http(), RuntimeConfig::default());
        Self {
            body: Setting::default_of(Size(http.body_bytes_max)),
            headers: Setting::default_of(Size::kib(32)),
            header_count: Setting::default_of(Count(100)),
            connections: Setting::default_of(Count(1_000)),
            calls: Setting::default_of(Count(runtime.concurrent_calls_max)),
            page_items: Setting::default_of(Count(runtime.page_items_max)),
            stdio_requests: Setting::default_of(Count(StdioConfig::default().requests_max)),
            schema_bytes: Setting::default_of(Size(runtime.schema.bytes_max)),
            schema_depth: Setting::default_of(Count(runtime.schema.depth_max)),
            schema_nodes: Setting::default_of(Count(runtime.schema.expanded_nodes_max)),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            headers: Setting::default_of(Interval::seconds(10)),
            body: Setting::default_of(Interval(http().body_timeout)),
            write: Setting::default_of(Interval::seconds(30)),
            // Longer than the 60 s after which common proxies close, so that the proxy is the one that closes and no
            // request meets a closing connection.
            idle: Setting::default_of(Interval::seconds(75)),
            call: Setting::default_of(Interval(RuntimeConfig::default().deadline)),
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self { delay: Setting::default_of(Interval::seconds(5)), timeout: Setting::default_of(Interval::seconds(25)) }
    }
}

impl Default for Stream {
    fn default() -> Self {
        let http = http();
        Self {
            after: Setting::default_of(Interval(http.stream_after_modern)),
            after_legacy: Setting::default_of(Interval(http.legacy.stream_after)),
            keep_alive: Setting::default_of(Interval(http.keep_alive)),
        }
    }
}

/// The defaults of the transport, which owns what most of these settings bound.
fn http() -> HttpConfig {
    HttpConfig::new(Authentication::None)
}
