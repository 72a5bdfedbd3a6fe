//! Whom the token is for: not for us, or almost (RFC 8707 §2, RFC 7519 §4.1.3).

use serde_json::{Value, json};

use super::{Key, Mint, Minted, signed};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    let aud = |aud: Value| mint.draft(Key::Rsa).claim("aud", aud);
    let text = |text: String| aud(text.into());
    let ours = mint.audience.as_str();
    let (origin, path) = mint.audience_parts();
    let parent = ours.rsplit_once('/').map_or(ours, |(parent, _)| parent);
    // One segment up; from a path of one segment that is the root, which is spelled with its slash.
    let parent = if parent == origin { format!("{origin}/") } else { parent.to_owned() };
    signed([
        ("wrong-aud", 37, aud("https://mcp.evil.example/mcp".into())),
        ("no-aud", 37, mint.draft(Key::Rsa).without_claim("aud")),
        ("aud-prefix", 38, text(format!("{ours}.evil.example"))),
        ("aud-below", 38, text(format!("{ours}/below"))),
        ("aud-origin", 38, text(origin.to_owned())),
        ("aud-parent", 38, text(parent)),
        ("aud-path-case", 38, text(origin.to_owned() + &path.to_ascii_uppercase())),
        ("aud-query", 38, text(format!("{ours}?a=b"))),
        ("aud-fragment", 38, text(format!("{ours}#a"))),
        ("aud-space", 38, text(format!("{ours} "))),
        ("aud-list-in-text", 38, text(format!("https://other.example/mcp {ours}"))),
        ("aud-client-id", 38, aud(Mint::CLIENT_ID.into())),
        ("aud-array-bad", 39, aud(json!(["https://other.example/mcp", Mint::CLIENT_ID]))),
        ("aud-array-empty", 39, aud(json!([]))),
        ("aud-array-number", 39, aud(json!([1]))),
        ("aud-array-nested", 39, aud(json!([[ours]]))),
        ("aud-object", 39, aud(json!({}))),
        ("aud-object-ours", 39, aud(json!({ ours: ours }))),
        ("aud-null", 39, aud(Value::Null)),
        ("aud-empty", 39, aud("".into())),
        ("aud-sibling", 40, text(format!("{origin}/other{path}"))),
    ])
}
