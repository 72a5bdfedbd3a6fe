//! What a request goes through on its way: judged, then served or refused.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use outboard_identity::{InboundToken, Principal};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Gate;
use crate::refusal::Refusal;

pin_project! {
    /// The answer of an [`AuthService`](super::AuthService).
    ///
    /// # Cancel safety
    ///
    /// Dropped while the token is judged, the service behind has seen nothing of the request; afterwards it is as safe as
    /// the future of that service.
    #[must_use = "futures do nothing unless polled"]
    pub struct AuthFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        gate: Arc<Gate>,
        #[pin]
        stage: Stage<S, B>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, B>
    where
        S: Service<Request<B>>,
    {
        Judging { judging: BoxFuture<'static, Result<Principal, Refusal>>, waiting: Option<Waiting<S, B>> },
        Admitted { #[pin] served: S::Future },
        Refused { refusal: Refusal },
    }
}

/// A request without its `Authorization` header, and who serves it once it is clear who asks.
pub(super) struct Waiting<S, B> {
    pub(super) inner: S,
    pub(super) request: Request<B>,
    pub(super) inward: Option<InboundToken>,
}

impl<S: Service<Request<B>>, B> Waiting<S, B> {
    /// Passes the request on in the name of its caller.
    pub(super) fn admit(self, principal: Principal) -> S::Future {
        let Self { mut inner, mut request, inward } = self;
        let extensions = request.extensions_mut();
        extensions.insert(principal);
        if let Some(token) = inward {
            extensions.insert(token);
        }
        inner.call(request)
    }
}

impl<S: Service<Request<B>>, B> AuthFuture<S, B> {
    /// Waits until the token is judged.
    pub(super) fn judging(
        gate: Arc<Gate>,
        judging: BoxFuture<'static, Result<Principal, Refusal>>,
        waiting: Waiting<S, B>,
    ) -> Self {
        Self { gate, stage: Stage::Judging { judging, waiting: Some(waiting) } }
    }

    /// Waits for the answer of the service behind.
    pub(super) fn admitted(gate: Arc<Gate>, served: S::Future) -> Self {
        Self { gate, stage: Stage::Admitted { served } }
    }

    /// Has nothing to wait for.
    pub(super) fn refused(gate: Arc<Gate>, refusal: Refusal) -> Self {
        Self { gate, stage: Stage::Refused { refusal } }
    }
}

impl<S, B, R> Future for AuthFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answers = &this.gate.answers;
        loop {
            let (principal, waiting) = match this.stage.as_mut().project() {
                StageProjection::Judging { judging, waiting } => match ready!(judging.as_mut().poll(cx)) {
                    Ok(principal) => (principal, waiting.take()),
                    Err(refusal) => return Poll::Ready(Ok(answers.refuse(&refusal))),
                },
                StageProjection::Admitted { served } => {
                    return Poll::Ready(ready!(served.poll(cx)).map(|response| answers.complete(response)));
                }
                StageProjection::Refused { refusal } => return Poll::Ready(Ok(answers.refuse(refusal))),
            };
            let waiting = waiting.expect("a request is admitted once: then the stage is another");
            this.stage.set(Stage::Admitted { served: waiting.admit(principal) });
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for AuthFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthFuture").finish_non_exhaustive()
    }
}
