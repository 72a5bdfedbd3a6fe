//! The word for being the only one, for a while: [`Lease`].
//!
//! The bytes of a lease's cell, numbers big-endian: format number (1 byte, today 1), state (1 byte: 0 free, 1 held), and
//! of a held one its fence (8, 0 while there is none yet) and the holder's bytes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    cells::{Cell, CellKey, Cells, Put, Version},
    error::{ATTEMPTS_MAX, StoreError},
    id,
    logs::{LogKey, LogLimits, Logs},
    owner::OwnerDigest,
    record::Reader,
    store::Store,
};

/// Leases: each is held by at most one at a time, and ends by itself.
///
/// A holder that stalls does not notice that its lease is over. So each time that one is given it comes with a fence, a
/// number greater than every one before for the same key: what the holder acts on takes nothing from a fence under the
/// highest that it has seen. Fences grow over release and expiry too: the last one is remembered for 30 days, and a fence
/// given after that is still greater as long as no clock is set back.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use outboard_store::{KeyRing, Lease, LeaseKey, OwnerDigest, RootKey, Store, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let lease = Lease::new(&Store::in_memory(keys, Arc::new(SystemClock)));
/// let (key, ttl) = (LeaseKey { owner: OwnerDigest::of(b"alice"), kind: "child", id: 7 }, Duration::from_secs(30));
///
/// let held = lease.acquire(key, b"replica one", ttl).await?.unwrap();
/// assert!(lease.acquire(key, b"replica two", ttl).await?.is_none());
/// assert_eq!(lease.holder(key).await?.unwrap().holder, "replica one");
/// let fence = held.fence();
/// lease.release(held).await?;
/// assert!(lease.acquire(key, b"replica two", ttl).await?.unwrap().fence() > fence);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lease {
    cells: Arc<dyn Cells>,
    logs: Arc<dyn Logs>,
}

/// What a lease is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseKey {
    /// To whom the thing belongs.
    pub owner: OwnerDigest,
    /// What kind of thing it is; a fixed word of the program.
    pub kind: &'static str,
    /// Which one of that kind.
    pub id: u128,
}

/// A lease that was given, for its holder.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a lease that is not released blocks others until its time is over"]
pub struct Held {
    place: Place,
    fence: u64,
    version: Version,
    holder: Bytes,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What the holder calls itself.
    pub holder: Bytes,
    /// The number of its lease.
    pub fence: u64,
}

impl Lease {
    /// The leases in this store.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { cells: Arc::clone(&store.cells), logs: Arc::clone(&store.logs) }
    }

    /// Takes the lease for `holder` if nobody holds it, not even `holder` itself; `None` if somebody does, perhaps in a
    /// format that this build does not know.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the lease may be held, without anyone who knows, until `ttl` is over.
    pub async fn acquire(&self, key: LeaseKey, holder: &[u8], ttl: Duration) -> Result<Option<Held>, StoreError> {
        self.take(Place::of(key), holder, ttl, IfHeld::Yield).await
    }

    /// Takes the lease for `holder`, whoever holds it: that one's next [`renew`](Self::renew) fails.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Contended`](StoreError::Contended) when others take it as persistently.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Self::acquire).
    pub async fn take_over(&self, key: LeaseKey, holder: &[u8], ttl: Duration) -> Result<Held, StoreError> {
        let held = self.take(Place::of(key), holder, ttl, IfHeld::TakeOver).await?;
        held.ok_or(StoreError::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Makes the lease end `ttl` from now. Returns whether it was still held; otherwise it is lost for good.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; whether it is held is then not known until the next renewal.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the lease may have been renewed in a way that the next renewal takes for a loss: do not drop it.
    pub async fn renew(&self, held: &mut Held, ttl: Duration) -> Result<bool, StoreError> {
        let value = encode_held(held.fence, &held.holder);
        match self.cells.put_if_version(held.place.cell, held.version, &value, ttl).await? {
            Put::Stored(version) => {
                held.version = version;
                Ok(true)
            }
            Put::Unchanged => Ok(false),
        }
    }

    /// Gives the lease back before its time. Returns whether it was still held.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the lease then ends with its time.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the lease is free or ends with its time.
    pub async fn release(&self, held: Held) -> Result<bool, StoreError> {
        // There is no deletion under a condition, so it is marked free for the shortest time.
        let put = self.cells.put_if_version(held.place.cell, held.version, &[FORMAT, FREE], Duration::ZERO).await?;
        Ok(matches!(put, Put::Stored(_)))
    }

    /// Who holds the lease; `None` also for one that is just being taken, or is of a format that this build does not know.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn holder(&self, key: LeaseKey) -> Result<Option<Holder>, StoreError> {
        Ok(self.cells.get(Place::of(key).cell).await?.and_then(|cell| decode_held(&cell)))
    }

    async fn take(
        &self,
        place: Place,
        holder: &[u8],
        ttl: Duration,
        if_held: IfHeld,
    ) -> Result<Option<Held>, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let being_taken = encode_held(0, holder);
            let put = match self.cells.get(place.cell).await? {
                None => self.cells.put_if_absent(place.cell, &being_taken, ttl).await?,
                Some(cell) if cell.value == [FORMAT, FREE].as_slice() || if_held == IfHeld::TakeOver => {
                    self.cells.put_if_version(place.cell, cell.version, &being_taken, ttl).await?
                }
                Some(_) => return Ok(None),
            };
            let Put::Stored(version) = put else { continue };
            // The fence is drawn by the one who holds the cell. If that is over before the fence is written, the next holder
            // draws a greater one and this one is never given.
            let fence = self.logs.append(place.fences, &[FORMAT], FENCES).await?.as_u64();
            let put = self.cells.put_if_version(place.cell, version, &encode_held(fence, holder), ttl).await?;
            if let Put::Stored(version) = put {
                return Ok(Some(Held { place, fence, version, holder: Bytes::copy_from_slice(holder) }));
            }
        }
        Err(StoreError::Contended { attempts: ATTEMPTS_MAX })
    }
}

impl Held {
    /// The number of this lease: greater than that of every lease of the same key before.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IfHeld {
    Yield,
    TakeOver,
}

/// Where the lease is and where its fences come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    cell: CellKey,
    fences: LogKey,
}

impl Place {
    fn of(LeaseKey { owner, kind, id }: LeaseKey) -> Self {
        let id = id::digest(&[b"outboard lease 1", kind.as_bytes(), &[0], &id.to_be_bytes()]);
        Self { cell: CellKey { owner, kind: "lease", id }, fences: LogKey { owner, kind: "lease-fences", id } }
    }
}

fn encode_held(fence: u64, holder: &[u8]) -> Vec<u8> {
    [&[FORMAT, HELD], &fence.to_be_bytes()[..], holder].concat()
}

fn decode_held(cell: &Cell) -> Option<Holder> {
    let mut reader = Reader::new(&cell.value);
    if reader.array()? != [FORMAT, HELD] {
        return None;
    }
    let fence = u64::from_be_bytes(reader.array()?);
    (fence != 0).then(|| Holder { holder: cell.value.slice_ref(reader.rest()), fence })
}

const FORMAT: u8 = 1;

const FREE: u8 = 0;
const HELD: u8 = 1;

/// The sequences of a log are the fences; its entries say nothing.
const FENCES: LogLimits =
    LogLimits { entries_max: 1, bytes_max: 1, age_max: Duration::ZERO, ttl: Duration::from_secs(30 * 24 * 60 * 60) };
