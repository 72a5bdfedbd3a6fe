//! [`Cells`] in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use super::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};
use crate::clock::{Clock, UnixMillis};

/// The adapter for a single process: nothing is shared with another one, nothing survives a restart.
///
/// What has expired is removed with every put, the longest expired first; a put that finds no room after that is refused.
pub struct MemoryCells {
    clock: Arc<dyn Clock>,
    limits: MemoryLimits,
    state: Mutex<State>,
}

/// How much a [`MemoryCells`] may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The most cells. Default: 100 000; each costs about 350 bytes besides its value.
    pub entries_max: usize,
    /// The most bytes of all values together. Default: 64 MiB.
    pub bytes_max: usize,
    /// The most bytes of one value. Default: 64 KiB, so that no few callers fill the store.
    pub value_bytes_max: usize,
}

impl MemoryCells {
    /// An empty store that tells the time by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: MemoryLimits) -> Self {
        Self { clock, limits, state: Mutex::default() }
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
        state.store(key, value, expires, &self.limits).map(Put::Stored)
    }
}

impl Cells for MemoryCells {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let state = self.state();
            let entry = state.entries.get(&key).filter(|entry| entry.expires > now);
            Ok(entry.map(|entry| Cell { value: entry.value.clone(), version: entry.version }))
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
        Self { entries_max: 100_000, bytes_max: 64 << 20, value_bytes_max: 64 << 10 }
    }
}

impl fmt::Debug for MemoryCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, bytes) = {
            let state = self.state();
            (state.entries.len(), state.bytes)
        };
        f.debug_struct("MemoryCells")
            .field("entries", &entries)
            .field("bytes", &bytes)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<CellKey, Entry>,
    /// The same cells by their end, to find the expired ones without looking at the others.
    by_expiry: BTreeSet<(UnixMillis, CellKey)>,
    /// The sum of the lengths of all values.
    bytes: usize,
    /// The version of the last put to any cell, so that no cell ever gets a version twice.
    last_version: u64,
}

struct Entry {
    value: Bytes,
    version: Version,
    expires: UnixMillis,
}

impl State {
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
        self.bytes -= entry.value.len();
        Some(entry)
    }

    fn store(
        &mut self,
        key: CellKey,
        value: &[u8],
        expires: UnixMillis,
        limits: &MemoryLimits,
    ) -> Result<Version, StoreError> {
        let (entries_freed, bytes_freed) = self.entries.get(&key).map_or((0, 0), |old| (1, old.value.len()));
        let entries = self.entries.len() - entries_freed + 1;
        let bytes = self.bytes - bytes_freed + value.len();
        if entries > limits.entries_max || bytes > limits.bytes_max {
            return Err(StoreError::Full {
                entries: self.entries.len(),
                entries_max: limits.entries_max,
                bytes: self.bytes,
                bytes_max: limits.bytes_max,
            });
        }
        self.remove(&key);
        self.last_version += 1;
        let version = Version::from_u64(self.last_version);
        // A copy, because a slice of a request's buffer would keep all of that alive.
        let value = Bytes::copy_from_slice(value);
        self.entries.insert(key, Entry { value, version, expires });
        self.by_expiry.insert((expires, key));
        self.bytes = bytes;
        Ok(version)
    }
}
