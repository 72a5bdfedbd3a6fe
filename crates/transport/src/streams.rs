//! How many streams of notifications are open: a bound for each principal, and one for all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_identity::{Principal, SubjectKey};
use outboard_protocol::error::code;
use thiserror::Error;

/// The open streams. Clones count the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Streams(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    per_principal_max: usize,
    all_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Only those who have any.
    by_principal: HashMap<SubjectKey, usize>,
    all: usize,
}

/// Why there is no place for one more stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum TooManyStreams {
    /// The principal has as many as it may.
    #[error("{limit} streams of notifications are open already, which is as many as one caller may have")]
    OfPrincipal {
        /// The bound.
        limit: usize,
    },
    /// There are as many as there may be.
    #[error("{limit} streams of notifications are open already, which is as many as the server takes")]
    OfAll {
        /// The bound.
        limit: usize,
    },
}

impl TooManyStreams {
    /// The code of the error that says so.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::OfPrincipal { .. } => code::TOO_MANY,
            Self::OfAll { .. } => code::UNAVAILABLE,
        }
    }
}

/// The place of one open stream. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    streams: Streams,
    principal: SubjectKey,
}

impl Streams {
    /// None yet, and never more than this.
    pub(crate) fn new(per_principal_max: usize, all_max: usize) -> Self {
        Self(Arc::new(Shared { per_principal_max, all_max, open: Mutex::default() }))
    }

    /// Takes the place of one more stream of a principal.
    pub(crate) fn open(&self, principal: &Principal) -> Result<StreamPlace, TooManyStreams> {
        let mut open = self.lock();
        if open.all >= self.0.all_max {
            return Err(TooManyStreams::OfAll { limit: self.0.all_max });
        }
        let principal = principal.subject_key().clone();
        let of_principal = open.by_principal.get(&principal).copied().unwrap_or(0);
        if of_principal >= self.0.per_principal_max {
            return Err(TooManyStreams::OfPrincipal { limit: self.0.per_principal_max });
        }
        open.by_principal.insert(principal.clone(), of_principal + 1);
        open.all += 1;
        Ok(StreamPlace { streams: self.clone(), principal })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.all -= 1;
        if let Entry::Occupied(mut entry) = open.by_principal.entry(self.principal.clone()) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let alice = Principal::local();
        for (per_principal, all, refusal) in
            [(2, 10, TooManyStreams::OfPrincipal { limit: 2 }), (10, 2, TooManyStreams::OfAll { limit: 2 })]
        {
            let streams = Streams::new(per_principal, all);
            let first = streams.open(&alice).unwrap();
            let second = streams.open(&alice).unwrap();
            assert_eq!(streams.open(&alice).unwrap_err(), refusal);
            drop(first);
            let third = streams.open(&alice).unwrap();
            drop((second, third));
            assert!(streams.lock().by_principal.is_empty(), "who has no stream costs nothing");
            assert_eq!(streams.lock().all, 0);
        }
    }
}
