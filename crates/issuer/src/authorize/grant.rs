//! The authorization response (OAuth 2.1 §4.1.2): a code or an error, always with `iss` (RFC 9207).

use std::sync::Arc;

use crate::authorize::request::Back;
use crate::authorize::session::Browser;
use crate::client::{GrantType, Source};
use crate::config::TestUser;
use crate::http::{self, Answer};
use crate::inner::Inner;
use crate::redirect::{self, with_parameters};
use crate::refusal::{ErrorCode, Refusal};
use crate::registration::UNUSED_TTL;
use crate::scopes::Scopes;
use crate::secret;
use crate::state::{Authorization, AuthorizationRequest, Code, Consent, FreshCode, Refreshing};

/// Sends the browser back with a code.
pub(crate) fn issue(inner: &Inner, request: &AuthorizationRequest, user: &TestUser) -> Answer {
    match code(inner, request, user) {
        Ok(code) => answer(inner, &request.back(), &[("code", &code)]),
        Err(refusal) => answer_error(inner, &request.back(), refusal),
    }
}

/// Sends the browser back with an error.
pub(crate) fn answer_error(inner: &Inner, back: &Back, refusal: Refusal) -> Answer {
    answer(inner, back, &[("error", refusal.code.as_str()), ("error_description", refusal.reason)])
}

/// The scopes of the request that this user may grant.
pub(crate) fn grantable(inner: &Inner, request: &AuthorizationRequest, user: &TestUser) -> Scopes {
    let own = user.scopes.as_ref().map_or_else(|| inner.settings.scopes.clone(), |own| Scopes::of(own));
    request.scopes.intersection(&own)
}

/// Whether the user has approved as much in this session, for this client at this redirect URI.
pub(crate) fn is_consented(inner: &Inner, browser: &Browser, request: &AuthorizationRequest, user: &TestUser) -> bool {
    let scopes = grantable(inner, request, user);
    let state = inner.state();
    state.session(inner.now(), &browser.key).is_some_and(|session| {
        session.consents.iter().any(|consent| {
            consent.client_id == request.client.id
                && consent.redirect_uri == request.redirect_uri
                && consent.resource == request.resource
                && scopes.is_subset(&consent.scopes)
        })
    })
}

/// Remembers an approval for the session, if it can only be the same client that comes back for more.
pub(crate) fn consent(inner: &Inner, browser: &Browser, request: &AuthorizationRequest, user: &TestUser) {
    if is_anybodys(request) {
        return;
    }
    let consent = Consent {
        client_id: request.client.id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        resource: request.resource.clone(),
        scopes: grantable(inner, request, user),
    };
    if let Some(session) = inner.state().session_mut(inner.now(), &browser.key) {
        session.consents.insert(0, consent);
        session.consents.truncate(CONSENTS_MAX);
    }
}

/// Whether any program on this machine could have sent the request and take its answer: its user is asked each time, as
/// the page itself tells them to allow it only if they have just started the program (RFC 8252 §8.6).
fn is_anybodys(request: &AuthorizationRequest) -> bool {
    request.client.source != Source::Static && redirect::is_loopback(&request.redirect_uri)
}

fn code(inner: &Inner, request: &AuthorizationRequest, user: &TestUser) -> Result<String, Refusal> {
    let scopes = grantable(inner, request, user);
    if scopes.is_empty() && !request.scopes.is_empty() {
        return Err(Refusal::new(ErrorCode::AccessDenied, "this user may not grant any of the scopes"));
    }
    let (code, now, config) = (secret::random_token(), inner.now(), &inner.settings.config);
    let authorization = Arc::new(Authorization {
        subject: user.subject.clone(),
        claims: user.claims.clone(),
        client_id: request.client.id.clone(),
        resource: request.resource.clone(),
        scopes,
    });
    let refresh = if request.client.may(GrantType::RefreshToken) { Refreshing::Yes } else { Refreshing::No };
    let fresh = FreshCode {
        ends: now.saturating_add(config.code_ttl),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        authorization,
        refresh,
    };
    // Remembered for as long as its first token is valid, so that a second use of the code ends that token.
    let forget_at = now.saturating_add(config.code_ttl.max(config.access_token_ttl));
    let mut state = inner.state();
    let kept = state.codes.insert(now, secret::digest(&code), Code::Fresh(Box::new(fresh)), forget_at);
    kept.map_err(|_| Refusal::new(ErrorCode::TemporarilyUnavailable, "there are as many codes as there may be"))?;
    state.clients.prolong(&request.client.id, now.saturating_add(UNUSED_TTL));
    Ok(code)
}

fn answer(inner: &Inner, back: &Back, parameters: &[(&str, &str)]) -> Answer {
    let mut parameters = parameters.to_vec();
    parameters.extend(back.state.as_deref().map(|state| ("state", state)));
    parameters.push(("iss", &inner.settings.issuer));
    http::redirect(&with_parameters(&back.redirect_uri, &parameters))
}

/// More than a person clicks in an hour.
const CONSENTS_MAX: usize = 50;
