//! Polls a future once: most are ready then, and what bounds the others need not be set up for them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Polls `future` once. If it is pending, the current task is woken for it like for any other.
pub(super) async fn first_poll<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
