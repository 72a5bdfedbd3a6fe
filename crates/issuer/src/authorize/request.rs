//! Reads an authorization request (OAuth 2.1 §4.1.1). What is wrong with client or redirect URI is told to the person in
//! front of the browser; everything else is told to the client.

use std::sync::Arc;

use crate::authorize::problem::Problem;
use crate::client::{Client, GrantType};
use crate::document::{self, DocumentError, is_document_id};
use crate::http::Form;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::scopes::Scopes;
use crate::state::AuthorizationRequest;

/// Who is told that a request is refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The person: nobody knows whether the redirect URI is the client's.
    Page(Problem),
    /// The client.
    Client(Back, Refusal),
}

/// The way back to the client.
#[derive(Debug, Clone)]
pub(crate) struct Back {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
}

/// Whether the user is asked although they have consented (OpenID Connect Core §3.1.2.1, `prompt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    IfNeeded,
    Always,
    Never,
}

impl AuthorizationRequest {
    pub(crate) fn back(&self) -> Back {
        Back { redirect_uri: self.redirect_uri.clone(), state: self.state.clone() }
    }
}

/// Reads a request from its query.
pub(crate) async fn read(inner: &Inner, query: &str) -> Result<(AuthorizationRequest, Prompt), Refused> {
    // It goes back into a URI as it is (RFC 3986 §2).
    if query.len() > QUERY_BYTES_MAX || !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refused::Page(Problem::Malformed));
    }
    let form = Form::parse(query.as_bytes()).map_err(|_| Refused::Page(Problem::Malformed))?;
    let id = form.only("client_id").ok_or(Refused::Page(Problem::UnknownClient))?;
    let client = find_client(inner, id).await.map_err(Refused::Page)?;
    let redirect_uri = form.only("redirect_uri").filter(|uri| client.has_redirect(uri));
    let redirect_uri = redirect_uri.ok_or(Refused::Page(Problem::UnknownRedirect))?;
    // A state that comes twice is none; the request is refused for it below.
    let state = form.only("state").filter(|state| state.len() <= STATE_BYTES_MAX).map(str::to_owned);
    let back = Back { redirect_uri: redirect_uri.to_owned(), state };
    read_parameters(inner, query, &form, client, &back).map_err(|refusal| Refused::Client(back, refusal))
}

async fn find_client(inner: &Inner, id: &str) -> Result<Arc<Client>, Problem> {
    if let Some(client) = inner.settings.clients.get(id) {
        return Ok(Arc::clone(client));
    }
    if let Some(client) = inner.state().clients.get(inner.now(), &id.to_owned()) {
        return Ok(Arc::clone(client));
    }
    if !is_document_id(id, inner.settings.config.dangerous_document_reach) {
        return Err(Problem::UnknownClient);
    }
    document::client(inner, id).await.map_err(|error| match error {
        DocumentError::Busy => Problem::Busy,
        error => {
            tracing::warn!(client.id = id, %error, "no client at this metadata document");
            Problem::UnknownClient
        }
    })
}

fn read_parameters(
    inner: &Inner,
    query: &str,
    form: &Form,
    client: Arc<Client>,
    back: &Back,
) -> Result<(AuthorizationRequest, Prompt), Refusal> {
    form.check_repeated()?;
    if form.get("state").map(str::len) != back.state.as_ref().map(String::len) {
        return Err(BAD_STATE);
    }
    if form.get("request").is_some() {
        return Err(Refusal::new(ErrorCode::RequestNotSupported, "request objects are not supported"));
    }
    if form.get("request_uri").is_some() {
        return Err(Refusal::new(ErrorCode::RequestUriNotSupported, "request objects are not supported"));
    }
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(Refusal::new(ErrorCode::UnsupportedResponseType, "the response_type is code")),
        None => return Err(Refusal::new(ErrorCode::InvalidRequest, "the response_type is missing")),
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "the response_mode is query"));
    }
    if !client.may(GrantType::AuthorizationCode) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "this client does not use codes"));
    }
    let asked = form.get("scope").map(|asked| without_openid(asked, &client.scopes));
    let request = AuthorizationRequest {
        query: query.to_owned(),
        challenge: read_challenge(form)?,
        resource: resource(inner, form)?,
        scopes: scopes(&client.scopes, asked.as_deref())?,
        redirect_uri: back.redirect_uri.clone(),
        state: back.state.clone(),
        client,
    };
    Ok((request, read_prompt(form)?))
}

/// PKCE (RFC 7636), S256 only. A missing method means `plain`.
fn read_challenge(form: &Form) -> Result<String, Refusal> {
    let challenge = form.get("code_challenge").filter(|_| form.get("code_challenge_method") == Some("S256"));
    let is_digest = |text: &&str| text.len() == 43 && text.bytes().all(is_base64url);
    challenge.filter(is_digest).map(str::to_owned).ok_or(BAD_CHALLENGE)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn read_prompt(form: &Form) -> Result<Prompt, Refusal> {
    let words: Vec<&str> = form.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => Ok(Prompt::IfNeeded),
        ["none"] => Ok(Prompt::Never),
        words if words.contains(&"none") => Err(Refusal::new(ErrorCode::InvalidRequest, "prompt=none stands alone")),
        _ => Ok(Prompt::Always),
    }
}

/// Some clients ask for OpenID Connect's scopes wherever they come. Unless they are configured, they are left out, as RFC 6749 §3.3 allows; the answer
/// names what was granted.
fn without_openid(asked: &str, allowed: &Scopes) -> String {
    let is_left_out = |word: &str| OPENID_SCOPES.contains(&word) && !allowed.contains(word);
    asked.split(' ').filter(|word| !is_left_out(word)).collect::<Vec<_>>().join(" ")
}

/// The resource that a request names (RFC 8707 §2); without a name, the only one there is.
pub(crate) fn resource(inner: &Inner, form: &Form) -> Result<String, Refusal> {
    let mut named = form.all("resource");
    let resource = match (named.next(), named.next()) {
        (Some(text), None) => inner.settings.resource(text),
        (Some(_), Some(_)) => None,
        (None, _) => match inner.settings.resources.as_slice() {
            [only] => Some(only.text.as_str()),
            _ => None,
        },
    };
    resource.map(str::to_owned).ok_or(BAD_TARGET)
}

/// The scopes that a request asks for, out of those that it may; without a word, all of them (RFC 6749 §3.3).
pub(crate) fn scopes(allowed: &Scopes, asked: Option<&str>) -> Result<Scopes, Refusal> {
    let Some(asked) = asked else { return Ok(allowed.clone()) };
    Scopes::parse(asked).filter(|asked| asked.is_subset(allowed)).ok_or(BAD_SCOPE)
}

pub(crate) const BAD_TARGET: Refusal =
    Refusal::new(ErrorCode::InvalidTarget, "resource names exactly one of the resources of this server");
pub(crate) const BAD_SCOPE: Refusal = Refusal::new(ErrorCode::InvalidScope, "a scope is not one that may be granted");
const BAD_CHALLENGE: Refusal = Refusal::new(
    ErrorCode::InvalidRequest,
    "PKCE with code_challenge_method S256 and a challenge of 43 characters is required",
);
const BAD_STATE: Refusal = Refusal::new(ErrorCode::InvalidRequest, "the state is too long");

/// The longest real ones carry a resource, a few scopes and a state.
const QUERY_BYTES_MAX: usize = 8 * 1024;

const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// It comes back in a URL.
const STATE_BYTES_MAX: usize = 2048;
