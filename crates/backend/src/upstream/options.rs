//! How a client behaves, with the default of every bound.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use outboard_protocol::types::Implementation;

/// In which era a server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EraChoice {
    /// Modern if the server understands that, legacy if not.
    #[default]
    Auto,
    /// 2026-07-28 or later only.
    Modern,
    /// 2025-11-25 or earlier only.
    Legacy,
}

/// How a client behaves. Every bound has a default.
#[derive(Clone)]
pub struct ClientOptions {
    /// The era. Default [`EraChoice::Auto`].
    pub era: EraChoice,
    /// What we say we are.
    pub client_info: Implementation,
    /// Sent with every request, for example `Authorization`. Headers of the protocol win over them. Default none.
    pub headers: HeaderMap,
    /// Longest time for one request other than a call. Default 30 s.
    pub request_timeout: Duration,
    /// Longest time for one call, whatever progress it makes. Default 5 min.
    pub call_timeout: Duration,
    /// Most bytes of one message from the server. Default 16 MiB.
    pub message_bytes_max: usize,
    /// Most bytes of everything that answers one request. Default 64 MiB.
    pub stream_bytes_max: usize,
    /// Most pages of a list. Default 100.
    pub pages_max: usize,
    /// Most tools of a list. Default 10 000.
    pub tools_max: usize,
    /// How often a call is repeated for a server that answers with `requestState` alone. Default 8.
    pub rounds_max: usize,
}

impl ClientOptions {
    /// The defaults, under a name.
    #[must_use]
    pub fn new(client_info: Implementation) -> Self {
        Self {
            era: EraChoice::default(),
            client_info,
            headers: HeaderMap::new(),
            request_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(300),
            message_bytes_max: 16 * 1024 * 1024,
            stream_bytes_max: 64 * 1024 * 1024,
            pages_max: 100,
            tools_max: 10_000,
            rounds_max: 8,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers may carry a token.
        f.debug_struct("ClientOptions").field("era", &self.era).finish_non_exhaustive()
    }
}
