//! A token before it is signed: both parts as bytes, so that nothing is too wrong to be written.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::key::{Algorithm, Key, encode};

/// A JOSE header and a payload, each as the bytes that will be encoded. They need not be JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The header (RFC 7515 §4).
    pub header: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Draft {
    /// Sets a member of the header.
    ///
    /// # Panics
    ///
    /// When the header is no JSON object any more.
    #[must_use]
    pub fn member(self, name: &str, value: impl Into<Value>) -> Self {
        Self { header: edit(&self.header, |members| drop(members.insert(name.to_owned(), value.into()))), ..self }
    }

    /// Takes a member out of the header.
    ///
    /// # Panics
    ///
    /// As [`member`](Self::member).
    #[must_use]
    pub fn without_member(self, name: &str) -> Self {
        Self { header: edit(&self.header, |members| drop(members.remove(name))), ..self }
    }

    /// Sets a claim.
    ///
    /// # Panics
    ///
    /// When the payload is no JSON object any more.
    #[must_use]
    pub fn claim(self, name: &str, value: impl Into<Value>) -> Self {
        self.claims(|claims| drop(claims.insert(name.to_owned(), value.into())))
    }

    /// Takes a claim out.
    ///
    /// # Panics
    ///
    /// As [`claim`](Self::claim).
    #[must_use]
    pub fn without_claim(self, name: &str) -> Self {
        self.claims(|claims| drop(claims.remove(name)))
    }

    /// Changes the claims.
    ///
    /// # Panics
    ///
    /// As [`claim`](Self::claim).
    #[must_use]
    pub fn claims(self, change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        Self { payload: edit(&self.payload, change), ..self }
    }

    /// Puts text before the first claim; it ends with its own comma.
    pub(super) fn payload_begins(mut self, text: &str) -> Self {
        self.payload.splice(1..1, text.bytes());
        self
    }

    /// Puts text after the last claim; it begins with its own comma.
    pub(super) fn payload_ends(mut self, text: &str) -> Self {
        let end = self.payload.len() - 1;
        self.payload.splice(end..end, text.bytes());
        self
    }

    /// What a signature is made over: both parts, encoded (RFC 7515 §5.1).
    #[must_use]
    pub fn input(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(&self.payload))
    }

    /// Signs with a key in the way that the key is for, whatever the header says.
    #[must_use]
    pub fn sign(&self, key: Key) -> String {
        self.sign_as(key, key.algorithm())
    }

    /// Signs with a key in a given way, whatever the header says.
    ///
    /// # Panics
    ///
    /// When a key of this kind does not sign in this way.
    #[must_use]
    pub fn sign_as(&self, key: Key, algorithm: Algorithm) -> String {
        sign_input(&self.input(), key, algorithm)
    }

    /// Signs with HMAC and SHA-256 under any secret, as HS256 does (RFC 7518 §3.2).
    #[must_use]
    pub fn mac(&self, secret: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        self.end(hmac::sign(&key, self.input().as_bytes()))
    }

    /// Ends the token with any bytes as its signature; with none, it ends with the dot.
    #[must_use]
    pub fn end(&self, signature: impl AsRef<[u8]>) -> String {
        format!("{}.{}", self.input(), encode(signature))
    }
}

/// Signs any text, which stands before the last dot as it is.
#[must_use]
pub fn sign_input(input: &str, key: Key, algorithm: Algorithm) -> String {
    format!("{input}.{}", encode(key.sign(algorithm, input.as_bytes())))
}

fn edit(json: &[u8], change: impl FnOnce(&mut Map<String, Value>)) -> Vec<u8> {
    let mut members: Map<String, Value> = serde_json::from_slice(json).expect("this part is still a JSON object");
    change(&mut members);
    Value::Object(members).to_string().into_bytes()
}
