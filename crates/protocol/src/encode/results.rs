//! Results that hold content, in the words of a revision: of tools, prompts and resources.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{ServerIdentity, close_result, open_object};
use crate::revision::Revision;
use crate::types::{CachingHints, CallToolResult, Content, GetPromptResult, PromptMessage, ReadResourceResult};

/// Writes the answer of a tool.
pub(super) fn write_call_tool(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    answer: &CallToolResult,
) {
    let structured =
        answer.structured_content.as_ref().filter(|value| revision.structured_content.admits(value.is_object()));
    let replaced: Vec<Content>;
    let content = if revision.resource_links {
        &answer.content
    } else {
        replaced = answer.content.iter().map(without_resource_link).collect();
        &replaced
    };
    open_object(out, &WrittenTool { content, structured_content: structured, is_error: answer.is_error });
    let meta = answer.meta.as_ref().and_then(|meta| to_raw_value(meta).ok());
    close_result(out, revision, server, meta.as_deref(), None);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenTool<'a> {
    content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

/// Writes a prompt, filled in.
pub(super) fn write_get_prompt(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    answer: &GetPromptResult,
) {
    let in_words = |message: &PromptMessage| match revision.resource_links {
        true => message.clone(),
        false => PromptMessage { role: message.role, content: without_resource_link(&message.content) },
    };
    let messages: Vec<PromptMessage> = answer.messages.iter().map(in_words).collect();
    let written = GetPromptResult { description: answer.description.clone(), messages, meta: None };
    open_object(out, &written);
    let meta = answer.meta.as_ref().and_then(|meta| to_raw_value(meta).ok());
    close_result(out, revision, server, meta.as_deref(), None);
}

/// Writes what a resource holds.
pub(super) fn write_read_resource(
    out: &mut Vec<u8>,
    revision: &Revision,
    server: &ServerIdentity,
    answer: &ReadResourceResult,
    hints: CachingHints,
) {
    #[derive(Serialize)]
    struct Written<'a> {
        contents: &'a [crate::types::ResourceContents],
    }
    open_object(out, &Written { contents: &answer.contents });
    let meta = answer.meta.as_ref().and_then(|meta| to_raw_value(meta).ok());
    close_result(out, revision, server, meta.as_deref(), Some(hints));
}

/// A link as text, for revisions that have no links.
fn without_resource_link(content: &Content) -> Content {
    match content {
        Content::ResourceLink { uri, name, .. } => Content::text(format!("{name}: {uri}")),
        other => other.clone(),
    }
}
