//! The signing keys, made once per process, and their public halves as JSON Web Keys (RFC 7517).

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::weak;

/// A key that signs. It is the same in the whole process, whatever mint uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// RSA of 2048 bits for RS256, published.
    Rsa,
    /// RSA of 2048 bits for PS256, published.
    RsaPss,
    /// P-256 for ES256, published.
    Ec,
    /// Ed25519 for `EdDSA`, published.
    Ed,
    /// RSA of 2048 bits that the issuer does not know. Another issuer may publish it.
    RogueRsa,
    /// P-256 that the issuer does not know.
    RogueEc,
    /// Ed25519 that the issuer does not know.
    RogueEd,
    /// RSA of 1024 bits for RS256: its signatures are right, and nobody may trust them.
    Rsa1024,
}

/// How a key signs (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Key {
    /// What [`Mint::keys`](super::Mint::keys) publishes.
    pub const PUBLISHED: [Self; 4] = [Self::Rsa, Self::RsaPss, Self::Ec, Self::Ed];

    /// The key's identifier.
    #[must_use]
    pub const fn kid(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-1",
            Self::RsaPss => "ps-1",
            Self::Ec => "ec-1",
            Self::Ed => "ed-1",
            Self::RogueRsa => "rogue-rsa-1",
            Self::RogueEc => "rogue-ec-1",
            Self::RogueEd => "rogue-ed-1",
            Self::Rsa1024 => "rsa-1024",
        }
    }

    /// The algorithm that the key is for.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa | Self::RogueRsa | Self::Rsa1024 => Algorithm::Rs256,
            Self::RsaPss => Algorithm::Ps256,
            Self::Ec | Self::RogueEc => Algorithm::Es256,
            Self::Ed | Self::RogueEd => Algorithm::EdDsa,
        }
    }

    /// The public half, with its `kid`, `use` and `alg`.
    #[must_use]
    pub fn jwk(self) -> Value {
        self.jwk_as(self.kid())
    }

    /// The public half under another `kid`.
    ///
    /// # Panics
    ///
    /// Never: keys of the library are whole.
    #[must_use]
    pub fn jwk_as(self, kid: &str) -> Value {
        let mut jwk = match self.pair() {
            Pair::Rsa(pair) => rsa_jwk(modulus(pair), &[1, 0, 1]),
            Pair::Rsa1024 => rsa_jwk(&weak::modulus_1024(), &[1, 0, 1]),
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref().get(1..).expect("an uncompressed point begins with 4");
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}),
        };
        let names = jwk.as_object_mut().expect("a key is an object");
        names.insert("kid".to_owned(), kid.into());
        names.insert("use".to_owned(), "sig".into());
        names.insert("alg".to_owned(), self.algorithm().name().into());
        jwk
    }

    /// Signs `input`.
    ///
    /// # Panics
    ///
    /// When a key of this kind does not sign in this way.
    #[must_use]
    pub fn sign(self, algorithm: Algorithm, input: &[u8]) -> Vec<u8> {
        match (self.pair(), algorithm) {
            (Pair::Rsa(pair), Algorithm::Rs256) => sign_rsa(pair, &RSA_PKCS1_SHA256, input),
            (Pair::Rsa(pair), Algorithm::Rs512) => sign_rsa(pair, &RSA_PKCS1_SHA512, input),
            (Pair::Rsa(pair), Algorithm::Ps256) => sign_rsa(pair, &RSA_PSS_SHA256, input),
            (Pair::Ec(pair), Algorithm::Es256) => {
                pair.sign(&SystemRandom::new(), input).expect("a whole key signs").as_ref().to_vec()
            }
            (Pair::Ed(pair), Algorithm::EdDsa) => pair.sign(input).as_ref().to_vec(),
            (Pair::Rsa1024, Algorithm::Rs256) => weak::sign_1024(input),
            _ => unfit(self, algorithm),
        }
    }

    /// The public half as everybody gets it: `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1).
    pub(super) fn public_der(self) -> Vec<u8> {
        let Pair::Rsa(pair) = self.pair() else { unfit(self, Algorithm::Rs256) };
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a whole key is encoded");
        der.as_ref().to_vec()
    }

    /// The modulus of an RSA key.
    pub(super) fn modulus(self) -> Vec<u8> {
        let Pair::Rsa(pair) = self.pair() else { unfit(self, Algorithm::Rs256) };
        modulus(pair).to_vec()
    }

    fn pair(self) -> &'static Pair {
        static PAIRS: [OnceLock<Pair>; 8] = [const { OnceLock::new() }; 8];
        let place = PAIRS.get(self as usize).expect("each key has its place");
        place.get_or_init(|| match self {
            Self::Rsa | Self::RsaPss | Self::RogueRsa => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("keys can be made"))
            }
            Self::Ec | Self::RogueEc => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("keys can be made"))
            }
            Self::Ed | Self::RogueEd => Pair::Ed(Ed25519KeyPair::generate().expect("keys can be made")),
            Self::Rsa1024 => Pair::Rsa1024,
        })
    }
}

impl Algorithm {
    /// Its name in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    /// The library makes no key that small.
    Rsa1024,
}

/// An RSA key without a name (RFC 7518 §6.3.1).
pub(super) fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "n": encode(modulus), "e": encode(exponent)})
}

/// Encodes as all parts of a token are encoded (RFC 7515 §2).
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn sign_rsa(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, input: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), input, &mut signature).expect("a whole key signs");
    signature
}

/// Of a key of 2048 bits with the exponent 65537: two lengths, a zero, the modulus, then five bytes (RFC 8017 §A.1.1).
fn modulus(pair: &RsaKeyPair) -> &[u8] {
    let der = pair.public_key().as_ref();
    assert!(der.starts_with(&[0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0]) && der.ends_with(&[2, 3, 1, 0, 1]), "{der:?}");
    der.get(9..265).expect("the modulus has 256 bytes")
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn unfit(key: Key, algorithm: Algorithm) -> ! {
    panic!("{key:?} has no part in {algorithm:?}")
}
