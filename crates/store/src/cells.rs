//! The port for small values that are replaced under a condition: [`Cells`].
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use outboard_store::{CellKey, Cells, MemoryCells, MemoryLimits, OwnerDigest, Put, SystemClock};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let cells = MemoryCells::new(Arc::new(SystemClock), MemoryLimits::default());
//! let key = CellKey { owner: OwnerDigest::of(b"alice"), kind: "basket", id: 7 };
//! let minute = Duration::from_secs(60);
//!
//! let Put::Stored(version) = cells.put_if_absent(key, b"apples", minute).await? else { unreachable!() };
//! let replaced = cells.put_if_version(key, version, b"apples, pears", minute).await?;
//! assert!(matches!(replaced, Put::Stored(_)));
//! assert_eq!(cells.put_if_version(key, version, b"plums", minute).await?, Put::Unchanged);
//! assert_eq!(cells.get(key).await?.unwrap().value, "apples, pears");
//! # Ok::<(), outboard_store::StoreError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod memory;

use std::{fmt, time::Duration};

use bytes::Bytes;

use crate::{
    error::{BoxFuture, StoreError},
    owner::OwnerDigest,
};

/// Where a cell is.
///
/// The owner is a part of the place: to everybody else the cell does not exist, and cannot be told from one that never
/// did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellKey {
    /// To whom the cell belongs.
    pub owner: OwnerDigest,
    /// What kind of thing it holds; a fixed word of the program, never a caller's text.
    pub kind: &'static str,
    /// Which one of that kind; random where a guess must not hit.
    pub id: u128,
}

/// A cell as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The bytes put there last.
    pub value: Bytes,
    /// Which put that was.
    pub version: Version,
}

/// Names one put to one cell, to replace what it stored and nothing newer.
///
/// It has no order, and a cell that was deleted or has expired never gets one of its former versions again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(u64);

/// What came of a conditional put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the value may not have been stored"]
pub enum Put {
    /// The value is stored, under this version.
    Stored(Version),
    /// The condition did not hold; the cell is as it was.
    Unchanged,
}

/// Small values with an owner and an end, replaced under a condition. All replicas see the same.
///
/// - A cell lives for the `ttl` of its last put, counted in whole milliseconds, rounded up, and at least one; from then on
///   it is absent in every respect.
/// - Conditional puts to one cell happen one after the other: of several that name the same version, or absence, one is
///   stored.
/// - What a value means is the caller's; by the rule of this crate it begins with a format number.
///
/// # Cancel safety
///
/// The futures do nothing before they are polled. One that is dropped after that may have done all of its work or none,
/// never a part: read the cell to know.
pub trait Cells: Send + Sync + fmt::Debug {
    /// Reads the cell; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>>;

    /// Reads two cells in one trip, the second no earlier than the first: who stores something in the second and then
    /// removes the first is never seen with neither.
    ///
    /// An adapter that has no such trip takes two.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        Box::pin(async move { Ok([self.get(first).await?, self.get(second).await?]) })
    }

    /// Stores `value` where there is no cell.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that is not about counters.
    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>>;

    /// Replaces what the put of `version` stored, if it is still there. The cell then lives for `ttl` from now on.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that is not about counters; the cell is then as it was, unless the store was unavailable.
    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>>;

    /// Puts `value` where a reading `found` what it found: a cell of that version, or none. One of the two puts above.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`], as they do.
    fn put_over<'a>(
        &'a self,
        key: CellKey,
        found: Option<Version>,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        match found {
            None => self.put_if_absent(key, value, ttl),
            Some(version) => self.put_if_version(key, version, value, ttl),
        }
    }

    /// Removes the cell, whatever its version is. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The most bytes that one value may have.
    fn value_bytes_max(&self) -> usize;
}

impl Version {
    /// Takes the number that an adapter gave to a put.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number, for the adapter that gave it.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// The kind of the cells in which [`Sessions`](crate::Sessions) keeps which sessions were ended. There are few for each
/// owner, and an end that finds no room is an end that does not happen: an adapter that refuses keeps room for them.
pub(crate) const ENDED_SESSIONS: &str = "ended-sessions";
