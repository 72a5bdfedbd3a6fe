//! Checks a tool's arguments against its schema before the handler sees them.

use std::convert::Infallible;
use std::task::{Context, Poll};

use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::shortened;
use outboard_protocol::types::CallToolResult;
use serde_json::{Map, Value};
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use super::unique::{self, UniqueError};
use crate::call::{Call, Operation};
use crate::outcome::{Answer, CallError, Outcome};

#[derive(Clone)]
pub(crate) struct ValidationLayer;

impl<S> Layer<S> for ValidationLayer {
    type Service = Validation<S>;

    fn layer(&self, inner: S) -> Validation<S> {
        Validation { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Validation<S> {
    inner: S,
}

impl<S> Service<Call> for Validation<S>
where
    S: Service<Call, Response = Outcome, Error = Infallible>,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Early<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        match refusal(&call) {
            None => Early::passed(self.inner.call(call)),
            Some(refusal) => Early::answered(refusal),
        }
    }
}

/// The answer to a call whose arguments do not fit.
fn refusal(call: &Call) -> Option<Outcome> {
    let (Operation::CallTool(tool_call), Some(tool)) = (&call.operation, &call.tool) else { return None };
    let arguments = match tool_call.arguments.as_ref().map(|raw| unique::read(raw.as_bytes())) {
        None => Value::Object(Map::new()),
        Some(Ok(arguments)) => arguments,
        Some(Err(UniqueError::Duplicate { name })) => {
            return Some(Err(CallError::DuplicateArgument { name: shortened(&name) }));
        }
        Some(Err(UniqueError::Json(error))) => return Some(unfit(&format!("arguments: {error}"))),
    };
    tool.arguments.check(&arguments).err().map(|faults| unfit(&faults))
}

/// A tool execution error and not a protocol error: the model that wrote the arguments can act on it (SEP-1303).
fn unfit(faults: &str) -> Outcome {
    let result = CallToolResult::error(format!("the arguments do not fit the tool's schema:\n{faults}"));
    Ok(Answer::Result(ServerResult::CallTool(result)))
}
