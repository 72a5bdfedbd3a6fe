//! Turns a handler's panic into the failure of its own call.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::{CatchUnwind, FutureExt};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::Call;
use crate::outcome::{CallError, Outcome};

#[derive(Clone)]
pub(crate) struct CatchPanicLayer;

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner }
    }
}

#[derive(Clone)]
pub(crate) struct CatchPanic<S> {
    inner: S,
}

impl<S> Service<Call> for CatchPanic<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<ResponseFuture<S::Future>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        // A handler is given its call outside of its future, so it may panic here already. Nothing of ours is shared with
        // it that a panic could leave half changed.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(call))) {
            Ok(future) => Early::passed(ResponseFuture { future: AssertUnwindSafe(future).catch_unwind() }),
            Err(_) => Early::answered(Err(panicked())),
        }
    }
}

pin_project! {
    /// Ends with the answer, or with the panic.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: CatchUnwind<AssertUnwindSafe<F>>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(|caught| caught.unwrap_or_else(|_| Ok(Err(panicked()))))
    }
}

/// What a panic says may be made of what a caller sent, so it is not repeated. Where it came from, the process's panic hook
/// tells.
fn panicked() -> CallError {
    tracing::error!("a handler panicked");
    CallError::Panicked
}
