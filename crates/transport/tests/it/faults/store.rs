//! A store that a test takes away and gives back.

use std::sync::Arc;
use std::time::Duration;

use outboard_store::{
    BoxFuture, Cell, CellKey, Cells, CounterKey, Counters, LogKey, LogLimits, LogPage, Logs, Put, Rate, Sequence,
    Store, StoreError, Taken, Version,
};
use tokio::sync::watch;

use crate::support::Shared;

/// How long an adapter waits for its server, at most, before it gives up.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// It refuses at once.
    Fails,
    /// It takes everything and answers nothing.
    Hangs,
}

/// Turns a store off and on.
#[derive(Debug)]
pub(super) struct Switch(watch::Sender<Fault>);

#[derive(Debug)]
struct Switched<T> {
    inner: T,
    fault: watch::Receiver<Fault>,
}

impl Switch {
    /// A replica's way to the store, which can be cut.
    pub(super) fn over(shared: Shared) -> (Shared, Self) {
        let Shared { store, clock } = shared;
        let (sender, fault) = watch::channel(Fault::None);
        let cells = Arc::new(Switched { inner: store.cells, fault: fault.clone() });
        let logs = Arc::new(Switched { inner: store.logs, fault: fault.clone() });
        let counters = Arc::new(Switched { inner: store.counters, fault });
        let store = Store { cells, logs, counters, ..store };
        (Shared { store, clock }, Self(sender))
    }

    pub(super) fn turn(&self, fault: Fault) {
        self.0.send_replace(fault);
    }
}

impl<T: Sync> Switched<T> {
    fn ask<'a, R: 'a>(
        &'a self,
        ask: impl FnOnce(&'a T) -> BoxFuture<'a, Result<R, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<R, StoreError>> {
        Box::pin(async move {
            let mut fault = self.fault.clone();
            let now = *fault.borrow_and_update();
            match now {
                Fault::None => {}
                Fault::Fails => return Err(away()),
                Fault::Hangs => {
                    tokio::time::sleep(ANSWERS_WITHIN).await;
                    return Err(away());
                }
            }
            // What waits in a store that goes away fails too.
            tokio::select! {
                biased;
                answer = ask(&self.inner) => answer,
                _ = fault.changed() => Err(away()),
            }
        })
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { source: "the store was taken away".into() }
}

impl Cells for Switched<Arc<dyn Cells>> {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        self.ask(move |cells| cells.get(key))
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        self.ask(move |cells| cells.get_both(first, second))
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        self.ask(move |cells| cells.put_if_absent(key, value, ttl))
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        self.ask(move |cells| cells.put_if_version(key, version, value, ttl))
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.ask(move |cells| cells.delete(key))
    }

    fn value_bytes_max(&self) -> usize {
        self.inner.value_bytes_max()
    }
}

impl Logs for Switched<Arc<dyn Logs>> {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        self.ask(move |logs| logs.append(key, entry, limits))
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        self.ask(move |logs| logs.append_if_present(key, entry, limits))
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.ask(move |logs| logs.read(key, after, entries_max))
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        self.ask(move |logs| logs.tail(key, after))
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.ask(move |logs| logs.delete(key))
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }
}

impl Counters for Switched<Arc<dyn Counters>> {
    fn take(&self, key: CounterKey, rate: Rate, cost: u32) -> BoxFuture<'_, Result<Taken, StoreError>> {
        self.ask(move |counters| counters.take(key, rate, cost))
    }

    fn lease(&self, key: CounterKey, rate: Rate, wanted: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        self.ask(move |counters| counters.lease(key, rate, wanted))
    }
}
