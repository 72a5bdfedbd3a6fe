//! Access tokens: signed JWTs as RFC 9068 has them, and the record by which they can be revoked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::scopes::Scopes;
use crate::secret;
use crate::state::{Access, Authorization, Origin, State};

/// Mints an access token with `scopes` and remembers it by its digest.
pub(crate) fn mint(
    inner: &Inner,
    state: &mut State,
    authorization: &Arc<Authorization>,
    scopes: &Scopes,
    origin: Origin,
) -> Result<String, Refusal> {
    let now = inner.now();
    let ends = now.saturating_add(inner.settings.config.access_token_ttl);
    let claims = claims(&inner.settings.issuer, authorization, scopes, (now, ends));
    let token = inner.sign(&claims).map_err(|_| SIGNING)?;
    let access = Access { origin, client_id: authorization.client_id.clone(), claims };
    state.access_tokens.insert(now, secret::digest(&token), access, ends).map_err(|_| NO_ROOM)?;
    Ok(token)
}

/// The claims of RFC 9068 §2.2, with the user's own.
fn claims(
    issuer: &str,
    authorization: &Authorization,
    scopes: &Scopes,
    (now, ends): (Duration, Duration),
) -> Map<String, Value> {
    let mut claims = authorization.claims.clone();
    let written = [
        ("iss", json!(issuer)),
        ("sub", json!(authorization.subject)),
        ("aud", json!(authorization.resource)),
        ("exp", json!(ends.as_secs())),
        ("iat", json!(now.as_secs())),
        ("nbf", json!(now.as_secs())),
        ("jti", json!(secret::random_token())),
        ("client_id", json!(authorization.client_id)),
    ];
    claims.extend(written.map(|(name, value)| (name.to_owned(), value)));
    if !scopes.is_empty() {
        claims.insert("scope".to_owned(), json!(scopes.to_string()));
    }
    claims
}

pub(crate) const NO_ROOM: Refusal =
    Refusal::new(ErrorCode::TemporarilyUnavailable, "the server remembers as many as it may");
const SIGNING: Refusal = Refusal::new(ErrorCode::ServerError, "the token could not be signed");
