//! Unsafe by accident does not start: what the server refuses to do with and without authentication, as one pure function.

mod words;

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::backend_file::Isolation;
use super::value::OriginRule;
use crate::diagnostics::Code;

/// What the policy looks at.
pub(super) struct Facts<'a> {
    /// The address to listen on.
    pub(super) listen: SocketAddr,
    /// The URL that clients use, if it is not the address.
    pub(super) public_url: Option<&'a Url>,
    /// The origins that may call from browsers.
    pub(super) allowed_origins: Vec<&'a OriginRule>,
    /// Whether the operator asked to serve without authentication.
    pub(super) insecure_no_auth: bool,
    /// What calls need; `None`: nothing, so that every caller is anonymous.
    pub(super) auth: Option<AuthFacts<'a>>,
}

/// What the policy looks at where calls need a token.
pub(super) struct AuthFacts<'a> {
    /// What tokens must be meant for, if it was written.
    pub(super) resource: Option<&'a Url>,
    /// The number of issuers and API keys that are accepted.
    pub(super) accepts: usize,
    /// Whether the server runs an issuer for development.
    pub(super) dev_issuer: bool,
    /// The URLs at which issuers are asked, and their names.
    pub(super) issuer_urls: Vec<IssuerUrl<'a>>,
    /// Backends, by what they are called in messages, and who was said to share one process of each.
    pub(super) isolations: Vec<(String, Option<Isolation>)>,
}

/// A URL of an issuer.
#[derive(Clone, Copy)]
pub(super) struct IssuerUrl<'a> {
    /// Under which key it was written.
    pub(super) key: &'static str,
    pub(super) url: &'a Url,
    pub(super) purpose: Purpose,
    /// Whether the issuer may be reached at private addresses.
    pub(super) allow_private: bool,
}

/// What a URL of an issuer is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What it says there makes tokens good.
    Trust,
    /// It is shown tokens there, and the secret for asking.
    Introspection,
}

/// What the policy objects to, or wants to have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// Others can reach the address, and nobody asks who they are.
    Listen,
    /// The URL leads others here, and nobody asks who they are.
    PublicUrl,
    /// This entry of `allowed_origins` allows every website.
    AllowedOrigin(usize),
    /// It is allowed because the operator asked for it; said at each start.
    NoAuthentication,
    /// Authentication is asked for and switched off.
    Contradiction,
    /// No token would be accepted.
    NobodyAccepted,
    /// Others can reach the address, and no name for tokens is known.
    NoPublicUrl,
    /// Tokens would be sent to the URL in the clear.
    PublicUrlHttp,
    /// The same for what tokens are meant for.
    ResourceHttp,
    /// This URL of an issuer would be asked in the clear.
    IssuerHttp(usize),
    /// The same, and it is where tokens are shown to the issuer.
    IntrospectionHttp(usize),
    /// Others can reach the address, and with it the issuer for development.
    DevIssuerListen,
    /// The URL leads others to it.
    DevIssuerPublicUrl,
    /// Nobody has said who shares this backend.
    NoIsolation(usize),
    /// Callers are told apart, and this backend should have a process for each.
    PerPrincipal(usize),
}

/// Judges the configuration.
pub(super) fn judge(facts: &Facts<'_>) -> Vec<Objection> {
    let mut objections = match (&facts.auth, facts.insecure_no_auth) {
        (None, true) => vec![Objection::NoAuthentication],
        (None, false) => anonymous(facts),
        (Some(_), true) => vec![Objection::Contradiction],
        (Some(auth), false) => authenticated(facts, auth),
    };
    // Not even when asked for: with it, every web page that somebody here visits could call the tools.
    let wildcards = facts.allowed_origins.iter().enumerate().filter(|(_, rule)| ***rule == OriginRule::Any);
    objections.extend(wildcards.map(|(index, _)| Objection::AllowedOrigin(index)));
    objections
}

