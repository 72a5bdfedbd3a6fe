//! Refuses what a proxy forwards while nobody is asked who they are: behind a proxy every caller would look like the local
//! user.

use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderMap, Request, Response, StatusCode};
use outboard_transport::Body;
use tower_layer::Layer;
use tower_service::Service;

/// Whether requests that a proxy forwarded are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwarding {
    /// They are: the operator said so.
    Served,
    /// They are not.
    Refused,
}

#[derive(Clone)]
pub(crate) struct ForwardedLayer {
    forwarding: Forwarding,
}

impl ForwardedLayer {
    pub(crate) const fn new(forwarding: Forwarding) -> Self {
        Self { forwarding }
    }
}

impl<S> Layer<S> for ForwardedLayer {
    type Service = Forwarded<S>;

    fn layer(&self, inner: S) -> Forwarded<S> {
        Forwarded { forwarding: self.forwarding, inner }
    }
}

#[derive(Clone)]
pub(crate) struct Forwarded<S> {
    forwarding: Forwarding,
    inner: S,
}

impl<S, B> Service<Request<B>> for Forwarded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, std::future::Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.forwarding == Forwarding::Refused && is_forwarded(request.headers()) {
            tracing::warn!("a proxy forwards requests to a server without authentication: they are refused");
            let refusal = super::text(
                StatusCode::FORBIDDEN,
                "this server runs without authentication and does not serve what a proxy forwards\n",
            );
            return Either::Right(std::future::ready(Ok(refusal)));
        }
        Either::Left(self.inner.call(request))
    }
}

/// Whether there is a header that only proxies write. One pass over what is there is cheaper than a search for each.
fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        matches!(
            name.as_str(),
            "forwarded" | "via" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-real-ip"
        )
    })
}
