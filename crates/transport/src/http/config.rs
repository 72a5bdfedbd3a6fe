//! Bounds and times of the HTTP transport.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::legacy::QUESTIONS_MAX;
use crate::subscription::SubscriptionLimits;

/// Bounds and times of the HTTP transport.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where the caller's identity comes from.
    pub authentication: Authentication,
    /// The longest body, in bytes. Default: 4 MiB.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive. Default: 30 s.
    pub body_timeout: Duration,
    /// How long a modern call may work in silence before its answer becomes a stream, which keeps the connection alive.
    /// Default: 10 s.
    pub stream_after_modern: Duration,
    /// How often a silent stream carries a comment, so that nobody in between ends it. Default: 15 s.
    pub keep_alive: Duration,
    /// How many streams that wait for notifications one principal may have open at a time. Default: 64.
    pub streams_max_per_principal: usize,
    /// The same over all principals. Default: 10,000.
    pub streams_max: usize,
    /// What one listen request, or one legacy session, may subscribe to.
    pub subscriptions: SubscriptionLimits,
    /// Sessions of legacy clients, and what happens in them.
    pub legacy: LegacyConfig,
}

/// Bounds and times of the sessions of legacy clients.
#[derive(Clone, Debug)]
pub struct LegacyConfig {
    /// How long a session lives, used or not. Default: 7 days.
    pub session_max_age: Duration,
    /// How many sessions one principal may open per second, once its burst is used up. Default: 20.
    pub initialize_rate: NonZeroU32,
    /// How many it may open at once. Default: 200.
    pub initialize_burst: NonZeroU32,
    /// How long a call may work in silence before its answer becomes a stream, which keeps the connection alive. Default:
    /// 250 ms.
    pub stream_after: Duration,
    /// How many questions the clients of one principal may have open at a time; one session at most half of them, rounded
    /// up. How long each may stay open is the runtime's to say. Default: 32.
    pub questions_max: usize,
    /// How long a GET stream stays open, silent, beside a newer one of its session. Default: 60 s.
    pub get_takeover: Duration,
    /// When the connection of a stream ends, for its client to fetch the rest over a new one; sessions of 2025-11-25
    /// only. Default: never.
    pub connection_max: Option<Duration>,
    /// How long a client is told to wait before it comes back (`retry`). Default: 1 s.
    pub retry: Duration,
    /// How many events of one answer are kept for its resumption. Default: 1,000.
    pub event_entries: usize,
    /// How many bytes of them. Default: 4 MiB.
    pub event_bytes: usize,
    /// For how long. Default: 5 min.
    pub event_age: Duration,
}

impl Default for LegacyConfig {
    fn default() -> Self {
        Self {
            session_max_age: Duration::from_secs(7 * 24 * 60 * 60),
            initialize_rate: const { NonZeroU32::new(20).unwrap() },
            initialize_burst: const { NonZeroU32::new(200).unwrap() },
            stream_after: Duration::from_millis(250),
            questions_max: QUESTIONS_MAX,
            get_takeover: Duration::from_secs(60),
            connection_max: None,
            retry: Duration::from_secs(1),
            event_entries: 1_000,
            event_bytes: 4 * 1024 * 1024,
            event_age: Duration::from_secs(5 * 60),
        }
    }
}

/// Where the caller's identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// A layer in front puts a [`Principal`](outboard_identity::Principal) into the request's extensions; a request
    /// without one is refused.
    RequestExtension,
    /// Nobody is asked who they are: all callers are the one local principal. For loopback only.
    None,
}

impl HttpConfig {
    /// The defaults, with the one thing that has none.
    #[must_use]
    pub fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            body_bytes_max: 4 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            stream_after_modern: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            streams_max_per_principal: 64,
            streams_max: 10_000,
            subscriptions: SubscriptionLimits::default(),
            legacy: LegacyConfig::default(),
        }
    }
}
