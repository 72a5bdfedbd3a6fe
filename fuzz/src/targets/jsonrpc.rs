//! [`Message::parse`]: what is accepted is one message and comes back unchanged; what is refused has the reason it says.

use bytes::Bytes;
use outboard_protocol::jsonrpc::{ID_BYTES_MAX, MessageError, NESTING_MAX};
use outboard_protocol::{ErrorObject, Message, RawJson, RequestId, encode};
use serde_json::Value;

pub(super) fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    match Message::parse(&bytes) {
        Ok(message) => {
            fits_what_was_sent(&message, data);
            let written = Bytes::from(write(&message));
            let again = Message::parse(&written).expect("what was written from a message is one");
            assert!(same(&message, &again), "{message:?} came back as {again:?}");
        }
        Err(error) => is_the_reason(&error, data),
    }
}

/// What `serde_json` reads as a value, with a reader of its own, says the same as the message.
fn fits_what_was_sent(message: &Message, data: &[u8]) {
    // Strings with half a surrogate pair and numbers beyond a double pass here as raw bytes, and are no value.
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    assert!(depth(&value) <= NESTING_MAX, "deeper than the bound");
    assert_eq!(value.get("jsonrpc").and_then(Value::as_str), Some("2.0"));
    let (id, method, params) = match message {
        Message::Request(request) => (Some(&request.id), Some(&request.method), &request.params),
        Message::Notification(notification) => (None, Some(&notification.method), &notification.params),
        Message::Response(response) => (response.id.as_ref(), None, &None),
    };
    let sent = |name: &str| value.get(name).cloned();
    assert_eq!(id.map(id_value), sent("id"));
    assert_eq!(method.map(|method| method.as_str().into()), sent("method"));
    if method.is_some() {
        assert_eq!(params.as_ref().map(raw_value), sent("params"));
        assert!(params.is_none() || value.get("params").is_some_and(Value::is_object), "params that are no object");
        assert!(value.get("result").is_none() && value.get("error").is_none(), "a call and an answer in one");
    }
    if let Message::Response(response) = message {
        assert_eq!(response.outcome.as_ref().ok().map(raw_value), sent("result"));
        assert_eq!(
            response.outcome.as_ref().err().map(|error| error.code.into()),
            sent("error").and_then(|error| error.get("code").cloned())
        );
    }
}

/// An error names a fault that a second reader finds too.
fn is_the_reason(error: &MessageError, data: &[u8]) {
    let value = serde_json::from_slice::<Value>(data);
    match error {
        MessageError::NotUtf8 { offset } => {
            let valid = data.get(..*offset).is_some_and(|start| std::str::from_utf8(start).is_ok());
            assert!(valid && std::str::from_utf8(data).is_err(), "the first wrong byte is not at {offset}");
        }
        MessageError::Syntax { .. } => assert!(value.is_err(), "{error}"),
        MessageError::TooDeep { limit } => assert!(value.map_or(true, |value| depth(&value) > *limit), "{error}"),
        MessageError::Batch => assert!(value.map_or(true, |value| value.is_array()), "{error}"),
        MessageError::EmptyBatch | MessageError::BatchTooLong { .. } => unreachable!("no batch is read here"),
        MessageError::Invalid { id, .. } => {
            let sent = value.ok().and_then(|value| value.get("id").cloned());
            // With two ids, none is the one to answer under.
            assert!(error.to_string() != "the member id stands more than once" || id.is_none(), "{id:?}");
            assert!(id.is_none() || sent.is_none() || id.as_ref().map(id_value) == sent, "{error}: {id:?}");
        }
    }
}

/// The message in the words of the product's own writers, as far as they write it.
fn write(message: &Message) -> Vec<u8> {
    match message {
        Message::Request(request) => match &request.params {
            Some(params) => encode::request(&request.id, request.method.as_str(), params),
            None => object(Some(&request.id), "method", &raw(request.method.as_str())),
        },
        Message::Notification(notification) => match &notification.params {
            Some(params) => encode::notification(notification.method.as_str(), params),
            None => object(None, "method", &raw(notification.method.as_str())),
        },
        Message::Response(response) => match &response.outcome {
            Ok(result) => object(response.id.as_ref(), "result", result),
            Err(error) => encode::error(response.id.as_ref(), error),
        },
    }
}

fn object(id: Option<&RequestId>, name: &str, value: &RawJson) -> Vec<u8> {
    let mut out = b"{\"jsonrpc\":\"2.0\"".to_vec();
    if let Some(id) = id {
        out.extend_from_slice(b",\"id\":");
        id.write(&mut out);
    }
    out.extend_from_slice(format!(",\"{name}\":").as_bytes());
    out.extend_from_slice(value.as_bytes());
    out.push(b'}');
    out
}

fn raw(text: &str) -> RawJson {
    RawJson::of(text).expect("a string can be written")
}

/// Whether two messages are the same, params and results to the byte.
pub(super) fn same(a: &Message, b: &Message) -> bool {
    match (a, b) {
        (Message::Request(a), Message::Request(b)) => (&a.id, &a.method, &a.params) == (&b.id, &b.method, &b.params),
        (Message::Notification(a), Message::Notification(b)) => (&a.method, &a.params) == (&b.method, &b.params),
        (Message::Response(a), Message::Response(b)) => {
            let outcome = match (&a.outcome, &b.outcome) {
                (Ok(a), Ok(b)) => a == b,
                (Err(a), Err(b)) => same_error(a, b),
                _ => false,
            };
            a.id == b.id && outcome
        }
        _ => false,
    }
}

fn same_error(a: &ErrorObject, b: &ErrorObject) -> bool {
    (a.code, &a.message, &a.data) == (b.code, &b.message, &b.data)
}

fn id_value(id: &RequestId) -> Value {
    if let RequestId::String(text) = id {
        assert!(text.len() <= ID_BYTES_MAX, "an id longer than the bound");
    }
    serde_json::to_value(id).expect("an id can be written")
}

fn raw_value(raw: &RawJson) -> Value {
    raw.read().expect("a part of what can be read can be read")
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
