//! Reads what an issuer publishes as its keys, and leaves out what must not verify anything.

use std::sync::{Arc, atomic::AtomicBool};

use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Jwk, JwkSet, KeyKind};
use crate::{
    config::Algorithm,
    json::{self, JsonFault},
};

/// Why a document is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum JwksFault {
    /// It cannot be read.
    #[error("the key set cannot be read: {fault}")]
    Json {
        /// Why.
        fault: JsonFault,
    },
    /// It has no list `keys` (RFC 7517 §5.1).
    #[error("the key set has no list of keys")]
    NoKeys,
}

/// A key that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SkippedKey {
    /// Its `kid`, if that is short enough to be told.
    pub(crate) kid: Option<Box<str>>,
    /// Why.
    pub(crate) reason: SkipReason,
}

impl JwksFault {
    /// What the fault is, for errors that hold no other text than a fixed one.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json { fault } => fault.as_str(),
            Self::NoKeys => "it has no list of keys",
        }
    }
}

/// Why a key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SkipReason {
    /// It is made in a way that is not known here, as keys of the future will be.
    #[error("its kty or crv is not known")]
    UnknownKind,
    /// It is a shared secret: whoever reads the key set could sign.
    #[error("it is a shared secret")]
    Symmetric,
    /// Its private half is published.
    #[error("its private half is published with it")]
    Private,
    /// Its `use`, `key_ops` or `alg` are for something else than signatures of a kind that is known.
    #[error("it is not for signatures, or for an algorithm that is not known")]
    Purpose,
    /// It is RSA of less than 2048 bits (RFC 7518 §3.3) or of more than 8192, which would take long.
    #[error("it is an RSA key of {bits} bits: 2048 to 8192 are accepted")]
    RsaSize {
        /// The length of its modulus.
        bits: usize,
    },
    /// Its public exponent is even, less than 3 or longer than 32 bits.
    #[error("its public exponent is not an odd number from 3 on, of 32 bits at most")]
    Exponent,
    /// A member that it must have is missing, is spelled wrong, or is no point of its curve.
    #[error("a member is missing or malformed")]
    Malformed,
}

impl JwkSet {
    /// Reads a key set, and uses at most `keys_max` keys of it. A set without a key that can be used is a set too.
    pub(crate) fn read(json: &[u8], keys_max: usize) -> Result<Self, JwksFault> {
        let document = json::read_object(json).map_err(|fault| JwksFault::Json { fault })?;
        let Some(Value::Array(published)) = document.get("keys") else { return Err(JwksFault::NoKeys) };
        let mut set = Self::default();
        for jwk in published {
            if set.keys.len() >= keys_max || set.skipped.len() >= SKIPPED_MAX {
                set.unlisted += 1;
                continue;
            }
            match read(jwk) {
                Ok(key) if set.keys.iter().any(|other| other.identity == key.identity) => {}
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(reason) => set.skipped.push(SkippedKey { kid: kid(jwk).ok().flatten(), reason }),
            }
        }
        Ok(set)
    }
}

/// How many keys are listed as not used. There are more only where somebody wants to fill a log.
const SKIPPED_MAX: usize = 256;

/// The longest `kid`, in bytes: as of tokens.
const KID_BYTES_MAX: usize = 256;

/// Members that are a secret (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

fn read(jwk: &Value) -> Result<Jwk, SkipReason> {
    let Value::Object(members) = jwk else { return Err(SkipReason::Malformed) };
    let kty = text(members, "kty")?;
    if kty == "oct" || members.contains_key("k") {
        return Err(SkipReason::Symmetric);
    }
    if PRIVATE.iter().any(|name| members.contains_key(*name)) {
        return Err(SkipReason::Private);
    }
    let algorithm = purpose(members)?;
    let (kind, material, key) = match (kty, members.get("crv").and_then(Value::as_str)) {
        ("RSA", _) => rsa(members)?,
        ("EC", Some("P-256")) => point(members, KeyKind::P256, 32)?,
        ("EC", Some("P-384")) => point(members, KeyKind::P384, 48)?,
        ("OKP", Some("Ed25519")) => edwards(members)?,
        _ => return Err(SkipReason::UnknownKind),
    };
    if algorithm.is_some_and(|algorithm| KeyKind::of(algorithm) != kind) {
        return Err(SkipReason::Purpose);
    }
    let kid = kid(jwk)?;
    let identity = identity(kind, algorithm, kid.as_deref(), &material);
    Ok(Jwk { kid, algorithm, kind, key, identity, live: AtomicBool::new(true) })
}

