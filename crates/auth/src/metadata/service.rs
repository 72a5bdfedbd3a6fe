//! Serves the metadata in front of a service.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::ProtectedResourceMetadata;

/// Puts a [`MetadataService`] in front of a service. It goes outside of the [`AuthLayer`](crate::AuthLayer): who asks where
/// to get a token has none.
#[derive(Clone, Debug)]
pub struct MetadataLayer {
    metadata: ProtectedResourceMetadata,
}

impl MetadataLayer {
    /// A layer that serves this.
    #[must_use]
    pub const fn new(metadata: ProtectedResourceMetadata) -> Self {
        Self { metadata }
    }
}

impl<S> Layer<S> for MetadataLayer {
    type Service = MetadataService<S>;

    fn layer(&self, inner: S) -> MetadataService<S> {
        MetadataService { metadata: self.metadata.clone(), inner }
    }
}

/// Answers requests for the metadata and passes the others on.
#[derive(Clone, Debug)]
pub struct MetadataService<S> {
    metadata: ProtectedResourceMetadata,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for MetadataService<S>
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
        match self.metadata.response(&request) {
            None => Either::Left(self.inner.call(request)),
            Some(response) => Either::Right(ready(Ok(response))),
        }
    }
}
