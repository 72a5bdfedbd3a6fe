//! The port for rates: [`Counters`].
//!
//! ```
//! use std::{num::NonZeroU32, sync::Arc};
//! use outboard_store::{CounterKey, Counters, MemoryCounterLimits, MemoryCounters, OwnerDigest, Rate, SystemClock};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let counters = MemoryCounters::new(Arc::new(SystemClock), MemoryCounterLimits::default());
//! let key = CounterKey { owner: OwnerDigest::of(b"alice"), kind: "initialize", id: 0 };
//! let rate = Rate::per_second(NonZeroU32::MIN, NonZeroU32::new(3).unwrap());
//!
//! assert!(counters.take(key, rate, 1).await?.allowed);
//! assert_eq!(counters.lease(key, rate, 10).await?, 2, "of three at once, two were left");
//! let refused = counters.take(key, rate, 1).await?;
//! assert!(!refused.allowed && !refused.retry_after.is_zero());
//! # Ok::<(), outboard_store::StoreError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod memory;

use std::{fmt, num::NonZeroU32, time::Duration};

use crate::{
    error::{BoxFuture, StoreError},
    owner::OwnerDigest,
};

/// Where a counter is. As with a cell, the owner is a part of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterKey {
    /// Whose doings are counted.
    pub owner: OwnerDigest,
    /// What is counted; a fixed word of the program, never a caller's text.
    pub kind: &'static str,
    /// Which one of that kind.
    pub id: u128,
}

/// How much may be taken: `burst` at once, and then one per `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    interval_micros: u64,
    burst: NonZeroU32,
}

/// What came of a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it may have been refused"]
pub struct Taken {
    /// Whether all of it was taken; otherwise none of it was.
    pub allowed: bool,
    /// The time after which the same would be allowed if nobody else takes anything: zero when it was allowed,
    /// [`Duration::MAX`] when it is more than the burst and never will be.
    pub retry_after: Duration,
    /// How much could be taken now.
    pub remaining: u32,
}

/// Counts against a rate by the generic cell rate algorithm (ITU-T I.371, annex A). All replicas count together.
///
/// A counter is one number, the time at which it will be as if nothing was ever taken; when that has passed, the counter
/// is gone and costs nothing. It is never more than a full burst ahead, so that neither a clock that was set back nor a
/// rate that was raised refuses anyone for longer than that.
///
/// # Cancel safety
///
/// The futures do nothing before they are polled. One that is dropped after that may have taken all or nothing.
pub trait Counters: Send + Sync + fmt::Debug {
    /// Takes `cost`, all or nothing. A cost of 0 is always allowed and only tells what remains.
    ///
    /// # Errors
    ///
    /// [`StoreError::CountersFull`] and [`StoreError::Unavailable`]; what to do then is the caller's.
    fn take(&self, key: CounterKey, rate: Rate, cost: u32) -> BoxFuture<'_, Result<Taken, StoreError>>;

    /// Takes as much of `wanted` as there is, at once, to be given out without asking again. Returns how much that is.
    ///
    /// # Errors
    ///
    /// As for [`take`](Self::take).
    fn lease(&self, key: CounterKey, rate: Rate, wanted: u32) -> BoxFuture<'_, Result<u32, StoreError>>;
}

impl Rate {
    /// One per `interval`, and `burst` at once. The interval is counted in whole microseconds, rounded up, and is at least
    /// one and at most an hour.
    #[must_use]
    pub const fn new(interval: Duration, burst: NonZeroU32) -> Self {
        let micros = interval.as_nanos().div_ceil(1000);
        let interval_micros = match micros {
            0 => 1,
            1..INTERVAL_MICROS_MAX => micros as u64,
            _ => INTERVAL_MICROS_MAX as u64,
        };
        Self { interval_micros, burst }
    }

    /// `number` per second, and `burst` at once; a number that does not divide a second gives slightly less, never more.
    #[must_use]
    pub const fn per_second(number: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { interval_micros: 1_000_000_u64.div_ceil(number.get() as u64), burst }
    }

    /// The time after which one more may be taken.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_micros(self.interval_micros)
    }

    /// How much may be taken at once.
    #[must_use]
    pub const fn burst(self) -> NonZeroU32 {
        self.burst
    }
}

/// An hour: slower than that is no rate, and a full burst of that stays far from the end of the numbers.
const INTERVAL_MICROS_MAX: u128 = 60 * 60 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_rounded_up_and_bounded() {
        let cases = [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_nanos(1001), 2),
            (Duration::from_millis(50), 50_000),
            (Duration::from_secs(60 * 60), 3_600_000_000),
            (Duration::MAX, 3_600_000_000),
        ];
        for (interval, micros) in cases {
            assert_eq!(Rate::new(interval, NonZeroU32::MIN).interval(), Duration::from_micros(micros), "{interval:?}");
        }
    }

    #[test]
    fn so_many_per_second_are_never_more() {
        let cases = [(1, 1_000_000), (3, 333_334), (20, 50_000), (1_000_000, 1), (u32::MAX, 1)];
        for (number, micros) in cases {
            let rate = Rate::per_second(NonZeroU32::new(number).unwrap(), NonZeroU32::MAX);
            assert_eq!(rate.interval(), Duration::from_micros(micros), "{number}");
            assert_eq!(rate.burst(), NonZeroU32::MAX);
        }
    }
}
