//! Log lines for clients: `notifications/message`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::raw::read_from_objects;

/// How much a log line matters, least first (RFC 5424 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum LoggingLevel {
    /// For those who look for a fault.
    Debug = 0,
    /// What happens.
    Info = 1,
    /// What happens and is worth a look.
    Notice = 2,
    /// What may become a fault.
    Warning = 3,
    /// What failed.
    Error = 4,
    /// What made something fail as a whole.
    Critical = 5,
    /// What somebody must act on now.
    Alert = 6,
    /// Nothing works.
    Emergency = 7,
}

impl LoggingLevel {
    /// All of them, least first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// As a number, for a record.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// From the number of a record.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// Finds a level by its word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

impl fmt::Display for LoggingLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The params of `notifications/message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct LogMessage {
    /// How much it matters.
    pub level: LoggingLevel,
    /// Which part of the server says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// What: a text, or any JSON value.
    pub data: Value,
}

read_from_objects!(LogMessage);
