//! Sealing: bytes that leave with a client and come back unread and unchanged, or not at all.
//!
//! A sealed text is base64url without padding (RFC 4648 §5) over: format number (1 byte), key id (4), nonce (12, random),
//! then ciphertext and tag of AES-256-GCM-SIV (RFC 8452). A seal has no age of its own: what must expire carries its
//! expiry inside.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce, RandomizedNonceKey, Tag};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;

use crate::keys::{KeyId, KeyRing, Purpose};

/// The reasons why a text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Not the text form of a seal, or cut short.
    #[error("malformed seal")]
    Malformed,
    /// A format that this build does not know; perhaps a later build sealed it.
    #[error("seal of unknown format {found}")]
    UnknownFormat {
        /// The format number.
        found: u8,
    },
    /// A key that is not in the ring: removed, not here yet, or never ours.
    #[error("seal of unknown key {key_id}")]
    UnknownKey {
        /// The id of the key.
        key_id: KeyId,
    },
    /// The key is ours, the rest is not as it was sealed: changed, or sealed for another purpose or other associated data.
    #[error("tampered seal")]
    Tampered,
}

impl KeyRing {
    /// Seals `plaintext` with the first key. To open it takes the same purpose and the same associated data `aad`.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, aad: &[u8], plaintext: &[u8]) -> String {
        self.with_sealing_key(purpose, |key_id, key| {
            let mut bytes = Vec::with_capacity(SEAL_OVERHEAD_BYTES + plaintext.len());
            bytes.push(FORMAT);
            bytes.extend_from_slice(key_id.as_bytes());
            bytes.extend_from_slice(&[0; NONCE_LEN]);
            bytes.extend_from_slice(plaintext);
            let (header, in_out) = bytes.split_at_mut(HEADER_BYTES);
            let (nonce, tag) = encrypt(key, aad, in_out);
            if let Some(slot) = header.last_chunk_mut::<NONCE_LEN>() {
                *slot = *nonce.as_ref();
            }
            bytes.extend_from_slice(tag.as_ref());
            URL_SAFE_NO_PAD.encode(bytes)
        })
    }

    /// Opens what [`seal`](Self::seal) made under any key of the ring. The caller bounds the length of `text`.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; a key that is not here is told apart from a text that was changed.
    pub fn open(&self, purpose: Purpose, aad: &[u8], text: &str) -> Result<Vec<u8>, OpenError> {
        let mut bytes = vec![0; base64::decoded_len_estimate(text.len())];
        let plaintext_bytes = self.open_within(purpose, aad, text, &mut bytes)?.len();
        bytes.truncate(HEADER_BYTES + plaintext_bytes);
        bytes.drain(..HEADER_BYTES);
        Ok(bytes)
    }

    /// Opens `text` without allocating; the plaintext is a part of `buffer`. A text that does not fit there is malformed.
    pub(crate) fn open_within<'a>(
        &self,
        purpose: Purpose,
        aad: &[u8],
        text: &str,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8], OpenError> {
        let length = URL_SAFE_NO_PAD.decode_slice(text, buffer).map_err(|_| OpenError::Malformed)?;
        let bytes = buffer.get_mut(..length).ok_or(OpenError::Malformed)?;
        let (format, bytes) = bytes.split_first_mut().ok_or(OpenError::Malformed)?;
        if *format != FORMAT {
            return Err(OpenError::UnknownFormat { found: *format });
        }
        let (key_id, bytes) = bytes.split_first_chunk_mut().ok_or(OpenError::Malformed)?;
        let (nonce, ciphertext) = bytes.split_first_chunk_mut().ok_or(OpenError::Malformed)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(OpenError::Malformed);
        }
        let key_id = KeyId::from_bytes(*key_id);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.with_opening_key(key_id, purpose, |key| {
            key.open_in_place(nonce, Aad::from(aad), ciphertext).map(|plaintext| plaintext.len())
        });
        let opened = opened.ok_or(OpenError::UnknownKey { key_id })?;
        let plaintext_bytes = opened.map_err(|_| OpenError::Tampered)?;
        ciphertext.get(..plaintext_bytes).ok_or(OpenError::Tampered)
    }
}

/// Replaces the plaintext by the ciphertext, under a random nonce.
fn encrypt(key: &RandomizedNonceKey, aad: &[u8], in_out: &mut [u8]) -> (Nonce, Tag) {
    key.seal_in_place_separate_tag(Aad::from(aad), in_out)
        .expect("AES-GCM-SIV seals anything under 64 GiB, and randomness does not fail")
}

/// How many bytes a seal adds to its plaintext, before base64url.
pub(crate) const SEAL_OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// The number of the layout above; the derived keys belong to it too.
const FORMAT: u8 = 1;

const HEADER_BYTES: usize = 1 + 4 + NONCE_LEN;
const TAG_BYTES: usize = 16;
