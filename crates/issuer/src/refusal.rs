//! Why a request is refused, in OAuth's words.

use http::StatusCode;

/// A refusal: OAuth's error code, and a fixed text for the developer who reads it. Nothing of the request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", code.as_str())]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// Goes out as `error_description`: ASCII without quotes and backslashes (RFC 6749 §5.2).
    pub(crate) reason: &'static str,
}

/// The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2 and OpenID Connect Core §3.1.2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    // The client broke the protocol.
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidClientMetadata,
    UnsupportedGrantType,
    UnsupportedResponseType,
    RequestNotSupported,
    RequestUriNotSupported,
    // The client or the user may not.
    InvalidClient,
    UnauthorizedClient,
    AccessDenied,
    InteractionRequired,
    // We are at a bound.
    TemporarilyUnavailable,
    // We are wrong.
    ServerError,
}

impl Refusal {
    pub(crate) const fn new(code: ErrorCode, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

impl ErrorCode {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::InteractionRequired => "interaction_required",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The status where the answer is JSON.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidRequest
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::InvalidGrant
            | Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseType
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::UnauthorizedClient
            | Self::AccessDenied
            | Self::InteractionRequired => StatusCode::BAD_REQUEST,
        }
    }
}
