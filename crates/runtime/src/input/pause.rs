//! What stands still while a call asks its client live: its deadline, and its place among the running calls.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many questions of a call are open, and where its place is meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    open: AtomicUsize,
    place: Mutex<Place>,
    /// Wakes the call's own task when something changes from another one.
    call: AtomicWaker,
}

#[derive(Debug, Default)]
struct Place {
    permit: Option<OwnedSemaphorePermit>,
    /// Where to take one again.
    given_back_to: Option<Arc<Semaphore>>,
    /// The call has ended: it takes no place any more.
    has_left: bool,
}

impl Pause {
    /// Whether a question is open: time does not count, and the call needs no place.
    pub(crate) fn is_asking(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    /// One more question is open, until [`close`](Self::close).
    pub(super) fn open(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
        self.call.wake();
    }

    /// One question less is open.
    pub(super) fn close(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
        self.call.wake();
    }

    /// Wakes this task when a question is opened, closed or asked from another one.
    pub(crate) fn watch(&self, call: &Waker) {
        self.call.register(call);
    }

    /// Wakes the call's task.
    pub(super) fn wake(&self) {
        self.call.wake();
    }

    /// The call has a place.
    pub(crate) fn occupy(&self, permit: OwnedSemaphorePermit) {
        self.place().permit = Some(permit);
    }

    /// Gives the place back, while the call asks.
    pub(crate) fn give_back(&self) {
        let mut place = self.place();
        if let Some(permit) = place.permit.take() {
            place.given_back_to = Some(Arc::clone(permit.semaphore()));
        }
    }

    /// Gives the place back for good.
    pub(crate) fn leave(&self) {
        *self.place() = Place { has_left: true, ..Place::default() };
    }

    /// Whether the call gave its place back and has none again.
    pub(crate) fn lacks_place(&self) -> bool {
        let place = self.place();
        place.permit.is_none() && place.given_back_to.is_some()
    }

    /// Takes a place again, where it was given back; those who wait longer come first.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the call has none, and is the last in the queue when it tries again.
    pub(crate) async fn take_place(&self) {
        let places = {
            let place = self.place();
            if place.permit.is_some() { None } else { place.given_back_to.clone() }
        };
        let Some(places) = places else { return };
        // Nobody closes it.
        let Ok(permit) = places.acquire_owned().await else { return };
        let mut place = self.place();
        // Of two answers that arrive together each waits for a place; the second gives back what the first took. After its
        // end the call needs none, though a task of its handler may still wait for an answer.
        if !place.has_left {
            place.permit = Some(permit);
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        // Each change is one assignment, so a poisoned place is a whole one.
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
