//! The `_meta` of what is sent to a child: the caller's, without what is not the caller's to say, and then ours.

use outboard_protocol::meta::{CLIENT_CAPABILITIES, CLIENT_INFO, PROGRESS_TOKEN, PROTOCOL_VERSION};
use outboard_protocol::raw::Members;
use outboard_protocol::{Era, RawJson, Revision};

/// Second labels of prefixes that a caller cannot use: the specification's two, and ours.
const RESERVED_LABELS: &[&str] = &["modelcontextprotocol", "mcp", "outboard"];

/// How we introduce ourselves to children.
pub(super) const CLIENT_NAME: &str = "outboard";

/// Our version, as children see it.
pub(super) const CLIENT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the `_meta` of a request to a child that speaks `revision`, as the text of a JSON object. `None` where it would
/// be empty.
///
/// A child behaves as `_meta` tells it to, so members in the namespaces of the specification and of outboard never come
/// from callers; everything else passes as it was sent.
pub(super) fn child_meta(
    revision: &Revision,
    callers: Option<&RawJson>,
    progress_token: Option<i64>,
) -> Option<Vec<u8>> {
    let mut out = vec![b'{'];
    let members = callers.and_then(|meta| serde_json::from_slice::<Members<'_>>(meta.as_bytes()).ok());
    for (name, value) in members.map(|members| members.0).unwrap_or_default() {
        if !is_reserved(&name) {
            member(&mut out, &name, value.get().as_bytes());
        }
    }
    if revision.era == Era::Modern {
        let info = format!(r#"{{"name":"{CLIENT_NAME}","version":"{CLIENT_VERSION}"}}"#);
        member(&mut out, PROTOCOL_VERSION, format!("\"{}\"", revision.name).as_bytes());
        member(&mut out, CLIENT_INFO, info.as_bytes());
        // Shared by all callers, a child is never offered a question to one of them.
        member(&mut out, CLIENT_CAPABILITIES, b"{}");
    }
    if let Some(token) = progress_token {
        member(&mut out, PROGRESS_TOKEN, token.to_string().as_bytes());
    }
    out.push(b'}');
    (out.len() > 2).then_some(out)
}

fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    // A string is always JSON.
    out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(value);
}

/// Whether a caller may not send this member (specification: *`_meta`*, key name format).
fn is_reserved(name: &str) -> bool {
    let Some((prefix, _)) = name.split_once('/') else { return name == PROGRESS_TOKEN };
    let label = prefix.split('.').nth(1).unwrap_or_default();
    RESERVED_LABELS.iter().any(|reserved| label.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use outboard_protocol::revision::{V2025_11_25, V2026_07_28};

    use super::*;

    fn check(revision: &Revision, callers: Option<&str>, token: Option<i64>, expected: Option<&str>) {
        let callers = callers.map(|text| RawJson::parse(text.to_owned().into()).unwrap());
        let meta = child_meta(revision, callers.as_ref(), token).map(|meta| String::from_utf8(meta).unwrap());
        assert_eq!(meta.as_deref(), expected);
        if let Some(meta) = meta {
            serde_json::from_str::<serde_json::Value>(&meta).unwrap();
        }
    }

    #[test]
    fn a_legacy_child_gets_what_is_the_callers_to_say() {
        check(&V2025_11_25, None, None, None);
        check(&V2025_11_25, Some("{}"), None, None);
        check(&V2025_11_25, Some("[1]"), Some(4), Some(r#"{"progressToken":4}"#));
        check(
            &V2025_11_25,
            Some(r#"{"traceparent":"00-ab","com.example/a b":{"x":1.50},"z\"":null}"#),
            Some(4),
            Some(r#"{"traceparent":"00-ab","com.example/a b":{"x":1.50},"z\"":null,"progressToken":4}"#),
        );
    }

    #[test]
    fn members_of_reserved_namespaces_do_not_pass() {
        let names = [
            "progressToken",
            "progress\\u0054oken",
            "io.modelcontextprotocol/protocolVersion",
            "io.modelcontextprotocol/anything",
            "io.ModelContextProtocol/anything",
            "io\\u002emodelcontextprotocol/anything",
            "dev.mcp/x",
            "org.modelcontextprotocol.api/x",
            "dev.outboard/subject",
            "io.outboard.claims/x",
        ];
        for name in names {
            check(&V2025_11_25, Some(&format!(r#"{{"{name}":1}}"#)), None, None);
        }
        for name in ["com.example.mcp/x", "mcp/x", "outboard", "com.outboards/x"] {
            let text = format!(r#"{{"{name}":1}}"#);
            check(&V2025_11_25, Some(&text), None, Some(&text));
        }
    }

    #[test]
    fn a_modern_child_gets_our_own_protocol_fields() {
        let ours = format!(
            r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"outboard","version":"{CLIENT_VERSION}"}},"io.modelcontextprotocol/clientCapabilities":{{}}"#
        );
        check(&V2026_07_28, None, None, Some(&format!("{{{ours}}}")));
        check(
            &V2026_07_28,
            Some(r#"{"io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"a":1}"#),
            Some(9),
            Some(&format!(r#"{{"a":1,{ours},"progressToken":9}}"#)),
        );
    }
}
