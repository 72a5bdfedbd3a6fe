//! The key ring: what is sealed opens as it was, for its purpose and its associated data alone; nothing else opens.
//!
//! The input is taken as a text to be opened, and as a plaintext to be sealed.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outboard_store::{KeyRing, Purpose, RootKey};

use crate::input;

/// The ring of the golden seal.
static RING: LazyLock<KeyRing> = LazyLock::new(|| ring(0x42));
/// Another ring: it can open nothing of the first.
static FOREIGN: LazyLock<KeyRing> = LazyLock::new(|| ring(0x43));

const PURPOSES: [Purpose; 4] = [Purpose::Session, Purpose::State, Purpose::Cursor, Purpose::Peer];

fn ring(byte: u8) -> KeyRing {
    let root = RootKey::from_bytes(&[byte; 32]).expect("a root key has 32 bytes");
    KeyRing::new(vec![root]).expect("one key is a ring")
}

pub(super) fn run(data: &[u8]) {
    let text = input::text(data);
    for purpose in PURPOSES {
        if RING.open(purpose, b"golden data", &text).is_ok() {
            let bytes = URL_SAFE_NO_PAD.decode(&*text).expect("what opens is base64url");
            assert_eq!(URL_SAFE_NO_PAD.encode(bytes), text, "a sealed text has one spelling");
        }
    }
    let [purpose, other, ..] = PURPOSES;
    let sealed = RING.seal(purpose, b"aad", data);
    assert_eq!(RING.open(purpose, b"aad", &sealed).as_deref(), Ok(data));
    assert!(RING.open(other, b"aad", &sealed).is_err(), "opened for another purpose");
    for data in [&b""[..], b"a", b"aae", b"aad\0"] {
        assert!(RING.open(purpose, data, &sealed).is_err(), "opened with other data: {data:?}");
    }
    assert!(FOREIGN.open(purpose, b"aad", &sealed).is_err(), "opened with another key");
    changed_seals_are_refused(purpose, &sealed, data);
}

/// One bit of the seal is turned over: which one, the input says.
fn changed_seals_are_refused(purpose: Purpose, sealed: &str, data: &[u8]) {
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed).expect("a seal is base64url");
    let place = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let index = (place / 8) % bytes.len();
    bytes.iter_mut().skip(index).take(1).for_each(|byte| *byte ^= 1 << (place % 8));
    let changed = URL_SAFE_NO_PAD.encode(bytes);
    assert!(RING.open(purpose, b"aad", &changed).is_err(), "opened with bit {place} changed");
}
