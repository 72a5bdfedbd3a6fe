//! The layer: who is let through, what the others are answered, and what the service behind sees.

mod judging;
mod logs;
mod presentation;
mod scopes;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header, request};
use outboard_auth::{
    ApiKey, AuthLayer, AuthService, Clock, FetchConfig, Fetcher, InboundToken, IssuerConfig, Principal, Reach,
    ResourceServer, ResourceServerConfig, denied_response,
};
use outboard_testkit::authority::Authority;
use outboard_testkit::mint::Mint;
use tower::{Layer as _, Service, ServiceExt as _};

/// When the mint's clock stands, in seconds since 1970.
pub(crate) const NOW: u64 = 1_785_240_000;

/// What is protected, and where its metadata is.
pub(crate) const RESOURCE: &str = "https://mcp.example/mcp";
pub(crate) const METADATA: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";

/// The key of Alice, who may read.
pub(crate) const KEY: &str = "alices-key-0123456789-0123456789";

/// A config of this resource with Alice's key, and `notes:read` to ask for first.
pub(crate) fn config(resource: &str) -> ResourceServerConfig {
    let mut config = ResourceServerConfig::new(resource.parse().unwrap());
    config.initial_scopes = "notes:read".parse().unwrap();
    config.api_keys = vec![ApiKey::from_key("alice", KEY, "notes:read".parse().unwrap()).unwrap()];
    config.clock = Clock::new(|| UNIX_EPOCH + Duration::from_secs(NOW));
    config
}

/// A resource server of this config.
pub(crate) fn server(config: ResourceServerConfig) -> ResourceServer {
    ResourceServer::new(config, Fetcher::new(FetchConfig::default()).unwrap()).unwrap()
}

/// A resource server that accepts this issuer's tokens beside Alice's key, and the mint of those tokens.
pub(crate) async fn with_issuer() -> (Authority, Mint, ResourceServer) {
    let authority = Authority::start().await;
    let mint = Mint::new(authority.issuer(), RESOURCE, NOW);
    authority.set_keys(mint.keys());
    let mut issuer = IssuerConfig::jwt(authority.issuer());
    issuer.reach = Reach::AnyAddress;
    let server = server(config(RESOURCE).issuer(issuer));
    (authority, mint, server)
}

/// A body that nobody can read: whoever lets it through or refuses it has not looked at it.
pub(crate) struct Unread;

/// The service behind the layer. It keeps what it sees, and is as strict as a service may be: a clone has to be asked
/// whether it is ready before it is called.
#[derive(Default)]
pub(crate) struct Behind {
    seen: Arc<Mutex<Vec<request::Parts>>>,
    is_ready: bool,
}

impl Behind {
    /// What it has seen, also through its clones.
    pub(crate) fn seen(&self) -> Vec<request::Parts> {
        self.seen.lock().unwrap().clone()
    }
}

impl Clone for Behind {
    fn clone(&self) -> Self {
        Self { seen: Arc::clone(&self.seen), is_ready: false }
    }
}

impl Service<Request<Unread>> for Behind {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Unread>) -> Self::Future {
        assert!(self.is_ready, "a service that is not ready was called");
        self.is_ready = false;
        self.seen.lock().unwrap().push(request.into_parts().0);
        ready(Ok(Response::new(Bytes::from_static(b"served"))))
    }
}

/// A request with this method and URI.
pub(crate) fn request(method: &str, uri: &str) -> Request<Unread> {
    Request::builder().method(method).uri(uri).body(Unread).unwrap()
}

/// A request with this token.
pub(crate) fn bearing(token: &str) -> Request<Unread> {
    let mut request = request("POST", "/mcp");
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    request
}

/// Sends a request to a service.
pub(crate) async fn send<S>(service: &S, request: Request<Unread>) -> Response<Bytes>
where
    S: Service<Request<Unread>, Response = Response<Bytes>, Error = Infallible, Future: Send> + Clone + Send + Sync,
{
    service.clone().oneshot(request).await.unwrap()
}

/// A header of an answer; empty where there is none. There is never more than one.
pub(crate) fn header_of(response: &Response<Bytes>, name: HeaderName) -> &str {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next().map_or("", |value| value.to_str().unwrap());
    assert_eq!(values.next(), None, "a header stands once");
    value
}

/// The challenge of an answer, which must not be kept by anybody in between.
pub(crate) fn challenge_of(response: &Response<Bytes>) -> &str {
    assert_eq!(header_of(response, header::CACHE_CONTROL), "no-store");
    header_of(response, header::WWW_AUTHENTICATE)
}
