//! Passes on, between replicas, that a client took a request back (2025-11-25 *Cancellation*): it may have told a replica on
//! which the call does not run.
//!
//! A bus of its own, so that nothing of it pushes out what clients are to hear, with one reader in each process. What one
//! record says, numbers big-endian: format number (1 byte, today 1), owner (32), number of the session (16), then the request
//! id: its kind (1 byte: 0 a number, 1 a string), and the number (8), or the string.
//!
//! A cancellation is a wish: one that comes before its call, or while too many wait, is lost, and its call goes on.

mod record;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outboard_protocol::RequestId;
use outboard_store::{Bus, BusLimits, Sequence, Store, StoreError};
use tokio::sync::Notify;

use self::record::{BYTES_MAX, Cancelled};
use super::running::{Running, SessionKey};

/// How many wait to be told while the store does not answer.
const PENDING_MAX: usize = 1_024;

/// How many records are read at once.
const READ_MAX: usize = 128;

/// How long to wait before the store is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How long a record stays: longer than a replica needs to come back to the store, and no longer.
const AGE_MAX: Duration = Duration::from_secs(60);

/// What replicas tell each other of requests that were taken back.
#[derive(Debug)]
pub(super) struct Cancelling {
    bus: Bus,
    pending: Mutex<VecDeque<Cancelled>>,
    wake: Notify,
}

impl Cancelling {
    pub(super) fn new(store: &Store) -> Self {
        let limits = BusLimits { message_bytes_max: BYTES_MAX, age_max: AGE_MAX, ..BusLimits::default() };
        Self { bus: Bus::of_signals(store, limits), pending: Mutex::default(), wake: Notify::new() }
    }

    /// Tells the other replicas that a request of this session was taken back. Never waits: [`run`](Self::run) puts it on
    /// the bus.
    pub(super) fn tell(&self, session: SessionKey, id: RequestId) {
        let cancelled = Cancelled { session, id };
        let mut pending = self.lock();
        if pending.contains(&cancelled) {
            return;
        }
        if pending.len() >= PENDING_MAX {
            drop(pending);
            tracing::debug!("a cancellation is not passed on: too many wait for the store");
            return;
        }
        pending.push_back(cancelled);
        drop(pending);
        self.wake.notify_one();
    }

    /// Tells what waits, and cancels what other replicas tell of and runs here. Never ends.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is told or heard any more.
    pub(super) async fn run(&self, running: &Running) -> Infallible {
        tokio::select! {
            never = self.publish() => never,
            never = self.read(running) => never,
        }
    }

    async fn publish(&self) -> Infallible {
        let mut has_failed = false;
        loop {
            let Some(cancelled) = self.lock().pop_front() else {
                self.wake.notified().await;
                continue;
            };
            match self.bus.publish(&cancelled.write()).await {
                Ok(_) => has_failed = false,
                Err(error) => {
                    warn_once(&mut has_failed, &error, "cancellations cannot be passed on now: trying again");
                    self.lock().push_front(cancelled);
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn read(&self, running: &Running) -> Infallible {
        let (mut position, mut has_failed) = (None, false);
        loop {
            let Err(error) = self.read_on(running, &mut position, &mut has_failed).await;
            warn_once(&mut has_failed, &error, "cancellations of other replicas cannot be read now: trying again");
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Reads until the store fails. What is lost on the way is lost.
    async fn read_on(
        &self,
        running: &Running,
        position: &mut Option<Sequence>,
        has_failed: &mut bool,
    ) -> Result<Infallible, StoreError> {
        loop {
            let after = match *position {
                Some(position) => position,
                // What was taken back before this began does not run here.
                None => self.bus.last().await?,
            };
            let page = self.bus.read_after(after, READ_MAX).await?;
            *has_failed = false;
            let records = page.entries.iter().map(|entry| Cancelled::read(&entry.payload));
            let mut passed_over = page.skipped;
            for record in records {
                match record {
                    Some(Cancelled { session, id }) => {
                        running.cancel(session, &id);
                    }
                    None => passed_over += 1,
                }
            }
            if passed_over > 0 {
                tracing::warn!(passed_over, "cancellations of another format are passed over");
            }
            *position = Some(page.last);
            if page.entries.is_empty() && page.last <= after {
                self.bus.tail(page.last).await?;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Cancelled>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One word for each time that the store is away, not for each attempt.
fn warn_once(has_failed: &mut bool, error: &StoreError, what: &'static str) {
    if !std::mem::replace(has_failed, true) {
        tracing::warn!(%error, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use outboard_store::{KeyRing, OwnerDigest, RootKey, SystemClock};

    use super::*;

    #[test]
    fn what_waits_is_bounded_and_waits_once() {
        let keys = Arc::new(KeyRing::new(vec![RootKey::generate()]).unwrap());
        let cancelling = Cancelling::new(&Store::in_memory(keys, Arc::new(SystemClock)));
        let session = SessionKey { owner: OwnerDigest::of(b"ada"), number: 1 };
        for _ in 0..2 {
            cancelling.tell(session, 7.into());
        }
        assert_eq!(cancelling.lock().len(), 1);
        for id in 0..2 * PENDING_MAX {
            cancelling.tell(session, RequestId::String(id.to_string().into()));
        }
        assert_eq!(cancelling.lock().len(), PENDING_MAX);
    }
}
