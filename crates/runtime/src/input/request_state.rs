//! `requestState`: what a call has to remember between its rounds, sealed, so that no replica has to.
//!
//! Inside the seal: format number (1 byte, today 1), then a [`Record`] as JSON. What it is bound to (owner, method, target,
//! arguments) is no part of it but the associated data of the seal: for another call it does not open.

use std::collections::BTreeMap;
use std::sync::Arc;

use outboard_identity::Principal;
use outboard_protocol::{Method, RawJson};
use outboard_store::{KeyRing, OpenError, Purpose, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{canonical, digest, length_of};
use crate::call::{Call, Operation};
use crate::catalog::{CatalogTool, Target};
use crate::owner::owner_digest;

/// What a call remembers.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Milliseconds since 1970.
    pub(super) expires: u64,
    /// How many rounds of questions there were.
    pub(super) round: u32,
    /// The digest of each question that the client was asked in the last of them, by its key.
    pub(super) asked: BTreeMap<String, String>,
    /// The answers of the rounds before: key, digest of the question, answer; in the order in which they came.
    pub(super) answers: Vec<(String, String, Value)>,
    /// What is kept along the rounds, by its key.
    pub(super) kept: BTreeMap<String, Value>,
}

/// What a `requestState` turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// What was remembered.
    Record(Record),
    /// Sealed with a key, or written in a format, that this replica does not have: the questions are asked again.
    Unknown,
    /// Not for this call, changed, or too old.
    Invalid,
}

/// Seals a record for the call that `binding` describes.
pub(super) fn seal(keys: &KeyRing, binding: &[u8], record: &Record) -> String {
    keys.seal(Purpose::State, binding, &encode(record))
}

/// Opens what a client brings as the state of the call that `binding` describes.
pub(super) fn open(keys: &KeyRing, binding: &[u8], text: &str, now: UnixMillis) -> Opened {
    let plaintext = match keys.open(Purpose::State, binding, text) {
        Ok(plaintext) => plaintext,
        Err(OpenError::UnknownKey { .. } | OpenError::UnknownFormat { .. }) => return Opened::Unknown,
        Err(OpenError::Malformed | OpenError::Tampered) => return Opened::Invalid,
    };
    match decode(&plaintext) {
        Opened::Record(record) if record.expires <= now.as_u64() => Opened::Invalid,
        opened => opened,
    }
}

fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // Its keys are texts and its parts are JSON already: writing it does not fail. If it did, the rest would be empty,
    // which no client could use.
    if serde_json::to_writer(&mut bytes, record).is_err() {
        bytes.truncate(1);
    }
    bytes
}

fn decode(plaintext: &[u8]) -> Opened {
    match plaintext.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_or(Opened::Invalid, Opened::Record),
        Some(_) => Opened::Unknown,
        None => Opened::Invalid,
    }
}

const FORMAT: u8 = 1;

/// Which call a state belongs to.
#[derive(Debug)]
pub(super) struct Binding {
    method: Method,
    target: BoundTarget,
    arguments: Option<RawJson>,
}

/// What the method is about, by the name that the caller knows.
#[derive(Debug)]
enum BoundTarget {
    /// Borrowed from the catalog: a call of a tool costs no copy of its name.
    Tool(Arc<CatalogTool>),
    Named(Box<str>),
    Nothing,
}

impl Binding {
    pub(super) fn of(call: &Call) -> Self {
        let target = match (&call.target, &call.operation) {
            (Some(Target::Tool(tool)), _) => BoundTarget::Tool(Arc::clone(tool)),
            (_, Operation::CallTool(named)) => BoundTarget::Named(named.name.clone()),
            (_, Operation::GetPrompt(named)) => BoundTarget::Named(named.name.clone()),
            (_, Operation::ReadResource { uri }) => BoundTarget::Named(uri.clone()),
            (_, Operation::Describe | Operation::List { .. } | Operation::Complete(_)) => BoundTarget::Nothing,
        };
        let arguments = match &call.operation {
            Operation::CallTool(named) => named.arguments.clone(),
            Operation::GetPrompt(named) => named.arguments.clone(),
            Operation::ReadResource { .. } | Operation::Describe | Operation::List { .. } | Operation::Complete(_) => {
                None
            }
        };
        Self { method: call.operation.method(), target, arguments }
    }

