//! The `[backends.NAME]` tables of the configuration file as they are written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use outboard_protocol::types::LoggingLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::Interval;
use super::setting::Setting;

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
    /// one anonymous principal; "shared", all callers, and the program keeps nothing about them; "per-session" does not
    /// exist in this version.
    pub(super) isolation: Setting<Isolation>,
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
        Self {
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            env_pass: Vec::new(),
            cwd: None,
            prefix: None,
            isolation: Setting::default(),
            serial: None,
            roots: Vec::new(),
            log_level: Setting::default(),
            // The first start of a package runner downloads the package.
            start_timeout: Setting::default_of(Interval::seconds(60)),
            stop_timeout: Setting::default_of(Interval::seconds(1)),
            restart_delay: Setting::default_of(Interval::millis(100)),
            restart_delay_max: Setting::default_of(Interval::seconds(30)),
        }
    }
}
