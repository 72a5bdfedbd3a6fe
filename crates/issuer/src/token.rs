//! The token endpoint (OAuth 2.1 §3.2): codes, refresh tokens and client credentials become access tokens.

mod client_auth;
mod client_credentials;
mod code;
mod refresh;

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

pub(crate) use self::client_auth::authenticate;
use crate::access_token;
use crate::client::{Client, GrantType};
use crate::http::{Answer, Form, json, no_store, refused};
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::scopes::Scopes;
use crate::state::{Authorization, Origin, State};

/// Answers a token request.
pub(crate) fn token(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Answer {
    match answer(inner, headers, body) {
        Ok(document) => no_store(json(StatusCode::OK, &document)),
        Err(refusal) => refused(refusal),
    }
}

fn answer(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let form = Form::parse(body)?;
    form.check_repeated()?;
    let client = authenticate(inner, headers, &form)?;
    let asked = form.get("grant_type");
    let asked = asked.ok_or(Refusal::new(ErrorCode::InvalidRequest, "the grant_type is missing"))?;
    let grant = GrantType::parse(asked);
    let grant = grant.ok_or(Refusal::new(ErrorCode::UnsupportedGrantType, "there is no such grant_type here"))?;
    if !client.may(grant) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "this client may not use the grant_type"));
    }
    match grant {
        GrantType::AuthorizationCode => code::redeem(inner, &client, &form),
        GrantType::RefreshToken => refresh::refresh(inner, &client, &form),
        GrantType::ClientCredentials => client_credentials::grant(inner, &client, &form),
    }
}

/// What a successful answer is made of (RFC 6749 §5.1).
struct Granted<'a> {
    authorization: &'a Arc<Authorization>,
    scopes: &'a Scopes,
    origin: Origin,
    refresh_token: Option<String>,
}

impl Granted<'_> {
    fn answer(self, inner: &Inner, state: &mut State) -> Result<Value, Refusal> {
        let token = access_token::mint(inner, state, self.authorization, self.scopes, self.origin)?;
        let mut answer = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": inner.settings.config.access_token_ttl.as_secs(),
        });
        if let (false, Some(members)) = (self.scopes.is_empty(), answer.as_object_mut()) {
            members.insert("scope".to_owned(), json!(self.scopes.to_string()));
        }
        if let (Some(token), Some(members)) = (self.refresh_token, answer.as_object_mut()) {
            members.insert("refresh_token".to_owned(), json!(token));
        }
        Ok(answer)
    }
}

/// The resource of a token request must be that of its grant (RFC 8707 §2.2); none is the same one.
fn check_resource(inner: &Inner, client: &Client, form: &Form, authorization: &Authorization) -> Result<(), Refusal> {
    if form.all("resource").next().is_none() {
        return Ok(());
    }
    let asked = crate::authorize::resource(inner, form)?;
    if asked == authorization.resource {
        return Ok(());
    }
    tracing::debug!(client.id = client.id, "token asked for another resource than was granted");
    Err(Refusal::new(ErrorCode::InvalidTarget, "the grant is for another resource"))
}
