//! What a lifted command is, and the bounds that it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::guard::GuardProgram;

/// A command that speaks MCP over its standard streams. There is no shell between: `args` arrive as they stand here.
#[derive(Clone, Debug)]
pub struct StdioConfig {
    /// What the backend is called in the config, in errors and in logs.
    pub name: String,
    /// The program: a path, or a name that is looked up in the `PATH` of the child's environment.
    pub command: String,
    /// Its arguments, each one as it is.
    pub args: Vec<String>,
    /// Variables that the child gets, with their values. They win over those that are passed on.
    pub env: BTreeMap<String, String>,
    /// Names of further variables that are passed on from our own environment, where they are set.
    pub env_pass: Vec<String>,
    /// The working directory; ours, where there is none.
    pub cwd: Option<PathBuf>,
    /// The program that guards the child.
    pub guard: GuardProgram,
    /// The bounds.
    pub bounds: StdioBounds,
}

impl StdioConfig {
    /// A command without arguments, in the default bounds.
    #[must_use]
    pub fn new(name: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            command: command.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            env_pass: Vec::new(),
            cwd: None,
            guard: GuardProgram::this_program(),
            bounds: StdioBounds::default(),
        }
    }
}

/// The bounds of a lifted command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StdioBounds {
    /// Longest line that the child may write, in bytes; a longer one ends the child, since what follows could not be
    /// told from it. Default 8 MiB.
    pub line_bytes_max: usize,
    /// Most calls in flight; the next is refused. Default 256.
    pub in_flight_max: usize,
    /// Most bytes that wait to be read by the child; a call that does not fit is refused. Default 16 MiB.
    pub queue_bytes_max: u32,
    /// Longest time from the start of the command to its list of tools. Default 60 s: `npx` and `uvx` download first.
    pub start_timeout: Duration,
    /// How long a child may keep silent to the question whether it is modern before it is taken for legacy. Default 10 s.
    pub probe_timeout: Duration,
    /// Pause before the first restart; each further one is twice as long. Default 100 ms.
    pub backoff_min: Duration,
    /// Longest pause before a restart. Default 30 s.
    pub backoff_max: Duration,
    /// A child that was up this long starts again with the shortest pause. Default 30 s.
    pub stable_after: Duration,
    /// How long a child has to exit by itself after its standard input was closed. Default 500 ms.
    pub exit_wait: Duration,
    /// How long it, and all that it has started, then has between SIGTERM and SIGKILL. Default 1 s.
    pub term_grace: Duration,
    /// Longest line of standard error that is logged whole, in bytes; the rest of a longer one is cut off. Default 8 KiB.
    pub log_line_bytes_max: usize,
    /// Most lines of standard error that are logged in a second; the rest is counted. Default 100.
    pub log_lines_per_second: u32,
    /// Most pages of a list of tools. Default 100.
    pub list_pages_max: usize,
    /// Most tools of a child. Default 2,000.
    pub list_tools_max: usize,
    /// Most bytes of a list of tools, all pages together. Default 8 MiB.
    pub list_bytes_max: usize,
}

impl Default for StdioBounds {
    fn default() -> Self {
        Self {
            line_bytes_max: 8 << 20,
            in_flight_max: 256,
            queue_bytes_max: 16 << 20,
            start_timeout: Duration::from_secs(60),
            probe_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(30),
            stable_after: Duration::from_secs(30),
            exit_wait: Duration::from_millis(500),
            term_grace: Duration::from_secs(1),
            log_line_bytes_max: 8 << 10,
            log_lines_per_second: 100,
            list_pages_max: 100,
            list_tools_max: 2_000,
            list_bytes_max: 8 << 20,
        }
    }
}
