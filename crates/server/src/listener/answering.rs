//! The service of one connection, as the listener has to know it: whether it was ever asked, and how it ends.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use outboard_transport::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::http::ending;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Known {
    /// It has brought a request.
    asked: AtomicBool,
    /// What has no head yet is not waited for any more.
    given_up: AtomicBool,
    /// Connections end with the answer that they wait for; shared by all of them.
    closing: Arc<AtomicBool>,
}

impl Known {
    pub(super) fn new(closing: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self { asked: AtomicBool::new(false), given_up: AtomicBool::new(false), closing })
    }

    /// Whether it has brought a request.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// From the next time on that the connection is polled, a request without an answer is told to try again.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// Answers the requests of a connection.
#[derive(Clone)]
pub(super) struct Answering<S> {
    inner: S,
    known: Arc<Known>,
}

impl<S> Answering<S> {
    pub(super) const fn new(inner: S, known: Arc<Known>) -> Self {
        Self { inner, known }
    }
}

impl<S> Service<Request<Incoming>> for Answering<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        self.known.asked.store(true, Ordering::Relaxed);
        Answer { answer: self.inner.call(request), known: Arc::clone(&self.known) }
    }
}

pin_project! {
    /// An answer on its way, up to its head.
    pub(super) struct Answer<F> {
        #[pin]
        answer: F,
        known: Arc<Known>,
    }
}

impl<F: Future<Output = Result<Response<Body>, Infallible>>> Future for Answer<F> {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.known.given_up.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(ending()));
        }
        let Ok(mut response) = ready!(this.answer.poll(cx));
        if this.known.closing.load(Ordering::Relaxed) {
            // hyper then closes the connection behind it (RFC 9112 §9.6), so that a client who keeps one opens the next
            // elsewhere, and never sends into one that is just being closed.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}
