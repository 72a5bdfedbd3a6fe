//! Waits for a call's outcome, as JSON while there is nothing else to say, as a stream of events from then on.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::future::BoxFuture;
use outboard_runtime::{CallError, Outcome};

use super::body::Body;
use super::first_poll::first_poll;
use super::media::Accepts;
use super::refusal::{call_status, deny};
use super::sse;
use crate::answering::Answering;

/// A call that is being answered.
pub(crate) struct RunningCall(BoxFuture<'static, Outcome>);

impl RunningCall {
    pub(crate) const fn new(call: BoxFuture<'static, Outcome>) -> Self {
        Self(call)
    }

    /// A call that has its outcome already.
    pub(crate) fn finished(outcome: Outcome) -> Self {
        Self::new(Box::pin(std::future::ready(outcome)))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// When an answer becomes a stream.
#[derive(Clone, Copy)]
pub(crate) struct Streaming {
    pub(crate) accepts: Accepts,
    /// After this long a silence.
    pub(crate) after: Duration,
    pub(crate) keep_alive: Duration,
}

impl Streaming {
    /// Whether an outcome that comes first is answered as JSON. Who only takes events gets a refusal as JSON all the same:
    /// its status says more than its form.
    pub(crate) fn is_json(&self, answering: &Answering, outcome: &Outcome) -> bool {
        self.accepts.json || status(answering, outcome) != StatusCode::OK
    }
}

/// The answer as JSON.
pub(crate) fn whole(answering: &Answering, outcome: &Outcome) -> Response<Body> {
    let mut response = super::json(status(answering, outcome), answering.message(outcome));
    if let Some(wait) = outcome.as_ref().err().and_then(CallError::retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    if let Err(CallError::Denied(denied)) = outcome {
        deny(&mut response, denied.clone());
    }
    response
}

fn status(answering: &Answering, outcome: &Outcome) -> StatusCode {
    outcome.as_ref().err().map_or(StatusCode::OK, |error| call_status(answering.revision.era, error))
}

/// Answers a call: as JSON if it ends before it tells anything, so that a refusal keeps its HTTP status; as events from
/// the moment it tells something, or has been silent for long.
pub(crate) async fn respond(mut running: RunningCall, answering: Answering, streaming: Streaming) -> Response<Body> {
    // The first poll ends most calls; only what is left needs a timer.
    let whatever_is_first = poll_fn(|cx| poll_first(&mut running, &answering, &streaming, cx));
    let first = match first_poll(pin!(whatever_is_first)).await {
        Poll::Ready(first) => first,
        Poll::Pending => {
            let mut silence = pin!(tokio::time::sleep(streaming.after));
            poll_fn(|cx| match poll_first(&mut running, &answering, &streaming, cx) {
                Poll::Pending if streaming.accepts.events => silence.as_mut().poll(cx).map(|()| First::default()),
                polled => polled,
            })
            .await
        }
    };
    let First { outcome: Some(outcome), .. } = first else {
        return stream(running, answering, first.message, &streaming);
    };
    let told = if streaming.accepts.events { answering.try_message() } else { None };
    if told.is_none() && streaming.is_json(&answering, &outcome) {
        return whole(&answering, &outcome);
    }
    stream(RunningCall::finished(outcome), answering, told, &streaming)
}

/// What comes first of a call: its outcome, a message, or after a silence neither.
#[derive(Default)]
struct First {
    outcome: Option<Outcome>,
    message: Option<Vec<u8>>,
}

impl First {
    const fn outcome(outcome: Outcome) -> Self {
        Self { outcome: Some(outcome), message: None }
    }

    const fn message(message: Vec<u8>) -> Self {
        Self { outcome: None, message: Some(message) }
    }
}

fn poll_first(
    running: &mut RunningCall,
    answering: &Answering,
    streaming: &Streaming,
    cx: &mut Context<'_>,
) -> Poll<First> {
    match running.poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(First::outcome(outcome)),
        Poll::Pending if streaming.accepts.events => answering.poll_message(cx).map(First::message),
        Poll::Pending => Poll::Pending,
    }
}

fn stream(running: RunningCall, answering: Answering, first: Option<Vec<u8>>, streaming: &Streaming) -> Response<Body> {
    sse::response(CallEvents { running: Some(running), answering, first }, streaming.keep_alive)
}

/// The events of one call: what it tells, then its result. Dropping it drops the call.
struct CallEvents {
    /// `None` once the result is written.
    running: Option<RunningCall>,
    answering: Answering,
    /// What made the answer a stream, where something did.
    first: Option<Vec<u8>>,
}

impl Stream for CallEvents {
    type Item = Bytes;

    /// Everything that is ready, in one piece.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        let Some(running) = this.running.as_mut() else { return Poll::Ready(None) };
        let mut out = Vec::new();
        if let Some(message) = this.first.take() {
            sse::write_message(&mut out, &message);
        }
        let outcome = running.poll(cx);
        // The outlet is asked after the call: what the call told in this poll comes before its result.
        while let Poll::Ready(message) = this.answering.poll_message(cx) {
            sse::write_message(&mut out, &message);
        }
        if let Poll::Ready(outcome) = outcome {
            sse::write_message(&mut out, &this.answering.message(&outcome));
            this.running = None;
        }
        if out.is_empty() { Poll::Pending } else { Poll::Ready(Some(out.into())) }
    }
}
