//! The end of the stack: answers from the catalog, or hands the call to the tool's handler.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use outboard_protocol::encode::ServerResult;
use tower_service::Service;

use crate::call::{Call, Operation};
use crate::catalog::Snapshot;
use crate::outcome::{Answer, CallError, Outcome};
use crate::provider::BoxFuture;

#[derive(Clone)]
pub(crate) struct Dispatch {
    catalog: Arc<ArcSwap<Snapshot>>,
}

impl Dispatch {
    pub(crate) const fn new(catalog: Arc<ArcSwap<Snapshot>>) -> Self {
        Self { catalog }
    }
}

impl Service<Call> for Dispatch {
    type Response = Outcome;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut call: Call) -> ResponseFuture {
        let outcome = match &call.operation {
            Operation::Describe => Ok(Answer::Described(Arc::clone(&self.catalog.load().description))),
            Operation::ListTools { cursor: None } => {
                Ok(Answer::Result(ServerResult::ListTools(self.catalog.load().list.clone())))
            }
            Operation::ListTools { cursor: Some(_) } => Err(CallError::InvalidCursor),
            Operation::CallTool(named) => match call.tool.take() {
                Some(tool) => return ResponseFuture::Running(tool.handler.call(call)),
                None => Err(CallError::UnknownTool { name: named.name.clone() }),
            },
        };
        ResponseFuture::Ready(Some(outcome))
    }
}

/// An answer from memory, or a handler at work.
pub(crate) enum ResponseFuture {
    Ready(Option<Outcome>),
    Running(BoxFuture<'static, Outcome>),
}

impl Future for ResponseFuture {
    type Output = Result<Outcome, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(outcome) => Poll::Ready(Ok(outcome.take().unwrap_or(Err(CallError::Panicked)))),
            Self::Running(handler) => handler.as_mut().poll(cx).map(Ok),
        }
    }
}
