//! How many streams of notifications are open: a bound for each principal, and one for all.

use outboard_identity::{Principal, SubjectKey};
use outboard_protocol::error::code;
use thiserror::Error;

use crate::places::{NoPlace, Place, Places};

/// The open streams. Clones count the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Streams(Places<SubjectKey, ()>);

/// The place of one open stream. Dropping it gives the place back.
pub(crate) type StreamPlace = Place<SubjectKey, ()>;

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

impl Streams {
    /// None yet, and never more than this.
    pub(crate) fn new(per_principal_max: usize, all_max: usize) -> Self {
        Self(Places::new(per_principal_max, all_max))
    }

    /// Takes the place of one more stream of a principal.
    pub(crate) fn open(&self, principal: &Principal) -> Result<StreamPlace, TooManyStreams> {
        self.0.take(principal.subject_key().clone(), ()).map_err(|error| match error {
            NoPlace::Inner { limit } => TooManyStreams::OfPrincipal { limit },
            NoPlace::Outer { limit } => TooManyStreams::OfAll { limit },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_and_all_callers_have_a_bound() {
        let alice = Principal::local();
        let cases = [(1, 10, TooManyStreams::OfPrincipal { limit: 1 }), (10, 1, TooManyStreams::OfAll { limit: 1 })];
        for (per_principal, all, refusal) in cases {
            let streams = Streams::new(per_principal, all);
            let place = streams.open(&alice).unwrap();
            assert_eq!(streams.open(&alice).unwrap_err(), refusal);
            drop(place);
            assert!(streams.open(&alice).is_ok());
        }
    }
}
