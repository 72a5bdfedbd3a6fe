//! The configuration as the rest of the server uses it: checked, merged, in plain types.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outboard_backend::stdio::StdioBounds;
use outboard_protocol::types::LoggingLevel;
use outboard_runtime::{InputConfig, SchemaLimits, StateConfig};
use outboard_store::MemoryStoreLimits;
use outboard_store_redis::RedisConfig;
use outboard_transport::LegacyConfig;
use url::Url;

use super::auth::AuthConfig;
use super::backend_file::Isolation;
use super::dev_issuer::DevIssuerConfig;
use super::file::{self, File, LogFormat};
use super::session::SessionKeys;
use super::subscriptions::Subscriptions;
use super::transport::Transport;
use super::value::{EndpointPath, ExactOrigin, LogFilter};

/// The whole configuration. What the settings mean stands beside the keys of the file.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// How clients reach the server; over stdio, what is said about the network has no effect.
    pub(crate) transport: Transport,
    /// Address to listen on; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// External URL without the endpoint's path; `None`: what `listen` says.
    pub(crate) public_url: Option<Url>,
    /// Path of the MCP endpoint.
    pub(crate) path: EndpointPath,
    /// Origins of web pages that may call.
    pub(crate) allowed_origins: Vec<ExactOrigin>,
    /// Directory of the server's own state; it need not exist yet.
    pub(crate) state_dir: PathBuf,
    /// Whether the operator asked to serve without authentication where others can reach the server.
    pub(crate) insecure_no_auth: bool,
    /// Who may call, and what; `None`: whoever reaches the server can call every tool.
    pub(crate) auth: Option<AuthConfig>,
    /// The issuer of tokens for development; `None`: it does not run.
    pub(crate) dev_issuer: Option<DevIssuerConfig>,
    /// Where the keys are that seal what clients keep.
    pub(crate) session_keys: SessionKeys,
    /// Where replicas keep what they share; `None`: in the memory of this process.
    pub(crate) redis: Option<RedisConfig>,
    /// How many replicas run, this one included.
    pub(crate) replicas: usize,
    /// What is logged, and how.
    pub(crate) log: Log,
    /// How the server introduces itself.
    pub(crate) server: Server,
    /// Bounds in bytes and numbers.
    pub(crate) limits: Limits,
    /// Bounds in time.
    pub(crate) timeouts: Timeouts,
    /// What happens between SIGTERM and the end.
    pub(crate) drain: Drain,
    /// When answers become streams.
    pub(crate) stream: Stream,
    /// Most requests of the client in flight over stdio.
    pub(crate) stdio_requests: usize,
    /// The bounds of the schemas of tools.
    pub(crate) schema: SchemaLimits,
    /// The bounds of questions to the client.
    pub(crate) input: InputConfig,
    /// The bounds of streams of notifications.
    pub(crate) subscriptions: Subscriptions,
    /// Sessions and streams of the legacy era.
    pub(crate) legacy: LegacyConfig,
    /// The bounds of state between calls.
    pub(crate) state: StateConfig,
    /// The bounds of what is kept in memory.
    pub(crate) store: MemoryStoreLimits,
    /// Names of backends, the one that wins a resource that several list first. Each is one of `backends`.
    pub(crate) resource_order: Vec<String>,
    /// What is lifted, in the order of the names; then that of `--import`, that of `--stdio` last.
    pub(crate) backends: Vec<Backend>,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// Level, or levels by target.
    pub(crate) level: LogFilter,
    /// Form of the log.
    pub(crate) format: LogFormat,
}

/// How the server introduces itself (`Implementation` and `instructions` of the specification).
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Name for programs; `None`: what the catalog says, as for the others.
    pub(crate) name: Option<String>,
    /// Name for people.
    pub(crate) title: Option<String>,
    /// Version that clients are told.
    pub(crate) version: Option<String>,
    /// How to use the server, for the model.
    pub(crate) instructions: Option<String>,
}

/// Bounds in bytes and numbers.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Largest body of a request, and longest line over stdio, in bytes.
    pub(crate) body_bytes: usize,
    /// Largest head of a request, in bytes.
    pub(crate) header_bytes: usize,
    /// Most header fields of a request.
    pub(crate) header_count: usize,
    /// Most connections at a time.
    pub(crate) connections: usize,
    /// Most calls at a time.
    pub(crate) calls: usize,
    /// Most items in one page of a list.
    pub(crate) page_items: usize,
}

