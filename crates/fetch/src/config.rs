//! The bounds of a fetch, with their defaults and reasons.

use std::time::Duration;

/// What a [`crate::Fetcher`] is built from. Every default is safe for documents fetched from strangers.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Longest wait for name lookup, TCP and TLS together. Default 5 s.
    pub connect_timeout: Duration,
    /// The bounds of requests that bring none of their own.
    pub limits: Limits,
    /// The `User-Agent` of every request. Default `outboard/<version>`.
    pub user_agent: String,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            limits: Limits::default(),
            user_agent: concat!("outboard/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The bounds of one request and its answer. `Duration::MAX` means that the wait has no bound of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait from the start (connecting included) until the answer's head is there. Default 10 s.
    pub head_timeout: Duration,
    /// Longest wait between two pieces of the body. Default 10 s.
    pub idle_timeout: Duration,
    /// Longest time for everything together, so that a byte now and then cannot hold the caller. Default 30 s.
    pub total_timeout: Duration,
    /// Most bytes of a body, in one piece or streamed. Default 256 KiB: more than any metadata document needs.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            body_bytes_max: 256 * 1024,
        }
    }
}
