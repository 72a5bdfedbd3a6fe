//! The word for what counts a single time on all replicas together: [`Once`].
//!
//! The bytes of a mark: format number (1 byte, today 1). A mark of any format counts: that it is there is what it says.

use std::{sync::Arc, time::Duration};

use crate::{
    cells::{CellKey, Cells, Put},
    error::StoreError,
    owner::OwnerDigest,
    store::Store,
};

/// Marks of what was consumed.
#[derive(Clone, Debug)]
pub struct Once {
    cells: Arc<dyn Cells>,
}

impl Once {
    /// The marks in this store.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { cells: Arc::clone(&store.cells) }
    }

    /// Consumes `id`, a random number of `owner`. Returns whether this was the first time in the last `ttl`, which the
    /// caller takes as long as `id` can come back.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; whether it is consumed is then not known, and what must not happen twice must not happen.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is consumed or it is not, and nobody has been told so.
    pub async fn consume(&self, owner: OwnerDigest, id: u128, ttl: Duration) -> Result<bool, StoreError> {
        let put = self.cells.put_if_absent(CellKey { owner, kind: "once", id }, &[FORMAT], ttl).await?;
        Ok(matches!(put, Put::Stored(_)))
    }
}

const FORMAT: u8 = 1;
