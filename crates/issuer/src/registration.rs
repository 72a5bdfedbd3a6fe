//! Dynamic client registration (RFC 7591 §3), by anybody on this machine.

use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, ClientSecret, Source};
use crate::client_metadata::{Addressed, AuthMethod, ClientMetadata};
use crate::http::{Answer, empty, json, no_store, refused};
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::secret;

/// Registers a client.
pub(crate) fn register(inner: &Inner, body: &[u8]) -> Answer {
    if inner.settings.bounds.registrations_per_minute == 0 {
        return empty(StatusCode::NOT_FOUND);
    }
    let taken = inner.state().registrations.take(inner.now());
    if let Err(wait) = taken {
        return too_many(wait);
    }
    match registered(inner, body) {
        Ok(document) => no_store(json(StatusCode::CREATED, &document)),
        Err(refusal) => refused(refusal),
    }
}

fn registered(inner: &Inner, body: &[u8]) -> Result<Value, Refusal> {
    let document: Value = serde_json::from_slice(body).map_err(|_| NOT_AN_OBJECT)?;
    let metadata = ClientMetadata::parse(document.as_object().ok_or(NOT_AN_OBJECT)?, &inner.settings, Addressed::ToUs)?;
    // The default of RFC 7591 §2.
    let method = metadata.authentication.unwrap_or(AuthMethod::Basic);
    let secret = (method != AuthMethod::None).then(secret::random_token);
    let client = Client {
        id: secret::random_token(),
        name: metadata.name.unwrap_or_default(),
        source: Source::Registered,
        secret: secret.as_deref().map(ClientSecret::new),
        grants: metadata.grants,
        redirects: metadata.redirects,
        scopes: inner.settings.scopes.clone(),
    };
    let now = inner.now();
    let answer = answer(&client, method, secret.as_deref(), now);
    let ends = now.saturating_add(UNUSED_TTL);
    let kept = inner.state().clients.insert(now, client.id.clone(), Arc::new(client), ends);
    kept.map_err(|_| Refusal::new(ErrorCode::TemporarilyUnavailable, "there are as many clients as there may be"))?;
    Ok(answer)
}

/// The registered metadata (RFC 7591 §3.2.1), which may be less than was asked for.
fn answer(client: &Client, method: AuthMethod, secret: Option<&str>, now: Duration) -> Value {
    let mut answer = json!({
        "client_id": client.id,
        "client_id_issued_at": now.as_secs(),
        "client_name": client.name,
        "redirect_uris": client.redirects.iter().map(|redirect| redirect.as_str()).collect::<Vec<_>>(),
        "grant_types": client.grants.iter().map(|grant| grant.as_str()).collect::<Vec<_>>(),
        "response_types": ["code"],
        "token_endpoint_auth_method": method.as_str(),
    });
    if let (false, Some(members)) = (client.scopes.is_empty(), answer.as_object_mut()) {
        members.insert("scope".to_owned(), json!(client.scopes.to_string()));
    }
    if let (Some(secret), Some(members)) = (secret, answer.as_object_mut()) {
        members.insert("client_secret".to_owned(), json!(secret));
        members.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    answer
}

fn too_many(wait: Duration) -> Answer {
    let seconds = wait.as_secs().saturating_add(1);
    let mut answer = refused(Refusal::new(ErrorCode::TemporarilyUnavailable, "too many registrations in a minute"));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

/// How long a client is kept that is not used; each use counts anew.
pub(crate) const UNUSED_TTL: Duration = Duration::from_secs(24 * 60 * 60);

const NOT_AN_OBJECT: Refusal = Refusal::new(ErrorCode::InvalidClientMetadata, "the body is not a JSON object");
