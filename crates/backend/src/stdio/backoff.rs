//! How long to wait before the next try.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Pauses that double from one to the next, up to a bound.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), next: min }
    }

    /// The next pause: between half of its length and all of it, so that many that failed at once do not all come back at
    /// once.
    pub(super) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(self.max);
        whole.mul_f64(0.5 + 0.5 * chance())
    }

    /// Starts over with the shortest pause.
    pub(super) fn reset(&mut self) {
        self.next = self.min;
    }
}

/// A number from 0 to 1, different each time. The keys that the library hashes with are random enough for this.
fn chance() -> f64 {
    let random = RandomState::new().hash_one(()) >> 32;
    f64::from(u32::try_from(random).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_bound_and_start_over() {
        let millis = Duration::from_millis;
        let mut backoff = Backoff::new(millis(100), millis(30_000));
        for whole in [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000] {
            let pause = backoff.pause();
            assert!(pause >= millis(whole) / 2 && pause <= millis(whole), "{pause:?} of {whole} ms");
        }
        backoff.reset();
        assert!(backoff.pause() <= millis(100));
    }

    #[test]
    fn pauses_differ() {
        let pauses: std::collections::HashSet<Duration> =
            (0..8).map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).pause()).collect();
        assert!(pauses.len() > 1, "{pauses:?}");
    }
}
