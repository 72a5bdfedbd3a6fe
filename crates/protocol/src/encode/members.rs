//! The result of another server, passed on: its members as they came, those of the revision made right.

use serde_json::value::RawValue;

use super::{ServerIdentity, results};
use crate::meta::SERVER_INFO;
use crate::raw::{Members, RawJson};
use crate::revision::Revision;
use crate::types::{CachingHints, CallToolResult};

/// Members that say how the answer is to be taken, which is for who answers to say: a server behind us cannot put a
/// question to our caller, or have our caller keep its answer.
const NOT_PASSED_ON: [&str; 5] = ["resultType", "inputRequests", "requestState", "ttlMs", "cacheScope"];

/// Writes a forwarded result. What is not an object becomes an empty one: there is nothing in it to pass on.
pub(super) fn write_forwarded(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    raw: &RawJson,
    hints: Option<CachingHints>,
) {
    if !revision.resource_links
        && contains(raw.as_bytes(), b"resource_link")
        && let Ok(answer) = raw.read::<CallToolResult>()
    {
        return results::write_call_tool(out, revision, server, &answer);
    }
    let members = serde_json::from_str::<Members<'_>>(raw.as_str()).unwrap_or_default();
    out.push(b'{');
    let mut meta = None;
    for (name, value) in &members.0 {
        match name.as_ref() {
            "_meta" => meta = Some(*value),
            name if NOT_PASSED_ON.contains(&name) => {}
            "structuredContent" if !revision.structured_content.admits(value.get().starts_with('{')) => {}
            name => write_member(out, name, value),
        }
    }
    super::close_result(out, revision, server, meta, hints);
}

/// Adds `_meta`: theirs without a server's name, which is not the name of who answers, and ours.
pub(super) fn write_meta(out: &mut Vec<u8>, revision: &Revision, server: &ServerIdentity, theirs: Option<&RawValue>) {
    let theirs = theirs.and_then(|raw| serde_json::from_str::<Members<'_>>(raw.get()).ok()).unwrap_or_default();
    let kept = || theirs.0.iter().filter(|(name, _)| name != SERVER_INFO);
    if revision.result_type {
        super::separate(out);
        out.extend_from_slice(&server.meta);
    } else if kept().next().is_some() {
        super::separate(out);
        out.extend_from_slice(b"\"_meta\":{");
    } else {
        return;
    }
    for (name, value) in kept() {
        write_member(out, name, value);
    }
    out.push(b'}');
}

fn write_member(out: &mut Vec<u8>, name: &str, value: &RawValue) {
    super::separate(out);
    // Writing a string into a vector cannot fail.
    drop(serde_json::to_writer(&mut *out, name));
    out.push(b':');
    write_on_one_line(out, value.get());
}

/// Takes the line breaks out of the JSON that begins at `start`.
pub(super) fn put_on_one_line(out: &mut Vec<u8>, start: usize) {
    let mut at = 0;
    out.retain(|byte| {
        at += 1;
        at <= start || !matches!(byte, b'\n' | b'\r')
    });
}

/// A value without its line breaks: those outside strings are only layout, and one message is one line everywhere.
fn write_on_one_line(out: &mut Vec<u8>, json: &str) {
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend(json.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    } else {
        out.extend_from_slice(json.as_bytes());
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
