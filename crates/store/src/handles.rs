//! The word for what a tool keeps between two calls of the same owner: [`Handles`].

mod index;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use bytes::Bytes;
use thiserror::Error;

use self::index::Index;
use crate::{
    cells::{CellKey, Cells, Put, Version},
    clock::Clock,
    error::{ATTEMPTS_MAX, StoreError},
    id,
    owner::OwnerDigest,
    store::Store,
};

/// Values that their owner, and nobody else, finds again by a handle.
///
/// A value is a cell: format number (1 byte, today 1), then its bytes. How many an owner has is known from one more cell,
/// an index of the handles that live (see `src/handles/index.rs`). It is written before a value is created and after one
/// is updated or removed; so when a replica stops in between, it counts one too many until that would have expired.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use outboard_store::{Handle, HandleLimits, Handles, KeyRing, OwnerDigest, RootKey, Store, SystemClock, Updated};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let handles = Handles::new(&Store::in_memory(keys, Arc::new(SystemClock)), HandleLimits::default());
/// let (alice, hour) = (OwnerDigest::of(b"alice"), Duration::from_secs(60 * 60));
///
/// let told = handles.create(alice, b"apples", hour).await?.to_string();
/// let handle: Handle = told.parse()?;
/// let (basket, version) = handles.get(alice, &handle).await?.unwrap();
/// assert_eq!(basket, "apples");
/// assert!(matches!(handles.update(alice, &handle, version, b"pears", hour).await?, Updated::Stored(_)));
/// assert_eq!(handles.update(alice, &handle, version, b"plums", hour).await?, Updated::Conflict);
/// assert!(handles.get(OwnerDigest::of(b"mallory"), &handle).await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handles {
    cells: Arc<dyn Cells>,
    clock: Arc<dyn Clock>,
    limits: HandleLimits,
}

/// How much may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleLimits {
    /// The most bytes of one value. Default: 32 KiB.
    pub value_bytes_max: usize,
    /// The most values of one owner. Default: 100; at most 1,000 are ever kept.
    pub handles_max: usize,
    /// The longest life of a value since it was created or updated. Default: 24 hours.
    pub ttl_max: Duration,
}

/// Names a value: 128 random bits, as a text 22 characters of base64url. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(u128);

/// The text is no handle: answer as for one that is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such handle")]
pub struct NotAHandle;

