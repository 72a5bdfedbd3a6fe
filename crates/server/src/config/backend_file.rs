//! The `[backends.NAME]` tables of the configuration file as they are written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use outboard_backend::stdio::StdioBounds;
use outboard_protocol::types::LoggingLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::setting::Setting;
use crate::diagnostics::Place;

/// The backends of the file, by name.
pub(super) type Backends = BTreeMap<Setting<String>, BackendTable>;

/// A stdio program that is served remotely.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BackendTable {
    /// Program to start, by path or by name in `PATH`. No shell is involved.
    pub(super) command: Option<Setting<String>>,
    /// Arguments of the program, one per entry.
    pub(super) args: Vec<Setting<String>>,
    /// Variables that are set for the program. `${NAME}` in a value is replaced by outboard's own variable of that
    /// name; `$${` stands for `${`.
    pub(super) env: BTreeMap<Setting<String>, Setting<String>>,
    /// Names of outboard's own variables that the program gets unchanged, beside those that every program gets, such as
    /// `PATH`, `HOME` and `LANG`. No other variable reaches it.
    pub(super) env_pass: Vec<Setting<String>>,
    /// Working directory of the program, relative to this file. By default outboard's own.
    pub(super) cwd: Option<Setting<PathBuf>>,
    /// What the names of its tools and prompts begin with, before an underscore; "" for nothing. At most 32 of
    /// letters, digits, `_`, `.` and `-`. By default the name of the backend, and nothing if it is the only provider.
    pub(super) prefix: Option<Setting<String>>,
    /// Who shares one process: "per-principal", each caller has its own, and without authentication all callers are
    /// one anonymous principal; "shared", all callers, and the program keeps nothing about them; "per-session", and with
    /// `[auth]` "per-principal", does not exist in this version. With `[auth]` it has to be written.
    pub(super) isolation: Setting<Isolation>,
    /// Claims of the caller that the program is told in `_meta` of each call, by their names; `iss`, `sub`, `client_id` and
    /// `scope` are known of every caller, others where its issuer says them. At most 64.
    pub(super) claims: Vec<Setting<String>>,
    /// Whether the program gets one call at a time, so that what it asks and logs is known to belong to that call.
    /// By default true, unless `isolation` is "shared".
    pub(super) serial: Option<Setting<bool>>,
    /// Directories, relative to this file, or `file://` URIs that outboard names when the program asks for roots. What
    /// callers have as roots never reaches the program: it would read them on this machine.
    pub(super) roots: Vec<Setting<String>>,
    /// Least severe level of log messages to ask of the program: "debug", "info", "notice", "warning", "error",
    /// "critical", "alert" or "emergency".
    pub(super) log_level: Setting<ChildLogLevel>,
    /// Longest time from the program's start until it can be called, 100ms to 10m.
    pub(super) start_timeout: Setting<Interval>,
    /// Time that the program has between SIGTERM and SIGKILL, 0s to 5m.
    pub(super) stop_timeout: Setting<Interval>,
    /// Pause before the first restart of a program that ended; it doubles with each restart, 10ms to 1m.
    pub(super) restart_delay: Setting<Interval>,
    /// Longest pause between two restarts, at least `restart_delay`, 10ms to 1h.
    pub(super) restart_delay_max: Setting<Interval>,
    /// How long the program may keep silent to the question whether it speaks revision 2026-07-28 before it is taken for an
    /// older one, 100ms to 5m; it is a part of `start_timeout`.
    pub(super) probe_timeout: Setting<Interval>,
    /// Longest line that the program may write, 1KiB to 256MiB; a longer one ends it.
    pub(super) line_bytes: Setting<Size>,
    /// Most calls of the program in flight at a time, 1 to 10000; a further one is refused.
    pub(super) in_flight: Setting<Count>,
    /// Most bytes that wait until the program reads them, 1KiB to 1GiB; a call that does not fit is refused.
    pub(super) queue_bytes: Setting<Size>,
    /// Most items of one of its lists (tools, prompts, resources, templates), 1 to 100000; a longer list is not served.
    pub(super) list_items: Setting<Count>,
    /// Most bytes of one of its lists, all pages together, 1KiB to 256MiB; a longer list is not served.
    pub(super) list_bytes: Setting<Size>,
    /// Most pages of one of its lists, 1 to 10000; a longer list is not served.
    pub(super) list_pages: Setting<Count>,
    /// Most questions of the program that wait for an answer, 1 to 10000; a further one is refused.
    pub(super) questions: Setting<Count>,
    /// Most resources whose changes the program is asked to tell, 1 to 1000000; a further one is not followed.
    pub(super) watched: Setting<Count>,
}

impl BackendTable {
    /// Who shares one process of it, if somebody has written it.
    pub(super) fn isolation(&self) -> Option<Setting<Isolation>> {
        (self.isolation.place != Place::Default).then(|| self.isolation.clone())
    }
}

/// Who shares one child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Isolation {
    /// The calls of one principal.
    #[default]
    PerPrincipal,
    /// The calls of one session.
    PerSession,
    /// Everybody: the operator declares that the program keeps nothing about its callers.
    Shared,
}

/// A level of log messages, as the specification names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChildLogLevel {
    Debug,
    #[default]
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl From<ChildLogLevel> for LoggingLevel {
    fn from(level: ChildLogLevel) -> Self {
        match level {
            ChildLogLevel::Debug => Self::Debug,
            ChildLogLevel::Info => Self::Info,
            ChildLogLevel::Notice => Self::Notice,
            ChildLogLevel::Warning => Self::Warning,
            ChildLogLevel::Error => Self::Error,
            ChildLogLevel::Critical => Self::Critical,
            ChildLogLevel::Alert => Self::Alert,
            ChildLogLevel::Emergency => Self::Emergency,
        }
    }
}

impl Default for BackendTable {
    fn default() -> Self {
        let bounds = StdioBounds::default();
        Self {
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            env_pass: Vec::new(),
            cwd: None,
            prefix: None,
            isolation: Setting::default(),
            claims: Vec::new(),
            serial: None,
            roots: Vec::new(),
            log_level: Setting::default(),
            start_timeout: Setting::default_of(Interval(bounds.start_timeout)),
            stop_timeout: Setting::default_of(Interval(bounds.term_grace)),
            restart_delay: Setting::default_of(Interval(bounds.backoff_min)),
            restart_delay_max: Setting::default_of(Interval(bounds.backoff_max)),
            probe_timeout: Setting::default_of(Interval(bounds.probe_timeout)),
            line_bytes: Setting::default_of(Size(bounds.line_bytes_max)),
            in_flight: Setting::default_of(Count(bounds.in_flight_max)),
            queue_bytes: Setting::default_of(Size(usize::try_from(bounds.queue_bytes_max).unwrap_or(usize::MAX))),
            list_items: Setting::default_of(Count(bounds.list_items_max)),
            list_bytes: Setting::default_of(Size(bounds.list_bytes_max)),
            list_pages: Setting::default_of(Count(bounds.list_pages_max)),
            questions: Setting::default_of(Count(bounds.questions_max)),
            watched: Setting::default_of(Count(bounds.watched_max)),
        }
    }
}
