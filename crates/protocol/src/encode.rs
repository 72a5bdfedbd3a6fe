//! An answer in the words of the caller's revision, written once into one buffer.

mod lists;
mod members;
mod notifications;
mod results;

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
    CachingHints, CallToolResult, CompleteResult, DiscoverResult, GetPromptResult, Implementation, InitializeResult,
    InputRequiredResult, Prompt, ReadResourceResult, Resource, ResourceTemplate, ServerCapabilities, Tool,
};

pub use lists::{List, Listed};
pub use notifications::{acknowledged, cancelled, change, listen_result, log_message, progress};

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

/// Where a list goes on, if it does.
pub type NextCursor = Option<Box<str>>;

/// A result, neutral of revision.
#[derive(Clone, Debug)]
pub enum ServerResult {
    /// The answer to `tools/call`.
    CallTool(CallToolResult),
    /// The answer to `tools/list`.
    ListTools(List<Tool>, NextCursor),
    /// The answer to `resources/list`.
    ListResources(List<Resource>, NextCursor),
    /// The answer to `resources/templates/list`.
    ListResourceTemplates(List<ResourceTemplate>, NextCursor),
    /// The answer to `resources/read`.
    ReadResource(ReadResourceResult, CachingHints),
    /// The answer to `prompts/list`.
    ListPrompts(List<Prompt>, NextCursor),
    /// The answer to `prompts/get`.
    GetPrompt(GetPromptResult),
    /// The answer to `completion/complete`.
    Complete(CompleteResult),
    /// The answer to `server/discover`.
    Discover(Box<DiscoverResult>, CachingHints),
    /// The answer to `initialize`.
    Initialize(Box<InitializeResult>),
    /// There is no answer before the client has answered this. Modern revisions only.
    InputRequired(InputRequiredResult),
    /// The answer of another server, as it came: unknown members survive. With caching hints where the method's result has
    /// them.
    Forwarded(RawJson, Option<CachingHints>),
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
        ServerResult::CallTool(answer) => results::write_call_tool(out, revision, server, answer),
        ServerResult::ListTools(list, next) => lists::write_list(out, revision, server, list, next.as_deref()),
        ServerResult::ListResources(list, next) => lists::write_list(out, revision, server, list, next.as_deref()),
        ServerResult::ListResourceTemplates(list, next) => {
            lists::write_list(out, revision, server, list, next.as_deref());
        }
        ServerResult::ReadResource(answer, hints) => {
            results::write_read_resource(out, revision, server, answer, *hints);
        }
        ServerResult::ListPrompts(list, next) => lists::write_list(out, revision, server, list, next.as_deref()),
        ServerResult::GetPrompt(answer) => results::write_get_prompt(out, revision, server, answer),
        ServerResult::Complete(answer) => write_object(out, revision, server, answer, None),
        ServerResult::Discover(found, hints) => write_discover(out, revision, server, found, *hints),
        ServerResult::Initialize(opened) => write_initialize(out, revision, opened),
        ServerResult::InputRequired(questions) => write_input_required(out, revision, server, questions),
        ServerResult::Forwarded(raw, hints) => members::write_forwarded(out, revision, server, raw, *hints),
        ServerResult::Empty => write_object(out, revision, server, &EmptyObject {}, None),
    }
}

fn write_discover(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    found: &DiscoverResult,
    hints: CachingHints,
) {
    let capabilities = capabilities_in(revision, &found.capabilities);
    write_object(out, revision, server, &DiscoverResult { capabilities, ..found.clone() }, Some(hints));
}

fn capabilities_in(revision: &Revision, capabilities: &ServerCapabilities) -> ServerCapabilities {
    let mut capabilities = capabilities.clone();
    if !revision.extensions {
        capabilities.extensions.clear();
    }
    capabilities
}

fn write_input_required(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    questions: &InputRequiredResult,
) {
    open_object(out, questions);
    separate(out);
    out.extend_from_slice(b"\"resultType\":\"input_required\"");
    members::write_meta(out, revision, server, None);
    out.push(b'}');
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
    let capabilities = capabilities_in(revision, &opened.capabilities);
    let mut value = serde_json::to_value(InitializeResult { capabilities, ..opened.clone() }).unwrap_or_default();
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
    let start = out.len();
    open_object(&mut out, error);
    if error.data.is_some() {
        // Another server's data is as it wrote it.
        members::put_on_one_line(&mut out, start);
    }
    out.extend_from_slice(b"}}");
    out
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