/// The reasons why a value is not kept.
#[derive(Debug, Error)]
pub enum CreateHandleError {
    /// The owner has as many as it may.
    #[error("the owner has {handles_max} handles, which is as many as it may have")]
    TooMany {
        /// The bound.
        handles_max: usize,
    },
    /// The value is too large.
    #[error("the value has {bytes} bytes, a handle keeps at most {bytes_max}")]
    TooLarge {
        /// The length of the value.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// Ours: the tool asks for too long a life.
    #[error("a handle lives for at most {ttl_max:?}, not {ttl:?}")]
    TtlTooLong {
        /// The life asked for.
        ttl: Duration,
        /// The bound.
        ttl_max: Duration,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reasons why an update cannot even be tried.
#[derive(Debug, Error)]
pub enum UpdateHandleError {
    /// The value is too large.
    #[error("the value has {bytes} bytes, a handle keeps at most {bytes_max}")]
    TooLarge {
        /// The length of the value.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// Ours: the tool asks for too long a life.
    #[error("a handle lives for at most {ttl_max:?}, not {ttl:?}")]
    TtlTooLong {
        /// The life asked for.
        ttl: Duration,
        /// The bound.
        ttl_max: Duration,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the value may not have been stored"]
pub enum Updated {
    /// The value is stored, under this version.
    Stored(Version),
    /// Another update came first: read again.
    Conflict,
    /// This owner has no such handle: there never was one, it is another's, it has expired or was removed.
    Unknown,
}

impl Handles {
    /// The values in this store.
    #[must_use]
    pub fn new(store: &Store, limits: HandleLimits) -> Self {
        let limits = HandleLimits { handles_max: limits.handles_max.min(HANDLES_MAX), ..limits };
        Self { cells: Arc::clone(&store.cells), clock: Arc::clone(&store.clock), limits }
    }

    /// Keeps `value` for `owner`, for `ttl`.
    ///
    /// # Errors
    ///
    /// [`CreateHandleError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, a value may be kept whose handle nobody knows; it goes with its time, and counts until then.
    pub async fn create(&self, owner: OwnerDigest, value: &[u8], ttl: Duration) -> Result<Handle, CreateHandleError> {
        self.check(value, ttl).map_err(CreateHandleError::from)?;
        let handle = Handle(id::random());
        let expires = self.clock.now().saturating_add(ttl);
        let handles_max = self.limits.handles_max;
        let counted = self.change_index(owner, |index| {
            let room = index.len() < handles_max;
            if room {
                index.set(handle.0, expires);
            }
            room
        });
        if !counted.await? {
            return Err(CreateHandleError::TooMany { handles_max });
        }
        match self.cells.put_if_absent(key(owner, &handle), &encode(value), ttl).await? {
            Put::Stored(_) => Ok(handle),
            // As good as never, and then nobody gets a handle to what is another's.
            Put::Unchanged => Err(StoreError::Contended { attempts: 1 }.into()),
        }
    }

    /// Reads a value; `None` when `owner` has no such handle, or it is of a format that this build does not know.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn get(&self, owner: OwnerDigest, handle: &Handle) -> Result<Option<(Bytes, Version)>, StoreError> {
        let found = self.cells.get(key(owner, handle)).await?;
        Ok(found.filter(|cell| cell.value.first() == Some(&FORMAT)).map(|cell| (cell.value.slice(1..), cell.version)))
    }

    /// Replaces the value that was read with `version`, if no other update came first. It then lives for `ttl` from now on.
    ///
    /// # Errors
    ///
    /// [`UpdateHandleError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is updated or it is not.
    pub async fn update(
        &self,
        owner: OwnerDigest,
        handle: &Handle,
        version: Version,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Updated, UpdateHandleError> {
        self.check(value, ttl)?;
        match self.cells.put_if_version(key(owner, handle), version, &encode(value), ttl).await? {
            Put::Stored(version) => {
                let expires = self.clock.now().saturating_add(ttl);
                self.change_index(owner, |index| index.set(handle.0, expires)).await?;
                Ok(Updated::Stored(version))
            }
            Put::Unchanged => match self.get(owner, handle).await? {
                Some(_) => Ok(Updated::Conflict),
                None => Ok(Updated::Unknown),
            },
        }
    }

    /// Removes a value. Returns whether `owner` had such a handle.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the value may be removed and count until it would have expired.
    ///
    /// # Cancel safety
    ///
    /// As for an error.
    pub async fn remove(&self, owner: OwnerDigest, handle: &Handle) -> Result<bool, StoreError> {
        let removed = self.cells.delete(key(owner, handle)).await?;
        if removed {
            self.change_index(owner, |index| index.remove(handle.0)).await?;
        }
        Ok(removed)
    }

    fn check(&self, value: &[u8], ttl: Duration) -> Result<(), UpdateHandleError> {
        let HandleLimits { value_bytes_max: bytes_max, ttl_max, .. } = self.limits;
        if value.len() > bytes_max {
            return Err(UpdateHandleError::TooLarge { bytes: value.len(), bytes_max });
        }
        if ttl > ttl_max {
            return Err(UpdateHandleError::TtlTooLong { ttl, ttl_max });
        }
        Ok(())
    }

    /// Makes `change` to the index of `owner`, again if another was made at the same time. Returns what `change` did.
    async fn change_index<T>(&self, owner: OwnerDigest, change: impl Fn(&mut Index) -> T) -> Result<T, StoreError> {
        let key = CellKey { owner, kind: "handles", id: 0 };
        for _ in 0..ATTEMPTS_MAX {
            let found = self.cells.get(key).await?;
            let now = self.clock.now();
            let mut index = Index::decode(found.as_ref().map_or(&[], |cell| &cell.value), now);
            let changed = change(&mut index);
            let (value, ttl) = (index.encode(), index.last_expiry().saturating_since(now));
            let put = self.cells.put_over(key, found.map(|cell| cell.version), &value, ttl).await?;
            if matches!(put, Put::Stored(_)) {
                return Ok(changed);
            }
        }
        Err(StoreError::Contended { attempts: ATTEMPTS_MAX })
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&id::to_text(self.0))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

impl FromStr for Handle {
    type Err = NotAHandle;

    fn from_str(text: &str) -> Result<Self, NotAHandle> {
        id::from_text(text).map(Self).ok_or(NotAHandle)
    }
}

impl Default for HandleLimits {
    fn default() -> Self {
        Self { value_bytes_max: 32 << 10, handles_max: 100, ttl_max: Duration::from_secs(24 * 60 * 60) }
    }
}

impl From<UpdateHandleError> for CreateHandleError {
    fn from(error: UpdateHandleError) -> Self {
        match error {
            UpdateHandleError::TooLarge { bytes, bytes_max } => Self::TooLarge { bytes, bytes_max },
            UpdateHandleError::TtlTooLong { ttl, ttl_max } => Self::TtlTooLong { ttl, ttl_max },
            UpdateHandleError::Store(error) => Self::Store(error),
        }
    }
}

fn key(owner: OwnerDigest, Handle(id): &Handle) -> CellKey {
    CellKey { owner, kind: "handle", id: *id }
}

fn encode(value: &[u8]) -> Vec<u8> {
    [&[FORMAT], value].concat()
}

const FORMAT: u8 = 1;

/// An index of so many is 24 KB, which every store has room for.
const HANDLES_MAX: usize = 1000;
