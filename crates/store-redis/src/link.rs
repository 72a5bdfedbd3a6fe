//! The one connection that all commands share: kept, tried again when it breaks, and given up quickly while it is down.
//!
//! A command that gets no answer in time, or finds the connection broken, takes it out of use. Until a new one has answered,
//! commands fail at once: nobody waits in a row for a server that hangs.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use outboard_store::StoreError;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use crate::{
    config::RedisTimeouts,
    connector::{Connection, Connector, within},
    script::Script,
    store::StoreCondition,
};

/// The link. Clones are the same one; with the last of them it ends.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

struct Shared {
    connector: Arc<Connector>,
    timeouts: RedisTimeouts,
    live: ArcSwapOption<Live>,
    /// Why there is none, and since when.
    down: Mutex<(Instant, Arc<str>)>,
    broken: Notify,
}

/// A connection that works.
struct Live {
    connection: Connection,
    /// Which one it is, counted from 1.
    epoch: u64,
}

/// The store cannot be used now.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    /// There is no connection.
    #[error("there is no connection to Redis: {reason}")]
    Down {
        /// Why the last one was lost.
        reason: Arc<str>,
    },
    /// Redis did not do it.
    #[error("Redis failed: {0}")]
    Failed(#[source] RedisError),
    /// It answered with something else than was asked for.
    #[error("Redis answered with something unexpected")]
    Unexpected,
    /// It is another connection than before, perhaps to another server.
    #[error("the connection to Redis is a new one: what was appended last may be lost")]
    Reconnected,
}

impl Link {
    /// Begins to keep a connection. `first` is what the first attempt came to.
    pub(crate) fn keep(
        connector: Arc<Connector>,
        timeouts: RedisTimeouts,
        first: Result<Connection, RedisError>,
    ) -> Self {
        let reason: Arc<str> = "it was not reached yet".into();
        let shared = Arc::new(Shared {
            connector,
            timeouts,
            live: ArcSwapOption::empty(),
            down: Mutex::new((Instant::now(), reason)),
            broken: Notify::new(),
        });
        match first {
            Ok(connection) => shared.live.store(Some(Arc::new(Live { connection, epoch: 1 }))),
            Err(error) => shared.give_up(None, &error),
        }
        #[expect(clippy::disallowed_methods, reason = "it ends when this is dropped, not with the server's work")]
        let keeper = tokio::spawn(Arc::clone(&shared).run()).abort_handle();
        Self(Arc::new(Inner { shared, keeper }))
    }

    /// Sends a command. Returns its answer, and the number of the connection that it came over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], at once while there is no connection.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<(Value, u64), StoreError> {
        let live = self.live()?;
        let answer = self.0.shared.send(&live, command).await;
        Ok((answer.map_err(|error| unavailable(LinkError::Failed(error)))?, live.epoch))
    }

    /// Runs a script; loads it where it is not there yet.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub(crate) async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> Result<(Value, u64), StoreError> {
        let live = self.live()?;
        let shared = &self.0.shared;
        let answer = match shared.send(&live, &script.by_digest(keys, arguments)).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                shared.send(&live, &script.by_text(keys, arguments)).await
            }
            answer => answer,
        };
        Ok((answer.map_err(|error| unavailable(LinkError::Failed(error)))?, live.epoch))
    }

    /// How the store is doing.
    pub(crate) fn condition(&self) -> StoreCondition {
        if self.0.shared.live.load().is_some() {
            return StoreCondition::Up;
        }
        let (since, reason) = &*self.0.shared.down();
        StoreCondition::Down { since: since.elapsed(), reason: Arc::clone(reason) }
    }

    fn live(&self) -> Result<Arc<Live>, StoreError> {
        let live = self.0.shared.live.load_full();
        live.ok_or_else(|| unavailable(LinkError::Down { reason: Arc::clone(&self.0.shared.down().1) }))
    }
}

impl Shared {
    async fn send(&self, live: &Arc<Live>, command: &Cmd) -> Result<Value, RedisError> {
        let mut connection = live.connection.clone();
        let answer = within(self.timeouts.response, connection.send(command)).await;
        if let Err(error) = &answer
            && breaks(error)
        {
            self.give_up(Some(live), error);
        }
        answer
    }

    /// Takes a connection out of use; nothing, if another is in use already.
    fn give_up(&self, broken: Option<&Arc<Live>>, error: &RedisError) {
        let in_use = self.live.load_full();
        let is_in_use = match (&in_use, broken) {
            (Some(in_use), Some(broken)) => Arc::ptr_eq(in_use, broken),
            (None, None) => true,
            _ => false,
        };
        if !is_in_use {
            return;
        }
        let reason = reason(error);
        *self.down() = (Instant::now(), Arc::clone(&reason));
        self.live.store(None);
        tracing::warn!(%reason, "Redis does not answer: what needs the store is refused until it does");
        self.broken.notify_one();
    }

    /// Keeps a connection: makes a new one when it breaks, and asks an idle one whether it is still there.
    async fn run(self: Arc<Self>) {
        let mut epoch = u64::from(self.live.load().is_some());
        loop {
            let Some(live) = self.live.load_full() else {
                let connection = self.reconnect().await;
                epoch += 1;
                self.live.store(Some(Arc::new(Live { connection, epoch })));
                tracing::info!(down_for = ?self.down().0.elapsed(), "Redis answers");
                continue;
            };
            tokio::select! {
                () = self.broken.notified() => {}
                () = tokio::time::sleep(ASK_EVERY) => drop(self.send(&live, &redis::cmd("PING")).await),
            }
        }
    }

    /// Tries until it works.
    async fn reconnect(&self) -> Connection {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.connector.connect().await {
                Ok(connection) => return connection,
                Err(error) => self.down().1 = reason(&error),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn down(&self) -> std::sync::MutexGuard<'_, (Instant, Arc<str>)> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.condition()).finish()
    }
}

/// Whether the connection is of no use after this.
fn breaks(error: &RedisError) -> bool {
    match error.kind() {
        // Moved, asked and down nodes of a Cluster are the library's to follow, and concern some keys only.
        ErrorKind::Server(kind) => matches!(
            kind,
            // What was the master is none any more; what loads does not serve yet; who we are is not known any more.
            ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown
        ),
        ErrorKind::Extension => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
        ErrorKind::AuthenticationFailed => true,
        _ => {
            error.is_io_error() || error.is_timeout() || error.is_connection_dropped() || error.is_unrecoverable_error()
        }
    }
}

/// What an operator is told of an error. The library's words have addresses in them at most.
fn reason(error: &RedisError) -> Arc<str> {
    error.to_string().into()
}

fn unavailable(error: LinkError) -> StoreError {
    StoreError::Unavailable { source: Box::new(error) }
}

/// The answer to a question has another shape than it always has.
pub(crate) fn unexpected() -> StoreError {
    unavailable(LinkError::Unexpected)
}

/// The connection is not the one that the caller relied on.
pub(crate) fn reconnected() -> StoreError {
    unavailable(LinkError::Reconnected)
}

/// A little less or more, so that replicas do not all come at the same moment.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let [random, ..] = crate::random::u64().to_be_bytes();
    pause.mul_f64(0.75 + f64::from(random) / 512.0)
}

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// How often a connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(1);
