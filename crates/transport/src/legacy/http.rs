//! What legacy clients need over HTTP: sessions by id, the streams of answers and of sessions, and resumption; questions
//! whose answers come over other connections.

mod answer;
mod batch;
mod cancelling;
mod claim;
mod connections;
mod ending;
mod event_id;
pub(crate) mod fuzzing;
mod initialize;
mod open_questions;
mod questions;
mod requests;
mod resume;
mod running;
mod seats;
mod session;
mod session_stream;
mod writer;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Response, StatusCode, request};
use bytes::Bytes;
use outboard_protocol::Header;
use outboard_runtime::Runtime;
use outboard_store::{EventLog, EventLogLimits, Mailbox, MailboxLimits, MemoryCounterLimits, MemoryCounters, Session};
use tokio_util::task::TaskTracker;

use crate::http::body::Body;
use crate::http::config::LegacyConfig;
use crate::http::headers::{LAST_EVENT_ID, SESSION_ID, single};
use crate::http::refusal::Refusal;
use crate::http::{Endpoint, empty, may_be_legacy, media, version_header};
use crate::modern::unsupported;
use cancelling::Cancelling;
use claim::Claims;
use connections::Connections;
use event_id::{EventId, Grant};
use open_questions::OpenQuestions;
use running::{Running, SessionKey};
use seats::Seats;
use session_stream::{Reader, SessionStream};
use writer::ENTRY_OVERHEAD;

/// What legacy clients need beside the store: what runs and waits in this process.
#[derive(Debug)]
pub(crate) struct Legacy {
    running: Running,
    cancelling: Cancelling,
    connections: Connections,
    seats: Seats,
    claims: Claims,
    events: EventLog,
    /// The longest message that is kept for resumption, in bytes.
    kept_bytes_max: usize,
    mailbox: Mailbox,
    questions: OpenQuestions,
    /// Counts the sessions that are opened while the store does not.
    openings: MemoryCounters,
}

impl Legacy {
    pub(crate) fn new(runtime: &Runtime, config: &LegacyConfig) -> Self {
        let store = runtime.store();
        let events = EventLogLimits {
            events_max: config.event_entries,
            bytes_max: config.event_bytes,
            age_max: config.event_age,
        };
        // A mailbox is there for longer than its question is open.
        let ttl = runtime.config().input.timeout.saturating_add(Duration::from_secs(60));
        let mailbox = MailboxLimits { ttl, ..MailboxLimits::default() };
        Self {
            running: Running::default(),
            cancelling: Cancelling::new(store),
            connections: Connections::default(),
            seats: Seats::default(),
            claims: Claims::new(store),
            events: EventLog::new(store, events),
            kept_bytes_max: config.event_bytes.min(store.logs.entry_bytes_max()).saturating_sub(ENTRY_OVERHEAD),
            mailbox: Mailbox::new(store, mailbox),
            questions: OpenQuestions::new(config.questions_max),
            openings: MemoryCounters::new(Arc::clone(&store.clock), MemoryCounterLimits::default()),
        }
    }
}

impl Legacy {
    /// Tells other replicas what clients took back here, and hears it from them. Never ends.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is told or heard any more.
    pub(crate) async fn run(&self) -> Infallible {
        self.cancelling.run(&self.running).await
    }

    /// Ends what waits for the client of a session that was ended, in this process.
    async fn end(&self, session: &Session) {
        self.running.end(SessionKey::of(session));
        self.questions.end(session.number).await;
    }
}

impl Endpoint {
    /// The stream of a session, or the rest of an answer: GET with the session's id.
    pub(crate) async fn get(self: &Arc<Self>, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
        check_era(&parts.headers)?;
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
        let grant = Grant::of(&principal);
        let reader = |place| Reader::new(principal, place);
        let last_event = single(&parts.headers, &LAST_EVENT_ID)?.filter(|id| !id.is_empty());
        match last_event.map(EventId::parse) {
            // The scopes of this request decide, not those that somebody had before.
            Some(Some(EventId::Answer { stream, .. })) if !grant.may_resume(stream) => Err(Refusal::NotResumable),
            Some(Some(EventId::Answer { stream, place: after })) => {
                self.resume(resume::Wanted { session, revision, stream, after }, seat, place).await
            }
            Some(None) => Err(Refusal::NotResumable),
            None => Ok(SessionStream::open(self, (session, revision), &record, seat, None, reader(place)).await?),
            Some(Some(EventId::Session { position, .. })) => {
                Ok(SessionStream::open(self, (session, revision), &record, seat, Some(position), reader(place)).await?)
            }
        }
    }

    /// Ends a session: DELETE with its id. The session's streams and questions end, and with these the calls that ask them.
    /// Other calls go on; one that has told nothing yet is answered where it was asked.
    pub(crate) async fn delete(&self, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
        check_era(&parts.headers)?;
        let principal = self.principal(parts)?;
        let named = self.open_session(&parts.headers, &principal)?;
        let living = self.living(named, None).await?;
        if living.record.is_none() {
            // A store that is away is waited for once.
            return Err(Refusal::StoreUnavailable { id: None });
        }
        self.sessions.terminate(&living.session).await.map_err(|error| {
            tracing::warn!(%error, "a session could not be ended");
            Refusal::StoreUnavailable { id: None }
        })?;
        self.legacy.end(&living.session).await;
        self.legacy.seats.signal(living.session.number);
        self.tell_replicas(&living.session);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// Checks that a request without a body is a legacy one. An unknown revision in a session is an invalid one there
/// (2025-11-25 *Protocol Version Header*); without a session it is a later one, which has none.
fn check_era(headers: &HeaderMap) -> Result<(), Refusal> {
    match version_header(headers).map_err(|error| Refusal::protocol(None, error))? {
        Header::Unknown(version) if headers.contains_key(&SESSION_ID) => {
            Err(Refusal::protocol(None, unsupported(version)))
        }
        version if may_be_legacy(version) => Ok(()),
        _ => Err(Refusal::ModernMethod),
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
