//! The future of a layer that answers some calls itself and passes the others on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::outcome::Outcome;

pin_project! {
    /// An answer that is there already, or one that the next layer is working on.
    #[project = EarlyProjection]
    pub(crate) enum Early<F> {
        Answered { outcome: Option<Outcome> },
        Passed { #[pin] future: F },
    }
}

impl<F> Early<F> {
    /// Passes the call on.
    pub(crate) const fn passed(future: F) -> Self {
        Self::Passed { future }
    }

    /// Answers the call.
    pub(crate) const fn answered(outcome: Outcome) -> Self {
        Self::Answered { outcome: Some(outcome) }
    }
}

impl<F> Future for Early<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            // Who polls again after the end waits for ever.
            EarlyProjection::Answered { outcome } => {
                outcome.take().map_or(Poll::Pending, |outcome| Poll::Ready(Ok(outcome)))
            }
            EarlyProjection::Passed { future } => future.poll(cx),
        }
    }
}
