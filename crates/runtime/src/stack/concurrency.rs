//! Bounds how many handlers run at once; what is over the bound is refused at once and told when to come back.
//!
//! A call that waits for its client does not run: it gives its place back, and takes one again before it goes on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::Semaphore;
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::Call;
use crate::input::Questions;
use crate::outcome::{CallError, Outcome};
use crate::provider::BoxFuture;

const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct ConcurrencyLayer {
    places: Arc<Semaphore>,
}

impl ConcurrencyLayer {
    pub(crate) fn new(concurrent_calls_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(concurrent_calls_max.min(Semaphore::MAX_PERMITS))) }
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Concurrency<S> {
        Concurrency { places: Arc::clone(&self.places), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Concurrency<S> {
    places: Arc<Semaphore>,
    inner: S,
}

impl<S> Service<Call> for Concurrency<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<Placed<S::Future>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        // Lists and descriptions are answered from memory: they take no place.
        let Some(questions) = call.questions.clone() else {
            return Early::passed(Placed { future: self.inner.call(call), place: None, retaking: None });
        };
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            return Early::answered(Err(CallError::Busy { retry_after: RETRY_AFTER }));
        };
        questions.pause().occupy(permit);
        let place = Place { questions, is_given_back: false };
        Early::passed(Placed { future: self.inner.call(call), place: Some(place), retaking: None })
    }
}

/// A call's place, given back when it is dropped. The permit itself is with the call's questions, who take it again.
struct Place {
    questions: Arc<Questions>,
    is_given_back: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.questions.pause().leave();
    }
}

pin_project! {
    /// Ends with the answer. The place is held from before the handler begins until after it is dropped.
    pub(crate) struct Placed<F> {
        #[pin]
        future: F,
        place: Option<Place>,
        // Set while the call waits for a place, its questions having been dropped without an answer.
        retaking: Option<BoxFuture<'static, ()>>,
    }
}

impl<F> Future for Placed<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(place) = this.place else { return this.future.poll(cx) };
        let pause = place.questions.pause();
        if place.is_given_back && !pause.is_asking() {
            if pause.lacks_place() {
                let retaking = this.retaking.get_or_insert_with(|| {
                    let questions = Arc::clone(&place.questions);
                    Box::pin(async move { questions.pause().take_place().await })
                });
                ready!(retaking.as_mut().poll(cx));
            }
            *this.retaking = None;
            place.is_given_back = false;
        }
        let polled = this.future.poll(cx);
        if polled.is_pending() && pause.is_asking() {
            pause.give_back();
            place.is_given_back = true;
        }
        polled
    }
}
