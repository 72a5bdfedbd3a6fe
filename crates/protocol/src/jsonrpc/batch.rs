//! Several messages in one array, as revision 2025-03-26 knew them (JSON-RPC 2.0, *Batch*).

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Envelope, Fault, Message, MessageError, NESTING_MAX, syntax, text};

/// The most messages of one batch.
pub const BATCH_ITEMS_MAX: usize = 32;

impl Message {
    /// Parses a batch. What is wrong with one of its messages concerns that one alone: it is answered in its place.
    ///
    /// # Errors
    ///
    /// [`MessageError`] when the bytes are not UTF-8, not JSON, no array, an array without items or of more than
    /// [`BATCH_ITEMS_MAX`], or when one of them nests deeper than [`NESTING_MAX`].
    pub fn parse_batch(bytes: &Bytes) -> Result<Vec<Result<Self, MessageError>>, MessageError> {
        // One more level than a message has, for the array.
        let text = text(bytes, NESTING_MAX + 1)?;
        if !text.trim_start().starts_with('[') {
            serde_json::from_str::<IgnoredAny>(&text).map_err(|error| syntax(&error))?;
            return Err(MessageError::Invalid { id: None, fault: Fault::NotAnObject });
        }
        let items: Items<'_> = serde_json::from_str(&text).map_err(|error| syntax(&error))?;
        match items.0.len() {
            0 => Err(MessageError::EmptyBatch),
            1..=BATCH_ITEMS_MAX => Ok(items.0.into_iter().map(|item| parse_item(&text, item)).collect()),
            _ => Err(MessageError::BatchTooLong { limit: BATCH_ITEMS_MAX }),
        }
    }
}

fn parse_item(text: &ByteString, item: &RawValue) -> Result<Message, MessageError> {
    if !item.get().starts_with('{') {
        return Err(MessageError::Invalid { id: None, fault: Fault::NotAnObject });
    }
    let envelope: Envelope<'_> = serde_json::from_str(item.get()).map_err(|error| syntax(&error))?;
    envelope.into_message(text)
}

/// The items of an array: all of them, or one more than a batch may have.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a batch")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items<'de>, A::Error> {
                let mut kept = Vec::new();
                while let Some(item) = items.next_element()? {
                    kept.push(item);
                    if kept.len() > BATCH_ITEMS_MAX {
                        // The rest only has to be JSON.
                        while items.next_element::<IgnoredAny>()?.is_some() {}
                    }
                }
                Ok(Items(kept))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonrpc::RequestId;

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    fn parse(text: &str) -> Result<Vec<Result<Message, MessageError>>, MessageError> {
        Message::parse_batch(&Bytes::copy_from_slice(text.as_bytes()))
    }

    fn of(items: usize) -> String {
        format!("[{}]", vec![PING; items].join(","))
    }

    #[test]
    fn each_message_is_read_by_itself() {
        let body = Bytes::from(format!(
            r#" [{PING}, {{"jsonrpc":"2.0","method":"x","params":{{"a":1}}}}, 7, {{"jsonrpc":"2.0","id":"b"}},
                {{"jsonrpc":"2.0","id":2,"result":{{}}}}] "#
        ));
        let items = Message::parse_batch(&body).unwrap();
        let [Ok(Message::Request(ping)), Ok(Message::Notification(told)), scalar, kindless, Ok(Message::Response(_))] =
            &items[..]
        else {
            panic!("{items:?}")
        };
        assert_eq!(ping.id, RequestId::Integer(1));
        let params = told.params.as_ref().unwrap();
        assert!(body.as_ptr_range().contains(&params.as_bytes().as_ptr()), "a slice of the body");
        let invalid = |id, fault| MessageError::Invalid { id, fault };
        assert_eq!(scalar.as_ref().unwrap_err(), &invalid(None, Fault::NotAnObject));
        assert_eq!(kindless.as_ref().unwrap_err(), &invalid(Some(RequestId::String("b".into())), Fault::Kind));
    }

    #[test]
    fn a_batch_has_its_bounds() {
        let deep = |levels| {
            format!(
                r#"[{{"jsonrpc":"2.0","id":1,"method":"m","params":{}1{}}}]"#,
                "{\"a\":".repeat(levels),
                "}".repeat(levels)
            )
        };
        assert_eq!(parse(&of(BATCH_ITEMS_MAX)).unwrap().len(), BATCH_ITEMS_MAX);
        assert!(parse(&deep(NESTING_MAX - 1)).is_ok());
        let too_long = MessageError::BatchTooLong { limit: BATCH_ITEMS_MAX };
        let cases = [
            ("[]".to_owned(), MessageError::EmptyBatch),
            (of(BATCH_ITEMS_MAX + 1), too_long.clone()),
            (format!("[{}1]", "1,".repeat(10_000)), too_long),
            (format!("[{}1", "1,".repeat(100)), MessageError::Syntax { line: 1, column: 202 }),
            (format!("[{PING},]"), MessageError::Syntax { line: 1, column: 43 }),
            (PING.to_owned(), MessageError::Invalid { id: None, fault: Fault::NotAnObject }),
            (deep(NESTING_MAX), MessageError::TooDeep { limit: NESTING_MAX }),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(&text).unwrap_err(), expected, "{text}");
        }
        let no_text = Bytes::from_static(b"[\"\xff\"]");
        assert_eq!(Message::parse_batch(&no_text).unwrap_err(), MessageError::NotUtf8 { offset: 2 });
    }
}
