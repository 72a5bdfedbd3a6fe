//! [`Params::read`]: each member is what a reader of the whole value finds there, and none stands twice.

use bytes::Bytes;
use outboard_protocol::params::ParamsError;
use outboard_protocol::raw::Members;
use outboard_protocol::{Params, RawJson};
use serde_json::Value;

/// The members that decide what a request is about.
const KNOWN: [&str; 7] = ["_meta", "name", "uri", "arguments", "cursor", "inputResponses", "requestState"];

pub(super) fn run(data: &[u8]) {
    let Ok(raw) = RawJson::parse(Bytes::copy_from_slice(data)) else { return };
    if !raw.is_object() {
        return;
    }
    let members = serde_json::from_slice::<Members<'_>>(data);
    let count = |name: &str| members.as_ref().map_or(0, |members| members.0.iter().filter(|(n, _)| n == name).count());
    let params = match Params::read(Some(&raw)) {
        Ok(params) => params,
        Err(ParamsError::Duplicate { name }) => {
            assert!(count(name) > 1, "{name} stands once");
            return;
        }
        Err(error) => {
            assert!(error == ParamsError::Unreadable && members.is_err(), "{error}");
            return;
        }
    };
    assert!(KNOWN.iter().all(|name| count(name) <= 1), "a member that stands twice is accepted");
    let Ok(value) = raw.read::<Value>() else { return };
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(params.name().ok().map(|name| name.into_owned()), text("name"));
    assert_eq!(params.uri().ok().map(|uri| uri.into_owned()), text("uri"));
    match params.cursor() {
        Ok(cursor) => assert_eq!(cursor.map(|cursor| cursor.into_owned()), text("cursor")),
        Err(_) => {
            assert!(value.get("cursor").is_some_and(|cursor| !cursor.is_string()), "a cursor that is text is refused")
        }
    }
    match params.arguments_object() {
        Ok(arguments) => {
            let read = arguments.map(|raw| serde_json::from_str::<Value>(raw.get()).expect("a part of a value is one"));
            assert_eq!(read.as_ref(), value.get("arguments"));
            assert!(read.is_none_or(|read| read.is_object()), "arguments that are no object");
        }
        Err(_) => {
            assert!(value.get("arguments").is_some_and(|arguments| !arguments.is_object()), "an object is refused")
        }
    }
}
