//! Cells that have no ends of sessions, and say that they keep them.

use std::sync::Arc;
use std::time::Duration;

use outboard_store::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};

/// The cells of the store, but for those of ended sessions.
#[derive(Debug)]
pub(super) struct ForgetfulCells(pub(super) Arc<dyn Cells>);

/// The kind of the cells in which the store keeps which sessions were ended.
const FORGOTTEN: &str = "ended-sessions";

fn is_forgotten(key: CellKey) -> bool {
    key.kind == FORGOTTEN
}

/// Stored, as far as the caller can tell.
fn pretended<'a>() -> BoxFuture<'a, Result<Put, StoreError>> {
    Box::pin(async { Ok(Put::Stored(Version::from_u64(1))) })
}

impl Cells for ForgetfulCells {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        if is_forgotten(key) {
            return Box::pin(async { Ok(None) });
        }
        self.0.get(key)
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        Box::pin(async move {
            let [one, other] = self.0.get_both(first, second).await?;
            Ok([one.filter(|_| !is_forgotten(first)), other.filter(|_| !is_forgotten(second))])
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        if is_forgotten(key) {
            return pretended();
        }
        self.0.put_if_absent(key, value, ttl)
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        if is_forgotten(key) {
            return pretended();
        }
        self.0.put_if_version(key, version, value, ttl)
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.0.delete(key)
    }

    fn value_bytes_max(&self) -> usize {
        self.0.value_bytes_max()
    }
}
