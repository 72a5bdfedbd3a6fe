//! The HTTP stack: what a request passes before it reaches the transport.

mod auth;
mod cors;
mod ending;
mod forwarded;
mod health;
mod issuer;
mod leftover;
mod request_id;
mod routes;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use outboard_auth::ResourceServer;
use outboard_issuer::Issuer;
use outboard_transport::{Body, HostOriginLayer, HostOriginPolicy, StreamableHttp};
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;
use tower_service::Service;

pub(crate) use cors::cors;
pub(crate) use ending::ending;
use forwarded::ForwardedLayer;
pub(crate) use forwarded::Forwarding;
use health::HealthLayer;
use issuer::IssuerLayer;
pub(crate) use issuer::as_ours;
use leftover::LeftoverLayer;
use request_id::RequestIdLayer;
use routes::{Endpoint, Routes};

use crate::health::Health;

/// What is served over HTTP, and to whom.
pub(crate) struct Site {
    pub(crate) transport: StreamableHttp,
    /// The path of the MCP endpoint.
    pub(crate) path: Box<str>,
    pub(crate) policy: HostOriginPolicy,
    /// For web pages of other origins, where there are any.
    pub(crate) pages: Option<CorsLayer>,
    pub(crate) forwarding: Forwarding,
    pub(crate) health: Health,
    /// Judges tokens; `None`: nobody is asked for one.
    pub(crate) resource_server: Option<ResourceServer>,
    /// The issuer for development.
    pub(crate) issuer: Option<Issuer>,
    /// Runs what is left to do after a response.
    pub(crate) tasks: TaskTracker,
    /// The longest body of a request, in bytes.
    pub(crate) body_bytes_max: usize,
}

/// Builds the stack, from the outside in.
pub(crate) fn stack(
    site: Site,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let metadata = site.resource_server.as_ref().map(|server| auth::metadata(server, &site.path));
    ServiceBuilder::new()
        // Whoever answers before the body has come leaves a connection that can be used again.
        .layer(LeftoverLayer::new(site.tasks, site.body_bytes_max))
        // Names the request in the log and in the response, whatever becomes of it.
        .layer(RequestIdLayer)
        // Whoever asks after our health, a balancer mostly, does so by address: before Host is judged.
        .layer(HealthLayer::new(site.health))
        // Where to get a token is for everybody to know, web pages included, and says nothing but what the config has.
        .option_layer(metadata)
        // Judges Host and Origin itself, and more strictly for some of its paths.
        .option_layer(site.issuer.map(IssuerLayer::new))
        // Keeps foreign web pages out, whatever path and method they try.
        .layer(HostOriginLayer::new(site.policy))
        // Says of a preflight's answer that it has no content.
        .map_response(cors::with_preflight_status)
        // Answers the preflights of the pages that may call, and lets them read what they are answered.
        .option_layer(site.pages)
        // Without authentication, a proxy in front would make everyone the local user.
        .layer(ForwardedLayer::new(site.forwarding))
        .service(Routes::new(Endpoint::new(site.transport, site.resource_server), &site.path))
}

/// A response of plain text.
fn text(status: http::StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(text.into()));
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response
}
