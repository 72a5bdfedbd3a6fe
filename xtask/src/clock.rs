//! The build tool's clock: how long a step took, and when to give up waiting.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started(Instant);

impl Started {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "real time is what a build tool measures")]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// The time since then.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
