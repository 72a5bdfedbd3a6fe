//! Parts that are no JSON object, say a thing twice, or are made to be expensive (RFC 7515 §4, RFC 7519 §4).

use serde_json::Value;

use super::{Draft, Key, Mint, Minted, signed};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [twice(mint), payloads(mint), headers(mint)].concat()
}

/// Parsers differ in which of two they believe, so both orders are here.
fn twice(mint: &Mint) -> Vec<Minted> {
    const FOREIGN: &str = "\"aud\":\"https://other.example/mcp\"";
    let rsa = || mint.draft(Key::Rsa);
    let header = |text: &str| {
        let mut draft = rsa();
        draft.header.splice(1..1, text.bytes());
        draft
    };
    signed([
        ("dup-claims", 51, rsa().payload_begins(&format!("{FOREIGN},"))),
        ("dup-claims-good-first", 51, rsa().payload_ends(&format!(",{FOREIGN}"))),
        ("dup-claims-escaped", 51, rsa().payload_ends(",\"\\u0073ub\":\"somebody-else\"")),
        ("dup-claims-same", 51, rsa().payload_ends(&format!(",\"client_id\":\"{}\"", Mint::CLIENT_ID))),
        ("dup-claims-exp", 51, rsa().payload_begins("\"exp\":1,")),
        ("dup-header", 52, header("\"kid\":\"other\",")),
        ("dup-header-alg", 52, header("\"alg\":\"none\",")),
        ("dup-header-typ", 52, header("\"typ\":\"JWT\",")),
    ])
}

fn payloads(mint: &Mint) -> Vec<Minted> {
    let good = mint.draft(Key::Rsa).payload;
    let payload = |payload: Vec<u8>| Draft { payload, ..mint.draft(Key::Rsa) };
    let bad = |name: &str| {
        let text = format!(",\"{name}\":\"?\"");
        let mut draft = mint.draft(Key::Rsa).without_claim(name).payload_ends(&text);
        let at = draft.payload.len() - 3;
        draft.payload.splice(at..=at, [0xff]);
        draft
    };
    let deep = |open: &str, close: &str| {
        mint.draft(Key::Rsa).payload_ends(&format!(",\"x\":{}0{}", open.repeat(2000), close.repeat(2000)))
    };
    let text = Value::from(String::from_utf8_lossy(&good).into_owned()).to_string();
    signed([
        ("payload-not-object", 53, payload(text.into_bytes())),
        ("payload-array", 53, payload([b"[", good.as_slice(), b"]"].concat())),
        ("payload-null", 53, payload(b"null".to_vec())),
        ("payload-empty", 53, payload(Vec::new())),
        ("payload-twice", 53, payload([good.as_slice(), good.as_slice()].concat())),
        ("payload-byte-order-mark", 53, payload(["\u{feff}".as_bytes(), good.as_slice()].concat())),
        ("payload-cut", 53, payload(good.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default())),
        ("payload-bad-utf8", 53, bad("sub")),
        ("payload-bad-utf8-unknown-claim", 53, bad("x")),
        ("deep", 53, deep("[", "]")),
        ("deep-objects", 53, deep("{\"a\":", "}")),
        ("huge", 53, mint.draft(Key::Rsa).claim("padding", "p".repeat(64 * 1024))),
    ])
}

fn headers(mint: &Mint) -> Vec<Minted> {
    let good = mint.draft(Key::Rsa).header;
    let header = |header: Vec<u8>| Draft { header, ..mint.draft(Key::Rsa) };
    let ended = |text: &[u8]| header([good.split_last().map_or(&[][..], |(_, rest)| rest), text].concat());
    let deep = format!(",\"x\":{}0{}}}", "[".repeat(2000), "]".repeat(2000));
    signed([
        ("header-array", 53, header([b"[", good.as_slice(), b"]"].concat())),
        ("header-empty", 53, header(Vec::new())),
        ("header-bad-utf8", 53, ended(b",\"x\":\"\xff\"}")),
        ("header-deep", 53, ended(deep.as_bytes())),
        ("header-huge", 53, mint.draft(Key::Rsa).member("padding", "p".repeat(64 * 1024))),
    ])
}
