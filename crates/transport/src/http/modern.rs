//! Modern requests: each checked against its own headers and `_meta`, none remembered.

use ::http::{Response, StatusCode};
use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::error::shortened;
use outboard_protocol::headers;
use outboard_protocol::meta::{Meta, MetaError};
use outboard_protocol::params::Params;
use outboard_protocol::revision::SERVED;
use outboard_protocol::types::DiscoverResult;
use outboard_protocol::{Era, Message, Method, ProtocolError, RawJson, Request, Revision};
use outboard_runtime::{Call, Client, Description, Operation, Runtime, ToolCall};
use tower_service::Service as _;

use super::body::Body;
use super::headers::{mirrored, values};
use super::refusal::Refusal;
use super::respond::{Answering, RunningCall, Streaming, respond};
use super::{Inner, Posted, empty};

impl Inner {
    /// Serves a modern message.
    pub(super) async fn modern(&self, posted: Posted<'_>, message: Message) -> Result<Response<Body>, Refusal> {
        let request = match message {
            Message::Request(request) => request,
            // The revision has no notification for a server over HTTP: taken and left aside.
            Message::Notification(_) => return Ok(empty(StatusCode::ACCEPTED)),
            Message::Response(_) => return Err(Refusal::ResponsePosted),
        };
        let call = check(&request, &posted, &self.runtime)
            .map_err(|error| Refusal::protocol(Some(request.id.clone()), error))?;
        let answering = Answering {
            id: request.id,
            revision: call.client.revision,
            outlet: call.outlet.clone(),
            progress_token: call.progress_token.clone(),
            runtime: self.runtime.clone(),
            describe,
        };
        let streaming = Streaming {
            accepts: posted.accepts,
            after: self.config.stream_after_modern,
            keep_alive: self.config.keep_alive,
        };
        // The call runs in the task of its connection and ends with it: a disconnect cancels.
        let running = self.runtime.clone().call(call);
        let running = RunningCall::new(Box::pin(async move {
            let Ok(outcome) = running.await;
            outcome
        }));
        Ok(respond(running, answering, streaming).await)
    }
}

/// Checks a request in the order that clients and the conformance suite rely on, and says what is wanted.
fn check(request: &Request, posted: &Posted<'_>, runtime: &Runtime) -> Result<Call, ProtocolError> {
    let mirrored = mirrored(&posted.parts.headers);
    headers::check_method(&mirrored, &request.method)?;
    let params = Params::read(request.params.as_ref())?;
    let meta = Meta::read(params.meta.ok_or(MetaError::Missing)?)?;
    let version = meta.protocol_version()?;
    let about = meta.request(posted.bytes)?;
    headers::check_version(&mirrored, &version)?;
    let revision = Revision::served(&version)
        .filter(|revision| revision.era == Era::Modern)
        .ok_or_else(|| ProtocolError::UnsupportedVersion { requested: shortened(&version) })?;
    headers::check_name(&mirrored, &request.method, &params)?;
    if request.method == Method::ToolsCall {
        check_parameters(&params, posted, runtime)?;
    }

    let progress_token = meta.progress_token()?;
    let client = Client { revision, info: about.client_info, capabilities: about.client_capabilities };
    let operation = operation(&request.method, &params, posted)?;
    Ok(Call::new(operation, posted.principal.clone(), client)
        .with_meta(params.meta.map(|raw| RawJson::slice_of(posted.bytes, raw)))
        .with_progress(progress_token))
}

/// Checks the headers that repeat arguments, if the tool has such arguments.
fn check_parameters(params: &Params<'_>, posted: &Posted<'_>, runtime: &Runtime) -> Result<(), ProtocolError> {
    if let Some(parameters) = runtime.header_parameters(&params.name()?) {
        parameters.check(|header: &str| values(&posted.parts.headers, header), params.arguments)?;
    }
    Ok(())
}

/// What a modern method wants.
fn operation(method: &Method, params: &Params<'_>, posted: &Posted<'_>) -> Result<Operation, ProtocolError> {
    match method {
        Method::Discover => Ok(Operation::Describe),
        _ => common_operation(method, params, posted),
    }
}

/// What a method wants that both eras have.
pub(super) fn common_operation(
    method: &Method,
    params: &Params<'_>,
    posted: &Posted<'_>,
) -> Result<Operation, ProtocolError> {
    match method {
        Method::ToolsList => Ok(Operation::ListTools { cursor: params.cursor()?.map(|cursor| (*cursor).into()) }),
        Method::ToolsCall => Ok(Operation::CallTool(ToolCall {
            name: (*params.name()?).into(),
            arguments: params.arguments_object()?.map(|raw| RawJson::slice_of(posted.bytes, raw)),
        })),
        _ => Err(ProtocolError::MethodNotFound { method: shortened(method.as_str()) }),
    }
}

fn describe(description: &Description, _: &'static Revision, _: &ServerIdentity) -> ServerResult {
    let found = DiscoverResult {
        supported_versions: SERVED.iter().map(|revision| revision.name.to_owned()).collect(),
        capabilities: description.capabilities.clone(),
        instructions: description.instructions.clone(),
    };
    ServerResult::Discover(found, description.hints)
}
