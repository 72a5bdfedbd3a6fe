//! Tokens of another type: what the issuer signs for another purpose is no access token (RFC 9068 §4, RFC 8725 §2.8).

use serde_json::Value;

use super::{Draft, Key, Mint, Minted, signed};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    let typ = |typ: Value| mint.draft(Key::Rsa).member("typ", typ);
    signed([
        ("typ-jwt", 33, typ("JWT".into())),
        ("typ-missing", 33, mint.draft(Key::Rsa).without_member("typ")),
        ("typ-empty", 33, typ("".into())),
        ("typ-null", 33, typ(Value::Null)),
        ("typ-number", 33, typ(1.into())),
        ("typ-suffix", 33, typ("at+jwt+x".into())),
        ("typ-other-prefix", 33, typ("text/at+jwt".into())),
        ("refresh-token", 33, typ("rt+jwt".into())),
        ("logout-token", 33, typ("logout+jwt".into())),
        ("dpop-proof", 33, typ("dpop+jwt".into())),
        ("introspection-answer", 33, typ("token-introspection+jwt".into())),
        ("id-token", 34, id_token(mint).claim("aud", Mint::CLIENT_ID)),
        ("id-token-rs-aud", 34, id_token(mint)),
    ])
}

/// What OpenID Connect Core §2 puts into one, for the resource as its audience.
fn id_token(mint: &Mint) -> Draft {
    let draft = mint.draft(Key::Rsa).member("typ", "JWT").without_claim("client_id").without_claim("scope");
    let draft = draft.claim("azp", Mint::CLIENT_ID).claim("nonce", "n-1").claim("auth_time", mint.now);
    draft.claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ").claim("email", "user@example.com")
}
