//! Where the time comes from: [`Clock`], and the real one.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A point in time: milliseconds since 1970-01-01 00:00 UTC, without leap seconds.
///
/// Arithmetic saturates: what is stored until the end of time is stored until [`UnixMillis::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnixMillis(u64);

/// Tells the wall-clock time. It is handed in wherever time matters, so that tests can set it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl UnixMillis {
    /// The last point in time that can be told.
    pub const MAX: Self = Self(u64::MAX);

    /// Takes a number of milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// The number of milliseconds.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The time `duration` later; a part of a millisecond counts as a whole one.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis_up(duration)))
    }

    /// The time `duration` earlier, counted as by [`saturating_add`](Self::saturating_add); 1970 if that was before it.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis_up(duration)))
    }

    /// The time from `earlier` to this; zero when `earlier` is the later one.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    fn now(&self) -> UnixMillis {
        // A machine whose clock stands before 1970 gets 1970: everything then expires late rather than the server failing.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

fn millis_up(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(NANOS_PER_MILLI)).unwrap_or(u64::MAX)
}

const NANOS_PER_MILLI: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_round_up_and_saturate() {
        let cases = [
            (10, Duration::ZERO, 10),
            (10, Duration::from_nanos(1), 11),
            (10, Duration::from_millis(5), 15),
            (10, Duration::from_micros(5_001), 16),
            (10, Duration::MAX, u64::MAX),
            (u64::MAX, Duration::from_millis(1), u64::MAX),
        ];
        for (start, duration, end) in cases {
            assert_eq!(UnixMillis(start).saturating_add(duration), UnixMillis(end), "{start} + {duration:?}");
        }
    }

    #[test]
    fn subtractions_round_up_and_end_in_1970() {
        let cases = [(10, Duration::ZERO, 10), (10, Duration::from_nanos(1), 9), (10, Duration::MAX, 0)];
        for (start, duration, end) in cases {
            assert_eq!(UnixMillis(start).saturating_sub(duration), UnixMillis(end), "{start} - {duration:?}");
        }
    }

    #[test]
    fn differences_never_go_below_zero() {
        assert_eq!(UnixMillis(15).saturating_since(UnixMillis(10)), Duration::from_millis(5));
        assert_eq!(UnixMillis(10).saturating_since(UnixMillis(15)), Duration::ZERO);
    }

    #[test]
    fn the_system_clock_tells_this_century_and_does_not_stand_in_seconds() {
        let now = SystemClock.now();
        assert!(now > UnixMillis(1_700_000_000_000) && now < UnixMillis(4_102_444_800_000), "{now:?}");
    }
}
