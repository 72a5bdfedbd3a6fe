//! The key ring: which keys seal and open, and how each purpose gets a key of its own.

pub(crate) mod file;

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, Prk, Salt},
    rand,
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// A secret of 32 bytes, from which all keys of one place in the ring are derived.
///
/// It is overwritten when dropped, and `Debug` does not show it.
pub struct RootKey(Zeroizing<[u8; ROOT_KEY_BYTES]>);

/// Which root key sealed a text: four bytes derived from the key, which tell nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

/// What a sealed text is for. Each purpose has keys of its own, so that no text can be used as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The id of a legacy session.
    Session,
    /// The `requestState` of a question to the client.
    State,
    /// The cursor of a list.
    Cursor,
    /// A call handed from replica to replica.
    Peer,
}

/// Root keys in order: the first seals, all open.
///
/// All derived keys are made once, here; sealing and opening only look them up. To replace a key without refusing what
/// it sealed: append the new one on every replica, then move it to the front everywhere, then, when nothing sealed with
/// the old one is alive, remove that. [`replace`](Self::replace) takes each step while the server runs.
pub struct KeyRing {
    keys: ArcSwap<DerivedRing>,
}

/// What is derived from the keys of a ring, in its order.
struct DerivedRing {
    first: DerivedKeys,
    others: Vec<DerivedKeys>,
}

/// The reasons why bytes or a text are not a root key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RootKeyError {
    /// Another length than 32 bytes.
    #[error("a root key has {ROOT_KEY_BYTES} bytes, this one {bytes}; `openssl rand -base64 32` makes one")]
    Length {
        /// The length found.
        bytes: usize,
    },
    /// Not base64 in the standard alphabet.
    #[error("a root key is written in base64 (RFC 4648 §4); `openssl rand -base64 32` makes one")]
    NotBase64,
}

/// The reasons why root keys are not a key ring.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyRingError {
    /// There is no key.
    #[error("a key ring needs at least one root key")]
    Empty,
    /// Two keys are the same.
    #[error("root keys {first} and {second} of the key ring are the same")]
    Duplicate {
        /// The place of the one, counted from 1.
        first: usize,
        /// The place of the other, counted from 1.
        second: usize,
    },
}

impl RootKey {
    /// Takes 32 bytes, which have to be random.
    ///
    /// # Errors
    ///
    /// [`RootKeyError::Length`] for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RootKeyError> {
        let mut key = Zeroizing::new([0; ROOT_KEY_BYTES]);
        if bytes.len() != key.len() {
            return Err(RootKeyError::Length { bytes: bytes.len() });
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// Reads base64 in the standard alphabet, with or without padding; white space around it is passed over.
    ///
    /// # Errors
    ///
    /// [`RootKeyError`] when it is not base64 or not of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, RootKeyError> {
        let bytes = BASE64.decode(text.trim_ascii()).map_err(|_| RootKeyError::NotBase64)?;
        Self::from_bytes(&Zeroizing::new(bytes))
    }

    /// Makes a new one at random.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; ROOT_KEY_BYTES]);
        fill_random(key.as_mut());
        Self(key)
    }

    /// Whether all bytes are the same, as in a key that somebody typed.
    #[must_use]
    pub fn is_uniform(&self) -> bool {
        let [first, rest @ ..] = &*self.0;
        rest.iter().all(|byte| byte == first)
    }

    /// The text that [`from_base64`](Self::from_base64) reads.
    fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64.encode(self.0.as_ref()))
    }
}

impl KeyId {
    /// Takes an id that was told before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl KeyRing {
    /// Derives all keys from `roots`, the first of which will seal. The root keys themselves are not kept.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`] when there is none, or one twice.
    #[expect(clippy::needless_pass_by_value, reason = "the caller keeps none: they are overwritten here")]
    pub fn new(roots: Vec<RootKey>) -> Result<Self, KeyRingError> {
        Ok(Self::of(DerivedRing::derive(&roots)?))
    }

    /// Whether these would be a ring.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`], as of [`new`](Self::new).
    pub fn check(roots: &[RootKey]) -> Result<(), KeyRingError> {
        DerivedRing::derive(roots).map(drop)
    }

    /// The ring of one key.
    pub(crate) fn of_one(root: &RootKey) -> Self {
        Self::of(DerivedRing { first: DerivedKeys::of(root), others: Vec::new() })
    }

