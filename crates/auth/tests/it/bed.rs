//! A resource server with an issuer that a test directs, a mint of that issuer's tokens, and clocks that stand still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, UNIX_EPOCH},
};

use futures_util::FutureExt as _;
use outboard_auth::{
    AuthLimits, Clock, FetchConfig, Fetcher, InvalidToken, IssuerConfig, KeysState, Principal, Reach, Refusal,
    ResourceServer, ResourceServerConfig,
};
use outboard_testkit::{authority::Authority, mint::Mint};

pub(crate) const RESOURCE: &str = "https://mcp.example/mcp";

/// Some time in 2026.
pub(crate) const NOW: u64 = 1_785_240_000;

pub(crate) struct Bed {
    pub(crate) authority: Authority,
    pub(crate) mint: Mint,
    pub(crate) server: ResourceServer,
    pub(crate) clock: TestClock,
    _still: Still,
}

impl Bed {
    /// An issuer that publishes its keys, and a server that accepts its JWTs.
    pub(crate) async fn new() -> Self {
        Self::with(|_, _| {}).await
    }

    /// The same, with a config that is changed before.
    pub(crate) async fn with(change: impl FnOnce(&Authority, &mut ResourceServerConfig)) -> Self {
        let authority = Authority::start().await;
        Self::of(authority, change)
    }

    /// The same with an issuer that is there already.
    pub(crate) fn of(authority: Authority, change: impl FnOnce(&Authority, &mut ResourceServerConfig)) -> Self {
        let mint = Mint::new(authority.issuer(), RESOURCE, NOW);
        authority.set_keys(mint.keys());
        let clock = TestClock::default();
        let mut config = config(&clock).issuer(jwt_issuer(authority.issuer()));
        change(&authority, &mut config);
        let server = ResourceServer::new(config, fetcher()).unwrap();
        Self { authority, mint, server, clock, _still: Still::hold() }
    }

    pub(crate) async fn authenticate(&self, token: &str) -> Result<Principal, Refusal> {
        self.server.authenticate(token).await
    }

    /// Moves both clocks.
    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        tokio::time::advance(by).await;
    }

    /// Moves only the clock by which spans of time go, so that tokens stay as they are.
    pub(crate) async fn wait(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    /// What is found out without waiting for anybody.
    #[track_caller]
    pub(crate) fn at_once(&self, token: &str) -> Result<Principal, Refusal> {
        self.server.authenticate(token).now_or_never().expect("nobody has to be waited for")
    }

    /// Another good token, which nobody remembers.
    pub(crate) fn fresh(&self) -> String {
        self.mint.good()
    }

    pub(crate) fn keys_state(&self) -> KeysState {
        self.server.issuers()[0].keys.clone()
    }
}

pub(crate) fn config(clock: &TestClock) -> ResourceServerConfig {
    let mut config = ResourceServerConfig::new(RESOURCE.parse().unwrap());
    config.clock = clock.clock();
    config
}

/// An issuer on loopback.
pub(crate) fn jwt_issuer(issuer: &str) -> IssuerConfig {
    let mut config = IssuerConfig::jwt(issuer);
    config.reach = Reach::AnyAddress;
    config
}

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(FetchConfig::default()).unwrap()
}

pub(crate) fn cool_down() -> Duration {
    AuthLimits::default().keys_cool_down
}

pub(crate) fn fresh_for() -> Duration {
    AuthLimits::default().keys_fresh_for
}

/// The time of day, moved by hand.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(NOW)))
    }
}

impl TestClock {
    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::new(move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::SeqCst)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

/// Keeps paused time from moving by itself while real sockets are waited for.
pub(crate) struct Still {
    _release: mpsc::Sender<()>,
}

impl Still {
    pub(crate) fn hold() -> Self {
        let (release, held) = mpsc::channel();
        // A blocking task keeps the clock where it is.
        drop(tokio::task::spawn_blocking(move || held.recv()));
        Self { _release: release }
    }
}

pub(crate) trait Refused {
    fn invalid(self) -> InvalidToken;
    fn unavailable(self) -> Duration;
}

impl Refused for Result<Principal, Refusal> {
    #[track_caller]
    fn invalid(self) -> InvalidToken {
        match self {
            Err(Refusal::Invalid(fault)) => fault,
            other => panic!("not refused as invalid: {other:?}"),
        }
    }

    #[track_caller]
    fn unavailable(self) -> Duration {
        match self {
            Err(Refusal::Unavailable { retry_after, .. }) => retry_after,
            other => panic!("not unavailable: {other:?}"),
        }
    }
}
