//! All that is looked at in what a token says, in order, each by itself.

use serde_json::{Map, Value};

use super::{Judging, Jwt, times};
use crate::{
    config::{AccessMark, IssuerConfig, TokenType},
    refusal::InvalidToken,
    resource::Audience,
};

/// Something about a token that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// That it is a JWT in compact form (RFC 7515 §7.1), whose header can be accepted.
    Form,
    /// That its issuer is one whose tokens are accepted (RFC 9068 §4).
    Issuer,
    /// That its issuer, when asked, says that it is good (RFC 7662 §2.2).
    Active,
    /// That a key of that issuer has signed it, in an accepted way.
    Signature,
    /// That it is an access token: its `typ`, and claims that only other tokens have (RFC 9068 §4, RFC 8725 §3.11).
    Type,
    /// That it is meant for this resource (`aud`).
    Audience,
    /// That its time is not over (`exp`).
    Expiry,
    /// That its time has come (`nbf`).
    NotBefore,
    /// That it was not issued in the future (`iat`).
    IssuedAt,
    /// That it does not live too long (`exp` − `iat`).
    Lifetime,
    /// That it is bound to nothing that a plain bearer token does not show (`cnf`).
    Binding,
    /// That it says who its subject is.
    Subject,
    /// That the client, where it names one, is named by a text.
    Client,
    /// That its scopes are where and how its issuer writes them.
    Scopes,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutcome {
    /// What was looked at.
    pub check: Check,
    /// What came of it.
    pub outcome: Result<(), InvalidToken>,
}

/// Looks at everything but what becomes part of the principal, one thing after the other, as they are asked for.
pub(super) fn acceptable<'j>(jwt: &'j Jwt<'_>, about: &'j Judging<'_>) -> impl Iterator<Item = CheckOutcome> + 'j {
    outcomes(&ACCEPTABLE, jwt, about)
}

/// Looks at what becomes part of the principal, as the making of it does.
pub(super) fn mapped<'j>(jwt: &'j Jwt<'_>, about: &'j Judging<'_>) -> impl Iterator<Item = CheckOutcome> + 'j {
    outcomes(&MAPPED, jwt, about)
}

type Look = fn(&Jwt<'_>, &Judging<'_>) -> Result<(), InvalidToken>;

fn outcomes<'j>(
    looks: &'static [(Check, Look)],
    jwt: &'j Jwt<'_>,
    about: &'j Judging<'_>,
) -> impl Iterator<Item = CheckOutcome> + 'j {
    looks.iter().map(|(check, look)| CheckOutcome { check: *check, outcome: look(jwt, about) })
}

const ACCEPTABLE: [(Check, Look); 8] = [
    (Check::Type, typ),
    (Check::Issuer, issuer),
    (Check::Audience, |jwt, about| audience(&jwt.claims, about.resource, about.issuer)),
    (Check::Expiry, |jwt, about| times::expired(&jwt.claims, about)),
    (Check::NotBefore, |jwt, about| times::not_yet(&jwt.claims, about)),
    (Check::IssuedAt, |jwt, about| times::issued_ahead(&jwt.claims, about)),
    (Check::Lifetime, |jwt, about| times::lifetime(&jwt.claims, about)),
    (Check::Binding, |jwt, _| binding(&jwt.claims)),
];

const MAPPED: [(Check, Look); 3] = [
    (Check::Subject, |jwt, about| about.issuer.claims.subject(&jwt.claims, about.limits).map(drop)),
    (Check::Client, |jwt, about| about.issuer.claims.client_id(&jwt.claims, about.limits).map(drop)),
    (Check::Scopes, |jwt, about| about.issuer.claims.granted(&jwt.claims).map(drop)),
];

