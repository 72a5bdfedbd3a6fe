//! The word for legacy sessions: the session id is the session itself, sealed.
//!
//! Nothing is stored for a session that was only opened, so any replica that has the key opens it, and an idle one costs
//! nothing. What is set later is one cell, and which sessions were ended before their time another; a request reads both
//! in one trip. A session is not a credential: who calls is settled before, and the session has to belong to that owner.

mod cell;
mod ended;
mod record;
mod state;

use std::{fmt, sync::Arc, time::Duration};

use thiserror::Error;

use self::record::RECORD_BYTES_MAX;
use crate::{
    cells::Cells,
    clock::{Clock, UnixMillis},
    id,
    keys::{KeyRing, Purpose},
    owner::OwnerDigest,
    seal::{OpenError, SEAL_OVERHEAD_BYTES},
    store::Store,
};

pub use self::{
    record::REVISION_BYTES_MAX,
    state::{SessionLimits, SessionRecord, SessionState, UpdateSessionError},
};

/// The most characters that a session id has, all of them visible ASCII.
pub const SESSION_ID_CHARS_MAX: usize = 512;

/// Opens, changes and ends sessions.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use outboard_store::{
///     KeyRing, NewSession, OwnerDigest, RootKey, SessionErrorKind, SessionState, Sessions, Store, SystemClock,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let keys = Arc::new(KeyRing::new(vec![RootKey::generate()])?);
/// let store = Store::in_memory(keys, Arc::new(SystemClock));
/// let sessions = Sessions::new(&store, Duration::from_secs(7 * 24 * 60 * 60));
/// let alice = OwnerDigest::of(b"alice");
/// let new = NewSession {
///     owner: alice,
///     revision: "2025-11-25",
///     capabilities: 0b101,
///     client_name: "example",
///     client_version: "1.0",
/// };
/// let (id, session) = sessions.create(new)?;
/// assert_eq!(sessions.open(id.as_str(), alice)?, session);
///
/// let refused = sessions.open(id.as_str(), OwnerDigest::of(b"mallory")).unwrap_err();
/// assert_eq!(refused.kind(), SessionErrorKind::ForeignOwner);
///
/// sessions.subscribe(&session, "file:///notes.txt").await?;
/// let SessionState::Living(record) = sessions.state(&session).await? else { unreachable!() };
/// assert_eq!(record.subscriptions, ["file:///notes.txt"]);
///
/// sessions.terminate(&session).await?;
/// assert_eq!(sessions.state(&session).await?, SessionState::Terminated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sessions {
    keys: Arc<KeyRing>,
    cells: Arc<dyn Cells>,
    clock: Arc<dyn Clock>,
    max_age: Duration,
    limits: SessionLimits,
}

/// What a session begins with.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// To whom it will belong.
    pub owner: OwnerDigest,
    /// The protocol revision agreed on; at most [`REVISION_BYTES_MAX`] bytes.
    pub revision: &'a str,
    /// The client's capabilities, in bits that the caller gives a meaning.
    pub capabilities: u32,
    /// The client's name; cut after 64 bytes.
    pub client_name: &'a str,
    /// The client's version; cut after 64 bytes.
    pub client_version: &'a str,
}

/// A session as it was created or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// A random number, different for every session.
    pub number: u128,
    /// The protocol revision agreed on.
    pub revision: String,
    /// The client's capabilities, in bits that the caller gave a meaning.
    pub capabilities: u32,
    /// The client's name, at most 64 bytes of it.
    pub client_name: String,
    /// The client's version, at most 64 bytes of it.
    pub client_version: String,
    /// To whom it belongs.
    pub owner: OwnerDigest,
    /// When it began.
    pub issued: UnixMillis,
    /// When it ends, used or not.
    pub expires: UnixMillis,
}

/// The text of a sealed session, to send as `Mcp-Session-Id`. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(String);

/// The reason why a session cannot be created.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CreateSessionError {
    /// The revision does not fit. Ours: no revision of the protocol is that long.
    #[error("the revision has {bytes} bytes, a session holds {REVISION_BYTES_MAX}")]
    RevisionTooLong {
        /// The length of the revision.
        bytes: usize,
    },
}

/// There is no such session for this owner. Whatever the reason is, it reads alike: the caller shall not learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such session")]
pub struct SessionError {
    kind: SessionErrorKind,
}

