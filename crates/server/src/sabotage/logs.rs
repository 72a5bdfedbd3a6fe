//! Logs of which some lose what is appended to them, and say that they have it.

use std::sync::Arc;

use outboard_store::{BoxFuture, LogKey, LogLimits, LogPage, Logs, Sequence, StoreError};

/// The ports of the store, but for the logs that lose their entries.
#[derive(Debug)]
pub(super) struct LossyLogs {
    inner: Arc<dyn Logs>,
    loses: fn(&LogKey) -> bool,
}

impl LossyLogs {
    pub(super) fn new(inner: Arc<dyn Logs>, loses: fn(&LogKey) -> bool) -> Self {
        Self { inner, loses }
    }

    /// The place that an entry would have; nobody reads there.
    async fn next(&self, key: LogKey) -> Result<Option<Sequence>, StoreError> {
        let last = self.inner.read(key, Sequence::ZERO, 0).await?.last;
        Ok((last != Sequence::ZERO).then(|| Sequence::from_u64(last.as_u64() + 1)))
    }
}

impl Logs for LossyLogs {
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>> {
        // A mailbox is opened by an entry of its own, without which a message would be refused and not lost.
        if (self.loses)(&key) && key.is_bus() {
            return Box::pin(async move { Ok(self.next(key).await?.unwrap_or(Sequence::from_u64(1))) });
        }
        self.inner.append(key, entry, limits)
    }

    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>> {
        if (self.loses)(&key) {
            return Box::pin(self.next(key));
        }
        self.inner.append_if_present(key, entry, limits)
    }

    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.inner.read(key, after, entries_max)
    }

    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.tail(key, after)
    }

    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.inner.delete(key)
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }
}
