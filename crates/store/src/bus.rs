//! The word for what every replica has to hear: [`Bus`].
//!
//! The bytes of a message: format number (1 byte, today 1), then what was published.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    clock::{Clock, UnixMillis},
    error::StoreError,
    logs::{self, LogEntry, LogKey, LogLimits, LogPage, Logs, Sequence},
    owner::OwnerDigest,
    store::Store,
};

/// One log for all replicas: what is published once is read by each, in one order.
///
/// ```
/// use std::sync::Arc;
/// use outboard_store::{Bus, BusLimits, KeyRing, RootKey, Sequence, Store, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let bus = Bus::new(&Store::in_memory(keys, Arc::new(SystemClock)), BusLimits::default());
///
/// let before = bus.last().await?;
/// bus.publish(b"the tools have changed").await?;
/// bus.tail(before).await?;
/// let page = bus.read_after(before, 100).await?;
/// assert_eq!(page.entries[0].payload, "the tools have changed");
/// assert!(!page.gap);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bus {
    logs: Arc<dyn Logs>,
    clock: Arc<dyn Clock>,
    limits: BusLimits,
    key: LogKey,
}

/// What the bus keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusLimits {
    /// The most messages. Default: 4,096.
    pub messages_max: usize,
    /// The most bytes of all messages together. Default: 1 MiB.
    pub bytes_max: usize,
    /// The most bytes of one message. Default: 16 KiB.
    pub message_bytes_max: usize,
    /// How long a message stays. Default: 10 minutes.
    pub age_max: Duration,
}

/// A message as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEntry {
    /// Its place.
    pub sequence: Sequence,
    /// When it was published.
    pub at: UnixMillis,
    /// What was published.
    pub payload: Bytes,
}

/// A part of what was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusPage {
    /// The messages in their order.
    pub entries: Vec<BusEntry>,
    /// Whether messages that belong here may be lost: then everything may have changed.
    pub gap: bool,
    /// How far the page reaches, what was passed over included: where to read on.
    pub last: Sequence,
    /// How many messages were passed over, because this build does not know their format.
    pub skipped: usize,
}

impl Bus {
    /// The bus of all who use this store.
    #[must_use]
    pub fn new(store: &Store, limits: BusLimits) -> Self {
        Self { logs: Arc::clone(&store.logs), clock: Arc::clone(&store.clock), limits, key: KEY }
    }

    /// A second bus of all who use this store, for what replicas say to each other about the work in them: none of that
    /// pushes out what clients are to hear.
    #[must_use]
    pub fn of_signals(store: &Store, limits: BusLimits) -> Self {
        Self { key: LogKey { id: 1, ..KEY }, ..Self::new(store, limits) }
    }

    /// Tells every replica. Returns the place of the message.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: [`ValueTooLarge`](StoreError::ValueTooLarge) from the bus's own bound on.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the message is published or it is not.
    pub async fn publish(&self, message: &[u8]) -> Result<Sequence, StoreError> {
        let bytes_max = self.limits.message_bytes_max;
        if message.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: message.len(), bytes_max });
        }
        self.logs.append(self.key, &[&[FORMAT], message].concat(), self.log_limits()).await
    }

    /// Reads up to `messages_max` messages after `after`, without waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn read_after(&self, after: Sequence, messages_max: usize) -> Result<BusPage, StoreError> {
        let LogPage { entries, gap, last } = self.logs.read(self.key, after, messages_max).await?;
        let mut page = BusPage { entries: Vec::with_capacity(entries.len()), gap, last, skipped: 0 };
        for entry in entries {
            page.add(entry);
        }
        Ok(page)
    }

    /// Reads the messages of the last `window`, to catch up with no position to start from. There is a gap if some of them
    /// may be lost. It looks at everything that the bus keeps: for the beginning of a reader, not for each listener.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn recent(&self, window: Duration) -> Result<BusPage, StoreError> {
        let at = self.clock.now().saturating_sub(window);
        let mut read = self.logs.read(self.key, Sequence::ZERO, PAGE_ENTRIES).await?;
        let incomplete = read.gap;
        let mut found = BusPage { entries: Vec::new(), gap: false, last: read.last, skipped: 0 };
        let (mut entries, mut bytes, mut reaches_back) = (0, 0, false);
        while !read.entries.is_empty() {
            for entry in read.entries {
                entries += 1;
                bytes += entry.bytes.len();
                reaches_back |= entry.at < at;
                found.last = entry.sequence;
                if entry.at >= at {
                    found.add(entry);
                }
            }
            read = self.logs.read(self.key, found.last, PAGE_ENTRIES).await?;
            found.gap |= read.gap;
        }
        // What was pushed out and is not too old yet was pushed out by what is here, which therefore fills a bound.
        let full = entries >= self.limits.messages_max || bytes + 1 + self.limits.message_bytes_max > self.bytes_max();
        let too_old = window >= self.limits.age_max;
        found.gap |= incomplete && !reaches_back && (full || too_old);
        Ok(found)
    }

    /// Waits until there is a message after `after`, or a gap. May return for nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves nothing behind, and the next call misses nothing.
    pub async fn tail(&self, after: Sequence) -> Result<(), StoreError> {
        self.logs.tail(self.key, after).await
    }

    /// The place of the newest message there ever was: where a reader starts that wants only what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn last(&self) -> Result<Sequence, StoreError> {
        Ok(self.logs.read(self.key, Sequence::ZERO, 0).await?.last)
    }

    fn log_limits(&self) -> LogLimits {
        let BusLimits { messages_max, age_max, .. } = self.limits;
        LogLimits { entries_max: messages_max, bytes_max: self.bytes_max(), age_max, ttl: age_max.max(TTL) }
    }

    /// At least one message fits.
    fn bytes_max(&self) -> usize {
        self.limits.bytes_max.max(1 + self.limits.message_bytes_max)
    }
}

impl BusPage {
    fn add(&mut self, entry: LogEntry) {
        self.last = entry.sequence;
        match entry.bytes.split_first() {
            Some((&FORMAT, _)) => {
                let LogEntry { sequence, at, bytes } = entry;
                self.entries.push(BusEntry { sequence, at, payload: bytes.slice(1..) });
            }
            _ => self.skipped += 1,
        }
    }
}

impl Default for BusLimits {
    fn default() -> Self {
        Self {
            messages_max: 4096,
            bytes_max: 1 << 20,
            message_bytes_max: 16 << 10,
            age_max: Duration::from_secs(10 * 60),
        }
    }
}

/// The owner of what is for everyone: no digest of anything, so nobody else.
const KEY: LogKey = LogKey { owner: OwnerDigest::from_bytes([0; 32]), kind: logs::BUS, id: 0 };

const FORMAT: u8 = 1;

/// How long a silent bus knows how far it came. When it does not any more, its readers are told of a gap.
const TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const PAGE_ENTRIES: usize = 512;
