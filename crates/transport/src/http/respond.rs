//! Waits for a call's outcome, as JSON while there is nothing else to say, as a stream of events from then on.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use futures_util::future::BoxFuture;
use outboard_protocol::encode::{self, ServerIdentity, ServerResult};
use outboard_protocol::types::ProgressToken;
use outboard_protocol::{RequestId, Revision};
use outboard_runtime::{Answer, CallError, Description, Event, Outcome, Outlet, Runtime};

use super::body::Body;
use super::first_poll::first_poll;
use super::media::Accepts;
use super::refusal::call_status;
use super::sse::EventStream;

/// A call that is being answered.
pub(super) struct RunningCall(BoxFuture<'static, Outcome>);

impl RunningCall {
    pub(super) const fn new(call: BoxFuture<'static, Outcome>) -> Self {
        Self(call)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// What is needed to write a call's answer in its caller's words.
pub(super) struct Answering {
    pub(super) id: RequestId,
    pub(super) revision: &'static Revision,
    pub(super) outlet: Outlet,
    pub(super) progress_token: Option<ProgressToken>,
    pub(super) runtime: Runtime,
    /// Says what the server is, in the words of the caller's era.
    pub(super) describe: fn(&Description, &'static Revision, &ServerIdentity) -> ServerResult,
}

impl Answering {
    /// The message that an event is; `None` where the caller did not ask for such.
    pub(super) fn event(&self, event: &Event) -> Option<Vec<u8>> {
        match event {
            Event::Progress(progress) => self.progress_token.as_ref().map(|token| encode::progress(token, progress)),
        }
    }

    /// The message that an outcome is.
    pub(super) fn message(&self, outcome: &Outcome) -> Vec<u8> {
        let server = self.runtime.identity();
        match outcome {
            Ok(Answer::Result(result)) => encode::result(self.revision, server, &self.id, result),
            Ok(Answer::Described(description)) => {
                let result = (self.describe)(description, self.revision, server);
                encode::result(self.revision, server, &self.id, &result)
            }
            Err(error) => encode::error(Some(&self.id), &error.object()),
        }
    }

    fn response(&self, outcome: &Outcome) -> Response<Body> {
        let status = outcome.as_ref().err().map_or(StatusCode::OK, call_status);
        let mut response = super::json(status, self.message(outcome));
        if let Some(wait) = outcome.as_ref().err().and_then(CallError::retry_after) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

/// When an answer becomes a stream.
pub(super) struct Streaming {
    pub(super) accepts: Accepts,
    /// After this long a silence.
    pub(super) after: Duration,
    pub(super) keep_alive: Duration,
}

/// Answers a call: as JSON if it ends before it tells anything, so that a refusal keeps its HTTP status; as events from
/// the moment it tells something, or has been silent for long.
pub(super) async fn respond(mut running: RunningCall, answering: Answering, streaming: Streaming) -> Response<Body> {
    // The first poll ends most calls; only what is left needs a timer.
    let whatever_is_first = poll_fn(|cx| poll_first(&mut running, &answering, &streaming, cx));
    let first = match first_poll(pin!(whatever_is_first)).await {
        Poll::Ready(first) => first,
        Poll::Pending => {
            let mut silence = pin!(tokio::time::sleep(streaming.after));
            poll_fn(|cx| match poll_first(&mut running, &answering, &streaming, cx) {
                Poll::Pending if streaming.accepts.events => silence.as_mut().poll(cx).map(|()| First::Silence),
                polled => polled,
            })
            .await
        }
    };
    match first {
        First::Outcome(outcome) => {
            let told = answering.outlet.try_next().filter(|_| streaming.accepts.events);
            // Who only takes events gets a refusal as JSON all the same: its status says more than its form.
            let is_refusal = outcome.as_ref().err().is_some_and(|error| call_status(error) != StatusCode::OK);
            if told.is_none() && (streaming.accepts.json || is_refusal) {
                return answering.response(&outcome);
            }
            stream(finished(outcome), answering, told, &streaming)
        }
        First::Event(event) => stream(running, answering, Some(event), &streaming),
        First::Silence => stream(running, answering, None, &streaming),
    }
}

/// What comes first of a call.
enum First {
    Outcome(Outcome),
    Event(Event),
    Silence,
}

fn poll_first(
    running: &mut RunningCall,
    answering: &Answering,
    streaming: &Streaming,
    cx: &mut Context<'_>,
) -> Poll<First> {
    match running.poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(First::Outcome(outcome)),
        Poll::Pending if streaming.accepts.events => answering.outlet.poll_next(cx).map(First::Event),
        Poll::Pending => Poll::Pending,
    }
}

/// A call that has its outcome already.
fn finished(outcome: Outcome) -> RunningCall {
    RunningCall::new(Box::pin(std::future::ready(outcome)))
}

fn stream(running: RunningCall, answering: Answering, first: Option<Event>, streaming: &Streaming) -> Response<Body> {
    let events = EventStream::new(running, answering, first, streaming.keep_alive);
    let mut response = Response::new(Body::events(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Asks nginx and its kin not to hold events back (specification: *Receiving Messages*).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
