//! Sealing: what opens, what does not and why, and the golden file.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use outboard_store::{OpenError, Purpose};

use crate::support::{changed, ring};

#[test]
fn what_was_sealed_opens_for_the_same_purpose_and_data_only() {
    let ring = ring(&[1]);
    for sealed_for in PURPOSES {
        let text = ring.seal(sealed_for, b"data", b"plain");
        for opened_for in PURPOSES {
            let expected = if sealed_for == opened_for { Ok(b"plain".to_vec()) } else { Err(OpenError::Tampered) };
            assert_eq!(ring.open(opened_for, b"data", &text), expected, "{sealed_for:?} as {opened_for:?}");
        }
        for other in [&b""[..], b"dat", b"data\0"] {
            assert_eq!(ring.open(sealed_for, other, &text), Err(OpenError::Tampered), "{other:?}");
        }
    }
}

#[test]
fn plaintexts_of_every_length_come_back() {
    let ring = ring(&[1]);
    for length in (0..100).chain([4096, 100_000]) {
        let plaintext = vec![length as u8; length];
        let text = ring.seal(Purpose::State, b"", &plaintext);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert_eq!(text.len(), (33 + length) * 4_usize / 3 + usize::from((33 + length) % 3 != 0));
        assert_eq!(ring.open(Purpose::State, b"", &text).unwrap(), plaintext);
    }
}

#[test]
fn no_two_seals_are_alike() {
    let ring = ring(&[1]);
    let texts: HashSet<_> = (0..1000).map(|_| ring.seal(Purpose::Cursor, b"", b"same")).collect();
    assert_eq!(texts.len(), 1000);
}

#[test]
fn every_changed_bit_is_told_by_where_it_is() {
    let ring = ring(&[1]);
    let text = ring.seal(Purpose::State, b"", b"plain");
    let length = URL_SAFE_NO_PAD.decode(&text).unwrap().len();
    for position in 0..length {
        for bit in 0..8 {
            let other = changed(&text, |bytes| bytes[position] ^= 1 << bit);
            let refused = ring.open(Purpose::State, b"", &other).unwrap_err();
            let as_expected = match position {
                0 => refused == OpenError::UnknownFormat { found: 1 ^ (1 << bit) },
                1..5 => matches!(refused, OpenError::UnknownKey { key_id } if key_id != ring.sealing_key_id()),
                _ => refused == OpenError::Tampered,
            };
            assert!(as_expected, "bit {bit} of byte {position}: {refused:?}");
        }
    }
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let ring = ring(&[1]);
    let text = ring.seal(Purpose::State, b"", b"plain");
    let length = URL_SAFE_NO_PAD.decode(&text).unwrap().len();
    for kept in 0..length {
        let refused = ring.open(Purpose::State, b"", &changed(&text, |bytes| bytes.truncate(kept)));
        // Format, key id, nonce and tag are 33 bytes; with so many it could be the seal of nothing.
        let expected = if kept < 33 { OpenError::Malformed } else { OpenError::Tampered };
        assert_eq!(refused, Err(expected), "{kept} bytes");
    }
    let longer = changed(&text, |bytes| bytes.push(0));
    assert_eq!(ring.open(Purpose::State, b"", &longer), Err(OpenError::Tampered));
}

#[test]
fn a_sealed_text_has_one_spelling() {
    let ring = ring(&[1]);
    let text = ring.seal(Purpose::State, b"", b"");
    let padded = ring.seal(Purpose::State, b"", b"1");
    let mut loose_bits = padded.clone();
    let last = loose_bits.pop().unwrap();
    loose_bits.push(if last == 'B' { 'C' } else { 'B' });
    let cases = [
        String::new(),
        " ".to_owned(),
        "é".to_owned(),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}A"),
        format!("{padded}="),
        format!("{padded}=="),
        text.replacen(&text[5..6], "+", 1),
        loose_bits,
    ];
    for case in cases {
        assert_eq!(ring.open(Purpose::State, b"", &case), Err(OpenError::Malformed), "{case:?}");
    }
}

#[test]
fn the_golden_seal_still_opens() {
    let golden = include_str!("golden/seal-1.txt").trim_end();
    assert_eq!(ring(&[0x42]).open(Purpose::State, b"golden data", golden).unwrap(), b"golden plaintext");
}

const PURPOSES: [Purpose; 4] = [Purpose::Session, Purpose::State, Purpose::Cursor, Purpose::Peer];
