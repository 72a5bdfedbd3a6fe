//! The end of the stack: answers from the catalog, or hands the call to who was found for it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use outboard_identity::Principal;
use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::CompleteResult;
use outboard_store::KeyRing;
use tower_service::Service;

use super::early::Early;
use crate::call::{Call, ListKind, Operation};
use crate::catalog::{CursorSeal, Snapshot, Target};
use crate::outcome::{Answer, CallError, Outcome};
use crate::provider::BoxFuture;

#[derive(Clone)]
pub(crate) struct Dispatch {
    catalog: Arc<ArcSwap<Snapshot>>,
    /// Seals the cursors of lists.
    keys: Arc<KeyRing>,
}

impl Dispatch {
    pub(crate) const fn new(catalog: Arc<ArcSwap<Snapshot>>, keys: Arc<KeyRing>) -> Self {
        Self { catalog, keys }
    }

    /// What is answered without a handler.
    fn told_from_memory(&self, call: &Call) -> Outcome {
        match &call.operation {
            Operation::Describe => Ok(Answer::Described(Arc::clone(&self.catalog.load().description))),
            Operation::List { kind, cursor } => self.list(*kind, cursor.as_deref(), &call.principal),
            // The layer above has found a target for these, or refused them.
            Operation::CallTool(_)
            | Operation::ReadResource { .. }
            | Operation::GetPrompt(_)
            | Operation::Complete(_) => Err(CallError::NotOffered { method: call.operation.method() }),
        }
    }

    /// A page of a list.
    fn list(&self, kind: ListKind, cursor: Option<&str>, principal: &Principal) -> Outcome {
        let catalog = self.catalog.load();
        let seal = CursorSeal { keys: &self.keys, principal, kind };
        Ok(Answer::Result(match kind {
            ListKind::Tools => {
                let (page, next) = catalog.tools.listed.page(cursor, &seal)?;
                ServerResult::ListTools(page, next)
            }
            ListKind::Resources => {
                let (page, next) = catalog.resources.listed.page(cursor, &seal)?;
                ServerResult::ListResources(page, next)
            }
            ListKind::ResourceTemplates => {
                let (page, next) = catalog.resources.listed_templates.page(cursor, &seal)?;
                ServerResult::ListResourceTemplates(page, next)
            }
            ListKind::Prompts => {
                let (page, next) = catalog.prompts.listed.page(cursor, &seal)?;
                ServerResult::ListPrompts(page, next)
            }
        }))
    }
}

impl Service<Call> for Dispatch {
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<Running>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let handler = match call.target.take() {
            Some(Target::Tool(tool)) => tool.handler.0.call(call),
            Some(Target::Prompt(prompt)) => prompt.handler.0.call(call),
            Some(Target::Resource { handler, .. } | Target::Completer { handler: Some(handler), .. }) => {
                handler.0.call(call)
            }
            Some(Target::Completer { handler: None, .. }) => {
                return Early::answered(Ok(Answer::Result(ServerResult::Complete(CompleteResult::default()))));
            }
            None => return Early::answered(self.told_from_memory(&call)),
        };
        Early::passed(Running(handler))
    }
}

/// A handler at work.
pub(crate) struct Running(BoxFuture<'static, Outcome>);

impl Future for Running {
    type Output = Result<Outcome, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}
