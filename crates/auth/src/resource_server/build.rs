//! Builds the issuers of a config, and refuses a config that cannot work or is not safe.

use std::{sync::Arc, time::Duration};

use outboard_fetch::{Reach, Target, TargetError};
use thiserror::Error;
use url::Url;

use crate::{
    api_key::ApiKeyError,
    config::{AuthLimits, IntrospectionRules, IssuerConfig, JwtRules, KeySource, ResourceServerConfig, TokenKind},
    introspection::basic,
    issuer::{Basis, Issuer},
};

/// Why no resource server can be built from a config.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An issuer's name is no URL without query and fragment (RFC 8414 §2).
    #[error("the issuer {issuer} is not a URL without query and fragment")]
    IssuerUrl {
        /// Which.
        issuer: Box<str>,
    },
    /// An issuer's name or one of its endpoints does not begin with `https://`, and it may not reach any address.
    #[error("{url} of the issuer {issuer} must begin with https://")]
    NotHttps {
        /// Which issuer.
        issuer: Box<str>,
        /// Which URL.
        url: Box<str>,
    },
    /// An issuer's endpoint cannot be asked.
    #[error("an endpoint of the issuer {issuer} cannot be asked")]
    Endpoint {
        /// Which issuer.
        issuer: Box<str>,
        /// Why not.
        source: TargetError,
    },
    /// Two issuers have one name.
    #[error("the issuer {issuer} stands twice")]
    SameIssuer {
        /// Which.
        issuer: Box<str>,
    },
    /// An issuer of JWTs has no algorithm, or no `typ`, that is accepted of it, so that none of its tokens ever is.
    #[error("the issuer {issuer} has an empty list of {list}")]
    NothingAccepted {
        /// Which issuer.
        issuer: Box<str>,
        /// Which list.
        list: &'static str,
    },
    /// It is not clear which of two issuers of opaque tokens a token is of: neither has a prefix, or that of one begins like
    /// that of the other.
    #[error("it is not clear which opaque tokens are of {first} and which of {second}: give each a prefix of its own")]
    SamePrefix {
        /// One.
        first: Box<str>,
        /// The other.
        second: Box<str>,
    },
    /// A client id or secret that cannot be sent.
    #[error("the client id or secret for the issuer {issuer} cannot be sent")]
    Credentials {
        /// Which.
        issuer: Box<str>,
    },
    /// A bound that nothing could keep.
    #[error("{name} is not a bound that can be kept")]
    Limit {
        /// Which field of [`AuthLimits`].
        name: &'static str,
    },
    /// An API key cannot be used.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
}

/// The issuers of a config, each ready.
pub(super) fn issuers(config: &ResourceServerConfig, basis: &Arc<Basis>) -> Result<Vec<Issuer>, ConfigError> {
    check_limits(&config.limits)?;
    let mut issuers: Vec<Issuer> = Vec::with_capacity(config.issuers.len());
    for (position, issuer) in config.issuers.iter().enumerate() {
        let url = issuer_url(issuer)?;
        match &issuer.tokens {
            TokenKind::Jwt(rules) => check_jwt(issuer, rules)?,
            TokenKind::Opaque(rules) => check_opaque(issuer, rules)?,
        }
        for other in config.issuers.iter().take(position) {
            check_pair(other, issuer)?;
        }
        issuers.push(Issuer::new(issuer, url, basis));
    }
    Ok(issuers)
}

/// Times of day are added to these.
fn check_limits(limits: &AuthLimits) -> Result<(), ConfigError> {
    let spans =
        [("skew", limits.skew), ("issued_ahead_max", limits.issued_ahead_max), ("lifetime_max", limits.lifetime_max)];
    let too_long = spans.into_iter().find(|(_, span)| *span > SPAN_MAX).map(|(name, _)| name);
    let counts = [
        ("issuer_timeout", limits.issuer_timeout.is_zero()),
        ("document_bytes_max", limits.document_bytes_max == 0),
        ("keys_max", limits.keys_max == 0),
        ("introspections_max", limits.introspections_max == 0),
        ("token_bytes_max", limits.token_bytes_max == 0),
    ];
    let empty = counts.into_iter().find(|(_, is_zero)| *is_zero).map(|(name, _)| name);
    too_long.or(empty).map_or(Ok(()), |name| Err(ConfigError::Limit { name }))
}

/// Ten years.
const SPAN_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

fn issuer_url(config: &IssuerConfig) -> Result<Url, ConfigError> {
    let unfit = || ConfigError::IssuerUrl { issuer: config.issuer.clone() };
    let url = Url::parse(&config.issuer).map_err(|_| unfit())?;
    if url.query().is_some() || url.fragment().is_some() || !url.has_host() {
        return Err(unfit());
    }
    check_url(config, &url)?;
    Ok(url)
}

fn check_jwt(issuer: &IssuerConfig, rules: &JwtRules) -> Result<(), ConfigError> {
    let lists = [("algorithms", rules.algorithms.is_empty()), ("types", rules.types.is_empty())];
    if let Some((list, _)) = lists.into_iter().find(|(_, is_empty)| *is_empty) {
        return Err(ConfigError::NothingAccepted { issuer: issuer.issuer.clone(), list });
    }
    match &rules.keys {
        KeySource::Metadata(url) | KeySource::Jwks(url) => check_url(issuer, url),
        KeySource::Discovered => Ok(()),
    }
}

fn check_opaque(issuer: &IssuerConfig, rules: &IntrospectionRules) -> Result<(), ConfigError> {
    check_url(issuer, &rules.endpoint)?;
    let credentials = rules.credentials.as_ref().map_or(Ok(()), |credentials| basic(credentials).map(drop));
    credentials.map_err(|_| ConfigError::Credentials { issuer: issuer.issuer.clone() })
}

/// A URL that may be asked: with TLS, or where any address may be reached, as in development.
fn check_url(issuer: &IssuerConfig, url: &Url) -> Result<(), ConfigError> {
    let issuer_name = || issuer.issuer.clone();
    if url.scheme() == "http" && issuer.reach == Reach::PublicOnly {
        return Err(ConfigError::NotHttps { issuer: issuer_name(), url: url.as_str().into() });
    }
    match Target::parse(url.as_str(), issuer.reach) {
        Ok(_) => Ok(()),
        Err(source) => Err(ConfigError::Endpoint { issuer: issuer_name(), source }),
    }
}

fn check_pair(one: &IssuerConfig, other: &IssuerConfig) -> Result<(), ConfigError> {
    if one.issuer == other.issuer {
        return Err(ConfigError::SameIssuer { issuer: one.issuer.clone() });
    }
    let (TokenKind::Opaque(first), TokenKind::Opaque(second)) = (&one.tokens, &other.tokens) else { return Ok(()) };
    let is_clear = match (first.token_prefix.as_deref(), second.token_prefix.as_deref()) {
        (Some(first), Some(second)) => !first.starts_with(second) && !second.starts_with(first),
        (Some(prefix), None) | (None, Some(prefix)) => !prefix.is_empty(),
        (None, None) => false,
    };
    if is_clear {
        return Ok(());
    }
    Err(ConfigError::SamePrefix { first: one.issuer.clone(), second: other.issuer.clone() })
}
