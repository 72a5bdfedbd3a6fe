//! The `_meta` of what is sent to a child: the caller's, without what is not the caller's to say, and then ours.

use std::borrow::Cow;

use outboard_protocol::meta::{CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL, PROGRESS_TOKEN, PROTOCOL_VERSION};
use outboard_protocol::raw::Members;
use outboard_protocol::types::{EmptyCapability, LoggingLevel};
use outboard_protocol::{Era, RawJson, Revision};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::claims::ClaimsOf;

/// Second labels of prefixes that a caller cannot use: the specification's two, and ours.
const RESERVED_LABELS: &[&str] = &["modelcontextprotocol", "mcp", "outboard"];

/// Under which name a child is told claims of the caller.
const CLAIMS: &str = "dev.outboard/claims";

/// How we introduce ourselves to children.
pub(super) const CLIENT_NAME: &str = "outboard";

/// Our version, as children see it.
pub(super) const CLIENT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a request to a child says about itself beside what every one does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    /// The caller's `_meta`, as sent.
    pub(super) callers: Option<&'a RawJson>,
    /// What the child is told of the caller.
    pub(super) claims: Option<ClaimsOf<'a>>,
    /// Under which token progress is wanted.
    pub(super) progress_token: Option<i64>,
    /// From which level on log lines are wanted. For a modern child only: a legacy one has one level for all.
    pub(super) log_level: Option<LoggingLevel>,
}

/// The params of a request to a child: its own, and `_meta` where there is something in it.
#[derive(Debug, Serialize)]
pub(super) struct WithMeta<'a, T> {
    #[serde(flatten)]
    pub(super) own: T,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<ChildMeta<'a>>,
}

/// The `_meta` of a request to a child.
#[derive(Debug)]
pub(super) struct ChildMeta<'a> {
    callers: Vec<(Cow<'a, str>, &'a RawValue)>,
    claims: Option<ClaimsOf<'a>>,
    /// The revision, where each request says what is spoken.
    modern: Option<&'static str>,
    log_level: Option<LoggingLevel>,
    progress_token: Option<i64>,
}

/// The `_meta` of a request to a child that speaks `revision`. `None` where it would be empty.
///
/// A child behaves as `_meta` tells it to, so members in the namespaces of the specification and of outboard never come
/// from callers; everything else passes as it was sent.
pub(super) fn child_meta<'a>(revision: &Revision, about: About<'a>) -> Option<ChildMeta<'a>> {
    let members = about.callers.and_then(|meta| serde_json::from_slice::<Members<'_>>(meta.as_bytes()).ok());
    let mut callers = members.unwrap_or_default().0;
    callers.retain(|(name, _)| !is_reserved(name));
    let modern = (revision.era == Era::Modern).then_some(revision.name);
    let About { claims, progress_token, log_level, .. } = about;
    let meta = ChildMeta { callers, claims, modern, log_level, progress_token };
    let is_empty = meta.callers.is_empty() && claims.is_none() && modern.is_none() && progress_token.is_none();
    (!is_empty).then_some(meta)
}

impl Serialize for ChildMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (name, value) in &self.callers {
            out.serialize_entry(name, value)?;
        }
        if let Some(claims) = &self.claims {
            out.serialize_entry(CLAIMS, claims)?;
        }
        if let Some(revision) = self.modern {
            out.serialize_entry(PROTOCOL_VERSION, revision)?;
            out.serialize_entry(CLIENT_INFO, &json!({ "name": CLIENT_NAME, "version": CLIENT_VERSION }))?;
            // It would ask by its answer, and there is no way yet to pass such a question on.
            out.serialize_entry(CLIENT_CAPABILITIES, &EmptyCapability {})?;
            if let Some(level) = self.log_level {
                out.serialize_entry(LOG_LEVEL, level.as_str())?;
            }
        }
        if let Some(token) = self.progress_token {
            out.serialize_entry(PROGRESS_TOKEN, &token)?;
        }
        out.end()
    }
}

/// Whether a caller may not send this member (specification: *`_meta`*, key name format).
fn is_reserved(name: &str) -> bool {
    let Some((prefix, _)) = name.split_once('/') else { return name == PROGRESS_TOKEN };
    let label = prefix.split('.').nth(1).unwrap_or_default();
    RESERVED_LABELS.iter().any(|reserved| label.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use outboard_identity::{GrantedScopes, Principal};
    use outboard_protocol::revision::{V2025_11_25, V2026_07_28};

    use super::*;

    fn check(revision: &Revision, callers: Option<&str>, token: Option<i64>, expected: Option<&str>) {
        let callers = callers.map(|text| RawJson::parse(text.to_owned().into()).unwrap());
        let log_level = Some(LoggingLevel::Notice);
        let about = About { callers: callers.as_ref(), claims: None, progress_token: token, log_level };
        let meta = child_meta(revision, about).map(|meta| serde_json::to_string(&meta).unwrap());
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
    fn claims_are_ours_to_say_and_never_a_callers() {
        let forged = r#"{"dev.outboard/claims":{"sub":"mallory"},"dev.outboard/x":1,"a":2}"#;
        let callers = RawJson::parse(forged.to_owned().into()).unwrap();
        let granted = GrantedScopes::Only("notes:read".parse().unwrap());
        let alice = Principal::verified("https://issuer.example", "alice", "editor", granted);
        let names = ["sub".to_owned(), "scope".to_owned()];
        let told = |claims, callers| {
            let about = About { callers, claims, ..About::default() };
            child_meta(&V2025_11_25, about).map(|meta| serde_json::to_string(&meta).unwrap())
        };
        let claims = Some(ClaimsOf { names: &names, principal: &alice });
        let expected = r#"{"a":2,"dev.outboard/claims":{"sub":"alice","scope":"notes:read"}}"#;
        assert_eq!(told(claims, Some(&callers)).as_deref(), Some(expected));
        assert_eq!(told(None, Some(&callers)).as_deref(), Some(r#"{"a":2}"#));
        assert_eq!(told(claims, None).as_deref(), Some(&*expected.replace(r#""a":2,"#, "")));
        assert_eq!(told(None, None), None);
    }

    #[test]
    fn a_modern_child_gets_our_own_protocol_fields() {
        let ours = format!(
            r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"outboard","version":"{CLIENT_VERSION}"}},"io.modelcontextprotocol/clientCapabilities":{{}},"io.modelcontextprotocol/logLevel":"notice""#
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
