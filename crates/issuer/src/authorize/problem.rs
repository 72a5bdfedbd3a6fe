//! What can only be told to the person in front of the browser.

use http::StatusCode;

/// What is told to the person, because it cannot be told to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    // The client broke the protocol.
    Malformed,
    UnknownClient,
    UnknownRedirect,
    // The form is not one that we take.
    Forged,
    Answered,
    // We are at a bound.
    Busy,
}

impl Problem {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::UnknownClient | Self::UnknownRedirect | Self::Answered => StatusCode::BAD_REQUEST,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Malformed => "The request is not readable.",
            Self::UnknownClient => {
                "This server does not know the client, or could not use its metadata document. Clients that \
                 registered before this server was started have to register again."
            }
            Self::UnknownRedirect => "The client asks to be answered at an address that is not one of its own.",
            Self::Forged => "The form was not sent from a page of this server that is still open.",
            Self::Answered => "The request was answered already, or it has waited for too long.",
            Self::Busy => "Too many clients are being looked up.",
        }
    }
}
