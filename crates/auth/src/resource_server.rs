//! Turns a token into a principal.
//!
//! Which issuer judges a token is decided by the config alone: a JWT by the issuer that it names, any other token by its
//! prefix. No token is tried on one after the other, so a bad JWT is never shown to anybody else.

mod build;
mod shape;

use std::{fmt, sync::Arc};

use futures_util::future::{join_all, pending};
use outboard_fetch::Fetcher;
use outboard_identity::Principal;

pub use self::build::ConfigError;
use crate::{
    api_key::ApiKeys,
    cache::{Digest, digest_of},
    config::ResourceServerConfig,
    explain::{self, Explanation},
    introspection::{Answer, RETRY_AFTER},
    issuer::{Basis, Issuer, KeyIssuer, NotVerified, Way},
    jwt::Jwt,
    keys::{IssuerKeys, KeysState},
    refusal::{InvalidToken, Refusal},
};

/// Who judges the bearer tokens of one resource. Cheap to clone; clones share keys and what is remembered.
///
/// ```no_run
/// use outboard_auth::{FetchConfig, Fetcher, IssuerConfig, ResourceServer, ResourceServerConfig};
///
/// # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let config = ResourceServerConfig::new("https://mcp.example.com/mcp".parse()?)
///     .issuer(IssuerConfig::jwt("https://issuer.example"));
/// let server = ResourceServer::new(config, Fetcher::new(FetchConfig::default())?)?;
/// let principal = match server.remembered(token) {
///     Some(principal) => principal,
///     None => server.authenticate(token).await?,
/// };
/// # let _ = principal; Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ResourceServer {
    shared: Arc<Shared>,
}

struct Shared {
    config: ResourceServerConfig,
    api_keys: ApiKeys,
    issuers: Vec<Issuer>,
    basis: Arc<Basis>,
}

/// How it stands with an issuer.
#[derive(Clone, Debug)]
pub struct IssuerState {
    /// The issuer, as the config names it.
    pub issuer: Box<str>,
    /// How it stands with its keys.
    pub keys: KeysState,
}

/// Who is to judge a token.
pub(crate) enum Judge<'s, 't> {
    /// An issuer's keys.
    Keys(&'s Issuer, &'s KeyIssuer, Jwt<'t>),
    /// An issuer that is asked.
    Asking(&'s Issuer, &'s crate::introspection::Introspector),
}

impl ResourceServer {
    /// A resource server that fetches keys and asks issuers by `fetcher`. It fetches nothing yet: see [`warm`](Self::warm)
    /// and [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what cannot work, or not safely.
    pub fn new(config: ResourceServerConfig, fetcher: Fetcher) -> Result<Self, ConfigError> {
        let basis = Arc::new(Basis::new(&config, fetcher));
        let issuers = build::issuers(&config, &basis)?;
        let api_keys = ApiKeys::new(&config.api_keys, &config.hierarchy)?;
        Ok(Self { shared: Arc::new(Shared { config, api_keys, issuers, basis }) })
    }

    /// Who brought this token a short while ago or has this API key. It costs one digest and one look, and never waits.
    #[must_use]
    pub fn remembered(&self, token: impl AsRef<[u8]>) -> Option<Principal> {
        self.shared.remembered(&digest_of(token.as_ref()))
    }

    /// Finds out who brings this token.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] if it is not good, and [`Refusal::Unavailable`] if that cannot be found out now.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what others wait for too goes on without this one.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, Refusal> {
        let Shared { config, basis, .. } = &*self.shared;
        if token.len() > config.limits.token_bytes_max {
            return Err(InvalidToken::TooLong { bytes_max: config.limits.token_bytes_max }.into());
        }
        let digest = digest_of(token.as_bytes());
        if let Some(principal) = self.shared.remembered(&digest) {
            return Ok(principal);
        }
        match self.shared.judge_of(token)? {
            Judge::Keys(issuer, keys, jwt) => match keys.judge(&jwt).await {
                Ok((principal, key)) => {
                    basis.cache.put_good(digest, principal.clone(), Some(key), config.limits.cached_for);
                    Ok(principal)
                }
                Err(NotVerified::Bad(fault)) => Err(fault.into()),
                Err(NotVerified::NoKeys(no_keys)) => Err(issuer.unavailable(no_keys.retry_after)),
            },
            Judge::Asking(issuer, introspector) => match introspector.judge(token, digest).await {
                Answer::Good(principal) => Ok(principal),
                Answer::Bad(fault) => Err(fault.into()),
                Answer::Unknown => Err(issuer.unavailable(RETRY_AFTER)),
            },
        }
    }

