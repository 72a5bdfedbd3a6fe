//! The bytes in which one replica tells the others that a request was taken back. Puts nothing anywhere.

use outboard_protocol::RequestId;
use outboard_protocol::jsonrpc::ID_BYTES_MAX;
use outboard_store::OwnerDigest;

use crate::legacy::http::running::SessionKey;

/// The most bytes of a record.
pub(super) const BYTES_MAX: usize = 1 + 32 + 16 + 1 + ID_BYTES_MAX;

/// A request that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cancelled {
    pub(super) session: SessionKey,
    pub(super) id: RequestId,
}

impl Cancelled {
    pub(super) fn write(&self) -> Vec<u8> {
        let number;
        let (kind, id): (u8, &[u8]) = match &self.id {
            RequestId::Integer(id) => {
                number = id.to_be_bytes();
                (INTEGER, &number)
            }
            RequestId::String(id) => (STRING, id.as_bytes()),
        };
        let SessionKey { owner, number } = &self.session;
        [&[FORMAT], owner.as_bytes().as_slice(), &number.to_be_bytes(), &[kind], id].concat()
    }

    /// Reads a record; `None` for what is none, or one of a later build.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let ([FORMAT], rest) = bytes.split_first_chunk()? else { return None };
        let (owner, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let id = match rest.split_first()? {
            (&INTEGER, id) => RequestId::Integer(i64::from_be_bytes(id.try_into().ok()?)),
            (&STRING, id) if id.len() <= ID_BYTES_MAX => RequestId::String(std::str::from_utf8(id).ok()?.into()),
            _ => return None,
        };
        let session = SessionKey { owner: OwnerDigest::from_bytes(*owner), number: u128::from_be_bytes(*number) };
        Some(Self { session, id })
    }
}

const FORMAT: u8 = 1;
const INTEGER: u8 = 0;
const STRING: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn cancelled(id: RequestId) -> Cancelled {
        let session = SessionKey { owner: OwnerDigest::from_bytes([0xab; 32]), number: 0x0102_0304 };
        Cancelled { session, id }
    }

    #[test]
    fn a_record_has_these_bytes() {
        let begin = format!("01{}{:032x}", "ab".repeat(32), 0x0102_0304);
        let cases = [
            (RequestId::Integer(7), "000000000000000007"),
            (RequestId::Integer(-2), "00fffffffffffffffe"),
            (RequestId::String("a-ä".into()), "01612dc3a4"),
            (RequestId::String("".into()), "01"),
        ];
        for (id, end) in cases {
            let record = cancelled(id);
            let hex: String = record.write().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, format!("{begin}{end}"));
            assert_eq!(Cancelled::read(&record.write()), Some(record));
        }
    }

    #[test]
    fn what_is_no_record_of_this_format_is_passed_over() {
        let number = cancelled(RequestId::Integer(7)).write();
        let text = cancelled(RequestId::String("x".into())).write();
        for end in 0..number.len() {
            assert_eq!(Cancelled::read(&number[..end]), None, "{end}");
        }
        let mut cases = vec![[&number[..], &[0]].concat(), [&text[..], &[0xff]].concat()];
        cases.push([&text[..], &b"x".repeat(ID_BYTES_MAX)].concat());
        for (place, byte) in [(0, 2), (49, 2)] {
            let mut bent = number.clone();
            bent[place] = byte;
            cases.push(bent);
        }
        for case in cases {
            assert_eq!(Cancelled::read(&case), None);
        }
    }

    #[test]
    fn the_longest_record_is_as_long_as_the_bound() {
        let longest = cancelled(RequestId::String("x".repeat(ID_BYTES_MAX).into()));
        assert_eq!(longest.write().len(), BYTES_MAX);
        assert_eq!(Cancelled::read(&longest.write()), Some(longest));
    }
}
