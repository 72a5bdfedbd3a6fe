//! The same token in another spelling, encrypted tokens, and other shapes than three parts (RFC 7515 §2, §7; RFC 7516).

use num_bigint::BigUint;
use serde_json::json;

use super::{
    super::{draft::sign_input, key::encode},
    Algorithm, Draft, Key, Mint, Minted, tokens,
};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [spelled(mint), respelled_and_signed(mint), encrypted(mint), shaped(mint)].concat()
}

/// The signature says the same in other characters, or is another one that some verifiers take for the same.
fn spelled(mint: &Mint) -> Vec<Minted> {
    let rsa = mint.draft(Key::Rsa);
    let signature = Key::Rsa.sign(Algorithm::Rs256, rsa.input().as_bytes());
    let good = rsa.end(&signature);
    let (head, tail) = good.split_at(good.len() - 100);
    let cut = signature.split_last().map_or(&[][..], |(_, rest)| rest);
    tokens([
        ("sig-truncated", 54, rsa.end(cut)),
        ("sig-longer", 54, rsa.end([signature.as_slice(), &[0]].concat())),
        ("sig-padding", 54, format!("{good}==")),
        ("sig-base64", 54, in_base64(mint)),
        ("sig-whitespace", 54, format!("{head} {tail}")),
        ("sig-malleable", 54, loosen(&good)),
        ("sig-eddsa-malleable", 54, eddsa_plus_order(mint)),
        ("sig-es256-der", 54, es256_in_der(mint)),
    ])
}

/// Spelled loosely before it was signed, so that the signature is right.
fn respelled_and_signed(mint: &Mint) -> Vec<Minted> {
    // White space at the end of JSON until the last character has bits to spare.
    let spaced = |mut part: Vec<u8>| {
        while part.len().is_multiple_of(3) {
            part.push(b' ');
        }
        part
    };
    let Draft { header, payload } = mint.draft(Key::Rsa);
    let (header, payload) = (encode(spaced(header)), encode(spaced(payload)));
    let padding = |text: &str| "=".repeat((4 - text.len() % 4) % 4);
    let sign = |input: String| sign_input(&input, Key::Rsa, Algorithm::Rs256);
    tokens([
        ("header-padding", 54, sign(format!("{header}{}.{payload}", padding(&header)))),
        ("header-malleable", 54, sign(format!("{}.{payload}", loosen(&header)))),
        ("payload-padding", 54, sign(format!("{header}.{payload}{}", padding(&payload)))),
        ("payload-malleable", 54, sign(format!("{header}.{}", loosen(&payload)))),
    ])
}

/// Nothing in them is worth decrypting: the refusal comes before any attempt.
fn encrypted(mint: &Mint) -> Vec<Minted> {
    let jwe = |header: serde_json::Value, key: usize, text: usize| {
        let parts = [header.to_string().into_bytes(), vec![7; key], vec![8; 12], vec![9; text], vec![10; 16]];
        parts.map(encode).join(".")
    };
    let zipped = {
        let draft = mint.draft(Key::Rsa).member("zip", "DEF");
        let payload = stored(&draft.payload);
        Draft { payload, ..draft }
    };
    tokens([
        (
            "jwe",
            55,
            jwe(json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": Key::Rsa.kid(), "typ": "at+jwt"}), 256, 400),
        ),
        (
            "jwe-pbes2",
            55,
            jwe(json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "c2FsdHNhbHQ", "p2c": i32::MAX}), 24, 400),
        ),
        ("jwe-zip-bomb", 55, jwe(json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}), 0, 4096)),
        ("zip-def", 55, zipped.sign(Key::Rsa)),
    ])
}

fn shaped(mint: &Mint) -> Vec<Minted> {
    let draft = mint.draft(Key::Rsa);
    let good = draft.sign(Key::Rsa);
    let input = draft.input();
    let (protected, payload) = (encode(&draft.header), encode(&draft.payload));
    let signature = encode(Key::Rsa.sign(Algorithm::Rs256, input.as_bytes()));
    let one = json!({"protected": protected, "signature": signature});
    tokens([
        (
            "jws-json-flattened",
            56,
            json!({"payload": payload, "protected": protected, "signature": signature}).to_string(),
        ),
        ("jws-json-general", 56, json!({"payload": payload, "signatures": [one]}).to_string()),
        ("detached", 56, format!("{protected}..{signature}")),
        ("parts-1", 56, protected),
        ("parts-2", 56, input),
        ("parts-4", 56, format!("{good}.{signature}")),
        ("parts-4-empty", 56, format!("{good}.")),
        ("parts-6", 56, format!("{good}.{good}")),
        ("parts-empty-first", 56, format!(".{payload}.{signature}")),
        ("dots", 56, "..".to_owned()),
    ])
}

/// Sets the lowest bit that the last character has to spare.
fn loosen(token: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (last, rest) = token.as_bytes().split_last().expect("a token is not empty");
    let at = ALPHABET.iter().position(|character| character == last).expect("a token is base64url");
    let next = ALPHABET.get(at + 1).expect("spare bits are zero, so it is not the last character");
    [rest, &[*next]].concat().into_iter().map(char::from).collect()
}

/// Signs until the signature has a character in which the two alphabets differ: nearly always the first time.
fn in_base64(mint: &Mint) -> String {
    loop {
        let draft = mint.draft(Key::Rsa);
        let signature = encode(Key::Rsa.sign(Algorithm::Rs256, draft.input().as_bytes()));
        let other = signature.replace('-', "+").replace('_', "/");
        if other != signature {
            return format!("{}.{other}", draft.input());
        }
    }
}

/// The second half of the signature plus the order of the group: the same equation, refused by RFC 8032 §5.1.7.
fn eddsa_plus_order(mint: &Mint) -> String {
    let draft = mint.draft(Key::Ed);
    let signature = Key::Ed.sign(Algorithm::EdDsa, draft.input().as_bytes());
    let (point, scalar) = signature.split_at(32);
    let order: BigUint =
        (BigUint::from(1_u8) << 252_u32) + BigUint::from(27_742_317_777_372_353_535_851_937_790_883_648_493_u128);
    let sum: BigUint = BigUint::from_bytes_le(scalar) + order;
    let mut scalar = sum.to_bytes_le();
    scalar.resize(32, 0);
    draft.end([point, &scalar].concat())
}

/// As X.509 spells signatures of this kind, which a token does not (RFC 7518 §3.4).
fn es256_in_der(mint: &Mint) -> String {
    let draft = mint.draft(Key::Ec);
    let signature = Key::Ec.sign(Algorithm::Es256, draft.input().as_bytes());
    let body: Vec<u8> = signature.chunks(32).flat_map(integer).collect();
    draft.end([&[0x30, length(&body)], body.as_slice()].concat())
}

fn integer(number: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = number.iter().copied().skip_while(|digit| *digit == 0).collect();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    [&[2, length(&digits)], digits.as_slice()].concat()
}

fn length(body: &[u8]) -> u8 {
    u8::try_from(body.len()).expect("numbers of 32 bytes are short")
}

/// One block of DEFLATE that is not compressed (RFC 1951 §3.2.4).
fn stored(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("claims are short");
    [&[1], &length.to_le_bytes()[..], &(!length).to_le_bytes(), text].concat()
}
