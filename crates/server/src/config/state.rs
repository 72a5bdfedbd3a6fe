//! The `[state]` table: the bounds of what handlers keep between calls, each under its handle.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// What tools keep for a principal between calls, each value under its handle.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StateTable {
    /// Largest value, 1KiB to 16MiB.
    pub(super) bytes: Setting<Size>,
    /// Most values of one principal, 1 to 100000.
    pub(super) count: Setting<Count>,
    /// Longest time that a value is kept, 1s to 30d.
    pub(super) max_age: Setting<Interval>,
}

/// The bounds of state between calls.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// Largest value, in bytes.
    pub(crate) bytes: usize,
    /// Most values of one principal.
    pub(crate) count: usize,
    /// Longest life of a value.
    pub(crate) max_age: Duration,
}

impl StateTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.within(&["state", "bytes"], &self.bytes, Size::kib(1)..=Size::mib(16));
        check.within(&["state", "count"], &self.count, Count(1)..=Count(100_000));
        check.within(&["state", "max_age"], &self.max_age, Interval::seconds(1)..=minutes(30 * 24 * 60));
    }

    pub(super) const fn effective(&self) -> State {
        State { bytes: self.bytes.value.0, count: self.count.value.0, max_age: self.max_age.value.0 }
    }
}

impl Default for StateTable {
    fn default() -> Self {
        Self {
            bytes: Setting::default_of(Size::kib(64)),
            count: Setting::default_of(Count(100)),
            max_age: Setting::default_of(minutes(24 * 60)),
        }
    }
}