    pub(super) const fn is_completion(&self) -> bool {
        matches!(self.method, Method::Complete)
    }

    /// The associated data of the seal.
    pub(super) fn to_bytes(&self, principal: &Principal) -> Vec<u8> {
        let owner = owner_digest(principal);
        let target = match &self.target {
            BoundTarget::Tool(tool) => &*tool.name,
            BoundTarget::Named(name) => name,
            BoundTarget::Nothing => "",
        };
        let mut bytes = owner.as_bytes().to_vec();
        for text in [self.method.as_str(), target] {
            bytes.extend_from_slice(&length_of(text.as_bytes()));
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&self.arguments_digest());
        bytes
    }

    fn arguments_digest(&self) -> [u8; 32] {
        let Some(raw) = &self.arguments else { return digest(&[b"{}"]) };
        match serde_json::from_slice(raw.as_bytes()) {
            Ok(value) => digest(&[canonical(&value).as_bytes()]),
            // Not reached behind the validation; the bytes as they are bind just as well.
            Err(_) => digest(&[raw.as_bytes()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use outboard_store::RootKey;
    use serde_json::json;

    use super::*;

    fn record() -> Record {
        Record {
            expires: 1_785_240_600_000,
            round: 2,
            asked: BTreeMap::from([("b".to_owned(), "02".repeat(16))]),
            answers: vec![("a".to_owned(), "01".repeat(16), json!({"action": "accept"}))],
            kept: BTreeMap::from([("once".to_owned(), json!(7))]),
        }
    }

    #[test]
    fn the_bytes_of_a_record_are_the_documented_ones() {
        let golden = br#"{"expires":1785240600000,"round":2,"asked":{"b":"02020202020202020202020202020202"},"answers":[["a","01010101010101010101010101010101",{"action":"accept"}]],"kept":{"once":7}}"#;
        assert_eq!(encode(&record()), [&[1][..], golden].concat());
        assert_eq!(decode(&encode(&record())), Opened::Record(record()));
    }

    #[test]
    fn what_cannot_be_read_is_unknown_or_invalid() {
        let keys = KeyRing::new(vec![RootKey::generate()]).unwrap();
        let now = UnixMillis::new(1_785_240_000_000);
        let sealed = |plaintext: &[u8]| keys.seal(Purpose::State, b"call", plaintext);
        let later = encode(&record()).into_iter().enumerate();
        let later: Vec<u8> = later.map(|(at, byte)| if at == 0 { 2 } else { byte }).collect();
        let cases = [
            (sealed(&encode(&record())), Opened::Record(record())),
            (sealed(&later), Opened::Unknown),
            (sealed(b""), Opened::Invalid),
            (sealed(b"\x01{}"), Opened::Invalid),
            (sealed(b"\x01"), Opened::Invalid),
            (keys.seal(Purpose::Cursor, b"call", &encode(&record())), Opened::Invalid),
            (keys.seal(Purpose::State, b"other", &encode(&record())), Opened::Invalid),
            (String::new(), Opened::Invalid),
            ("x".repeat(1_000), Opened::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(open(&keys, b"call", &text, now), expected, "{text}");
        }
        let good = sealed(&encode(&record()));
        assert_eq!(open(&keys, b"call", &good, UnixMillis::new(1_785_240_600_000)), Opened::Invalid);
        assert!(matches!(open(&keys, b"call", &good, UnixMillis::new(1_785_240_599_999)), Opened::Record(_)));
    }
}
