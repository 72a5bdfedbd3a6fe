//! One span around each call and one event at its end.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use outboard_protocol::encode::ServerResult;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use crate::call::Call;
use crate::outcome::{Answer, CallError, Culprit, Outcome};

#[derive(Clone)]
pub(crate) struct TelemetryLayer;

impl<S> Layer<S> for TelemetryLayer {
    type Service = Telemetry<S>;

    fn layer(&self, inner: S) -> Telemetry<S> {
        Telemetry { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Telemetry<S> {
    inner: S,
}

impl<S> Service<Call> for Telemetry<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let span = tracing::debug_span!(
            "call",
            mcp.method.name = call.operation.method().as_str(),
            gen_ai.tool.name = tracing::field::Empty,
            gen_ai.prompt.name = tracing::field::Empty,
            mcp.resource.uri = tracing::field::Empty,
            mcp.protocol.version = call.client.revision.name,
        );
        let future = span.in_scope(|| self.inner.call(call));
        ResponseFuture { future, span, reported: false }
    }
}

pin_project! {
    /// Reports the outcome when it is there, and a call that nobody waits for any more.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: F,
        span: Span,
        reported: bool,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if !this.reported {
                this.span.in_scope(|| tracing::debug!("call cancelled"));
            }
        }
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Outcome, Infallible>>,
{
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        let Ok(outcome) = ready!(this.future.poll(cx));
        report(&outcome);
        *this.reported = true;
        Poll::Ready(Ok(outcome))
    }
}

/// One event per call; how loud it is follows from whose fault a failure is.
fn report(outcome: &Outcome) {
    match outcome {
        Ok(Answer::Result(ServerResult::CallTool(result))) if result.is_error => {
            tracing::debug!(error.r#type = "tool_error", "call answered");
        }
        Ok(_) => tracing::debug!("call answered"),
        Err(CallError::Denied(denied)) => {
            tracing::debug!(error.r#type = "insufficient_scope", error = denied as &dyn Error, "call refused");
        }
        Err(CallError::Question(fault)) => tracing::error!(error = fault as &dyn Error, "call failed"),
        Err(error) => match error.culprit() {
            Culprit::Client => tracing::debug!(%error, "call refused"),
            Culprit::Load | Culprit::Behind | Culprit::Handler => tracing::warn!(%error, "call failed"),
            Culprit::Program => tracing::error!(%error, "call failed"),
        },
    }
}
