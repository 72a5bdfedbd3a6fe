//! Lets through who was granted what a route needs.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{Request, Response, StatusCode};
use outboard_identity::{Principal, Requirement};
use tower_layer::Layer;
use tower_service::Service;

use super::answer::{denied_response, json, respond};

/// Puts a [`RequireService`] in front of a service, or of one route. It goes inside of the [`AuthLayer`](crate::AuthLayer).
#[derive(Clone, Debug)]
pub struct RequireLayer {
    requirement: Arc<Requirement>,
}

impl RequireLayer {
    /// A layer that asks for this.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self { requirement: Arc::new(requirement) }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService { requirement: Arc::clone(&self.requirement), inner }
    }
}

/// Passes on who was granted enough, and answers the others with [`denied_response`]. A request in which nobody has put a
/// [`Principal`] is answered 500: then the `AuthLayer` is missing, and that is not the client's fault.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    requirement: Arc<Requirement>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let satisfied = request.extensions().get::<Principal>().map(|who| who.granted().satisfy(&self.requirement));
        match satisfied {
            Some(Ok(())) => Either::Left(self.inner.call(request)),
            Some(Err(denied)) => Either::Right(ready(Ok(denied_response(denied)))),
            None => {
                tracing::error!("a route requires scopes, and no AuthLayer says who is asking");
                Either::Right(ready(Ok(respond(StatusCode::INTERNAL_SERVER_ERROR, json(&[("error", "server_error")])))))
            }
        }
    }
}
