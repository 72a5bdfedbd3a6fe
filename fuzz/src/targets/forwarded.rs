//! The result of another server, passed on in every revision: one line, the same members, and nothing that is not its to say.
//!
//! The input is the whole answer, as a server behind us sends it.

use std::sync::LazyLock;

use bytes::Bytes;
use outboard_protocol::encode::{self, ServerIdentity, ServerResult};
use outboard_protocol::raw::Members;
use outboard_protocol::revision::SERVED;
use outboard_protocol::types::Implementation;
use outboard_protocol::{Message, RawJson, RequestId, Response, Revision};

static SERVER: LazyLock<ServerIdentity> = LazyLock::new(|| ServerIdentity::new(Implementation::new("fuzz", "1.0.0")));

/// What is for us alone to say.
const OURS: [&str; 5] = ["resultType", "inputRequests", "requestState", "ttlMs", "cacheScope"];

pub(super) fn run(data: &[u8]) {
    let Ok(Message::Response(answer)) = Message::parse(&Bytes::copy_from_slice(data)) else { return };
    let Ok(theirs) = answer.outcome else { return };
    for revision in SERVED {
        passes_on(revision, &theirs);
    }
}

fn passes_on(revision: &Revision, theirs: &RawJson) {
    let id = RequestId::Integer(1);
    let line = encode::result(revision, &SERVER, &id, &ServerResult::Forwarded(theirs.clone(), None));
    let shown = String::from_utf8_lossy(&line).into_owned();
    assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "more than one line: {shown}");
    let message = Message::parse(&Bytes::from(line)).expect("what is passed on is one message");
    let Message::Response(Response { id: Some(found), outcome: Ok(ours) }) = message else {
        unreachable!("an answer is passed on as an answer: {shown}")
    };
    assert_eq!(found, id);
    let ours: Members<'_> = serde_json::from_slice(ours.as_bytes()).expect("a result is an object");
    let said: Vec<_> =
        ours.0.iter().filter(|(name, _)| OURS.contains(&&**name)).map(|(_, value)| value.get()).collect();
    assert_eq!(said, if revision.result_type { vec!["\"complete\""] } else { vec![] }, "{}: {shown}", revision.name);
    if revision.resource_links {
        let theirs = serde_json::from_slice::<Members<'_>>(theirs.as_bytes()).unwrap_or_default();
        assert_eq!(passed(&ours, revision), passed(&theirs, revision), "{}: {shown}", revision.name);
    }
}

/// The members that are passed on as they stand; line breaks are only layout.
fn passed(members: &Members<'_>, revision: &Revision) -> Vec<(String, String)> {
    let kept = members.0.iter().filter(|(name, value)| match &**name {
        "_meta" => false,
        "structuredContent" => revision.structured_content.admits(value.get().starts_with('{')),
        name => !OURS.contains(&name),
    });
    kept.map(|(name, value)| (name.to_string(), value.get().replace(['\n', '\r'], ""))).collect()
}
