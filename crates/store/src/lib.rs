//! What replicas of a server share: ports to a store, their in-memory adapters, the domain's words over them, and values
//! that need no store because they are sealed.
//!
//! - [`Cells`], [`Logs`] and [`Counters`] are the ports; [`MemoryCells`], [`MemoryLogs`] and [`MemoryCounters`] their
//!   adapters for one process; [`Store`] is all of them in one value.
//! - [`Sessions`], [`Bus`], [`EventLog`], [`Mailbox`], [`Once`], [`Lease`], [`Handles`] and [`Replicas`] are the words:
//!   small types that say what is stored in the ports and what it means, the same for every adapter.
//! - [`KeyRing`] seals bytes into a text that a client keeps for us, and opens it again on any replica.
//! - [`Clock`] is where the time comes from, so that tests can set it.
//!
//! Every record begins with a format number. What is of another format than this build knows is answered like something
//! that is not there, or passed over and counted; each word says which.
//!
//! The crate knows nothing about HTTP, MCP messages or how callers are authenticated: an owner is a digest here, a
//! revision is a text, capabilities are bits.

mod bus;
mod cells;
mod clock;
mod counters;
mod error;
mod event_log;
mod handles;
mod id;
mod keys;
mod lease;
mod logs;
mod mailbox;
mod once;
mod owner;
mod record;
mod replicas;
mod room;
mod seal;
mod sessions;
mod store;

pub use crate::{
    bus::{Bus, BusEntry, BusLimits, BusPage},
    cells::{
        Cell, CellKey, Cells, Put, Version,
        memory::{MemoryCells, MemoryLimits},
    },
    clock::{Clock, SystemClock, UnixMillis},
    counters::{
        CounterKey, Counters, Rate, Taken,
        memory::{MemoryCounterLimits, MemoryCounters},
    },
    error::{BoxFuture, StoreError},
    event_log::{EventLog, EventLogLimits, EventPage, StreamEvent, StreamLog},
    handles::{CreateHandleError, Handle, HandleLimits, Handles, NotAHandle, UpdateHandleError, Updated},
    keys::{
        KeyId, KeyRing, KeyRingError, Purpose, RootKey, RootKeyError,
        file::{KEY_FILE_NAME, KeyFileError},
    },
    lease::{Held, Holder, Lease, LeaseKey},
    logs::{
        LogEntry, LogKey, LogLimits, LogPage, Logs, Sequence,
        memory::{MemoryLogLimits, MemoryLogs},
    },
    mailbox::{Address, Inbox, Mailbox, MailboxLimits, NotAnAddress, Posted},
    once::Once,
    owner::OwnerDigest,
    replicas::{LiveReplicas, Replica, ReplicaId, ReplicaState, Replicas},
    seal::OpenError,
    sessions::{
        CreateSessionError, NewSession, REVISION_BYTES_MAX, SESSION_ID_CHARS_MAX, Session, SessionError,
        SessionErrorKind, SessionId, SessionLimits, SessionRecord, SessionState, Sessions, UpdateSessionError,
    },
    store::{MemoryStoreLimits, Store},
};

/// Runs the README's example with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
