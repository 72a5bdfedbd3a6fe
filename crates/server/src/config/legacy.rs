//! The `[legacy]` table: sessions and streams of clients of revision 2025-11-25 and before.

use std::num::NonZeroU32;
use std::time::Duration;

use outboard_store::MemoryLogLimits;
use outboard_transport::LegacyConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// Sessions and streams of clients of revision 2025-11-25 and before.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LegacyTable {
    /// Sessions that one principal may open per second (`initialize`), once its burst is used up, 1 to 10000.
    pub(super) initialize_rate: Setting<Count>,
    /// Sessions that one principal may open at once, 1 to 100000.
    pub(super) initialize_burst: Setting<Count>,
    /// Longest time that a GET stream stays open beside a newer one of its session, 5s to 1h.
    pub(super) get_takeover: Setting<Interval>,
    /// Age at which the connection of a stream ends and the client fetches the rest over a new one, 1s to 1d.
    /// By default it does not end.
    pub(super) connection_max: Option<Setting<Interval>>,
    /// How long a client is told to wait before it connects again (`retry` of the stream), 10ms to 1m.
    pub(super) retry: Setting<Interval>,
    /// Most events of one POST stream that are kept for resumption, 1 to 100000.
    pub(super) event_entries: Setting<Count>,
    /// Most bytes of one POST stream that are kept for resumption, 1KiB to 64MiB.
    pub(super) event_bytes: Setting<Size>,
    /// Longest time that an event is kept for resumption, 1s to 1d.
    pub(super) event_age: Setting<Interval>,
}

impl LegacyTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.within(&["legacy", "initialize_rate"], &self.initialize_rate, Count(1)..=Count(10_000));
        check.within(&["legacy", "initialize_burst"], &self.initialize_burst, Count(1)..=Count(100_000));
        // A session's stream changes hands at most once in 5 s.
        check.within(&["legacy", "get_takeover"], &self.get_takeover, Interval::seconds(5)..=minutes(60));
        if let Some(connection_max) = &self.connection_max {
            check.within(&["legacy", "connection_max"], connection_max, Interval::seconds(1)..=minutes(24 * 60));
        }
        check.within(&["legacy", "retry"], &self.retry, Interval::millis(10)..=minutes(1));
        check.within(&["legacy", "event_entries"], &self.event_entries, Count(1)..=Count(100_000));
        // The store has room for so much in all.
        let bytes_max = Size(MemoryLogLimits::default().bytes_max);
        check.within(&["legacy", "event_bytes"], &self.event_bytes, Size::kib(1)..=bytes_max);
        check.within(&["legacy", "event_age"], &self.event_age, Interval::seconds(1)..=minutes(24 * 60));
    }

    /// The bounds of the legacy era; these three are settings of other tables.
    pub(super) fn effective(
        &self,
        session_max_age: Duration,
        stream_after: Duration,
        questions_max: usize,
    ) -> LegacyConfig {
        LegacyConfig {
            session_max_age,
            stream_after,
            questions_max,
            initialize_rate: positive(self.initialize_rate.value),
            initialize_burst: positive(self.initialize_burst.value),
            get_takeover: self.get_takeover.value.0,
            connection_max: self.connection_max.as_ref().map(|age| age.value.0),
            retry: self.retry.value.0,
            event_entries: self.event_entries.value.0,
            event_bytes: self.event_bytes.value.0,
            event_age: self.event_age.value.0,
        }
    }
}

/// A number that was checked to be in its range.
fn positive(Count(count): Count) -> NonZeroU32 {
    u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

impl Default for LegacyTable {
    fn default() -> Self {
        let legacy = LegacyConfig::default();
        Self {
            initialize_rate: Setting::default_of(Count(20)),
            initialize_burst: Setting::default_of(Count(200)),
            get_takeover: Setting::default_of(Interval(legacy.get_takeover)),
            connection_max: legacy.connection_max.map(|age| Setting::default_of(Interval(age))),
            retry: Setting::default_of(Interval(legacy.retry)),
            event_entries: Setting::default_of(Count(legacy.event_entries)),
            event_bytes: Setting::default_of(Size(legacy.event_bytes)),
            event_age: Setting::default_of(Interval(legacy.event_age)),
        }
    }
}
