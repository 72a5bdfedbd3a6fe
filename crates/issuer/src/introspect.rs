//! Introspection (RFC 7662): whether an access token is still good, for clients of the configuration.

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::client::Source;
use crate::http::{Answer, Form, json, no_store, refused};
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::secret;
use crate::state::Origin;
use crate::token::authenticate;

/// Answers what is known of a token. Of one that is unknown, ended or not an access token, it is only said that it is
/// not active: a refresh token that looked active here would pass for an access token.
pub(crate) fn introspect(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Answer {
    match answer(inner, headers, body) {
        Ok(document) => no_store(json(StatusCode::OK, &document)),
        Err(refusal) => refused(refusal),
    }
}

fn answer(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let form = Form::parse(body)?;
    form.check_repeated()?;
    let client = authenticate(inner, headers, &form)?;
    // Anybody can register; who may ask about the tokens of others is written in the configuration.
    if client.source != Source::Static || client.secret.is_none() {
        return Err(Refusal::new(ErrorCode::InvalidClient, "only confidential clients of the configuration may ask"));
    }
    let token = form.get("token").ok_or(Refusal::new(ErrorCode::InvalidRequest, "the token is missing"))?;
    Ok(active(inner, token).map_or_else(|| json!({ "active": false }), Value::Object))
}

fn active(inner: &Inner, token: &str) -> Option<Map<String, Value>> {
    let now = inner.now();
    let state = inner.state();
    let access = state.access_tokens.get(now, &secret::digest(token))?;
    let is_granted = match access.origin {
        Origin::Grant(grant) => state.grants.get(now, &grant).is_some(),
        Origin::Client => true,
    };
    let mut members = access.claims.clone();
    members.insert("active".to_owned(), json!(true));
    members.insert("token_type".to_owned(), json!("Bearer"));
    is_granted.then_some(members)
}
