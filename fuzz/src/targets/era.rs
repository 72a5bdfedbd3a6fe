//! The era of a request: from header, session and body to one decision, compared with the table in words.
//!
//! The input is the header in its first line (empty: there is none), the session's revision in the second (the same), and
//! then the body.

use bytes::Bytes;
use outboard_protocol::revision::SERVED;
use outboard_protocol::{Era, EraDecision, Header, Message, Params, Revision, decide_era};
use serde_json::Value;

use crate::input;

pub(super) fn run(data: &[u8]) {
    let (header, rest) = input::first_line(data);
    let (session, body) = input::first_line(rest);
    let (header, session) = (input::text(header), input::text(session));
    let header = (!header.is_empty()).then_some(&*header);
    // Only a legacy revision is ever sealed into a session.
    let session = Revision::served(&session).filter(|revision| revision.era == Era::Legacy);
    let modern_meta = has_modern_meta(body);

    let decision = decide_era(Header::read(header, SERVED), modern_meta, session);
    let known = header.map(Revision::served);
    let expected = match (known, modern_meta) {
        (Some(Some(revision)), _) if revision.era == Era::Modern => EraDecision::Modern(revision),
        (Some(None), _) => EraDecision::ModernUnknown(header.unwrap_or_default()),
        (_, true) => EraDecision::Mismatch,
        (Some(Some(revision)), false) => EraDecision::Legacy(session.unwrap_or(revision)),
        (None, false) => EraDecision::Legacy(session.unwrap_or_else(|| Revision::assumed())),
    };
    assert_eq!(decision, expected, "header {header:?}, modern _meta {modern_meta}, session {session:?}");
}

/// Whether the body says that it is modern; a body that is no message says nothing.
fn has_modern_meta(body: &[u8]) -> bool {
    let Ok(Message::Request(request)) = Message::parse(&Bytes::copy_from_slice(body)) else { return false };
    let Ok(params) = Params::read(request.params.as_ref()) else { return false };
    let Ok(meta) = params.meta() else { return false };
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let key = value.pointer("/params/_meta").and_then(|meta| meta.get("io.modelcontextprotocol/protocolVersion"));
        assert_eq!(meta.is_modern(), key.is_some(), "the key decides");
    }
    meta.is_modern()
}
