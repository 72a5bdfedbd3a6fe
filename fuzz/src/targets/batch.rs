//! [`Message::parse_batch`]: each item of a batch is read as the same message alone would be, and their number is bounded.

use bytes::Bytes;
use outboard_protocol::Message;
use outboard_protocol::jsonrpc::{BATCH_ITEMS_MAX, Fault, MessageError};
use serde_json::Value;
use serde_json::value::RawValue;

use super::jsonrpc::same;

pub(super) fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let texts = serde_json::from_slice::<Vec<&RawValue>>(data);
    match Message::parse_batch(&bytes) {
        Ok(items) => {
            let texts = texts.expect("a batch is an array");
            assert_eq!(items.len(), texts.len());
            assert!((1..=BATCH_ITEMS_MAX).contains(&items.len()), "{} items", items.len());
            items.iter().zip(texts).for_each(|(item, text)| is_read_as_if_alone(item, text));
        }
        Err(MessageError::EmptyBatch) => assert!(texts.is_ok_and(|texts| texts.is_empty()), "there are items"),
        Err(MessageError::BatchTooLong { limit }) => {
            assert!(limit == BATCH_ITEMS_MAX && texts.is_ok_and(|texts| texts.len() > limit), "there are fewer items");
        }
        Err(MessageError::Invalid { fault, .. }) => assert!(fault == Fault::NotAnObject && texts.is_err(), "{fault}"),
        Err(MessageError::Syntax { .. }) => assert!(serde_json::from_slice::<Value>(data).is_err(), "this is JSON"),
        Err(MessageError::NotUtf8 { .. }) => assert!(std::str::from_utf8(data).is_err(), "this is UTF-8"),
        Err(MessageError::TooDeep { .. }) => {}
        Err(MessageError::Batch) => unreachable!("a batch is what is read here"),
    }
}

fn is_read_as_if_alone(item: &Result<Message, MessageError>, text: &RawValue) {
    match (item, Message::parse(&Bytes::copy_from_slice(text.get().as_bytes()))) {
        (Ok(item), Ok(alone)) => assert!(same(item, &alone), "{item:?} is {alone:?} alone"),
        // A batch within a batch is no message.
        (Err(item), Err(MessageError::Batch)) => {
            assert_eq!(item, &MessageError::Invalid { id: None, fault: Fault::NotAnObject });
        }
        (Err(item), Err(alone)) => assert_eq!(item, &alone),
        (item, alone) => unreachable!("{item:?} is {alone:?} alone"),
    }
}
