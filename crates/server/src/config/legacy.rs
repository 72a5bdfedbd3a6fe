//! The `[legacy]` table: streams of clients of revision 2025-11-25 and before.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Interval, Size};
use super::check::{Check, minutes};
use super::setting::Setting;

/// Streams of clients of revision 2025-11-25 and before.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LegacyTable {
    /// Longest time that a GET stream stays open beside a newer one of its session, 5s to 1h.
    pub(super) get_takeover: Setting<Interval>,
    /// Age at which the connection of a stream ends and the client fetches the rest over a new one, 1s to 1d.
    /// By default it does not end.
    pub(super) connection_max: Option<Setting<Interval>>,
    /// How long a client is told to wait before it connects again (`retry` of the stream), 10ms to 1m.
    pub(super) retry: Setting<Interval>,
    /// Most events of one POST stream that are kept for resumption, 1 to 100000.
    pub(super) event_entries: Setting<Count>,
    /// Most bytes of one POST stream that are kept for resumption, 1KiB to 256MiB.
    pub(super) event_bytes: Setting<Size>,
    /// Longest time that an event is kept for resumption, 1s to 1d.
    pub(super) event_age: Setting<Interval>,
}

/// Streams of the legacy era.
#[derive(Debug, Clone)]
pub(crate) struct Legacy {
    /// How long a GET stream stays open beside a newer one.
    pub(crate) get_takeover: Duration,
    /// When a stream's connection ends early; `None`: never.
    pub(crate) connection_max: Option<Duration>,
    /// What `retry` says.
    pub(crate) retry: Duration,
    /// Most kept events of one POST stream.
    pub(crate) event_entries: usize,
    /// Most kept bytes of one POST stream.
    pub(crate) event_bytes: usize,
    /// How long an event is kept.
    pub(crate) event_age: Duration,
}

impl LegacyTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        // A session's stream changes hands at most once in 5 s.
        check.within(&["legacy", "get_takeover"], &self.get_takeover, Interval::seconds(5)..=minutes(60));
        if let Some(connection_max) = &self.connection_max {
            check.within(&["legacy", "connection_max"], connection_max, Interval::seconds(1)..=minutes(24 * 60));
        }
        check.within(&["legacy", "retry"], &self.retry, Interval::millis(10)..=minutes(1));
        check.within(&["legacy", "event_entries"], &self.event_entries, Count(1)..=Count(100_000));
        check.within(&["legacy", "event_bytes"], &self.event_bytes, Size::kib(1)..=Size::mib(256));
        check.within(&["legacy", "event_age"], &self.event_age, Interval::seconds(1)..=minutes(24 * 60));
    }

    pub(super) fn effective(&self) -> Legacy {
        Legacy {
            get_takeover: self.get_takeover.value.0,
            connection_max: self.connection_max.as_ref().map(|age| age.value.0),
            retry: self.retry.value.0,
            event_entries: self.event_entries.value.0,
            event_bytes: self.event_bytes.value.0,
            event_age: self.event_age.value.0,
        }
    }
}

impl Default for LegacyTable {
    fn default() -> Self {
        Self {
            get_takeover: Setting::default_of(minutes(1)),
            connection_max: None,
            retry: Setting::default_of(Interval::seconds(1)),
            event_entries: Setting::default_of(Count(1_000)),
            event_bytes: Setting::default_of(Size::mib(4)),
            event_age: Setting::default_of(minutes(5)),
        }
    }
}
