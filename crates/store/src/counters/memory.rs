//! [`Counters`] in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{BoxFuture, CounterKey, Counters, Rate, StoreError, Taken};
use crate::clock::Clock;

/// The adapter for a single process: nothing is shared with another one, nothing survives a restart.
///
/// What counts no longer is removed with every take; one that finds no room after that is refused.
pub struct MemoryCounters {
    clock: Arc<dyn Clock>,
    limits: MemoryCounterLimits,
    state: Mutex<State>,
}

/// How much a [`MemoryCounters`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryCounterLimits {
    /// The most counters. Default: 100 000; each costs about 300 bytes.
    pub counters_max: usize,
}

impl MemoryCounters {
    /// An empty store that tells the time by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: MemoryCounterLimits) -> Self {
        Self { clock, limits, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method of `State` can panic between two changes that belong together, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what `choose` makes of what remains. Returns that, and what then remains in microseconds.
    fn take_of(&self, key: CounterKey, rate: Rate, choose: impl FnOnce(u32) -> u32) -> Result<(u32, u64), StoreError> {
        let now = self.clock.now().as_u64().saturating_mul(MICROS_PER_MILLI);
        let mut state = self.state();
        state.remove_passed(now);
        let full = full_micros(rate);
        let ahead = state.full_at.get(&key).map_or(0, |full_at| full_at.saturating_sub(now).min(full));
        let taken = choose(units(full - ahead, rate));
        let ahead = ahead + u64::from(taken) * rate.interval_micros;
        if taken > 0 {
            state.set(key, now.saturating_add(ahead), self.limits.counters_max)?;
        }
        Ok((taken, full - ahead))
    }
}

impl Counters for MemoryCounters {
    fn take(&self, key: CounterKey, rate: Rate, cost: u32) -> BoxFuture<'_, Result<Taken, StoreError>> {
        Box::pin(async move {
            let choose = |remaining| if cost <= remaining { cost } else { 0 };
            let (taken, left) = self.take_of(key, rate, choose)?;
            let missing = match cost {
                _ if cost == taken => Duration::ZERO,
                _ if cost > rate.burst.get() => Duration::MAX,
                _ => Duration::from_micros(u64::from(cost) * rate.interval_micros - left),
            };
            Ok(Taken { allowed: cost == taken, retry_after: missing, remaining: units(left, rate) })
        })
    }

    fn lease(&self, key: CounterKey, rate: Rate, wanted: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        Box::pin(async move { Ok(self.take_of(key, rate, |remaining| remaining.min(wanted))?.0) })
    }
}

impl Default for MemoryCounterLimits {
    fn default() -> Self {
        Self { counters_max: 100_000 }
    }
}

impl fmt::Debug for MemoryCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = self.state().full_at.len();
        f.debug_struct("MemoryCounters")
            .field("counters", &counters)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// All times in microseconds since 1970.
#[derive(Default)]
struct State {
    /// When each counter will be as if nothing was ever taken.
    full_at: HashMap<CounterKey, u64>,
    /// The same by that time, to find those that have passed without looking at the others.
    by_time: BTreeSet<(u64, CounterKey)>,
}

impl State {
    fn remove_passed(&mut self, now: u64) {
        while let Some(&(full_at, key)) = self.by_time.first()
            && full_at <= now
        {
            self.by_time.remove(&(full_at, key));
            self.full_at.remove(&key);
        }
    }

    fn set(&mut self, key: CounterKey, full_at: u64, counters_max: usize) -> Result<(), StoreError> {
        if !self.full_at.contains_key(&key) && self.full_at.len() >= counters_max {
            return Err(StoreError::CountersFull { counters: self.full_at.len(), counters_max });
        }
        if let Some(before) = self.full_at.insert(key, full_at) {
            self.by_time.remove(&(before, key));
        }
        self.by_time.insert((full_at, key));
        Ok(())
    }
}

/// The time that a full burst stands for. Under 2^64, because an interval is bounded.
fn full_micros(rate: Rate) -> u64 {
    u64::from(rate.burst.get()) * rate.interval_micros
}

/// How much can be taken within `micros`; never more than a burst.
fn units(micros: u64, rate: Rate) -> u32 {
    u32::try_from(micros / rate.interval_micros).unwrap_or(u32::MAX)
}

const MICROS_PER_MILLI: u64 = 1000;
