//! Reads JSON as issuers have to write it: each member once, and nested within a bound.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use thiserror::Error;

/// Why a text is not such an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum JsonFault {
    /// It is no JSON, or no UTF-8.
    #[error("it is not JSON")]
    Syntax,
    /// An object in it has two members of one name: readers differ in which one they believe (RFC 7515 §4, RFC 7519 §4).
    #[error("a member stands twice")]
    Duplicate,
    /// Its arrays and objects nest deeper than is read.
    #[error("it is nested too deep")]
    TooDeep,
    /// It is another value than an object.
    #[error("it is not an object")]
    NotObject,
}

/// Reads an object. Nothing in it may nest deeper than `NESTING_MAX`, so the stack that this takes is bounded.
pub(crate) fn read_object(json: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let fault = Cell::new(JsonFault::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let strict = Strict { room: NESTING_MAX, fault: &fault };
    let value = strict.deserialize(&mut deserializer).map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonFault::Syntax)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonFault::NotObject),
    }
}

impl JsonFault {
    /// What the fault is, for errors that hold no other text than a fixed one.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "it is not JSON",
            Self::Duplicate => "a member stands twice",
            Self::TooDeep => "it is nested too deep",
            Self::NotObject => "it is not an object",
        }
    }
}

/// How deep arrays and objects may nest. Claims of real issuers nest three or four deep (`resource_access`).
const NESTING_MAX: usize = 16;

/// Builds a value. A fault that is not one of syntax is left in `fault`, because the parser's error cannot hold it.
struct Strict<'f> {
    room: usize,
    fault: &'f Cell<JsonFault>,
}

impl Strict<'_> {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        match self.room.checked_sub(1) {
            Some(room) => Ok(Strict { room, fault: self.fault }),
            None => Err(self.refuse(JsonFault::TooDeep)),
        }
    }

    fn refuse<E: Error>(&self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            if members.insert(name, value).is_some() {
                return Err(self.refuse(JsonFault::Duplicate));
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_and_everything_else_refused_by_its_fault() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let cases: [(&str, Option<JsonFault>); 17] = [
            (r#"{"a":1,"b":{"a":-2,"c":[true,null,"x",1.5]}}"#, None),
            (" \r\n\t{} ", None),
            (r#"{"a":1,"a":1}"#, Some(JsonFault::Duplicate)),
            (r#"{"a":1,"\u0061":2}"#, Some(JsonFault::Duplicate)),
            (r#"{"b":[{"a":1,"a":1}]}"#, Some(JsonFault::Duplicate)),
            (r#"{"b":{"c":{"a":1,"a":{}}}}"#, Some(JsonFault::Duplicate)),
            ("[]", Some(JsonFault::NotObject)),
            ("\"{}\"", Some(JsonFault::NotObject)),
            ("null", Some(JsonFault::NotObject)),
            ("", Some(JsonFault::Syntax)),
            ("{}{}", Some(JsonFault::Syntax)),
            ("{\"a\":1", Some(JsonFault::Syntax)),
            ("{\"a\":1e999}", Some(JsonFault::Syntax)),
            ("{\"a\":NaN}", Some(JsonFault::Syntax)),
            ("\u{feff}{}", Some(JsonFault::Syntax)),
            (&deep(NESTING_MAX), None),
            (&deep(NESTING_MAX + 1), Some(JsonFault::TooDeep)),
        ];
        for (json, fault) in cases {
            assert_eq!(read_object(json.as_bytes()).err(), fault, "{json}");
        }
        assert_eq!(read_object(b"{\"a\":\"\xff\"}"), Err(JsonFault::Syntax));
    }

    #[test]
    fn depth_takes_no_stack_however_deep_it_is() {
        for open in ["[", "{\"a\":"] {
            let json = format!("{{\"a\":{}", open.repeat(1_000_000));
            assert_eq!(read_object(json.as_bytes()), Err(JsonFault::TooDeep));
        }
    }

    #[test]
    fn values_are_those_of_an_ordinary_reader() {
        let json = br#"{"a":[1,-1,1.5,18446744073709551615,true,null,"\u00e9\n",{"b":{}}]}"#;
        assert_eq!(Value::Object(read_object(json).unwrap()), serde_json::from_slice::<Value>(json).unwrap());
    }
}
