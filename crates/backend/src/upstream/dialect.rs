//! What a request carries besides its own content, in each era: headers and `_meta`.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use outboard_protocol::types::{ClientCapabilities, Implementation};
use outboard_protocol::{Method, Revision, headers, meta};
use serde_json::{Map, Value, json};

/// How we speak with a server.
#[derive(Clone, Debug)]
pub(super) enum Dialect {
    /// Every request describes itself.
    Modern(&'static Revision),
    /// Only for `initialize`: nothing is agreed yet.
    Opening,
    /// In a session, if the server has given it an id.
    Legacy {
        /// What was agreed.
        revision: &'static Revision,
        /// What names the session.
        session: Option<HeaderValue>,
    },
}

impl Dialect {
    /// Writes the headers that tell the revision, the session, and what the body is about.
    pub(super) fn write_headers(&self, out: &mut HeaderMap, method: &Method, name: Option<&str>) {
        match self {
            Self::Opening => {}
            Self::Modern(revision) => {
                insert(out, headers::PROTOCOL_VERSION, revision.name);
                insert(out, headers::METHOD, method.as_str());
                if let Some(name) = name {
                    insert(out, headers::NAME, name);
                }
            }
            Self::Legacy { revision, session } => {
                insert(out, headers::PROTOCOL_VERSION, revision.name);
                if let Some(session) = session {
                    out.insert(HeaderName::from_static(headers::SESSION_ID), session.clone());
                }
            }
        }
    }

    /// The members of `_meta` that every request has.
    pub(super) fn meta(&self, client_info: &Implementation) -> Map<String, Value> {
        let Self::Modern(revision) = self else { return Map::new() };
        let mut members = Map::new();
        members.insert(meta::PROTOCOL_VERSION.to_owned(), json!(revision.name));
        members.insert(meta::CLIENT_INFO.to_owned(), json!(client_info));
        members.insert(meta::CLIENT_CAPABILITIES.to_owned(), json!(ClientCapabilities::NONE));
        members
    }

    /// The revision that is spoken; none before one is agreed.
    pub(super) fn revision(&self) -> Option<&'static Revision> {
        match self {
            Self::Modern(revision) | Self::Legacy { revision, .. } => Some(revision),
            Self::Opening => None,
        }
    }

    /// What names the session, if there is one.
    pub(super) fn session(&self) -> Option<&HeaderValue> {
        match self {
            Self::Legacy { session, .. } => session.as_ref(),
            Self::Modern(_) | Self::Opening => None,
        }
    }

    pub(super) fn is_modern(&self) -> bool {
        matches!(self, Self::Modern(_))
    }
}

/// Writes a value in the form in which it may stand in a header (specification: *Value Encoding*).
fn insert(out: &mut HeaderMap, name: &'static str, value: &str) {
    out.insert(HeaderName::from_static(name), header_value(&headers::encode(value)));
}

/// Writes a header whose name a server chose, and whose value is encoded already. A name longer than HTTP libraries take
/// is left out: such a call is the server's to refuse.
pub(super) fn insert_custom(out: &mut HeaderMap, name: &str, encoded: &str) {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        out.insert(name, header_value(encoded));
    }
}

fn header_value(encoded: &str) -> HeaderValue {
    HeaderValue::from_str(encoded).expect("an encoded value is visible ASCII, spaces and tabs")
}
