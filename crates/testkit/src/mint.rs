//! A mint of access tokens (RFC 9068), good and hostile, signed with real keys.
//!
//! It plays the issuer towards a resource server: [`Mint::keys`] is what the issuer publishes, [`Mint::good`] what it
//! hands out, [`Mint::hostile`] what must be refused, [`Mint::valid`] what must not. A hostile token has one fault and is
//! good in everything else, so that only the check it is meant for can refuse it.
//!
//! Time stands where the mint was told it stands. Keys are made once per process.

mod configured;
mod draft;
mod hostile;
mod key;
mod keyed;
mod valid;
mod weak;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

pub use draft::{Draft, sign_input};
pub use key::{Algorithm, Key};
pub use keyed::{KeyedToken, Verdict};

/// An issuer that signs for one resource. See the [module](self).
///
/// ```
/// use outboard_testkit::mint::{Key, Mint};
///
/// let mint = Mint::new("https://as.example", "https://mcp.example/mcp", 1_785_240_000);
/// let token = mint.good_with(|claims| drop(claims.insert("scope".to_owned(), "files:read".into())));
/// assert_eq!(token.split('.').count(), 3);
/// // Any token at all: a header that lies about how it is signed.
/// let lie = mint.draft(Key::Ec).member("alg", "RS256").sign(Key::Ec);
/// assert_ne!(lie, token);
/// ```
#[derive(Clone, Debug)]
pub struct Mint {
    issuer: String,
    audience: String,
    now: u64,
    listener: String,
}

/// A token of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// Its kind, once in all tables of a mint.
    pub name: &'static str,
    /// The row of the threat catalogue that it belongs to.
    pub row: u16,
    /// The token: visible ASCII and spaces, so that it can stand in a header.
    pub token: String,
}

impl Mint {
    /// The subject of good tokens.
    pub const SUBJECT: &'static str = "user-1";
    /// The client of good tokens.
    pub const CLIENT_ID: &'static str = "client-1";
    /// The scope of good tokens.
    pub const SCOPE: &'static str = "mcp:read";
    /// How long good tokens live, in seconds.
    pub const LIFETIME_SECONDS: u64 = 600;

    /// A mint whose clock stands at `now`, in seconds since 1970.
    ///
    /// # Panics
    ///
    /// When the audience is not `scheme://host/path` in lower case, with a path that has a letter and does not end with a
    /// slash: half of the tokens bend it.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, now: u64) -> Self {
        let path = audience.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
        let has_path = path.is_some_and(|path| !path.ends_with('/') && path.contains(|c: char| c.is_ascii_lowercase()));
        let is_lower = audience == audience.to_ascii_lowercase();
        assert!(has_path && is_lower, "an audience with a path, in lower case: {audience}");
        let listener = "http://127.0.0.1:9".to_owned();
        Self { issuer: issuer.to_owned(), audience: audience.to_owned(), now, listener }
    }

    /// The same mint at another time, in seconds since 1970.
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        Self { now, ..self }
    }

    /// The same mint, whose tokens name keys at this origin (`jku`, `x5u`): that of a
    /// [`Listener`](crate::authority::Listener), to which nobody must connect. Without one it is the discard port.
    #[must_use]
    pub fn listening_at(self, origin: &str) -> Self {
        Self { listener: origin.to_owned(), ..self }
    }

    /// The `iss` of good tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `aud` of good tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Where the clock stands, in seconds since 1970.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The public keys of the issuer: [`Key::PUBLISHED`].
    #[must_use]
    pub fn keys(&self) -> Vec<Value> {
        Key::PUBLISHED.map(Key::jwk).to_vec()
    }

    /// The claims of a good token (RFC 9068 §2.2), with a `jti` of its own.
    ///
    /// # Panics
    ///
    /// Never: they are an object.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        static MINTED: AtomicU64 = AtomicU64::new(0);
        let claims = json!({
            "iss": self.issuer,
            "sub": Self::SUBJECT,
            "aud": self.audience,
            "exp": self.now + Self::LIFETIME_SECONDS,
            "nbf": self.now,
            "iat": self.now,
            "jti": format!("token-{}", MINTED.fetch_add(1, Ordering::Relaxed)),
            "client_id": Self::CLIENT_ID,
            "scope": Self::SCOPE,
        });
        claims.as_object().expect("claims are an object").clone()
    }

    /// A good token before it is signed: its header names `key` and the algorithm that the key is for.
    #[must_use]
    pub fn draft(&self, key: Key) -> Draft {
        let header = json!({"alg": key.algorithm().name(), "typ": "at+jwt", "kid": key.kid()});
        Draft {
            header: header.to_string().into_bytes(),
            payload: Value::Object(self.claims()).to_string().into_bytes(),
        }
    }

    /// A good token, signed with [`Key::Rsa`].
    #[must_use]
    pub fn good(&self) -> String {
        self.draft(Key::Rsa).sign(Key::Rsa)
    }

    /// A token that is good but for a change of its claims.
    #[must_use]
    pub fn good_with(&self, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        self.draft(Key::Rsa).claims(change).sign(Key::Rsa)
    }

    /// A token whose `kid` nobody publishes, another for each `number`, and quick to make: for a flood of them.
    #[must_use]
    pub fn unknown_kid(&self, number: u64) -> String {
        self.draft(Key::RogueEd).member("kid", format!("unknown-{number}")).sign(Key::RogueEd)
    }

    /// Tokens that are refused as invalid while the issuer publishes [`keys`](Self::keys), with 30 s of skew and 24 h of
    /// lifetime at most.
    #[must_use]
    pub fn hostile(&self) -> Vec<Minted> {
        hostile::all(self)
    }

    /// Tokens that are accepted while the issuer publishes [`keys`](Self::keys), with the same settings.
    #[must_use]
    pub fn valid(&self) -> Vec<Minted> {
        valid::all(self)
    }

    /// Tokens that are good or not by what the issuer publishes.
    #[must_use]
    pub fn keyed(&self) -> Vec<KeyedToken> {
        keyed::all(self)
    }

    /// Tokens on which settings decide, or which are accepted without what they try to slip in (`mcp:admin`).
    #[must_use]
    pub fn configured(&self) -> Vec<Minted> {
        configured::all(self)
    }

    /// The origin of the audience, and its path from the slash on.
    fn audience_parts(&self) -> (&str, &str) {
        let start = self.audience.find("://").map_or(0, |at| at + 3);
        let slash = self.audience.get(start..).and_then(|rest| rest.find('/')).map_or(start, |at| start + at);
        self.audience.split_at(slash)
    }
}
