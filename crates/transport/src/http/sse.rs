//! Streams of events (WHATWG HTML §9.2): how a message is written as one, and comments while there is none.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderValue, Response, header};
use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::body::Body;

/// A comment: every reader of events skips it.
const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// Writes one message as one event. A message is JSON on one line, so it needs no splitting.
pub(crate) fn write_message(out: &mut Vec<u8>, message: &[u8]) {
    out.extend_from_slice(b"event: message\ndata: ");
    out.extend_from_slice(message);
    out.extend_from_slice(b"\n\n");
}

/// The response whose body is `events`, each item whole events, with a comment after each silence of `keep_alive`.
pub(crate) fn response<S>(events: S, keep_alive: Duration) -> Response<Body>
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    let silence = tokio::time::sleep(keep_alive);
    let mut response = Response::new(Body::stream(KeptAlive { events, every: keep_alive, silence }));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    // Asks nginx and its kin not to hold events back (2026-07-28 Streamable HTTP: *Receiving Messages*).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

pin_project! {
    /// Events, with comments while they are silent. Ends with them.
    struct KeptAlive<S> {
        #[pin]
        events: S,
        every: Duration,
        #[pin]
        silence: Sleep,
    }
}

impl<S: Stream<Item = Bytes>> Stream for KeptAlive<S> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let next = match this.events.poll_next(cx) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(events)) => events,
            Poll::Pending => match this.silence.as_mut().poll(cx) {
                Poll::Ready(()) => KEEP_ALIVE,
                Poll::Pending => return Poll::Pending,
            },
        };
        this.silence.reset(Instant::now() + *this.every);
        Poll::Ready(Some(next))
    }
}