/// That a key is for signatures, and for which (RFC 7517 §4.2 to §4.4). What it does not say it does not forbid.
fn purpose(members: &Map<String, Value>) -> Result<Option<Algorithm>, SkipReason> {
    if members.get("use").is_some_and(|named| named != "sig") {
        return Err(SkipReason::Purpose);
    }
    if let Some(named) = members.get("key_ops") {
        let verifies = named.as_array().is_some_and(|named| named.iter().any(|one| one == "verify"));
        if !verifies {
            return Err(SkipReason::Purpose);
        }
    }
    match members.get("alg") {
        None => Ok(None),
        Some(Value::String(name)) => Algorithm::named(name).map(Some).ok_or(SkipReason::Purpose),
        Some(_) => Err(SkipReason::Malformed),
    }
}

type Material = (KeyKind, Vec<u8>, DecodingKey);

fn rsa(members: &Map<String, Value>) -> Result<Material, SkipReason> {
    // Some issuers put a zero in front, as if the number had a sign.
    let (n, e) = (bytes(members, "n")?, bytes(members, "e")?);
    let (n, e) = (without_zeros(&n), without_zeros(&e));
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(SkipReason::RsaSize { bits });
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !is_odd(e) || e == [1] || e.len() > 4 {
        return Err(SkipReason::Exponent);
    }
    if !is_odd(n) {
        return Err(SkipReason::Malformed);
    }
    let material = [&n.len().to_be_bytes(), n, e].concat();
    Ok((KeyKind::Rsa, material, DecodingKey::from_rsa_raw_components(n, e)))
}

/// Both coordinates in full length (RFC 7518 §6.2.1.2), of a point of the curve.
fn point(members: &Map<String, Value>, kind: KeyKind, length: usize) -> Result<Material, SkipReason> {
    let (x, y) = (bytes(members, "x")?, bytes(members, "y")?);
    if x.len() != length || y.len() != length {
        return Err(SkipReason::Malformed);
    }
    // Uncompressed (SEC 1 §2.3.3).
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let parsed = match kind {
        KeyKind::P384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, &point),
        KeyKind::P256 | KeyKind::Rsa | KeyKind::Ed25519 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point),
    };
    parsed.map_err(|_| SkipReason::Malformed)?;
    let key = DecodingKey::from_ec_der(&point);
    Ok((kind, point, key))
}

fn edwards(members: &Map<String, Value>) -> Result<Material, SkipReason> {
    let x = bytes(members, "x")?;
    if x.len() != 32 || ParsedPublicKey::new(&ED25519, &x).is_err() {
        return Err(SkipReason::Malformed);
    }
    let key = DecodingKey::from_ed_der(&x);
    Ok((KeyKind::Ed25519, x, key))
}

fn kid(jwk: &Value) -> Result<Option<Box<str>>, SkipReason> {
    match jwk.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => Ok(Some(kid.as_str().into())),
        Some(_) => Err(SkipReason::Malformed),
    }
}

fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, SkipReason> {
    members.get(name).and_then(Value::as_str).ok_or(SkipReason::Malformed)
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, SkipReason> {
    BASE64_URL_SAFE_NO_PAD.decode(text(members, name)?).map_err(|_| SkipReason::Malformed)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Two keys with one digest are the same key, for the same use, under the same name.
fn identity(kind: KeyKind, algorithm: Option<Algorithm>, kid: Option<&str>, material: &[u8]) -> [u8; 32] {
    let kind = match kind {
        KeyKind::Rsa => "RSA",
        KeyKind::P256 => "P-256",
        KeyKind::P384 => "P-384",
        KeyKind::Ed25519 => "Ed25519",
    };
    let algorithm = algorithm.map_or("", Algorithm::name);
    let mut digest = digest::Context::new(&digest::SHA256);
    for part in [kind, algorithm, if kid.is_some() { "named" } else { "unnamed" }, kid.unwrap_or_default()] {
        digest.update(&part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.update(material);
    let mut identity = [0; 32];
    identity.copy_from_slice(digest.finish().as_ref());
    identity
}
