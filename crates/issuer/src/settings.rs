//! The configuration after it was checked: what every request reads.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use url::{Host, Url};

use crate::client::{Client, GrantType, Source, StaticClient};
use crate::config::{Bounds, IssuerConfig, TestUser};
use crate::error::IssuerError;
use crate::redirect::RedirectUri;
use crate::scopes::{Scopes, is_scope};

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The issuer as it is written everywhere: without a slash at the end.
    pub(crate) issuer: String,
    /// The issuer's path: empty, or with a slash in front and none at the end.
    pub(crate) base: String,
    pub(crate) port: u16,
    pub(crate) resources: Vec<Resource>,
    pub(crate) scopes: Scopes,
    pub(crate) users: Vec<Arc<TestUser>>,
    pub(crate) clients: HashMap<String, Arc<Client>>,
    pub(crate) auto_approve: Option<Arc<TestUser>>,
    pub(crate) bounds: Bounds,
    /// The rest, which needs no other form.
    pub(crate) config: IssuerConfig,
}

/// A resource, and how it is compared.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) text: String,
    url: Url,
}

impl Settings {
    pub(crate) fn check(config: IssuerConfig) -> Result<Self, IssuerError> {
        let (issuer, base, port) = check_issuer(&config.issuer)?;
        if config.resources.is_empty() {
            return Err(IssuerError::NoResource);
        }
        let resources = config.resources.iter().map(|text| Resource::parse(text)).collect::<Result<_, _>>()?;
        check_scopes(&config)?;
        let is_allowable = |uri: &&String| RedirectUri::parse(uri, &config.allow_redirect).is_ok();
        if let Some(uri) = config.allow_redirect.iter().find(|uri| !is_allowable(uri)) {
            return Err(IssuerError::NotAllowable { uri: uri.clone() });
        }
        if let Some(origin) = config.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(IssuerError::NotAnOrigin { origin: origin.clone() });
        }
        let users = check_users(&config.users)?;
        let auto_approve = match &config.dangerous_auto_approve {
            None => None,
            Some(name) => {
                let user = users.iter().find(|user| user.name == *name);
                Some(Arc::clone(user.ok_or_else(|| IssuerError::UnknownUser { name: name.clone() })?))
            }
        };
        let clients = check_clients(&config)?;
        let (scopes, bounds) = (Scopes::of(&config.scopes), config.bounds);
        Ok(Self { issuer, base, port, resources, scopes, users, clients, auto_approve, bounds, config })
    }

    /// The configured resource that `text` names, if any.
    pub(crate) fn resource(&self, text: &str) -> Option<&str> {
        let url = Resource::parse(text).ok()?.url;
        self.resources.iter().find(|resource| resource.url == url).map(|resource| resource.text.as_str())
    }

    pub(crate) fn user(&self, name: &str) -> Option<&Arc<TestUser>> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The issuer's host as URLs spell it.
    pub(crate) fn host(&self) -> &str {
        self.config.issuer.host_str().unwrap_or_default()
    }

    /// The URL of an endpoint, by its path below the issuer.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

impl Resource {
    fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).ok().filter(|url| {
            let is_plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
            is_plain && matches!(url.scheme(), "http" | "https")
        });
        let url = url.ok_or_else(|| IssuerError::NotAResource { resource: text.to_owned() })?;
        Ok(Self { text: text.to_owned(), url })
    }
}

fn check_issuer(url: &Url) -> Result<(String, String, u16), IssuerError> {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() != "http" || !is_loopback {
        return Err(IssuerError::NotLoopback { issuer: url.clone() });
    }
    let base = url.path().trim_end_matches('/');
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    // The path goes into pages, cookies and routes as it is.
    let is_plain = base.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    if has_credentials || url.query().is_some() || url.fragment().is_some() || !is_plain || base.contains("//") {
        return Err(IssuerError::NotAnIssuer { issuer: url.clone() });
    }
    let issuer = format!("{}{base}", url.origin().ascii_serialization());
    Ok((issuer, base.to_owned(), url.port_or_known_default().unwrap_or(80)))
}

fn check_scopes(config: &IssuerConfig) -> Result<(), IssuerError> {
    let of_users = config.users.iter().filter_map(|user| user.scopes.as_ref());
    let of_clients = config.clients.iter().filter_map(|client| client.scopes.as_ref());
    let mut scopes = [&config.scopes].into_iter().chain(of_users).chain(of_clients).flatten();
    match scopes.find(|scope| !is_scope(scope)) {
        Some(scope) => Err(IssuerError::NotAScope { scope: scope.clone() }),
        None => Ok(()),
    }
}

fn check_users(users: &[TestUser]) -> Result<Vec<Arc<TestUser>>, IssuerError> {
    if users.is_empty() {
        return Err(IssuerError::NoUser);
    }
    for (index, user) in users.iter().enumerate() {
        let is_taken = users.iter().take(index).any(|other| other.name == user.name || other.subject == user.subject);
        if is_taken || user.name.is_empty() || user.subject.is_empty() {
            return Err(IssuerError::NotAUser { name: user.name.clone() });
        }
        if let Some(claim) = user.claims.keys().find(|claim| RESERVED_CLAIMS.contains(&claim.as_str())) {
            return Err(IssuerError::ReservedClaim { name: user.name.clone(), claim: claim.clone() });
        }
    }
    Ok(users.iter().cloned().map(Arc::new).collect())
}

fn check_clients(config: &IssuerConfig) -> Result<HashMap<String, Arc<Client>>, IssuerError> {
    let mut clients = HashMap::new();
    for client in &config.clients {
        let id = client.id.clone();
        if id.is_empty() || id.contains("://") || clients.contains_key(&id) {
            return Err(IssuerError::NotAClientId { id });
        }
        if client.secret.is_none() && client.grants.contains(&GrantType::ClientCredentials) {
            return Err(IssuerError::NoSecret { id });
        }
        clients.insert(id, Arc::new(check_client(config, client)?));
    }
    Ok(clients)
}

fn check_client(config: &IssuerConfig, client: &StaticClient) -> Result<Client, IssuerError> {
    let redirects = client.redirect_uris.iter().map(|uri| {
        RedirectUri::parse(uri, &config.allow_redirect)
            .map_err(|_| IssuerError::NotARedirectUri { id: client.id.clone(), uri: uri.clone() })
    });
    let all = Scopes::of(&config.scopes);
    Ok(Client {
        id: client.id.clone(),
        name: client.name.clone(),
        source: Source::Static,
        secret: client.secret,
        grants: client.grants.clone(),
        redirects: redirects.collect::<Result<_, _>>()?,
        scopes: client.scopes.as_ref().map_or_else(|| all.clone(), |own| Scopes::of(own).intersection(&all)),
    })
}

/// Whether a text is an origin as browsers write it (RFC 6454 §6.1).
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.origin().ascii_serialization() == text
    })
}

/// The claims that a user's own cannot replace, in tokens and in introspection answers.
const RESERVED_CLAIMS: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "active", "token_type", "cnf"];
