//! The notification port: what has changed is told once, and reaches every client that wants to know, in either era.
//!
//! A change goes onto the bus that all replicas share. Each replica has one reader of it ([`Notify::run`]), from whose
//! memory its listeners are served: a listener costs the store nothing.

mod change;
mod listening;
mod reader;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outboard_store::{Bus, BusLimits, Clock, Sequence, Store, StoreError, UnixMillis};
use tokio::sync::broadcast;

pub use change::{Change, Topics};
pub use listening::{Listening, Since, Told};

/// How many changes a listener may be behind before it is told of each of its topics instead.
const BACKLOG: usize = 256;

/// How many changes wait to be told while the store does not answer; what is over it is left out, with a word in the log.
const PENDING_MAX: usize = 1_024;

/// How long to wait before the store is tried again: listeners hear of a change within 2 s of the moment at which it is back.
const RETRY: Duration = Duration::from_millis(250);

/// Tells clients what has changed. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Notify(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bus: Bus,
    clock: Arc<dyn Clock>,
    catch_up: Duration,
    pending: Mutex<VecDeque<Change>>,
    wake: tokio::sync::Notify,
    recent: Mutex<Recent>,
    told: broadcast::Sender<News>,
}

/// What the reader has read last.
#[derive(Debug, Default)]
struct Recent {
    /// What every listener that opens now is told: bounded in age and number.
    changes: VecDeque<Read>,
    /// How far the bus was read; `None` before the first reading.
    last: Option<Sequence>,
    /// When changes may have been missed last.
    gap: Option<UnixMillis>,
}

/// A change, as it was read from the bus.
#[derive(Clone, Debug)]
struct Read {
    sequence: Sequence,
    at: UnixMillis,
    change: Change,
}

/// What the reader passes on to listeners.
#[derive(Clone, Debug)]
enum News {
    Change(Read),
    /// Changes may be missing; what comes next stands behind this place, which may be before that of what came last.
    Gap(Sequence),
}

impl Notify {
    /// Tells over the bus of `store`. Who listens anew is told what changed in the last `catch_up`.
    #[must_use]
    pub fn new(store: &Store, catch_up: Duration) -> Self {
        let (told, _) = broadcast::channel(BACKLOG);
        Self(Arc::new(Shared {
            bus: Bus::new(store, BusLimits::default()),
            clock: Arc::clone(&store.clock),
            catch_up,
            pending: Mutex::default(),
            wake: tokio::sync::Notify::new(),
            recent: Mutex::default(),
            told,
        }))
    }

    /// For how long who listens anew is told what has changed.
    #[must_use]
    pub fn catch_up(&self) -> Duration {
        self.0.catch_up
    }

    /// The list of tools has changed.
    pub fn tools_changed(&self) {
        self.tell(Change::Tools);
    }

    /// The list of prompts has changed.
    pub fn prompts_changed(&self) {
        self.tell(Change::Prompts);
    }

    /// The list of resources, or that of their templates, has changed.
    pub fn resources_changed(&self) {
        self.tell(Change::Resources);
    }

    /// A resource has changed.
    pub fn resource_updated(&self, uri: &str) {
        self.tell(Change::Resource(uri.into()));
    }

    /// Tells a change. Never waits: [`run`](Self::run) puts it on the bus. What waits there already is told once.
    pub fn tell(&self, change: Change) {
        let mut pending = lock(&self.0.pending);
        if pending.contains(&change) {
            return;
        }
        if pending.len() >= PENDING_MAX {
            drop(pending);
            tracing::warn!(?change, "a change is not told: too many wait for the store");
            return;
        }
        pending.push_back(change);
        drop(pending);
        self.0.wake.notify_one();
    }

    /// Listens for changes of these topics, and is told of what changed since then first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store is needed for what came before, and does not answer.
    pub async fn listen(&self, topics: Topics, since: Since) -> Result<Listening, StoreError> {
        Listening::open(&self.0, topics, since).await
    }

    /// Puts what is told on the bus and reads it for the listeners of this process. Runs beside the server, and never ends.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is told any more; what waits is told when it runs again, but for one change that was on its way.
    pub async fn run(&self) -> std::convert::Infallible {
        tokio::select! {
            never = self.0.publish() => never,
            never = self.0.read() => never,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
