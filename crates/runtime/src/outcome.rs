//! An answer on its way out, neutral of era, and all the ways in which a call fails, sorted by whose fault it is.

use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::{ErrorObject, ProtocolError, code};
use outboard_protocol::types::{CachingHints, ClientCapabilities, ServerCapabilities};
use thiserror::Error;

/// How a call ends.
pub type Outcome = Result<Answer, CallError>;

/// What a call is answered with.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What the server is and offers; transports say it in the words of the caller's era.
    Described(Arc<Description>),
    /// A result.
    Result(ServerResult),
}

/// What the server offers.
#[derive(Clone, Debug)]
pub struct Description {
    /// Which features.
    pub capabilities: ServerCapabilities,
    /// How to use it, for models.
    pub instructions: Option<String>,
    /// How long this may be kept.
    pub hints: CachingHints,
}

/// Why a call has no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// The caller named a tool that does not exist, or that it may not see.
    #[error("unknown tool: {name}")]
    UnknownTool {
        /// As the caller wrote it.
        name: Box<str>,
    },
    /// The caller sent arguments in which a member stands twice: readers disagree on which one counts, and a check of the
    /// one would let the other through.
    #[error("the arguments have the member {name} more than once")]
    DuplicateArgument {
        /// The member, as the caller wrote it.
        name: Box<str>,
    },
    /// The caller sent a cursor that no page of this list gave out.
    #[error("the cursor is not one that this list gave out: start again without one")]
    InvalidCursor,
    /// The caller's client did not declare a capability that the call needs.
    #[error("the client must declare a capability that this call needs")]
    MissingCapability {
        /// What it must declare.
        required: ClientCapabilities,
    },
    /// The server has as many calls in flight as it may.
    #[error("the server is busy: try again in {} s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The call took longer than it may.
    #[error("the call did not end within its deadline of {deadline:?}")]
    Deadline {
        /// How long it had.
        deadline: Duration,
    },
    /// A server behind us failed.
    #[error("the server '{backend}' behind this tool {failure}")]
    Backend {
        /// Its name in the config.
        backend: Arc<str>,
        /// How it failed.
        failure: BackendFailure,
    },
    /// A server behind us answered with an error of its own, which is passed on.
    #[error("{}", .0.message)]
    Forwarded(ErrorObject),
    /// A handler panicked. The panic itself is in the log.
    #[error("the tool failed unexpectedly")]
    Panicked,
}

/// How a server behind us failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackendFailure {
    /// It is being started, again or for the first time.
    #[error("is being started: try again in {} s", retry_after.as_secs())]
    Starting {
        /// When to try again.
        retry_after: Duration,
    },
    /// It has as many calls in flight, or bytes unread, as it may.
    #[error("takes no further call now")]
    Overloaded,
    /// It ended while the call was in flight. The call is not run again: it may have had an effect.
    #[error("ended before it answered ({how})")]
    Ended {
        /// Its exit code or signal.
        how: Box<str>,
    },
    /// It answered with something that is no answer.
    #[error("gave an answer that is not valid: {fault}")]
    InvalidAnswer {
        /// What is wrong with it.
        fault: Box<str>,
    },
}

impl CallError {
    /// The error as it goes on the wire.
    #[must_use]
    pub fn object(&self) -> ErrorObject {
        let code = match self {
            Self::Forwarded(error) => return error.clone(),
            Self::MissingCapability { required } => {
                return ProtocolError::MissingCapability { required: *required }.object();
            }
            Self::UnknownTool { .. } | Self::InvalidCursor => code::INVALID_PARAMS,
            Self::DuplicateArgument { .. } => code::INVALID_REQUEST,
            Self::Busy { .. }
            | Self::Backend { failure: BackendFailure::Starting { .. } | BackendFailure::Overloaded, .. } => {
                code::UNAVAILABLE
            }
            Self::Deadline { .. } => code::DEADLINE,
            Self::Backend { failure: BackendFailure::Ended { .. } | BackendFailure::InvalidAnswer { .. }, .. }
            | Self::Panicked => code::INTERNAL_ERROR,
        };
        ErrorObject::new(code, self.to_string())
    }

    /// When to try again, where trying again may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Backend { failure: BackendFailure::Starting { retry_after }, .. } => {
                Some(*retry_after)
            }
            Self::Backend { failure: BackendFailure::Overloaded, .. } => Some(Duration::from_secs(1)),
            Self::UnknownTool { .. }
            | Self::DuplicateArgument { .. }
            | Self::InvalidCursor
            | Self::MissingCapability { .. }
            | Self::Deadline { .. }
            | Self::Backend { failure: BackendFailure::Ended { .. } | BackendFailure::InvalidAnswer { .. }, .. }
            | Self::Forwarded(_)
            | Self::Panicked => None,
        }
    }
}
