//! Revocation (RFC 7009): a client gives back a token of its own. With a refresh token its whole grant ends.

use http::{HeaderMap, StatusCode};

use crate::http::{Answer, Form, empty, no_store, refused};
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::secret;
use crate::token::authenticate;

/// Ends a token. One that is not known has ended, so that is no error (§2.2).
pub(crate) fn revoke(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Answer {
    match end(inner, headers, body) {
        Ok(()) => no_store(empty(StatusCode::OK)),
        Err(refusal) => refused(refusal),
    }
}

fn end(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let form = Form::parse(body)?;
    form.check_repeated()?;
    let client = authenticate(inner, headers, &form)?;
    let token = form.get("token").ok_or(Refusal::new(ErrorCode::InvalidRequest, "the token is missing"))?;
    let (key, now) = (secret::digest(token), inner.now());
    let mut state = inner.state();
    let access = state.access_tokens.get(now, &key).map(|access| access.client_id == client.id);
    let refresh = state.refresh_tokens.get(now, &key).map(|refresh| (refresh.client_id == client.id, refresh.grant));
    match (access, refresh) {
        (Some(true), _) => drop(state.access_tokens.remove(now, &key)),
        (_, Some((true, grant))) => drop(state.grants.remove(now, &grant)),
        (Some(false), _) | (_, Some((false, _))) => {
            return Err(Refusal::new(ErrorCode::UnauthorizedClient, "the token is of another client"));
        }
        (None, None) => {}
    }
    Ok(())
}
