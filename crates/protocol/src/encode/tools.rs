//! Tool lists and tool results in the words of a revision.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{ServerIdentity, close_result, open_object, write_object};
use crate::revision::{Revision, SERVED, StructuredContent};
use crate::types::{CachingHints, CallToolResult, Content, ListToolsResult, Tool};

/// A page of tools that is written at most once per revision: listing it again copies bytes.
#[derive(Clone, Debug)]
pub struct ToolList(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    page: ListToolsResult,
    hints: CachingHints,
    /// One place per served revision, in the order of [`SERVED`].
    encoded: Vec<OnceLock<Bytes>>,
}

impl ToolList {
    /// A page with its caching hints.
    #[must_use]
    pub fn new(page: ListToolsResult, hints: CachingHints) -> Self {
        let encoded = SERVED.iter().map(|_| OnceLock::new()).collect();
        Self(Arc::new(Inner { page, hints, encoded }))
    }

    /// The page itself.
    #[must_use]
    pub fn page(&self) -> &ListToolsResult {
        &self.0.page
    }

    /// The result in a revision's words. The first caller's `server` is kept: one list belongs to one server.
    pub(super) fn encoded(&self, revision: &Revision, server: &ServerIdentity) -> Bytes {
        let place = SERVED.iter().position(|served| *served == revision).and_then(|place| self.0.encoded.get(place));
        match place {
            Some(place) => place.get_or_init(|| self.encode(revision, server)).clone(),
            None => self.encode(revision, server),
        }
    }

    fn encode(&self, revision: &Revision, server: &ServerIdentity) -> Bytes {
        let mut out = Vec::new();
        let page = ListToolsResult {
            tools: self.0.page.tools.iter().map(|tool| in_words_of(revision, tool)).collect(),
            next_cursor: self.0.page.next_cursor.clone(),
        };
        write_object(&mut out, revision, server, &page, Some(self.0.hints));
        out.into()
    }
}

fn in_words_of(revision: &Revision, tool: &Tool) -> Tool {
    let mut tool = tool.clone();
    if !revision.titles {
        tool.title = None;
        tool.output_schema = None;
    }
    if !revision.icons {
        tool.icons.clear();
    }
    // Before 2026-07-28 structured content is an object, and so must its schema say.
    if revision.structured_content == StructuredContent::Object {
        tool.output_schema = tool.output_schema.filter(|schema| schema.get("type") == Some(&Value::from("object")));
    }
    tool
}

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
    open_object(out, &Written { content, structured_content: structured, is_error: answer.is_error });
    let meta = answer.meta.as_ref().and_then(|meta| to_raw_value(meta).ok());
    close_result(out, revision, server, meta.as_deref(), None);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

/// A link as text, for revisions that have no links.
fn without_resource_link(content: &Content) -> Content {
    match content {
        Content::ResourceLink { uri, name, .. } => Content::text(format!("{name}: {uri}")),
        other => other.clone(),
    }
}
