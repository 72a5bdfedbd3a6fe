//! Client ID metadata documents: a client whose id is a URL, where its metadata is
//! (draft-ietf-oauth-client-id-metadata-document).

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use outboard_fetch::{FetchError, Limits, Reach, Request, Response, Target};
use serde_json::Value;
use url::Url;

use crate::client::{Client, Source};
use crate::client_metadata::{Addressed, AuthMethod, ClientMetadata};
use crate::inner::Inner;
use crate::refusal::Refusal;

/// Why there is no client at a URL. It goes to the log; whoever asked learns only that there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    // The document is not one of a client that may come here.
    #[error("the document is not JSON")]
    NotJson,
    #[error("the document is of another client")]
    OtherClient,
    #[error("the document has no client_name")]
    NoName,
    #[error("the document asks for a secret or a key, and only public clients are documents here")]
    NotPublic,
    #[error(transparent)]
    Metadata(#[from] Refusal),
    // Its server failed.
    #[error("the server answered {status}")]
    Status { status: StatusCode },
    #[error(transparent)]
    Fetch(#[from] FetchError),
    // We are at a bound.
    #[error("too many documents are being fetched")]
    Busy,
}

/// Whether a client id is the URL of a document that may be fetched (§3 of the draft): `https`, a path, and no other
/// spelling than the one in which it is requested.
pub(crate) fn is_document_id(id: &str, reach: Reach) -> bool {
    let Ok(target) = Target::parse(id, reach) else { return false };
    let url: &Url = target.url();
    let is_secure = url.scheme() == "https" || reach == Reach::AnyAddress;
    // `..`, tabs, upper-case hosts and the like would be another URL after parsing.
    is_secure && url.as_str() == id && url.path() != "/" && url.fragment().is_none() && id.len() <= ID_BYTES_MAX
}

/// The client at `id`, which is a document's URL.
///
/// # Cancel safety
///
/// Dropping the future ends the fetch; nothing is remembered then.
pub(crate) async fn client(inner: &Inner, id: &str) -> Result<Arc<Client>, DocumentError> {
    if let Some(client) = inner.state().documents.get(inner.now(), &id.to_owned()) {
        return Ok(Arc::clone(client));
    }
    let _permit = inner.document_fetches.try_acquire().map_err(|_| DocumentError::Busy)?;
    let (client, ttl) = fetch(inner, id).await?;
    let (client, now) = (Arc::new(client), inner.now());
    inner.state().documents.insert_over_oldest(now, id.to_owned(), Arc::clone(&client), now.saturating_add(ttl));
    Ok(client)
}

async fn fetch(inner: &Inner, id: &str) -> Result<(Client, Duration), DocumentError> {
    let bounds = inner.settings.bounds;
    let target = Target::parse(id, inner.settings.config.dangerous_document_reach);
    let mut request = Request::get(target.map_err(|_| DocumentError::OtherClient)?);
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.limits = Some(Limits {
        head_timeout: bounds.document_timeout,
        idle_timeout: bounds.document_timeout,
        total_timeout: bounds.document_timeout,
        body_bytes_max: bounds.document_bytes_max,
    });
    let response = inner.fetcher.send(request).await?;
    check_head(&response)?;
    let ttl = cache_ttl(response.headers());
    let body = response.bytes().await?;
    Ok((parse(inner, id, &body)?, ttl))
}

fn check_head(response: &Response) -> Result<(), DocumentError> {
    if response.status() != StatusCode::OK {
        return Err(DocumentError::Status { status: response.status() });
    }
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json { Ok(()) } else { Err(DocumentError::NotJson) }
}

fn parse(inner: &Inner, id: &str, body: &[u8]) -> Result<Client, DocumentError> {
    let document: Value = serde_json::from_slice(body).map_err(|_| DocumentError::NotJson)?;
    let members = document.as_object().ok_or(DocumentError::NotJson)?;
    if members.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err(DocumentError::OtherClient);
    }
    let has_secret = ["client_secret", "client_secret_expires_at"].into_iter().any(|name| members.contains_key(name));
    // A client that says `private_key_jwt` must not pass for a public one.
    let method = members.get("token_endpoint_auth_method");
    let is_public = method.is_none_or(|method| method.as_str() == Some(AuthMethod::None.as_str()));
    if has_secret || !is_public {
        return Err(DocumentError::NotPublic);
    }
    let metadata = ClientMetadata::parse(members, &inner.settings, Addressed::ToAnybody)?;
    Ok(Client {
        id: id.to_owned(),
        name: metadata.name.filter(|name| !name.is_empty()).ok_or(DocumentError::NoName)?,
        source: Source::Document,
        secret: None,
        grants: metadata.grants,
        redirects: metadata.redirects,
        scopes: inner.settings.scopes.clone(),
    })
}

/// How long the document is remembered: as its server says, within our bounds (RFC 9111 §5.2.2).
fn cache_ttl(headers: &HeaderMap) -> Duration {
    let said = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut ttl = TTL_MAX;
    for directive in said.split(',').map(|directive| directive.trim().to_ascii_lowercase()) {
        if matches!(directive.as_str(), "no-store" | "no-cache") {
            return Duration::ZERO;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=").and_then(|seconds| seconds.parse().ok()) {
            ttl = TTL_MAX.min(Duration::from_secs(seconds));
        }
    }
    ttl
}

/// Short, because somebody who develops a client changes it.
const TTL_MAX: Duration = Duration::from_secs(5 * 60);

/// Longer ones are not ids of real clients.
const ID_BYTES_MAX: usize = 2048;
