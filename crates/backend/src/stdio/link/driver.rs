//! The half of a conversation that reads and writes, and ends the child.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{ChildEnd, Queued, Shared};
use crate::guard::{Guarded, Lifeline};
use crate::stdio::config::StdioBounds;
use crate::stdio::lines::{LineError, Lines};

/// How long to read on after the child's end, for what it wrote before: it is in the pipe already.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// How long a guard may take for the last step, when all below it are killed. Only a process that the kernel holds back
/// takes longer, and then the guard goes on by itself.
const KILL_MAX: Duration = Duration::from_secs(2);

/// The standard error of a child.
#[derive(Debug)]
pub(in crate::stdio) struct Errors {
    pub(in crate::stdio) stream: ChildStderr,
    /// Cancelled when the child was ended: something that could not be killed may still hold the other end.
    pub(in crate::stdio) ended: CancellationToken,
}

/// Reads, writes and ends one child.
#[derive(Debug)]
pub(in crate::stdio) struct Driver {
    shared: Arc<Shared>,
    lines: Lines<ChildStdout>,
    errors: Option<Errors>,
    _alive: DropGuard,
    input: pipe::Sender,
    queue: mpsc::Receiver<Queued>,
    lifeline: Lifeline,
    exit_wait: Duration,
    term_grace: Duration,
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        guarded: Guarded,
        queue: mpsc::Receiver<Queued>,
        bounds: &StdioBounds,
    ) -> Self {
        let ended = CancellationToken::new();
        Self {
            shared,
            lines: Lines::new(guarded.output, bounds.line_bytes_max),
            errors: Some(Errors { stream: guarded.errors, ended: ended.clone() }),
            _alive: ended.drop_guard(),
            input: guarded.input,
            queue,
            lifeline: guarded.lifeline,
            exit_wait: bounds.exit_wait,
            term_grace: bounds.term_grace,
        }
    }

    /// The child's standard error, once.
    pub(in crate::stdio) fn take_errors(&mut self) -> Option<Errors> {
        self.errors.take()
    }

    /// Reads and writes until the child ends; every request in flight ends with it.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, a line may be written in part: nothing but [`stop`](Self::stop) is of use then.
    pub(in crate::stdio) async fn run(&mut self) -> ChildEnd {
        let Self { shared, lines, input, queue, lifeline, .. } = self;
        let mut reading = std::pin::pin!(read(lines, shared));
        let end = tokio::select! {
            end = &mut reading => end,
            () = write(input, queue) => {
                // It may still speak, if only for a moment.
                drop(timeout(LAST_WORDS, &mut reading).await);
                ChildEnd::ClosedStream
            }
            ending = lifeline.ended() => {
                drop(timeout(LAST_WORDS, &mut reading).await);
                ChildEnd::Process(ending)
            }
        };
        // Streams close because the process ends, and how it did is told a moment later.
        let end = match end {
            ChildEnd::ClosedStream => {
                timeout(LAST_WORDS, lifeline.ended()).await.map_or(ChildEnd::ClosedStream, ChildEnd::Process)
            }
            ChildEnd::Process(_) | ChildEnd::LineTooLong { .. } | ChildEnd::Stopped => end,
        };
        shared.pending.end(end);
        shared.questions.end();
        end
    }

    /// Ends the child, if it still runs, and all that it has started: closes its input, waits a moment, then lets its
    /// guard end it. Returns when nothing is left of it.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the guard goes on by itself.
    pub(in crate::stdio) async fn stop(self) {
        let Self { shared, mut lines, input, mut lifeline, exit_wait, term_grace, .. } = self;
        shared.pending.end(ChildEnd::Stopped);
        shared.questions.end();
        drop(input);
        tokio::select! {
            // What it writes now is read, so that it is not held up, and not listened to.
            () = async { while let Ok(Some(_)) = lines.next().await {} std::future::pending().await } => {}
            _ = timeout(exit_wait, lifeline.ended()) => {}
        }
        drop(lines);
        let all = exit_wait + term_grace + KILL_MAX;
        if timeout(all, lifeline.let_go()).await.is_err() {
            let backend = &*shared.surroundings.backend;
            tracing::warn!(backend, "a child's processes do not end: their guard goes on killing them");
        }
    }
}

/// Reads until there is nothing more to read.
async fn read(lines: &mut Lines<ChildStdout>, shared: &Arc<Shared>) -> ChildEnd {
    loop {
        match lines.next().await {
            Ok(Some(line)) => shared.receive(&line),
            Ok(None) | Err(LineError::Read(_)) => return ChildEnd::ClosedStream,
            Err(LineError::TooLong { limit }) => return ChildEnd::LineTooLong { limit },
        }
    }
}

/// Writes until the child reads no more.
async fn write(input: &mut pipe::Sender, queue: &mut mpsc::Receiver<Queued>) {
    while let Some(Queued { bytes, room }) = queue.recv().await {
        if input.write_all(&bytes).await.is_err() {
            return;
        }
        drop(room);
    }
}
