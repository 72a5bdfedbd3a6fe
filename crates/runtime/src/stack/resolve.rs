//! Finds who answers a call, or refuses it.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use outboard_protocol::error::shortened;
use outboard_protocol::types::CompletionReference;
use outboard_protocol::uri_template::{self, URI_BYTES_MAX};
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use super::early::Early;
use crate::call::{Call, Operation};
use crate::catalog::{FoundCompleter, Snapshot, Target};
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
        match target(&self.catalog.load(), &call.operation) {
            Ok(target) => {
                call.target = target;
                Early::passed(self.inner.call(call))
            }
            Err(refusal) => Early::answered(Err(refusal)),
        }
    }
}

/// Who answers; `None` where the catalog does.
fn target(catalog: &Snapshot, operation: &Operation) -> Result<Option<Target>, CallError> {
    let method = operation.method();
    if !catalog.serves(&method) {
        return Err(CallError::NotOffered { method });
    }
    // Only what the catalog has: a name that a caller made up has no place in telemetry.
    let span = Span::current();
    match operation {
        Operation::Describe | Operation::List { .. } => Ok(None),
        Operation::CallTool(call) => {
            let Some(tool) = catalog.tools.find(&call.name) else {
                return Err(CallError::UnknownTool { name: shortened(&call.name) });
            };
            span.record("gen_ai.tool.name", &*tool.name);
            Ok(Some(Target::Tool(Arc::clone(tool))))
        }
        Operation::ReadResource { uri } => {
            let Some(found) = catalog.resources.find(uri) else { return Err(unknown_resource(uri)) };
            if let Some(known_as) = found.known_as {
                span.record("mcp.resource.uri", known_as);
            }
            Ok(Some(Target::Resource { handler: found.handler.clone(), policy: found.policy }))
        }
        Operation::GetPrompt(call) => {
            let Some(prompt) = catalog.prompts.find(&call.name) else {
                return Err(CallError::UnknownPrompt { name: shortened(&call.name) });
            };
            span.record("gen_ai.prompt.name", &*prompt.name);
            Ok(Some(Target::Prompt(Arc::clone(prompt))))
        }
        Operation::Complete(params) => match &params.reference {
            CompletionReference::Prompt { name } => match catalog.prompts.find(name) {
                Some(prompt) => {
                    let (handler, policy) = (prompt.completer.clone(), prompt.policy.clone());
                    Ok(Some(Target::Completer { handler, policy }))
                }
                None => Err(CallError::UnknownPrompt { name: shortened(name) }),
            },
            CompletionReference::Resource { uri } => match catalog.resources.completer(uri) {
                Some(FoundCompleter { handler, policy }) => Ok(Some(Target::Completer { handler, policy })),
                None => Err(CallError::UnknownTemplate { uri: shortened(uri) }),
            },
        },
    }
}

fn unknown_resource(uri: &str) -> CallError {
    if uri_template::first_illegal(uri).is_some() {
        let expected = "a URI: without spaces, braces, control characters and the like, unless percent-encoded";
        return CallError::WrongArgument { name: "uri".into(), expected };
    }
    CallError::UnknownResource { uri: as_asked(uri) }
}

/// A URI that could be one is repeated whole: the specification has the error carry it (*Resources*, error handling).
fn as_asked(uri: &str) -> Box<str> {
    if uri.len() <= URI_BYTES_MAX { uri.into() } else { shortened(uri) }
}
