//! Answers one request on a pipe: what its call tells goes out as it comes, then its result.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::future::BoxFuture;
use outboard_protocol::{ErrorObject, RequestId, encode};
use outboard_runtime::{Call, CallError, Event, Outcome, Outlet};
use tokio::sync::mpsc;
use tower_service::Service as _;

use super::flight::{Done, InFlight};
use crate::answering::Answering;

/// How a request is answered.
pub(crate) enum Answered {
    /// At once.
    Now(Vec<u8>),
    /// When it ends; not at all when it was cancelled.
    Later(BoxFuture<'static, Option<Done>>),
    /// By messages of its own.
    Itself(BoxFuture<'static, ()>),
}

impl Answered {
    /// An error, at once.
    pub(crate) fn error(id: &RequestId, error: &ErrorObject) -> Self {
        Self::Now(encode::error(Some(id), error))
    }
}

/// Runs a call to its answer. A request that is cancelled ends at once, and its handler with it. `last` is told right before
/// an answer that is a result.
pub(super) async fn call<L>(in_flight: InFlight, call: Call, answering: Answering, last: L) -> Option<Done>
where
    L: FnOnce() -> Vec<Vec<u8>>,
{
    let cancelled = in_flight.cancelled();
    let outcome = cancelled.run_until_cancelled(run(&in_flight, call, &answering)).await?;
    if outcome.is_ok() {
        for message in last() {
            in_flight.tell(message).await;
        }
    }
    let answer = answering.message(&outcome);
    Some(Done { in_flight, answer })
}

async fn run(in_flight: &InFlight, call: Call, answering: &Answering) -> Outcome {
    let mut asked = Asked::new(in_flight, answering.outlet.clone());
    // Behind `asked`, so that it is dropped before: what it withdraws then is told by that one.
    let mut running = pin!(answering.runtime.clone().call(call));
    let mut outcome: Option<Outcome> = None;
    while let Some(event) = poll_fn(|cx| {
        if outcome.is_none()
            && let Poll::Ready(Ok(ended)) = running.as_mut().poll(cx)
        {
            outcome = Some(ended);
        }
        // What the call told before its end comes before its result.
        match answering.outlet.poll_next(cx) {
            Poll::Ready(event) => Poll::Ready(Some(event)),
            Poll::Pending if outcome.is_some() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
    {
        if let Some(message) = answering.event(&event) {
            in_flight.tell(message).await;
            asked.note(&event);
        }
    }
    // It is only left with one.
    outcome.unwrap_or(Err(CallError::Panicked))
}

/// The questions that went out for a call. When the call is dropped, those that are open are withdrawn: nobody waits for
/// their answers.
struct Asked {
    open: Vec<RequestId>,
    outlet: Outlet,
    queue: mpsc::Sender<Vec<u8>>,
}

impl Asked {
    fn new(in_flight: &InFlight, outlet: Outlet) -> Self {
        Self { open: Vec::new(), outlet, queue: in_flight.queue().clone() }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Ask(id, _) => self.open.push(id.clone()),
            Event::Withdraw(id) => self.open.retain(|open| open != id),
            Event::Progress(_) | Event::Log(_) | Event::Reconnect(_) => {}
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        while let Some(event) = self.outlet.try_next() {
            let Event::Withdraw(id) = event else { continue };
            if self.open.contains(&id)
                && self.queue.try_send(encode::cancelled(&id, Some("the request was cancelled"))).is_err()
            {
                tracing::debug!("a question stays open at the client: there is no place to withdraw it");
            }
        }
    }
}
