//! The streams of sessions in this process: which of them delivers, how far it has, and that something has changed.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_store::Sequence;
use tokio::sync::watch;

use super::event_id;

/// The streams. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<u128, Row>>>);

/// The streams of one session.
#[derive(Debug, Default)]
struct Row {
    streams: HashSet<u64>,
    /// Those that want to deliver, or do, in the order in which they came.
    delivering: Vec<u64>,
    /// The one that delivers.
    holder: Option<u64>,
    /// How far it has delivered.
    delivered: Sequence,
    changed: watch::Sender<()>,
}

/// One stream. Dropping it says that it has ended.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    session: u128,
    number: u64,
    changed: watch::Receiver<()>,
}

/// What the newest stream of a session does, which is not the one that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newer {
    /// It waits until it may claim the delivery.
    Waits,
    /// It has claimed it.
    Delivers,
}

impl Seats {
    /// A stream of the session with this number begins. It delivers nothing yet.
    pub(super) fn take(&self, session: u128) -> Seat {
        let number = event_id::number();
        let mut rows = self.lock();
        let row = rows.entry(session).or_default();
        row.streams.insert(number);
        Seat { seats: self.clone(), session, number, changed: row.changed.subscribe() }
    }

    /// Tells the streams of a session that it has changed.
    pub(super) fn signal(&self, session: u128) {
        if let Some(row) = self.lock().get(&session) {
            row.changed.send_replace(());
        }
    }

    /// Whether this stream of a session is in this process.
    pub(super) fn is_here(&self, session: u128, number: u64) -> bool {
        self.lock().get(&session).is_some_and(|row| row.streams.contains(&number))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Tells this stream from every other.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// This stream wants to deliver.
    pub(super) fn queue(&self) {
        if let Some(row) = self.seats.lock().get_mut(&self.session) {
            row.delivering.push(self.number);
        }
    }

    /// This stream does not want to deliver any more.
    pub(super) fn leave(&self) {
        if let Some(row) = self.seats.lock().get_mut(&self.session) {
            row.delivering.retain(|number| *number != self.number);
        }
    }

    /// What a newer stream here does that wants to deliver; `None` where this one is the newest.
    pub(super) fn newer(&self) -> Option<Newer> {
        let rows = self.seats.lock();
        let row = rows.get(&self.session)?;
        let newest = row.delivering.last().filter(|newest| **newest != self.number)?;
        Some(if row.holder == Some(*newest) { Newer::Delivers } else { Newer::Waits })
    }

    /// This stream delivers from now on, and no other one here. Returns how far another one has delivered that did until
    /// now.
    pub(super) fn hold(&self) -> Option<Sequence> {
        let mut rows = self.seats.lock();
        let row = rows.get_mut(&self.session)?;
        let before = row.holder.replace(self.number).filter(|before| *before != self.number);
        row.changed.send_replace(());
        before.map(|_| row.delivered)
    }

    /// Whether this is the one that delivers; then it has delivered up to here.
    pub(super) fn deliver(&self, sequence: Sequence) -> bool {
        let mut rows = self.seats.lock();
        let Some(row) = rows.get_mut(&self.session).filter(|row| row.holder == Some(self.number)) else { return false };
        row.delivered = row.delivered.max(sequence);
        true
    }

    /// What was delivered here says nothing any more: the places on the bus may have been given anew.
    pub(super) fn forget_delivered(&self) {
        if let Some(row) = self.seats.lock().get_mut(&self.session) {
            row.delivered = Sequence::ZERO;
        }
    }

    /// Whether this is the one that delivers.
    pub(super) fn is_holder(&self) -> bool {
        self.seats.lock().get(&self.session).is_some_and(|row| row.holder == Some(self.number))
    }

    /// Waits until something has changed: what the session holds, that it lives, or which stream delivers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn changed(&mut self) {
        // The sender is in the row, which is there as long as a seat is.
        if self.changed.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut row) = self.seats.lock().entry(self.session) {
            row.get_mut().streams.remove(&self.number);
            row.get_mut().delivering.retain(|number| *number != self.number);
            row.get_mut().holder.take_if(|holder| *holder == self.number);
            if row.get().streams.is_empty() {
                row.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stream_that_wants_to_deliver_is_known() {
        let seats = Seats::default();
        let (first, other, second) = (seats.take(1), seats.take(1), seats.take(1));
        first.queue();
        assert_eq!((first.newer(), other.newer()), (None, Some(Newer::Waits)));
        second.queue();
        assert_eq!((first.newer(), second.newer()), (Some(Newer::Waits), None));
        second.hold();
        assert_eq!(first.newer(), Some(Newer::Delivers));
        second.leave();
        assert_eq!(first.newer(), None);
        second.queue();
        drop(second);
        assert_eq!(first.newer(), None);
    }

    #[test]
    fn one_stream_of_a_session_delivers() {
        let seats = Seats::default();
        let (first, second, other) = (seats.take(1), seats.take(1), seats.take(2));
        assert!(!first.deliver(Sequence::from_u64(1)), "nobody delivers before it holds");
        assert_eq!((first.hold(), other.hold()), (None, None));
        assert!(first.deliver(Sequence::from_u64(7)) && other.deliver(Sequence::from_u64(9)));
        assert_eq!(second.hold(), Some(Sequence::from_u64(7)));
        assert!(!first.deliver(Sequence::from_u64(8)) && !first.is_holder() && second.is_holder());
        assert!(seats.is_here(1, first.number()) && !seats.is_here(2, first.number()));
        drop(second);
        assert_eq!(first.hold(), None, "one that has ended delivers no more");
        drop((first, other));
        assert!(seats.lock().is_empty());
    }
}
