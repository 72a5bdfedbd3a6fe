//! Remembers verified tokens by their digest, and for a short while those that their issuer says are not good.
//!
//! No token is kept, only its SHA-256 digest (OAuth 2.1 §7.1). An entry dies at the earliest of the token's end, the bound
//! of the config, and the removal of the key that verified it (design D8).

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use outboard_identity::Principal;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::{clock::Clock, jwk::Jwk, keys::later};

/// What a token is remembered under: its SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// The digest of a token.
pub(crate) fn digest_of(token: &[u8]) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, token).as_ref());
    bytes
}

/// Tokens that were found good, and such as were not. Both are bounded, and what is used least is forgotten first. They have
/// a room each, so that who tries out tokens drives no good ones out.
pub(crate) struct TokenCache {
    good: Cache<Digest, Entry>,
    inactive: Cache<Digest, Instant>,
    clock: Clock,
}

#[derive(Clone)]
struct Entry {
    principal: Principal,
    until: Instant,
    /// `None`: its issuer was asked.
    key: Option<Arc<Jwk>>,
}

impl TokenCache {
    pub(crate) fn new(entries_max: usize, clock: Clock) -> Self {
        Self { good: Cache::new(entries_max), inactive: Cache::new(entries_max.min(INACTIVE_MAX)), clock }
    }

    /// Who brought this token a short while ago, if it is still good.
    pub(crate) fn good(&self, digest: &Digest) -> Option<Principal> {
        let entry = self.good.get(digest)?;
        if self.is_alive(&entry) {
            return Some(entry.principal);
        }
        self.good.remove(digest);
        None
    }

    /// Remembers a token that this key verified, or its issuer, for at most this long.
    pub(crate) fn put_good(&self, digest: Digest, principal: Principal, key: Option<Arc<Jwk>>, most: Duration) {
        let left = principal.valid_until().map_or(most, |until| {
            // A token that has ended meanwhile is not remembered at all.
            until.duration_since(self.clock.now()).unwrap_or_default().min(most)
        });
        if !left.is_zero() {
            self.good.insert(digest, Entry { principal, until: later(Instant::now(), left), key });
        }
    }

    /// Whether its issuer has said a short while ago that this token is not good.
    pub(crate) fn is_inactive(&self, digest: &Digest) -> bool {
        match self.inactive.get(digest) {
            Some(until) if Instant::now() < until => true,
            Some(_) => {
                self.inactive.remove(digest);
                false
            }
            None => false,
        }
    }

    /// Remembers for this long that a token is not good.
    pub(crate) fn put_inactive(&self, digest: Digest, most: Duration) {
        if !most.is_zero() {
            self.inactive.insert(digest, later(Instant::now(), most));
        }
    }

    fn is_alive(&self, entry: &Entry) -> bool {
        Instant::now() < entry.until
            && entry.key.as_ref().is_none_or(|key| key.is_live())
            // The time of day may have been set meanwhile.
            && entry.principal.valid_until().is_none_or(|until| self.clock.now() < until)
    }
}

/// What is not good costs its sender one request each, and needs to be remembered for seconds only.
const INACTIVE_MAX: usize = 10_000;
