//! Who is said to speak, for whom, and what they may do (RFC 9068 §2.2, §4; RFC 7519 §4).

use serde_json::{Value, json};

use super::{Key, Mint, Minted, signed};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [issuers(mint), subjects(mint), scopes(mint), bound(mint)].concat()
}

/// Compared character by character: no normalisation.
fn issuers(mint: &Mint) -> Vec<Minted> {
    let iss = |iss: Value| mint.draft(Key::Rsa).claim("iss", iss);
    let issuer = mint.issuer.as_str();
    let slash = issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned);
    signed([
        ("wrong-iss", 35, iss("https://as.evil.example".into())),
        ("iss-slash", 35, iss(slash.into())),
        ("iss-case", 35, iss(issuer.to_ascii_uppercase().into())),
        ("iss-prefix", 35, iss(format!("{issuer}.evil.example").into())),
        ("iss-space", 35, iss(format!("{issuer} ").into())),
        ("iss-array", 35, iss(json!([issuer]))),
        ("iss-empty", 35, iss("".into())),
        ("iss-null", 35, iss(Value::Null)),
        ("no-iss", 35, mint.draft(Key::Rsa).without_claim("iss")),
    ])
}

fn subjects(mint: &Mint) -> Vec<Minted> {
    let sub = |sub: Value| mint.draft(Key::Rsa).claim("sub", sub);
    signed([
        ("no-sub", 47, mint.draft(Key::Rsa).without_claim("sub")),
        ("sub-number", 47, sub(42.into())),
        ("sub-empty", 47, sub("".into())),
        ("sub-4k", 47, sub("s".repeat(4096).into())),
        ("sub-null", 47, sub(Value::Null)),
        ("sub-array", 47, sub(json!([Mint::SUBJECT]))),
        ("sub-object", 47, sub(json!({"id": Mint::SUBJECT}))),
    ])
}

fn scopes(mint: &Mint) -> Vec<Minted> {
    let scope = |scope: Value| mint.draft(Key::Rsa).claim("scope", scope);
    signed([
        ("scope-array", 49, scope(json!(["mcp:read"]))),
        ("scope-number", 49, scope(1.into())),
        ("scope-object", 49, scope(json!({"mcp:read": true}))),
        ("scope-and-scp", 49, scope("mcp:read".into()).claim("scp", json!(["mcp:admin"]))),
    ])
}

/// Bound to a key that whoever sends it as a plain bearer token does not show (RFC 9449 §7.1, RFC 8705 §3).
fn bound(mint: &Mint) -> Vec<Minted> {
    const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let cnf = |cnf: Value| mint.draft(Key::Rsa).claim("cnf", cnf);
    signed([
        ("cnf-jkt", 21, cnf(json!({"jkt": THUMBPRINT}))),
        ("cnf-x5t", 58, cnf(json!({"x5t#S256": THUMBPRINT}))),
        ("cnf-jwk", 58, cnf(json!({"jwk": Key::RogueEc.jwk()}))),
        ("cnf-unknown", 58, cnf(json!({"x": "y"}))),
    ])
}
