//! What was broken on purpose, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What was broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A replica was killed: its connections are lost.
    Kill,
    /// Replicas are being replaced in order: streams of notifications are ended.
    Roll,
    /// The store was away, and came back empty.
    Store,
}

/// When something was broken on purpose. Whoever breaks it tells; whoever judges an outcome asks.
#[derive(Debug, Default)]
pub struct Timeline {
    windows: Mutex<Vec<Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    fault: Fault,
    /// Absent while it goes on.
    until: Option<Instant>,
}

impl Timeline {
    /// Notes that something is broken from now on.
    pub fn begin(&self, fault: Fault) {
        let window = Window { fault, until: None };
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).push(window);
    }

    /// Notes that what was broken works again.
    pub fn end(&self, fault: Fault) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for window in windows.iter_mut().filter(|window| window.fault == fault && window.until.is_none()) {
            window.until = Some(Instant::now());
        }
    }

    /// Whether something was broken like this at any time from `since` to now, or shortly before.
    #[must_use]
    pub fn was(&self, fault: Fault, since: Instant) -> bool {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let ended_before = |window: &Window| window.until.is_some_and(|until| until + SLACK < since);
        windows.iter().any(|window| window.fault == fault && !ended_before(window))
    }
}

/// How long after the end of a fault a loss still counts as caused by it: the time in which a balancer notices.
const SLACK: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fault_counts_while_it_lasts_and_shortly_after() {
        let timeline = Timeline::default();
        let early = Instant::now();
        assert!(!timeline.was(Fault::Kill, early));
        tokio::time::advance(Duration::from_secs(10)).await;
        timeline.begin(Fault::Kill);
        assert!(timeline.was(Fault::Kill, early), "it began during the work");
        assert!(!timeline.was(Fault::Store, early));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(timeline.was(Fault::Kill, Instant::now()), "it goes on");
        timeline.end(Fault::Kill);
        tokio::time::advance(SLACK).await;
        assert!(timeline.was(Fault::Kill, Instant::now()), "it has just ended");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!timeline.was(Fault::Kill, Instant::now()));
        assert!(timeline.was(Fault::Kill, early), "it was during the work");
    }
}
