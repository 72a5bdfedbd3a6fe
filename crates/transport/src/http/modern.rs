//! Modern requests: each checked against its own headers and `_meta`, none remembered.

use ::http::{Response, StatusCode};
use outboard_protocol::headers;
use outboard_protocol::params::Params;
use outboard_protocol::types::SubscriptionFilter;
use outboard_protocol::{Header, Message, Method, ProtocolError, RawJson, Request};
use outboard_runtime::Runtime;
use tower_service::Service as _;

use super::body::Body;
use super::headers::{mirrored, values};
use super::refusal::Refusal;
use super::respond::{RunningCall, Streaming, respond};
use super::{Endpoint, Posted, empty, version_header};
use crate::answering::Answering;
use crate::modern::{Asked, describe, unsupported};
use crate::subscription;

impl Endpoint {
    /// Serves a modern message.
    pub(super) async fn modern(&self, posted: Posted<'_>, message: Message) -> Result<Response<Body>, Refusal> {
        let request = match message {
            Message::Request(request) => request,
            // The revision has no notification for a server over HTTP: taken and left aside.
            Message::Notification(notification) => {
                check_told(notification.params.as_ref(), &posted).map_err(|error| Refusal::protocol(None, error))?;
                return Ok(empty(StatusCode::ACCEPTED));
            }
            Message::Response(_) => {
                check_told(None, &posted).map_err(|error| Refusal::protocol(None, error))?;
                return Err(Refusal::ResponsePosted);
            }
        };
        let refuse = |error| Refusal::protocol(Some(request.id.clone()), error);
        if request.method == Method::Listen {
            check(&request, &posted, &self.runtime).map_err(refuse)?;
            if !posted.accepts.events {
                return Err(Refusal::NoEvents { id: request.id });
            }
            let filter = self.filter(&request).map_err(refuse)?;
            return self.listen(&posted, request.id, filter).await;
        }
        let call = check(&request, &posted, &self.runtime)
            .and_then(|asked| asked.call(&request, posted.principal.clone(), &self.runtime))
            .map_err(refuse)?;
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

    fn filter(&self, request: &Request) -> Result<SubscriptionFilter, ProtocolError> {
        Ok(subscription::filter(request.params.as_ref(), self.config.subscriptions)?)
    }
}

/// Checks what wants no answer: it names a revision that is served, in one way. Otherwise who sends it would take it for heard.
fn check_told(params: Option<&RawJson>, posted: &Posted<'_>) -> Result<(), ProtocolError> {
    let sent = &posted.parts.headers;
    let params = Params::read(params)?;
    if let Ok(meta) = params.meta()
        && meta.is_modern()
    {
        headers::check_version(&mirrored(sent), &meta.protocol_version()?)?;
    }
    match version_header(sent)? {
        Header::Unknown(version) => Err(unsupported(version)),
        Header::Known(_) | Header::Absent => Ok(()),
    }
}

/// Checks a request, its headers included.
fn check<'a>(request: &'a Request, posted: &Posted<'_>, runtime: &Runtime) -> Result<Asked<'a>, ProtocolError> {
    let asked = Asked::check(request, Some(&mirrored(&posted.parts.headers)))?;
    if request.method == Method::ToolsCall {
        check_parameters(&asked.params, posted, runtime)?;
    }
    Ok(asked)
}

/// Checks the headers that repeat arguments, if the tool has such arguments.
fn check_parameters(params: &Params<'_>, posted: &Posted<'_>, runtime: &Runtime) -> Result<(), ProtocolError> {
    if let Some(parameters) = runtime.header_parameters(&params.name()?) {
        parameters.check(|header: &str| values(&posted.parts.headers, header), params.arguments)?;
    }
    Ok(())
}
