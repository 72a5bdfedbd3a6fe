//! A store that does not answer, for what has to go on without it.

use std::time::Duration;

use outboard_store::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};

/// Cells whose every operation fails as if the store could not be reached.
#[derive(Clone, Copy, Debug)]
pub struct DownCells;

impl DownCells {
    fn down<T>() -> BoxFuture<'static, Result<T, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable { source: "no route to the store".into() }) })
    }
}

impl Cells for DownCells {
    fn get(&self, _: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        Self::down()
    }

    fn put_if_absent<'a>(&'a self, _: CellKey, _: &'a [u8], _: Duration) -> BoxFuture<'a, Result<Put, StoreError>> {
        Self::down()
    }

    fn put_if_version<'a>(
        &'a self,
        _: CellKey,
        _: Version,
        _: &'a [u8],
        _: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Self::down()
    }

    fn delete(&self, _: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Self::down()
    }

    fn value_bytes_max(&self) -> usize {
        0
    }
}
