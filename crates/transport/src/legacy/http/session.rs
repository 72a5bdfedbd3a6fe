//! The session that a request names: which one, whether it has been ended, and what was set in it.

use ::http::HeaderMap;
use outboard_identity::Principal;
use outboard_protocol::types::{ClientCapabilities, Implementation, LoggingLevel};
use outboard_protocol::{Header, RawJson, RequestId, Revision};
use outboard_runtime::{Change, Client, owner_digest};
use outboard_store::{Session, SessionRecord, SessionState};

use crate::http::headers::{SESSION_ID, single};
use crate::http::refusal::Refusal;
use crate::http::{Endpoint, Posted, may_be_legacy};
use crate::legacy::asking::askable;

/// The session that a request names.
pub(crate) enum NamedSession {
    /// It names none.
    None,
    /// It names one that this caller has, of a revision that is still served.
    Open(Box<Session>, &'static Revision),
    /// It names one that does not exist for this caller.
    Unknown,
}

impl NamedSession {
    pub(crate) fn revision(&self) -> Option<&'static Revision> {
        match self {
            Self::Open(_, revision) => Some(revision),
            Self::None | Self::Unknown => None,
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Open(session, _) => Some(session),
            Self::None | Self::Unknown => None,
        }
    }
}

/// A session that has not been ended.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) session: Box<Session>,
    pub(super) revision: &'static Revision,
    /// What was set in it; `None` when the store cannot tell.
    pub(super) record: Option<SessionRecord>,
}

impl Living {
    /// From which level on its client wants log lines.
    pub(super) fn log_level(&self) -> LoggingLevel {
        let set = self.record.as_ref().and_then(|record| record.log_level).and_then(LoggingLevel::from_u8);
        set.unwrap_or(LoggingLevel::Info)
    }

    /// Its client, which is to be asked where it takes events.
    pub(super) fn client(&self, takes_events: bool) -> Client {
        client_of(&self.session, self.revision, takes_events)
    }
}

impl Endpoint {
    /// Opens the session that a request names, without asking the store. A modern header hides it: sessions do not exist
    /// there.
    pub(crate) fn named_session(&self, version: Header<'_>, posted: &Posted<'_>) -> Result<NamedSession, Refusal> {
        if !may_be_legacy(version) {
            return Ok(NamedSession::None);
        }
        self.open_session(&posted.parts.headers, &posted.principal)
    }

    pub(super) fn open_session(&self, headers: &HeaderMap, principal: &Principal) -> Result<NamedSession, Refusal> {
        let Some(id) = single(headers, &SESSION_ID)? else { return Ok(NamedSession::None) };
        // What is no text is no id of ours.
        let id = std::str::from_utf8(id).unwrap_or_default();
        match self.sessions.open(id, owner_digest(principal)) {
            Ok(session) => Ok(Revision::served(&session.revision)
                .map_or(NamedSession::Unknown, |revision| NamedSession::Open(Box::new(session), revision))),
            Err(error) => {
                tracing::debug!(kind = error.kind().as_str(), "a session id was not accepted");
                Ok(NamedSession::Unknown)
            }
        }
    }

    /// The session, if it has not been ended: the one store read of a request. When the store cannot tell, it is taken to
    /// live: a session is no credential, and what it would lose is everyone's work.
    pub(super) async fn living(&self, named: NamedSession, id: Option<RequestId>) -> Result<Living, Refusal> {
        let (session, revision) = match named {
            NamedSession::None => return Err(Refusal::SessionMissing { id }),
            NamedSession::Unknown => return Err(Refusal::SessionNotFound { id }),
            NamedSession::Open(session, revision) => (session, revision),
        };
        let record = match self.sessions.state(&session).await {
            Ok(SessionState::Living(record)) => Some(record),
            Ok(SessionState::Terminated) => return Err(Refusal::SessionNotFound { id }),
            Err(error) => {
                tracing::warn!(%error, "the store cannot tell whether a session was ended: it is served");
                None
            }
        };
        Ok(Living { session, revision, record })
    }

    /// Tells the GET streams of a session that something was set in it: those in this process at once, one of another replica over
    /// the bus, where a topic stands for the session.
    pub(super) async fn session_changed(&self, session: &Session) {
        self.legacy.seats.signal(session.number);
        match self.legacy.claims.holder(session).await {
            Ok(Some(holder)) if !self.legacy.seats.is_here(session.number, holder) => self.tell_replicas(session),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a stream of a session may not have heard that the session changed");
            }
        }
    }

    /// Tells the streams of a session on other replicas to look what has become of it.
    pub(super) fn tell_replicas(&self, session: &Session) {
        self.runtime.notify().tell(Change::Resource(topic(session)));
    }
}

/// What stands for a session on the bus: the name of a resource that no server has. Nobody guesses it, so nobody else
/// listens for it.
pub(super) fn topic(session: &Session) -> Box<str> {
    format!("urn:outboard:session:{:032x}", session.number).into()
}

/// The client of a session.
pub(super) fn client_of(session: &Session, revision: &'static Revision, takes_events: bool) -> Client {
    let declared = ClientCapabilities::from_bits(session.capabilities);
    Client {
        revision,
        info: RawJson::of(&Implementation::new(&*session.client_name, &*session.client_version)).ok(),
        capabilities: askable(declared, revision, takes_events),
    }
}
