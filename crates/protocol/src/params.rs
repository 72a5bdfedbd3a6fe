//! The members of `params` that decide what a request is about, read in one pass and left raw.

mod members;

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

pub use members::{cancelled_request, members, object, text, value};

use crate::jsonrpc::Key;
use crate::meta::{Meta, MetaError};
use crate::raw::RawJson;

/// The members of `params` that more than one place asks for.
#[derive(Debug, Default)]
pub struct Params<'a> {
    source: Option<&'a RawJson>,
    /// `_meta`.
    pub meta: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    uri: Option<&'a RawValue>,
    /// `arguments`, of a tool or prompt.
    pub arguments: Option<&'a RawValue>,
    cursor: Option<&'a RawValue>,
    input_responses: Option<&'a RawValue>,
    request_state: Option<&'a RawValue>,
}

/// Why `params` cannot be read: the client broke the protocol (-32602, or -32600 for a doubled member).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// A member stands twice: readers disagree on which one counts.
    #[error("params has the member {name} more than once")]
    Duplicate {
        /// The member.
        name: &'static str,
    },
    /// A member is missing.
    #[error("params lacks the required member {name}")]
    Missing {
        /// The member.
        name: &'static str,
    },
    /// They cannot be read: a name in them is no Unicode text.
    #[error("params cannot be read: a name in it is no text")]
    Unreadable,
    /// A member has the wrong type.
    #[error("{name} has the wrong type: it must be {expected}")]
    WrongType {
        /// The member.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `_meta` is wrong.
    #[error(transparent)]
    Meta(#[from] MetaError),
}

impl<'a> Params<'a> {
    /// Reads `params`; a request without them has empty ones.
    ///
    /// # Errors
    ///
    /// [`ParamsError::Duplicate`] when a known member stands twice, [`ParamsError::Unreadable`] when a name is no text.
    pub fn read(params: Option<&'a RawJson>) -> Result<Self, ParamsError> {
        let Some(params) = params else { return Ok(Self::default()) };
        let read: Read<'a> = serde_json::from_str(params.as_str()).map_err(|_| ParamsError::Unreadable)?;
        match read.duplicate {
            None => Ok(Self { source: Some(params), ..read.params }),
            Some(name) => Err(ParamsError::Duplicate { name }),
        }
    }

    /// Takes a value that stands in them, without a copy.
    #[must_use]
    pub fn part(&self, raw: &RawValue) -> Option<RawJson> {
        self.source.map(|source| source.part(raw))
    }

    /// `_meta`, read; empty where there is none.
    ///
    /// # Errors
    ///
    /// [`MetaError`] when it is no object or doubles one of our keys.
    pub fn meta(&self) -> Result<Meta<'a>, MetaError> {
        self.meta.map_or_else(|| Ok(Meta::default()), Meta::read)
    }

    /// The name of a tool or prompt.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is missing or no string.
    pub fn name(&self) -> Result<Cow<'a, str>, ParamsError> {
        required_text(self.name, "name")
    }

    /// The URI of a resource.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is missing or no string.
    pub fn uri(&self) -> Result<Cow<'a, str>, ParamsError> {
        required_text(self.uri, "uri")
    }

    /// Where a list goes on.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is no string.
    pub fn cursor(&self) -> Result<Option<Cow<'a, str>>, ParamsError> {
        self.cursor.map(|raw| text(raw, "cursor")).transpose()
    }

    /// What the client answers to the questions of an earlier round.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is neither an object nor `null`, which holds no answers.
    pub fn input_responses(&self) -> Result<Option<&'a RawValue>, ParamsError> {
        match self.input_responses {
            Some(raw) if raw.get() == "null" => Ok(None),
            Some(raw) if !raw.get().starts_with('{') => {
                Err(ParamsError::WrongType { name: "inputResponses", expected: "an object" })
            }
            responses => Ok(responses),
        }
    }

    /// What an earlier round gave the client to keep.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when it is no string.
    pub fn request_state(&self) -> Result<Option<Cow<'a, str>>, ParamsError> {
        self.request_state.map(|raw| text(raw, "requestState")).transpose()
    }

    /// The arguments of a tool: an object, or nothing.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] when they are something else.
    pub fn arguments_object(&self) -> Result<Option<&'a RawValue>, ParamsError> {
        match self.arguments {
            Some(raw) if !raw.get().starts_with('{') => {
                Err(ParamsError::WrongType { name: "arguments", expected: "an object" })
            }
            arguments => Ok(arguments),
        }
    }
}

fn required_text<'a>(raw: Option<&'a RawValue>, name: &'static str) -> Result<Cow<'a, str>, ParamsError> {
    text(raw.ok_or(ParamsError::Missing { name })?, name)
}

struct Read<'a> {
    params: Params<'a>,
    duplicate: Option<&'static str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Read<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamsVisitor;
        impl<'de> Visitor<'de> for ParamsVisitor {
            type Value = Read<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("params")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read<'de>, A::Error> {
                let (mut params, mut duplicate) = (Params::default(), None);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    let (name, slot) = match &*key.0 {
                        "_meta" => ("_meta", &mut params.meta),
                        "name" => ("name", &mut params.name),
                        "uri" => ("uri", &mut params.uri),
                        "arguments" => ("arguments", &mut params.arguments),
                        "cursor" => ("cursor", &mut params.cursor),
                        "inputResponses" => ("inputResponses", &mut params.input_responses),
                        "requestState" => ("requestState", &mut params.request_state),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if slot.replace(map.next_value()?).is_some() {
                        duplicate = Some(name);
                    }
                }
                Ok(Read { params, duplicate })
            }
        }
        deserializer.deserialize_map(ParamsVisitor)
    }
}
