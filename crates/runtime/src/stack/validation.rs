//! Checks arguments before a handler sees them, and what a handler promised before the caller does.

pub(super) mod arguments;
mod results;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::Call;
use crate::outcome::Outcome;
use results::Promised;

#[derive(Clone)]
pub(crate) struct ValidationLayer;

impl<S> Layer<S> for ValidationLayer {
    type Service = Validation<S>;

    fn layer(&self, inner: S) -> Validation<S> {
        Validation { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Validation<S> {
    inner: S,
}

impl<S> Service<Call> for Validation<S>
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
        if let Some(refusal) = arguments::refusal(&call) {
            return ResponseFuture { future: Early::answered(refusal), promised: Promised::Nothing };
        }
        let promised = Promised::by(&call);
        ResponseFuture { future: Early::passed(self.inner.call(call)), promised }
    }
}

pin_project! {
    /// Ends with an answer that is what was promised.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: Early<F>,
        promised: Promised,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(outcome) = ready!(this.future.poll(cx));
        Poll::Ready(Ok(this.promised.hold(outcome)))
    }
}
