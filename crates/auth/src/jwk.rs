//! The keys of an issuer, as they may be used.

mod read;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jsonwebtoken::{DecodingKey, crypto::aws_lc};

use crate::config::Algorithm;

pub(crate) use read::SkippedKey;
#[cfg(test)]
use read::{JwksFault, SkipReason};

/// A public key that verifies signatures (RFC 7517 §4).
pub(crate) struct Jwk {
    kid: Option<Box<str>>,
    /// The only algorithm that it is for, where it says so (RFC 7517 §4.4).
    algorithm: Option<Algorithm>,
    kind: KeyKind,
    key: DecodingKey,
    /// The digest of its material, its `kid` and its `alg`.
    identity: [u8; 32],
    live: AtomicBool,
}

/// What can be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The keys of an issuer that can be used, out of all that it publishes (RFC 7517 §5).
#[derive(Debug, Default)]
pub(crate) struct JwkSet {
    keys: Vec<Arc<Jwk>>,
    skipped: Vec<SkippedKey>,
    /// How many keys more than are used or listed as skipped.
    unlisted: usize,
}

/// The keys that may have signed a token.
#[derive(Debug)]
pub(crate) enum Candidates {
    /// No key has the token's `kid`; or the token has none, and there is not exactly one key.
    UnknownKey,
    /// These, in the order in which they are published. None: the `kid` is known, but of keys for another algorithm.
    Keys(Vec<Arc<Jwk>>),
}

impl Jwk {
    /// Whether its issuer still publishes it. What was verified by a key counts no longer than the key.
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// Whether this is the signature of `signed` by the key's holder.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &Signature) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        // The provider is named, not asked for by way of the process: which other one a program installs changes nothing.
        let verifier = (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&primitive(algorithm), &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(signed, &signature.0).is_ok())
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.kind == KeyKind::of(algorithm) && self.algorithm.is_none_or(|only| only == algorithm)
    }
}

impl JwkSet {
    /// The keys for a token that names this key, signed in this way.
    pub(crate) fn candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> Candidates {
        let named: &mut dyn Iterator<Item = &Arc<Jwk>> = match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => &mut keys.iter().filter(move |key| key.kid.as_deref() == Some(kid)),
            // Without a name the only key is meant; of several one would have to be guessed (RFC 8725 §3.10).
            (None, keys @ [_]) => &mut keys.iter(),
            (None, _) => return Candidates::UnknownKey,
        };
        let mut named = named.take(SAME_NAME_MAX).peekable();
        if named.peek().is_none() {
            return Candidates::UnknownKey;
        }
        Candidates::Keys(named.filter(|key| key.is_for(algorithm)).cloned().collect())
    }

    /// This set in the place of an earlier one: what has stayed the same is kept as it was, so that what was verified by it
    /// stays valid; what is gone is no longer live.
    pub(crate) fn succeed(mut self, before: &Self) -> Self {
        for key in &mut self.keys {
            if let Some(same) = before.keys.iter().find(|old| old.identity == key.identity && old.is_live()) {
                *key = Arc::clone(same);
            }
        }
        for old in &before.keys {
            if !self.keys.iter().any(|key| Arc::ptr_eq(key, old)) {
                old.live.store(false, Ordering::Release);
            }
        }
        self
    }

    /// How many keys can be used.
    pub(crate) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that are not used, each with the reason.
    pub(crate) fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// How many more are not used, because there are too many.
    pub(crate) const fn unlisted(&self) -> usize {
        self.unlisted
    }
}

/// The bytes of a signature.
pub(crate) struct Signature(pub(crate) Vec<u8>);

impl KeyKind {
    const fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => Self::Rsa,
            Algorithm::Es256 => Self::P256,
            Algorithm::Es384 => Self::P384,
            Algorithm::EdDsa => Self::Ed25519,
        }
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kid", &self.kid).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// How many keys of one name are tried: each costs a verification, and two are enough to change one for another.
const SAME_NAME_MAX: usize = 4;

const fn primitive(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}
