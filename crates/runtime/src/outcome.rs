//! An answer on its way out, neutral of era, and all the ways in which a call fails, sorted by whose fault it is.

use std::sync::Arc;
use std::time::Duration;

use outboard_identity::{Denied, Scope};
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::{ErrorObject, ProtocolError, code};
use outboard_protocol::types::{CachingHints, ClientCapabilities, ServerCapabilities};
use outboard_protocol::{Method, Revision};
use serde::Serialize;
use thiserror::Error;

use crate::input::{AskError, QuestionError};

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
    /// The caller used a method of a feature that the server does not have.
    #[error("method not found: {method}: the server does not have this feature")]
    NotOffered {
        /// The method.
        method: Method,
    },
    /// The caller named a tool that does not exist, or that it may not see.
    #[error("unknown tool: {name}")]
    UnknownTool {
        /// As the caller wrote it.
        name: Box<str>,
    },
    /// The caller named a resource that does not exist, or that it may not see.
    #[error("unknown resource: {uri}")]
    UnknownResource {
        /// As the caller wrote it.
        uri: Box<str>,
    },
    /// The caller named a prompt that does not exist, or that it may not see.
    #[error("unknown prompt: {name}")]
    UnknownPrompt {
        /// As the caller wrote it.
        name: Box<str>,
    },
    /// The caller named a template of resources that does not exist, or that it may not see.
    #[error("unknown resource template: {uri}")]
    UnknownTemplate {
        /// As the caller wrote it.
        uri: Box<str>,
    },
    /// The caller lacks a scope that the call needs.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller left out an argument that a prompt needs.
    #[error("the prompt needs the argument {name}")]
    MissingArgument {
        /// The argument.
        name: Box<str>,
    },
    /// The caller sent an argument of the wrong type.
    #[error("the argument {name} must be {expected}")]
    WrongArgument {
        /// The argument.
        name: Box<str>,
        /// What it must be.
        expected: &'static str,
    },
    /// The caller sent arguments in which a member stands twice: readers disagree on which one counts, and a check of the
    /// one would let the other through.
    #[error("the arguments have the member {name} more than once")]
    DuplicateArgument {
        /// The member, as the caller wrote it.
        name: Box<str>,
    },
    /// The caller's client answered questions with a member that stands twice in its answers: readers disagree on which one
    /// counts.
    #[error("the inputResponses have the member {name} more than once")]
    DuplicateAnswer {
        /// The member, as the client wrote it.
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
    /// The caller brought a `requestState` that is not for this call: changed, another caller's, another call's, or too old.
    #[error("the requestState is not valid for this request: make the request again without it")]
    InvalidState,
    /// The call asks again and again.
    #[error("the call asked for input {limit} times: it is given up")]
    TooManyRounds {
        /// The bound.
        limit: u32,
    },
    /// What the call has to remember between rounds does not fit into its bound.
    #[error("the call has more to remember between its rounds than {limit} bytes")]
    StateTooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// A question that was asked live has no answer.
    #[error(transparent)]
    Unanswered(#[from] AskError),
    /// The handler asked what cannot be asked: a fault of the program. What it is stands in the log.
    #[error("the handler asked its client in a way that cannot be")]
    Question(#[source] QuestionError),
    /// The store does not answer, and the call needs it.
    #[error("the server's store cannot be reached now")]
    Store,
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
    /// A prompt or a resource cannot be had; its handler says why, and the caller is told.
    #[error("{reason}")]
    Handler {
        /// Why.
        reason: Box<str>,
    },
    /// A handler panicked. The panic itself is in the log.
    #[error("the handler failed unexpectedly")]
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

/// Whose fault it is that a call has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The caller or its client, or a server behind us whose refusal of them is passed on.
    Client,
    /// Nobody alone: there is more to do, or it takes longer, than the server was given room for.
    Load,
    /// A server or a store behind us.
    Behind,
    /// The handler: it asks too much, or says that it cannot.
    Handler,
    /// The program.
    Program,
}

impl CallError {
    /// Whose fault it is.
    #[must_use]
    pub const fn culprit(&self) -> Culprit {
        match self {
            Self::NotOffered { .. }
            | Self::UnknownTool { .. }
            | Self::UnknownResource { .. }
            | Self::UnknownPrompt { .. }
            | Self::UnknownTemplate { .. }
            | Self::Denied(_)
            | Self::MissingArgument { .. }
            | Self::WrongArgument { .. }
            | Self::DuplicateArgument { .. }
            | Self::DuplicateAnswer { .. }
            | Self::InvalidCursor
            | Self::InvalidState
            | Self::MissingCapability { .. }
            | Self::Unanswered(AskError::Refused(_) | AskError::Unfit | AskError::TooMany { .. })
            | Self::Forwarded(_) => Culprit::Client,
            Self::Busy { .. } | Self::Deadline { .. } | Self::Unanswered(AskError::Timeout { .. }) => Culprit::Load,
            Self::Backend { .. } | Self::Store | Self::Unanswered(AskError::Unavailable) => Culprit::Behind,
            Self::TooManyRounds { .. } | Self::StateTooLarge { .. } | Self::Handler { .. } => Culprit::Handler,
            Self::Question(_) | Self::Panicked => Culprit::Program,
        }
    }

    /// The error as it goes on the wire to a caller of this revision.
    #[must_use]
    pub fn object(&self, revision: &Revision) -> ErrorObject {
        let code = match self {
            Self::Forwarded(error) => return error.clone(),
            Self::UnknownResource { uri } => {
                let data = ResourceData { uri };
                return ErrorObject::new(revision.resource_not_found, self.to_string()).with_data(&data);
            }
            Self::MissingCapability { required } => {
                return ProtocolError::MissingCapability { required: *required }.object();
            }
            Self::Denied(denied) => {
                let data = DeniedData { required_scopes: denied.required().iter().map(Scope::as_str).collect() };
                return ErrorObject::new(code::INSUFFICIENT_SCOPE, self.to_string()).with_data(&data);
            }
            Self::NotOffered { .. } => code::METHOD_NOT_FOUND,
            Self::UnknownTool { .. }
            | Self::UnknownPrompt { .. }
            | Self::UnknownTemplate { .. }
            | Self::MissingArgument { .. }
            | Self::WrongArgument { .. }
            | Self::InvalidState
            | Self::InvalidCursor
            | Self::Unanswered(AskError::Unfit) => code::INVALID_PARAMS,
            Self::DuplicateArgument { .. } | Self::DuplicateAnswer { .. } => code::INVALID_REQUEST,
            Self::Busy { .. }
            | Self::Store
            | Self::Unanswered(AskError::TooMany { .. } | AskError::Unavailable)
            | Self::Backend { failure: BackendFailure::Starting { .. } | BackendFailure::Overloaded, .. } => {
                code::UNAVAILABLE
            }
            Self::Deadline { .. } | Self::Unanswered(AskError::Timeout { .. }) => code::DEADLINE,
            // The client's own refusal, which it gets back under its own number.
            Self::Unanswered(AskError::Refused(error)) => error.code,
            Self::Backend { failure: BackendFailure::Ended { .. } | BackendFailure::InvalidAnswer { .. }, .. }
            | Self::TooManyRounds { .. }
            | Self::StateTooLarge { .. }
            | Self::Question(_)
            | Self::Handler { .. }
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
            Self::Backend { failure: BackendFailure::Overloaded, .. }
            | Self::Store
            | Self::Unanswered(AskError::TooMany { .. } | AskError::Unavailable) => Some(Duration::from_secs(1)),
            Self::NotOffered { .. }
            | Self::Handler { .. }
            | Self::UnknownTool { .. }
            | Self::UnknownResource { .. }
            | Self::UnknownPrompt { .. }
            | Self::UnknownTemplate { .. }
            | Self::Denied(_)
            | Self::MissingArgument { .. }
            | Self::WrongArgument { .. }
            | Self::InvalidState
            | Self::TooManyRounds { .. }
            | Self::StateTooLarge { .. }
            | Self::Question(_)
            | Self::Unanswered(AskError::Refused(_) | AskError::Unfit | AskError::Timeout { .. })
            | Self::DuplicateArgument { .. }
            | Self::DuplicateAnswer { .. }
            | Self::InvalidCursor
            | Self::MissingCapability { .. }
            | Self::Deadline { .. }
            | Self::Backend { failure: BackendFailure::Ended { .. } | BackendFailure::InvalidAnswer { .. }, .. }
            | Self::Forwarded(_)
            | Self::Panicked => None,
        }
    }
}

/// The data of the error that says that there is no such resource (specification: *Resources*, error handling).
#[derive(Serialize)]
struct ResourceData<'a> {
    uri: &'a str,
}

/// The data of the error that says which scopes are needed, held or not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeniedData<'a> {
    required_scopes: Vec<&'a str>,
}