impl Limits {
    fn of(limits: &file::Limits) -> Self {
        Self {
            body_bytes: limits.body.value.0,
            header_bytes: limits.headers.value.0,
            header_count: limits.header_count.value.0,
            connections: limits.connections.value.0,
            calls: limits.calls.value.0,
            page_items: limits.page_items.value.0,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&File::default().limits)
    }
}

/// Bounds in time.
#[derive(Debug, Clone)]
pub(crate) struct Timeouts {
    /// Until the end of a request's head.
    pub(crate) headers: Duration,
    /// To receive a request's body.
    pub(crate) body: Duration,
    /// For a client that takes nothing of what is written to it.
    pub(crate) write: Duration,
    /// For a connection without a request.
    pub(crate) idle: Duration,
    /// For a call.
    pub(crate) call: Duration,
}

impl Timeouts {
    fn of(timeouts: &file::Timeouts) -> Self {
        Self {
            headers: timeouts.headers.value.0,
            body: timeouts.body.value.0,
            write: timeouts.write.value.0,
            idle: timeouts.idle.value.0,
            call: timeouts.call.value.0,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::of(&File::default().timeouts)
    }
}

/// What happens between SIGTERM and the end.
#[derive(Debug, Clone)]
pub(crate) struct Drain {
    /// To go on accepting.
    pub(crate) delay: Duration,
    /// For calls in flight, after `delay`.
    pub(crate) timeout: Duration,
}

/// When answers become streams.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    /// When an awaited answer becomes a stream, modern era.
    pub(crate) after: Duration,
    /// Between two keep-alive comments.
    pub(crate) keep_alive: Duration,
}

/// One stdio program to lift.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    /// Its name; unique, at most 32 of letters, digits, `_`, `.` and `-`.
    pub(crate) name: String,
    /// Program to start, never by a shell.
    pub(crate) command: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Variables that are set for it.
    pub(crate) env: ChildEnv,
    /// Names of variables of the server's own that it gets beside those that every child gets.
    pub(crate) env_pass: Vec<String>,
    /// Its working directory; `None`: the server's own.
    pub(crate) cwd: Option<PathBuf>,
    /// The configured prefix; ask [`Backend::prefix`].
    pub(super) prefix: Option<String>,
    /// Who shares one process of it.
    pub(crate) isolation: Isolation,
    /// The claims of callers that it is told, by name; `iss`, `sub`, `client_id` and `scope` are those of the principal.
    pub(crate) claims: Vec<String>,
    /// Whether it gets one call at a time.
    pub(crate) serial: bool,
    /// What it is answered when it asks for roots: `file://` URIs.
    pub(crate) roots: Vec<Url>,
    /// Least severe level of log messages to ask of it.
    pub(crate) log_level: LoggingLevel,
    /// The bounds that it runs in.
    pub(crate) bounds: StdioBounds,
    /// The server's own environment.
    pub(super) own: OwnEnvironment,
}

impl Backend {
    /// What its tools' names begin with, in a catalog of so many providers (natives count): the configured prefix, else
    /// nothing for an only provider, else the backend's name.
    #[must_use]
    pub(crate) fn prefix(&self, providers: usize) -> Option<&str> {
        match &self.prefix {
            Some(prefix) if prefix.is_empty() => None,
            Some(prefix) => Some(prefix),
            None if providers <= 1 => None,
            None => Some(&self.name),
        }
    }

    /// The server's own environment, of which the child gets what the allow list and `env_pass` name.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        self.own.0.to_vec()
    }
}

/// Variables of a child. Their values may be secrets: they are not part of the `Debug` form.
#[derive(Clone, Default)]
pub(crate) struct ChildEnv(pub(super) BTreeMap<String, String>);

impl ChildEnv {
    /// The names of the variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The variables by name, values in the clear.
    pub(crate) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

impl fmt::Debug for ChildEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The environment of this process, with all its secrets.
#[derive(Clone)]
pub(super) struct OwnEnvironment(pub(super) Arc<[(OsString, OsString)]>);

impl fmt::Debug for OwnEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}
