//! The ids of events: opaque to clients, each names a stream and a place in it.
//!
//! Format: base64url without padding (RFC 4648 §5) of one byte for the kind of stream and its numbers, big-endian. A forged
//! one shows its forger nothing: streams are found under their owner and session.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use outboard_identity::{GrantedScopes, Principal};
use outboard_store::Sequence;

/// The id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventId {
    /// Of the answer to a request.
    Answer {
        /// The number of its stream in the session.
        stream: u64,
        /// Its place: 0 before the first event.
        place: u64,
    },
    /// Of the stream of a session, which it gets by GET.
    Session {
        /// Where the bus is to be read on from.
        position: Sequence,
        /// Tells apart the events of connections that go on from the same position.
        connection: u64,
        /// Tells apart the events of one connection.
        ordinal: u32,
    },
}

impl EventId {
    /// Reads what [`write`](Self::write) wrote, and nothing else.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, rest) = bytes.split_first()?;
        let (first, rest) = rest.split_first_chunk()?;
        let (second, rest) = rest.split_first_chunk()?;
        let (first, second) = (u64::from_be_bytes(*first), u64::from_be_bytes(*second));
        match (*kind, rest) {
            (ANSWER, []) => Some(Self::Answer { stream: first, place: second }),
            (SESSION, rest) => {
                let ordinal = u32::from_be_bytes(rest.try_into().ok()?);
                Some(Self::Session { position: Sequence::from_u64(first), connection: second, ordinal })
            }
            _ => None,
        }
    }

    /// Writes the line of an event that holds the id.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let bytes = match self {
            Self::Answer { stream, place } => [&[ANSWER][..], &stream.to_be_bytes(), &place.to_be_bytes()].concat(),
            Self::Session { position, connection, ordinal } => {
                let (position, connection) = (position.as_u64().to_be_bytes(), connection.to_be_bytes());
                [&[SESSION][..], &position, &connection, &ordinal.to_be_bytes()].concat()
            }
        };
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(URL_SAFE_NO_PAD.encode(bytes).as_bytes());
        out.push(b'\n');
    }

    /// Writes an event without data: it gives the client the id to come back with, and tells it after how many milliseconds
    /// to do so (2025-11-25 *Sending Messages to the Server*, 6).
    pub(super) fn write_without_data(self, out: &mut Vec<u8>, retry_millis: u128) {
        self.write(out);
        out.extend_from_slice(format!("retry: {retry_millis}\ndata: \n\n").as_bytes());
    }
}

/// What stands for the scopes of a token in the number of a stream: who comes back for the rest of an answer must have those
/// that its call was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant(u32);

impl Grant {
    /// Equal for equal scopes, on every replica: their FNV-1a hash. Nobody gains by two that have one: a stream is found
    /// under its owner, too.
    pub(super) fn of(principal: &Principal) -> Self {
        const OFFSET_BASIS: u32 = 0x811c_9dc5;
        const PRIME: u32 = 0x0100_0193;
        let GrantedScopes::Only(scopes) = principal.granted() else { return Self(0) };
        let bytes = scopes.iter().flat_map(|scope| scope.as_str().bytes().chain([b' ']));
        Self(bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME)))
    }

    /// A number for the stream of an answer, different from that of every other stream of its session. It need not be hard
    /// to guess.
    pub(super) fn stream_number(self) -> u64 {
        (number() & !u64::from(u32::MAX)) | u64::from(self.0)
    }

    /// Whether a stream may be gone on with. A forged number names a stream that is not there.
    pub(super) fn may_resume(self, stream: u64) -> bool {
        stream & u64::from(u32::MAX) == u64::from(self.0)
    }
}

/// A number that is different each time. It need not be hard to guess.
pub(super) fn number() -> u64 {
    // Keyed with what the operating system's randomness gave this thread, and with other keys each time.
    RandomState::new().build_hasher().finish()
}

const ANSWER: u8 = 1;
const SESSION: u8 = 2;

/// Those of a session's stream: 21 bytes.
const CHARS_MAX: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: EventId) -> String {
        let mut line = Vec::new();
        id.write(&mut line);
        String::from_utf8(line).unwrap().strip_prefix("id: ").unwrap().strip_suffix('\n').unwrap().to_owned()
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else() {
        let ids = [
            EventId::Answer { stream: u64::MAX, place: 0 },
            EventId::Answer { stream: 0, place: 7 },
            EventId::Session { position: Sequence::ZERO, connection: 1, ordinal: 0 },
            EventId::Session { position: Sequence::from_u64(u64::MAX), connection: 1, ordinal: u32::MAX },
        ];
        for id in ids {
            let text = text(id);
            assert!(text.len() <= CHARS_MAX, "{text}");
            assert_eq!(EventId::parse(text.as_bytes()), Some(id));
            for wrong in
                [&text[1..], &text[..text.len() - 2], &format!("{text}A"), &format!("{text}AAAA"), &format!("{text}=")]
            {
                assert_eq!(EventId::parse(wrong.as_bytes()), None, "{wrong}");
            }
        }
        let long = "A".repeat(1 << 20);
        for garbage in ["", "1", "!!!!", "AAAAAAAAAAAAAAAAAAAAAAA", "\u{e9}", &long] {
            assert_eq!(EventId::parse(garbage.as_bytes()), None);
        }
    }

    #[test]
    fn streams_have_different_numbers() {
        let numbers: std::collections::HashSet<u64> = (0..1_000).map(|_| Grant(7).stream_number()).collect();
        assert_eq!(numbers.len(), 1_000);
    }
}
