//! Bounds and times of the HTTP transport.

use std::time::Duration;

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
    /// The same for a legacy call. Default: 250 ms.
    pub stream_after_legacy: Duration,
    /// How often a silent stream carries a comment, so that nobody in between ends it. Default: 15 s.
    pub keep_alive: Duration,
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
    pub const fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            body_bytes_max: 4 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            stream_after_modern: Duration::from_secs(10),
            stream_after_legacy: Duration::from_millis(250),
            keep_alive: Duration::from_secs(15),
        }
    }
}
