//! The word for what a stream of a session has sent, so that the client can resume it on any replica: [`EventLog`].
//!
//! The bytes of an entry: format number (1 byte, today 1), kind (1 byte: 0 an event, 1 the end), then the event's bytes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    error::StoreError,
    id,
    logs::{EVENT_LOG, LogEntry, LogKey, LogLimits, LogPage, Logs, Sequence},
    owner::OwnerDigest,
    store::Store,
};

/// The events of streams, one log for each stream.
///
/// ```
/// use std::sync::Arc;
/// use outboard_store::{EventLog, EventLogLimits, KeyRing, OwnerDigest, RootKey, Store, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let log = EventLog::new(&Store::in_memory(keys, Arc::new(SystemClock)), EventLogLimits::default());
/// let stream = log.stream(OwnerDigest::of(b"alice"), 7, 1);
///
/// let first = stream.append(b"progress").await?;
/// stream.append(b"result").await?;
/// stream.finish().await?;
///
/// let page = stream.read_after(first, 100).await?;
/// assert_eq!(page.events[0].bytes, "result");
/// assert!(page.finished && !page.gap);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EventLog {
    logs: Arc<dyn Logs>,
    limits: EventLogLimits,
}

/// What is kept of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLogLimits {
    /// The most events. Default: 1,024.
    pub events_max: usize,
    /// The most bytes of all events together, and so of one. Default: 8 MiB.
    pub bytes_max: usize,
    /// How long an event stays, and the stream after its last one. Default: 10 minutes.
    pub age_max: Duration,
}

/// One stream. To make one costs nothing: it begins with its first event.
#[derive(Clone, Debug)]
pub struct StreamLog {
    logs: Arc<dyn Logs>,
    key: LogKey,
    event_bytes_max: usize,
    limits: LogLimits,
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its place.
    pub sequence: Sequence,
    /// What was appended.
    pub bytes: Bytes,
}

/// A part of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events in their order.
    pub events: Vec<StreamEvent>,
    /// Whether the stream has ended with these: nothing comes after them.
    pub finished: bool,
    /// Whether events that belong here are lost, or the stream is gone with them.
    pub gap: bool,
    /// Where to read on; [`Sequence::ZERO`] when there is no such stream, or nothing was sent in it yet.
    pub position: Sequence,
    /// How many events were passed over, because this build does not know their format.
    pub skipped: usize,
}

impl EventLog {
    /// The streams in this store.
    #[must_use]
    pub fn new(store: &Store, limits: EventLogLimits) -> Self {
        Self { logs: Arc::clone(&store.logs), limits }
    }

    /// The stream `stream` of the session `session` of `owner`; to nobody else and in no other session it is this one.
    #[must_use]
    pub fn stream(&self, owner: OwnerDigest, session: u128, stream: u64) -> StreamLog {
        let id = id::digest(&[b"outboard event log 1", &session.to_be_bytes(), &stream.to_be_bytes()]);
        let EventLogLimits { events_max, bytes_max, age_max } = self.limits;
        StreamLog {
            logs: Arc::clone(&self.logs),
            key: LogKey { owner, kind: EVENT_LOG, id },
            event_bytes_max: bytes_max,
            limits: LogLimits {
                // The end is an entry too.
                entries_max: events_max.saturating_add(1),
                bytes_max: bytes_max.saturating_add(2 * HEADER_BYTES),
                age_max,
                ttl: age_max,
            },
        }
    }
}

impl StreamLog {
    /// Appends an event. Returns its place.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: [`ValueTooLarge`](StoreError::ValueTooLarge) from the stream's own bound on. The event is then not in
    /// the stream, unless the store was unavailable.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the event is in the stream or it is not.
    pub async fn append(&self, event: &[u8]) -> Result<Sequence, StoreError> {
        let bytes_max = self.event_bytes_max;
        if event.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: event.len(), bytes_max });
        }
        self.logs.append(self.key, &[&[FORMAT, EVENT], event].concat(), self.limits).await
    }

    /// Marks the end: the last event was sent. The caller appends nothing after it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; who reads the stream then waits until it gives up.
    ///
    /// # Cancel safety
    ///
    /// As for [`append`](Self::append).
    pub async fn finish(&self) -> Result<Sequence, StoreError> {
        self.logs.append(self.key, &[FORMAT, END], self.limits).await
    }

    /// Reads up to `events_max` events after `after`, without waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn read_after(&self, after: Sequence, events_max: usize) -> Result<EventPage, StoreError> {
        let LogPage { entries, gap, last } = self.logs.read(self.key, after, events_max).await?;
        let mut page = EventPage { events: Vec::new(), finished: false, gap, position: last, skipped: 0 };
        for LogEntry { sequence, bytes, .. } in entries {
            page.position = sequence;
            match bytes.split_first_chunk() {
                Some(([FORMAT, EVENT], _)) => {
                    page.events.push(StreamEvent { sequence, bytes: bytes.slice(HEADER_BYTES..) })
                }
                Some(([FORMAT, END], _)) => page.finished = true,
                _ => page.skipped += 1,
            }
        }
        Ok(page)
    }

    /// Waits until there is something after `after`, or a gap. May return for nothing.
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

    /// Removes the stream with all its events, before their time. Returns whether there was something.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it is removed or it is not.
    pub async fn delete(&self) -> Result<bool, StoreError> {
        self.logs.delete(self.key).await
    }
}

impl Default for EventLogLimits {
    fn default() -> Self {
        Self { events_max: 1024, bytes_max: 8 << 20, age_max: Duration::from_secs(10 * 60) }
    }
}

const FORMAT: u8 = 1;

const EVENT: u8 = 0;
const END: u8 = 1;

/// Format number and kind.
const HEADER_BYTES: usize = 2;
