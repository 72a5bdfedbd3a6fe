//! Keys of the config that are accepted as bearer tokens: a simple extra beside OAuth.

use std::collections::HashMap;

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outboard_identity::{GrantedScopes, Principal, ScopeHierarchy, ScopeSet};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::bearer::is_token;

/// A key by its digest, and who brings it.
///
/// The key itself is kept nowhere. Its digest is a fast one (SHA-256), which is enough because a key is random and long,
/// unlike a password.
///
/// ```
/// use outboard_auth::ApiKey;
///
/// let (key, holder) = ApiKey::generate("deploy-bot", "notes:read".parse()?);
/// // Shown once to who asked for it; the digest goes into the config.
/// assert_eq!(ApiKey::from_digest_hex("deploy-bot", &holder.digest_hex(), "notes:read".parse()?)?, holder);
/// assert_eq!(ApiKey::from_key("deploy-bot", &key, "notes:read".parse()?)?, holder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The name of its holder: the subject of the principal. Several keys may have one holder, so that one can replace
    /// another without a gap.
    pub name: Box<str>,
    /// The SHA-256 digest of the key.
    pub digest: [u8; 32],
    /// What it grants.
    pub scopes: ScopeSet,
}

/// Why something cannot be an API key. No message shows a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiKeyError {
    /// It could be guessed.
    #[error("an API key has at least {KEY_CHARACTERS_MIN} characters, and this one has {found}")]
    TooShort {
        /// How many it has.
        found: usize,
    },
    /// It cannot be sent as a bearer token (RFC 6750 §2.1, `b64token`).
    #[error("an API key consists of letters, digits and any of - . _ ~ + /")]
    Unsendable,
    /// The text is no SHA-256 digest.
    #[error("the digest of an API key is 64 hexadecimal digits")]
    NotADigest,
    /// Two holders have one key, so that it says nothing about who brings it.
    #[error("{first} and {second} have the same API key")]
    Shared {
        /// One of them.
        first: Box<str>,
        /// The other.
        second: Box<str>,
    },
}

impl ApiKey {
    /// A key that there is already.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError::TooShort`] below 32 characters, [`ApiKeyError::Unsendable`] when it cannot be sent as a bearer token.
    pub fn from_key(name: impl Into<Box<str>>, key: &str, scopes: ScopeSet) -> Result<Self, ApiKeyError> {
        let found = key.chars().count();
        if found < KEY_CHARACTERS_MIN {
            return Err(ApiKeyError::TooShort { found });
        }
        if !is_token(key.as_bytes()) {
            return Err(ApiKeyError::Unsendable);
        }
        Ok(Self { name: name.into(), digest: sha256(key), scopes })
    }

    /// A key by its SHA-256 digest: 64 hexadecimal digits, as `sha256sum` writes them.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError::NotADigest`] when it is something else.
    pub fn from_digest_hex(name: impl Into<Box<str>>, digest: &str, scopes: ScopeSet) -> Result<Self, ApiKeyError> {
        let digest = parse_hex(digest).ok_or(ApiKeyError::NotADigest)?;
        Ok(Self { name: name.into(), digest, scopes })
    }

