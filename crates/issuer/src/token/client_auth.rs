//! Who a client is (OAuth 2.1 §2.4): by its secret, in a header or in the form, or by its id alone if it has none.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::client::{Client, ClientSecret, GrantType, Source};
use crate::document::is_document_id;
use crate::http::Form;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::scopes::Scopes;

/// What a client says of itself.
struct Presented {
    id: String,
    secret: Option<String>,
}

/// The client that sends a request.
pub(crate) fn authenticate(inner: &Inner, headers: &HeaderMap, form: &Form) -> Result<Arc<Client>, Refusal> {
    let presented = presented(headers, form)?;
    let client = find(inner, &presented.id);
    // An unknown client takes the same comparison as a wrong secret.
    let registered = client.as_ref().and_then(|client| client.secret).unwrap_or(ClientSecret::NOBODYS);
    let is_right = registered.is(presented.secret.as_deref().unwrap_or_default());
    match client {
        Some(client) if client.secret.is_some() && is_right && presented.secret.is_some() => Ok(client),
        Some(client) if client.secret.is_none() && presented.secret.is_none() => Ok(client),
        _ => Err(WRONG_CLIENT),
    }
}

fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, Refusal> {
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    if form.get("client_assertion").is_some() {
        return Err(WRONG_CLIENT);
    }
    match (authorizations.next(), authorizations.next()) {
        (None, _) => {
            let id = id.ok_or(WRONG_CLIENT)?.to_owned();
            Ok(Presented { id, secret: secret.map(str::to_owned) })
        }
        (Some(_), Some(_)) => Err(TWO_METHODS),
        (Some(_), None) if secret.is_some() => Err(TWO_METHODS),
        (Some(header), None) => {
            let presented = header.to_str().ok().and_then(basic).ok_or(WRONG_CLIENT)?;
            if id.is_some_and(|id| id != presented.id) {
                return Err(TWO_METHODS);
            }
            Ok(presented)
        }
    }
}

/// Reads `Basic` credentials (RFC 7617), in which both parts are form-encoded (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<Presented> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let (id, secret) = (decode(id)?, decode(secret)?);
    (!id.is_empty()).then(|| Presented { id, secret: Some(secret).filter(|secret| !secret.is_empty()) })
}

/// Decodes one form-encoded value.
fn decode(text: &str) -> Option<String> {
    // `&` and `=` are encoded in a value; as they are, they can only be meant literally.
    let literal = text.replace('&', "%26").replace('=', "%3D");
    let value = url::form_urlencoded::parse(literal.as_bytes()).next().map(|(value, _)| value.into_owned());
    value.or_else(|| text.is_empty().then(String::new)).filter(|value| !value.contains(char::REPLACEMENT_CHARACTER))
}

fn find(inner: &Inner, id: &str) -> Option<Arc<Client>> {
    if let Some(client) = inner.settings.clients.get(id) {
        return Some(Arc::clone(client));
    }
    if let Some(client) = inner.state().clients.get(inner.now(), &id.to_owned()) {
        return Some(Arc::clone(client));
    }
    is_document_id(id, inner.settings.config.dangerous_document_reach).then(|| Arc::new(unfetched(id)))
}

/// A client that is a document is public, and its codes and tokens are bound to its URL: there is nothing to fetch here.
fn unfetched(id: &str) -> Client {
    Client {
        id: id.to_owned(),
        name: String::new(),
        source: Source::Document,
        secret: None,
        grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        redirects: Vec::new(),
        scopes: Scopes::default(),
    }
}

const WRONG_CLIENT: Refusal = Refusal::new(ErrorCode::InvalidClient, "the client is unknown or its secret is wrong");
const TWO_METHODS: Refusal = Refusal::new(ErrorCode::InvalidRequest, "the client authenticates in more than one way");
