//! Why a lifted command does not serve.

use std::time::Duration;

use outboard_protocol::{ErrorObject, Method};
use outboard_runtime::BackendFailure;
use thiserror::Error;

use super::link::{ChildEnd, RequestError};
use crate::guard::SpawnError;

/// Why a lifted command is not up.
#[derive(Debug, Error)]
pub enum StdioError {
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It was up, and then ended.
    #[error("the command {end}")]
    Ended {
        /// How.
        end: ChildEnd,
    },
}

/// Why a command that was started did not come up.
#[derive(Debug, Error)]
pub enum StartError {
    /// The process did not start.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// It ended before it was up.
    #[error("the command {end} before it answered")]
    Ended {
        /// How.
        end: ChildEnd,
    },
    /// It took too long.
    #[error("the command was not ready within {limit:?}: is it an MCP server on standard input and output?")]
    TimedOut {
        /// How long it had.
        limit: Duration,
    },
    /// It speaks no revision that we speak.
    #[error("the command speaks no known revision of MCP, only {offered:?}")]
    NoCommonRevision {
        /// What it speaks.
        offered: Vec<String>,
    },
    /// It answered with an error.
    #[error("the command refused {method}: {} (code {})", error.message, error.code)]
    Refused {
        /// What it was asked.
        method: Box<str>,
        /// What it answered.
        error: ErrorObject,
    },
    /// It answered with something of the wrong form.
    #[error("the answer to {method} does not have the form that the specification gives it")]
    InvalidAnswer {
        /// What it was asked.
        method: Box<str>,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A request was not answered with a result.
    #[error("the command {failure} when it was asked {method}")]
    Failed {
        /// What it was asked.
        method: Box<str>,
        /// How it failed.
        failure: BackendFailure,
    },
    /// One of its lists passes a bound.
    #[error("the answer to {method} has more than {limit} {}", unit.as_str())]
    ListTooLong {
        /// What it was asked.
        method: Box<str>,
        /// What is bounded.
        unit: ListUnit,
        /// The bound.
        limit: usize,
    },
}

/// What of a list is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListUnit {
    /// Pages.
    Pages,
    /// Items.
    Items,
    /// Bytes of all pages together.
    Bytes,
}

impl ListUnit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Items => "items",
            Self::Bytes => "bytes",
        }
    }
}

impl StartError {
    pub(super) fn request(method: &Method, error: RequestError) -> Self {
        let method = method.as_str().into();
        match error {
            RequestError::Answered(error) => Self::Refused { method, error },
            RequestError::Failed(failure) => Self::Failed { method, failure },
            RequestError::NotSent => Self::Ended { end: ChildEnd::ClosedStream },
        }
    }
}
