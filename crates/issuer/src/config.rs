//! What an issuer is built from, with its bounds, their defaults and their reasons.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use outboard_fetch::Reach;
use serde_json::{Map, Value};
use url::Url;

use crate::client::StaticClient;
use crate::keys::SigningAlgorithm;

/// What an [`crate::Issuer`] is built from.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The issuer: an `http` URL of a loopback host, with or without a path. Every endpoint lies below it.
    pub issuer: Url,
    /// The resources that tokens are issued for (RFC 8707), as they are written into `aud`. Exactly one is also the
    /// default of a request that names none.
    pub resources: Vec<String>,
    /// The scopes that may be granted; also what a request without `scope` asks for.
    pub scopes: Vec<String>,
    /// Who may sign in. Default: `alice` and `bob`.
    pub users: Vec<TestUser>,
    /// The clients that are registered from the start.
    pub clients: Vec<StaticClient>,
    /// `https` redirect URIs that clients may have besides those of this machine; compared as text. Others are refused.
    pub allow_redirect: Vec<String>,
    /// Origins of web pages that may call token, registration, introspection and revocation, such as
    /// `http://localhost:6274`. Default: none.
    pub allowed_origins: Vec<String>,
    /// Signs in this test user and approves whatever is asked, without a page: for scripts without a browser. Any web page
    /// that the browser visits can then start a flow that nobody sees. Default: nobody.
    pub dangerous_auto_approve: Option<String>,
    /// Where client ID metadata documents may be fetched from. [`Reach::AnyAddress`] also admits `http` URLs, and is for
    /// tests: with it, anybody who reaches this server reaches what this machine reaches. Default: public addresses only.
    pub dangerous_document_reach: Reach,
    /// What access tokens are signed with. Default: ES256.
    pub signing_algorithm: SigningAlgorithm,
    /// How long a code can be redeemed. Default 60 s.
    pub code_ttl: Duration,
    /// How long an access token is valid. Default 10 min.
    pub access_token_ttl: Duration,
    /// How long a grant can be refreshed, counted from its code. Default 24 h.
    pub refresh_ttl: Duration,
    /// The numbers of everything that is kept.
    pub bounds: Bounds,
    /// Where the time comes from. Default: the machine.
    pub clock: Clock,
}

impl IssuerConfig {
    /// A configuration with two users, no client and no resource yet: add at least one resource.
    #[must_use]
    pub fn new(issuer: Url) -> Self {
        Self {
            issuer,
            resources: Vec::new(),
            scopes: Vec::new(),
            users: vec![TestUser::new("alice"), TestUser::new("bob")],
            clients: Vec::new(),
            allow_redirect: Vec::new(),
            allowed_origins: Vec::new(),
            dangerous_auto_approve: None,
            dangerous_document_reach: Reach::PublicOnly,
            signing_algorithm: SigningAlgorithm::Es256,
            code_ttl: Duration::from_secs(60),
            access_token_ttl: Duration::from_secs(10 * 60),
            refresh_ttl: Duration::from_secs(24 * 60 * 60),
            bounds: Bounds::default(),
            clock: Clock::default(),
        }
    }
}

/// Somebody who may sign in, without a password.
#[derive(Debug, Clone)]
pub struct TestUser {
    /// What the sign-in page calls them.
    pub name: String,
    /// The `sub` of their tokens.
    pub subject: String,
    /// The scopes that they may grant; `None` is every configured one.
    pub scopes: Option<Vec<String>>,
    /// Claims that their access tokens carry besides, such as `groups` or `tenant`.
    pub claims: Map<String, Value>,
}

impl TestUser {
    /// A user whose subject is the name, with every scope and no further claims.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), subject: name.to_owned(), scopes: None, claims: Map::new() }
    }
}

/// The most that is kept or read of each thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most dynamically registered clients. An unused one ends after 24 h, without place a new one is refused. Default 1000.
    pub clients_max: usize,
    /// Most registrations in a minute, over all callers: on loopback they all have one address. 0 turns registration
    /// off. Default 60.
    pub registrations_per_minute: u32,
    /// Most sessions of people who signed in, most of browsers in which nobody has yet, and most requests that wait for an
    /// answer in all of either kind; the oldest of the same kind makes place. Default 1000.
    pub sessions_max: usize,
    /// Most requests of one session that wait for an answer; the oldest makes place. Default 16.
    pub pending_max: usize,
    /// Most codes that are remembered. Default 1000.
    pub codes_max: usize,
    /// Most grants, access tokens and refresh tokens, each. Default 10 000.
    pub tokens_max: usize,
    /// Most bytes of a body, client metadata included. Default 16 KiB.
    pub body_bytes_max: usize,
    /// Longest wait for a whole body, counted from its head. Default 10 s.
    pub body_timeout: Duration,
    /// Most redirect URIs of a client. Default 20.
    pub redirect_uris_max: usize,
    /// Most client ID metadata documents that are remembered. Default 100.
    pub documents_max: usize,
    /// Most documents that are fetched at one time. Default 4.
    pub document_fetches_max: usize,
    /// Most bytes of a client ID metadata document. Default 64 KiB.
    pub document_bytes_max: usize,
    /// Longest wait for a client ID metadata document. Default 5 s.
    pub document_timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            clients_max: 1000,
            registrations_per_minute: 60,
            sessions_max: 1000,
            pending_max: 16,
            codes_max: 1000,
            tokens_max: 10_000,
            body_bytes_max: 16 * 1024,
            // Far longer than 16 KiB take on this machine.
            body_timeout: Duration::from_secs(10),
            redirect_uris_max: 20,
            documents_max: 100,
            document_fetches_max: 4,
            document_bytes_max: 64 * 1024,
            document_timeout: Duration::from_secs(5),
        }
    }
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    #[must_use]
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time since 1970; 1970 if the clock stands before it.
    pub(crate) fn now(&self) -> Duration {
        (self.0)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in when nobody brings another")]
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
