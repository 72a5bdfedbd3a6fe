//! The `[store]` table: what the server keeps for all its clients together, in Redis or in its memory within bounds.

use outboard_store::{MemoryCounterLimits, MemoryLimits, MemoryLogLimits, MemoryStoreLimits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Count, Size};
use super::check::Check;
use super::redis::RedisTable;
use super::setting::Setting;

/// What is kept for all clients together: in Redis, or in memory within bounds. What is over these is refused, or gives way
/// as is said here.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoreTable {
    /// Redis, for replicas to share what they keep. By default everything is in the memory of the one server, within the
    /// bounds below.
    #[schemars(with = "RedisTable")]
    pub(super) redis: Option<Setting<RedisTable>>,
    /// Most bytes of small values (settings of sessions, state of tools, what was used once), each counted with 512 bytes
    /// besides its own, 16MiB to 64GiB. An eighth more is kept for the ends of sessions.
    pub(super) cells_bytes: Setting<Size>,
    /// Most small values, 1000 to 100000000.
    pub(super) cells_entries: Setting<Count>,
    /// Most bytes of messages that wait for a call, such as answers of clients to questions, 16MiB to 64GiB.
    pub(super) logs_bytes: Setting<Size>,
    /// Most bytes of events that are kept for resumption, 1MiB to 64GiB. Beyond it the oldest streams of the same principal
    /// are dropped, then those of the one that has most.
    pub(super) event_log_bytes: Setting<Size>,
    /// Most streams that are kept for resumption, and most waiting calls, 1000 to 10000000.
    pub(super) logs: Setting<Count>,
    /// Most counters of rates at a time, 1000 to 10000000.
    pub(super) counters: Setting<Count>,
    /// How much one principal may have of what the others leave of each of these but `counters`, in percent, 10 to 100.
    pub(super) owner_percent: Setting<Count>,
}

impl StoreTable {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        let most = Size::mib(64 << 10);
        // The least share of the least room holds an end in each group of a principal's sessions.
        check.within(&["store", "cells_bytes"], &self.cells_bytes, Size::mib(16)..=most);
        check.within(&["store", "cells_entries"], &self.cells_entries, Count(1_000)..=Count(100_000_000));
        check.within(&["store", "logs_bytes"], &self.logs_bytes, Size::mib(16)..=most);
        check.within(&["store", "event_log_bytes"], &self.event_log_bytes, Size::mib(1)..=most);
        check.within(&["store", "logs"], &self.logs, Count(1_000)..=Count(10_000_000));
        check.within(&["store", "counters"], &self.counters, Count(1_000)..=Count(10_000_000));
        check.within(&["store", "owner_percent"], &self.owner_percent, Count(10)..=Count(100));
    }

    pub(super) fn effective(&self) -> MemoryStoreLimits {
        let owner_percent = u8::try_from(self.owner_percent.value.0).unwrap_or(100);
        MemoryStoreLimits {
            cells: MemoryLimits {
                entries_max: self.cells_entries.value.0,
                bytes_max: self.cells_bytes.value.0,
                owner_percent,
                ..MemoryLimits::default()
            },
            logs: MemoryLogLimits {
                logs_max: self.logs.value.0,
                bytes_max: self.logs_bytes.value.0,
                event_bytes_max: self.event_log_bytes.value.0,
                owner_percent,
                ..MemoryLogLimits::default()
            },
            counters: MemoryCounterLimits { counters_max: self.counters.value.0 },
        }
    }
}

impl Default for StoreTable {
    fn default() -> Self {
        let MemoryStoreLimits { cells, logs, counters } = MemoryStoreLimits::default();
        Self {
            redis: None,
            cells_bytes: Setting::default_of(Size(cells.bytes_max)),
            cells_entries: Setting::default_of(Count(cells.entries_max)),
            logs_bytes: Setting::default_of(Size(logs.bytes_max)),
            event_log_bytes: Setting::default_of(Size(logs.event_bytes_max)),
            logs: Setting::default_of(Count(logs.logs_max)),
            counters: Setting::default_of(Count(counters.counters_max)),
            owner_percent: Setting::default_of(Count(usize::from(cells.owner_percent))),
        }
    }
}
