//! What is in force for an issuer, in one line: what its preset and the defaults add to what is written.

use outboard_auth::{Algorithm, ClaimPath, IssuerConfig, KeySource, TokenKind, TokenType};

/// Tells it, without secrets.
pub(in crate::config) fn told(issuer: &IssuerConfig) -> String {
    let mut parts = match &issuer.tokens {
        TokenKind::Jwt(rules) => {
            let algorithms: Vec<&str> = rules.algorithms.iter().map(|algorithm| name(*algorithm)).collect();
            let types: Vec<&str> = rules.types.iter().map(type_name).collect();
            let keys = match &rules.keys {
                KeySource::Discovered => "found by its name".to_owned(),
                KeySource::Metadata(url) => format!("where {url} says"),
                KeySource::Jwks(url) => format!("at {url}"),
            };
            vec![
                format!("JWTs by {}", algorithms.join(", ")),
                format!("of type {}", types.join(", ")),
                format!("keys {keys}"),
            ]
        }
        TokenKind::Opaque(rules) => vec![format!("asked at {}", rules.endpoint)],
    };
    if !issuer.audiences.is_empty() {
        let audiences: Vec<String> = issuer.audiences.iter().map(ToString::to_string).collect();
        parts.push(format!("audience also {}", audiences.join(", ")));
    }
    let claims = &issuer.claims;
    parts.push(format!("subject by {}", claims.subject.as_str()));
    parts.push(format!("client by {}", list(&claims.client_id)));
    let sources: Vec<ClaimPath> = claims.scopes.iter().map(|source| source.claim.clone()).collect();
    parts.push(format!("scopes by {}", list(&sources)));
    if !claims.kept.is_empty() {
        parts.push(format!("kept {}", list(&claims.kept)));
    }
    format!("{}: {}", issuer.issuer, parts.join("; ")).escape_debug().to_string()
}

fn list(claims: &[ClaimPath]) -> String {
    match claims {
        [] => "none".to_owned(),
        claims => claims.iter().map(ClaimPath::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn type_name(kind: &TokenType) -> &str {
    match kind {
        TokenType::Named(name) => name,
        TokenType::Absent => "none",
    }
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "RS256",
        Algorithm::Rs384 => "RS384",
        Algorithm::Rs512 => "RS512",
        Algorithm::Ps256 => "PS256",
        Algorithm::Ps384 => "PS384",
        Algorithm::Ps512 => "PS512",
        Algorithm::Es256 => "ES256",
        Algorithm::Es384 => "ES384",
        Algorithm::EdDsa => "EdDSA",
    }
}
