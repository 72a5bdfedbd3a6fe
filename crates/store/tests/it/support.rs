//! What several modules of these tests need: fixed keys, and texts changed on purpose.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use outboard_store::{KeyRing, RootKey};

/// A key of one repeated byte: the same in every run, as golden files need it.
pub(crate) fn root(byte: u8) -> RootKey {
    RootKey::from_bytes(&[byte; 32]).unwrap()
}

/// A ring of the keys named by `bytes`, the first of which seals.
pub(crate) fn ring(bytes: &[u8]) -> KeyRing {
    KeyRing::new(bytes.iter().copied().map(root).collect()).unwrap()
}

/// The sealed text with its bytes changed by `change`.
pub(crate) fn changed(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    change(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
