//! Reads JSON in which no member of an object stands twice, at any depth.
//!
//! What checks arguments and what acts on them may be two readers, and RFC 8259 §4 leaves to each which of two members of
//! one name counts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not read.
#[derive(Debug)]
pub(crate) enum UniqueError {
    /// A member stands twice.
    Duplicate { name: Box<str> },
    /// It is no JSON, or has a number that none of our types holds.
    Json(serde_json::Error),
}

/// Reads one JSON value.
pub(crate) fn read(text: &str) -> Result<Value, UniqueError> {
    let mut duplicate = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Unique { duplicate: &mut duplicate }.deserialize(&mut deserializer).map_err(UniqueError::Json)?;
    deserializer.end().map_err(UniqueError::Json)?;
    match duplicate {
        None => Ok(value),
        Some(name) => Err(UniqueError::Duplicate { name }),
    }
}

/// A value, with a place for the name of a member that stands twice in it.
struct Unique<'a> {
    duplicate: &'a mut Option<Box<str>>,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Unique { duplicate: self.duplicate })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Unique { duplicate: self.duplicate })?;
            if members.contains_key(&name) {
                self.duplicate.get_or_insert_with(|| name.into());
            } else {
                members.insert(name, value);
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_stand_twice_are_found_at_any_depth() {
        let cases = [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"x":[{"y":{"b":null,"c":1,"b":null}}]}"#, "b"),
            (r#"{"":1,"":2}"#, ""),
        ];
        for (text, expected) in cases {
            let Err(UniqueError::Duplicate { name }) = read(text) else { panic!("{text} was read") };
            assert_eq!(&*name, expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_read_as_it_is_elsewhere() {
        let text = r#" {"a":{"a":[null,true,-1,18446744073709551615,1.5,-0.0,1e-400,"\u00e9\n",{},[]]},"A":""} "#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        for text in ["", "{", "{} {}", r#"{"a":1e400}"#, r#"{"a":"\ud800"}"#] {
            assert!(matches!(read(text), Err(UniqueError::Json(_))), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
