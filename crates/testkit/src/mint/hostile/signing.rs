//! No signature, another one than the header says, or one that is worth nothing (RFC 8725 §2.1, §3.1).

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{super::key::encode, Algorithm, Key, Mint, Minted, tokens};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [unsigned(mint), maced(mint), confused(mint), worthless(mint)].concat()
}

fn unsigned(mint: &Mint) -> Vec<Minted> {
    let alg = |alg: &str| mint.draft(Key::Rsa).member("alg", alg);
    tokens([
        ("alg-none", 23, alg("none").end([])),
        ("alg-None", 24, alg("NoNe").end([])),
        ("alg-NONE", 24, alg("NONE").end([])),
        ("none-with-sig", 24, alg("none").sign(Key::Rsa)),
        ("no-alg", 24, mint.draft(Key::Rsa).without_member("alg").sign(Key::Rsa)),
        ("alg-number", 24, mint.draft(Key::Rsa).member("alg", 256).sign(Key::Rsa)),
        ("alg-empty", 24, alg("").sign(Key::Rsa)),
        ("alg-case", 24, alg("rs256").sign(Key::Rsa)),
        ("alg-unknown", 24, alg("RS257").sign(Key::Rsa)),
    ])
}

/// The public key is no secret, however it is spelled.
fn maced(mint: &Mint) -> Vec<Minted> {
    let hs256 = || mint.draft(Key::Rsa).member("alg", "HS256");
    let der = Key::Rsa.public_der();
    let jwk = Key::Rsa.jwk().to_string();
    tokens([
        ("hs-with-rsa-pem", 25, hs256().mac(pem(&der).as_bytes())),
        ("hs-with-rsa-pem-trimmed", 25, hs256().mac(pem(&der).trim_end().as_bytes())),
        ("hs-with-rsa-der", 25, hs256().mac(&der)),
        ("hs-with-jwk", 25, hs256().mac(jwk.as_bytes())),
        ("hs-with-jwk-n", 25, hs256().mac(encode(Key::Rsa.modulus()).as_bytes())),
        ("hs-with-modulus", 25, hs256().mac(&Key::Rsa.modulus())),
        ("hs-empty-key", 25, hs256().mac(&[])),
        ("hs-without-kid", 25, hs256().without_member("kid").mac(pem(&der).as_bytes())),
    ])
}

/// The key is known, and is for something else.
fn confused(mint: &Mint) -> Vec<Minted> {
    let kid = |key: Key, kid: Key| mint.draft(key).member("kid", kid.kid()).sign(key);
    let named = |alg: Algorithm| mint.draft(Key::Rsa).member("alg", alg.name());
    tokens([
        ("rs256-with-ec-key-kid", 27, kid(Key::Rsa, Key::Ec)),
        ("rs256-with-ed-key-kid", 27, kid(Key::Rsa, Key::Ed)),
        ("es256-with-rsa-key-kid", 27, kid(Key::Ec, Key::Rsa)),
        ("eddsa-with-ec-key-kid", 27, kid(Key::Ed, Key::Ec)),
        ("rs512-with-rs256-key", 27, named(Algorithm::Rs512).sign_as(Key::Rsa, Algorithm::Rs512)),
        ("ps256-with-rs256-key", 27, named(Algorithm::Ps256).sign_as(Key::Rsa, Algorithm::Ps256)),
        ("rs256-signed-as-ps256", 27, mint.draft(Key::Rsa).sign_as(Key::Rsa, Algorithm::Ps256)),
        ("rogue-known-kid", 28, kid(Key::RogueRsa, Key::Rsa)),
        ("rogue-known-kid-es256", 28, kid(Key::RogueEc, Key::Ec)),
        ("rogue-known-kid-eddsa", 28, kid(Key::RogueEd, Key::Ed)),
    ])
}

fn worthless(mint: &Mint) -> Vec<Minted> {
    let (ec, ed) = (mint.draft(Key::Ec), mint.draft(Key::Ed));
    tokens([
        ("psychic", 26, ec.end([0; 64])),
        ("psychic-order", 26, ec.end([P256_ORDER, P256_ORDER].concat())),
        ("eddsa-zero", 26, ed.end([0; 64])),
        ("sig-empty", 28, mint.draft(Key::Rsa).end([])),
        ("sig-zero", 28, mint.draft(Key::Rsa).end([0; 256])),
        ("sig-of-other-claims", 28, {
            let (good, other) = (mint.draft(Key::Rsa), mint.draft(Key::Rsa).claim("sub", "somebody-else"));
            other.end(Key::Rsa.sign(Algorithm::Rs256, good.input().as_bytes()))
        }),
    ])
}

/// The order of P-256's group (NIST SP 800-186 §3.2.1.3): zero in another spelling.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// In lines of 64 characters (RFC 7468 §2).
fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
