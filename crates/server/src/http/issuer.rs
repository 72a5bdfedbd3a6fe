//! The issuer for development, on the listener of the server that it issues tokens for.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use outboard_issuer::Issuer;
use outboard_transport::Body;
use tower_layer::Layer;
use tower_service::Service;

#[derive(Clone)]
pub(crate) struct IssuerLayer {
    issuer: Issuer,
}

impl IssuerLayer {
    pub(crate) const fn new(issuer: Issuer) -> Self {
        Self { issuer }
    }
}

impl<S> Layer<S> for IssuerLayer {
    type Service = IssuerPaths<S>;

    fn layer(&self, inner: S) -> IssuerPaths<S> {
        IssuerPaths { issuer: self.issuer.clone(), inner }
    }
}

/// Has the issuer answer at its paths, and passes all else on.
#[derive(Clone)]
pub(crate) struct IssuerPaths<S> {
    issuer: Issuer,
    inner: S,
}

impl<S, B> Service<Request<B>> for IssuerPaths<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.issuer.handles(request.uri().path()) {
            return Either::Left(self.inner.call(request));
        }
        let answering = self.issuer.call(request);
        Either::Right(Box::pin(async move { Ok(as_ours(answering.await?).await) }))
    }
}

/// The issuer's response as the listener writes it.
pub(crate) async fn as_ours(response: Response<Full<Bytes>>) -> Response<Body> {
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    Response::from_parts(head, Body::full(body.to_bytes()))
}
