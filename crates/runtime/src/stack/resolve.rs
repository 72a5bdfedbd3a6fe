//! Finds the tool that a call names, or refuses the call.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use outboard_protocol::error::shortened;
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::{Call, Operation};
use crate::catalog::Snapshot;
use crate::outcome::{CallError, Outcome};

#[derive(Clone)]
pub(crate) struct ResolveLayer {
    catalog: Arc<ArcSwap<Snapshot>>,
}

impl ResolveLayer {
    pub(crate) const fn new(catalog: Arc<ArcSwap<Snapshot>>) -> Self {
        Self { catalog }
    }
}

impl<S> Layer<S> for ResolveLayer {
    type Service = Resolve<S>;

    fn layer(&self, inner: S) -> Resolve<S> {
        Resolve { catalog: Arc::clone(&self.catalog), inner }
    }
}

#[derive(Clone)]
pub(crate) struct Resolve<S> {
    catalog: Arc<ArcSwap<Snapshot>>,
    inner: S,
}

impl<S> Service<Call> for Resolve<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        if let Operation::CallTool(tool) = &call.operation {
            let Some(found) = self.catalog.load().tool(&tool.name).cloned() else {
                return Early::answered(Err(CallError::UnknownTool { name: shortened(&tool.name) }));
            };
            // Only now: a name that a caller made up has no place in telemetry.
            tracing::Span::current().record("gen_ai.tool.name", &*found.tool.name);
            call.tool = Some(found);
        }
        Early::passed(self.inner.call(call))
    }
}
