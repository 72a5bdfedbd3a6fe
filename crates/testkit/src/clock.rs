//! A clock that stands still until a test moves it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use outboard_store::{Clock, UnixMillis};

/// A [`Clock`] for tests. It never moves by itself; share it in an `Arc` with what it is handed to.
///
/// ```
/// use std::time::Duration;
/// use outboard_store::Clock;
/// use outboard_testkit::clock::FakeClock;
///
/// let clock = FakeClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now().saturating_since(before), Duration::from_secs(5));
/// ```
#[derive(Debug)]
pub struct FakeClock {
    millis: AtomicU64,
}

impl FakeClock {
    /// A clock that stands at `time`.
    #[must_use]
    pub fn at(time: UnixMillis) -> Self {
        Self { millis: AtomicU64::new(time.as_u64()) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().saturating_add(duration));
    }

    /// Sets the clock to `time`, which may be in its past.
    pub fn set(&self, time: UnixMillis) {
        self.millis.store(time.as_u64(), Ordering::SeqCst);
    }
}

/// Stands at noon of 2026-07-28 UTC: any day would do, as long as it is the same in every run.
impl Default for FakeClock {
    fn default() -> Self {
        Self::at(UnixMillis::new(1_785_240_000_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.millis.load(Ordering::SeqCst))
    }
}
