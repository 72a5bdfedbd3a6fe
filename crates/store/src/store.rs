//! Everything that a server shares with its replicas, in one value.

use std::sync::Arc;

use crate::{
    cells::{
        Cells,
        memory::{MemoryCells, MemoryLimits},
    },
    clock::Clock,
    counters::{
        Counters,
        memory::{MemoryCounterLimits, MemoryCounters},
    },
    keys::KeyRing,
    logs::{
        Logs,
        memory::{MemoryLogLimits, MemoryLogs},
    },
};

/// The keys, the clock and the three ports: what the words of this crate are made from.
#[derive(Clone, Debug)]
pub struct Store {
    /// Seals what clients keep for us.
    pub keys: Arc<KeyRing>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Small values that are replaced under a condition.
    pub cells: Arc<dyn Cells>,
    /// Ordered entries that several read.
    pub logs: Arc<dyn Logs>,
    /// Rates.
    pub counters: Arc<dyn Counters>,
}

/// How much a store in the memory of one process may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStoreLimits {
    /// Of small values.
    pub cells: MemoryLimits,
    /// Of logs.
    pub logs: MemoryLogLimits,
    /// Of rates.
    pub counters: MemoryCounterLimits,
}

impl Store {
    /// An empty store in the memory of this process, with the default limits.
    #[must_use]
    pub fn in_memory(keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Self {
        Self::in_memory_within(keys, clock, MemoryStoreLimits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn in_memory_within(keys: Arc<KeyRing>, clock: Arc<dyn Clock>, limits: MemoryStoreLimits) -> Self {
        Self {
            cells: Arc::new(MemoryCells::new(Arc::clone(&clock), limits.cells)),
            logs: Arc::new(MemoryLogs::new(Arc::clone(&clock), limits.logs)),
            counters: Arc::new(MemoryCounters::new(Arc::clone(&clock), limits.counters)),
            keys,
            clock,
        }
    }
}
