//! The issuer for development: beside the server that it issues for (`serve --dev-issuer`), or alone (`issuer`).

mod credentials;

use anyhow::Context as _;
use outboard_auth::{ResourceServerConfig, ScopeSet};
use outboard_fetch::{Fetcher, Reach};
use outboard_issuer::{ClientSecret, GrantType, Issuer, IssuerConfig, StaticClient, TestUser};
use url::Url;

use crate::config::{Config, DevIssuerConfig};
pub(crate) use credentials::Credentials;

/// The issuer at the origin of an endpoint, for what is there, where these scopes are named; and a client of it for scripts of whoever may read the state
/// directory.
pub(crate) fn beside(
    endpoint: &Url,
    wanted: &DevIssuerConfig,
    server: &ResourceServerConfig,
    named: &ScopeSet,
    config: &Config,
    fetcher: Fetcher,
) -> anyhow::Result<Issuer> {
    let mut origin = endpoint.clone();
    origin.set_path("/");
    // Who is told of fewer scopes than there are still steps up to the others.
    let scopes = named.union(&server.scopes_supported).union(&server.initial_scopes);
    let (secret, kept) = ClientSecret::generate();
    let issuer = IssuerConfig {
        resources: vec![server.resource.to_string()],
        scopes: scopes.iter().map(ToString::to_string).collect(),
        users: wanted.users.iter().map(|name| TestUser::new(name)).collect(),
        clients: vec![for_scripts(CLIENT, kept)],
        allow_redirect: wanted.allow_redirect.clone(),
        allowed_origins: config.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        dangerous_auto_approve: wanted.dangerous_auto_approve.clone(),
        dangerous_document_reach: wanted.dangerous_document_reach,
        signing_algorithm: wanted.algorithm,
        ..IssuerConfig::new(origin)
    };
    let issuer = Issuer::new(issuer, fetcher)?;
    let credentials =
        Credentials { issuer: issuer.issuer().to_owned(), client_id: CLIENT.to_owned(), client_secret: secret };
    let directory = &config.state_dir;
    credentials.save(directory).with_context(|| format!("{} cannot be written to", directory.display()))?;
    Ok(issuer)
}

/// That its tokens are accepted. It listens where we do, so it may be asked for its keys there.
pub(crate) fn accepted(issuer: &str) -> outboard_auth::IssuerConfig {
    outboard_auth::IssuerConfig { reach: Reach::AnyAddress, ..outboard_auth::IssuerConfig::jwt(issuer) }
}

/// A client that gets tokens by its secret alone.
pub(crate) fn for_scripts(id: &str, secret: ClientSecret) -> StaticClient {
    StaticClient {
        id: id.to_owned(),
        name: id.to_owned(),
        secret: Some(secret),
        grants: vec![GrantType::ClientCredentials],
        redirect_uris: Vec::new(),
        scopes: None,
    }
}

/// The client of `outboard token`.
const CLIENT: &str = "outboard-token";
