//! Takes the answers of our own commands apart.

use bytes::Bytes;
use outboard_store::StoreError;
use redis::Value;

use crate::link::unexpected;

/// The members of a list.
pub(crate) fn list(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(unexpected()),
    }
}

/// The members of a list of so many.
pub(crate) fn list_of<const N: usize>(value: Value) -> Result<[Value; N], StoreError> {
    list(value)?.try_into().map_err(|_| unexpected())
}

/// Bytes; `None` where there are none.
pub(crate) fn bytes(value: Value) -> Result<Option<Bytes>, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        Value::Nil | Value::Boolean(false) => Ok(None),
        _ => Err(unexpected()),
    }
}

/// A number, also one that is written out, because it may be larger than Lua's.
pub(crate) fn number(value: Value) -> Result<u64, StoreError> {
    match value {
        Value::Int(number) => u64::try_from(number).map_err(|_| unexpected()),
        Value::BulkString(text) => {
            let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
            number.ok_or_else(unexpected)
        }
        _ => Err(unexpected()),
    }
}
