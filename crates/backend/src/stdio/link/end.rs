//! How a child comes to its end.

use std::fmt;

use crate::guard::Ending;

/// How a child came to its end, as far as its callers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// The process ended.
    Process(Ending),
    /// It runs, but closed the streams that it was to speak over.
    ClosedStream,
    /// It wrote a line that is longer than the bound.
    LineTooLong {
        /// The bound, in bytes.
        limit: usize,
    },
    /// We stopped it.
    Stopped,
}

impl fmt::Display for ChildEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(ending) => ending.fmt(f),
            Self::ClosedStream => f.write_str("closed its standard streams"),
            Self::LineTooLong { limit } => write!(f, "wrote a line of more than {limit} bytes"),
            Self::Stopped => f.write_str("was stopped"),
        }
    }
}
