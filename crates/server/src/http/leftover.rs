//! Reads the rest of a body that nobody wants, so that its connection can be used again.
//!
//! Many requests are answered before their body has come: without a token, for a foreign Origin, at a wrong path. Dropping
//! the body would make hyper close the connection, and a client that sends head and body apart, or its next request on the
//! same connection, would be cut off in the middle of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio_util::task::TaskTracker;
use tower_layer::Layer;
use tower_service::Service;

/// How long the rest may take. A connection whose client takes longer is closed, as it would have been at once.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct LeftoverLayer {
    tasks: TaskTracker,
    bytes_max: usize,
}

impl LeftoverLayer {
    /// Reads rests of at most so many bytes, in tasks of this tracker.
    pub(crate) const fn new(tasks: TaskTracker, bytes_max: usize) -> Self {
        Self { tasks, bytes_max }
    }
}

impl<S> Layer<S> for LeftoverLayer {
    type Service = Leftover<S>;

    fn layer(&self, inner: S) -> Leftover<S> {
        Leftover { rest: self.clone(), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Leftover<S> {
    rest: LeftoverLayer,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Leftover<S>
where
    S: Service<Request<Wanted<B>>, Response = Response<R>, Error = Infallible>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        // Most requests without a body need no look at what becomes of it.
        let rest = (!body.is_end_stream()).then(|| self.rest.clone());
        self.inner.call(Request::from_parts(head, Wanted { body: Some(body), rest }))
    }
}

/// A body that is read to its end by somebody: by who was given it, or else here.
pub(crate) struct Wanted<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    /// There until it is dropped.
    body: Option<B>,
    /// `None`: nothing is left.
    rest: Option<LeftoverLayer>,
}

impl<B> Body for Wanted<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.rest = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B> Drop for Wanted<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if let (Some(body), Some(LeftoverLayer { tasks, bytes_max })) = (self.body.take(), self.rest.take())
            && !body.is_end_stream()
        {
            tasks.spawn(async move { drop(tokio::time::timeout(PATIENCE, read_out(body, bytes_max)).await) });
        }
    }
}

/// Reads to the end, or to the bound.
async fn read_out<B: Body<Data = Bytes> + Unpin>(mut body: B, mut bytes_left: usize) {
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match bytes_left.checked_sub(bytes) {
            Some(left) => bytes_left = left,
            None => return,
        }
    }
}
