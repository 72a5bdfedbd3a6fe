//! Answers the requests that are work: each call runs in a task of its own, because a disconnect does not cancel it in
//! these revisions (2025-11-25 *Sending Messages to the Server*, 6).
//!
//! The answer is JSON while there is no reason to stream. What streams can be resumed while the call runs and for a while
//! after it has ended; what is answered from memory has no event ids, because there is nothing to resume.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use ::http::{Response, StatusCode};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use outboard_protocol::error::code;
use outboard_protocol::{ErrorObject, encode};
use outboard_runtime::{Event, Outcome};
use outboard_store::Session;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::asking::AcceptedUrls;
use super::connections::{Connection, RunningStream};
use super::event_id::stream_number;
use super::running::Registered;
use super::writer::{Entry, PIECES_MAX, Writer};
use crate::answering::Answering;
use crate::http::body::Body;
use crate::http::respond::{Streaming, whole};
use crate::http::{Inner, json, sse};

/// A call and how it is answered.
pub(super) struct Work {
    pub(super) inner: Arc<Inner>,
    pub(super) running: BoxFuture<'static, Outcome>,
    pub(super) answering: Answering,
    pub(super) streaming: Streaming,
    pub(super) session: Session,
    pub(super) registered: Registered,
    /// The pages that the user agreed to visit for this call.
    pub(super) accepted: AcceptedUrls,
}

/// What a call's answer begins with.
enum Begin {
    /// The outcome, before anything was told.
    Outcome(Outcome),
    /// Something that makes it a stream: an event, the outcome behind it, or a silence.
    Stream { first: Option<Entry>, outcome: Option<Outcome> },
    /// The client took the request back.
    Cancelled,
}

impl Work {
    /// Runs the call to its end and sends the answer's head when it is known. When the client is gone by then, the call
    /// runs to its end all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the call is dropped.
    pub(super) async fn run(mut self, head: oneshot::Sender<Response<Body>>) {
        let begin = self.begin().await;
        if head.is_closed() {
            // Nobody was given an event id, so nobody can ask for the rest.
            if let Begin::Stream { outcome: None, .. } = begin {
                tokio::select! {
                    () = self.registered.cancelled() => {}
                    _ = &mut self.running => {}
                }
            }
            return;
        }
        let response = match begin {
            Begin::Outcome(outcome) => whole(&self.answering, &outcome),
            Begin::Stream { first, outcome } => return self.stream(head, first, outcome).await,
            Begin::Cancelled => self.cancelled(),
        };
        // A client that has just gone gets nothing.
        drop(head.send(response));
    }

    async fn begin(&mut self) -> Begin {
        let Self { registered, running, answering, streaming, .. } = self;
        let events = streaming.accepts.events;
        let silence = tokio::time::sleep(streaming.after);
        tokio::select! {
            biased;
            () = registered.cancelled() => Begin::Cancelled,
            outcome = running => {
                // The outlet is asked after the call: what the call told in this poll comes before its result.
                let first = if events { try_next(answering) } else { None };
                if first.is_none() && streaming.is_json(answering, &outcome) {
                    return Begin::Outcome(outcome);
                }
                Begin::Stream { first, outcome: Some(outcome) }
            }
            entry = next(answering), if events => Begin::Stream { first: Some(entry), outcome: None },
            () = silence, if events => Begin::Stream { first: None, outcome: None },
        }
    }

    /// The answer to a request that was taken back before it had one: nothing, where that can be said.
    fn cancelled(&self) -> Response<Body> {
        if self.streaming.accepts.events {
            return sse::response(futures_util::stream::empty(), self.streaming.keep_alive);
        }
        let error = ErrorObject::new(code::CANCELLED, "the request was cancelled");
        json(StatusCode::OK, encode::error(Some(&self.answering.id), &error))
    }

