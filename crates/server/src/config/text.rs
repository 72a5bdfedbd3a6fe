//! What all values written as text share: one way to be read, from the file, from a variable and from a flag.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};

/// Why a text is not a value of its setting. Never repeats the text: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, expected {expected}")]
pub(crate) struct Malformed {
    /// What is wrong.
    pub(crate) problem: &'static str,
    /// The accepted forms.
    pub(crate) expected: &'static str,
}

/// A value with a text form.
pub(super) trait Text: FromStr<Err = Malformed> + fmt::Display {
    /// The accepted forms, in words that follow "expected".
    const EXPECTED: &'static str;
    /// The JSON Schema of the text form.
    const SCHEMA: &'static str = r#"{"type": "string"}"#;

    /// Reads a plain number, where the setting accepts one.
    fn from_number(_number: i64) -> Option<Self> {
        None
    }

    /// Makes the error of this type.
    fn malformed(problem: &'static str) -> Malformed {
        Malformed { problem, expected: Self::EXPECTED }
    }
}

/// Reads a [`Text`] by serde.
pub(super) struct TextVisitor<T>(PhantomData<T>);

impl<T> TextVisitor<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Text> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::from_number(number).ok_or_else(|| E::invalid_type(Unexpected::Signed(number), &self))
    }
}

/// Implements `Deserialize` and `JsonSchema` for a [`Text`], and `Serialize` for one that is also written as text.
macro_rules! text_value {
    ($type:ident) => {
        $crate::config::text::text_value!(read $type);

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
    (read $type:ident) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::config::text::TextVisitor::new())
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let schema = serde_json::from_str::<serde_json::Value>(<Self as $crate::config::text::Text>::SCHEMA);
                schema.ok().and_then(|schema| schema.try_into().ok()).unwrap_or_default()
            }
        }
    };
}

pub(super) use text_value;
