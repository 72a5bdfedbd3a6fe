//! Where a call tells what comes before its answer: a bounded queue that costs nothing while nobody tells anything.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use outboard_protocol::RequestId;
use outboard_protocol::types::{InputRequest, LogMessage, Progress};

/// How many events wait for a slow reader before progress is coalesced.
const EVENTS_MAX: usize = 64;

/// Something that is told before the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// How far the call has come.
    Progress(Progress),
    /// A log line, at a level that the caller wants.
    Log(LogMessage),
    /// A question to the client, under the id of a request of ours.
    Ask(RequestId, Box<InputRequest>),
    /// A question is withdrawn: nobody waits for its answer any more.
    Withdraw(RequestId),
    /// The connection may end, and the client come back for the rest after this long. Legacy; elsewhere it does nothing.
    Reconnect(Duration),
}

impl Event {
    /// Whether a newer event may take its place, or it be left out, when the reader is far behind.
    const fn is_expendable(&self) -> bool {
        matches!(self, Self::Progress(_) | Self::Log(_))
    }
}

/// One call's way to tell things before its answer. Clones tell the same caller.
#[derive(Clone, Debug)]
pub struct Outlet(Option<Arc<Mutex<Queue>>>);

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    reader: Option<Waker>,
}

impl Outlet {
    /// An outlet with a reader, who takes events by [`poll_next`](Self::poll_next).
    #[must_use]
    pub fn open() -> Self {
        Self(Some(Arc::default()))
    }

    /// An outlet that nobody reads.
    #[must_use]
    pub const fn closed() -> Self {
        Self(None)
    }

    /// Whether anybody reads.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Tells an event. Never waits: when the reader is far behind, a newer progress or log line takes the place of the
    /// newest one that waits. Questions are never left out: their number has a bound of its own.
    pub fn tell(&self, event: Event) {
        let Some(queue) = &self.0 else { return };
        let reader = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_expendable() && queue.events.len() >= EVENTS_MAX {
                match queue.events.iter().rposition(Event::is_expendable) {
                    Some(newest) => drop(queue.events.remove(newest)),
                    None => return,
                }
            }
            queue.events.push_back(event);
            queue.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the next event, or waits for it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by not polling again: what was not taken stays.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(queue) = &self.0 else { return Poll::Pending };
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes the next event if there is one.
    #[must_use]
    pub fn try_next(&self) -> Option<Event> {
        self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(progress: f64) -> Event {
        Event::Progress(Progress { progress, total: None, message: None })
    }

    #[test]
    fn a_slow_reader_keeps_the_first_events_and_the_last() {
        let outlet = Outlet::open();
        for step in 0..1_000 {
            outlet.tell(progress(f64::from(step)));
        }
        let told: Vec<Event> = std::iter::from_fn(|| outlet.try_next()).collect();
        assert_eq!(told.len(), EVENTS_MAX);
        assert_eq!((told.first(), told.last()), (Some(&progress(0.0)), Some(&progress(999.0))));
    }

    #[test]
    fn nobody_reads_a_closed_outlet() {
        let outlet = Outlet::closed();
        outlet.tell(progress(1.0));
        assert_eq!(outlet.try_next(), None);
    }
}
