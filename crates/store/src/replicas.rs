//! The word for who serves beside us: [`Replicas`].
//!
//! The bytes of an entry, numbers big-endian: format number (1 byte, today 1), state (1 byte: 0 serving, 1 draining, 2
//! gone, 3 waiting), number of the replica (16), when it started (8), then the ids of its keys (4 each), the one that seals first.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use crate::{
    clock::UnixMillis,
    error::StoreError,
    id,
    keys::{KeyId, KeyRing},
    logs::{LogKey, LogLimits, Logs, Sequence},
    owner::OwnerDigest,
    record::Reader,
    store::Store,
};

/// One of the replicas that use a store: it tells the others that it is here, and reads who else is.
///
/// Who is silent for [`SILENCE_MAX`](Self::SILENCE_MAX) is here no more. Nothing of a client depends on it: it is for
/// operators, and for a replica that has to find out that it lacks a key.
///
/// ```
/// use std::sync::Arc;
/// use outboard_store::{KeyRing, ReplicaState, Replicas, RootKey, Store, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let store = Store::in_memory(keys, Arc::new(SystemClock));
/// let [one, other] = [Replicas::join(&store), Replicas::join(&store)];
/// one.announce(ReplicaState::Serving).await?;
/// other.announce(ReplicaState::Draining).await?;
/// assert_eq!(one.live().await?.replicas.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Replicas {
    logs: Arc<dyn Logs>,
    keys: Arc<KeyRing>,
    id: ReplicaId,
    started: UnixMillis,
}

/// Which replica: 128 random bits, made anew at each start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplicaId(u128);

/// What a replica says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// It takes work.
    Serving,
    /// It finishes what it has, and is about to end.
    Draining,
    /// It ends now, and is counted no more.
    Gone,
    /// It takes no work yet, or no more: it does not know the keys of the others, or lacks one. So it seals nothing.
    Waiting,
}

/// A replica as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Which one.
    pub id: ReplicaId,
    /// What it said last; never [`Gone`](ReplicaState::Gone).
    pub state: ReplicaState,
    /// When it started, by its own clock.
    pub started: UnixMillis,
    /// The ids of its keys, the one that seals first; at most [`KEYS_TOLD_MAX`](Replicas::KEYS_TOLD_MAX) of them.
    pub keys: Vec<KeyId>,
}

/// Who is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveReplicas {
    /// Each that was heard of lately, ourselves included, in the order of their ids.
    pub replicas: Vec<Replica>,
    /// How many announcements were passed over, because this build does not know their format.
    pub skipped: usize,
}

impl Replicas {
    /// How long a replica counts as here after its last announcement.
    pub const SILENCE_MAX: Duration = Duration::from_secs(20);

    /// How often a replica is to announce itself: three announcements in a row may be lost.
    pub const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);

    /// The most keys that a replica tells of.
    pub const KEYS_TOLD_MAX: usize = 64;

    /// A new replica among those that use this store. The others hear of it when it first
    /// [announces](Self::announce) itself.
    #[must_use]
    pub fn join(store: &Store) -> Self {
        Self {
            logs: Arc::clone(&store.logs),
            keys: Arc::clone(&store.keys),
            id: ReplicaId(id::random()),
            started: store.clock.now(),
        }
    }

    /// Which replica this is.
    #[must_use]
    pub const fn id(&self) -> ReplicaId {
        self.id
    }

    /// Tells the others what this replica does, and which keys its ring has now. One trip to the store.
    ///
    /// Announcements of one replica are to be made one after the other: the last that the store takes counts.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the others then go by what they heard before.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the others hear of it or they do not.
    pub async fn announce(&self, state: ReplicaState) -> Result<(), StoreError> {
        let mut keys = self.keys.key_ids();
        keys.truncate(Self::KEYS_TOLD_MAX);
        let replica = Replica { id: self.id, state, started: self.started, keys };
        self.logs.append(KEY, &replica.write(), LIMITS).await.map(drop)
    }

    /// Reads who is here.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: then nobody knows.
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn live(&self) -> Result<LiveReplicas, StoreError> {
        let page = self.logs.read(KEY, Sequence::ZERO, LIMITS.entries_max).await?;
        let (mut said, mut skipped) = (BTreeMap::new(), 0);
        for entry in page.entries {
            match Replica::read(&entry.bytes) {
                Some(replica) => drop(said.insert(replica.id, replica)),
                None => skipped += 1,
            }
        }
        let replicas = said.into_values().filter(|replica| replica.state != ReplicaState::Gone).collect();
        Ok(LiveReplicas { replicas, skipped })
    }
}

impl Replica {
    /// The key that it seals with.
    #[must_use]
    pub fn sealing_key(&self) -> Option<KeyId> {
        self.keys.first().copied()
    }

    fn write(&self) -> Vec<u8> {
        let state = match self.state {
            ReplicaState::Serving => 0,
            ReplicaState::Draining => 1,
            ReplicaState::Gone => 2,
            ReplicaState::Waiting => 3,
        };
        let mut bytes = vec![FORMAT, state];
        bytes.extend(self.id.0.to_be_bytes());
        bytes.extend(self.started.as_u64().to_be_bytes());
        bytes.extend(self.keys.iter().flat_map(KeyId::as_bytes));
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let state = match reader.array()? {
            [FORMAT, 0] => ReplicaState::Serving,
            [FORMAT, 1] => ReplicaState::Draining,
            [FORMAT, 2] => ReplicaState::Gone,
            [FORMAT, 3] => ReplicaState::Waiting,
            _ => return None,
        };
        let id = ReplicaId(u128::from_be_bytes(reader.array()?));
        let started = UnixMillis::new(u64::from_be_bytes(reader.array()?));
        let (keys, rest) = reader.rest().as_chunks();
        let are_keys = rest.is_empty() && keys.len() <= Replicas::KEYS_TOLD_MAX;
        are_keys.then(|| Self { id, state, started, keys: keys.iter().copied().map(KeyId::from_bytes).collect() })
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&id::to_text(self.0))
    }
}

impl fmt::Debug for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplicaId({self})")
    }
}

/// The log of all who use a store: its owner is no digest of anything, so nobody else.
const KEY: LogKey = LogKey { owner: OwnerDigest::from_bytes([0; 32]), kind: "replicas", id: 0 };

/// Room for a thousand replicas at [`Replicas::ANNOUNCE_EVERY`].
const LIMITS: LogLimits =
    LogLimits { entries_max: 4096, bytes_max: 1 << 20, age_max: Replicas::SILENCE_MAX, ttl: Duration::from_secs(60) };

const FORMAT: u8 = 1;
