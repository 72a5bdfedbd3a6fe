//! Error codes with their data, and the refusals of the protocol itself, sorted by whose fault they are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::headers::{HeaderCheckError, HeaderMismatch};
use crate::jsonrpc::MessageError;
use crate::meta::MetaError;
use crate::params::ParamsError;
use crate::raw::RawJson;
use crate::revision::SERVED;
use crate::types::ClientCapabilities;

/// The numbers of errors.
pub mod code {
    /// The body is not JSON (JSON-RPC 2.0).
    pub const PARSE_ERROR: i64 = -32700;
    /// The JSON is not one message (JSON-RPC 2.0).
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method is not served (JSON-RPC 2.0).
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The params do not fit the method (JSON-RPC 2.0).
    pub const INVALID_PARAMS: i64 = -32602;
    /// The fault is ours, or that of a server behind us (JSON-RPC 2.0).
    pub const INTERNAL_ERROR: i64 = -32603;
    /// There is no such resource (until 2025-11-25; later [`INVALID_PARAMS`]).
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// Headers and body differ (2026-07-28).
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The client did not declare a capability that the request needs (2026-07-28).
    pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
    /// The revision is not served (2026-07-28).
    pub const UNSUPPORTED_VERSION: i64 = -32022;
    /// Ours: the request came without a good token.
    pub const UNAUTHORIZED: i64 = 1401;
    /// Ours: the request may not be made by this caller. Outside the range that JSON-RPC reserves, as are all of ours.
    pub const FORBIDDEN: i64 = 1403;
    /// Ours: the caller was granted too few scopes; with more of them the same request is served.
    pub const INSUFFICIENT_SCOPE: i64 = 2403;
    /// Ours: the request was larger than the server accepts.
    pub const TOO_LARGE: i64 = 1413;
    /// Ours: the media types of the request or of the wanted answer are not served.
    pub const MEDIA_TYPE: i64 = 1415;
    /// Ours: the session is unknown or has ended.
    pub const SESSION_NOT_FOUND: i64 = 1404;
    /// Ours: the caller has as much open as it may; try again later.
    pub const TOO_MANY: i64 = 1429;
    /// Ours: the caller took the request back before it was answered.
    pub const CANCELLED: i64 = 1499;
    /// Ours: try again later; the server, or a server behind it, cannot take the call now.
    pub const UNAVAILABLE: i64 = 1503;
    /// Ours: the call took longer than its deadline.
    pub const DEADLINE: i64 = 1504;
}

/// As much of a caller's text as an error repeats: nothing is echoed at any length. 128 characters, which is all of a
/// tool's name.
#[must_use]
pub fn shortened(text: &str) -> Box<str> {
    text.chars().take(128).collect::<String>().into()
}

/// The `error` member of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorObject {
    /// One of [`code`], or a number of the server's own.
    pub code: i64,
    /// One sentence for a developer.
    pub message: Cow<'static, str>,
    /// What the code's definition asks for, or what a server behind us sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<RawJson>,
}

impl ErrorObject {
    /// An error without data.
    #[must_use]
    pub fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The same error with data; left out if it cannot be written as JSON.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(self, data: &T) -> Self {
        Self { data: RawJson::of(data).ok(), ..self }
    }
}

/// What the protocol itself refuses. The client broke a rule in every case but [`Self::MissingCapability`], where it
/// cannot do what the request needs.
#[derive(Debug, Error)]
pub enum ProtocolError {
    /// The body is not one message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The headers do not fit the body.
    #[error("header mismatch: {0}")]
    Header(#[from] HeaderMismatch),
    /// The params do not fit the method.
    #[error("invalid params: {0}")]
    Params(#[from] ParamsError),
    /// The revision is not served.
    #[error("unsupported protocol version")]
    UnsupportedVersion {
        /// What was asked for.
        requested: Box<str>,
    },
    /// The method is not served in this revision.
    #[error("method not found: {method}")]
    MethodNotFound {
        /// What was called.
        method: Box<str>,
    },
    /// The client did not declare a capability that the request needs.
    #[error("the client must declare a capability that this request needs")]
    MissingCapability {
        /// What it must declare.
        required: ClientCapabilities,
    },
}

impl From<MetaError> for ProtocolError {
    fn from(error: MetaError) -> Self {
        Self::Params(error.into())
    }
}

impl From<HeaderCheckError> for ProtocolError {
    fn from(error: HeaderCheckError) -> Self {
        match error {
            HeaderCheckError::Mismatch(error) => Self::Header(error),
            HeaderCheckError::Params(error) => Self::Params(error),
        }
    }
}

#[derive(Serialize)]
struct UnsupportedVersionData<'a> {
    supported: Vec<&'static str>,
    requested: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingCapabilityData<'a> {
    required_capabilities: &'a ClientCapabilities,
}

impl ProtocolError {
    /// The error as it goes on the wire.
    #[must_use]
    pub fn object(&self) -> ErrorObject {
        let error = ErrorObject::new(self.code(), self.to_string());
        match self {
            Self::UnsupportedVersion { requested } => error.with_data(&UnsupportedVersionData {
                supported: SERVED.iter().map(|revision| revision.name).collect(),
                requested,
            }),
            Self::MissingCapability { required } => {
                error.with_data(&MissingCapabilityData { required_capabilities: required })
            }
            Self::Message(_) | Self::Header(_) | Self::Params(_) | Self::MethodNotFound { .. } => error,
        }
    }

    fn code(&self) -> i64 {
        match self {
            Self::Message(
                MessageError::NotUtf8 { .. } | MessageError::Syntax { .. } | MessageError::TooDeep { .. },
            ) => code::PARSE_ERROR,
            Self::Message(
                MessageError::Batch
                | MessageError::EmptyBatch
                | MessageError::BatchTooLong { .. }
                | MessageError::Invalid { .. },
            )
            | Self::Params(
                ParamsError::Duplicate { .. } | ParamsError::Unreadable | ParamsError::Meta(MetaError::Malformed),
            ) => code::INVALID_REQUEST,
            Self::Header(_) => code::HEADER_MISMATCH,
            Self::Params(
                ParamsError::Missing { .. }
                | ParamsError::WrongType { .. }
                | ParamsError::Meta(MetaError::Missing | MetaError::MissingKey { .. } | MetaError::WrongType { .. }),
            ) => code::INVALID_PARAMS,
            Self::UnsupportedVersion { .. } => code::UNSUPPORTED_VERSION,
            Self::MethodNotFound { .. } => code::METHOD_NOT_FOUND,
            Self::MissingCapability { .. } => code::MISSING_CLIENT_CAPABILITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_the_data_that_their_codes_ask_for() {
        let unsupported = ProtocolError::UnsupportedVersion { requested: "v999".into() }.object();
        let data: serde_json::Value = unsupported.data.unwrap().read().unwrap();
        assert_eq!(unsupported.code, code::UNSUPPORTED_VERSION);
        assert_eq!(data["requested"], "v999");
        assert_eq!(data["supported"][0], "2026-07-28");

        let required = ClientCapabilities::from_json(r#"{"sampling":{}}"#).unwrap();
        let missing = ProtocolError::MissingCapability { required }.object();
        assert_eq!(missing.code, code::MISSING_CLIENT_CAPABILITY);
        assert_eq!(missing.data.unwrap().as_bytes(), br#"{"requiredCapabilities":{"sampling":{}}}"#);
    }
}