    /// Puts other keys in place of these: what is sealed and opened from now on goes by them.
    ///
    /// # Errors
    ///
    /// [`KeyRingError`], as of [`new`](Self::new); the ring is then as it was.
    #[expect(clippy::needless_pass_by_value, reason = "the caller keeps none: they are overwritten here")]
    pub fn replace(&self, roots: Vec<RootKey>) -> Result<(), KeyRingError> {
        self.keys.store(Arc::new(DerivedRing::derive(&roots)?));
        Ok(())
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn sealing_key_id(&self) -> KeyId {
        self.keys.load().first.id
    }

    /// The ids of all keys, the one that seals first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<KeyId> {
        let keys = self.keys.load();
        keys.all().map(|key| key.id).collect()
    }

    fn of(ring: DerivedRing) -> Self {
        Self { keys: ArcSwap::from_pointee(ring) }
    }

    /// Does something with the key that seals for `purpose`, whose id is `KeyId`.
    pub(crate) fn with_sealing_key<T>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(KeyId, &RandomizedNonceKey) -> T,
    ) -> T {
        let keys = self.keys.load();
        work(keys.first.id, keys.first.for_purpose(purpose))
    }

    /// Does something with the key with `id` for `purpose`; `None` if the ring does not have it.
    pub(crate) fn with_opening_key<T>(
        &self,
        id: KeyId,
        purpose: Purpose,
        work: impl FnOnce(&RandomizedNonceKey) -> T,
    ) -> Option<T> {
        let keys = self.keys.load();
        let key = keys.all().find(|key| key.id == id)?;
        Some(work(key.for_purpose(purpose)))
    }
}

impl DerivedRing {
    fn derive(roots: &[RootKey]) -> Result<Self, KeyRingError> {
        let mut keys: Vec<DerivedKeys> = Vec::with_capacity(roots.len());
        for root in roots {
            let derived = DerivedKeys::of(root);
            if let Some(first) = keys.iter().position(|key| key.id == derived.id) {
                return Err(KeyRingError::Duplicate { first: first + 1, second: keys.len() + 1 });
            }
            keys.push(derived);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { first, others: keys.collect() })
    }

    fn all(&self) -> impl Iterator<Item = &DerivedKeys> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Everything that is derived from one root key.
struct DerivedKeys {
    id: KeyId,
    session: RandomizedNonceKey,
    state: RandomizedNonceKey,
    cursor: RandomizedNonceKey,
    peer: RandomizedNonceKey,
}

impl DerivedKeys {
    fn of(root: &RootKey) -> Self {
        let prk = Salt::new(HKDF_SHA256, HKDF_SALT).extract(root.0.as_ref());
        let [a, b, c, d, ..] = *expand(&prk, b"key id");
        Self {
            id: KeyId([a, b, c, d]),
            session: purpose_key(&prk, b"session"),
            state: purpose_key(&prk, b"state"),
            cursor: purpose_key(&prk, b"cursor"),
            peer: purpose_key(&prk, b"peer"),
        }
    }

    fn for_purpose(&self, purpose: Purpose) -> &RandomizedNonceKey {
        match purpose {
            Purpose::Session => &self.session,
            Purpose::State => &self.state,
            Purpose::Cursor => &self.cursor,
            Purpose::Peer => &self.peer,
        }
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(..)")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.load();
        let others: Vec<_> = keys.others.iter().map(|key| key.id).collect();
        f.debug_struct("KeyRing").field("seals", &keys.first.id).field("also_opens", &others).finish_non_exhaustive()
    }
}

/// Fills `bytes` at random.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    rand::fill(bytes).expect("AWS-LC ends the process rather than to hand out bytes that are not random");
}

fn purpose_key(prk: &Prk, purpose: &[u8]) -> RandomizedNonceKey {
    let key = expand(prk, purpose);
    RandomizedNonceKey::new(&AES_256_GCM_SIV, key.as_ref()).expect("AES-256 takes any 32 bytes as its key")
}

/// HKDF-Expand of RFC 5869 §2.3 with `info`.
fn expand(prk: &Prk, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    prk.expand(&[info], HKDF_SHA256)
        .and_then(|okm| okm.fill(bytes.as_mut()))
        .expect("32 bytes are one block of SHA-256, and `bytes` has as many as were asked for");
    bytes
}

const ROOT_KEY_BYTES: usize = 32;

/// Ties every derived key to the format of what it seals: another format number will come with another salt.
const HKDF_SALT: &[u8] = b"outboard seal 1";

/// The standard alphabet, because that is what `openssl rand -base64` and Kubernetes secrets write.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
