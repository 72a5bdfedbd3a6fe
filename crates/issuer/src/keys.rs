//! The keys that tokens are signed with, and the key set that shows their public halves.

use std::collections::VecDeque;
use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Map, Value, json};

use crate::error::KeyError;
use crate::secret;

/// What tokens are signed with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA of 2048 bits, PKCS #1 v1.5, with SHA-256.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// The key that signs, and those that have signed what may still be valid.
#[derive(Debug)]
pub(crate) struct Keys {
    current: SigningKey,
    /// Public halves of earlier keys, the newest first.
    earlier: VecDeque<Value>,
}

struct SigningKey {
    pair: Pair,
    algorithm: SigningAlgorithm,
    kid: String,
    jwk: Value,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Keys {
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        Ok(Self { current: SigningKey::generate(algorithm)?, earlier: VecDeque::new() })
    }

    /// Signs with a new key from now on. The earlier ones stay in the set.
    pub(crate) fn rotate(&mut self, algorithm: SigningAlgorithm) -> Result<(), KeyError> {
        let replaced = std::mem::replace(&mut self.current, SigningKey::generate(algorithm)?);
        self.earlier.push_front(replaced.jwk);
        self.earlier.truncate(EARLIER_MAX);
        Ok(())
    }

    /// The JWK set (RFC 7517 §5), the signing key first.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<&Value> = [&self.current.jwk].into_iter().chain(&self.earlier).collect();
        json!({ "keys": keys })
    }

    /// A JWT in compact form (RFC 7515 §7.1) of the type that RFC 9068 §2.1 names.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> Result<String, KeyError> {
        let key = &self.current;
        let header = json!({ "typ": "at+jwt", "alg": key.algorithm.as_str(), "kid": key.kid });
        let payload = Value::Object(claims.clone());
        let [header, payload] = [header, payload].map(|part| secret::encode(part.to_string().as_bytes()));
        let input = format!("{header}.{payload}");
        let signature = key.pair.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", secret::encode(&signature)))
    }
}

impl SigningKey {
    fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let pair = Pair::generate(algorithm)?;
        let mut jwk = pair.public_members()?;
        // The thumbprint of RFC 7638 §3. A map keeps the order of the alphabet or of insertion: here they are the same.
        let kid = secret::encode(&secret::digest(&Value::Object(jwk.clone()).to_string()));
        let described = [("kid", kid.as_str()), ("alg", algorithm.as_str()), ("use", "sig")];
        jwk.extend(described.map(|(name, value)| (name.to_owned(), json!(value))));
        Ok(Self { pair, algorithm, kid, jwk: Value::Object(jwk) })
    }
}

impl Pair {
    fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::Ecdsa),
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Self::Rsa(Box::new(pair))),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Self::Ed25519),
        };
        pair.map_err(|_| KeyError::Generation)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signed = match self {
            Self::Ecdsa(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        };
        signed.map_err(|_| KeyError::Signing)
    }

    /// The members of the public key that its thumbprint covers, in alphabetical order.
    fn public_members(&self) -> Result<Map<String, Value>, KeyError> {
        let members: Vec<(&str, String)> = match self {
            Self::Ecdsa(pair) => {
                // Uncompressed point (SEC 1 §2.3.3): 4, then both coordinates.
                let point = pair.public_key().as_ref().strip_prefix(&[4]);
                let (x, y) = point.and_then(|point| point.split_at_checked(32)).ok_or(KeyError::Generation)?;
                let (kty, crv) = ("EC".to_owned(), "P-256".to_owned());
                vec![("crv", crv), ("kty", kty), ("x", secret::encode(x)), ("y", secret::encode(y))]
            }
            Self::Ed25519(pair) => {
                let x = secret::encode(pair.public_key().as_ref());
                vec![("crv", "Ed25519".to_owned()), ("kty", "OKP".to_owned()), ("x", x)]
            }
            Self::Rsa(pair) => {
                let (n, e) = rsa_numbers(pair.public_key().as_ref()).ok_or(KeyError::Generation)?;
                vec![("e", secret::encode(e)), ("kty", "RSA".to_owned()), ("n", secret::encode(n))]
            }
        };
        Ok(members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 A.1.1): a DER sequence of two positive integers.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = der_value(der, DER_SEQUENCE)?;
    let (n, rest) = der_value(sequence, DER_INTEGER)?;
    let (e, _) = der_value(rest, DER_INTEGER)?;
    let unsigned = |number: &'_ [u8]| number.iter().take_while(|byte| **byte == 0).count();
    Some((n.get(unsigned(n)..)?, e.get(unsigned(e)..)?))
}

/// The content of the value at the front, and what stands behind it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        (digits.iter().fold(0, |sum: usize, digit| (sum << 8) | usize::from(*digit)), rest)
    };
    rest.split_at_checked(length)
}

const DER_INTEGER: u8 = 2;
const DER_SEQUENCE: u8 = 0x30;

/// Enough for a rotation every now and then; what they have signed is valid for minutes.
const EARLIER_MAX: usize = 7;
