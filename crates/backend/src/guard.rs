//! The guard: the process between the server and a command that leaves nothing of the command behind.
//!
//! A server that is killed cannot clean up after itself, and a command may have started anything: an `npx` starts a shell
//! that starts node, and a daemon leaves its process group, its session and its parent. So each command runs under a
//! process of its own, the *guard*, which is our own program started a second time in a hidden mode:
//!
//! - It is a *child subreaper*: whatever the command leaves behind becomes the guard's child, so that the tree of parents
//!   under the guard holds every descendant, `setsid` and double fork included.
//! - Its standard input is one end of a socket pair, the *lifeline*. The server holds the only other end, close-on-exec,
//!   so that the end of the server, whatever ended it, is an end of file here.
//! - On that end of file, when the command ends, or on SIGTERM, SIGINT or SIGHUP it asks every descendant to terminate
//!   (SIGTERM), kills (SIGKILL) what is left after the grace, and goes only when no child is left. The order of events
//!   that the server sees is the order in which they happened: the command's own end is reported at once.
//! - No byte passes through it: the command inherits standard output and error, and its standard input comes as a
//!   descriptor over the lifeline. Nothing else is inherited: the guard first closes what it got by accident.
//! - It leads its own process group, and the command another: the terminal's Ctrl-C reaches the server alone, which
//!   drains first, and a `kill 0` in the command's scripts does not reach the guard.
//!
//! Why the descriptor is sent and not inherited: an inheritable descriptor would reach whatever else the server starts at
//! that moment, and without `unsafe` nothing could close it again in the guard. Why it is not opened through
//! `/proc/<server>/fd`: that needs the right to trace the server, and a check that the number still means the same
//! process. A sent descriptor needs neither, and a server that has died is an end of file in its place: then the guard
//! goes without starting the command.
//!
//! What ends the guard itself by SIGKILL ends its protection; the command then still sees the end of its input.
//! Linux only: it needs subreapers and `/proc`.

mod control;
mod descendants;
mod descriptors;
mod ending;
mod spawn;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use thiserror::Error;

pub use ending::Ending;
pub use spawn::{GuardProgram, SpawnError};
pub(crate) use spawn::{Guarded, GuardedCommand, Lifeline};

/// The first argument that makes a program a guard.
const GUARD_ARGUMENT: &str = "__outboard-guard";

/// What the guard exits with when it could not do its work (sysexits: `EX_OSERR`).
const EXIT_GUARD_FAILED: u8 = 71;

/// Runs the guard and returns its exit code, if that is what this process was started for; else returns `None` at once.
///
/// Call it first thing in `main`, before any runtime or thread is started and before anything is opened: in the guard it
/// closes the descriptors that the process inherited. A program whose `main` does not call it cannot lift commands: its
/// second self would be a second server. [`SpawnError`] names that mistake.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     if let Some(code) = outboard_backend::guard::run_if_guard() {
///         return code;
///     }
///     // … the program itself …
///     std::process::ExitCode::SUCCESS
/// }
/// ```
#[must_use]
pub fn run_if_guard() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != GUARD_ARGUMENT {
        return None;
    }
    let code = Order::read(arguments).and_then(|order| watch::run(&order));
    Some(ExitCode::from(code.unwrap_or_else(|error| {
        // Standard error is a pipe to the server's log, or the terminal of a person who tried this by hand.
        drop(writeln!(io::stderr(), "outboard guard: {error}"));
        EXIT_GUARD_FAILED
    })))
}

/// What the guard is told on its command line; the environment and the working directory it has already.
#[derive(Debug)]
struct Order {
    /// How long the descendants have between SIGTERM and SIGKILL.
    grace: Duration,
    /// The program to start, found in `PATH` where it has no slash.
    program: OsString,
    /// Its arguments.
    arguments: Vec<OsString>,
}

impl Order {
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, GuardError> {
        let grace = arguments.next().and_then(|grace| grace.to_str()?.parse().ok());
        let (Some(grace), Some(program)) = (grace, arguments.next()) else { return Err(GuardError::Order) };
        Ok(Self { grace: Duration::from_millis(grace), program, arguments: arguments.collect() })
    }

    fn write(&self) -> impl Iterator<Item = OsString> {
        let head = [GUARD_ARGUMENT.into(), self.grace.as_millis().to_string().into(), self.program.clone()];
        head.into_iter().chain(self.arguments.iter().cloned())
    }
}

/// Why a guard could not do its work.
#[derive(Debug, Error)]
enum GuardError {
    /// It was not started by a server.
    #[error("this mode is for the server's own use: it takes a grace in milliseconds and a command")]
    Order,
    /// The server had ended before it sent the command's standard input.
    #[error("the server has ended before the command was started")]
    ServerGone,
    /// The kernel refused something that it must not refuse.
    #[error("the guard cannot {what}")]
    System {
        /// What it tried.
        what: &'static str,
        /// Why it was refused.
        source: io::Error,
    },
}

impl GuardError {
    fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what, source: source.into() }
    }
}
