//! The HTTP stack: what a request passes before it reaches the transport.

mod cors;
mod forwarded;
mod request_id;
mod routes;

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use outboard_transport::{Body, HostOriginLayer, HostOriginPolicy, StreamableHttp};
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;
use tower_service::Service;

pub(crate) use cors::cors;
use forwarded::ForwardedLayer;
pub(crate) use forwarded::Forwarding;
use request_id::RequestIdLayer;
pub(crate) use routes::Health;
use routes::{HealthLayer, Routes};

/// Builds the stack, from the outside in.
pub(crate) fn stack(
    transport: StreamableHttp,
    path: &str,
    policy: HostOriginPolicy,
    pages: Option<CorsLayer>,
    forwarding: Forwarding,
    health: Health,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    ServiceBuilder::new()
        // Names the request in the log and in the response, whatever becomes of it.
        .layer(RequestIdLayer)
        // Whoever asks after our health, a balancer mostly, does so by address: before Host is judged.
        .layer(HealthLayer::new(health))
        // Keeps foreign web pages out, whatever path and method they try.
        .layer(HostOriginLayer::new(policy))
        // Says of a preflight's answer that it has no content.
        .map_response(cors::with_preflight_status)
        // Answers the preflights of the pages that may call, and lets them read what they are answered.
        .option_layer(pages)
        // Without authentication, a proxy in front would make everyone the local user.
        .layer(ForwardedLayer::new(forwarding))
        .service(Routes::new(transport, path))
}

/// A response of plain text.
fn text(status: http::StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(text.into()));
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response
}
