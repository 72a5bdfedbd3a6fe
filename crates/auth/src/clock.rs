//! What time it is, as the claims of tokens are judged.

use std::{fmt, sync::Arc, time::SystemTime};

/// Tells the time of day. The default is the machine's clock; tests bring their own.
///
/// Only what tokens say is judged by it. How long something is kept goes by a clock that nobody can set.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that asks this.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(system_time)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine what time it is")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
