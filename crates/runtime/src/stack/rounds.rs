//! Ends a call with its questions, and begins a further round with their answers.
//!
//! A question that has no answer never returns to its handler. After the poll in which it was asked, so that joined
//! questions go out together, the handler is dropped and the call answered with what it asked; the same goes for a question
//! that cannot be asked and ends the call with an error. So there is nothing that a handler could swallow.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use outboard_store::StoreError;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::catalog::Target;
use crate::input::{Questions, Resumed};
use crate::outcome::{CallError, Outcome};
use crate::provider::BoxFuture;

#[derive(Clone)]
pub(crate) struct RoundsLayer;

impl<S> Layer<S> for RoundsLayer {
    type Service = Rounds<S>;

    fn layer(&self, inner: S) -> Rounds<S> {
        Rounds { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Rounds<S> {
    inner: S,
}

impl<S> Service<Call> for Rounds<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible> + Clone,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let questions = call.questions.clone();
        let step = match questions.as_deref().map_or(Ok(Resumed::Afresh), Questions::resume) {
            Err(refusal) => Step::Answered { outcome: Some(Err(refusal)) },
            Ok(Resumed::Afresh) => Step::Running { handler: self.inner.call(call) },
            Ok(Resumed::With(state)) => match &questions {
                Some(questions) if is_single_use(&call) => Step::Consuming {
                    consuming: Box::pin(questions.consume(state)),
                    next: Some((self.inner.clone(), Box::new(call))),
                },
                _ => Step::Running { handler: self.inner.call(call) },
            },
        };
        ResponseFuture { step, questions }
    }
}

fn is_single_use(call: &Call) -> bool {
    match &call.target {
        Some(Target::Tool(tool)) => tool.handler.0.is_single_use(),
        Some(Target::Prompt(prompt)) => prompt.handler.0.is_single_use(),
        Some(Target::Resource { handler, .. }) => handler.0.is_single_use(),
        Some(Target::Completer { .. }) | None => false,
    }
}

pin_project! {
    /// Ends with the handler's answer, or with its questions.
    pub(crate) struct ResponseFuture<S>
    where
        S: Service<Call>,
    {
        #[pin]
        step: Step<S>,
        questions: Option<Arc<Questions>>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<S>
    where
        S: Service<Call>,
    {
        /// The state must not be used twice: it is consumed before the handler sees it.
        Consuming { consuming: BoxFuture<'static, Result<bool, StoreError>>, next: Option<(S, Box<Call>)> },
        Running { #[pin] handler: S::Future },
        Answered { outcome: Option<Outcome> },
    }
}

impl<S> Future for ResponseFuture<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.step.as_mut().project() {
                StepProjection::Consuming { consuming, next } => {
                    after_consuming(ready!(consuming.as_mut().poll(cx)), next)
                }
                StepProjection::Running { handler } => match polled(handler, this.questions.as_deref(), cx) {
                    Polled::Goes(on) => return on.map(Ok),
                    Polled::Ends(outcome) => Step::Answered { outcome: Some(outcome) },
                },
                // Who polls again after the end waits for ever.
                StepProjection::Answered { outcome } => {
                    return outcome.take().map_or(Poll::Pending, |outcome| Poll::Ready(Ok(outcome)));
                }
            };
            // Drops the handler, where there was one.
            this.step.set(next);
        }
    }
}

fn after_consuming<S>(consumed: Result<bool, StoreError>, next: &mut Option<(S, Box<Call>)>) -> Step<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    let refusal = match (consumed, next.take()) {
        (Ok(true), Some((mut inner, call))) => return Step::Running { handler: inner.call(*call) },
        (Ok(_), _) => CallError::InvalidState,
        // Whether it was consumed is not known, so it must not be used.
        (Err(_), _) => CallError::Store,
    };
    Step::Answered { outcome: Some(Err(refusal)) }
}

/// What came of polling a handler.
enum Polled {
    /// It has ended by itself, or goes on.
    Goes(Poll<Outcome>),
    /// Its questions end the call.
    Ends(Outcome),
}

fn polled<F>(handler: Pin<&mut F>, questions: Option<&Questions>, cx: &mut Context<'_>) -> Polled
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    let polled = handler.poll(cx).map(|Ok(outcome)| outcome);
    if matches!(polled, Poll::Ready(Err(CallError::Panicked))) {
        return Polled::Goes(polled);
    }
    let Some(questions) = questions else { return Polled::Goes(polled) };
    if polled.is_pending() {
        // A handler may ask from a task of its own; from here on that wakes this one.
        questions.pause().watch(cx.waker());
    }
    // Also where the handler has ended: it may not get round a question by leaving it alone.
    match questions.verdict() {
        Some(outcome) => Polled::Ends(outcome),
        None => Polled::Goes(polled),
    }
}