fn typ(jwt: &Jwt<'_>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    let typ = jwt.header.typ.as_deref();
    let is_named = about.rules.types.iter().any(|accepted| match (accepted, typ) {
        (TokenType::Named(name), Some(typ)) => is_type(name, typ),
        (TokenType::Absent, None) => true,
        (TokenType::Named(_), None) | (TokenType::Absent, Some(_)) => false,
    });
    let is_marked = about.rules.marks.iter().all(|mark| match mark {
        AccessMark::Present(paths) => paths.iter().any(|path| path.find(&jwt.claims).is_some()),
        AccessMark::Text(path, text) => path.find(&jwt.claims).is_some_and(|value| value == &**text),
    });
    // No other token has this type, so that its claims need not be looked at.
    let is_access_token = typ.is_some_and(|typ| is_type(ACCESS_TOKEN, typ)) || !is_foreign(jwt, about);
    if is_named && is_marked && is_access_token { Ok(()) } else { Err(InvalidToken::Type) }
}

/// Whether the claims are those of an ID token or of another that is no access token, although its `typ` is accepted.
fn is_foreign(jwt: &Jwt<'_>, about: &Judging<'_>) -> bool {
    let is_id_token = about.rules.id_token_claims.iter().any(|path| path.find(&jwt.claims).is_some());
    let says_so = is_foreign_typ(&jwt.claims);
    // Where nothing else marks an access token.
    is_id_token || says_so || (about.rules.marks.is_empty() && may_be_for_its_client_only(jwt, about))
}

/// An ID token is meant for its client and for nobody else (`OpenID` Connect Core 1.0 §2). Of a token that does not name its
/// client nobody can tell.
fn may_be_for_its_client_only(jwt: &Jwt<'_>, about: &Judging<'_>) -> bool {
    let client = about.issuer.claims.client_id(&jwt.claims, about.limits).unwrap_or_default();
    client.is_empty() || audiences(&jwt.claims).is_ok_and(|named| named.iter().all(|one| *one == client))
}

/// RFC 9068 §2.1.
const ACCESS_TOKEN: &str = "at+jwt";

/// What Keycloak and its like write into the claim `typ` of tokens that are no access tokens.
const FOREIGN_TYPES: [&str; 4] = ["ID", "Refresh", "Offline", "Logout"];

/// Whether the claims themselves say that the token is no access token.
pub(crate) fn is_foreign_typ(claims: &Map<String, Value>) -> bool {
    let typ = claims.get("typ").and_then(Value::as_str);
    typ.is_some_and(|typ| FOREIGN_TYPES.iter().any(|foreign| foreign.eq_ignore_ascii_case(typ)))
}

/// A media type, which may be written without `application/` (RFC 7515 §4.1.9).
fn is_type(name: &str, typ: &str) -> bool {
    fn bare(name: &str) -> &str {
        const PREFIX: &str = "application/";
        match name.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => name,
        }
    }
    bare(name).eq_ignore_ascii_case(bare(typ))
}

fn issuer(jwt: &Jwt<'_>, about: &Judging<'_>) -> Result<(), InvalidToken> {
    if jwt.unverified_issuer()? == &*about.issuer.issuer { Ok(()) } else { Err(InvalidToken::Issuer) }
}

/// Whether a token is meant for this resource, of an issuer that may name it so.
pub(crate) fn audience(
    claims: &Map<String, Value>,
    resource: &Audience,
    issuer: &IssuerConfig,
) -> Result<(), InvalidToken> {
    let is_ours =
        |named: &str| resource.matches(named) || issuer.audiences.iter().any(|accepted| accepted.matches(named));
    if audiences(claims)?.into_iter().any(is_ours) { Ok(()) } else { Err(InvalidToken::Audience) }
}

/// A text, or a list of texts (RFC 7519 §4.1.3).
fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, InvalidToken> {
    let named: Option<Vec<_>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
        _ => None,
    };
    named.ok_or_else(|| InvalidToken::Claim { claim: "aud".into() })
}

/// Whatever `cnf` holds (RFC 7800 §3.1), nothing of it is shown or looked at here.
pub(crate) fn binding(claims: &Map<String, Value>) -> Result<(), InvalidToken> {
    if claims.contains_key("cnf") { Err(InvalidToken::Bound) } else { Ok(()) }
}
