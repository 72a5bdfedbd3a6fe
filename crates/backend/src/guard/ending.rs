//! How a command ended.

use std::fmt;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited by itself.
    Exited {
        /// Its exit code.
        code: u8,
    },
    /// A signal ended it.
    Killed {
        /// The signal's number.
        signal: u8,
    },
    /// Its guard ended first and could not say.
    Unknown,
}

impl Ending {
    /// The exit code by which a shell would tell the same.
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::Exited { code } => code,
            Self::Killed { signal } => 128_u8.saturating_add(signal),
            Self::Unknown => super::EXIT_GUARD_FAILED,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited { code } => write!(f, "exited with code {code}"),
            Self::Killed { signal } => write!(f, "was killed by signal {signal}"),
            Self::Unknown => f.write_str("ended in an unknown way"),
        }
    }
}
