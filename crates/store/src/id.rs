//! Random 128-bit numbers and their text: base64url without padding (RFC 4648 §5), 22 characters, one spelling each.

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::keys::fill_random;

/// The characters that every text has.
pub(crate) const ID_CHARS: usize = 22;

/// A number that nobody guesses and that does not come twice.
pub(crate) fn random() -> u128 {
    let mut bytes = [0; 16];
    fill_random(&mut bytes);
    u128::from_be_bytes(bytes)
}

/// A number that stands for `parts`, which have to be unambiguous one behind the other: half of their SHA-256.
pub(crate) fn digest(parts: &[&[u8]]) -> u128 {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, digested)| *byte = *digested);
    u128::from_be_bytes(bytes)
}

pub(crate) fn to_text(id: u128) -> String {
    URL_SAFE_NO_PAD.encode(id.to_be_bytes())
}

/// Reads what [`to_text`] wrote, and nothing else.
pub(crate) fn from_text(text: &str) -> Option<u128> {
    if text.len() != ID_CHARS {
        return None;
    }
    let mut bytes = [0; 16];
    // The buffer that the decoder asks for may be a little longer than what it writes.
    let mut buffer = [0; 18];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok()?;
    bytes.copy_from_slice(buffer.get(..length)?.get(..16)?);
    Some(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_half_a_sha_256() {
        // The example of FIPS 180-2, appendix B.1.
        assert_eq!(digest(&[b"a", b"bc"]), 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223);
    }

    #[test]
    fn a_number_has_one_text() {
        for id in [0, 1, u128::MAX, 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, random()] {
            let text = to_text(id);
            assert_eq!((text.len(), from_text(&text)), (ID_CHARS, Some(id)), "{text}");
        }
        let text = to_text(0);
        let cases = [
            String::new(),
            text[1..].to_owned(),
            format!("{text}A"),
            format!("{text}=="),
            format!("{}B", &text[1..]),
            format!("+{}", &text[1..]),
            format!(" {}", &text[1..]),
            format!("é{}", &text[2..]),
        ];
        for case in cases {
            assert_eq!(from_text(&case), None, "{case:?}");
        }
    }
}
