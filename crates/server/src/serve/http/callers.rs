//! Who may call over HTTP: the resource server that the config makes, and the issuer for development beside it.

use std::net::SocketAddr;

use anyhow::Context as _;
use outboard_auth::{FetchConfig, Fetcher, ResourceServer, ResourceServerConfig, ScopeSet};
use outboard_issuer::Issuer;
use url::Url;

use crate::banner::Tokens;
use crate::config::Config;
use crate::dev_issuer;

/// Who may call. Without a resource server: everybody who gets here.
pub(super) struct Callers {
    pub(super) resource_server: Option<ResourceServer>,
    pub(super) issuer: Option<Issuer>,
    /// Who may sign in there.
    test_users: Vec<String>,
}

impl Callers {
    /// What the config says about the endpoint that clients reach at this URL; `named` are the scopes that anything there
    /// needs.
    pub(super) fn new(config: &Config, endpoint: &Url, named: &ScopeSet) -> anyhow::Result<Self> {
        let Some(mut server) = accepted(config, endpoint, named)? else {
            return Ok(Self { resource_server: None, issuer: None, test_users: Vec::new() });
        };
        let fetcher = Fetcher::new(FetchConfig::default())?;
        let issuer = match &config.dev_issuer {
            None => None,
            Some(wanted) => {
                let issuer = dev_issuer::beside(endpoint, wanted, &server, named, config, fetcher.clone())?;
                server = server.issuer(dev_issuer::accepted(issuer.issuer()));
                Some(issuer)
            }
        };
        let test_users = config.dev_issuer.as_ref().map(|issuer| issuer.users.clone()).unwrap_or_default();
        Ok(Self { resource_server: Some(ResourceServer::new(server, fetcher)?), issuer, test_users })
    }

    /// Whose tokens are asked for, to be told at the start.
    pub(super) fn tokens(&self) -> Option<Tokens<'_>> {
        let config = self.resource_server.as_ref()?.config();
        let own = self.issuer.as_ref().map(Issuer::issuer);
        let issuers = config.issuers.iter().map(|issuer| &*issuer.issuer).filter(|issuer| Some(*issuer) != own);
        let keys = (!config.api_keys.is_empty()).then_some("the config (API keys)");
        Some(Tokens {
            issuers: issuers.chain(keys).collect(),
            test_users: self.issuer.as_ref().map(|_| self.test_users.as_slice()),
        })
    }
}

/// The judge of tokens that a server with this config has, for who does not serve. `None`: nobody is asked for a token.
pub(crate) fn resource_server(
    config: &Config,
    address: SocketAddr,
    named: &ScopeSet,
) -> anyhow::Result<Option<ResourceServer>> {
    let endpoint = super::endpoint(config, address)?;
    let Some(mut server) = accepted(config, &endpoint, named)? else { return Ok(None) };
    if config.dev_issuer.is_some() {
        server = server.issuer(dev_issuer::accepted(&endpoint.origin().ascii_serialization()));
    }
    Ok(Some(ResourceServer::new(server, Fetcher::new(FetchConfig::default())?)?))
}

/// Whose tokens are accepted, but for those of the issuer for development.
fn accepted(config: &Config, endpoint: &Url, named: &ScopeSet) -> anyhow::Result<Option<ResourceServerConfig>> {
    let Some(auth) = &config.auth else { return Ok(None) };
    let resource = auth.resource(endpoint).with_context(|| format!("{endpoint} cannot be what tokens are for"))?;
    Ok(Some(auth.resource_server(resource, named)))
}
