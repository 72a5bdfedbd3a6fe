//! The future of a layer that answers some calls itself and passes the others on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::outcome::{CallError, Outcome};

pin_project! {
    /// An answer that is there already, or one that the next layer is working on, with what is held meanwhile.
    #[project = EarlyProjection]
    pub(crate) enum Early<F, H = ()> {
        Answered { outcome: Option<Outcome> },
        Passed { #[pin] future: F, held: H },
    }
}

impl<F> Early<F> {
    /// Passes the call on.
    pub(crate) const fn passed(future: F) -> Self {
        Self::Passed { future, held: () }
    }
}

impl<F, H> Early<F, H> {
    /// Answers the call.
    pub(crate) const fn answered(outcome: Outcome) -> Self {
        Self::Answered { outcome: Some(outcome) }
    }
}

impl<F, H> Future for Early<F, H>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // Polling again after the end is a mistake of the caller; it gets an error rather than a panic.
            EarlyProjection::Answered { outcome } => {
                Poll::Ready(Ok(outcome.take().unwrap_or(Err(CallError::Panicked))))
            }
            EarlyProjection::Passed { future, .. } => future.poll(cx),
        }
    }
}