    async fn stream(mut self, head: oneshot::Sender<Response<Body>>, first: Option<Entry>, outcome: Option<Outcome>) {
        let (mut writer, connection, _running) = self.open();
        drop(head.send(sse::response(connection, self.streaming.keep_alive)));
        if let Some(entry) = first {
            writer.write(&entry);
        }
        let outcome = match outcome {
            Some(outcome) => Some(outcome),
            None => self.go_on(&mut writer).await,
        };
        if outcome.is_none() {
            // The handler goes, and with it its open questions, which are withdrawn.
            self.running = Box::pin(std::future::pending());
        }
        while let Some(entry) = try_next(&self.answering) {
            writer.write(&entry);
        }
        match outcome {
            Some(outcome) => {
                if outcome.is_ok() {
                    self.accepted.completions().for_each(|told| writer.write(&Entry::Message(told.into())));
                }
                let last = Entry::Last(self.answering.message(&outcome).into());
                match self.in_place_of(&last) {
                    None => writer.write(&last),
                    Some(kept) => writer.write_and_keep(&last, &kept),
                }
                writer.finish().await;
            }
            None => writer.abandon().await,
        }
    }

    /// What is kept of a last message that is too long to be.
    fn in_place_of(&self, last: &Entry) -> Option<Entry> {
        let limit = self.inner.legacy.kept_bytes_max;
        let Entry::Last(message) = last else { return None };
        (message.len() > limit).then(|| {
            let error = format!("the answer is longer than the {limit} bytes that are kept of one");
            let error = ErrorObject::new(code::TOO_LARGE, error);
            Entry::Last(encode::error(Some(&self.answering.id), &error).into())
        })
    }

    fn open(&self) -> (Writer, impl futures_core::Stream<Item = Bytes> + Send + use<>, RunningStream) {
        let config = &self.inner.config.legacy;
        let legacy = &self.inner.legacy;
        let (session, stream) = (&self.session, stream_number());
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        let resumable = self.answering.revision.priming_events;
        let retry = resumable.then_some(config.retry);
        let log = legacy.events.stream(session.owner, session.number, stream);
        let writer = Writer::begin(stream, log, sender, retry, config.event_age);
        let running = legacy.connections.begin((session.number, stream));
        let direct = Direct {
            receiver,
            connection: legacy.connections.connect((session.number, stream)),
            end: config.connection_max.filter(|_| resumable).map(|age| Instant::now() + age),
            retry: config.retry,
        };
        (writer, futures_util::stream::unfold(Some(direct), Direct::next), running)
    }

    /// Goes on until the call's end; `None` when it is cancelled.
    async fn go_on(&mut self, writer: &mut Writer) -> Option<Outcome> {
        loop {
            tokio::select! {
                biased;
                () = self.registered.cancelled() => return None,
                outcome = &mut self.running => return Some(outcome),
                entry = next(&self.answering), if writer.has_room() => writer.write(&entry),
                () = writer.work() => {}
            }
        }
    }
}

/// What the call tells next.
async fn next(answering: &Answering) -> Entry {
    loop {
        let event = poll_fn(|cx| answering.outlet.poll_next(cx)).await;
        if let Some(entry) = entry(answering, &event) {
            return entry;
        }
    }
}

/// What the call has told next, if it has told more.
fn try_next(answering: &Answering) -> Option<Entry> {
    std::iter::from_fn(|| answering.outlet.try_next()).find_map(|event| entry(answering, &event))
}

fn entry(answering: &Answering, event: &Event) -> Option<Entry> {
    match event {
        // Earlier clients parse the data of every event, so their connections are never ended early.
        Event::Reconnect(after) if answering.revision.priming_events => {
            Some(Entry::Pause(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)))
        }
        event => answering.event(event).map(|message| Entry::Message(message.into())),
    }
}

/// The connection that brought the request, from the side that the client reads.
struct Direct {
    receiver: mpsc::Receiver<Bytes>,
    connection: Connection,
    /// When it ends, however far the answer is.
    end: Option<Instant>,
    retry: Duration,
}

impl Direct {
    async fn next(this: Option<Self>) -> Option<(Bytes, Option<Self>)> {
        let mut this = this?;
        let age = async {
            match this.end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = this.connection.replaced() => None,
            // What is on its way is in the log too.
            () = age => Some((super::retry(this.retry), None)),
            piece = this.receiver.recv() => {
                let piece = piece?;
                // Everything that is ready, in one piece.
                match this.receiver.try_recv() {
                    Err(_) => Some((piece, Some(this))),
                    Ok(second) => {
                        let mut joined = [piece, second].concat();
                        while let Ok(further) = this.receiver.try_recv() {
                            joined.extend_from_slice(&further);
                        }
                        Some((joined.into(), Some(this)))
                    }
                }
            }
        }
    }
}
