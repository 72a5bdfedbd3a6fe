//! An answer in the words of the caller's revision, written once into one buffer.

mod members;
mod tools;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ErrorObject;
use crate::jsonrpc::RequestId;
use crate::meta::SERVER_INFO;
use crate::raw::RawJson;
use crate::revision::Revision;
use crate::types::{
    CachingHints, CallToolResult, DiscoverResult, Implementation, InitializeResult, Progress, ProgressToken,
};

pub use tools::ToolList;

/// Who answers: written into every modern result, so it is serialized once.
#[derive(Clone, Debug)]
pub struct ServerIdentity {
    info: Implementation,
    /// `"_meta":{"io.modelcontextprotocol/serverInfo":{…}}`, without the closing brace of `_meta`.
    meta: Bytes,
}

impl ServerIdentity {
    /// The identity of a server.
    #[must_use]
    pub fn new(info: Implementation) -> Self {
        let json = serde_json::to_string(&info).unwrap_or_else(|_| "{}".to_owned());
        let meta = format!("\"_meta\":{{\"{SERVER_INFO}\":{json}").into();
        Self { info, meta }
    }

    /// Name and version.
    #[must_use]
    pub fn info(&self) -> &Implementation {
        &self.info
    }
}

/// A result, neutral of revision.
#[derive(Clone, Debug)]
pub enum ServerResult {
    /// The answer to `tools/call`.
    CallTool(CallToolResult),
    /// The answer to `tools/list`.
    ListTools(ToolList),
    /// The answer to `server/discover`.
    Discover(DiscoverResult, CachingHints),
    /// The answer to `initialize`.
    Initialize(InitializeResult),
    /// The answer of another server, as it came: unknown members survive.
    Forwarded(RawJson),
    /// An answer without members.
    Empty,
}

/// Writes the answer to a request.
#[must_use]
pub fn result(revision: &Revision, server: &ServerIdentity, id: &RequestId, result: &ServerResult) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    id.write(&mut out);
    out.extend_from_slice(b",\"result\":");
    write_result(&mut out, revision, server, result);
    out.push(b'}');
    out
}

fn write_result(out: &mut Vec<u8>, revision: &Revision, server: &ServerIdentity, result: &ServerResult) {
    match result {
        ServerResult::CallTool(answer) => tools::write_call_tool(out, revision, server, answer),
        ServerResult::ListTools(list) => out.extend_from_slice(&list.encoded(revision, server)),
        ServerResult::Discover(found, hints) => write_object(out, revision, server, found, Some(*hints)),
        ServerResult::Initialize(opened) => write_initialize(out, revision, opened),
        ServerResult::Forwarded(raw) => members::write_forwarded(out, revision, server, raw),
        ServerResult::Empty => write_object(out, revision, server, &EmptyObject {}, None),
    }
}

#[derive(Serialize)]
struct EmptyObject {}

/// Writes an object and the members that every result of the revision has.
fn write_object<T: Serialize>(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    object: &T,
    hints: Option<CachingHints>,
) {
    open_object(out, object);
    close_result(out, revision, server, None, hints);
}

/// Writes an object, its closing brace left out.
fn open_object<T: Serialize>(out: &mut Vec<u8>, object: &T) {
    // The types written here have string keys and no failing parts; an impossible failure leaves an empty object.
    let start = out.len();
    if serde_json::to_writer(&mut *out, object).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"{}");
    }
    out.pop();
}

/// Adds the members that every result of the revision has, and the closing brace. `meta` is the `_meta` that the result
/// has of its own.
fn close_result(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    meta: Option<&RawValue>,
    hints: Option<CachingHints>,
) {
    if revision.result_type {
        separate(out);
        out.extend_from_slice(b"\"resultType\":\"complete\"");
    }
    members::write_meta(out, revision, server, meta);
    if let Some(hints) = hints.filter(|_| revision.cache_hints) {
        separate(out);
        let start = out.len();
        open_object(out, &hints);
        out.remove(start);
    }
    out.push(b'}');
}

/// A comma, unless the object is still empty.
fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

fn write_initialize(out: &mut Vec<u8>, revision: &Revision, opened: &InitializeResult) {
    let mut value = serde_json::to_value(opened).unwrap_or_default();
    if let Some(info) = value.get_mut("serverInfo").and_then(Value::as_object_mut) {
        if !revision.titles {
            info.remove("title");
        }
        if !revision.icons {
            for member in ["icons", "description", "websiteUrl"] {
                info.remove(member);
            }
        }
    }
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Writes an error answer. An id that could not be read is left out: `null` is no id in any revision.
#[must_use]
pub fn error(id: Option<&RequestId>, error: &ErrorObject) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\"");
    if let Some(id) = id {
        out.extend_from_slice(b",\"id\":");
        id.write(&mut out);
    }
    out.extend_from_slice(b",\"error\":");
    open_object(&mut out, error);
    out.extend_from_slice(b"}}");
    out
}

/// Writes `notifications/progress`.
#[must_use]
pub fn progress(token: &ProgressToken, progress: &Progress) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        progress_token: &'a ProgressToken,
        #[serde(flatten)]
        progress: &'a Progress,
    }
    notification("notifications/progress", &Params { progress_token: token, progress })
}

/// Writes a notification with any params.
#[must_use]
pub fn notification<T: Serialize>(method: &str, params: &T) -> Vec<u8> {
    #[derive(Serialize)]
    struct Notification<'a, T> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a T,
    }
    let mut out = Vec::with_capacity(192);
    open_object(&mut out, &Notification { jsonrpc: "2.0", method, params });
    out.push(b'}');
    out
}

/// Writes a request of ours.
#[must_use]
pub fn request<T: Serialize>(id: &RequestId, method: &str, params: &T) -> Vec<u8> {
    #[derive(Serialize)]
    struct Request<'a, T> {
        jsonrpc: &'static str,
        id: &'a RequestId,
        method: &'a str,
        params: &'a T,
    }
    let mut out = Vec::with_capacity(512);
    open_object(&mut out, &Request { jsonrpc: "2.0", id, method, params });
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests;
