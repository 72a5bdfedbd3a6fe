//! The rest of an answer, for a client that lost its connection: what the log holds after the event it names, and then
//! what is added, to the end. The call may run on any replica, or have ended.
//!
//! An event that is no longer kept leaves a hole, which a comment shows; the rest is worth having all the same, because the
//! result is in it. Where nothing is kept, or there is nothing after the event, the client is refused: an empty stream would
//! make it come back again and again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ::http::Response;
use bytes::Bytes;
use outboard_protocol::Revision;
use outboard_store::{Sequence, Session, SessionState, StoreError, StreamLog};
use tokio::time::{Instant, timeout};

use super::connections::Connection;
use super::event_id::EventId;
use super::seats::Seat;
use super::writer::Entry;
use crate::http::body::Body;
use crate::http::refusal::Refusal;
use crate::http::{Endpoint, sse};
use crate::streams::StreamPlace;
use crate::until::until;

/// How many entries of the log are read at once.
const PAGE_MAX: usize = 64;

/// Says that events are lost. A comment, because there is no message for it.
const HOLE: &[u8] = b": events before the next one are no longer kept\n\n";

/// What a client wants to go on with.
pub(super) struct Wanted {
    pub(super) session: Session,
    pub(super) revision: &'static Revision,
    pub(super) stream: u64,
    /// Behind this place.
    pub(super) after: u64,
}

impl Endpoint {
    /// Goes on with the stream of an answer.
    pub(super) async fn resume(
        self: &Arc<Self>,
        wanted: Wanted,
        seat: Seat,
        place: StreamPlace,
    ) -> Result<Response<Body>, Refusal> {
        let Wanted { session, revision, stream, after } = wanted;
        let log = self.legacy.events.stream(session.owner, session.number, stream);
        let key = (session.number, stream);
        let (position, events) = (Sequence::ZERO, VecDeque::new());
        let mut tail = Tail { log, stream, position, place: after, events, has_ended: false };
        // Asked before the log: a call that ends in between has then written all of it.
        let is_running = self.legacy.connections.is_running(key);
        tail.read_on().await.map_err(|error| {
            tracing::warn!(%error, "a stream cannot be resumed now");
            Refusal::StoreUnavailable { id: None }
        })?;
        let is_known = tail.position != Sequence::ZERO || is_running;
        if !is_known || (tail.has_ended && tail.events.is_empty()) {
            return Err(Refusal::NotResumable);
        }
        let config = &self.config.legacy;
        let retry = revision.priming_events.then_some(config.retry);
        let resumed = Resumed {
            endpoint: Arc::clone(self),
            session,
            seat,
            tail,
            connection: self.legacy.connections.connect(key),
            retry,
            begin: retry.map(|_| after),
            has_ended: false,
            end: config.connection_max.filter(|_| retry.is_some()).map(|age| Instant::now() + age),
            _place: place,
        };
        let events = futures_util::stream::unfold(resumed, |mut resumed| async move {
            let piece = resumed.next().await?;
            Some((piece, resumed))
        });
        Ok(sse::response(events, self.config.keep_alive))
    }
}

/// The log of a stream, read from some place on.
struct Tail {
    log: StreamLog,
    stream: u64,
    /// How far the log was read.
    position: Sequence,
    /// The place of the last event that was read.
    place: u64,
    /// What was read and not sent yet, each a piece of its own.
    events: VecDeque<Piece>,
    /// Nothing comes after what was read.
    has_ended: bool,
}

struct Piece {
    bytes: Vec<u8>,
    /// The connection ends behind it, unless there is more already.
    is_pause: bool,
}

