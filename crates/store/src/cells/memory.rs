//! [`Cells`] in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use super::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};
use crate::{
    cells::ENDED_SESSIONS,
    clock::{Clock, UnixMillis},
    room::{Held, Room},
};

/// The adapter for a single process: nothing is shared with another one, nothing survives a restart.
///
/// What has expired is removed with every put, the longest expired first; a put that finds no room after that is refused,
/// unless it replaces a value by one that is no longer. An owner finds room as long as it holds no more than its share of
/// what the others leave. The ends of sessions have a room of their own, so that nothing else that is kept stands in
/// their way.
pub struct MemoryCells {
    clock: Arc<dyn Clock>,
    limits: MemoryLimits,
    state: Mutex<State>,
}

/// How much a [`MemoryCells`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The most cells. Default: 1 000 000, which the bytes forbid sooner.
    pub entries_max: usize,
    /// The most bytes of all cells together, where each counts for 512 bytes more than its value has: its key and its places
    /// in the tables. An eighth of that comes on top for the ends of sessions. Default: 128 MiB.
    pub bytes_max: usize,
    /// The most that one owner may hold of what the others leave, in percent. Default: 50.
    pub owner_percent: u8,
    /// The most bytes of one value. Default: 64 KiB, so that no few callers fill the store.
    pub value_bytes_max: usize,
}

impl MemoryCells {
    /// An empty store that tells the time by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: MemoryLimits) -> Self {
        Self { clock, limits, state: Mutex::new(State::new(&limits)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method of `State` can panic between two changes that belong together, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores `value` if `condition` holds for the version of the living cell.
    fn put_if(
        &self,
        key: CellKey,
        value: &[u8],
        ttl: Duration,
        condition: impl FnOnce(Option<Version>) -> bool,
    ) -> Result<Put, StoreError> {
        let bytes_max = self.limits.value_bytes_max;
        if value.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: value.len(), bytes_max });
        }
        let now = self.clock.now();
        let expires = now.saturating_add(ttl.max(Duration::from_millis(1)));
        let mut state = self.state();
        state.remove_expired(now);
        if !condition(state.entries.get(&key).map(|entry| entry.version)) {
            return Ok(Put::Unchanged);
        }
        state.store(key, value, expires).map(Put::Stored)
    }
}

impl Cells for MemoryCells {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        Box::pin(async move {
            let now = self.clock.now();
            Ok(self.state().get(&key, now))
        })
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let state = self.state();
            Ok([first, second].map(|key| state.get(&key, now)))
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(async move { self.put_if(key, value, ttl, |found| found.is_none()) })
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(async move { self.put_if(key, value, ttl, |found| found == Some(version)) })
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = self.clock.now();
            Ok(self.state().remove(&key).is_some_and(|entry| entry.expires > now))
        })
    }

    fn value_bytes_max(&self) -> usize {
        self.limits.value_bytes_max
    }
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { entries_max: 1_000_000, bytes_max: 128 << 20, owner_percent: 50, value_bytes_max: 64 << 10 }
    }
}

impl fmt::Debug for MemoryCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, bytes) = {
            let state = self.state();
            (state.entries.len(), state.cells.held().bytes + state.ended.held().bytes)
        };
        f.debug_struct("MemoryCells")
            .field("entries", &entries)
            .field("bytes", &bytes)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

struct State {
    entries: HashMap<CellKey, Entry>,
    /// The same cells by their end, to find the expired ones without looking at the others.
    by_expiry: BTreeSet<(UnixMillis, CellKey)>,
    /// Who holds what of everything but the ends of sessions.
    cells: Room,
    /// Who holds what of those.
    ended: Room,
    /// The version of the last put to any cell, so that no cell ever gets a version twice.
    last_version: u64,
}

struct Entry {
    value: Bytes,
    version: Version,
    expires: UnixMillis,
}

impl State {
    fn new(limits: &MemoryLimits) -> Self {
        let MemoryLimits { entries_max: entries, bytes_max: bytes, owner_percent, .. } = *limits;
        Self {
            entries: HashMap::new(),
            by_expiry: BTreeSet::new(),
            cells: Room::new(Held { entries, bytes }, owner_percent),
            ended: Room::new(Held { entries, bytes: bytes.div_ceil(ENDED_PART) }, owner_percent),
            last_version: 0,
        }
    }

    fn get(&self, key: &CellKey, now: UnixMillis) -> Option<Cell> {
        let entry = self.entries.get(key).filter(|entry| entry.expires > now)?;
        Some(Cell { value: entry.value.clone(), version: entry.version })
    }

    fn remove_expired(&mut self, now: UnixMillis) {
        while let Some(&(expires, key)) = self.by_expiry.first()
            && expires <= now
        {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &CellKey) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.by_expiry.remove(&(entry.expires, *key));
        self.room(key).replace(key.owner, entry.held(), Held::default());
        Some(entry)
    }

    fn store(&mut self, key: CellKey, value: &[u8], expires: UnixMillis) -> Result<Version, StoreError> {
        let before = self.entries.get(&key).map_or_else(Held::default, Entry::held);
        self.room(&key).check(key.owner, before, held(value))?;
        self.remove(&key);
        self.last_version += 1;
        let version = Version::from_u64(self.last_version);
        // A copy, because a slice of a request's buffer would keep all of that alive.
        let entry = Entry { value: Bytes::copy_from_slice(value), version, expires };
        self.room(&key).replace(key.owner, Held::default(), entry.held());
        self.entries.insert(key, entry);
        self.by_expiry.insert((expires, key));
        Ok(version)
    }

    fn room(&mut self, key: &CellKey) -> &mut Room {
        if key.kind == ENDED_SESSIONS { &mut self.ended } else { &mut self.cells }
    }
}

impl Entry {
    fn held(&self) -> Held {
        held(&self.value)
    }
}

/// What a cell with this value takes.
fn held(value: &[u8]) -> Held {
    Held::one(CELL_OVERHEAD_BYTES + value.len())
}

/// A cell's key stands in two tables that are up to half empty, and the value is an allocation of its own. Measured: about
/// 350 bytes where owners have many cells, 520 to 610 where each has a single one.
const CELL_OVERHEAD_BYTES: usize = 512;

/// The ends of sessions get one part in so many on top of the others' room.
const ENDED_PART: usize = 8;
