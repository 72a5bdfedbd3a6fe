//! What the three ports have in common: why a store refuses, and the type of their futures.

use std::{error::Error, future::Future, pin::Pin};

/// What a method of a port returns, so that the port can be used as `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The reasons why a store does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The caller's value is larger than a cell, or an entry of a log, may be.
    #[error("the value has {bytes} bytes, there is room for at most {bytes_max}")]
    ValueTooLarge {
        /// The length of the value.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The store has no room for this owner, and nothing that has expired to make some.
    #[error("there is no room: the owner has {entries} of {entries_max} entries, {bytes} of {bytes_max} bytes")]
    Full {
        /// The cells or logs that the owner has.
        entries: usize,
        /// How many it may have beside those of the others.
        entries_max: usize,
        /// The bytes that they take.
        bytes: usize,
        /// How many they may take beside those of the others.
        bytes_max: usize,
    },
    /// The store holds as many counters as it may, and each still counts.
    #[error("the store is full: {counters} of {counters_max} counters")]
    CountersFull {
        /// The counters there are.
        counters: usize,
        /// The bound of them.
        counters_max: usize,
    },
    /// Others changed the same cell again and again in the meantime; nothing was stored. No port says this, the words
    /// over them do, each after a bounded number of attempts.
    #[error("others changed the same value during each of {attempts} attempts")]
    Contended {
        /// The number of attempts.
        attempts: u32,
    },
    /// The store did not answer; whether it did what it was asked is not known.
    #[error("the store is unavailable")]
    Unavailable {
        /// What the adapter knows about it.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// How often a word tries to change a cell that others change at the same time: each attempt that fails is one of
/// theirs that did not.
pub(crate) const ATTEMPTS_MAX: u32 = 16;
