//! Times as Redis takes them.

use std::time::Duration;

/// Whole milliseconds, rounded up, at least one, and not more than Redis can add to its clock.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).clamp(1, MILLIS_MAX)
}

/// More than two thousand years.
const MILLIS_MAX: u64 = 1 << 46;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_bounded() {
        let cases = [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_micros(1_001), 2),
            (Duration::from_secs(1), 1_000),
            (Duration::MAX, MILLIS_MAX),
        ];
        for (duration, expected) in cases {
            assert_eq!(millis(duration), expected, "{duration:?}");
        }
    }
}
