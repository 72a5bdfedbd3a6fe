//! The client: two connection pools, one per reach, set up so that nothing happens behind the caller's back.

use std::sync::Arc;
use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use tokio::time::{Instant, timeout};

use crate::address::SpecialUse;
use crate::config::{FetchConfig, Limits};
use crate::error::{BuildError, Cause, FetchError, Phase, before_head};
use crate::request::Request;
use crate::resolve::SystemResolver;
use crate::response::Response;
use crate::target::{Reach, Target};

/// Sends requests within bounds. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Connections of one reach are never used for the other.
    public_only: reqwest::Client,
    any_address: reqwest::Client,
    connect_timeout: Duration,
    limits: Limits,
}

impl Fetcher {
    /// Builds a fetcher. TLS is rustls with aws-lc-rs and the platform's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR`
    /// are honoured); aws-lc-rs becomes the process's rustls provider unless the process has chosen one.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; in practice only for a `user_agent` that is not a header value. A machine without root
    /// certificates is not an error: `http` works there, and `https` is refused with [`FetchError::Tls`].
    pub fn new(config: FetchConfig) -> Result<Self, BuildError> {
        install_crypto_provider();
        let user_agent = HeaderValue::try_from(config.user_agent).map_err(|_| BuildError::UserAgent)?;
        Ok(Self {
            public_only: client(Reach::PublicOnly, &user_agent, config.connect_timeout)?,
            any_address: client(Reach::AnyAddress, &user_agent, config.connect_timeout)?,
            connect_timeout: config.connect_timeout,
            limits: config.limits,
        })
    }

    /// The limits of requests that bring none of their own.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends `request` and returns when the head of the answer is there, whatever its status is.
    ///
    /// # Errors
    ///
    /// [`FetchError`], also for a redirect (any 3xx but 304).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; whether the peer has acted on the request is unknown.
    pub async fn send(&self, request: Request) -> Result<Response, FetchError> {
        let started = Instant::now();
        let limits = request.limits.unwrap_or(self.limits);
        let target = request.target;
        let client = match target.reach() {
            Reach::PublicOnly => &self.public_only,
            Reach::AnyAddress => &self.any_address,
        };
        let sending =
            client.request(request.method, target.url().clone()).headers(request.headers).body(request.body).send();
        let (wait, phase) = if limits.head_timeout <= limits.total_timeout {
            (limits.head_timeout, Phase::Head)
        } else {
            (limits.total_timeout, Phase::Total)
        };
        let response = match timeout(wait, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                return Err(before_head(error, target.authority(), self.connect_timeout));
            }
            Err(_) => {
                return Err(FetchError::Timeout { host: target.authority(), phase, after: wait });
            }
        };
        check_peer(&target, &response)?;
        check_redirect(&target, &response)?;
        Ok(Response::new(response, target.authority(), limits, started))
    }
}

/// One client with every convenience off that would widen what a request does.
fn client(reach: Reach, user_agent: &HeaderValue, connect_timeout: Duration) -> Result<reqwest::Client, BuildError> {
    let builder = || {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(SystemResolver { reach }))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            // Another crate may switch these features on for all; a bound on bytes must count what was sent.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .user_agent(user_agent.clone())
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
    };
    builder()
        .build()
        // The one thing that can fail is loading the platform's roots, and plain http needs none.
        .or_else(|_| builder().tls_certs_only([]).build())
        .map_err(|error| BuildError::Client { cause: Cause::new(error) })
}

/// Servers on Node and uvicorn close an idle connection after 5 s; one that we reuse later than that
/// can be lost together with a request that must not be sent twice.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Most idle connections kept per host.
const POOL_IDLE_PER_HOST_MAX: usize = 32;

fn install_crypto_provider() {
    // The result says that the process has chosen already, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
}

/// Belt and braces behind the resolver: the address that is really connected.
fn check_peer(target: &Target, response: &reqwest::Response) -> Result<(), FetchError> {
    if target.reach() == Reach::AnyAddress {
        return Ok(());
    }
    let host = target.authority();
    let Some(peer) = response.remote_addr() else {
        return Err(FetchError::PeerUnknown { host });
    };
    match SpecialUse::of(peer.ip()) {
        None => Ok(()),
        Some(special_use) => Err(FetchError::AddressRefused { host, address: peer.ip(), special_use }),
    }
}

fn check_redirect(target: &Target, response: &reqwest::Response) -> Result<(), FetchError> {
    let status = response.status();
    // 304 says that the caller's own copy is still good.
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(());
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    Err(FetchError::Redirect {
        host: target.authority(),
        status,
        location: location.map(|text| text.chars().take(LOCATION_CHARS_MAX).collect()),
    })
}

/// A `Location` is kept for a person to read.
const LOCATION_CHARS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::check_peer;
    use crate::error::FetchError;
    use crate::target::{Reach, Target};

    #[test]
    fn a_connection_without_a_known_peer_is_refused_only_where_the_reach_is_public() {
        let response = || reqwest::Response::from(http::Response::new(""));
        let target = |reach| Target::parse("http://a.example/", reach).unwrap();
        let refused = check_peer(&target(Reach::PublicOnly), &response());
        assert!(matches!(refused, Err(FetchError::PeerUnknown { .. })), "{refused:?}");
        assert!(check_peer(&target(Reach::AnyAddress), &response()).is_ok());
    }
}
