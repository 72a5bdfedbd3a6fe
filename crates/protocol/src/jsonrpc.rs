//! The JSON-RPC 2.0 envelope: one message, parsed once, `params` and `result` kept raw.

mod batch;
mod depth;
mod id;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

pub use batch::BATCH_ITEMS_MAX;
pub use id::{ID_BYTES_MAX, RequestId};

use crate::error::ErrorObject;
use crate::method::Method;
use crate::raw::{Object, RawJson};

/// How deep arrays and objects of one message may nest, the message itself included.
pub const NESTING_MAX: usize = 64;

/// One JSON-RPC message.
#[derive(Clone, Debug)]
pub enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification(Notification),
    /// Is the answer to a request.
    Response(Response),
}

/// A call of a method, to be answered under its id.
#[derive(Clone, Debug)]
pub struct Request {
    /// As the sender chose it.
    pub id: RequestId,
    /// What is called.
    pub method: Method,
    /// An object, where it is there at all.
    pub params: Option<RawJson>,
}

/// A message that is not answered.
#[derive(Clone, Debug)]
pub struct Notification {
    /// What is told.
    pub method: Method,
    /// An object, where it is there at all.
    pub params: Option<RawJson>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Response {
    /// The id of the request; absent on an error about a message whose id could not be read.
    pub id: Option<RequestId>,
    /// The result, or the error.
    pub outcome: Result<RawJson, ErrorObject>,
}

/// Why bytes are not one JSON-RPC message. The sender broke the protocol in every case.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The body is not UTF-8 (RFC 8259 §8.1).
    #[error("the message is not UTF-8: invalid byte at offset {offset}")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        offset: usize,
    },
    /// The body is not one JSON document.
    #[error("the message is not JSON: line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Arrays and objects nest too deep.
    #[error("the message nests deeper than {limit} levels")]
    TooDeep {
        /// The bound that was passed.
        limit: usize,
    },
    /// Several messages in an array. Only revision 2025-03-26 knew batches.
    #[error("a batch is not accepted here: send one JSON-RPC message per request")]
    Batch,
    /// A batch without messages.
    #[error("a batch has at least one message")]
    EmptyBatch,
    /// A batch of too many messages.
    #[error("a batch has at most {limit} messages")]
    BatchTooLong {
        /// The bound that was passed.
        limit: usize,
    },
    /// A JSON document that is no message.
    #[error("{fault}")]
    Invalid {
        /// The id, where it could be read.
        id: Option<RequestId>,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a JSON document that should be a JSON-RPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not an object.
    #[error("a JSON-RPC message is an object")]
    NotAnObject,
    /// The `jsonrpc` member is missing or not `"2.0"`.
    #[error("the member jsonrpc must be \"2.0\"")]
    Version,
    /// The id cannot be echoed exactly.
    #[error("the member id must be a string of at most 256 bytes or a 64-bit integer")]
    Id,
    /// The method is not a string.
    #[error("the member method must be a string")]
    Method,
    /// `params` is not an object.
    #[error("the member params must be an object")]
    Params,
    /// A member stands twice: readers disagree on which one counts.
    #[error("the member {0} stands more than once")]
    Duplicate(&'static str),
    /// Not exactly one of a request and an answer.
    #[error("a message has a method, or a result, or an error, and one of them only")]
    Kind,
    /// The error of an answer has no integer code or no message.
    #[error("the member error must have an integer code and a message")]
    Error,
}

impl MessageError {
    /// The id to answer under, where it could be read.
    #[must_use]
    pub fn id(&self) -> Option<&RequestId> {
        match self {
            Self::Invalid { id, .. } => id.as_ref(),
            Self::NotUtf8 { .. }
            | Self::Syntax { .. }
            | Self::TooDeep { .. }
            | Self::Batch
            | Self::EmptyBatch
            | Self::BatchTooLong { .. } => None,
        }
    }
}

impl Message {
    /// Parses one message.
    ///
    /// # Errors
    ///
    /// [`MessageError`] when the bytes are not UTF-8, not JSON, nest deeper than [`NESTING_MAX`], or are not exactly one
    /// message.
    pub fn parse(bytes: &Bytes) -> Result<Self, MessageError> {
        let text = text(bytes, NESTING_MAX)?;
        if text.trim_start().starts_with('{') {
            let envelope: Envelope<'_> = serde_json::from_str(&text).map_err(|error| syntax(&error))?;
            return envelope.into_message(&text);
        }
        serde_json::from_str::<IgnoredAny>(&text).map_err(|error| syntax(&error))?;
        if text.trim_start().starts_with('[') {
            return Err(MessageError::Batch);
        }
        Err(MessageError::Invalid { id: None, fault: Fault::NotAnObject })
    }
}

/// The text of a body that nests no deeper than `nesting_max`.
fn text(bytes: &Bytes, nesting_max: usize) -> Result<ByteString, MessageError> {
    let text = ByteString::try_from(bytes.clone());
    let text = text.map_err(|error| MessageError::NotUtf8 { offset: error.valid_up_to() })?;
    if depth::exceeds(bytes, nesting_max) {
        return Err(MessageError::TooDeep { limit: NESTING_MAX });
    }
    Ok(text)
}

fn syntax(error: &serde_json::Error) -> MessageError {
    MessageError::Syntax { line: error.line(), column: error.column() }
}

/// The members of a message as they stand in the text; nothing is judged yet, so that only syntax can fail here.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    duplicate: Option<&'static str>,
    has_two_ids: bool,
}

