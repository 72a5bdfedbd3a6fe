//! How far a request has come.

use serde::{Deserialize, Serialize};

use crate::jsonrpc::RequestId;
use crate::raw::read_from_objects;

/// The token under which the sender of a request wants to hear of its progress: a string or an integer of its choice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ProgressToken(RequestId);

impl ProgressToken {
    /// Reads the JSON text of a token; `None` when it is neither a string nor a 64-bit integer, or longer than an id may be.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        RequestId::from_json(text).map(Self)
    }

    /// The integer that the token is, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self.0 {
            RequestId::Integer(token) => Some(token),
            RequestId::String(_) => None,
        }
    }
}

impl From<i64> for ProgressToken {
    fn from(token: i64) -> Self {
        Self(RequestId::Integer(token))
    }
}

impl<'de> Deserialize<'de> for ProgressToken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::from_json(raw.get()).ok_or_else(|| serde::de::Error::custom("a progress token is a string or an integer"))
    }
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Progress {
    /// Grows with every notification.
    pub progress: f64,
    /// What it grows to, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// What is being done, for people. Since 2025-03-26.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

read_from_objects!(Progress);
