//! Every way in which the transport refuses, and the one match that gives each its HTTP status.

use std::borrow::Cow;
use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use outboard_identity::Denied;
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::{Era, ErrorObject, ProtocolError, RequestId, Revision, encode};
use outboard_runtime::CallError;
use outboard_store::UpdateSessionError;

use super::body::Body;
use crate::streams::TooManyStreams;

/// Why a request gets no result, sorted by whose fault it is.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The client used an HTTP method that is not served here.
    MethodNotAllowed,
    /// The client used a method of sessions in a revision without them.
    ModernMethod,
    /// The client sent something that is not JSON in UTF-8.
    ContentType,
    /// The client takes neither JSON nor events.
    NotAcceptable,
    /// The client takes no events, and there is no other answer.
    NoEvents { id: RequestId },
    /// The client sent too much.
    BodyTooLarge { limit: usize },
    /// The client sent too slowly.
    BodyTimeout { limit: Duration },
    /// The client stopped sending.
    BodyIncomplete,
    /// The client sent a header twice that must stand once.
    RepeatedHeader { id: Option<RequestId>, name: &'static str },
    /// The client broke the protocol.
    Protocol { id: Option<RequestId>, era: Era, error: Box<ProtocolError> },
    /// The client named no session.
    SessionMissing { id: Option<RequestId> },
    /// The client named a session that does not exist for it.
    SessionNotFound { id: Option<RequestId> },
    /// The client answered a question that nobody asked: a modern server sends no requests.
    ResponsePosted,
    /// The client asked for `initialize` within a batch (2025-03-26 *Lifecycle*).
    InitializeInBatch,
    /// The client wants to go on behind an event that is not kept for this session.
    NotResumable,
    /// The client opens more sessions than it may.
    TooManySessions { id: RequestId, retry_after: Duration },
    /// The client may not subscribe to that.
    Subscription { id: RequestId, error: UpdateSessionError },
    /// The client lacks a scope.
    Denied { id: RequestId, denied: Denied },
    /// The client has too many streams open, or all clients together.
    TooManyStreams { id: Option<RequestId>, error: TooManyStreams },
    /// The store cannot be reached.
    StoreUnavailable { id: Option<RequestId> },
    /// We were mounted without the layer that says who calls.
    NoPrincipal,
    /// We could not seal a session.
    Internal { id: Option<RequestId> },
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        Self::protocol(error.id().cloned(), error)
    }
}

impl Refusal {
    /// A breach of the protocol by a modern client, or before the era is known.
    pub(crate) fn protocol(id: Option<RequestId>, error: impl Into<ProtocolError>) -> Self {
        Self::Protocol { id, era: Era::Modern, error: Box::new(error.into()) }
    }

    /// A breach of the protocol by a legacy client.
    pub(crate) fn legacy(id: RequestId, error: impl Into<ProtocolError>) -> Self {
        Self::Protocol { id: Some(id), era: Era::Legacy, error: Box::new(error.into()) }
    }

    /// The same in answer to this request, where it was refused before anybody knew which one it is.
    pub(crate) fn to(self, request: Option<RequestId>) -> Self {
        match self {
            Self::RepeatedHeader { id: None, name } => Self::RepeatedHeader { id: request, name },
            refusal => refusal,
        }
    }