impl Envelope<'_> {
    fn into_message(self, text: &ByteString) -> Result<Message, MessageError> {
        // Of two ids none is one to answer under.
        let id = self.id.filter(|_| !self.has_two_ids).map(|raw| RequestId::from_json(raw.get()));
        let invalid = |fault| MessageError::Invalid { id: id.clone().flatten(), fault };
        if let Some(name) = self.duplicate {
            return Err(invalid(Fault::Duplicate(name)));
        }
        if self.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
            return Err(invalid(Fault::Version));
        }
        if let Some(None) = id {
            return Err(invalid(Fault::Id));
        }
        let Some(method) = self.method else { return self.into_response(text, id.flatten()) };
        if self.result.is_some() || self.error.is_some() {
            return Err(invalid(Fault::Kind));
        }
        let method = string(method).ok_or_else(|| invalid(Fault::Method))?;
        let method = Method::parse(&method);
        let params = self.params.map(|raw| RawJson::slice_of(text, raw));
        if params.as_ref().is_some_and(|params| !params.is_object()) {
            return Err(invalid(Fault::Params));
        }
        Ok(match id.flatten() {
            Some(id) => Message::Request(Request { id, method, params }),
            None => Message::Notification(Notification { method, params }),
        })
    }

    fn into_response(self, text: &ByteString, id: Option<RequestId>) -> Result<Message, MessageError> {
        let outcome = match (self.result, self.error) {
            (Some(result), None) if id.is_some() => Ok(RawJson::slice_of(text, result)),
            (None, Some(error)) => Err(serde_json::from_str::<Object<_>>(error.get())
                .map(|Object(error)| error)
                .map_err(|_| MessageError::Invalid { id: id.clone(), fault: Fault::Error })?),
            _ => return Err(MessageError::Invalid { id, fault: Fault::Kind }),
        };
        Ok(Message::Response(Response { id, outcome }))
    }
}

/// The string that a raw JSON value holds, if it is one; borrowed where it has no escapes.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(text).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let (name, slot) = match &*key.0 {
                "jsonrpc" => ("jsonrpc", &mut envelope.jsonrpc),
                "id" => ("id", &mut envelope.id),
                "method" => ("method", &mut envelope.method),
                "params" => ("params", &mut envelope.params),
                "result" => ("result", &mut envelope.result),
                "error" => ("error", &mut envelope.error),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() {
                envelope.duplicate = Some(name);
                envelope.has_two_ids |= name == "id";
            }
        }
        Ok(envelope)
    }
}

/// A member's name, borrowed where the text allows it.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests;