fn anonymous(facts: &Facts<'_>) -> Vec<Objection> {
    let listen = (!is_loopback(facts.listen.ip())).then_some(Objection::Listen);
    let public_url = is_public(facts.public_url).then_some(Objection::PublicUrl);
    listen.into_iter().chain(public_url).collect()
}

fn authenticated(facts: &Facts<'_>, auth: &AuthFacts<'_>) -> Vec<Objection> {
    let listens_publicly = !is_loopback(facts.listen.ip());
    let is_public_url = is_public(facts.public_url);
    let is_here_alone = !listens_publicly && !is_public_url;
    let is_clear = |url: Option<&Url>| is_public(url) && url.is_some_and(|url| url.scheme() != "https");
    let clear_issuer = |issuer: &IssuerUrl<'_>| {
        // In development an issuer may be on the private network of containers.
        is_clear(Some(issuer.url)) && !(issuer.allow_private && is_here_alone)
    };
    let single = [
        (auth.accepts == 0 && !auth.dev_issuer, Objection::NobodyAccepted),
        (auth.dev_issuer && listens_publicly, Objection::DevIssuerListen),
        (auth.dev_issuer && is_public_url, Objection::DevIssuerPublicUrl),
        (!auth.dev_issuer && listens_publicly && facts.public_url.is_none(), Objection::NoPublicUrl),
        (!auth.dev_issuer && is_clear(facts.public_url), Objection::PublicUrlHttp),
        (is_clear(auth.resource), Objection::ResourceHttp),
    ];
    let single = single.into_iter().filter_map(|(is_so, objection)| is_so.then_some(objection));
    let issuers = auth.issuer_urls.iter().enumerate().filter(|(_, issuer)| clear_issuer(issuer));
    let isolations = auth.isolations.iter().enumerate().filter_map(|(index, (_, isolation))| match isolation {
        None => Some(Objection::NoIsolation(index)),
        Some(Isolation::PerPrincipal) => Some(Objection::PerPrincipal(index)),
        // That there is none per session is said wherever it is written.
        Some(Isolation::PerSession | Isolation::Shared) => None,
    });
    let issuers = issuers.map(|(index, issuer)| match issuer.purpose {
        Purpose::Trust => Objection::IssuerHttp(index),
        Purpose::Introspection => Objection::IntrospectionHttp(index),
    });
    single.chain(issuers).chain(isolations).collect()
}

impl Objection {
    pub(super) const fn code(self) -> Code {
        match self {
            Self::Listen => Code::ListenNotLoopback,
            Self::PublicUrl => Code::PublicUrlNotLoopback,
            Self::AllowedOrigin(_) => Code::WildcardOrigin,
            Self::NoAuthentication => Code::NoAuthentication,
            Self::Contradiction => Code::AuthContradiction,
            Self::NobodyAccepted => Code::NobodyAccepted,
            Self::NoPublicUrl => Code::NoPublicUrl,
            Self::PublicUrlHttp | Self::ResourceHttp => Code::UrlNotHttps,
            Self::IssuerHttp(_) | Self::IntrospectionHttp(_) => Code::IssuerNotHttps,
            Self::DevIssuerListen | Self::DevIssuerPublicUrl => Code::DevIssuerReachable,
            Self::NoIsolation(_) => Code::IsolationNotChosen,
            Self::PerPrincipal(_) => Code::IsolationNotYet,
        }
    }

    /// What is wrong, in one line.
    pub(super) fn what(self, facts: &Facts<'_>) -> String {
        words::what(self, facts)
    }

    /// Why that is not accepted.
    pub(super) const fn why(self) -> Option<&'static str> {
        words::why(self)
    }

    /// What to write or to do instead.
    pub(super) fn fix(self, facts: &Facts<'_>) -> String {
        words::fix(self, facts)
    }
}

fn is_public(url: Option<&Url>) -> bool {
    url.is_some_and(|url| !leads_to_loopback(url))
}

/// Whether a URL leads to this machine for everybody.
pub(super) fn leads_to_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_loopback(ip.into()),
        Some(Host::Ipv6(ip)) => is_loopback(ip.into()),
        // RFC 6761, section 6.3.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
