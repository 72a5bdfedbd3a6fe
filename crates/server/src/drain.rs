//! The end in order: not ready, a moment for balancers to see it, no more connections, the calls that are left, and what
//! becomes of those that take too long.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::config::Drain;
use crate::health::Health;
use crate::listener::Stop;
use crate::signals::Signal;

/// What ends.
pub(crate) struct Draining<'a> {
    pub(crate) health: &'a Health,
    pub(crate) stop: &'a Stop,
    /// The listener with its connections, and legacy calls, which outlive theirs.
    pub(crate) work: &'a TaskTracker,
}

impl Draining<'_> {
    /// Stops accepting, ends what waits for notifications, and waits for what is in flight as long as it has time. Who has
    /// no answer by then is told to try again; who has a part of one is cut off.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, what is in flight goes on.
    pub(crate) async fn run(&self, signal: Signal, drain: &Drain) {
        let Self { health, stop, work } = self;
        health.drain();
        // What comes meanwhile is served, and its connection is not used again: nobody sends into one as it is closed.
        stop.close_behind_answers();
        // A balancer needs a moment to see that we are no longer ready; until then it still sends requests. A person at a
        // terminal has none.
        let delay = match signal {
            Signal::Interrupt => Duration::ZERO,
            Signal::Terminate => drain.delay,
        };
        tracing::info!(?delay, timeout = ?drain.timeout, "draining");
        tokio::time::sleep(delay).await;
        stop.accepting.cancel();
        if tokio::time::timeout(drain.timeout, work.wait()).await.is_ok() {
            return;
        }
        tracing::warn!(left = work.len(), "calls are cut off: the time to drain is over");
        stop.calls.cancel();
        drop(tokio::time::timeout(LAST_ANSWERS, work.wait()).await);
        stop.connections.cancel();
    }
}

/// How long the answers to those who are cut off may take to be written.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