    /// The response for the client.
    pub(crate) fn response(self) -> Response<Body> {
        tracing::debug!(refusal = ?self, "a request was refused");
        let status = self.status();
        let mut response = super::json(status, self.message());
        let headers = response.headers_mut();
        match self {
            Self::Denied { denied, .. } => deny(&mut response, denied),
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
            }
            Self::ModernMethod => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            Self::ContentType => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            Self::StoreUnavailable { .. } | Self::TooManyStreams { .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::TooManySessions { retry_after, .. } => {
                let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            // What is left of the body would be taken for the next request.
            Self::BodyTooLarge { .. } | Self::BodyTimeout { .. } => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    /// The JSON-RPC error for the client.
    pub(crate) fn message(&self) -> Vec<u8> {
        encode::error(self.id(), &self.object())
    }

    fn id(&self) -> Option<&RequestId> {
        match self {
            Self::Protocol { id, .. }
            | Self::SessionMissing { id }
            | Self::SessionNotFound { id }
            | Self::StoreUnavailable { id }
            | Self::RepeatedHeader { id, .. }
            | Self::TooManyStreams { id, .. }
            | Self::Internal { id } => id.as_ref(),
            Self::Subscription { id, .. }
            | Self::Denied { id, .. }
            | Self::TooManySessions { id, .. }
            | Self::NoEvents { id } => Some(id),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::MethodNotAllowed | Self::ModernMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable | Self::NoEvents { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Protocol { era, error, .. } => protocol_status(*era, error),
            // An event that is not kept is no 404: that would tell the client that its session is over.
            Self::BodyIncomplete
            | Self::RepeatedHeader { .. }
            | Self::SessionMissing { .. }
            | Self::ResponsePosted
            | Self::InitializeInBatch
            | Self::NotResumable => StatusCode::BAD_REQUEST,
            Self::SessionNotFound { .. } => StatusCode::NOT_FOUND,
            Self::Subscription { .. } => StatusCode::OK,
            Self::Denied { .. } => StatusCode::FORBIDDEN,
            Self::TooManyStreams { error: TooManyStreams::OfPrincipal { .. }, .. } | Self::TooManySessions { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::TooManyStreams { error: TooManyStreams::OfAll { .. }, .. } | Self::StoreUnavailable { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoPrincipal | Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn object(&self) -> ErrorObject {
        let (code, message): (i64, Cow<'static, str>) = match self {
            Self::MethodNotAllowed => (
                code::METHOD_NOT_FOUND,
                "this URL takes POST; in a legacy session also GET for its stream and DELETE to end it".into(),
            ),
            Self::ModernMethod => {
                (code::METHOD_NOT_FOUND, "this revision has no sessions: this URL takes POST alone".into())
            }
            Self::ContentType => {
                (code::MEDIA_TYPE, "send Content-Type: application/json, in UTF-8 and not compressed".into())
            }
            Self::NotAcceptable | Self::NoEvents { .. } => {
                (code::MEDIA_TYPE, "send Accept: application/json, text/event-stream".into())
            }
            Self::BodyTooLarge { limit } => (code::TOO_LARGE, format!("the body is longer than {limit} bytes").into()),
            Self::BodyTimeout { limit } => {
                (code::INVALID_REQUEST, format!("the body did not arrive within {limit:?}").into())
            }
            Self::BodyIncomplete => (code::INVALID_REQUEST, "the body did not arrive whole".into()),
            Self::RepeatedHeader { name, .. } => {
                (code::INVALID_REQUEST, format!("the header {name} stands more than once").into())
            }
            Self::Protocol { error, .. } => return error.object(),
            Self::Denied { denied, .. } => {
                return CallError::Denied(denied.clone()).object(Revision::newest(Era::Modern));
            }
            Self::SessionMissing { .. } => (
                code::INVALID_REQUEST,
                "there is no Mcp-Session-Id: call initialize first, or name a protocol version without sessions".into(),
            ),
            Self::SessionNotFound { .. } => {
                (code::SESSION_NOT_FOUND, "the session is unknown or has ended: call initialize again".into())
            }
            Self::ResponsePosted => (code::INVALID_REQUEST, "there is no request to answer".into()),
            Self::InitializeInBatch => (code::INVALID_REQUEST, "initialize cannot be part of a batch".into()),
            Self::NotResumable => (
                code::INVALID_REQUEST,
                "the Last-Event-ID is of no stream of this session that can go on: what came after it is not kept"
                    .into(),
            ),
            Self::Subscription { error, .. } => (code::INVALID_PARAMS, error.to_string().into()),
            Self::TooManyStreams { error, .. } => (error.code(), error.to_string().into()),
            Self::TooManySessions { .. } => (
                code::TOO_MANY,
                "this caller opens sessions faster than it may: go on with one, or try again later".into(),
            ),
            Self::StoreUnavailable { .. } => (code::UNAVAILABLE, "the session store cannot be reached".into()),
            Self::NoPrincipal | Self::Internal { .. } => (code::INTERNAL_ERROR, "internal error".into()),
        };
        ErrorObject::new(code, message)
    }
}

/// The status of a breach of the protocol. Legacy clients read JSON-RPC errors from 200, except where the message itself
/// could not be read.
fn protocol_status(era: Era, error: &ProtocolError) -> StatusCode {
    let is_readable = error.object().code != code::INVALID_REQUEST;
    match (era, error) {
        (Era::Modern, ProtocolError::MethodNotFound { .. }) => StatusCode::NOT_FOUND,
        (Era::Legacy, ProtocolError::MethodNotFound { .. }) => StatusCode::OK,
        (Era::Legacy, ProtocolError::Params(_)) if is_readable => StatusCode::OK,
        (Era::Modern | Era::Legacy, _) => StatusCode::BAD_REQUEST,
    }
}

/// What the response to a caller that lacks a scope has beside its status: the refusal itself, for the layer around this
/// service that writes the challenge (RFC 6750 §3), and that nobody keeps it.
pub(crate) fn deny(response: &mut Response<Body>, denied: Denied) {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(denied);
}

/// The status of a call that failed, while there is still a status to choose.
pub(crate) fn call_status(era: Era, error: &CallError) -> StatusCode {
    match error {
        CallError::Denied(_) => StatusCode::FORBIDDEN,
        CallError::DuplicateArgument { .. } | CallError::DuplicateAnswer { .. } => StatusCode::BAD_REQUEST,
        // 2026-07-28 *Error Handling*; legacy clients read it from 200 as any other.
        CallError::MissingCapability { .. } if era == Era::Modern => StatusCode::BAD_REQUEST,
        CallError::NotOffered { .. } if era == Era::Modern => StatusCode::NOT_FOUND,
        _ if error.retry_after().is_some() => StatusCode::SERVICE_UNAVAILABLE,
        CallError::NotOffered { .. }
        | CallError::UnknownTool { .. }
        | CallError::UnknownResource { .. }
        | CallError::UnknownTemplate { .. }
        | CallError::UnknownPrompt { .. }
        | CallError::MissingArgument { .. }
        | CallError::WrongArgument { .. }
        | CallError::InvalidCursor
        | CallError::MissingCapability { .. }
        | CallError::InvalidState
        | CallError::TooManyRounds { .. }
        | CallError::StateTooLarge { .. }
        | CallError::Unanswered(_)
        | CallError::Question(_)
        | CallError::Handler { .. }
        | CallError::Store
        | CallError::Busy { .. }
        | CallError::Deadline { .. }
        | CallError::Backend { .. }
        | CallError::Forwarded(_)
        | CallError::Panicked => StatusCode::OK,
    }
}
