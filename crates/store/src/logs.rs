//! The port for ordered entries that several read, each at its own pace: [`Logs`].
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use outboard_store::{LogKey, LogLimits, Logs, MemoryLogLimits, MemoryLogs, OwnerDigest, Sequence, SystemClock};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let logs = MemoryLogs::new(Arc::new(SystemClock), MemoryLogLimits::default());
//! let key = LogKey { owner: OwnerDigest::of(b"alice"), kind: "news", id: 7 };
//! let hour = Duration::from_secs(60 * 60);
//! let limits = LogLimits { entries_max: 2, bytes_max: 1000, age_max: hour, ttl: hour };
//!
//! let first = logs.append(key, b"one", limits).await?;
//! logs.tail(key, Sequence::ZERO).await?; // There is an entry, so this does not wait.
//! for news in [b"two", b"six"] {
//!     logs.append(key, news, limits).await?;
//! }
//! let page = logs.read(key, first, 10).await?;
//! assert_eq!(page.entries.len(), 2);
//! assert!(!page.gap);
//! assert!(logs.read(key, Sequence::ZERO, 10).await?.gap, "the first entry is gone: two are kept");
//! # Ok::<(), outboard_store::StoreError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod memory;

use std::{fmt, time::Duration};

use bytes::Bytes;

use crate::{
    clock::UnixMillis,
    error::{BoxFuture, StoreError},
    owner::OwnerDigest,
};

/// Where a log is. As with a cell, the owner is a part of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogKey {
    /// To whom the log belongs.
    pub owner: OwnerDigest,
    /// What kind of thing it holds; a fixed word of the program, never a caller's text.
    pub kind: &'static str,
    /// Which one of that kind; random where a guess must not hit.
    pub id: u128,
}

/// The place of an entry in its log, and so a reader's position: what was read last.
///
/// From one entry to the next it grows by one. It never repeats for the same log: one that was deleted or has ended
/// goes on, when it begins anew, above every sequence that it had. A log therefore begins anywhere, not at 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(u64);

/// What a log keeps; the newest entry always stays until its age is over. Each append names it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// The most entries, at least one. Further ones push out the oldest.
    pub entries_max: usize,
    /// The most bytes of all entries together. Further ones push out the oldest; a single entry over it is refused.
    pub bytes_max: usize,
    /// The age at which an entry goes.
    pub age_max: Duration,
    /// How long the log itself lives on after its newest entry, with or without entries: so long it knows how far it came.
    pub ttl: Duration,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place.
    pub sequence: Sequence,
    /// When it was appended.
    pub at: UnixMillis,
    /// What was appended.
    pub bytes: Bytes,
}

/// What a log holds after a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// The entries after the position, in order and without a hole, the oldest first.
    pub entries: Vec<LogEntry>,
    /// Whether entries after the position may be lost to this reader: they were pushed out, were too old, or the position
    /// is of a log that has ended. The entries are then those that are left, and from [`Sequence::ZERO`] it is said only
    /// of a log that is there.
    pub gap: bool,
    /// The newest entry that the log ever had; [`Sequence::ZERO`] when there is no log. A reader that took all entries,
    /// or was told of a gap and has none, goes on from here.
    pub last: Sequence,
}

/// Ordered entries with an owner and an end. All replicas see the same.
///
/// - A log begins with its first [`append`](Self::append) and ends, from then on absent in every respect, when it is
///   deleted or the `ttl` of its last append is over. Times are counted in whole milliseconds, rounded up, and are at
///   least one.
/// - Appends to one log happen one after the other, and a reader sees them in that order and without a hole: who has read
///   an entry has been given, or been told of the loss of, all before it.
/// - What is kept has the bounds of the last append. An adapter drops no entry that is within them, but for the events of
///   streams ([`EventLog`](crate::EventLog)): those are kept for a client that may come back, and when there is no room,
///   whole logs of them go before their time. Their readers are told as of a log that was deleted.
/// - What an entry means is the caller's; by the rule of this crate it begins with a format number.
///
/// # Cancel safety
///
/// The futures do nothing before they are polled. An [`append`](Self::append) or a [`delete`](Self::delete) that is
/// dropped after that may have happened or not; the others leave nothing behind.
pub trait Logs: Send + Sync + fmt::Debug {
    /// Appends an entry, wakes who waits for it, and returns its place.
    ///
    /// # Errors
    ///
    /// Any [`StoreError`] that is not about counters; the log is then as it was, unless the store was unavailable.
    fn append<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Sequence, StoreError>>;

    /// Does what [`append`](Self::append) does where there is a log; otherwise begins none and returns `None`.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    fn append_if_present<'a>(
        &'a self,
        key: LogKey,
        entry: &'a [u8],
        limits: LogLimits,
    ) -> BoxFuture<'a, Result<Option<Sequence>, StoreError>>;

    /// Reads up to `entries_max` entries after `after`; none to learn only how far the log came.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    fn read(&self, key: LogKey, after: Sequence, entries_max: usize) -> BoxFuture<'_, Result<LogPage, StoreError>>;

    /// Waits until `after` is not the newest entry of the log: there is a later one, or the log that `after` is of has
    /// ended. May also return for nothing: read, and wait again if there is nothing.
    ///
    /// A log that ends by its `ttl` wakes nobody; what is appended next does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; of a [bus](LogKey::is_bus) also once when the store may have lost what was appended last,
    /// as one that changes servers: its reader then takes it that something is missing.
    fn tail(&self, key: LogKey, after: Sequence) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Removes the log and wakes who waits for it. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    fn delete(&self, key: LogKey) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The most bytes that one entry may have, whatever the limits of its log are.
    fn entry_bytes_max(&self) -> usize;
}

impl LogKey {
    /// Whether this is a [`Bus`](crate::Bus): it has one reader in each process, which goes by its position for ever.
    #[must_use]
    pub fn is_bus(&self) -> bool {
        self.kind == BUS
    }
}

impl LogPage {
    /// Where to read on: after the last entry of the page, or where the log is when the page has none.
    #[must_use]
    pub fn position(&self) -> Sequence {
        self.entries.last().map_or(self.last, |entry| entry.sequence)
    }
}

impl Sequence {
    /// The position before all entries: that of a reader that has read nothing.
    pub const ZERO: Self = Self(0);

    /// Takes the number of a sequence that was told before.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// The kind of the log in which the [`Bus`](crate::Bus) is: the one that is nobody's, and that everybody needs.
pub(crate) const BUS: &str = "bus";

/// The kind of the logs of [`EventLog`](crate::EventLog).
pub(crate) const EVENT_LOG: &str = "event-log";
