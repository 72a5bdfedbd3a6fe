//! Bounds how many tools run at once; what is over the bound is refused at once and told when to come back.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::{Call, Operation};
use crate::outcome::{CallError, Outcome};

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
    type Future = Early<S::Future, Option<OwnedSemaphorePermit>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        // Lists and descriptions are answered from memory: they take no place.
        if !matches!(call.operation, Operation::CallTool(_)) {
            return Early::Passed { future: self.inner.call(call), held: None };
        }
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Early::Passed { future: self.inner.call(call), held: Some(place) },
            Err(_) => Early::answered(Err(CallError::Busy { retry_after: RETRY_AFTER })),
        }
    }
}
