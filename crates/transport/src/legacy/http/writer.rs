//! The stream of an answer, from the side that writes it: each event goes to the connection at once, and into a log from
//! which a client that lost the connection gets it.
//!
//! An entry of the log is one byte for its kind, the event's place (8 bytes, big-endian), and the message. Places are ours
//! and not the log's sequences, so that an event need not wait for the store before it goes out.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use outboard_store::{Sequence, StoreError, StreamLog};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::event_id::EventId;
use crate::http::sse;

/// How many events wait for a connection before the call's own bounded queue is left to fill.
const WAITING_MAX: usize = 64;

/// How many pieces are on their way to the connection.
pub(super) const PIECES_MAX: usize = 16;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The stream is there, and has come this far.
    Mark,
    /// A message.
    Message(Bytes),
    /// A message, and nothing comes after it.
    Last(Bytes),
    /// The connection ends here, for the client to come back after this many milliseconds.
    Pause(u64),
}

impl Entry {
    fn write(&self, place: u64) -> Vec<u8> {
        let millis;
        let (kind, rest): (u8, &[u8]) = match self {
            Self::Mark => (MARK, &[]),
            Self::Message(message) => (MESSAGE, message),
            Self::Last(message) => (LAST, message),
            Self::Pause(pause) => {
                millis = pause.to_be_bytes();
                (PAUSE, &millis)
            }
        };
        [&[kind][..], &place.to_be_bytes(), rest].concat()
    }

    /// Reads an entry and its place; `None` for one of a later build, or one that would be more than one event.
    pub(super) fn read(bytes: &Bytes) -> Option<(Self, u64)> {
        let (kind, rest) = bytes.split_first()?;
        let (place, rest) = rest.split_first_chunk()?;
        if matches!(*kind, MESSAGE | LAST) && rest.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            return None;
        }
        let entry = match *kind {
            MARK => Self::Mark,
            MESSAGE => Self::Message(bytes.slice_ref(rest)),
            LAST => Self::Last(bytes.slice_ref(rest)),
            PAUSE => Self::Pause(u64::from_be_bytes(rest.try_into().ok()?)),
            _ => return None,
        };
        Some((entry, u64::from_be_bytes(*place)))
    }

    /// Writes the event that the entry is to a client; nothing for a mark.
    pub(super) fn write_event(&self, out: &mut Vec<u8>, id: EventId) {
        match self {
            Self::Mark => {}
            Self::Message(message) | Self::Last(message) => {
                id.write(out);
                sse::write_message(out, message);
            }
            Self::Pause(millis) => id.write_without_data(out, u128::from(*millis)),
        }
    }
}

const MARK: u8 = 0;
const MESSAGE: u8 = 1;
const LAST: u8 = 2;
const PAUSE: u8 = 3;

/// How much longer than its message an entry is, the store's own header included.
pub(super) const ENTRY_OVERHEAD: usize = 16;

/// Writes the stream of one answer.
pub(super) struct Writer {
    stream: u64,
    /// The place of the last event.
    place: u64,
    /// The connection, while there is one.
    connection: Option<mpsc::Sender<Bytes>>,
    /// What it has not taken yet.
    waiting: VecDeque<Bytes>,
    /// It is to end when it has taken what waits.
    connection_ends: bool,
    log: LogWriter,
    /// The log shows at least this often that the stream goes on.
    mark_every: Duration,
    mark_at: Instant,
}

impl Writer {
    /// Begins the stream with this number. `retry` is there in sessions whose streams begin with an event without data.
    pub(super) fn begin(
        stream: u64,
        log: StreamLog,
        connection: mpsc::Sender<Bytes>,
        retry: Option<Duration>,
        event_age: Duration,
    ) -> Self {
        let mark_every = event_age / 2;
        let mut writer = Self {
            stream,
            place: 0,
            connection: Some(connection),
            waiting: VecDeque::new(),
            connection_ends: false,
            log: LogWriter { log, waiting: VecDeque::new(), appending: None },
            mark_every,
            mark_at: Instant::now() + mark_every,
        };
        if let Some(retry) = retry {
            // The client may come back with this place before there is an event.
            writer.log.push(Entry::Mark.write(0));
            let mut event = Vec::new();
            EventId::Answer { stream, place: 0 }.write_without_data(&mut event, retry.as_millis());
            writer.waiting.push_back(event.into());
        }
        writer
    }

    /// Writes the next event.
    pub(super) fn write(&mut self, entry: &Entry) {
        self.write_and_keep(entry, entry);
    }

    /// Writes the next event, and keeps another one in its place for who comes back for it.
    pub(super) fn write_and_keep(&mut self, entry: &Entry, kept: &Entry) {
        self.place += 1;
        self.log.push(kept.write(self.place));
        self.mark_at = Instant::now() + self.mark_every;
        if self.connection.is_some() && !self.connection_ends {
            let mut event = Vec::new();
            entry.write_event(&mut event, EventId::Answer { stream: self.stream, place: self.place });
            self.waiting.push_back(event.into());
        }
        if matches!(entry, Entry::Pause(_) | Entry::Last(_)) {
            self.connection_ends = true;
        }
    }

