//! When the token is good: never, no more, not yet, or for too long (RFC 7519 §4.1.4 to §4.1.6).

use serde_json::{Value, json};

use super::{Draft, Key, Mint, Minted, signed};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    [ends(mint), begins(mint), lifetimes(mint)].concat()
}

fn ends(mint: &Mint) -> Vec<Minted> {
    let now = mint.now;
    let exp = |exp: Value| mint.draft(Key::Rsa).claim("exp", exp);
    let ended = |seconds: u64| {
        let began = now - seconds - Mint::LIFETIME_SECONDS;
        exp((now - seconds).into()).claim("iat", began).claim("nbf", began)
    };
    let overflow = mint.draft(Key::Rsa).without_claim("exp").payload_ends(",\"exp\":1e999");
    signed([
        ("expired", 41, ended(600)),
        ("expired-past-skew", 41, ended(31)),
        ("no-exp", 42, mint.draft(Key::Rsa).without_claim("exp")),
        ("exp-null", 42, exp(Value::Null)),
        ("exp-string", 43, exp((now + 600).to_string().into())),
        ("exp-string-far", 43, exp("99999999999999999999".into())),
        ("exp-array", 43, exp(json!([now + 600]))),
        ("exp-bool", 43, exp(true.into())),
        ("exp-negative", 43, exp((-1).into())),
        ("exp-zero", 43, exp(0.into())),
        ("exp-huge", 43, exp(json!(1e300))),
        ("exp-u64-max", 43, exp(u64::MAX.into())),
        ("exp-overflow", 43, overflow),
    ])
}

fn begins(mint: &Mint) -> Vec<Minted> {
    let now = mint.now;
    let rsa = || mint.draft(Key::Rsa);
    let from = |name: &str, seconds: u64| rsa().claim(name, now + seconds).claim("exp", now + seconds + 600);
    signed([
        ("nbf-future", 44, from("nbf", 600)),
        ("nbf-string", 44, rsa().claim("nbf", "99999999999")),
        ("nbf-string-past", 44, rsa().claim("nbf", now.to_string())),
        ("nbf-huge", 44, rsa().claim("nbf", json!(1e300))),
        ("nbf-array", 44, rsa().claim("nbf", json!([now]))),
        ("iat-future", 45, from("iat", 6000)),
        ("iat-string", 45, rsa().claim("iat", now.to_string())),
    ])
}

/// The longest that is allowed is 24 hours.
fn lifetimes(mint: &Mint) -> Vec<Minted> {
    const YEAR_10000: u64 = 253_402_300_800;
    let exp = |exp: u64| -> Draft { mint.draft(Key::Rsa).claim("exp", exp) };
    signed([
        ("exp-year-10000", 43, exp(YEAR_10000)),
        ("lifetime-10-years", 46, exp(mint.now + 10 * 365 * 24 * 60 * 60)),
        ("lifetime-25-hours", 46, exp(mint.now + 25 * 60 * 60)),
        ("exp-milliseconds", 46, exp((mint.now + 600) * 1000)),
    ])
}
