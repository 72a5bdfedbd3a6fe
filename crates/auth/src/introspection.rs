//! Asks an issuer about an opaque token (RFC 7662), once for all who bring it at the same time.
//!
//! What the issuer says is remembered for a short while, good or not. That it says nothing is never held against the token:
//! nobody knows then, and the answer is "come back later".
//!
//! The form with its two fields is written here, and the answer is read here, not by the crate `oauth2`: that takes an answer
//! with anything behind its JSON for good, and a member that stands twice; it does not keep the claims that the config asks
//! for; it knows nothing of `tokeninfo`. What would be left of it is the form, at the price of one dependency more for everybody
//! who takes this crate. (Who asks for tokens is better served: `outboard token` gets them with it.)

mod answer;
mod ask;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use outboard_fetch::SingleFlight;
use outboard_identity::Principal;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use self::{
    answer::Judging,
    ask::{Said, ask},
};
use crate::{
    cache::Digest,
    config::{IntrospectionRules, IssuerConfig},
    issuer::Basis,
    json::{self, JsonFault},
    jwt::{Check, CheckOutcome},
    keys::document::host_of,
    refusal::InvalidToken,
};

pub(crate) use ask::{AskFault, basic};

/// When it is worth asking again an issuer that did not say.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Asks one issuer.
pub(crate) struct Introspector {
    asker: Arc<Asker>,
    flights: SingleFlight<Digest, Answer>,
}

/// What became of a question.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The token is good, and speaks of this party.
    Good(Principal),
    /// It is not.
    Bad(InvalidToken),
    /// The issuer did not say.
    Unknown,
}

/// All that a question needs, apart from who waits for it.
struct Asker {
    issuer: Arc<IssuerConfig>,
    rules: IntrospectionRules,
    basis: Arc<Basis>,
    permits: Semaphore,
    health: Health,
}

impl Introspector {
    pub(crate) fn new(issuer: Arc<IssuerConfig>, rules: IntrospectionRules, basis: Arc<Basis>) -> Self {
        let permits = Semaphore::new(basis.limits.introspections_max.clamp(1, Semaphore::MAX_PERMITS));
        let asker = Asker { issuer, rules, basis, permits, health: Health::default() };
        Self { asker: Arc::new(asker), flights: SingleFlight::default() }
    }

    /// How its tokens begin.
    pub(crate) fn token_prefix(&self) -> Option<&str> {
        self.asker.rules.token_prefix.as_deref()
    }

    /// Says whether a token is good: by what was said of it a short while ago, else by asking.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: others who wait for the same answer get it all the same.
    pub(crate) async fn judge(&self, token: &str, digest: Digest) -> Answer {
        if let Some(known) = self.asker.known(&digest) {
            return known;
        }
        let start = || {
            let (asker, token) = (Arc::clone(&self.asker), Zeroizing::new(token.to_owned()));
            async move { asker.judge(&token, digest).await }
        };
        self.flights.join(digest, start).await
    }

    /// Asks, whatever is remembered, and says what comes of each check, and of whom the token speaks if all are passed.
    ///
    /// # Errors
    ///
    /// [`AskFault`] where the issuer does not say.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn explain(&self, token: &str) -> Result<(Vec<CheckOutcome>, Option<Principal>), AskFault> {
        Ok(match self.asker.ask(token).await? {
            Ok(said) => {
                let judging = self.asker.judging();
                (answer::checks(&said, &judging).collect(), answer::judge(&said, &judging).ok())
            }
            Err(fault) => (vec![CheckOutcome { check: Check::Active, outcome: Err(fault) }], None),
        })
    }
}

impl Asker {
    fn known(&self, digest: &Digest) -> Option<Answer> {
        let is_inactive = || self.basis.cache.is_inactive(digest).then_some(Answer::Bad(InvalidToken::Inactive));
        self.basis.cache.good(digest).map(Answer::Good).or_else(is_inactive)
    }

    async fn judge(&self, token: &str, digest: Digest) -> Answer {
        // Who comes when a question has just ended finds its answer here.
        if let Some(known) = self.known(&digest) {
            return known;
        }
        let limits = &self.basis.limits;
        let judged = match self.ask(token).await {
            Ok(said) => said.and_then(|said| answer::judge(&said, &self.judging())),
            Err(fault) => {
                self.health.failed(&self.issuer.issuer, &fault);
                return Answer::Unknown;
            }
        };
        self.health.worked(&self.issuer.issuer);
        match judged {
            Ok(principal) => {
                self.basis.cache.put_good(digest, principal.clone(), None, limits.introspected_for);
                Answer::Good(principal)
            }
            Err(fault) => {
                self.basis.cache.put_inactive(digest, limits.inactive_for);
                Answer::Bad(fault)
            }
        }
    }

    /// What the issuer says of a token: members of an object, or that it is not good.
    async fn ask(&self, token: &str) -> Result<Result<Map<String, Value>, InvalidToken>, AskFault> {
        let (Self { issuer, rules, .. }, Basis { limits, fetcher, .. }) = (self, &*self.basis);
        let waiting = timeout(limits.issuer_timeout, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = waiting else { return Err(AskFault::Busy) };
        let document = match ask(fetcher, rules, issuer.reach, limits, token).await? {
            Said::Document(document) => document,
            Said::NotGood => return Ok(Err(InvalidToken::Inactive)),
        };
        match json::read_object(&document) {
            Ok(said) => Ok(Ok(answer::members(said, rules.form))),
            Err(JsonFault::Syntax) => Err(AskFault::NotJson { host: host_of(&rules.endpoint) }),
            Err(fault) => Ok(Err(InvalidToken::Claims { fault: fault.as_str() })),
        }
    }

    fn judging(&self) -> Judging<'_> {
        let Basis { resource, hierarchy, limits, clock, .. } = &*self.basis;
        Judging { issuer: &self.issuer, form: self.rules.form, resource, hierarchy, limits, now: clock.now() }
    }
}

/// Whether the issuer answers, logged where that changes, but not at the pace of who can make it change.
#[derive(Default)]
struct Health {
    is_failing: AtomicBool,
    logged: Mutex<Option<Instant>>,
}

impl Health {
    fn failed(&self, issuer: &str, fault: &AskFault) {
        if !self.is_failing.swap(true, Ordering::Relaxed) && self.may_log() {
            tracing::warn!(issuer, %fault, "the issuer cannot be asked about tokens");
        }
    }

    fn worked(&self, issuer: &str) {
        if self.is_failing.swap(false, Ordering::Relaxed) && self.may_log() {
            tracing::info!(issuer, "the issuer can be asked about tokens again");
        }
    }

    fn may_log(&self) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let may = logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE);
        if may {
            *logged = Some(Instant::now());
        }
        may
    }
}

const LOG_PAUSE: Duration = Duration::from_secs(5);
