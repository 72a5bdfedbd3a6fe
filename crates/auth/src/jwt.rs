//! A signed token: read strictly, verified by keys, then judged by its claims.

mod algorithm;
mod check;
mod header;
#[cfg(test)]
mod tests;
mod times;

use std::sync::Arc;
use std::time::SystemTime;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use outboard_identity::{Principal, ScopeHierarchy};
use serde_json::{Map, Value};

use crate::{
    config::{Algorithm, AuthLimits, IssuerConfig, JwtRules},
    json,
    jwk::{Jwk, Signature},
    refusal::InvalidToken,
    resource::Audience,
};
use header::Header;

pub use check::{Check, CheckOutcome};
pub(crate) use check::{audience, binding, is_foreign_typ};
pub(crate) use times::optional as time;

/// A token in parts (RFC 7515 §7.1). Whose it is nobody has verified yet.
pub(crate) struct Jwt<'t> {
    /// Header and payload with the dot between them, as they were signed.
    signed: &'t str,
    header: Header,
    claims: Map<String, Value>,
    signature: Signature,
}

/// What a token is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judging<'a> {
    /// The issuer whose key has verified it.
    pub(crate) issuer: &'a IssuerConfig,
    /// How that issuer makes its tokens.
    pub(crate) rules: &'a JwtRules,
    /// What is protected.
    pub(crate) resource: &'a Audience,
    /// Which scopes stand for others.
    pub(crate) hierarchy: &'a ScopeHierarchy,
    /// Skew, lifetime, lengths.
    pub(crate) limits: &'a AuthLimits,
    /// The time now.
    pub(crate) now: SystemTime,
}

/// What a token that is good in everything proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// Of whom it speaks; valid until `exp` and the skew that is allowed.
    pub(crate) principal: Principal,
    /// Its `exp`, without the skew.
    pub(crate) expires_at: SystemTime,
}

impl<'t> Jwt<'t> {
    /// Takes a token apart. There is one spelling for each token: base64url without padding and without bits to spare, so
    /// that what is remembered or revoked by its digest cannot come back in other letters.
    ///
    /// Header and payload are JSON objects in which nothing stands twice. Whoever calls this has bounded the token's length.
    pub(crate) fn read(token: &'t str) -> Result<Self, InvalidToken> {
        let [header, payload, signature] = parts(token)?;
        let header = Header::read(&decode(header, "its header is not base64url without padding")?)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(InvalidToken::Claims { fault: "they are too long" });
        }
        let claims = decode(payload, "its payload is not base64url without padding")?;
        let claims = json::read_object(&claims).map_err(|fault| InvalidToken::Claims { fault: fault.as_str() })?;
        let signed = token.get(..token.len() - signature.len() - 1).unwrap_or_default();
        let signature = Signature(decode(signature, "its signature is not base64url without padding")?);
        Ok(Self { signed, header, claims, signature })
    }

    /// Who it says has issued it: good for nothing but to choose whose keys verify it.
    pub(crate) fn unverified_issuer(&self) -> Result<&str, InvalidToken> {
        self.claims.get("iss").and_then(Value::as_str).ok_or_else(|| InvalidToken::Claim { claim: "iss".into() })
    }

    /// The name of the key that it says has signed it.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The algorithm that it says it is signed by.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// The key that has signed it, out of these.
    pub(crate) fn verify(&self, keys: &[Arc<Jwk>], rules: &JwtRules) -> Result<Arc<Jwk>, InvalidToken> {
        if !rules.algorithms.contains(&self.algorithm()) {
            return Err(InvalidToken::Algorithm);
        }
        let signed = self.signed.as_bytes();
        let signer = keys.iter().find(|key| key.verifies(self.algorithm(), signed, &self.signature));
        signer.cloned().ok_or(InvalidToken::Signature)
    }

    /// Judges what it says, after [`verify`](Self::verify).
    pub(crate) fn judge(&self, about: &Judging<'_>) -> Result<Verified, InvalidToken> {
        check::acceptable(self, about).try_for_each(|outcome| outcome.outcome)?;
        let expires_at = times::expiry(&self.claims)?;
        let Judging { issuer, hierarchy, limits, .. } = about;
        let principal = issuer.claims.principal(&issuer.issuer, &self.claims, hierarchy, limits)?;
        // A skew that cannot be added is none.
        let valid_until = expires_at.checked_add(limits.skew).unwrap_or(expires_at);
        let principal = principal.with_valid_until(valid_until);
        Ok(Verified { principal, expires_at })
    }

    /// What comes of each thing that [`judge`](Self::judge) looks at, in its order.
    pub(crate) fn checks(&self, about: &Judging<'_>) -> Vec<CheckOutcome> {
        check::acceptable(self, about).chain(check::mapped(self, about)).collect()
    }
}

/// The longest payload, in characters. A config may allow longer tokens; nothing longer is parsed.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// The three parts of the compact form. An encrypted token has five (RFC 7516 §7.1).
fn parts(token: &str) -> Result<[&str; 3], InvalidToken> {
    let mut parts = token.split('.');
    let mut next = || parts.next();
    match (next(), next(), next(), next(), next(), next()) {
        (Some(header), Some(payload), Some(signature), None, _, _) => Ok([header, payload, signature]),
        (.., Some(_), None) => Err(InvalidToken::Encrypted),
        _ => Err(InvalidToken::NotCompact { fault: "it does not have three parts" }),
    }
}

fn decode(part: &str, fault: &'static str) -> Result<Vec<u8>, InvalidToken> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken::NotCompact { fault })
}
