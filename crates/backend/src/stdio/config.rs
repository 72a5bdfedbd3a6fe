//! What a lifted command is, and the bounds that it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use outboard_protocol::types::{LoggingLevel, Root};

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
    /// Who shares one process of it.
    pub isolation: Isolation,
    /// The claims of the caller that the child is told in `_meta` of each call, by their names, as the object
    /// `dev.outboard/claims`. Of every caller [some](super::is_inherent) are known; others where its principal has them.
    /// Default: none, and then nothing is told.
    pub claims: Vec<String>,
    /// A call whose caller can be asked runs alone, so that it is known whose question is asked; the others run side by side.
    /// Without it, a question that may be anybody's is refused. Default: yes.
    pub serial: bool,
    /// What the child is answered when it asks for roots. It is never a caller who answers: theirs are on their own machines,
    /// and these on the child's. Where there are none, the child is told that there is nobody to ask.
    pub roots: Vec<Root>,
    /// The level from which on a legacy child that sends log lines is asked to. Default: [`LoggingLevel::Info`].
    pub log_level: LoggingLevel,
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
            isolation: Isolation::default(),
            claims: Vec::new(),
            serial: true,
            roots: Vec::new(),
            log_level: LoggingLevel::Info,
            guard: GuardProgram::this_program(),
            bounds: StdioBounds::default(),
        }
    }
}

/// Who shares one process of a lifted command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// The callers of one principal. Today there is one process, and who starts it sees to it that there is one principal.
    #[default]
    PerPrincipal,
    /// Everybody: who runs it declares that it keeps nothing between calls. It is offered nothing of a caller's, nor roots.
    Shared,
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
    /// Longest time from the start of the command to its lists. Default 60 s: `npx` and `uvx` download first.
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
    /// Most pages of one of its lists. Default 100.
    pub list_pages_max: usize,
    /// Most items of one of its lists. Default 2,000.
    pub list_items_max: usize,
    /// Most bytes of one of its lists, all pages together. Default 8 MiB.
    pub list_bytes_max: usize,
    /// Most questions of the child that wait for an answer; a further one is refused. Default 64.
    pub questions_max: usize,
    /// Most resources whose changes it is asked to tell; a further one is not followed. Default 10,000.
    pub watched_max: usize,
    /// How long a call that nobody waits for any more still counts as one in flight, unless the child answers it: it may go on
    /// with it, and ask or tell something that is not for the next caller. Default 60 s.
    pub abandoned_for: Duration,
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
            list_items_max: 2_000,
            list_bytes_max: 8 << 20,
            questions_max: 64,
            watched_max: 10_000,
            abandoned_for: Duration::from_secs(60),
        }
    }
}
