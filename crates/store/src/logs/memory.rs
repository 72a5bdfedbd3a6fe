//! [`Logs`] in the memory of one process.

mod state;

use std::{
    collections::HashMap,
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use self::state::{Appended, State};
use super::{BoxFuture, LogKey, LogLimits, LogPage, Logs, Sequence, StoreError};
use crate::clock::{Clock, UnixMillis};

/// The adapter for a single process: nothing is shared with another one, nothing survives a restart.
///
/// What is too old is removed with every call. The bus, the events of streams and everything else have rooms of their own.
/// In the last an append that finds no room is refused. An event always finds room: other streams of its owner go, those
/// first that were silent longest, then streams of the owner that holds most, then the events before it; only one that is
/// larger than a share is refused. An owner finds room as long as it holds no more than its share of what the others leave.
pub struct MemoryLogs {
    clock: Arc<dyn Clock>,
    limits: MemoryLogLimits,
    state: Mutex<State>,
    /// Who waits for which log; one that nobody waits for is not here.
    waiting: Mutex<HashMap<LogKey, Waiting>>,
}

/// How much a [`MemoryLogs`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLogLimits {
    /// The most logs in each room, also those without entries. Default: 100 000; each costs about 500 bytes.
    pub logs_max: usize,
    /// The most bytes of all entries of all logs that are neither the bus nor events of streams, such as mailboxes. Each
    /// entry counts for 64 bytes more than it has. Default: 64 MiB.
    pub bytes_max: usize,
    /// The same for the events of streams. Default: 64 MiB.
    pub event_bytes_max: usize,
    /// The most that one owner may hold of what the others leave in a room, in percent. Default: 50.
    pub owner_percent: u8,
    /// The most bytes of one entry. Default: 4 MiB, as much as a message may have.
    pub entry_bytes_max: usize,
}

impl MemoryLogs {
    /// An empty store that tells the time by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: MemoryLogLimits) -> Self {
        let state = Mutex::new(State::new(&limits));
        Self { clock, limits, state, waiting: Mutex::default() }
    }

    /// The logs, without what is too old at `now`.
    fn state_at(&self, now: UnixMillis) -> MutexGuard<'_, State> {
        let mut state = whole(&self.state);
        state.remove_old(now);
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state_at(self.clock.now())
    }

    fn append_if(
        &self,
        key: LogKey,
        entry: &[u8],
        limits: LogLimits,
        condition: impl FnOnce(bool) -> bool,
    ) -> Result<Option<Sequence>, StoreError> {
        let bytes_max = limits.bytes_max.min(self.limits.entry_bytes_max);
        if entry.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: entry.len(), bytes_max });
        }
        let Appended { sequence, gone } = {
            let now = self.clock.now();
            let mut state = self.state_at(now);
            if !condition(state.is_present(key)) {
                return Ok(None);
            }
            state.append(key, entry, limits, now)?
        };
        gone.into_iter().chain([key]).for_each(|key| self.wake(key));
        Ok(Some(sequence))
    }

    fn wake(&self, key: LogKey) {
        if let Some(waiting) = whole(&self.waiting).get(&key) {
            waiting.notify.notify_waiters();
        }
    }

    fn is_newest(&self, key: LogKey, after: Sequence) -> bool {
        self.state().last(key) == after
    }
}

impl Logs for MemoryLogs {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        Box::pin(async move {
            let appended = self.append_if(key, entry, limits, |_| true)?;
            Ok(appended.expect("the condition always holds"))
        })
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        Box::pin(async move { self.append_if(key, entry, limits, |present| present) })
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move { Ok(self.state().read(key, after, entries_max)) })
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if !self.is_newest(key, after) {
                return Ok(());
            }
            let waiter = Waiter::new(self, key);
            loop {
                let mut notified = pin!(waiter.notify.notified());
                // From here on no wake is missed; what was appended before is seen by the look that follows.
                notified.as_mut().enable();
                if !self.is_newest(key, after) {
                    return Ok(());
                }
                notified.await;
            }
        })
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let deleted = self.state().remove(&key);
            self.wake(key);
            Ok(deleted)
        })
    }

    fn entry_bytes_max(&self) -> usize {
        self.limits.entry_bytes_max
    }
}

impl Default for MemoryLogLimits {
    fn default() -> Self {
        Self {
            logs_max: 100_000,
            bytes_max: 64 << 20,
            event_bytes_max: 64 << 20,
            owner_percent: 50,
            entry_bytes_max: 4 << 20,
        }
    }
}

impl fmt::Debug for MemoryLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (logs, bytes) = {
            let state = whole(&self.state);
            (state.logs(), state.bytes())
        };
        f.debug_struct("MemoryLogs")
            .field("logs", &logs)
            .field("bytes", &bytes)
            .field("waited_for", &whole(&self.waiting).len())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Those that wait for one log.
struct Waiting {
    notify: Arc<Notify>,
    waiters: usize,
}

/// One that waits; when it is dropped, nothing of it is left.
struct Waiter<'a> {
    logs: &'a MemoryLogs,
    key: LogKey,
    notify: Arc<Notify>,
}

impl<'a> Waiter<'a> {
    fn new(logs: &'a MemoryLogs, key: LogKey) -> Self {
        let mut waiting = whole(&logs.waiting);
        let here = waiting.entry(key).or_insert_with(|| Waiting { notify: Arc::default(), waiters: 0 });
        here.waiters += 1;
        Self { logs, key, notify: Arc::clone(&here.notify) }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = whole(&self.logs.waiting);
        if let Some(here) = waiting.get_mut(&self.key) {
            here.waiters -= 1;
            if here.waiters == 0 {
                waiting.remove(&self.key);
            }
        }
    }
}

/// Locks. No change under these locks can panic half-way, so what a panic elsewhere has poisoned is whole.
fn whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
