//! Whom a stored or sealed value belongs to, as far as the store needs to know.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of whatever names an owner: enough to compare, too little to tell who it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerDigest([u8; 32]);

impl OwnerDigest {
    /// Digests the bytes that name an owner; they have to be unambiguous, which is the caller's part.
    #[must_use]
    pub fn of(owner: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, owner).as_ref());
        Self(bytes)
    }

    /// Takes a digest that was made before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Shows the first four bytes, which is what a reader of a log compares.
impl fmt::Debug for OwnerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "OwnerDigest({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256() {
        // The example of FIPS 180-2, appendix B.1.
        let digest = OwnerDigest::of(b"abc");
        assert_eq!(digest.as_bytes()[..8], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);
        assert_eq!(digest, OwnerDigest::from_bytes(*digest.as_bytes()));
        assert_eq!(format!("{digest:?}"), "OwnerDigest(ba7816bf..)");
    }
}
