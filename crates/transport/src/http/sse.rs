//! The answer to one call as a stream of events: what it tells, then its result, and comments while it is silent.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use outboard_runtime::Event;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::respond::{Answering, RunningCall};

/// A comment: every reader of events skips it (WHATWG HTML §9.2).
const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

pin_project! {
    /// The events of one call. Dropping it drops the call.
    pub(super) struct EventStream {
        // `None` once the result is written.
        running: Option<RunningCall>,
        answering: Answering,
        // What made the answer a stream, where something did.
        first: Option<Event>,
        keep_alive: Duration,
        #[pin]
        silence: Sleep,
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

impl EventStream {
    pub(super) fn new(running: RunningCall, answering: Answering, first: Option<Event>, keep_alive: Duration) -> Self {
        Self { running: Some(running), answering, first, keep_alive, silence: tokio::time::sleep(keep_alive) }
    }

    /// The next bytes of the stream: everything that is ready, in one piece.
    pub(super) fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let Some(running) = this.running.as_mut() else { return Poll::Ready(None) };
        let mut out = Vec::new();
        if let Some(event) = this.first.take() {
            write_event(&mut out, this.answering.event(&event));
        }
        let outcome = running.poll(cx);
        // The outlet is asked after the call: what the call told in this poll comes before its result.
        while let Poll::Ready(event) = this.answering.outlet.poll_next(cx) {
            write_event(&mut out, this.answering.event(&event));
        }
        if let Poll::Ready(outcome) = outcome {
            write_event(&mut out, Some(this.answering.message(&outcome)));
            *this.running = None;
        }
        if out.is_empty() {
            if this.silence.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.silence.as_mut().reset(Instant::now() + *this.keep_alive);
            return Poll::Ready(Some(KEEP_ALIVE));
        }
        this.silence.reset(Instant::now() + *this.keep_alive);
        Poll::Ready(Some(out.into()))
    }
}

/// Writes one message as one event. A message is JSON on one line, so it needs no splitting.
fn write_event(out: &mut Vec<u8>, message: Option<Vec<u8>>) {
    let Some(message) = message else { return };
    out.extend_from_slice(b"event: message\ndata: ");
    out.extend_from_slice(&message);
    out.extend_from_slice(b"\n\n");
}
