//! The input-request port: how a handler's questions reach the caller's client, in either era.
//!
//! A handler asks through its [`Context`](crate::Context) and does not know the era. Between rounds (modern) the call ends
//! with its questions, and is made again with the answers; live (legacy) it waits for them.

mod asking;
mod canonical;
mod form;
mod pause;
mod questions;
mod request_state;
mod rounds;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::types::InputRequest;
use outboard_protocol::{ErrorObject, RawJson};
use thiserror::Error;

use crate::provider::BoxFuture;
use crate::schema::SchemaError;

pub use asking::NotAccepted;
pub(crate) use questions::{Questions, Resumed};

/// How a caller can be asked.
#[derive(Clone, Debug, Default)]
pub enum Asking {
    /// Not at all.
    #[default]
    Nobody,
    /// The call ends with its questions; the client makes it again with the answers.
    Rounds(Option<Box<Round>>),
    /// The call waits for the answers.
    Live(Arc<dyn Asker>),
}

/// What a client brings to a further round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// `inputResponses`, an object.
    pub responses: Option<RawJson>,
    /// `requestState`, sealed, not opened yet.
    pub state: Option<Box<str>>,
}

/// Asks a client while a call waits.
///
/// A handler that forwards questions of its own, rather than asking through a [`Context`](crate::Context), finds one in its
/// call's [`asking`](crate::Call::asking): while a question is open there, the call's deadline stands still and its place
/// among the running calls is free for another.
pub trait Asker: Send + Sync + fmt::Debug {
    /// Asks one question, and ends with the client's result, an object.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the question is withdrawn.
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>>;
}

/// Why a question that was asked live has no answer. It ends the call: no handler sees it.
#[derive(Clone, Debug, Error)]
pub enum AskError {
    /// The client answered with an error.
    #[error("the client did not answer the question: {}", .0.message)]
    Refused(ErrorObject),
    /// The client's answer is not one to this question.
    #[error("the client's answer to the question does not fit it")]
    Unfit,
    /// There was no answer in time.
    #[error("the client did not answer the question within {limit:?}")]
    Timeout {
        /// How long it had.
        limit: Duration,
    },
    /// The caller has as many questions open as it may.
    #[error("there are {limit} open questions to this caller already")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// The store by which answers travel does not answer.
    #[error("the answer cannot be received now")]
    Unavailable,
}

/// Why a handler's question cannot be asked of anybody: a fault of the program. It ends the call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// A form is a flat object, and this is something else.
    #[error("a form must be an object with properties")]
    NotAnObject,
    /// A member of a form is nested, or a list of anything but choices.
    #[error("the form's member '{member}' is no text, number, boolean, choice or list of choices")]
    NotFlat {
        /// The member.
        member: Box<str>,
    },
    /// A member of a form has a rule that forms do not have, so that no client would follow it.
    #[error("the form's member '{member}' has the keyword '{keyword}', which forms do not have")]
    Keyword {
        /// The member.
        member: Box<str>,
        /// The keyword of JSON Schema.
        keyword: Box<str>,
    },
    /// The schema of a form is not valid.
    #[error("the form's schema cannot be used")]
    Schema(#[source] SchemaError),
    /// What `once` keeps must be JSON, and this is not.
    #[error("what is kept under '{key}' cannot be written as JSON")]
    NotJson {
        /// The key.
        key: Box<str>,
    },
    /// The handler was called past the runtime, which is what carries questions, state and news.
    #[error("a handler runs only within a runtime")]
    OutsideOfRuntime,
    /// Clients answer no questions while they wait for a completion (specification: *Multi Round-Trip Requests*).
    #[error("a completion cannot ask")]
    InCompletion,
}
