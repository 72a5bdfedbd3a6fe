//! The parsers of what strangers and issuers write, for the fuzz targets. No part of the interface.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, Uri, header};
use outboard_identity::{Requirement, ScopeHierarchy, ScopeSet};

use crate::bearer::{presented, token_of};
use crate::challenge::Challenges;
use crate::config::{AuthLimits, IssuerConfig, JwtRules};
use crate::jwk::JwkSet;
use crate::jwt::{Judging, Jwt};
use crate::resource::Audience;

/// Reads a token and judges what it says, but for its signature. Whether it would be accepted.
#[must_use]
pub fn read_jwt(token: &[u8]) -> bool {
    let Ok(token) = std::str::from_utf8(token) else { return false };
    let (issuer, rules) = (IssuerConfig::jwt("https://as.example"), JwtRules::default());
    let about = Judging {
        issuer: &issuer,
        rules: &rules,
        resource: &Audience::new("https://mcp.example/mcp"),
        hierarchy: &ScopeHierarchy::default(),
        limits: &AuthLimits::default(),
        now: UNIX_EPOCH + Duration::from_secs(1_785_240_000),
    };
    let Ok(jwt) = Jwt::read(token) else { return false };
    let is_good = jwt.judge(&about).is_ok();
    let is_good_by_its_checks = jwt.checks(&about).iter().all(|check| check.outcome.is_ok());
    assert_eq!(is_good, is_good_by_its_checks, "both ways of judging a token agree");
    is_good
}

/// Reads a key set. How many keys of it can be used.
#[must_use]
pub fn read_jwks(json: &[u8]) -> usize {
    const KEYS_MAX: usize = 64;
    let usable = JwkSet::read(json, KEYS_MAX).map_or(0, |set| set.len());
    assert!(usable <= KEYS_MAX, "no more keys are used than are allowed");
    usable
}

/// Finds the token of a request with these `Authorization` headers and this target. `None`: there is none that counts, or the
/// request is refused.
#[must_use]
pub fn bearer(lines: &[HeaderValue], target: &Uri, bytes_max: usize) -> Option<String> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::AUTHORIZATION, line.clone());
    }
    let presented = presented(&headers, target, bytes_max).ok()?;
    token_of(presented).ok().map(str::to_owned)
}

/// Writes all challenges of a resource whose metadata is at this URL: for want of a token with these scopes to ask for, for a
/// malformed request, for a bad token, and for want of these scopes.
#[must_use]
pub fn challenges(metadata_url: &str, scopes: &ScopeSet) -> [HeaderValue; 4] {
    let written = Challenges::new(metadata_url, scopes);
    // Nobody is denied what needs nothing; then there is no fourth.
    let denied = Requirement::all_of(scopes.clone()).check(&ScopeSet::default()).err();
    let insufficient = denied.map_or_else(|| written.no_token.clone(), |denied| written.insufficient_scope(&denied));
    [written.no_token, written.invalid_request, written.invalid_token, insufficient]
}
