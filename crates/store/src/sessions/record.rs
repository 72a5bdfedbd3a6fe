//! The bytes inside a sealed session.
//!
//! Format 1, numbers big-endian: format number (1 byte), session number (16), capabilities (4), issued (8), expires (8),
//! owner (32), then revision, client name and client version, each behind one byte of length.

use super::{Session, SessionErrorKind};
use crate::{clock::UnixMillis, owner::OwnerDigest, record::Reader};

/// The most bytes of a revision that a session holds; those of today have 10.
pub const REVISION_BYTES_MAX: usize = 32;

/// The most bytes that [`encode`] writes.
pub(super) const RECORD_BYTES_MAX: usize = FIXED_BYTES + (1 + REVISION_BYTES_MAX) + 2 * (1 + CLIENT_TEXT_BYTES_MAX);

/// Cuts a client's name or version to what a session holds, between two characters.
pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(CLIENT_TEXT_BYTES_MAX)).unwrap_or_default()
}

/// Writes `session`, whose texts are within their bounds.
pub(super) fn encode(session: &Session) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES_MAX);
    bytes.push(FORMAT);
    bytes.extend_from_slice(&session.number.to_be_bytes());
    bytes.extend_from_slice(&session.capabilities.to_be_bytes());
    bytes.extend_from_slice(&session.issued.as_u64().to_be_bytes());
    bytes.extend_from_slice(&session.expires.as_u64().to_be_bytes());
    bytes.extend_from_slice(session.owner.as_bytes());
    for text in [&session.revision, &session.client_name, &session.client_version] {
        bytes.push(u8::try_from(text.len()).expect("every text of a session is bounded below 256 bytes"));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Reads what [`encode`] wrote, to the last byte.
pub(super) fn decode(bytes: &[u8]) -> Result<Session, SessionErrorKind> {
    let (&format, rest) = bytes.split_first().ok_or(SessionErrorKind::Malformed)?;
    if format != FORMAT {
        return Err(SessionErrorKind::UnknownFormat);
    }
    decode_fields(rest).ok_or(SessionErrorKind::Malformed)
}

fn decode_fields(bytes: &[u8]) -> Option<Session> {
    let mut reader = Reader::new(bytes);
    let session = Session {
        number: u128::from_be_bytes(reader.array()?),
        capabilities: u32::from_be_bytes(reader.array()?),
        issued: UnixMillis::new(u64::from_be_bytes(reader.array()?)),
        expires: UnixMillis::new(u64::from_be_bytes(reader.array()?)),
        owner: OwnerDigest::from_bytes(reader.array()?),
        revision: text(&mut reader, REVISION_BYTES_MAX)?,
        client_name: text(&mut reader, CLIENT_TEXT_BYTES_MAX)?,
        client_version: text(&mut reader, CLIENT_TEXT_BYTES_MAX)?,
    };
    reader.is_at_end().then_some(session)
}

fn text(reader: &mut Reader<'_>, bytes_max: usize) -> Option<String> {
    let [length] = reader.array()?;
    let length = usize::from(length);
    if length > bytes_max {
        return None;
    }
    reader.text(length).map(str::to_owned)
}

const FORMAT: u8 = 1;

const CLIENT_TEXT_BYTES_MAX: usize = 64;

/// Format number, session number, capabilities, issued, expires, owner.
const FIXED_BYTES: usize = 1 + 16 + 4 + 8 + 8 + 32;
