//! The provider hangs, breaks or pours for a minute: who was known stays known, strangers cost it next to nothing, and
//! afterwards all is as before.
//!
//! The minute is one of the test's own clock. It stands still but for what a test moves it by, so that each fetch that is
//! due is seen, and none that is not.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{FutureExt as _, future::join_all};
use outboard_auth::{Audience, InvalidToken, KeysState, Principal, Refusal, ResourceServer};
use outboard_testkit::{
    authority::Listener,
    http::patiently,
    oidc_provider::{Fault, OidcProvider},
};
use tokio::task::JoinSet;

use super::{access_token, build, config_of, provider, resource};
use crate::bed::{Refused as _, Still, cool_down};

const MINUTE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_secs(10);

/// Strangers in each step: more than a thousand in a minute.
const STRANGERS: usize = 200;

/// Short enough that keys go stale within the minute.
const FRESH_FOR: Duration = Duration::from_secs(20);

const ISSUER_TIMEOUT: Duration = Duration::from_millis(2_500);

const JWKS: &str = "/jwks";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const OTHER_METADATA: &str = "/.well-known/openid-configuration";

fn faults(listener: &Listener) -> [Fault; 7] {
    [
        Fault::Hang,
        Fault::InternalError,
        Fault::Garbage,
        Fault::Html,
        Fault::Huge,
        Fault::Redirect { to: listener.url() },
        Fault::Empty,
    ]
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_fetched_for_a_minute_are_missed_by_nobody_who_is_known() {
    let _still = Still::hold();
    let (provider, listener) = (provider().await, Listener::start().await);
    for fault in faults(&listener) {
        let minute = Minute::new(&provider).await;
        // Published and signing already, but not when the keys were fetched.
        provider.rotate(Some("RS256"), &[]).await;
        let newcomer = provider.token_by_client_credentials(&resource("RS256"), "tools:read").await;
        provider.fault(JWKS, fault.clone()).await;
        minute.pass(JWKS, &fault).await;
        let fetches = provider.count(JWKS).await - minute.fetches_before;
        let fetches_max = 1 + MINUTE.as_secs() / cool_down().as_secs();
        // The first of them was there before the fault.
        assert!((2..=fetches_max).contains(&fetches), "{fault:?}: {fetches} fetches of keys");
        assert!(matches!(minute.keys_state(), KeysState::Stale { fault: Some(_), .. }), "{fault:?}");
        // Nobody knows whether there is such a key, so that it is not the token that is to blame.
        assert!(minute.judge(&newcomer, JWKS).await.unavailable() <= cool_down(), "{fault:?}");

        provider.clear().await;
        minute.recover(&provider).await;
        minute.at_once(&newcomer).unwrap_or_else(|refusal| panic!("{fault:?}: {refusal}"));
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed");
}

#[tokio::test(start_paused = true)]
async fn metadata_that_cannot_be_fetched_for_a_minute_keeps_no_key_away() {
    let _still = Still::hold();
    let (provider, listener) = (provider().await, Listener::start().await);
    for fault in faults(&listener) {
        let minute = Minute::new(&provider).await;
        for path in [METADATA, OTHER_METADATA] {
            provider.fault(path, fault.clone()).await;
        }
        minute.pass(METADATA, &fault).await;
        // What it said before still tells where the keys are, and they are fetched from there: a new one is found.
        provider.rotate(Some("EdDSA"), &[]).await;
        let newcomer = provider.token_by_client_credentials(&resource("EdDSA"), "tools:read").await;
        tokio::time::advance(cool_down()).await;
        // Both places of the metadata are tried first, which takes longer than a request waits: then it comes again.
        let mut refusals = Vec::new();
        while let Err(refusal) = minute.judge(&newcomer, METADATA).await {
            assert!(matches!(refusal, Refusal::Unavailable { .. }) && fault == Fault::Hang, "{fault:?}: {refusal}");
            refusals.push(refusal);
            assert!(refusals.len() <= 3, "{fault:?}: {refusals:?}");
        }
        let fetches = provider.count(METADATA).await - minute.metadata_before;
        let fetches_max = 1 + (MINUTE + cool_down()).as_secs() / cool_down().as_secs();
        assert!((2..=fetches_max).contains(&fetches), "{fault:?}: {fetches} fetches of metadata");

        provider.clear().await;
        minute.recover(&provider).await;
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed");
}

#[tokio::test(start_paused = true)]
async fn without_keys_from_the_start_nobody_is_refused_for_good() {
    let _still = Still::hold();
    let (provider, listener) = (provider().await, Listener::start().await);
    let token = provider.token_by_client_credentials(&resource("RS256"), "tools:read").await;
    for path in [JWKS, METADATA] {
        for fault in faults(&listener) {
            for path in if path == JWKS { vec![JWKS] } else { vec![METADATA, OTHER_METADATA] } {
                provider.fault(path, fault.clone()).await;
            }
            let server = server(&provider);
            let before = provider.count(path).await;
            for number in 0..20 {
                for token in [&token, &unknown(&token, number)] {
                    let judged = driven(&provider, path, server.authenticate(token)).await;
                    assert!(judged.unavailable() <= cool_down(), "{path} {fault:?}");
                }
            }
            assert_eq!(provider.count(path).await - before, 1, "{path} {fault:?}");
            provider.clear().await;
            tokio::time::advance(cool_down()).await;
            let judged = server.authenticate(&token).await;
            judged.unwrap_or_else(|refusal| panic!("{path} {fault:?}: {refusal}"));
        }
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed");
}

#[tokio::test(start_paused = true)]
async fn issuer_that_cannot_be_asked_costs_nobody_who_was_asked_about() {
    let _still = Still::hold();
    let (provider, listener) = (provider().await, Listener::start().await);
    let path = provider.introspection_endpoint().strip_prefix(provider.base()).unwrap().to_owned();
    let mut tokens = Vec::new();
    for user in ["alice", "bob"] {
        let answer = provider.code_flow(user, &resource("opaque"), "tools:read").await;
        tokens.push(access_token(&answer).to_owned());
    }
    let [known, unknown] = &tokens[..] else { panic!("there are two people") };
    for fault in faults(&listener) {
        let server = build(config_of(&provider, "opaque"));
        server.authenticate(known).await.unwrap();
        provider.fault(&path, fault.clone()).await;
        let judged = driven(&provider, &path, server.authenticate(unknown)).await;
        assert!(judged.unavailable() >= Duration::from_secs(1), "{fault:?}");
        let known = server.authenticate(known).now_or_never().expect("nobody has to be asked");
        known.unwrap_or_else(|refusal| panic!("{fault:?}: {refusal}"));
        provider.clear().await;
        let unknown = server.authenticate(unknown).await;
        unknown.unwrap_or_else(|refusal| panic!("{fault:?}: {refusal}"));
    }
    assert_eq!(listener.connections().await, 0, "a redirect is not followed with our secret");
}

/// A server that has the keys, which somebody keeps fresh, and tokens that it knows all about.
struct Minute<'p> {
    provider: &'p OidcProvider,
    server: ResourceServer,
    known: Vec<String>,
    fetches_before: u64,
    metadata_before: u64,
    _following: JoinSet<()>,
}

impl<'p> Minute<'p> {
    async fn new(provider: &'p OidcProvider) -> Self {
        let mut known = Vec::new();
        for kind in ["RS256", "ES256", "EdDSA"] {
            known.push(provider.token_by_client_credentials(&resource(kind), "tools:read").await);
            let answer = provider.code_flow("alice", &resource(kind), "tools:read").await;
            known.push(access_token(&answer).to_owned());
        }
        let (fetches_before, metadata_before) = (provider.count(JWKS).await, provider.count(METADATA).await);
        let server = server(provider);
        server.warm().await;
        let mut following = JoinSet::new();
        let follower = server.clone();
        following.spawn(async move { follower.run().await });
        tokio::task::yield_now().await;
        Self { provider, server, known, fetches_before, metadata_before, _following: following }
    }

    /// A minute with a fault at this path. In each part of it many come whom nobody knows, and all who are known.
    async fn pass(&self, path: &str, fault: &Fault) {
        let mut number = 0;
        for _ in 0..MINUTE.as_secs() / STEP.as_secs() {
            tokio::time::advance(STEP).await;
            // Somebody else fetches, so that these do not wait even while it hangs.
            self.known_are_let_in(fault);
            let strangers: Vec<_> = (number..number + STRANGERS).map(|kid| unknown(&self.known[0], kid)).collect();
            number += STRANGERS;
            let storm = join_all(strangers.iter().map(|token| self.server.authenticate(token)));
            for judged in driven(self.provider, path, storm).await {
                match judged {
                    Err(Refusal::Invalid(InvalidToken::UnknownKey)) => {}
                    Err(Refusal::Unavailable { retry_after, .. }) if retry_after <= cool_down() => {}
                    other => panic!("{fault:?}: {other:?}"),
                }
            }
            self.known_are_let_in(fault);
        }
    }

    fn known_are_let_in(&self, fault: &Fault) {
        for token in &self.known {
            self.at_once(token).unwrap_or_else(|refusal| panic!("{fault:?}: {refusal}"));
        }
    }

    fn at_once(&self, token: &str) -> Result<Principal, Refusal> {
        self.server.authenticate(token).now_or_never().expect("nobody has to be waited for")
    }

    async fn judge(&self, token: &str, path: &str) -> Result<Principal, Refusal> {
        driven(self.provider, path, self.server.authenticate(token)).await
    }

    fn keys_state(&self) -> KeysState {
        self.server.issuers()[0].keys.clone()
    }

    /// Nothing more has to happen than that time passes.
    async fn recover(&self, provider: &OidcProvider) {
        tokio::time::advance(cool_down()).await;
        let fresh = async {
            while !matches!(self.keys_state(), KeysState::Fresh) {
                // A round trip, in which others have their turn.
                provider.count(JWKS).await;
            }
        };
        patiently("fresh keys", fresh).await;
        for token in &self.known {
            self.at_once(token).unwrap();
        }
    }
}

/// All signed kinds are accepted here, and each token is judged by its key each time.
fn server(provider: &OidcProvider) -> ResourceServer {
    let mut config = config_of(provider, "RS256");
    config.issuers[0].audiences = ["ES256", "EdDSA"].map(|kind| Audience::new(resource(kind).as_str())).to_vec();
    config.limits.keys_fresh_for = FRESH_FOR;
    config.limits.keys_fresh_min = FRESH_FOR;
    config.limits.keys_fresh_max = FRESH_FOR;
    config.limits.cached_for = Duration::ZERO;
    build(config)
}

/// Waits for something that may have to wait for the provider: where nothing comes of it, and nothing more comes to this
/// path, the time goes by that an issuer may take.
async fn driven<F: Future>(provider: &OidcProvider, path: &str, waiting: F) -> F::Output {
    let mut waiting = std::pin::pin!(waiting);
    let mut seen = provider.count(path).await;
    loop {
        let stuck = async {
            // The provider has answered so much meanwhile that it would have answered this too.
            let mut calm = 0;
            while calm < 50 {
                let now = provider.count(path).await;
                calm = if now == seen { calm + 1 } else { 0 };
                seen = now;
            }
        };
        tokio::select! {
            biased;
            ended = &mut waiting => return ended,
            () = stuck => tokio::time::advance(ISSUER_TIMEOUT).await,
        }
    }
}

/// The token with the name of a key that there is not. Its signature is as good as any: nobody gets so far.
fn unknown(token: &str, number: usize) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"unknown-{number}"}}"#);
    format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header))
}
