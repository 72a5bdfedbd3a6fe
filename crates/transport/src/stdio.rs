//! MCP over a pipe: the server of one client that started it, for both eras on one connection.
//!
//! One JSON-RPC message a line, and nothing else is ever written. Each message decides its era by itself: one whose `_meta`
//! is modern is served as such, every other belongs to the session that `initialize` opens on the connection. Requests are
//! answered as they end, in any order. What is written waits in a short queue: a client that does not read is not read from.

mod answer;
mod connection;
mod flight;
pub(crate) mod fuzzing;
mod lines;
mod listen;
mod modern;
mod writer;

use std::io;
use std::pin::pin;
use std::time::Duration;

use outboard_runtime::Runtime;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::legacy::QUESTIONS_MAX;
use crate::subscription::SubscriptionLimits;

pub(crate) use answer::Answered;
pub(crate) use connection::{Connection, Permit, refusal};
use lines::Lines;

/// Bounds and times of a pipe.
#[derive(Clone, Debug)]
pub struct StdioConfig {
    /// The longest line, in bytes. Default: 4 MiB.
    pub line_bytes_max: usize,
    /// How many requests may be in flight at once. Default: 256.
    pub requests_max: usize,
    /// How many listen requests may be open among them. Default: 64.
    pub streams_max: usize,
    /// How many questions to a legacy client may be open at once. Default: 32.
    pub questions_max: usize,
    /// What may be subscribed to.
    pub subscriptions: SubscriptionLimits,
    /// How long what is in flight may take when the client has closed its end, or the server is to end. Default: 5 s.
    pub grace: Duration,
}

impl Default for StdioConfig {
    fn default() -> Self {
        Self {
            line_bytes_max: 4 * 1024 * 1024,
            requests_max: 256,
            streams_max: 64,
            questions_max: QUESTIONS_MAX,
            subscriptions: SubscriptionLimits::default(),
            grace: Duration::from_secs(5),
        }
    }
}

/// How a connection ended in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client closed its end: it wants the server to end (specification: stdio, *Shutdown*).
    InputClosed,
    /// The client no longer reads.
    OutputClosed,
    /// The server was to end.
    Drained,
}

/// Why a connection ended out of order.
#[derive(Debug, Error)]
pub enum StdioError {
    /// The input cannot be read.
    #[error("the input cannot be read")]
    Read {
        /// Why.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
}

/// Serves the client at the other end of a pipe, until one of both ends it.
///
/// Who calls is the local principal: whoever has started the process. When `drain` is cancelled, nothing new is begun, what
/// is in flight has the grace of the config to end, and listen requests end in order; so too when the client closes its end.
///
/// # Errors
///
/// [`StdioError`] when the pipe breaks in a way that is no end.
///
/// # Cancel safety
///
/// Dropped, the connection ends at once, and the calls with it.
pub async fn serve<R, W>(
    runtime: Runtime,
    config: StdioConfig,
    input: R,
    output: W,
    drain: CancellationToken,
) -> Result<Ended, StdioError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let grace = config.grace;
    let (queue, queued) = mpsc::channel(QUEUE_MESSAGES);
    let lines = Lines::new(input, config.line_bytes_max);
    let mut writing = pin!(writer::write(queued, output));
    let ended = tokio::select! {
        ended = Connection::new(runtime, config, queue).run(lines, drain) => ended.map_err(|source| StdioError::Read { source })?,
        // As long as there is a connection, only a fault ends the writing.
        written = &mut writing => return written.map(|()| Ended::OutputClosed).or_else(write_fault),
    };
    // What was answered goes out before the end, if the client still reads.
    match tokio::time::timeout(grace, writing).await {
        Ok(Err(error)) => write_fault(error),
        Ok(Ok(())) | Err(_) => Ok(ended),
    }
}

/// A client that has gone is an end like others.
fn write_fault(source: io::Error) -> Result<Ended, StdioError> {
    if source.kind() == io::ErrorKind::BrokenPipe { Ok(Ended::OutputClosed) } else { Err(StdioError::Write { source }) }
}

/// How many messages wait to be written before nothing more is read.
const QUEUE_MESSAGES: usize = 64;