    /// Says of a token which checks it passes, for the person who runs this server. Nothing is remembered, and what is
    /// remembered does not count. Keys are fetched, and issuers asked, as for a request.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn explain(&self, token: &str) -> Explanation {
        let Shared { config, api_keys, .. } = &*self.shared;
        if let Some(principal) = api_keys.find(&digest_of(token.as_bytes())) {
            return Explanation::api_key(principal);
        }
        if token.len() > config.limits.token_bytes_max {
            return Explanation::unread(InvalidToken::TooLong { bytes_max: config.limits.token_bytes_max });
        }
        match self.shared.judge_of(token) {
            Ok(Judge::Keys(issuer, keys, jwt)) => explain::by_keys(issuer, keys, &jwt).await,
            Ok(Judge::Asking(issuer, introspector)) => explain::by_asking(issuer, introspector, token).await,
            Err(fault) => Explanation::unread(fault),
        }
    }

    /// Fetches the keys that are not there yet, so that the first request need not. What fails is logged, and tried again
    /// later.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: requests go on with what was begun.
    pub async fn warm(&self) {
        join_all(self.keys().map(IssuerKeys::warm)).await;
    }

    /// Keeps keys fresh for as long as it is polled; it never ends. Without it the first request that finds keys no longer
    /// fresh fetches them, which takes it as long as the issuer takes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: from then on requests do it.
    pub async fn run(&self) {
        join_all(self.keys().map(IssuerKeys::follow)).await;
        // There is no issuer with keys.
        pending().await
    }

    /// How it stands with each issuer, in the order of the config.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerState> {
        let state = |issuer: &Issuer| IssuerState { issuer: issuer.config.issuer.clone(), keys: issuer.keys_state() };
        self.shared.issuers.iter().map(state).collect()
    }

    /// What it was built from.
    #[must_use]
    pub fn config(&self) -> &ResourceServerConfig {
        &self.shared.config
    }

    fn keys(&self) -> impl Iterator<Item = &IssuerKeys> {
        self.shared.issuers.iter().filter_map(Issuer::keys)
    }
}

impl Shared {
    fn remembered(&self, digest: &Digest) -> Option<Principal> {
        self.basis.cache.good(digest).or_else(|| self.api_keys.find(digest))
    }

    /// Who is to judge a token that is no API key.
    fn judge_of<'s, 't>(&'s self, token: &'t str) -> Result<Judge<'s, 't>, InvalidToken> {
        if !shape::is_jwt(token) {
            return self.asker_of(token);
        }
        let jwt = Jwt::read(token)?;
        let named = jwt.unverified_issuer()?;
        let issuer = self.issuers.iter().find(|issuer| *issuer.config.issuer == *named).ok_or(InvalidToken::Issuer)?;
        Ok(match &issuer.way {
            Way::Keys(keys) => Judge::Keys(issuer, keys, jwt),
            Way::Asking(introspector) => Judge::Asking(issuer, introspector),
        })
    }

    /// Who is asked about a token that is no JWT.
    fn asker_of<'s, 't>(&'s self, token: &'t str) -> Result<Judge<'s, 't>, InvalidToken> {
        let asked = || {
            self.issuers.iter().filter_map(|issuer| match &issuer.way {
                Way::Asking(introspector) => Some((issuer, introspector)),
                Way::Keys(_) => None,
            })
        };
        let begins = |prefix: Option<&str>| prefix.is_some_and(|prefix| token.starts_with(prefix));
        let by_prefix = asked().find(|(_, introspector)| begins(introspector.token_prefix()));
        let found = by_prefix.or_else(|| asked().find(|(_, introspector)| introspector.token_prefix().is_none()));
        match found {
            Some((issuer, introspector)) => Ok(Judge::Asking(issuer, introspector)),
            // Only a JWT could have been good here: say what keeps this from being one.
            None if self.config.api_keys.is_empty() => Err(Jwt::read(token).err().unwrap_or(InvalidToken::Unknown)),
            None => Err(InvalidToken::Unknown),
        }
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServer").field("config", self.config()).finish_non_exhaustive()
    }
}
