//! Paths: health, the MCP endpoint, a hint for people, and nothing else.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{Method, Request, Response, StatusCode};
use outboard_transport::{Body, StreamableHttp};
use tower_layer::Layer;
use tower_service::Service;

/// Whether the server takes work. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    draining: Arc<AtomicBool>,
}

impl Health {
    /// From now on the server is not ready: it is about to end.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn response(&self, path: &str) -> Option<Response<Body>> {
        match path {
            "/livez" => Some(super::text(StatusCode::OK, "ok\n")),
            "/readyz" | "/healthz" | "/health" if self.draining.load(Ordering::Relaxed) => {
                Some(super::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"))
            }
            "/readyz" | "/healthz" | "/health" => Some(super::text(StatusCode::OK, "ok\n")),
            _ => None,
        }
    }
}

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

/// Answers `GET /livez` and `GET /readyz` (also as `/healthz` and `/health`) and passes all else on.
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
        match asked.then(|| self.health.response(request.uri().path())).flatten() {
            Some(response) => Either::Right(std::future::ready(Ok(response))),
            None => Either::Left(self.inner.call(request)),
        }
    }
}

/// The end of the HTTP stack: the transport at its path, a hint at `/`, 404 elsewhere.
#[derive(Clone)]
pub(crate) struct Routes {
    transport: StreamableHttp,
    path: Arc<str>,
}

impl Routes {
    pub(crate) fn new(transport: StreamableHttp, path: &str) -> Self {
        Self { transport, path: path.into() }
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<<StreamableHttp as Service<Request<B>>>::Future, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.transport, cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        if path == &*self.path {
            return Either::Left(self.transport.call(request));
        }
        let response = if path == "/" && matches!(*request.method(), Method::GET | Method::HEAD) {
            super::text(StatusCode::OK, format!("This is an MCP server. Its endpoint is {}\n", self.path))
        } else {
            super::text(StatusCode::NOT_FOUND, format!("There is nothing here. The MCP endpoint is {}\n", self.path))
        };
        Either::Right(std::future::ready(Ok(response)))
    }
}
