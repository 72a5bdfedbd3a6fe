//! The server's side of a guard: starts one, hears its reports, lets it go.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use super::control::{REPORT_BYTES_MAX, Report, send_descriptor};
use super::ending::Ending;
use super::{GUARD_ARGUMENT, Order};

/// How long a guard may take to start a command. Far more than it needs, for a machine under load.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The program that is started as the guard. Its `main` calls [`run_if_guard`](super::run_if_guard).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardProgram(PathBuf);

impl GuardProgram {
    /// This very program, also after its file was replaced or removed: a restarted command gets the guard that its
    /// server knows.
    #[must_use]
    pub fn this_program() -> Self {
        Self("/proc/self/exe".into())
    }

    /// Another program, for those whose own `main` cannot call [`run_if_guard`](super::run_if_guard).
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Default for GuardProgram {
    fn default() -> Self {
        Self::this_program()
    }
}

/// Why a command did not start.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// The working directory is not there.
    #[error("the working directory {} is not a directory", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
    },
    /// The command does not exist or cannot be executed.
    #[error("cannot start the command {program}")]
    Command {
        /// The command, as configured.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The process is out of something, or the guard program cannot be executed.
    #[error("cannot start the guard of a command")]
    Guard {
        /// Why.
        source: io::Error,
    },
    /// The guard did not report; its program may not call `run_if_guard`.
    #[error("the guard of a command does not answer: does the program's main call guard::run_if_guard first?")]
    GuardSilent,
    /// This process should be a guard, and lifts a command instead.
    #[error("this process was started as a guard: the program's main must call guard::run_if_guard first")]
    GuardForgotten,
}

/// A command that is to run under a guard.
#[derive(Debug)]
pub(crate) struct GuardedCommand<'a> {
    pub(crate) guard: &'a GuardProgram,
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [String],
    /// All of its environment: nothing is inherited.
    pub(crate) environment: &'a [(OsString, OsString)],
    pub(crate) directory: Option<&'a Path>,
    /// How long its descendants have between SIGTERM and SIGKILL.
    pub(crate) grace: Duration,
}

/// A command that runs under its guard. Dropping it ends the command and all that it has started.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) input: pipe::Sender,
    pub(crate) output: ChildStdout,
    pub(crate) errors: ChildStderr,
    pub(crate) lifeline: Lifeline,
}

impl GuardedCommand<'_> {
    /// Starts the guard, and waits until it has started the command.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, it leaves nothing behind.
    pub(crate) async fn spawn(&self) -> Result<Guarded, SpawnError> {
        // The mistake would not end: each such process starts the next.
        if std::env::args_os().nth(1).is_some_and(|argument| argument == GUARD_ARGUMENT) {
            return Err(SpawnError::GuardForgotten);
        }
        if let Some(directory) = self.directory.filter(|directory| !directory.is_dir()) {
            return Err(SpawnError::Directory { directory: directory.into() });
        }
        let mut guarded = self.start().map_err(|source| SpawnError::Guard { source })?;
        let report = timeout(ANSWER_MAX, guarded.lifeline.report()).await;
        match report.ok().flatten() {
            Some(Report::Started { .. }) => Ok(guarded),
            Some(Report::Refused { errno }) => {
                // The guard ends by itself now.
                drop(timeout(ANSWER_MAX, guarded.lifeline.let_go()).await);
                let source = io::Error::from_raw_os_error(errno);
                Err(SpawnError::Command { program: self.program.to_owned(), source })
            }
            Some(Report::Ended(_)) | None => Err(SpawnError::GuardSilent),
        }
    }

    fn start(&self) -> io::Result<Guarded> {
        let (ours, theirs) = StdUnixStream::pair()?;
        let (input, input_writer) = io::pipe()?;
        // Sent before there is anybody to receive it: the kernel keeps it in the socket.
        send_descriptor(ours.as_fd(), input.as_fd())?;
        ours.set_nonblocking(true)?;

        let mut command = Command::new(&self.guard.0);
        let order = Order {
            grace: self.grace,
            program: self.program.into(),
            arguments: self.arguments.iter().map(OsString::from).collect(),
        };
        command
            .arg0("outboard-guard")
            .args(order.write())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        let mut guard = command.spawn()?;
        let (Some(output), Some(errors)) = (guard.stdout.take(), guard.stderr.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Guarded {
            input: pipe::Sender::from_owned_fd(input_writer.into())?,
            output,
            errors,
            lifeline: Lifeline { socket: UnixStream::from_std(ours)?, unread: Vec::new(), guard },
        })
    }
}

/// The only thing that keeps a guard from ending its command.
#[derive(Debug)]
pub(crate) struct Lifeline {
    socket: UnixStream,
    unread: Vec<u8>,
    guard: Child,
}

impl Lifeline {
    /// Waits for the command's end.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn ended(&mut self) -> Ending {
        loop {
            match self.report().await {
                Some(Report::Ended(ending)) => return ending,
                Some(Report::Started { .. } | Report::Refused { .. }) => {}
                None => return Ending::Unknown,
            }
        }
    }

    /// Lets the guard end the command and all that it has started, and waits until nothing is left.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the guard goes on by itself.
    pub(crate) async fn let_go(&mut self) {
        // Fails when the guard has gone before, which is what is wanted.
        drop(self.socket.shutdown().await);
        while self.report().await.is_some() {}
        // The guard goes last. Not to know how changes nothing.
        drop(self.guard.wait().await);
    }

    /// The guard's next report; `None` when the guard is gone, and everything below it.
    async fn report(&mut self) -> Option<Report> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return std::str::from_utf8(&line).ok().and_then(Report::read);
            }
            if self.unread.len() > REPORT_BYTES_MAX || self.socket.readable().await.is_err() {
                return None;
            }
            let mut bytes = [0; REPORT_BYTES_MAX];
            match self.socket.try_read(&mut bytes) {
                Ok(0) => return None,
                Ok(count) => self.unread.extend_from_slice(bytes.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }
}