    /// Whether there is room for a further event: neither the connection nor the store is far behind.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX && self.log.waiting.len() < WAITING_MAX
    }

    /// Passes on some of what waits, or waits for something to do.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost or written twice.
    pub(super) async fn work(&mut self) {
        self.end_connection();
        tokio::select! {
            () = pass_on(&mut self.connection, &mut self.waiting) => {}
            () = self.log.work() => {}
            () = sleep_until(self.mark_at) => {
                self.log.push(Entry::Mark.write(self.place));
                self.mark_at = Instant::now() + self.mark_every;
            }
        }
        self.end_connection();
    }

    /// Passes on all that waits, and ends the connection.
    ///
    /// # Cancel safety
    ///
    /// What has not been passed on is lost.
    pub(super) async fn finish(mut self) {
        self.connection_ends = true;
        self.end_connection();
        while self.connection.is_some() || self.log.is_busy() {
            self.work().await;
        }
    }

    /// Passes on all that waits, and forgets the stream: nobody can go on with it.
    ///
    /// # Cancel safety
    ///
    /// As for [`finish`](Self::finish).
    pub(super) async fn abandon(self) {
        let log = self.log.log.clone();
        self.finish().await;
        if let Err(error) = log.delete().await {
            tracing::warn!(%error, "the events of a cancelled call stay until their time is over");
        }
    }

    fn end_connection(&mut self) {
        if self.connection_ends && self.waiting.is_empty() {
            self.connection = None;
        }
    }
}

/// Gives the connection what waits for it, one piece; without either, never ends.
async fn pass_on(connection: &mut Option<mpsc::Sender<Bytes>>, waiting: &mut VecDeque<Bytes>) {
    let Some(sender) = connection else { return std::future::pending().await };
    if waiting.is_empty() {
        sender.closed().await;
        *connection = None;
        return;
    }
    if let Ok(place) = sender.reserve().await {
        if let Some(piece) = waiting.pop_front() {
            place.send(piece);
        }
        return;
    }
    // The client is gone, and comes back for the rest, or not.
    waiting.clear();
    *connection = None;
}

/// Appends entries in their order, one at a time.
struct LogWriter {
    log: StreamLog,
    waiting: VecDeque<Vec<u8>>,
    appending: Option<BoxFuture<'static, Result<Sequence, StoreError>>>,
}

impl LogWriter {
    fn push(&mut self, entry: Vec<u8>) {
        self.waiting.push_back(entry);
    }

    fn is_busy(&self) -> bool {
        self.appending.is_some() || !self.waiting.is_empty()
    }

    /// Appends one entry; with none, never ends. Cancel safe.
    async fn work(&mut self) {
        let appended = poll_fn(|cx| {
            if self.appending.is_none()
                && let Some(entry) = self.waiting.pop_front()
            {
                let log = self.log.clone();
                self.appending = Some(Box::pin(async move { log.append(&entry).await }));
            }
            match &mut self.appending {
                Some(appending) => std::pin::Pin::new(appending).poll(cx),
                None => std::task::Poll::Pending,
            }
        });
        if let Err(error) = appended.await {
            // The connection has it; who lost that is told of the hole. What waits behind it would wait as long, each by
            // itself, and hold up the call: only the newest, which may be the result, is tried.
            tracing::warn!(%error, "events cannot be kept for resumption");
            let newest = self.waiting.pop_back();
            self.waiting.clear();
            self.waiting.extend(newest);
        }
        self.appending = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let message = Bytes::from_static(b"{}");
        for entry in [Entry::Mark, Entry::Message(message.clone()), Entry::Last(message), Entry::Pause(1_500)] {
            let bytes = Bytes::from(entry.write(7));
            assert_eq!(Entry::read(&bytes), Some((entry, 7)));
        }
        assert_eq!(Entry::Pause(2).write(3), [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(Entry::Last(Bytes::from_static(b"{}")).write(1), *b"\x02\0\0\0\0\0\0\0\x01{}");
    }

    #[test]
    fn what_is_no_entry_is_passed_over() {
        let place = [0; 8];
        for (kind, rest) in [(4, &b""[..]), (PAUSE, b"1"), (MESSAGE, b"{\n}"), (LAST, b"{}\r\ndata: x")] {
            let bytes = Bytes::from([&[kind][..], &place, rest].concat());
            assert_eq!(Entry::read(&bytes), None, "{kind}");
        }
        for short in [&b""[..], b"\x01", b"\x01\0\0"] {
            assert_eq!(Entry::read(&Bytes::from_static(short)), None);
        }
    }
}
