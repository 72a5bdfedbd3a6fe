//! The paths of probes: whether the process is alive, whether it is ready, and a summary.

use std::future::Ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use outboard_transport::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::health::Health;

#[derive(Clone)]
pub(crate) struct HealthLayer {
    health: Health,
}

impl HealthLayer {
    pub(crate) const fn new(health: Health) -> Self {
        Self { health }
    }
}

impl<S> Layer<S> for HealthLayer {
    type Service = HealthRoutes<S>;

    fn layer(&self, inner: S) -> HealthRoutes<S> {
        HealthRoutes { health: self.health.clone(), inner }
    }
}

/// Answers `GET` and `HEAD` of `/livez`, `/readyz` and `/healthz` (also `/health`), and passes all else on.
#[derive(Clone)]
pub(crate) struct HealthRoutes<S> {
    health: Health,
    inner: S,
}

impl<S, B> Service<Request<B>> for HealthRoutes<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let asked = matches!(*request.method(), Method::GET | Method::HEAD);
        match asked.then(|| response(&self.health, request.uri().path())).flatten() {
            Some(response) => Either::Right(std::future::ready(Ok(response))),
            None => Either::Left(self.inner.call(request)),
        }
    }
}

fn response(health: &Health, path: &str) -> Option<Response<Body>> {
    let (status, body) = match path {
        // That it answers is all that there is to say: who is alive and not ready must not be restarted for it.
        "/livez" => (StatusCode::OK, Bytes::from_static(b"{\"status\":\"alive\"}\n")),
        "/readyz" => health.readiness(),
        "/healthz" | "/health" => health.summary(),
        _ => return None,
    };
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}