impl Tail {
    /// Reads what was added, to the end of the log as it is now.
    async fn read_on(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.log.read_after(self.position, PAGE_MAX).await?;
            if page.position == Sequence::ZERO && self.position != Sequence::ZERO {
                // The log is gone: its call was cancelled, or its time is over.
                self.has_ended = true;
            }
            self.position = page.position;
            let read = page.events.len() + page.skipped;
            for event in &page.events {
                match Entry::read(&event.bytes) {
                    Some((entry, place)) => self.take(&entry, place),
                    None => tracing::warn!("an event of another format is passed over"),
                }
            }
            if self.has_ended || read < PAGE_MAX {
                return Ok(());
            }
        }
    }

    fn take(&mut self, entry: &Entry, place: u64) {
        self.has_ended |= matches!(entry, Entry::Last(_));
        if place <= self.place {
            return;
        }
        let mut bytes = Vec::new();
        let expected = if *entry == Entry::Mark { self.place } else { self.place + 1 };
        if place > expected {
            bytes.extend_from_slice(HOLE);
        }
        self.place = place;
        entry.write_event(&mut bytes, EventId::Answer { stream: self.stream, place });
        if !bytes.is_empty() {
            self.events.push_back(Piece { bytes, is_pause: matches!(entry, Entry::Pause(_)) });
        }
    }
}

/// A connection that carries the rest of an answer.
struct Resumed {
    endpoint: Arc<Endpoint>,
    session: Session,
    seat: Seat,
    tail: Tail,
    connection: Connection,
    /// What a client is told to wait before it comes back; only in sessions whose streams may end early.
    retry: Option<Duration>,
    /// The place that its client named, until it has begun.
    begin: Option<u64>,
    has_ended: bool,
    /// When its connection ends.
    end: Option<Instant>,
    _place: StreamPlace,
}

impl Resumed {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(event) = self.begin() {
            return Some(event);
        }
        loop {
            if self.has_ended {
                return None;
            }
            if let Some(piece) = self.ready() {
                return Some(piece);
            }
            if self.tail.has_ended {
                return None;
            }
            let age = self.endpoint.config.legacy.event_age;
            tokio::select! {
                biased;
                () = self.connection.replaced() => return None,
                () = self.seat.changed() => self.look().await,
                () = closing(&self.endpoint, &self.connection, self.end) => {
                    self.has_ended = true;
                    return self.retry.map(super::retry);
                }
                // Who writes shows more often than that that the stream goes on; a log whose writer is gone ends by itself.
                waited = timeout(age, self.tail.log.tail(self.tail.position)) => {
                    // Asked before the log: a call that ends in between has then written all of it.
                    let is_running = self.connection.is_beside_its_call();
                    let read = match waited.unwrap_or(Ok(())) {
                        Ok(()) => self.tail.read_on().await,
                        Err(error) => Err(error),
                    };
                    // Nothing was ever written, and nobody is left who would.
                    self.has_ended |= self.tail.position == Sequence::ZERO && !is_running;
                    if let Err(error) = read {
                        tracing::warn!(%error, "a resumed stream ends: the store does not answer");
                        return None;
                    }
                }
            }
        }
    }

    /// The event without data that a stream begins with, for a client that loses this connection too.
    fn begin(&mut self) -> Option<Bytes> {
        let (place, retry) = (self.begin.take()?, self.retry?);
        let mut event = Vec::new();
        EventId::Answer { stream: self.tail.stream, place }.write_without_data(&mut event, retry.as_millis());
        Some(event.into())
    }

    /// Everything that is ready, in one piece.
    fn ready(&mut self) -> Option<Bytes> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.tail.events.pop_front() {
            bytes.extend_from_slice(&piece.bytes);
            // A pause that is over has lost its meaning.
            self.has_ended = piece.is_pause && self.tail.events.is_empty();
        }
        (!bytes.is_empty()).then(|| bytes.into())
    }

    async fn look(&mut self) {
        if let Ok(SessionState::Terminated) = self.endpoint.sessions.state(&self.session).await {
            self.has_ended = true;
        }
    }
}

/// Ends when the connection is to end: it is old enough, or the server drains and the call runs elsewhere.
async fn closing(endpoint: &Endpoint, connection: &Connection, end: Option<Instant>) {
    let age = until(end);
    let drain = async {
        endpoint.drain.cancelled().await;
        if connection.is_beside_its_call() {
            // The call is being waited for, so its client is too.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = drain => {}
        () = age => {}
    }
}
