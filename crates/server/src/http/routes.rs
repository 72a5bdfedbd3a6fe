//! Paths: the MCP endpoint, a hint for people, and nothing else.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{Method, Request, Response, StatusCode};
use outboard_auth::{AuthService, ResourceServer};
use outboard_transport::{Body, StreamableHttp};
use tower_layer::Layer;
use tower_service::Service;

use super::auth::Admitting;

/// The end of the HTTP stack: the MCP endpoint at its path, a hint at `/`, 404 elsewhere.
#[derive(Clone)]
pub(crate) struct Routes {
    endpoint: Endpoint,
    path: Arc<str>,
}

/// The MCP endpoint.
#[derive(Clone)]
pub(crate) struct Endpoint {
    transport: StreamableHttp,
    /// The same for who brings a token, where one is asked for.
    guarded: Option<AuthService<Admitting>>,
}

impl Endpoint {
    pub(crate) fn new(transport: StreamableHttp, resource_server: Option<ResourceServer>) -> Self {
        let guarded =
            resource_server.map(|server| super::auth::layer(server).layer(super::auth::admitting(&transport)));
        Self { transport, guarded }
    }

    fn call<B>(&mut self, request: Request<B>) -> Answering<B>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        match &mut self.guarded {
            Some(guarded) if is_served(request.method()) => Either::Right(guarded.call(request)),
            // A method that is not served is refused before anybody is asked who they are.
            _ => Either::Left(self.transport.call(request)),
        }
    }
}

/// The endpoint at work.
type Answering<B> =
    Either<<StreamableHttp as Service<Request<B>>>::Future, <AuthService<Admitting> as Service<Request<B>>>::Future>;

/// Whether the transport does more with a request than refuse its method.
const fn is_served(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::GET | Method::DELETE)
}

impl Routes {
    pub(crate) fn new(endpoint: Endpoint, path: &str) -> Self {
        Self { endpoint, path: path.into() }
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Answering<B>, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Both are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        if path == &*self.path {
            return Either::Left(self.endpoint.call(request));
        }
        let response = if path == "/" && matches!(*request.method(), Method::GET | Method::HEAD) {
            super::text(StatusCode::OK, format!("This is an MCP server. Its endpoint is {}\n", self.path))
        } else {
            super::text(StatusCode::NOT_FOUND, format!("There is nothing here. The MCP endpoint is {}\n", self.path))
        };
        Either::Right(std::future::ready(Ok(response)))
    }
}
