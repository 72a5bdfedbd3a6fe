//! Tokens that a resource server accepts: the mirror of the hostile ones, each just inside a rule.

use serde_json::json;

use super::{Key, Mint, Minted};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    let now = mint.now;
    let rsa = || mint.draft(Key::Rsa);
    let (origin, path) = mint.audience_parts();
    let by_key =
        [("good-rs256", Key::Rsa), ("good-ps256", Key::RsaPss), ("good-es256", Key::Ec), ("good-eddsa", Key::Ed)];
    let by_key = by_key.map(|(name, key)| Minted { name, row: 3, token: mint.draft(key).sign(key) });
    let bent = [
        ("typ-full", 33, rsa().member("typ", "application/at+jwt")),
        ("aud-case", 38, rsa().claim("aud", origin.to_ascii_uppercase() + path)),
        ("aud-array-good", 39, rsa().claim("aud", json!(["https://other.example/mcp", mint.audience]))),
        ("aud-array-one", 39, rsa().claim("aud", json!([mint.audience]))),
        ("expired-in-skew", 41, rsa().claim("iat", now - 610).claim("nbf", now - 610).claim("exp", now - 10)),
        ("exp-float", 43, rsa().claim("exp", json!(seconds(now) + 600.5))),
        ("nbf-in-skew", 44, rsa().claim("nbf", now + 10)),
        ("no-nbf", 44, rsa().without_claim("nbf")),
        ("iat-in-skew", 45, rsa().claim("iat", now + 10)),
        ("lifetime-24-hours", 46, rsa().claim("exp", now + 24 * 60 * 60)),
        ("no-scope", 49, rsa().without_claim("scope")),
        ("scope-list", 50, rsa().claim("scope", "mcp:read mcp:write files:x")),
        ("extra-claims", 53, rsa().claim("groups", json!(["a", {"b": null}])).claim("acr", "0").claim("naïve", 1)),
        ("extra-header", 53, rsa().member("x-unknown", json!({"a": []}))),
        ("payload-spaced", 53, {
            let draft = rsa();
            let payload = [b" \r\n\t", draft.payload.as_slice(), b" "].concat();
            super::Draft { payload, ..draft }
        }),
    ];
    let bent = bent.map(|(name, row, draft)| Minted { name, row, token: draft.sign(Key::Rsa) });
    by_key.into_iter().chain(bent).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a time of our days is a small number")]
const fn seconds(time: u64) -> f64 {
    time as f64
}
