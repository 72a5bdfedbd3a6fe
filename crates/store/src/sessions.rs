//! The word for legacy sessions: the session id is the session itself, sealed.
//!
//! Nothing is stored for an open session, so any replica that has the key opens it, and an idle one costs nothing. Only
//! the end of a session before its time is a cell. A session is not a credential: who calls is settled before, and the
//! session has to belong to that owner.

mod record;

use std::{fmt, sync::Arc, time::Duration};

use thiserror::Error;

use self::record::RECORD_BYTES_MAX;
use crate::{
    cells::{CellKey, Cells, StoreError},
    clock::{Clock, UnixMillis},
    keys::{KeyRing, Purpose, fill_random},
    owner::OwnerDigest,
    seal::{OpenError, SEAL_OVERHEAD_BYTES},
};

pub use self::record::REVISION_BYTES_MAX;

/// The most characters that a session id has, all of them visible ASCII.
pub const SESSION_ID_CHARS_MAX: usize = 512;

/// Opens and ends sessions.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use outboard_store::{
///     KeyRing, MemoryCells, MemoryLimits, NewSession, OwnerDigest, RootKey, SessionErrorKind, Sessions, SystemClock,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let clock = Arc::new(SystemClock);
/// let sessions = Sessions::new(
///     Arc::new(KeyRing::new(vec![RootKey::generate()])?),
///     Arc::new(MemoryCells::new(clock.clone(), MemoryLimits::default())),
///     clock,
///     Duration::from_secs(7 * 24 * 60 * 60),
/// );
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
/// sessions.terminate(&session).await?;
/// assert!(sessions.is_terminated(&session).await?);
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
    /// Sessions sealed with `keys` that live for `max_age`; their early ends are kept in `cells`.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, cells: Arc<dyn Cells>, clock: Arc<dyn Clock>, max_age: Duration) -> Self {
        Self { keys, cells, clock, max_age }
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
        let mut number = [0; 16];
        fill_random(&mut number);
        let issued = self.clock.now();
        let session = Session {
            number: u128::from_be_bytes(number),
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
    /// [another question](Self::is_terminated).
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
        if session.expires <= self.clock.now() {
            return Err(SessionErrorKind::Expired.into());
        }
        Ok(session)
    }

    /// Ends the session on every replica, until it would have expired anyway. To end it twice is no error.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the mark could not be stored; the session then goes on.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the session has ended or it has not; calling again settles it.
    pub async fn terminate(&self, session: &Session) -> Result<(), StoreError> {
        let left = session.expires.saturating_since(self.clock.now());
        if !left.is_zero() {
            let _already = self.cells.put_if_absent(terminated_key(session), &[MARK_FORMAT], left).await?;
        }
        Ok(())
    }

    /// Whether the session was [ended](Self::terminate). A mark of any format counts: that it is there is what it says.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store does not answer. A plain call then goes on, because a session is not a credential.
    ///
    /// # Cancel safety
    ///
    /// Only reads.
    pub async fn is_terminated(&self, session: &Session) -> Result<bool, StoreError> {
        Ok(self.cells.get(terminated_key(session)).await?.is_some())
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

fn terminated_key(session: &Session) -> CellKey {
    CellKey { owner: session.owner, kind: "session-terminated", id: session.number }
}

/// The number that a terminated mark begins with, and all that it consists of today.
const MARK_FORMAT: u8 = 1;

/// What the longest id decodes to.
const SEALED_BYTES_MAX: usize = SESSION_ID_CHARS_MAX / 4 * 3;

const _: () = assert!(SEAL_OVERHEAD_BYTES + RECORD_BYTES_MAX <= SEALED_BYTES_MAX, "every session has to fit its id");
