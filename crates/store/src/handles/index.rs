//! Which handles of an owner live, to know how many there are.
//!
//! The bytes, numbers big-endian: format number (1 byte, today 1), then for each handle its number (16) and when it
//! expires (8).

use crate::{clock::UnixMillis, record::Reader};

/// The handles that have not expired.
pub(super) struct Index(Vec<(u128, UnixMillis)>);

impl Index {
    /// Reads a cell, without what has expired by `now`. What this build cannot read is empty: it then counts too few, until
    /// those have expired.
    pub(super) fn decode(bytes: &[u8], now: UnixMillis) -> Self {
        let mut reader = Reader::new(bytes);
        let mut index = Self(Vec::new());
        if reader.array() == Some([FORMAT]) {
            while let Some((id, expires)) = entry(&mut reader) {
                if expires > now {
                    index.0.push((id, expires));
                }
            }
        }
        index
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.len() * ENTRY_BYTES);
        bytes.push(FORMAT);
        for (id, expires) in &self.0 {
            bytes.extend_from_slice(&id.to_be_bytes());
            bytes.extend_from_slice(&expires.as_u64().to_be_bytes());
        }
        bytes
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a handle, or lets it expire at another time.
    pub(super) fn set(&mut self, id: u128, expires: UnixMillis) {
        self.remove(id);
        self.0.push((id, expires));
    }

    pub(super) fn remove(&mut self, id: u128) {
        self.0.retain(|(other, _)| *other != id);
    }

    /// When the last of them expires.
    pub(super) fn last_expiry(&self) -> UnixMillis {
        self.0.iter().map(|(_, expires)| *expires).max().unwrap_or(UnixMillis::new(0))
    }
}

fn entry(reader: &mut Reader<'_>) -> Option<(u128, UnixMillis)> {
    let id = u128::from_be_bytes(reader.array()?);
    let expires = UnixMillis::new(u64::from_be_bytes(reader.array()?));
    Some((id, expires))
}

const FORMAT: u8 = 1;

const ENTRY_BYTES: usize = 16 + 8;
