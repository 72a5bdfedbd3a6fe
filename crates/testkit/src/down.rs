//! A store that does not answer, for what has to go on without it.

use std::{sync::Arc, time::Duration};

use outboard_store::{
    BoxFuture, Cell, CellKey, Cells, Clock, CounterKey, Counters, KeyRing, LogKey, LogLimits, LogPage, Logs, Put, Rate,
    Sequence, Store, StoreError, Taken, Version,
};

/// A store of which nothing answers but the keys and the clock.
#[must_use]
pub fn store(keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Store {
    Store { keys, clock, cells: Arc::new(DownCells), logs: Arc::new(DownLogs), counters: Arc::new(DownCounters) }
}

/// Cells whose every operation fails as if the store could not be reached.
#[derive(Clone, Copy, Debug)]
pub struct DownCells;

/// Logs whose every operation fails as if the store could not be reached.
#[derive(Clone, Copy, Debug)]
pub struct DownLogs;

/// Counters whose every operation fails as if the store could not be reached.
#[derive(Clone, Copy, Debug)]
pub struct DownCounters;

impl Cells for DownCells {
    fn get(&self, _: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        down()
    }

    fn put_if_absent<'a>(&'a self, _: CellKey, _: &'a [u8], _: Duration) -> BoxFuture<'a, Result<Put, StoreError>> {
        down()
    }

    fn put_if_version<'a>(
        &'a self,
        _: CellKey,
        _: Version,
        _: &'a [u8],
        _: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        down()
    }

    fn delete(&self, _: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        down()
    }

    fn value_bytes_max(&self) -> usize {
        0
    }
}

impl Logs for DownLogs {
    fn append<'a>(&'a self, _: LogKey, _: &'a [u8], _: LogLimits) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        down()
    }

    fn append_if_present<'a>(
        &'a self,
        _: LogKey,
        _: &'a [u8],
        _: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        down()
    }

    fn read(&self, _: LogKey, _: Sequence, _: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        down()
    }

    fn tail(&self, _: LogKey, _: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        down()
    }

    fn delete(&self, _: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        down()
    }

    fn entry_bytes_max(&self) -> usize {
        0
    }
}

impl Counters for DownCounters {
    fn take(&self, _: CounterKey, _: Rate, _: u32) -> BoxFuture<'_, Result<Taken, StoreError>> {
        down()
    }

    fn lease(&self, _: CounterKey, _: Rate, _: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        down()
    }
}

fn down<T>() -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(async { Err(StoreError::Unavailable { source: "no route to the store".into() }) })
}
