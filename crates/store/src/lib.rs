//! What replicas of a server share: ports to a store, their in-memory adapter, and values that need no store because
//! they are sealed.
//!
//! - [`KeyRing`] seals bytes into a text that a client keeps for us, and opens it again on any replica.
//! - [`Cells`] is the port for small values that are replaced under a condition; [`MemoryCells`] is its adapter for one
//!   process.
//! - [`Sessions`] is the word for legacy sessions over both: the session id *is* the session, sealed.
//! - [`Clock`] is where the time comes from, so that tests can set it.
//!
//! The crate knows nothing about HTTP, MCP messages or how callers are authenticated: an owner is a digest here, a
//! revision is a text, capabilities are bits.

mod cells;
mod clock;
mod keys;
mod owner;
mod seal;
mod sessions;

pub use crate::{
    cells::{
        BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version,
        memory::{MemoryCells, MemoryLimits},
    },
    clock::{Clock, SystemClock, UnixMillis},
    keys::{
        KeyId, KeyRing, KeyRingError, Purpose, RootKey, RootKeyError,
        file::{KEY_FILE_NAME, KeyFileError},
    },
    owner::OwnerDigest,
    seal::OpenError,
    sessions::{
        CreateSessionError, NewSession, REVISION_BYTES_MAX, SESSION_ID_CHARS_MAX, Session, SessionError,
        SessionErrorKind, SessionId, Sessions,
    },
};

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
