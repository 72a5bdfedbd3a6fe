//! Root keys and the ring: what is refused, and how keys rotate.

use outboard_store::{KeyRing, KeyRingError, OpenError, Purpose, RootKey, RootKeyError};

use crate::support::{ring, root};

#[test]
fn a_root_key_has_32_bytes() {
    for length in [0, 1, 16, 31, 33, 64] {
        let refused = RootKey::from_bytes(&vec![7; length]).unwrap_err();
        assert_eq!(refused, RootKeyError::Length { bytes: length });
    }
    assert!(RootKey::from_bytes(&[7; 32]).is_ok());
}

#[test]
fn a_root_key_is_read_from_standard_base64() {
    // 32 times 0xfb: the text has both characters that tell the two alphabets apart.
    let key = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s";
    let cases = [
        (key.to_owned(), None),
        (format!("{key}="), None),
        (format!("  {key}=\n"), None),
        (key.replace(['+', '/'], "-"), Some(RootKeyError::NotBase64)),
        (format!("{key}=="), Some(RootKeyError::NotBase64)),
        (key.replacen('v', " ", 1), Some(RootKeyError::NotBase64)),
        (format!("{key}é"), Some(RootKeyError::NotBase64)),
        (String::new(), Some(RootKeyError::Length { bytes: 0 })),
        ("c2hvcnQ=".to_owned(), Some(RootKeyError::Length { bytes: 5 })),
        (key[..40].to_owned(), Some(RootKeyError::Length { bytes: 30 })),
        (format!("{key}A")[..44].to_owned(), Some(RootKeyError::Length { bytes: 33 })),
    ];
    for (text, refused) in cases {
        assert_eq!(RootKey::from_base64(&text).err(), refused, "{text:?}");
    }
    let read = KeyRing::new(vec![RootKey::from_base64(key).unwrap()]).unwrap();
    assert_eq!(read.sealing_key_id(), ring(&[0xfb]).sealing_key_id());
}

#[test]
fn a_refused_key_is_told_how_to_make_one() {
    let refused = RootKey::from_base64("c2hvcnQ=").unwrap_err().to_string();
    assert_eq!(refused, "a root key has 32 bytes, this one 5; `openssl rand -base64 32` makes one");
}

#[test]
fn generated_root_keys_differ() {
    let ids: std::collections::HashSet<_> =
        (0..100).map(|_| KeyRing::new(vec![RootKey::generate()]).unwrap().sealing_key_id()).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn nothing_shows_a_key() {
    assert_eq!(format!("{:?} {:#?}", root(7), root(7)), "RootKey(..) RootKey(..)");
    let shown = format!("{:?}", ring(&[1, 2]));
    let [first, second] = [ring(&[1]).sealing_key_id(), ring(&[2]).sealing_key_id()];
    assert_eq!(shown, format!("KeyRing {{ seals: {first:?}, also_opens: [{second:?}], .. }}"));
}

#[test]
fn a_ring_needs_a_key_and_each_once() {
    let cases: [(&[u8], KeyRingError); 4] = [
        (&[], KeyRingError::Empty),
        (&[1, 1], KeyRingError::Duplicate { first: 1, second: 2 }),
        (&[1, 2, 3, 2], KeyRingError::Duplicate { first: 2, second: 4 }),
        (&[1, 2, 1, 2], KeyRingError::Duplicate { first: 1, second: 3 }),
    ];
    for (bytes, refused) in cases {
        let roots = bytes.iter().copied().map(root).collect();
        assert_eq!(KeyRing::new(roots).unwrap_err(), refused, "{bytes:?}");
    }
}

#[test]
fn the_first_key_seals_and_all_open() {
    let text = ring(&[1, 2, 3]).seal(Purpose::State, b"", b"x");
    for (keys, opens) in [(&[1][..], true), (&[2, 1], true), (&[2, 3, 1], true), (&[2, 3], false)] {
        let opened = ring(keys).open(Purpose::State, b"", &text);
        let key_id = ring(&[1]).sealing_key_id();
        let expected = if opens { Ok(b"x".to_vec()) } else { Err(OpenError::UnknownKey { key_id }) };
        assert_eq!(opened, expected, "{keys:?}");
    }
}

#[test]
fn each_step_of_a_rotation_opens_what_its_neighbours_seal() {
    let steps: [&[u8]; 4] = [&[1], &[1, 2], &[2, 1], &[2]];
    // Two replicas are at most one step apart; after the last step, what key 1 sealed has expired.
    for (one, other) in [(0, 1), (1, 1), (1, 2), (2, 2)] {
        for (sealer, opener) in [(one, other), (other, one)] {
            let text = ring(steps[sealer]).seal(Purpose::Session, b"", b"x");
            assert!(ring(steps[opener]).open(Purpose::Session, b"", &text).is_ok(), "{sealer} to {opener}");
        }
    }
    let text = ring(steps[3]).seal(Purpose::Session, b"", b"x");
    assert!(ring(steps[2]).open(Purpose::Session, b"", &text).is_ok());
}
