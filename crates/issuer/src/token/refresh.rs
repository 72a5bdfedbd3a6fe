//! Refreshes a grant (OAuth 2.1 §4.3): each refresh token works once and is replaced; the second use of one ends the grant.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::access_token::NO_ROOM;
use crate::client::Client;
use crate::http::Form;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::registration::UNUSED_TTL;
use crate::secret;
use crate::state::{GrantId, Origin, Refresh, State, Use};
use crate::token::{Granted, check_resource};

pub(crate) fn refresh(inner: &Inner, client: &Client, form: &Form) -> Result<Value, Refusal> {
    let token = form.get("refresh_token");
    let token = token.ok_or(Refusal::new(ErrorCode::InvalidRequest, "the refresh_token is missing"))?;
    let (key, now) = (secret::digest(token), inner.now());
    let mut state = inner.state();
    let known = state.refresh_tokens.get(now, &key).filter(|known| known.client_id == client.id).ok_or(BAD_TOKEN)?;
    let (grant, ends, use_) = (known.grant, known.ends, known.use_);
    let authorization = Arc::clone(state.grants.get(now, &grant).ok_or(BAD_TOKEN)?);
    if use_ == Use::Rotated {
        tracing::warn!(client.id = client.id, "a refresh token came twice: its grant is revoked");
        state.grants.remove(now, &grant);
        return Err(BAD_TOKEN);
    }
    // What can be refused is refused before the token is spent.
    check_resource(inner, client, form, &authorization)?;
    let scopes = crate::authorize::scopes(&authorization.scopes, form.get("scope"))?;
    if !state.refresh_tokens.has_room(now) || !state.access_tokens.has_room(now) {
        return Err(NO_ROOM);
    }
    if let Some(known) = state.refresh_tokens.get_mut(now, &key) {
        known.use_ = Use::Rotated;
    }
    let refresh_token = Some(issue(&mut state, now, grant, &client.id, ends)?);
    state.clients.prolong(&client.id, now.saturating_add(UNUSED_TTL));
    let (authorization, scopes) = (&authorization, &scopes);
    Granted { authorization, scopes, origin: Origin::Grant(grant), refresh_token }.answer(inner, &mut state)
}

/// A new refresh token for a grant that ends at `ends`.
pub(crate) fn issue(
    state: &mut State,
    now: Duration,
    grant: GrantId,
    client_id: &str,
    ends: Duration,
) -> Result<String, Refusal> {
    let token = secret::random_token();
    let refresh = Refresh { grant, ends, client_id: client_id.to_owned(), use_: Use::Current };
    state.refresh_tokens.insert(now, secret::digest(&token), refresh, ends).map_err(|_| NO_ROOM)?;
    Ok(token)
}

const BAD_TOKEN: Refusal =
    Refusal::new(ErrorCode::InvalidGrant, "the refresh token is unknown, too old, used, revoked or of another client");
