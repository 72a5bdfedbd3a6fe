//! The one connection that all commands share: kept, tried again when it breaks, and given up quickly while it is down.
//!
//! A command that gets no answer in time, or finds the connection broken, takes it out of use. Until a new one has answered,
//! commands fail at once: nobody waits in a row for a server that hangs. In a Cluster that is so only when no node answers:
//! while one is down, what the others have can be used.

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
    attempts::{breaks, jittered, until_done, within},
    config::RedisTimeouts,
    connector::{Connection, Connector, Masters},
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
    /// The connection was taken out of use.
    lost: Notify,
    /// A node of the Cluster does not answer; perhaps none does.
    doubtful: Notify,
}

/// A connection that works.
struct Live {
    connection: Connection,
    masters: Masters,
    /// Which one it is, counted from 1; another one, too, when a replica took over in a Cluster.
    epoch: u64,
    /// With what word Redis refused a command last, to say so once.
    refusal: Mutex<Option<(Arc<str>, Instant)>>,
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
        first: Result<(Connection, Masters), RedisError>,
    ) -> Self {
        let reason: Arc<str> = "it was not reached yet".into();
        let shared = Arc::new(Shared {
            connector,
            timeouts,
            live: ArcSwapOption::empty(),
            down: Mutex::new((Instant::now(), reason)),
            lost: Notify::new(),
            doubtful: Notify::new(),
        });
        match first {
            Ok((connection, masters)) => shared.live.store(Some(Live::new(connection, masters, 1))),
            Err(error) => shared.give_up(None, &error),
        }
        #[expect(clippy::disallowed_methods, reason = "it ends when this is dropped, not with the server's work")]
        let keeper = tokio::spawn(Arc::clone(&shared).run()).abort_handle();
        Self(Arc::new(Inner { shared, keeper }))
    }

    /// Runs a script; loads it where it is not there yet. Returns its answer, and the number of the connection that it came
    /// over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], at once while there is no connection.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it has run or not.
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
        if let Some(live) = &*self.0.shared.live.load() {
            return live.refuses().map_or(StoreCondition::Up, |code| StoreCondition::Refusing { code });
        }
        let (since, reason) = &*self.0.shared.down();
        StoreCondition::Down { since: since.elapsed(), reason: Arc::clone(reason) }
    }

    fn live(&self) -> Result<Arc<Live>, StoreError> {
        let live = self.0.shared.live.load_full();
        live.ok_or_else(|| unavailable(LinkError::Down { reason: Arc::clone(&self.0.shared.down().1) }))
    }
}

impl Live {
    fn new(connection: Connection, masters: Masters, epoch: u64) -> Arc<Self> {
        Arc::new(Self { connection, masters, epoch, refusal: Mutex::default() })
    }

    /// Says, once for each word and connection, that Redis does not do what it is asked, such as for want of memory.
    fn note_refusal(&self, error: &RedisError) {
        let code = error.code().unwrap_or_default();
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        if refusal.as_ref().is_none_or(|(before, _)| &**before != code) {
            tracing::warn!(%error, "Redis refuses a command");
        }
        *refusal = Some((code.into(), Instant::now()));
    }

    /// The word of a refusal that is not long ago: somebody writes more often than that.
    fn refuses(&self) -> Option<Arc<str>> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.as_ref().filter(|(_, at)| at.elapsed() < REFUSES_FOR).map(|(code, _)| Arc::clone(code))
    }
}

impl Shared {
    async fn send(&self, live: &Arc<Live>, command: &Cmd) -> Result<Value, RedisError> {
        let mut connection = live.connection.clone();
        let answer = within(self.timeouts.response, async {
            loop {
                match connection.send(command).await {
                    Err(error) if is_sent_on(&error) => tokio::time::sleep(jittered(SENT_ON_PAUSE)).await,
                    answer => return answer,
                }
            }
        });
        let answer = answer.await;
        match (&answer, &live.connection) {
            (Ok(_), _) => {}
            (Err(error), Connection::Server(_)) if breaks(error) => self.give_up(Some(live), error),
            (Err(error), Connection::Cluster(_)) if breaks(error) => self.doubtful.notify_one(),
            (Err(error), _) if is_passing(error) => {}
            (Err(error), _) => live.note_refusal(error),
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
        self.lost.notify_one();
    }

    /// Keeps a connection: makes a new one when it breaks, and asks an idle one whether it is still there.
    async fn run(self: Arc<Self>) {
        let mut epoch = u64::from(self.live.load().is_some());
        loop {
            let Some(live) = self.live.load_full() else {
                let failed = |error| self.down().1 = reason(&error);
                let (connection, masters) = until_done(|| self.connector.connect(), failed).await;
                epoch += 1;
                self.live.store(Some(Live::new(connection, masters, epoch)));
                tracing::info!(down_for = ?self.down().0.elapsed(), "Redis answers");
                continue;
            };
            tokio::select! {
                () = self.lost.notified() => {}
                masters = self.ask_again(&live) => match masters {
                    Ok(masters) if masters == live.masters => {}
                    Ok(masters) => {
                        epoch += 1;
                        self.live.store(Some(Live::new(live.connection.clone(), masters, epoch)));
                    }
                    Err(error) => self.give_up(Some(&live), &error),
                },
            }
        }
    }

    /// After a while, or sooner where there is doubt, asks whether the connection is still there.
    async fn ask_again(&self, live: &Live) -> Result<Masters, RedisError> {
        tokio::select! {
            () = self.doubtful.notified() => tokio::time::sleep(ASK_PAUSE).await,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
        within(self.timeouts.response, live.connection.clone().ask()).await
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

/// Whether a node of a Cluster named another one. The library follows that a few times; commands that share its connection
/// can take each other's leave to ask the node that a slot is moving to, and then are sent back and forth.
fn is_sent_on(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(ServerErrorKind::Ask | ServerErrorKind::Moved))
}

/// Whether there is a next thing to try.
fn is_passing(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(ServerErrorKind::NoScript | ServerErrorKind::TryAgain))
}

/// Whether the keys of a command were in a slot of which a part has moved.
pub(crate) fn is_half_moved(error: &StoreError) -> bool {
    let StoreError::Unavailable { source } = error else { return false };
    let Some(LinkError::Failed(error)) = source.downcast_ref() else { return false };
    error.kind() == ErrorKind::Server(ServerErrorKind::TryAgain)
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

/// How often a connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(1);

const SENT_ON_PAUSE: Duration = Duration::from_millis(5);

/// How long it is left alone at least.
const ASK_PAUSE: Duration = Duration::from_millis(20);

/// How long after a refusal the store is not said to be well.
const REFUSES_FOR: Duration = Duration::from_secs(10);
