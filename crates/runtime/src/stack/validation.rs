//! Checks a tool's arguments against its schema before the handler sees them.

use std::convert::Infallible;
use std::task::{Context, Poll};

use outboard_protocol::encode::ServerResult;
use outboard_protocol::types::CallToolResult;
use serde_json::{Map, Value};
use tower_layer::Layer;
use tower_service::Service;

use super::early::Early;
use crate::call::{Call, Operation};
use crate::outcome::{Answer, Outcome};

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
        match check(&call) {
            Ok(()) => Early::passed(self.inner.call(call)),
            // A tool execution error and not a protocol error: the model that wrote the arguments can act on it (SEP-1303).
            Err(faults) => {
                let result = CallToolResult::error(format!("the arguments do not fit the tool's schema:\n{faults}"));
                Early::answered(Ok(Answer::Result(ServerResult::CallTool(result))))
            }
        }
    }
}

fn check(call: &Call) -> Result<(), String> {
    let (Operation::CallTool(tool_call), Some(tool)) = (&call.operation, &call.tool) else { return Ok(()) };
    let arguments = match &tool_call.arguments {
        None => Value::Object(Map::new()),
        Some(raw) => raw.read().map_err(|error| format!("arguments: {error}"))?,
    };
    tool.arguments.check(&arguments)
}
