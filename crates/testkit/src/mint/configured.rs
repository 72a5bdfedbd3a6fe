//! Tokens on which settings decide, and such as try to slip a scope in.

use serde_json::json;

use super::{Key, Mint, Minted};

pub(super) fn all(mint: &Mint) -> Vec<Minted> {
    let rsa = || mint.draft(Key::Rsa);
    let scp = |value: serde_json::Value| rsa().without_claim("scope").claim("scp", value);
    let scope = |text: &str| rsa().claim("scope", text);
    let drafts = [
        ("scp-string", 49, scp(json!("mcp:read"))),
        ("scp-array", 49, scp(json!(["mcp:read"]))),
        ("scope-inject", 50, scope("mcp:read\u{a0}mcp:admin")),
        ("scope-inject-tab", 50, scope("mcp:read\tmcp:admin")),
        ("scope-inject-line", 50, scope("mcp:read\nmcp:admin")),
        ("scope-inject-comma", 50, scope("mcp:read,mcp:admin")),
        ("scope-inject-case", 50, scope("mcp:read MCP:ADMIN")),
        ("scope-double-space", 50, scope("mcp:read  mcp:write")),
        ("scope-empty", 50, scope("")),
        ("aud-slash", 93, rsa().claim("aud", format!("{}/", mint.audience))),
    ];
    drafts.into_iter().map(|(name, row, draft)| Minted { name, row, token: draft.sign(Key::Rsa) }).collect()
}
