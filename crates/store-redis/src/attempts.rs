//! How long one attempt may take, what makes a connection useless, and how to try again.

use std::{pin::pin, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};

use crate::random;

/// Tries until it works. An attempt that hangs holds up no other: the next one begins after a pause all the same.
///
/// # Cancel safety
///
/// Dropped early, the attempts end.
pub(crate) async fn until_done<T, F: Future<Output = RedisResult<T>>>(
    attempt: impl Fn() -> F,
    failed: impl Fn(RedisError),
) -> T {
    let mut pause = PAUSE_FIRST;
    let mut attempts = FuturesUnordered::new();
    loop {
        if attempts.len() < ATTEMPTS_AT_ONCE {
            attempts.push(attempt());
        }
        let mut next = pin!(tokio::time::sleep(jittered(pause)));
        loop {
            tokio::select! {
                Some(done) = attempts.next() => match done {
                    Ok(done) => return done,
                    Err(error) => failed(error),
                },
                () = &mut next => break,
            }
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether the connection is of no use after this.
pub(crate) fn breaks(error: &RedisError) -> bool {
    match error.kind() {
        // Moved, asked and down nodes of a Cluster are the library's to follow, and concern some keys only.
        ErrorKind::Server(kind) => matches!(
            kind,
            // What was the master is none any more; what loads does not serve yet; what has lost its master serves old data.
            ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown
        ),
        ErrorKind::Extension => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
        ErrorKind::AuthenticationFailed => true,
        _ => {
            error.is_io_error() || error.is_timeout() || error.is_connection_dropped() || error.is_unrecoverable_error()
        }
    }
}

/// Bounds what the library does not.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
    }
}

/// A little less or more, so that replicas do not all come at the same moment.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let [random, ..] = random::u64().to_be_bytes();
    pause.mul_f64(0.75 + f64::from(random) / 512.0)
}

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// So many that, by the default timeouts, one begins after each pause.
const ATTEMPTS_AT_ONCE: usize = 6;
