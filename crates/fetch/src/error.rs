//! What can go wrong with a fetch, sorted by whose fault it is.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;

use crate::address::SpecialUse;
use crate::resolve::RefusedAddress;

/// Why a request has no usable answer.
///
/// The messages name hosts and addresses: show them to the person who typed the URL and to the log,
/// never to a remote caller.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    // The URL: its host is where this request may not go.
    /// The name leads to special-use addresses only, and the target may reach public ones only.
    #[error("{host} is at {address}, a {special_use} address, and this URL may only reach public ones")]
    AddressRefused {
        /// The name (or `host:port` if it was seen on the open connection).
        host: String,
        /// The first refused address.
        address: IpAddr,
        /// What is special about it.
        special_use: SpecialUse,
    },
    /// The connection does not tell its peer's address, so that a target limited to public ones cannot be judged.
    #[error("the connection to {host} does not tell its peer's address")]
    PeerUnknown {
        /// Host and port.
        host: String,
    },

    // The way there: nobody answered as a server.
    /// The name has no address.
    #[error("the name of {host} does not resolve: {cause}")]
    Unresolved {
        /// Host and port.
        host: String,
        /// What the resolver said.
        cause: Cause,
    },
    /// Nothing accepts connections there.
    #[error("no connection to {host}: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the operating system said.
        cause: Cause,
    },
    /// The TLS handshake failed; usually the certificate is not trusted.
    #[error("no TLS connection to {host}: {cause}")]
    Tls {
        /// Host and port.
        host: String,
        /// What TLS said.
        cause: Cause,
    },

    // The peer: it answered, but not as it should.
    /// A bound on waiting was reached.
    #[error("{host} did not {phase} within {after:?}")]
    Timeout {
        /// Host and port.
        host: String,
        /// What was waited for.
        phase: Phase,
        /// The bound that was reached.
        after: Duration,
    },
    /// The answer is a redirect. Redirects are never followed.
    #[error("{host} answered {status} with a redirect to {}, and redirects are not followed", location.as_deref().unwrap_or("nowhere"))]
    Redirect {
        /// Host and port.
        host: String,
        /// A 3xx status other than 304.
        status: StatusCode,
        /// The `Location` header, if it is text; cut at 512 characters.
        location: Option<String>,
    },
    /// The body is longer than [`crate::Limits::body_bytes_max`].
    #[error("the answer of {host} is longer than {bytes_max} bytes")]
    BodyTooLarge {
        /// Host and port.
        host: String,
        /// The bound that was reached.
        bytes_max: usize,
    },
    /// The peer does not speak HTTP, or ended the connection in the middle of its answer.
    #[error("{host} broke off its answer or does not speak HTTP: {cause}")]
    Broken {
        /// Host and port.
        host: String,
        /// What the HTTP layer said.
        cause: Cause,
    },
}

/// What a fetch was waiting for when its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Name lookup, TCP and TLS.
    Connect,
    /// The status line and headers.
    Head,
    /// The next piece of the body.
    Idle,
    /// The end of the body.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "accept a connection",
            Self::Head => "start its answer",
            Self::Idle => "send more of its answer",
            Self::Total => "finish its answer",
        })
    }
}

/// Why a [`crate::Fetcher`] cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configured `User-Agent` is not a header value.
    #[error("the user agent is not a valid header value")]
    UserAgent,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {cause}")]
    Client {
        /// What it said.
        cause: Cause,
    },
}

/// The innermost reason of a failure in the layers below, without the URL.
pub struct Cause {
    error: reqwest::Error,
}

impl Cause {
    pub(crate) fn new(error: reqwest::Error) -> Self {
        Self { error: error.without_url() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let innermost = chain(&self.error).last();
        write!(f, "{}", innermost.unwrap_or(&self.error))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Sorts a failure that came before the answer's head.
pub(crate) fn before_head(error: reqwest::Error, host: String, connect_timeout: Duration) -> FetchError {
    if let Some(refused) = find::<RefusedAddress>(&error) {
        return FetchError::AddressRefused {
            host: refused.host.clone(),
            address: refused.address,
            special_use: refused.special_use,
        };
    }
    if error.is_connect() && error.is_timeout() {
        return FetchError::Timeout { host, phase: Phase::Connect, after: connect_timeout };
    }
    let (is_dns, is_connect) = (error.is_dns(), error.is_connect());
    let is_tls = find::<rustls::Error>(&error).is_some();
    let cause = Cause::new(error);
    match (is_dns, is_tls, is_connect) {
        (true, ..) => FetchError::Unresolved { host, cause },
        (_, true, _) => FetchError::Tls { host, cause },
        (.., true) => FetchError::Unreachable { host, cause },
        (false, false, false) => FetchError::Broken { host, cause },
    }
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|link| link.downcast_ref())
}

/// The error and its sources, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&link| {
        // An I/O error hides what it wraps: its `source` is already the source of the wrapped error.
        let wrapped = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => link.source(),
        }
    })
}