/// Why there is no such session: for a metric, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionErrorKind {
    /// Not a session id at all.
    Malformed,
    /// Sealed in a format that this build does not know.
    UnknownFormat,
    /// Sealed with a key that is not in the ring.
    UnknownKey,
    /// Changed, or sealed for something else.
    Tampered,
    /// Its time is over.
    Expired,
    /// It belongs to another owner.
    ForeignOwner,
}

impl Sessions {
    /// Sessions that live for `max_age`, with the default limits.
    #[must_use]
    pub fn new(store: &Store, max_age: Duration) -> Self {
        Self {
            keys: Arc::clone(&store.keys),
            cells: Arc::clone(&store.cells),
            clock: Arc::clone(&store.clock),
            max_age,
            limits: SessionLimits::default(),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: SessionLimits) -> Self {
        let SessionLimits { subscriptions_max, uri_bytes_max } = limits;
        let limits = SessionLimits {
            subscriptions_max: subscriptions_max.min(usize::from(u16::MAX)),
            uri_bytes_max: uri_bytes_max.min(usize::from(u16::MAX)),
        };
        Self { limits, ..self }
    }

    /// Creates a session. Nothing is stored.
    ///
    /// # Errors
    ///
    /// [`CreateSessionError`] when the revision is too long.
    pub fn create(&self, new: NewSession<'_>) -> Result<(SessionId, Session), CreateSessionError> {
        if new.revision.len() > REVISION_BYTES_MAX {
            return Err(CreateSessionError::RevisionTooLong { bytes: new.revision.len() });
        }
        let issued = self.clock.now();
        let session = Session {
            number: id::random(),
            revision: new.revision.to_owned(),
            capabilities: new.capabilities,
            client_name: record::cut(new.client_name).to_owned(),
            client_version: record::cut(new.client_version).to_owned(),
            owner: new.owner,
            issued,
            expires: issued.saturating_add(self.max_age),
        };
        let text = self.keys.seal(Purpose::Session, b"", &record::encode(&session));
        Ok((SessionId(text), session))
    }

    /// Opens the session that `text` is, for `owner`. Reads no store: whether it was ended before its time is
    /// [another question](Self::state).
    ///
    /// # Errors
    ///
    /// [`SessionError`] when it is not a session, is over, or is not the owner's.
    pub fn open(&self, text: &str, owner: OwnerDigest) -> Result<Session, SessionError> {
        if text.len() > SESSION_ID_CHARS_MAX {
            return Err(SessionErrorKind::Malformed.into());
        }
        let mut buffer = [0; SEALED_BYTES_MAX];
        let plaintext = self.keys.open_within(Purpose::Session, b"", text, &mut buffer)?;
        let session = record::decode(plaintext)?;
        if session.owner != owner {
            return Err(SessionErrorKind::ForeignOwner.into());
        }
        if self.has_expired(&session) {
            return Err(SessionErrorKind::Expired.into());
        }
        Ok(session)
    }

    fn has_expired(&self, session: &Session) -> bool {
        session.expires <= self.clock.now()
    }
}

impl SessionId {
    /// The text, at most [`SESSION_ID_CHARS_MAX`] characters of visible ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SessionError {
    /// The reason, for a metric.
    #[must_use]
    pub fn kind(self) -> SessionErrorKind {
        self.kind
    }
}

impl SessionErrorKind {
    /// The value of a metric's attribute; it does not change.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownFormat => "unknown_format",
            Self::UnknownKey => "unknown_key",
            Self::Tampered => "tampered",
            Self::Expired => "expired",
            Self::ForeignOwner => "foreign_owner",
        }
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

impl From<SessionErrorKind> for SessionError {
    fn from(kind: SessionErrorKind) -> Self {
        Self { kind }
    }
}

impl From<OpenError> for SessionError {
    fn from(error: OpenError) -> Self {
        let kind = match error {
            OpenError::Malformed => SessionErrorKind::Malformed,
            OpenError::UnknownFormat { .. } => SessionErrorKind::UnknownFormat,
            OpenError::UnknownKey { .. } => SessionErrorKind::UnknownKey,
            OpenError::Tampered => SessionErrorKind::Tampered,
        };
        kind.into()
    }
}

/// What the longest id decodes to.
const SEALED_BYTES_MAX: usize = SESSION_ID_CHARS_MAX / 4 * 3;

const _: () = assert!(SEAL_OVERHEAD_BYTES + RECORD_BYTES_MAX <= SEALED_BYTES_MAX, "every session has to fit its id");
