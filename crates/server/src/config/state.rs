//! The `[state]` table: the bounds of what handlers keep between calls, each under its handle.

use outboard_runtime::StateConfig;
use outboard_store::MemoryLimits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// What tools keep for a principal between calls, each value under its handle.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StateTable {
    /// Largest value, 1KiB to 64KiB.
    pub(super) bytes: Setting<Size>,
    /// Most values of one principal, 1 to 1000.
    pub(super) count: Setting<Count>,
    /// Longest time that a value is kept, 1s to 30d.
    pub(super) max_age: Setting<Interval>,
}

impl StateTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        // The store keeps no larger value, and no more of one owner.
        check.within(&["state", "bytes"], &self.bytes, Size::kib(1)..=Size(MemoryLimits::default().value_bytes_max));
        check.within(&["state", "count"], &self.count, Count(1)..=Count(1_000));
        check.within(&["state", "max_age"], &self.max_age, Interval::seconds(1)..=minutes(30 * 24 * 60));
    }

    pub(super) const fn effective(&self) -> StateConfig {
        StateConfig { bytes_max: self.bytes.value.0, count_max: self.count.value.0, age_max: self.max_age.value.0 }
    }
}

impl Default for StateTable {
    fn default() -> Self {
        let StateConfig { bytes_max, count_max, age_max } = StateConfig::default();
        Self {
            bytes: Setting::default_of(Size(bytes_max)),
            count: Setting::default_of(Count(count_max)),
            max_age: Setting::default_of(Interval(age_max)),
        }
    }
}
