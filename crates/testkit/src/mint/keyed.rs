//! Tokens that are good or not by what the issuer publishes: keys that do not fit, and keys nobody may trust.

use serde_json::{Value, json};

use super::{
    Key, Mint,
    key::{encode, rsa_jwk},
    weak,
};

/// A token, and the keys that are published while it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedToken {
    /// Its kind, once in all tables of a mint.
    pub name: &'static str,
    /// The row of the threat catalogue that it belongs to.
    pub row: u16,
    /// The token.
    pub token: String,
    /// All public keys of the issuer (RFC 7517), which replace [`Mint::keys`].
    pub keys: Vec<Value>,
    /// What has to come of it.
    pub verdict: Verdict,
}

/// What has to come of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Accepted,
    /// It is refused as invalid.
    Refused,
}

pub(super) fn all(mint: &Mint) -> Vec<KeyedToken> {
    accepted(mint).into_iter().chain(refused(mint)).chain(untrustworthy(mint)).collect()
}

fn accepted(mint: &Mint) -> Vec<KeyedToken> {
    let without_kid = || mint.draft(Key::Rsa).without_member("kid").sign(Key::Rsa);
    let keys = |name, row, token, keys| KeyedToken { name, row, token, keys, verdict: Verdict::Accepted };
    vec![
        keys("key-ops-verify", 27, mint.good(), vec![with("key_ops", json!(["verify"])), Key::Ec.jwk()]),
        keys("key-without-alg", 27, mint.good(), vec![without("alg"), Key::Ec.jwk()]),
        keys("key-without-use", 27, mint.good(), vec![without("use"), Key::Ec.jwk()]),
        keys("no-kid-one-key", 29, without_kid(), vec![Key::Rsa.jwk()]),
        keys("no-kid-one-usable-key", 29, without_kid(), vec![oct(), Key::Rsa.jwk(), with("use", json!("enc"))]),
        keys("kid-twice", 67, mint.good(), vec![Key::RogueRsa.jwk_as(Key::Rsa.kid()), Key::Rsa.jwk()]),
        keys("key-of-unknown-type", 67, mint.good(), vec![json!({"kty": "AKP", "kid": "q"}), Key::Rsa.jwk()]),
    ]
}

fn refused(mint: &Mint) -> Vec<KeyedToken> {
    let keys = |name, row, token, key| KeyedToken {
        name,
        row,
        token,
        keys: vec![key, Key::Ec.jwk()],
        verdict: Verdict::Refused,
    };
    vec![
        keys("key-use-enc", 27, mint.good(), with("use", json!("enc"))),
        keys("key-ops-encrypt", 27, mint.good(), with("key_ops", json!(["encrypt", "wrapKey"]))),
        keys("key-alg-other", 27, mint.good(), with("alg", json!("RS512"))),
        keys("key-alg-encrypts", 27, mint.good(), with("alg", json!("RSA-OAEP-256"))),
        KeyedToken {
            name: "kid-twice-both-wrong",
            row: 67,
            token: mint.good(),
            keys: vec![Key::RogueRsa.jwk_as(Key::Rsa.kid()), Key::RogueEc.jwk_as(Key::Rsa.kid()), Key::Ec.jwk()],
            verdict: Verdict::Refused,
        },
    ]
}

/// The first three tokens are rightly signed under the key that is published.
fn untrustworthy(mint: &Mint) -> Vec<KeyedToken> {
    let keys = |name, token, key| KeyedToken {
        name,
        row: 67,
        token,
        keys: vec![key, Key::Ec.jwk()],
        verdict: Verdict::Refused,
    };
    let of_kid = |kid: &str| mint.draft(Key::Rsa).member("kid", kid);
    let forged = of_kid("exponent-1");
    let forged = forged.end(weak::block(Key::Rsa.modulus().len(), forged.input().as_bytes()));
    let named = |mut key: Value, kid: &str| {
        set(&mut key, "kid", kid.into());
        key
    };
    vec![
        keys("rsa-1024", mint.draft(Key::Rsa1024).sign(Key::Rsa1024), Key::Rsa1024.jwk()),
        keys("exponent-1", forged, named(rsa_jwk(&Key::Rsa.modulus(), &[1]), "exponent-1")),
        keys("oct", of_kid("oct-1").member("alg", "HS256").mac(SECRET), oct()),
        keys(
            "rsa-16384",
            of_kid("rsa-16384").end(vec![0x55; 2048]),
            named(rsa_jwk(&weak::modulus_16384(), &[1, 0, 1]), "rsa-16384"),
        ),
    ]
}

/// What nobody may publish.
const SECRET: &[u8] = b"a secret of 32 bytes is published";

fn oct() -> Value {
    json!({"kty": "oct", "kid": "oct-1", "k": encode(SECRET), "use": "sig", "alg": "HS256"})
}

fn with(name: &str, value: Value) -> Value {
    let mut key = Key::Rsa.jwk();
    set(&mut key, name, value);
    key
}

fn without(name: &str) -> Value {
    let mut key = Key::Rsa.jwk();
    key.as_object_mut().expect("a key is an object").remove(name);
    key
}

fn set(key: &mut Value, name: &str, value: Value) {
    key.as_object_mut().expect("a key is an object").insert(name.to_owned(), value);
}
