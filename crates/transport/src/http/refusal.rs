//! Every way in which the transport refuses, and the one match that gives each its HTTP status.

use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::{Era, ErrorObject, ProtocolError, RequestId, encode};
use outboard_runtime::CallError;

use super::body::Body;

/// Why a request gets no result, sorted by whose fault it is.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The client used an HTTP method that is not served here.
    MethodNotAllowed,
    /// The client sent something that is not JSON in UTF-8.
    ContentType,
    /// The client takes neither JSON nor events.
    NotAcceptable,
    /// The client sent too much.
    BodyTooLarge { limit: usize },
    /// The client sent too slowly.
    BodyTimeout { limit: Duration },
    /// The client stopped sending.
    BodyIncomplete,
    /// The client sent a header twice that must stand once.
    RepeatedHeader { name: &'static str },
    /// The client broke the protocol.
    Protocol { id: Option<RequestId>, era: Era, error: Box<ProtocolError> },
    /// The client named no session.
    SessionMissing { id: Option<RequestId> },
    /// The client named a session that does not exist for it.
    SessionNotFound { id: Option<RequestId> },
    /// The client answered a question that nobody asked: a modern server sends no requests.
    ResponsePosted,
    /// The store cannot be reached.
    StoreUnavailable,
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
    pub(super) fn protocol(id: Option<RequestId>, error: impl Into<ProtocolError>) -> Self {
        Self::Protocol { id, era: Era::Modern, error: Box::new(error.into()) }
    }

    /// A breach of the protocol by a legacy client.
    pub(super) fn legacy(id: RequestId, error: impl Into<ProtocolError>) -> Self {
        Self::Protocol { id: Some(id), era: Era::Legacy, error: Box::new(error.into()) }
    }

    /// The response for the client.
    pub(super) fn response(self) -> Response<Body> {
        tracing::debug!(refusal = ?self, "a request was refused");
        let status = self.status();
        let mut response = super::json(status, encode::error(self.id(), &self.object()));
        let headers = response.headers_mut();
        match self {
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, super::ALLOW);
            }
            Self::ContentType => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            Self::StoreUnavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is left of the body would be taken for the next request.
            Self::BodyTooLarge { .. } | Self::BodyTimeout { .. } => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    fn id(&self) -> Option<&RequestId> {
        match self {
            Self::Protocol { id, .. }
            | Self::SessionMissing { id }
            | Self::SessionNotFound { id }
            | Self::Internal { id } => id.as_ref(),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Protocol { era, error, .. } => protocol_status(*era, error),
            Self::BodyIncomplete | Self::RepeatedHeader { .. } | Self::SessionMissing { .. } | Self::ResponsePosted => {
                StatusCode::BAD_REQUEST
            }
            Self::SessionNotFound { .. } => StatusCode::NOT_FOUND,
            Self::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoPrincipal | Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn object(&self) -> ErrorObject {
        match self {
            Self::MethodNotAllowed => ErrorObject::new(
                code::METHOD_NOT_FOUND,
                "this URL takes POST, and DELETE to end a legacy session; there is no stream to GET",
            ),
            Self::ContentType => {
                ErrorObject::new(code::MEDIA_TYPE, "send Content-Type: application/json, in UTF-8 and not compressed")
            }
            Self::NotAcceptable => {
                ErrorObject::new(code::MEDIA_TYPE, "send Accept: application/json, text/event-stream")
            }
            Self::BodyTooLarge { limit } => {
                ErrorObject::new(code::TOO_LARGE, format!("the body is longer than {limit} bytes"))
            }
            Self::BodyTimeout { limit } => {
                ErrorObject::new(code::INVALID_REQUEST, format!("the body did not arrive within {limit:?}"))
            }
            Self::BodyIncomplete => ErrorObject::new(code::INVALID_REQUEST, "the body did not arrive whole"),
            Self::RepeatedHeader { name } => {
                ErrorObject::new(code::INVALID_REQUEST, format!("the header {name} stands more than once"))
            }
            Self::Protocol { error, .. } => error.object(),
            Self::SessionMissing { .. } => ErrorObject::new(
                code::INVALID_REQUEST,
                "there is no Mcp-Session-Id: call initialize first, or name a protocol version without sessions",
            ),
            Self::SessionNotFound { .. } => {
                ErrorObject::new(code::SESSION_NOT_FOUND, "the session is unknown or has ended: call initialize again")
            }
            Self::ResponsePosted => ErrorObject::new(code::INVALID_REQUEST, "there is no request to answer"),
            Self::StoreUnavailable => ErrorObject::new(code::UNAVAILABLE, "the session store cannot be reached"),
            Self::NoPrincipal | Self::Internal { .. } => ErrorObject::new(code::INTERNAL_ERROR, "internal error"),
        }
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

/// The status of a call that failed, while there is still a status to choose.
pub(super) fn call_status(error: &CallError) -> StatusCode {
    match error {
        CallError::MissingCapability { .. } | CallError::DuplicateArgument { .. } => StatusCode::BAD_REQUEST,
        _ if error.retry_after().is_some() => StatusCode::SERVICE_UNAVAILABLE,
        CallError::UnknownTool { .. }
        | CallError::InvalidCursor
        | CallError::Busy { .. }
        | CallError::Deadline { .. }
        | CallError::Backend { .. }
        | CallError::Forwarded(_)
        | CallError::Panicked => StatusCode::OK,
    }
}
