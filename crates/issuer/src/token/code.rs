//! Redeems a code (OAuth 2.1 §4.1.3): once, by its client, with its verifier.

use std::time::Duration;

use serde_json::Value;

use crate::access_token::NO_ROOM;
use crate::client::Client;
use crate::http::Form;
use crate::inner::Inner;
use crate::refusal::{ErrorCode, Refusal};
use crate::secret::{self, Digest};
use crate::state::{Code, FreshCode, Origin, Refreshing, State};
use crate::token::{Granted, check_resource, refresh};

pub(crate) fn redeem(inner: &Inner, client: &Client, form: &Form) -> Result<Value, Refusal> {
    let code = form.get("code").ok_or(Refusal::new(ErrorCode::InvalidRequest, "the code is missing"))?;
    let (key, now) = (secret::digest(code), inner.now());
    // One lock from the look to the answer: of two requests with one code, one is the second.
    let mut state = inner.state();
    let code = state.codes.get_mut(now, &key).ok_or(BAD_CODE)?;
    if let Code::Fresh(fresh) = code {
        check_resource(inner, client, form, &fresh.authorization)?;
    }
    // Whoever presents it wrongly has it from somewhere: it is spent in any case.
    match std::mem::replace(code, Code::Spent) {
        Code::Fresh(fresh) if is_right(&fresh, client, form, now) => grant(inner, &mut state, key, &fresh),
        Code::Fresh(_) => Err(BAD_CODE),
        Code::Spent => {
            tracing::warn!(client.id = client.id, "a code came twice: what the first one gave is revoked");
            state.grants.remove(now, &key);
            Err(BAD_CODE)
        }
    }
}

fn is_right(fresh: &FreshCode, client: &Client, form: &Form, now: Duration) -> bool {
    let verifier = form.get("code_verifier").filter(|verifier| is_verifier(verifier));
    let is_verified = verifier.is_some_and(|verifier| {
        let challenge = secret::encode(&secret::digest(verifier));
        secret::is_same(challenge.as_bytes(), fresh.challenge.as_bytes())
    });
    // OAuth 2.1 has no redirect URI in this request, its predecessor has: who sends one must send the same (§10.2).
    let is_same_redirect = form.get("redirect_uri").is_none_or(|uri| uri == fresh.redirect_uri);
    is_verified && is_same_redirect && now < fresh.ends && fresh.authorization.client_id == client.id
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

/// Makes the grant, which is named after its code.
fn grant(inner: &Inner, state: &mut State, key: Digest, fresh: &FreshCode) -> Result<Value, Refusal> {
    let (now, config) = (inner.now(), &inner.settings.config);
    let ttl = match fresh.refresh {
        Refreshing::Yes => config.refresh_ttl.max(config.access_token_ttl),
        Refreshing::No => config.access_token_ttl,
    };
    state.grants.insert(now, key, fresh.authorization.clone(), now.saturating_add(ttl)).map_err(|_| NO_ROOM)?;
    let refresh_token = match fresh.refresh {
        Refreshing::Yes => {
            let ends = now.saturating_add(config.refresh_ttl);
            Some(refresh::issue(state, now, key, &fresh.authorization.client_id, ends)?)
        }
        Refreshing::No => None,
    };
    let (authorization, origin) = (&fresh.authorization, Origin::Grant(key));
    Granted { authorization, scopes: &authorization.scopes, origin, refresh_token }.answer(inner, state)
}

const BAD_CODE: Refusal = Refusal::new(
    ErrorCode::InvalidGrant,
    "the code is unknown, too old, used, of another client, or its verifier is wrong",
);
