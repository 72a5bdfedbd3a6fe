//! Header values and what the body says: encoding, decoding, and the check of one against the other.
//!
//! The input is a header's value in its first line, and behind it the name that the body has.

use bytes::Bytes;
use outboard_protocol::headers::{MirroredHeaders, Values, check_method, check_name, check_version, decode, encode};
use outboard_protocol::{Method, Params, RawJson};

use crate::input;

pub(super) fn run(data: &[u8]) {
    let (header, name) = input::first_line(data);
    let name = input::text(name);
    comes_back(&name);
    if let Ok(header) = std::str::from_utf8(header) {
        comes_back(header);
        if let Some(decoded) = decode(header) {
            comes_back(&decoded);
        }
    }
    only_the_same_is_accepted(header, &name);
}

/// Any text can be sent in a header, and is read there as it was.
fn comes_back(text: &str) {
    let header = encode(text);
    assert!(is_visible(header.as_bytes()), "{header:?} may not stand in a header");
    assert_eq!(header.trim_matches([' ', '\t']), header, "whoever forwards a header may cut its ends");
    assert_eq!(decode(&header).as_deref(), Some(text));
}

fn only_the_same_is_accepted(header: &[u8], name: &str) {
    let accepted = |value: &[u8]| {
        let params = RawJson::of(&serde_json::json!({ "name": name })).expect("a string can be written");
        let params = Params::read(Some(&params)).expect("one member stands once");
        let headers = MirroredHeaders { name: Values::One(value), ..MirroredHeaders::default() };
        check_name(&headers, &Method::ToolsCall, &params).is_ok()
    };
    assert!(accepted(encode(name).as_bytes()), "{name:?} is refused in its own encoding");
    let text = std::str::from_utf8(header).ok().filter(|_| is_visible(header));
    let text = text.map(|text| text.trim_matches([' ', '\t']));
    let says = text.and_then(decode);
    assert_eq!(accepted(header), says.as_deref() == Some(name), "{header:?} for {name:?}");

    // Method and version have no encoding: their characters need none.
    let plain = Bytes::copy_from_slice(header);
    let method = MirroredHeaders { method: Values::One(&plain), ..MirroredHeaders::default() };
    assert_eq!(check_method(&method, &Method::parse(name)).is_ok(), text == Some(name));
    let version = MirroredHeaders { protocol_version: Values::One(&plain), ..MirroredHeaders::default() };
    assert_eq!(check_version(&version, name).is_ok(), text == Some(name));
}

/// RFC 9110 §5.5, without what lies beyond ASCII.
fn is_visible(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}
