//! What can go wrong with an upstream server, sorted by whose fault it is.
//!
//! The messages are for the person who typed the URL: they say what was wrong and what to do. What the server said is
//! shown in them cut and without control characters.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use outboard_fetch::FetchError;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::{ErrorObject, RequestId};
use thiserror::Error;

use super::sse::SseError;

/// Why one request to an upstream server has no result.
#[derive(Debug, Error)]
pub enum ExchangeError {
    // We: the server does not know us, or not well enough.
    /// 401: the server wants credentials, or other ones.
    #[error(
        "the server wants a valid token (401): send one in an Authorization header{}",
        said(" - it says: ", challenge)
    )]
    Unauthorized {
        /// The `WWW-Authenticate` header, as text.
        challenge: Option<String>,
    },
    /// 403: these credentials, or this origin, may not do that.
    #[error("the server does not allow this (403){}{}", said(": ", message), said(" - it says: ", challenge))]
    Forbidden {
        /// The `WWW-Authenticate` header, as text; it may name the scopes that are needed.
        challenge: Option<String>,
        /// The message of the JSON-RPC error, if there was one.
        message: Option<String>,
    },
    /// The session has ended on the server (404 to a request that names a session). A new connection starts a new one.
    #[error("the server has ended the session: connect again")]
    SessionGone,

    // The server: it says no.
    /// It answered with a JSON-RPC error.
    #[error("the server answered with error {}: {}", .0.code, shown(&.0.message))]
    Remote(ErrorObject),
    /// It is too busy (429 or 503).
    #[error("the server cannot take this now ({status}): try again {}", after(*retry_after_seconds))]
    Busy {
        /// 429 or 503.
        status: StatusCode,
        /// The `Retry-After` header, if it is a number of seconds.
        retry_after_seconds: Option<u64>,
    },
    /// It answered with another failure status.
    #[error("the server answered {status}{}", said(": ", message))]
    Status {
        /// The status.
        status: StatusCode,
        /// The message of the JSON-RPC error, or the start of the text that came with it.
        message: Option<String>,
    },

    // The way there, and the bounds on waiting.
    /// No answer, or one that breaks the bounds of a fetch.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// No final answer in time.
    #[error("the server did not finish within {after:?}")]
    Timeout {
        /// The bound.
        after: Duration,
    },

    // The server: it breaks the protocol.
    /// The answer is neither JSON nor an event stream.
    #[error("the answer is {}, not JSON-RPC: is this the URL of an MCP endpoint?", content_type.as_deref().unwrap_or("without a type"))]
    NotMcp {
        /// The `Content-Type` header.
        content_type: Option<String>,
    },
    /// The answer is not a JSON-RPC message.
    #[error("the answer is not a JSON-RPC message: {0}")]
    Malformed(#[from] MessageError),
    /// The event stream breaks its bounds.
    #[error(transparent)]
    Sse(#[from] SseError),
    /// The event stream ended before the result, and cannot be resumed.
    #[error("the event stream ended before the result")]
    StreamEnded,
    /// The answer is to another request.
    #[error("the answer is to request {}, not to {expected}", got.as_ref().map_or_else(|| "null".to_owned(), |id| shown(&id.to_string())))]
    WrongId {
        /// The id of our request.
        expected: RequestId,
        /// The id of the answer.
        got: Option<RequestId>,
    },
    /// A request was sent where only an answer may stand.
    #[error("the answer is a request or a notification")]
    NoResponse,
    /// The server asked too many questions during one request.
    #[error("the server sent more than {max} requests of its own during one of ours")]
    TooManyRequests {
        /// The bound.
        max: usize,
    },
    /// The result does not have the shape that the method's result has.
    #[error("the result of {method} does not have the shape that the specification gives it")]
    ResultShape {
        /// The method.
        method: &'static str,
    },
}

impl ExchangeError {
    /// Whether asking in the other era could go better: the server answered, but not as a server of this era does.
    pub(super) fn may_be_other_era(&self) -> bool {
        match self {
            Self::Remote(_)
            | Self::Status { .. }
            | Self::NotMcp { .. }
            | Self::Malformed(_)
            | Self::StreamEnded
            | Self::WrongId { .. }
            | Self::NoResponse
            | Self::ResultShape { .. } => true,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::SessionGone
            | Self::Busy { .. }
            | Self::Fetch(_)
            | Self::Timeout { .. }
            | Self::Sse(_)
            | Self::TooManyRequests { .. } => false,
        }
    }
}

/// Why there is no connection to an upstream server.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The server speaks MCP, but no revision that we speak.
    #[error("the server speaks none of our protocol revisions, only: {}", shown(&supported.join(", ")))]
    NoCommonRevision {
        /// What it speaks.
        supported: Vec<String>,
    },
    /// Only a modern server was asked for, and this one is not.
    #[error("the server does not speak the protocol's revision of 2026-07-28 or later: {cause}")]
    NotModern {
        /// How it answered.
        #[source]
        cause: ExchangeError,
    },
    /// Something answered, but not an MCP server.
    #[error("no MCP server answered at this URL: {cause}. Check the path, which is often /mcp")]
    NotAnMcpServer {
        /// What was wrong with the last answer.
        #[source]
        cause: ExchangeError,
    },
    /// The opening request failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

/// Why there is no list of tools.
#[derive(Debug, Error)]
pub enum ListError {
    /// The list has more pages than the client reads.
    #[error("the list of tools has more than {max} pages")]
    TooManyPages {
        /// The bound.
        max: usize,
    },
    /// The list has more tools than the client keeps.
    #[error("the server lists more than {max} tools")]
    TooManyTools {
        /// The bound.
        max: usize,
    },
    /// A request failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

/// Why a tool has no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// The arguments are not a JSON object.
    #[error("the arguments of a tool are a JSON object")]
    ArgumentsNotAnObject,
    /// The server has no such tool; its list was read before.
    #[error("the server has no tool `{}`: list its tools to see their names", shown(name))]
    ToolUnknown {
        /// The name that was called.
        name: String,
    },
    /// The tool needs answers from a person or a model, which this client cannot give.
    #[error("the tool asks for input that this client cannot give: {}", shown(&asked.join(", ")))]
    InputRequired {
        /// The methods of the questions.
        asked: Vec<String>,
    },
    /// The server asked to try again, again and again.
    #[error("the tool did not finish within {max} rounds")]
    TooManyRounds {
        /// The bound.
        max: usize,
    },
    /// The request failed.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The tools were listed anew, because the server refused our headers, and that failed.
    #[error("the tools could not be listed again: {0}")]
    List(#[from] ListError),
}

/// Text of a server as it is shown to a person: one line, no control characters, cut.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c });
    let mut cut: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

/// A header's values as one text to show; nothing where it is absent.
pub(super) fn shown_header(headers: &HeaderMap, name: http::HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| shown(&values.join(", ")))
}

const SHOWN_CHARS_MAX: usize = 512;

/// Control characters could drive a terminal, and marks of writing direction could turn its text around.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn said(prefix: &str, text: &Option<String>) -> String {
    text.as_ref().map(|text| format!("{prefix}{text}")).unwrap_or_default()
}

fn after(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "later".to_owned(), |seconds| format!("in {seconds} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_drive_a_terminal() {
        assert_eq!(shown("a\x1b[31mred\nb\u{202e}c"), "a [31mred b c");
        assert_eq!(shown(&"x".repeat(600)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
