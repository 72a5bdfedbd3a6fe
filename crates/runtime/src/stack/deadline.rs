//! Bounds the time that a call may take.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::outcome::{CallError, Outcome};

#[derive(Clone)]
pub(crate) struct DeadlineLayer {
    deadline: Duration,
}

impl DeadlineLayer {
    pub(crate) const fn new(deadline: Duration) -> Self {
        Self { deadline }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { deadline: self.deadline, inner }
    }
}

#[derive(Clone)]
pub(crate) struct Deadline<S> {
    deadline: Duration,
    inner: S,
}

impl<S> Service<Call> for Deadline<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let future = tokio::time::timeout(self.deadline, self.inner.call(call));
        ResponseFuture { future, deadline: self.deadline }
    }
}

pin_project! {
    /// Ends with the answer or with the deadline; the handler's future is dropped then.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: Timeout<F>,
        deadline: Duration,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(cx).map(|in_time| in_time.unwrap_or(Ok(Err(CallError::Deadline { deadline: *this.deadline }))))
    }
}
