//! Values that nobody guesses, their digests, and comparing without telling where two differ.

use aws_lc_rs::digest::{SHA256, digest as hash};
use aws_lc_rs::{constant_time, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A SHA-256: what is kept of a code, a token or a client secret.
pub(crate) type Digest = [u8; 32];

/// 256 random bits as base64url without padding: 43 characters.
pub(crate) fn random_token() -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("AWS-LC ends the process rather than to hand out bytes that are not random");
    encode(&bytes)
}

/// The SHA-256 of a text.
pub(crate) fn digest(text: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// Base64url without padding (RFC 4648 §5).
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether both are the same, in a time that depends on their lengths only.
pub(crate) fn is_same(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}