    /// Makes a key at random: `obk_` and 256 bits in base64url. It is returned to be shown once.
    ///
    /// The prefix is there for scanners that look for keys in places where they should not be.
    ///
    /// # Panics
    ///
    /// Never: AWS-LC ends the process rather than to hand out bytes that are not random.
    #[must_use]
    pub fn generate(name: impl Into<Box<str>>, scopes: ScopeSet) -> (Zeroizing<String>, Self) {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut()).expect("AWS-LC ends the process rather than to hand out bytes that are not random");
        let mut key = Zeroizing::new(String::with_capacity(KEY_PREFIX.len() + 43));
        key.push_str(KEY_PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut key);
        let digest = sha256(&key);
        (key, Self { name: name.into(), digest, scopes })
    }

    /// The digest as [`from_digest_hex`](Self::from_digest_hex) reads it.
    #[must_use]
    pub fn digest_hex(&self) -> String {
        self.digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The keys of a config, found by their digests.
///
/// That the search takes longer for one digest than for another tells nobody anything: it goes by the digest of what was
/// sent, and who could choose a digest that begins like that of a key would have broken SHA-256.
#[derive(Debug)]
pub(crate) struct ApiKeys {
    holders: HashMap<[u8; 32], Principal>,
}

impl ApiKeys {
    /// The keys of these holders, whose scopes stand for others by `hierarchy`.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError::Shared`] when two holders have one key.
    pub(crate) fn new(keys: &[ApiKey], hierarchy: &ScopeHierarchy) -> Result<Self, ApiKeyError> {
        let mut holders: HashMap<[u8; 32], Principal> = HashMap::with_capacity(keys.len());
        for key in keys {
            let granted = GrantedScopes::Only(hierarchy.expand(&key.scopes));
            let holder = Principal::api_key(&key.name, granted);
            if let Some(other) = holders.insert(key.digest, holder) {
                let first = other.subject_key().subject().into();
                return Err(ApiKeyError::Shared { first, second: key.name.clone() });
            }
        }
        Ok(Self { holders })
    }

    /// The holder of the key with this SHA-256 digest.
    pub(crate) fn find(&self, digest: &[u8; 32]) -> Option<Principal> {
        self.holders.get(digest).cloned()
    }
}

/// The SHA-256 digest of a key as it is sent.
fn sha256(key: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
    bytes
}

/// 32 bytes from 64 hexadecimal digits.
fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// By it, a key that has strayed is known for one of ours.
const KEY_PREFIX: &str = "obk_";

/// The fewest characters of a key that can be taken for random: 128 bits in hexadecimal digits.
const KEY_CHARACTERS_MIN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes() -> ScopeSet {
        "notes:write".parse().unwrap()
    }

    #[test]
    fn the_digest_is_sha_256_of_the_key_as_it_is_sent() {
        // FIPS 180-2, appendix B.2: its message happens to be long enough for a key.
        let message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let key = ApiKey::from_key("a", message, scopes()).unwrap();
        assert_eq!(key.digest_hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }

    #[test]
    fn what_could_be_guessed_or_not_be_sent_is_no_key() {
        let long = "k".repeat(KEY_CHARACTERS_MIN);
        let cases = [
            (String::new(), Err(ApiKeyError::TooShort { found: 0 })),
            (long[1..].to_owned(), Err(ApiKeyError::TooShort { found: KEY_CHARACTERS_MIN - 1 })),
            (long.clone(), Ok(())),
            (format!("{long} {long}"), Err(ApiKeyError::Unsendable)),
            (format!("{long},"), Err(ApiKeyError::Unsendable)),
            (format!("{long}\n"), Err(ApiKeyError::Unsendable)),
            (format!("{long}é"), Err(ApiKeyError::Unsendable)),
        ];
        for (key, expected) in cases {
            assert_eq!(ApiKey::from_key("a", &key, scopes()).map(drop), expected, "{key:?}");
        }
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let good = "0123456789abcdefABCDEF0123456789".repeat(2);
        assert!(ApiKey::from_digest_hex("a", &good, scopes()).is_ok());
        let not_ascii = format!("{}é", &good[2..]);
        for bad in ["", &good[1..], &format!("{good}0"), &good.replace('0', "g"), &good.replace('0', "+"), &not_ascii] {
            assert_eq!(ApiKey::from_digest_hex("a", bad, scopes()), Err(ApiKeyError::NotADigest), "{bad:?}");
        }
    }

    #[test]
    fn generated_keys_are_long_sendable_and_never_the_same() {
        let (one, of_one) = ApiKey::generate("a", scopes());
        let (other, of_other) = ApiKey::generate("a", scopes());
        assert!(one.starts_with("obk_") && one.len() == 47 && is_token(one.as_bytes()), "{} bytes", one.len());
        assert!(*one != *other && of_one.digest != of_other.digest);
        assert_eq!(ApiKey::from_key("a", &one, scopes()), Ok(of_one));
    }

    #[test]
    fn a_holder_is_found_by_the_digest_with_all_that_its_scopes_stand_for() {
        let hierarchy = ScopeHierarchy::new([("notes:write".parse().unwrap(), "notes:read".parse().unwrap())]);
        let (_, alice) = ApiKey::generate("alice", scopes());
        let (_, replacement) = ApiKey::generate("alice", scopes());
        let keys = ApiKeys::new(&[alice.clone(), replacement.clone()], &hierarchy).unwrap();
        let found = keys.find(&alice.digest).unwrap();
        assert_eq!(found, Principal::api_key("alice", GrantedScopes::Only("notes:read notes:write".parse().unwrap())));
        assert_eq!(keys.find(&replacement.digest), Some(found));
        assert_eq!(keys.find(&[0; 32]), None);
    }

    #[test]
    fn one_key_for_two_holders_is_refused() {
        let (key, alice) = ApiKey::generate("alice", scopes());
        let bob = ApiKey::from_key("bob", &key, scopes()).unwrap();
        let error = ApiKeys::new(&[alice, bob], &ScopeHierarchy::default()).unwrap_err();
        assert_eq!(error, ApiKeyError::Shared { first: "alice".into(), second: "bob".into() });
    }
}
