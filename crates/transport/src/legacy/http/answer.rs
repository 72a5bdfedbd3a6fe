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
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use outboard_protocol::error::code;
use outboard_protocol::{ErrorObject, RequestId, encode};
use outboard_runtime::{Event, Outcome};
use outboard_store::Session;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::connections::{Connection, RunningStream};
use super::ending::SessionEnd;
use super::event_id::Grant;
use super::running::Registered;
use super::writer::{Entry, PIECES_MAX, Writer};
use crate::answering::Answering;
use crate::http::body::Body;
use crate::http::respond::{Streaming, whole};
use crate::http::{Endpoint, json, sse};
use crate::legacy::asking::AcceptedUrls;
use crate::until::until;

/// A call and how it is answered.
pub(super) struct Work {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) running: BoxFuture<'static, Outcome>,
    pub(super) answering: Answering,
    pub(super) streaming: Streaming,
    pub(super) session: Session,
    /// With which scopes it is made.
    pub(super) grant: Grant,
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

/// How the stream of an answer ends.
enum End {
    Outcome(Outcome),
    /// The client took the request back.
    Cancelled,
    /// The client ended the session. The call goes on.
    SessionEnded,
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
                self.unheard().await;
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

    /// Goes on to the call's end, though nobody hears of it.
    async fn unheard(&mut self) {
        let Self { endpoint, session, registered, running, .. } = self;
        let mut session_end = SessionEnd::listen(endpoint, session).await;
        let questions_end = async {
            session_end.heard(registered).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = registered.cancelled() => {}
            _ = running => {}
            () = questions_end => {}
        }
    }

    /// The answer to a request that was taken back before it had one: nothing, where that can be said.
    fn cancelled(&self) -> Response<Body> {
        if self.streaming.accepts.events {
            return sse::response(futures_util::stream::empty(), self.streaming.keep_alive);
        }
        json(StatusCode::OK, cancelled(&self.answering.id))
    }

    async fn stream(mut self, head: oneshot::Sender<Response<Body>>, first: Option<Entry>, outcome: Option<Outcome>) {
        let (mut writer, connection, _running) = self.open();
        drop(head.send(sse::response(connection, self.streaming.keep_alive)));
        if let Some(entry) = first {
            writer.write(&entry);
        }
        let end = match outcome {
            Some(outcome) => End::Outcome(outcome),
            None => self.go_on(&mut writer).await,
        };
        match end {
            End::Outcome(_) => {}
            // The handler goes, and with it its open questions, which are withdrawn.
            End::Cancelled => self.running = Box::pin(std::future::pending()),
            // Its questions go, and with them a handler that has any.
            End::SessionEnded => {
                if let Some(outcome) = (&mut self.running).now_or_never() {
                    self.running = Box::pin(std::future::ready(outcome));
                }
            }
        }
        while let Some(entry) = try_next(&self.answering) {
            writer.write(&entry);
        }
        match end {
            End::Outcome(outcome) => {
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
            End::Cancelled => writer.abandon().await,
            End::SessionEnded => {
                // Nobody took the request back.
                tokio::join!(writer.abandon(), self.unheard());
            }
        }
    }

    /// What is kept of a last message that is too long to be.
    fn in_place_of(&self, last: &Entry) -> Option<Entry> {
        let limit = self.endpoint.legacy.kept_bytes_max;
        let Entry::Last(message) = last else { return None };
        (message.len() > limit).then(|| {
            let error = format!("the answer is longer than the {limit} bytes that are kept of one");
            let error = ErrorObject::new(code::TOO_LARGE, error);
            Entry::Last(encode::error(Some(&self.answering.id), &error).into())
        })
    }

    fn open(&self) -> (Writer, impl futures_core::Stream<Item = Bytes> + Send + use<>, RunningStream) {
        let config = &self.endpoint.config.legacy;
        let legacy = &self.endpoint.legacy;
        let (session, stream) = (&self.session, self.grant.stream_number());
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

    /// Goes on until the call's end, or that of its stream.
    async fn go_on(&mut self, writer: &mut Writer) -> End {
        let mut session_end = SessionEnd::listen(&self.endpoint, &self.session).await;
        loop {
            tokio::select! {
                biased;
                () = self.registered.cancelled() => return End::Cancelled,
                () = session_end.heard(&self.registered) => return End::SessionEnded,
                outcome = &mut self.running => return End::Outcome(outcome),
                entry = next(&self.answering), if writer.has_room() => writer.write(&entry),
                () = writer.work() => {}
            }
        }
    }
}

/// The answer to a request that was taken back, where there has to be one.
pub(super) fn cancelled(id: &RequestId) -> Vec<u8> {
    encode::error(Some(id), &ErrorObject::new(code::CANCELLED, "the request was cancelled"))
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
        let age = until(this.end);
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
