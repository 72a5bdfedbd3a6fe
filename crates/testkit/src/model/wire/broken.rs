//! Why there is no answer, or only the beginning of one.

use super::HARD_LIMIT;

/// Why there is no answer, or only the beginning of one.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Nobody accepts connections there.
    #[error("no connection: {0}")]
    Unreachable(#[source] std::io::Error),
    /// The connection ended before the answer did.
    #[error("the connection was lost: {0}")]
    Lost(#[source] hyper::Error),
    /// The answer ended in the middle of an event, or before its result.
    #[error("the answer ended early")]
    Ended,
    /// What came is not what HTTP, SSE or JSON say it must be.
    #[error("not readable: {text}")]
    Garbled {
        /// What came.
        text: String,
    },
    /// The answer is to another request.
    #[error("an answer to {named} came to {sent}")]
    NotMine {
        /// What the answer names.
        named: String,
        /// What was sent.
        sent: String,
    },
    /// Nothing came within [`HARD_LIMIT`].
    #[error("nothing within {HARD_LIMIT:?}")]
    Hung,
}
