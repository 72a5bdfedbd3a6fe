//! What this server says of itself (RFC 8414 §2, OpenID Connect Discovery 1.0 §3, RFC 9207 §3).

use serde_json::{Value, json};

use crate::client::GrantType;
use crate::route;
use crate::settings::Settings;

/// The members that both documents have.
pub(crate) fn server(settings: &Settings) -> Value {
    let grants = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
    let resources: Vec<&str> = settings.resources.iter().map(|resource| resource.text.as_str()).collect();
    let secret_methods = json!(["client_secret_basic", "client_secret_post"]);
    let methods = json!(["none", "client_secret_basic", "client_secret_post"]);
    let mut document = json!({
        "issuer": settings.issuer,
        "authorization_endpoint": settings.url(route::AUTHORIZE),
        "token_endpoint": settings.url(route::TOKEN),
        "jwks_uri": settings.url(route::JWKS),
        "introspection_endpoint": settings.url(route::INTROSPECT),
        "introspection_endpoint_auth_methods_supported": secret_methods,
        "revocation_endpoint": settings.url(route::REVOKE),
        "revocation_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_methods_supported": methods,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants.map(GrantType::as_str),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "protected_resources": resources,
    });
    let scopes: Vec<&str> = settings.scopes.iter().collect();
    let sometimes = [
        // An empty list is left out (RFC 8414 §3.2).
        ("scopes_supported", !scopes.is_empty(), json!(scopes)),
        ("registration_endpoint", settings.bounds.registrations_per_minute > 0, json!(settings.url(route::REGISTER))),
    ];
    if let Some(members) = document.as_object_mut() {
        let there = sometimes.into_iter().filter(|(_, is_there, _)| *is_there);
        members.extend(there.map(|(name, _, value)| (name.to_owned(), value)));
    }
    document
}

/// The same with what OpenID Connect Discovery requires besides, for clients that read it strictly. There are no ID tokens.
pub(crate) fn openid(settings: &Settings) -> Value {
    let mut document = server(settings);
    if let Some(members) = document.as_object_mut() {
        members.insert("subject_types_supported".to_owned(), json!(["public"]));
        let algorithm = settings.config.signing_algorithm.as_str();
        members.insert("id_token_signing_alg_values_supported".to_owned(), json!([algorithm]));
    }
    document
}
