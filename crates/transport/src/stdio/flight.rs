//! The requests that are in flight on a connection, and the one way out for what is said about them.
//!
//! A request that was cancelled is silent from then on: whoever writes about a request does so under the lock under which
//! it is taken away.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_protocol::RequestId;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The requests in flight. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Flight(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    requests_max: usize,
    queue: mpsc::Sender<Vec<u8>>,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    by_id: HashMap<RequestId, Entry>,
    /// Tells a request from an earlier one of the same id.
    last: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    cancelled: CancellationToken,
}

/// Why a request is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NotBegun {
    /// The client uses an id for two requests at a time.
    #[error("there is a request in flight under this id already")]
    SameId,
    /// There are as many requests in flight as there may be.
    #[error("there are {limit} requests in flight already")]
    Full {
        /// The bound.
        limit: usize,
    },
}

/// One request in flight. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct InFlight {
    flight: Flight,
    id: RequestId,
    number: u64,
    cancelled: CancellationToken,
}

/// The answer to a request that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(super) in_flight: InFlight,
    pub(super) answer: Vec<u8>,
}

impl Flight {
    pub(super) fn new(requests_max: usize, queue: mpsc::Sender<Vec<u8>>) -> Self {
        Self(Arc::new(Shared { requests_max, queue, running: Mutex::default() }))
    }

    /// Where messages wait to be written.
    pub(super) fn queue(&self) -> &mpsc::Sender<Vec<u8>> {
        &self.0.queue
    }

    /// Whether a request is in flight under this id.
    pub(super) fn has(&self, id: &RequestId) -> bool {
        self.running().by_id.contains_key(id)
    }

    /// Takes a request up.
    pub(super) fn begin(&self, id: RequestId) -> Result<InFlight, NotBegun> {
        let mut running = self.running();
        if running.by_id.contains_key(&id) {
            return Err(NotBegun::SameId);
        }
        let limit = self.0.requests_max;
        if running.by_id.len() >= limit {
            return Err(NotBegun::Full { limit });
        }
        running.last += 1;
        let (number, cancelled) = (running.last, CancellationToken::new());
        running.by_id.insert(id.clone(), Entry { number, cancelled: cancelled.clone() });
        Ok(InFlight { flight: self.clone(), id, number, cancelled })
    }

    /// Cancels a request; one that is not in flight (any more) is left aside.
    pub(super) fn cancel(&self, id: &RequestId) {
        let entry = self.running().by_id.remove(id);
        if let Some(entry) = entry {
            entry.cancelled.cancel();
        }
    }

    /// Writes the answers to several requests as one batch, but for those that were cancelled meanwhile. `answers` are those
    /// that came at once.
    pub(super) async fn end_batch(&self, mut answers: Vec<Vec<u8>>, mut done: Vec<Done>) {
        let Ok(permit) = self.0.queue.reserve().await else { return };
        let mut running = self.running();
        for done in &mut done {
            if running.remove(&done.in_flight) {
                answers.push(mem::take(&mut done.answer));
            }
        }
        // Before what is done is dropped, which takes it again.
        drop(running);
        if !answers.is_empty() {
            permit.send([b"[", &answers.join(&b',')[..], b"]"].concat());
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn has(&self, request: &InFlight) -> bool {
        self.by_id.get(&request.id).is_some_and(|entry| entry.number == request.number)
    }

    fn remove(&mut self, request: &InFlight) -> bool {
        self.has(request) && self.by_id.remove(&request.id).is_some()
    }
}

impl InFlight {
    /// The request's id.
    pub(super) const fn id(&self) -> &RequestId {
        &self.id
    }

    /// Is cancelled when the request is.
    pub(super) fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }

    /// Where messages wait to be written.
    pub(super) fn queue(&self) -> &mpsc::Sender<Vec<u8>> {
        self.flight.queue()
    }

    /// Writes a message about the request, unless it was cancelled. Waits for its place in the queue.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is written.
    pub(super) async fn tell(&self, message: Vec<u8>) {
        // Nothing can be queued any more: the connection ends.
        let Ok(permit) = self.flight.0.queue.reserve().await else { return };
        let running = self.flight.running();
        if running.has(self) {
            permit.send(message);
        }
        drop(running);
    }
}

impl Done {
    /// Writes the answer, unless the request was cancelled.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is written.
    pub(super) async fn end(self) {
        let Self { in_flight, answer } = self;
        let Ok(permit) = in_flight.flight.0.queue.reserve().await else { return };
        let mut running = in_flight.flight.running();
        if running.remove(&in_flight) {
            permit.send(answer);
        }
        drop(running);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut running = self.flight.running();
        running.remove(self);
    }
}
