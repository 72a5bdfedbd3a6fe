//! One issuer, ready to judge its tokens.

use std::sync::Arc;
use std::time::Duration;

use outboard_fetch::Fetcher;
use outboard_identity::{Principal, ScopeHierarchy};
use url::Url;

use crate::{
    cache::TokenCache,
    clock::Clock,
    config::{AuthLimits, IssuerConfig, JwtRules, ResourceServerConfig, TokenKind},
    introspection::Introspector,
    jwk::{Candidates, Jwk, JwkSet},
    jwt::{Judging, Jwt},
    keys::{IssuerKeys, KeysState, NoKeys},
    refusal::{InvalidToken, Refusal},
    resource::Audience,
};

/// An issuer and how its tokens are judged.
pub(crate) struct Issuer {
    pub(crate) config: Arc<IssuerConfig>,
    pub(crate) way: Way,
}

/// How the tokens of an issuer are judged.
pub(crate) enum Way {
    /// By its keys.
    Keys(Box<KeyIssuer>),
    /// By asking it.
    Asking(Box<Introspector>),
}

/// An issuer whose tokens are verified here.
pub(crate) struct KeyIssuer {
    config: Arc<IssuerConfig>,
    rules: JwtRules,
    pub(crate) keys: IssuerKeys,
    basis: Arc<Basis>,
}

/// What all issuers of a resource server share: what tokens are judged by, and how they themselves are asked.
pub(crate) struct Basis {
    pub(crate) resource: Audience,
    pub(crate) hierarchy: ScopeHierarchy,
    pub(crate) limits: AuthLimits,
    pub(crate) clock: Clock,
    pub(crate) fetcher: Fetcher,
    pub(crate) cache: Arc<TokenCache>,
}

/// Why a token is not let through.
#[derive(Debug)]
pub(crate) enum NotVerified {
    /// It is not good.
    Bad(InvalidToken),
    /// There are no keys to find out.
    NoKeys(NoKeys),
}

impl Issuer {
    /// An issuer of the config, with its name as a URL.
    pub(crate) fn new(config: &IssuerConfig, url: Url, basis: &Arc<Basis>) -> Self {
        let config = Arc::new(config.clone());
        let way = match &config.tokens {
            TokenKind::Jwt(rules) => Way::Keys(Box::new(KeyIssuer {
                rules: rules.clone(),
                keys: IssuerKeys::new(&config, url, rules, &basis.limits, basis.fetcher.clone()),
                basis: Arc::clone(basis),
                config: Arc::clone(&config),
            })),
            TokenKind::Opaque(rules) => {
                Way::Asking(Box::new(Introspector::new(Arc::clone(&config), rules.clone(), Arc::clone(basis))))
            }
        };
        Self { config, way }
    }

    /// Its keys, if its tokens are verified by them.
    pub(crate) fn keys(&self) -> Option<&IssuerKeys> {
        match &self.way {
            Way::Keys(issuer) => Some(&issuer.keys),
            Way::Asking(_) => None,
        }
    }

    /// The refusal of a token of which it cannot be found out now whether it is good.
    pub(crate) fn unavailable(&self, retry_after: Duration) -> Refusal {
        Refusal::Unavailable { issuer: self.config.issuer.clone(), retry_after }
    }

    /// How it stands with its keys.
    pub(crate) fn keys_state(&self) -> KeysState {
        self.keys().map_or(KeysState::NotUsed, IssuerKeys::state)
    }
}

impl KeyIssuer {
    /// Verifies a token, and judges what it says. Nothing that it says is looked at before its signature.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn judge(&self, jwt: &Jwt<'_>) -> Result<(Principal, Arc<Jwk>), NotVerified> {
        let key = self.verify(jwt).await?;
        let verified = jwt.judge(&self.judging()).map_err(NotVerified::Bad)?;
        Ok((verified.principal, key))
    }

    /// Finds the key that has signed a token.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn verify(&self, jwt: &Jwt<'_>) -> Result<Arc<Jwk>, NotVerified> {
        if !self.rules.algorithms.contains(&jwt.algorithm()) {
            return Err(NotVerified::Bad(InvalidToken::Algorithm));
        }
        let keys = self.keys.usable().await.map_err(NotVerified::NoKeys)?;
        let named = |keys: &JwkSet| keys.candidates(jwt.kid(), jwt.algorithm());
        let candidates = match named(&keys) {
            Candidates::Keys(candidates) => candidates,
            // More keys do not make it clear which one is meant.
            Candidates::UnknownKey if jwt.kid().is_none() => return Err(NotVerified::Bad(InvalidToken::UnknownKey)),
            Candidates::UnknownKey => match named(&*self.keys.newer_than(&keys).await.map_err(NotVerified::NoKeys)?) {
                Candidates::Keys(candidates) => candidates,
                Candidates::UnknownKey => return Err(NotVerified::Bad(InvalidToken::UnknownKey)),
            },
        };
        jwt.verify(&candidates, &self.rules).map_err(NotVerified::Bad)
    }

    /// What its tokens are judged by now.
    pub(crate) fn judging(&self) -> Judging<'_> {
        let Basis { resource, hierarchy, limits, clock, .. } = &*self.basis;
        Judging { issuer: &self.config, rules: &self.rules, resource, hierarchy, limits, now: clock.now() }
    }
}

impl Basis {
    pub(crate) fn new(config: &ResourceServerConfig, fetcher: Fetcher) -> Self {
        Self {
            resource: config.resource.audience(),
            hierarchy: config.hierarchy.clone(),
            limits: config.limits.clone(),
            clock: config.clock.clone(),
            fetcher,
            cache: Arc::new(TokenCache::new(config.limits.cached_tokens_max, config.clock.clone())),
        }
    }
}
