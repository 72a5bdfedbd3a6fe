//! Judges what an issuer says about a token (RFC 7662 §2.2, §4), as strictly as a JWT is judged.

use std::time::SystemTime;

use outboard_identity::{Principal, ScopeHierarchy};
use serde_json::{Map, Value};

use crate::{
    config::{AuthLimits, IntrospectionForm, IssuerConfig},
    jwt::{self, Check, CheckOutcome},
    refusal::InvalidToken,
    resource::Audience,
};

/// What an answer is judged by.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) issuer: &'a IssuerConfig,
    pub(super) form: IntrospectionForm,
    pub(super) resource: &'a Audience,
    pub(super) hierarchy: &'a ScopeHierarchy,
    pub(super) limits: &'a AuthLimits,
    pub(super) now: SystemTime,
}

/// The members of an answer, in the form of RFC 7662: Google writes the time as a text.
pub(super) fn members(mut said: Map<String, Value>, form: IntrospectionForm) -> Map<String, Value> {
    if form == IntrospectionForm::TokenInfo
        && let Some(expiry) = said.get_mut("exp")
        && let Some(seconds) = expiry.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        && let Ok(seconds) = seconds.parse::<u64>()
    {
        *expiry = seconds.into();
    }
    said
}

/// Of whom the token speaks, if all is well with it.
pub(super) fn judge(said: &Map<String, Value>, about: &Judging<'_>) -> Result<Principal, InvalidToken> {
    checks(said, about).try_for_each(|outcome| outcome.outcome)?;
    let Judging { issuer, hierarchy, limits, now, .. } = about;
    let principal = issuer.claims.principal(&issuer.issuer, said, hierarchy, limits)?;
    // A token that says nothing of its end has one all the same, so that no stream stays open for it for ever.
    let until = match jwt::time(said, "exp")? {
        Some(expiry) => expiry.checked_add(limits.skew),
        None => now.checked_add(limits.lifetime_max),
    };
    Ok(match until {
        Some(until) => principal.with_valid_until(until),
        None => principal,
    })
}

/// What comes of each thing that [`judge`] looks at, in its order.
pub(super) fn checks<'j>(
    said: &'j Map<String, Value>,
    about: &'j Judging<'_>,
) -> impl Iterator<Item = CheckOutcome> + 'j {
    IN_ORDER.into_iter().map(|(check, look)| CheckOutcome { check, outcome: look(said, about) })
}

type Look = fn(&Map<String, Value>, &Judging<'_>) -> Result<(), InvalidToken>;

const IN_ORDER: [(Check, Look); 12] = [
    (Check::Active, active),
    (Check::Issuer, issuer),
    (Check::Type, token_type),
    (Check::Audience, |said, about| jwt::audience(said, about.resource, about.issuer)),
    (Check::Expiry, expired),
    (Check::NotBefore, not_yet),
    (Check::IssuedAt, issued_ahead),
    (Check::Lifetime, lifetime),
    (Check::Binding, |said, _| jwt::binding(said)),
    (Check::Subject, |said, about| about.issuer.claims.subject(said, about.limits).map(drop)),
    (Check::Client, |said, about| about.issuer.claims.client_id(said, about.limits).map(drop)),
    (Check::Scopes, |said, about| about.issuer.claims.granted(said).map(drop)),
];

fn active(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    match (about.form, said.get("active")) {
        (IntrospectionForm::Introspection, Some(Value::Bool(true))) | (IntrospectionForm::TokenInfo, None) => Ok(()),
        (_, Some(Value::Bool(false))) => Err(InvalidToken::Inactive),
        _ => Err(wrong("active")),
    }
}

fn issuer(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    match said.get("iss") {
        None => Ok(()),
        Some(named) if *named == *about.issuer.issuer => Ok(()),
        Some(_) => Err(InvalidToken::Issuer),
    }
}

/// An issuer is asked about any token it has made, and knows refresh tokens too.
fn token_type(said: &Map<String, Value>, _: &Judging<'_>) -> Result<(), InvalidToken> {
    let is_access_token = match said.get("token_type") {
        None => true,
        Some(named) => named.as_str().is_some_and(|named| ACCESS_TOKEN.iter().any(|of| of.eq_ignore_ascii_case(named))),
    };
    if is_access_token && !jwt::is_foreign_typ(said) { Ok(()) } else { Err(InvalidToken::Type) }
}

/// The type of RFC 6749 §5.1, and what issuers write there that mix it up with the hint of RFC 7009 §2.1.
const ACCESS_TOKEN: [&str; 2] = ["bearer", "access_token"];

fn expired(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let ended = jwt::time(said, "exp")?.is_some_and(|expiry| expiry + about.limits.skew <= about.now);
    if ended { Err(InvalidToken::Expired) } else { Ok(()) }
}

fn not_yet(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let early = jwt::time(said, "nbf")?.is_some_and(|begins| begins > about.now + about.limits.skew);
    if early { Err(InvalidToken::NotYet) } else { Ok(()) }
}

fn issued_ahead(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let ahead = jwt::time(said, "iat")?.is_some_and(|issued| issued > about.now + about.limits.issued_ahead_max);
    if ahead { Err(InvalidToken::IssuedAhead) } else { Ok(()) }
}

fn lifetime(said: &Map<String, Value>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let (Some(expiry), Some(issued)) = (jwt::time(said, "exp")?, jwt::time(said, "iat")?) else { return Ok(()) };
    let lives = expiry.duration_since(issued).unwrap_or_default();
    if lives > about.limits.lifetime_max { Err(InvalidToken::Lifetime) } else { Ok(()) }
}

fn wrong(claim: &str) -> InvalidToken {
    InvalidToken::Claim { claim: claim.into() }
}
