//! All that only clients up to 2025-11-25 need: sessions, their streams and resumption, questions by requests, batches. The
//! day they are gone, this module goes.

mod answer;
mod asking;
mod batch;
mod claim;
mod connections;
mod event_id;
pub(crate) mod fuzzing;
mod opening;
mod requests;
mod resume;
mod running;
mod seats;
mod session;
mod session_stream;
pub(crate) mod stdio;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use ::http::{Response, StatusCode, request};
use bytes::Bytes;
use outboard_store::{EventLog, EventLogLimits, Mailbox, MailboxLimits, Store};
use tokio_util::task::TaskTracker;

use crate::http::body::Body;
use crate::http::config::HttpConfig;
use crate::http::headers::{LAST_EVENT_ID, single};
use crate::http::refusal::Refusal;
use crate::http::{Inner, empty, may_be_legacy, media, version_header};
use crate::streams::Streams;
use claim::Claims;
use connections::Connections;
use event_id::EventId;
use running::Running;
use seats::Seats;
use session_stream::SessionStream;
use writer::ENTRY_OVERHEAD;

/// What legacy clients need beside the store: what runs and waits in this process.
#[derive(Debug)]
pub(crate) struct Legacy {
    running: Running,
    connections: Connections,
    seats: Seats,
    claims: Claims,
    events: EventLog,
    /// The longest message that is kept for resumption, in bytes.
    kept_bytes_max: usize,
    mailbox: Mailbox,
    /// The open questions: their places are counted like those of streams.
    questions: Streams,
}

impl Legacy {
    pub(crate) fn new(store: &Store, config: &HttpConfig) -> Self {
        let legacy = &config.legacy;
        let events = EventLogLimits {
            events_max: legacy.event_entries,
            bytes_max: legacy.event_bytes,
            age_max: legacy.event_age,
        };
        // A mailbox is there for longer than its question is open.
        let ttl = config.input_timeout.saturating_add(Duration::from_secs(60));
        let mailbox = MailboxLimits { ttl, ..MailboxLimits::default() };
        Self {
            running: Running::default(),
            connections: Connections::default(),
            seats: Seats::default(),
            claims: Claims::new(store),
            events: EventLog::new(store, events),
            kept_bytes_max: legacy.event_bytes.min(store.logs.entry_bytes_max()).saturating_sub(ENTRY_OVERHEAD),
            mailbox: Mailbox::new(store, mailbox),
            questions: Streams::new(config.questions_max, usize::MAX),
        }
    }
}

impl Inner {
    /// The stream of a session, or the rest of an answer: GET with the session's id.
    pub(crate) async fn get(self: &Arc<Self>, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
        let version = version_header(&parts.headers).map_err(|error| Refusal::protocol(None, error))?;
        if !may_be_legacy(version) {
            return Err(Refusal::ModernMethod);
        }
        if !media::accepts(&parts.headers)?.events {
            return Err(Refusal::NotAcceptable);
        }
        let principal = self.principal(parts)?;
        let named = self.open_session(&parts.headers, &principal)?;
        // Before the session's record is read, so that no change of it falls between.
        let seat = named.session().map(|session| self.legacy.seats.take(session.number));
        let living = self.living(named, None).await?;
        let (Some(seat), Some(record)) = (seat, living.record) else {
            return Err(Refusal::StoreUnavailable { id: None });
        };
        let refuse = |error| Refusal::TooManyStreams { id: None, error };
        let place = self.streams.open(&principal).map_err(refuse)?;
        let (session, revision) = (*living.session, living.revision);
        let last_event = single(&parts.headers, &LAST_EVENT_ID)?.filter(|id| !id.is_empty());
        match last_event.map(EventId::parse) {
            Some(Some(EventId::Answer { stream, place: after })) => {
                self.resume(resume::Wanted { session, revision, stream, after }, seat, place).await
            }
            Some(None) => Err(Refusal::NotResumable),
            None => Ok(SessionStream::open(self, (session, revision), &record, seat, None, place).await?),
            Some(Some(EventId::Session { position, .. })) => {
                Ok(SessionStream::open(self, (session, revision), &record, seat, Some(position), place).await?)
            }
        }
    }

    /// Ends a session: DELETE with its id. Calls that run in it go on and are answered where they were asked; the session's
    /// streams end.
    pub(crate) async fn delete(&self, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
        let version = version_header(&parts.headers).map_err(|error| Refusal::protocol(None, error))?;
        if !may_be_legacy(version) {
            return Err(Refusal::ModernMethod);
        }
        let principal = self.principal(parts)?;
        let named = self.open_session(&parts.headers, &principal)?;
        let living = self.living(named, None).await?;
        self.sessions.terminate(&living.session).await.map_err(|error| {
            tracing::warn!(%error, "a session could not be ended");
            Refusal::StoreUnavailable { id: None }
        })?;
        self.session_changed(&living.session).await;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// Does what is left to do after something was dropped; nothing, where the runtime has ended too.
fn afterwards(tasks: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(tasks.spawn_on(work, &runtime));
    }
}

/// Tells a client when to come back, before its connection ends (WHATWG HTML §9.2.6, `retry`).
fn retry(after: Duration) -> Bytes {
    format!("retry: {}\n\n", after.as_millis()).into()
}
