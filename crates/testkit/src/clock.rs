//! Time that stands still until a test moves it: a clock, and what a contract suite needs of any store's time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use outboard_store::{BoxFuture, Clock, UnixMillis};

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

/// The time that a store under test goes by: it stands still until it is moved, to the millisecond.
///
/// For a store in memory that is its [`FakeClock`]; for one on a server it is the time of that server.
///
/// # Cancel safety
///
/// A future that is dropped early may have moved the time or not.
pub trait Timeline: Clock {
    /// Sets the time, also to one in its past. The store goes by it when this has ended.
    fn set_to(&self, time: UnixMillis) -> BoxFuture<'_, ()>;

    /// Moves the time forward.
    fn advance(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.set_to(self.now().saturating_add(duration))
    }

    /// Lets as much time go by as a real clock would since the last few operations, where the store counts on that;
    /// less than any other length in a suite.
    fn pass(&self) -> BoxFuture<'_, ()>;
}

impl Timeline for FakeClock {
    fn set_to(&self, time: UnixMillis) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.set(time) })
    }

    /// Does nothing: a store in memory counts on no time between two operations.
    fn pass(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
