//! Headers that say where the key is to be taken from (RFC 8725 §3.10), or that must be understood and are not
//! (RFC 7515 §4.1.11).

use serde_json::{Value, json};

use super::{Key, Mint, Minted, signed, tokens};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [kids(mint), brought(mint), critical(mint)].concat()
}

fn kids(mint: &Mint) -> Vec<Minted> {
    let rsa = |kid: Value| mint.draft(Key::Rsa).member("kid", kid);
    let hs256 = |kid: &str| rsa(kid.into()).member("alg", "HS256");
    let mut kids = signed([
        ("kid-4k", 29, rsa("k".repeat(4096).into())),
        ("kid-nul", 29, rsa(format!("{}\0", Key::Rsa.kid()).into())),
        ("kid-case", 29, rsa(Key::Rsa.kid().to_ascii_uppercase().into())),
        ("kid-empty", 29, rsa("".into())),
        ("kid-number", 29, rsa(1.into())),
        ("kid-null", 29, rsa(Value::Null)),
        ("kid-array", 29, rsa(json!([Key::Rsa.kid()]))),
        ("no-kid", 29, mint.draft(Key::Rsa).without_member("kid")),
    ]);
    // What a server would sign with that read its key from the named file, or from the row of that query.
    kids.extend(tokens([
        ("kid-path", 29, hs256("../../../../../../dev/null").mac(&[])),
        ("kid-sqli", 29, hs256("x' UNION SELECT 'secret' -- ").mac(b"secret")),
        ("unknown-kid", 63, mint.unknown_kid(0)),
    ]));
    kids
}

/// The token brings its own key, or the place of one.
fn brought(mint: &Mint) -> Vec<Minted> {
    let rogue = |name: &str, value: Value| {
        mint.draft(Key::RogueRsa).member("kid", Key::Rsa.kid()).member(name, value).sign(Key::RogueRsa)
    };
    let unknown = |name: &str, value: Value| mint.draft(Key::RogueRsa).member(name, value).sign(Key::RogueRsa);
    let url = |path: &str| json!(format!("{}/{path}", mint.listener));
    tokens([
        ("jwk-header", 30, rogue("jwk", Key::RogueRsa.jwk_as(Key::Rsa.kid()))),
        ("jwk-header-unknown-kid", 30, unknown("jwk", Key::RogueRsa.jwk())),
        ("x5c-header", 30, rogue("x5c", json!(["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]))),
        ("jku", 31, rogue("jku", url("jku"))),
        ("jku-unknown-kid", 31, unknown("jku", url("jku"))),
        ("x5u", 31, rogue("x5u", url("x5u"))),
        ("x5u-unknown-kid", 31, unknown("x5u", url("x5u"))),
    ])
}

fn critical(mint: &Mint) -> Vec<Minted> {
    let rsa = |crit: Value| mint.draft(Key::Rsa).member("crit", crit);
    signed([
        ("crit", 32, rsa(json!(["x"])).member("x", 1)),
        ("crit-absent", 32, rsa(json!(["x"]))),
        ("crit-empty", 32, rsa(json!([]))),
        ("crit-alg", 32, rsa(json!(["alg"]))),
        ("crit-exp", 32, rsa(json!(["exp"])).member("exp", mint.now + 600)),
        ("crit-string", 32, rsa("x".into()).member("x", 1)),
        ("crit-null", 32, rsa(Value::Null)),
        ("b64-false", 32, rsa(json!(["b64"])).member("b64", false)),
        ("b64-false-not-critical", 32, mint.draft(Key::Rsa).member("b64", false)),
    ])
}
