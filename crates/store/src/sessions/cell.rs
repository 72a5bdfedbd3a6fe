//! The bytes of a session's cell.
//!
//! Format 1, numbers big-endian: format number (1 byte), state (1 byte, 0: the session goes on), its log level (1 byte,
//! 255 for none), the number of subscriptions (2), and each as its length (2) and its bytes.

use super::state::{SessionRecord, SessionState};
use crate::record::Reader;

/// Writes `record`. The log level is under 255, numbers and lengths of subscriptions fit two bytes.
pub(super) fn encode(record: &SessionRecord) -> Vec<u8> {
    let mut bytes = vec![FORMAT, LIVING, record.log_level.unwrap_or(NO_LEVEL)];
    push_u16(&mut bytes, record.subscriptions.len());
    for uri in &record.subscriptions {
        push_u16(&mut bytes, uri.len());
        bytes.extend_from_slice(uri.as_bytes());
    }
    bytes
}

/// Reads a cell. Whatever this build cannot read is a session that it cannot go on with, so it is answered like one that
/// is over, and the client begins anew.
pub(super) fn decode(bytes: &[u8]) -> SessionState {
    decode_living(bytes).map_or(SessionState::Terminated, SessionState::Living)
}

fn decode_living(bytes: &[u8]) -> Option<SessionRecord> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != [FORMAT, LIVING] {
        return None;
    }
    let [level] = reader.array()?;
    let count = u16::from_be_bytes(reader.array()?);
    let mut subscriptions = Vec::new();
    for _ in 0..count {
        let length = u16::from_be_bytes(reader.array()?);
        subscriptions.push(reader.text(usize::from(length))?.to_owned());
    }
    let log_level = Some(level).filter(|level| *level != NO_LEVEL);
    reader.is_at_end().then_some(SessionRecord { log_level, subscriptions })
}

fn push_u16(bytes: &mut Vec<u8>, number: usize) {
    let number = u16::try_from(number).expect("a session bounds what it holds by two bytes");
    bytes.extend_from_slice(&number.to_be_bytes());
}

const FORMAT: u8 = 1;

const LIVING: u8 = 0;
const NO_LEVEL: u8 = u8::MAX;
