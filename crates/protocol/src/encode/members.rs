//! The result of another server, passed on: its members as they came, those of the revision made right.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::ServerIdentity;
use crate::jsonrpc::Key;
use crate::meta::SERVER_INFO;
use crate::raw::RawJson;
use crate::revision::Revision;

/// Writes a forwarded result. What is not an object becomes an empty one: there is nothing in it to pass on.
pub(super) fn write_forwarded(out: &mut Vec<u8>, revision: &Revision, server: &ServerIdentity, raw: &RawJson) {
    let members = serde_json::from_slice::<Members<'_>>(raw.as_bytes()).unwrap_or_default();
    out.push(b'{');
    let mut meta = None;
    for (name, value) in &members.0 {
        match name.0.as_ref() {
            "_meta" => meta = Some(*value),
            "resultType" if !revision.result_type => {}
            "structuredContent" if !revision.structured_content.admits(value.get().starts_with('{')) => {}
            _ => write_member(out, &name.0, value),
        }
    }
    if revision.result_type && !members.0.iter().any(|(name, _)| name.0 == "resultType") {
        super::separate(out);
        out.extend_from_slice(b"\"resultType\":\"complete\"");
    }
    write_meta(out, revision, server, meta);
    out.push(b'}');
}

/// `_meta` of the other server without its name, which is not the name of who answers, and with ours.
fn write_meta(out: &mut Vec<u8>, revision: &Revision, server: &ServerIdentity, theirs: Option<&RawValue>) {
    let theirs = theirs.and_then(|raw| serde_json::from_str::<Members<'_>>(raw.get()).ok()).unwrap_or_default();
    let kept = || theirs.0.iter().filter(|(name, _)| name.0 != SERVER_INFO);
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
        write_member(out, &name.0, value);
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

/// A value without its line breaks: those outside strings are only layout, and one message is one line everywhere.
fn write_on_one_line(out: &mut Vec<u8>, json: &str) {
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend(json.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    } else {
        out.extend_from_slice(json.as_bytes());
    }
}

/// The members of an object, in order, values raw.
#[derive(Default)]
struct Members<'a>(Vec<(Key<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}
