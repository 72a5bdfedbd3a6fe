//! Bounds the time that a call may take. While it waits for its client, the time stands still.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::input::Questions;
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
        let questions = call.questions.clone();
        let deadline = self.deadline;
        ResponseFuture { future: self.inner.call(call), questions, timer: None, left: deadline, deadline }
    }
}

pin_project! {
    /// Ends with the answer or with the deadline; the handler's future is dropped then.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: F,
        questions: Option<Arc<Questions>>,
        // Set while the call waits for anything but its client: most calls never do, and a timer costs more than they.
        #[pin]
        timer: Option<Sleep>,
        // What is left of the deadline when the timer is set.
        left: Duration,
        deadline: Duration,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(outcome) = this.future.poll(cx) {
            return Poll::Ready(outcome);
        }
        if this.questions.as_ref().is_some_and(|questions| questions.pause().is_asking()) {
            if let Some(timer) = this.timer.as_ref().as_pin_ref() {
                *this.left = timer.deadline().saturating_duration_since(Instant::now());
                this.timer.set(None);
            }
            return Poll::Pending;
        }
        if this.timer.is_none() {
            this.timer.set(Some(tokio::time::sleep(*this.left)));
        }
        let Some(timer) = this.timer.as_pin_mut() else { return Poll::Pending };
        timer.poll(cx).map(|()| Ok(Err(CallError::Deadline { deadline: *this.deadline })))
    }
}
