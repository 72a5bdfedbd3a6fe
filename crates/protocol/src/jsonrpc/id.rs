//! Request ids: kept as received, echoed exactly.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// The longest string id that is accepted, in bytes.
pub const ID_BYTES_MAX: usize = 256;

/// The id of a request: a string or an integer, never `null` (specification: *Requests*).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// An integer of at most 64 bits.
    Integer(i64),
    /// A string of at most [`ID_BYTES_MAX`] bytes.
    String(Box<str>),
}

impl RequestId {
    /// Reads the JSON text of an id. `None` when it is neither a string nor a 64-bit integer, or too long.
    ///
    /// An integer must be written the one way that can be echoed exactly: no sign on zero, no fraction, no exponent.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        if text.starts_with('"') {
            let id: Cow<'_, str> = serde_json::from_str::<&str>(text)
                .map(Cow::Borrowed)
                .or_else(|_| serde_json::from_str::<String>(text).map(Cow::Owned))
                .ok()?;
            return (id.len() <= ID_BYTES_MAX).then(|| Self::String(id.into()));
        }
        let integer: i64 = text.parse().ok()?;
        (text != "-0").then_some(Self::Integer(integer))
    }

    /// Appends the id as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        // Writing a number or a string into a vector cannot fail.
        drop(serde_json::to_writer(out, self));
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(id) => serializer.serialize_i64(*id),
            Self::String(id) => serializer.serialize_str(id),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::String(id) => id.fmt(f),
        }
    }
}

impl From<i64> for RequestId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_echoed_exactly_or_refused() {
        let cases = [
            ("1", true),
            ("0", true),
            ("-7", true),
            ("9007199254740993", true),
            ("9223372036854775807", true),
            ("9223372036854775808", false),
            ("-0", false),
            ("1.5", false),
            ("1.0", false),
            ("1e3", false),
            ("null", false),
            ("true", false),
            ("{}", false),
            ("[]", false),
            (r#""1""#, true),
            (r#""""#, true),
            (r#""a\nb""#, true),
            (r#""\u00e9""#, false),
        ];
        for (text, echoed) in cases {
            let Some(id) = RequestId::from_json(text) else {
                assert!(!echoed || text.starts_with('"'), "{text} was refused");
                continue;
            };
            let mut out = Vec::new();
            id.write(&mut out);
            // A string may be spelled another way, but it is the same string.
            let same = serde_json::from_str::<serde_json::Value>(text).unwrap()
                == serde_json::from_slice::<serde_json::Value>(&out).unwrap();
            assert!(same, "{text} came back as {}", String::from_utf8_lossy(&out));
        }
        let long = format!("\"{}\"", "x".repeat(ID_BYTES_MAX + 1));
        assert_eq!(RequestId::from_json(&long), None);
    }
}
