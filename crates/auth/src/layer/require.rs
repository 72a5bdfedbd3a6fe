//! Lets through who was granted what a route needs.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{Extensions, Request, Response, StatusCode};
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

/// Passes on who was granted enough, and answers the others with [`denied_response`]. Where one of these stands behind
/// another, the refusal names what both require: who asked for the scopes of one alone would be refused by the other next. A
/// request in which nobody has put a [`Principal`] is answered 500: then the `AuthLayer` is missing, and that is not the
/// client's fault.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    requirement: Arc<Requirement>,
    inner: S,
}

/// What a request has been found to be granted on its way here.
#[derive(Clone)]
struct Required(Arc<Requirement>);

impl<S> RequireService<S> {
    /// What is required here and was before. `None`: nothing was before.
    fn with_earlier(&self, extensions: &Extensions) -> Option<Requirement> {
        let Required(earlier) = extensions.get()?;
        Some(Requirement::clone(earlier).and(Requirement::clone(&self.requirement)))
    }
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let extensions = request.extensions();
        let satisfied = extensions.get::<Principal>().map(|who| {
            let own = who.granted().satisfy(&self.requirement);
            own.map_err(|own| {
                self.with_earlier(extensions).and_then(|all| who.granted().satisfy(&all).err()).unwrap_or(own)
            })
        });
        match satisfied {
            Some(Ok(())) => {
                let all = self.with_earlier(extensions).map_or_else(|| Arc::clone(&self.requirement), Arc::new);
                request.extensions_mut().insert(Required(all));
                Either::Left(self.inner.call(request))
            }
            Some(Err(denied)) => Either::Right(ready(Ok(denied_response(denied)))),
            None => {
                tracing::error!("a route requires scopes, and no AuthLayer says who is asking");
                Either::Right(ready(Ok(respond(StatusCode::INTERNAL_SERVER_ERROR, json(&[("error", "server_error")])))))
            }
        }
    }
}
