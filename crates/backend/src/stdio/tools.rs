//! The tools of a child: all pages of its list, and the news that it has changed.

use std::collections::HashSet;

use outboard_protocol::types::Tool;
use outboard_protocol::{Era, Method, RawJson};
use outboard_runtime::Outlet;
use serde::Deserialize;

use super::config::StdioBounds;
use super::error::{ListUnit, StartError};
use super::handshake::Opened;
use super::link::{Link, OnDrop, quoted};
use super::meta::child_meta;

/// Reads the whole list. A tool that does not have the form of one is left out with a word in the log, so that it does
/// not take the others with it.
pub(super) async fn list(
    link: &Link,
    opened: &Opened,
    backend: &str,
    bounds: &StdioBounds,
) -> Result<Vec<Tool>, StartError> {
    let mut tools = Tools { backend, found: Vec::new(), names: HashSet::new() };
    if !opened.has_tools {
        return Ok(tools.found);
    }
    let (mut bytes, mut cursor) = (0, None);
    for _ in 0..bounds.list_pages_max {
        let page = page(link, opened, cursor.as_deref()).await?;
        bytes += page.as_bytes().len();
        check(ListUnit::Bytes, bytes, bounds.list_bytes_max)?;
        let page: Page = page.read().map_err(|source| {
            let method = Method::ToolsList.as_str().into();
            StartError::InvalidAnswer { method, source }
        })?;
        page.tools.iter().for_each(|tool| tools.add(tool));
        check(ListUnit::Tools, tools.found.len(), bounds.list_tools_max)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools.found);
        }
    }
    Err(StartError::ListTooLong { unit: ListUnit::Pages, limit: bounds.list_pages_max })
}

/// Asks a modern child to tell when its list changes; a legacy one does so unasked. Returns when the child does not tell
/// any more (specification: *Subscriptions*).
///
/// # Cancel safety
///
/// Dropped, the child is told that nobody listens any more.
pub(super) async fn listen(link: &Link, opened: &Opened) {
    if opened.revision.era == Era::Modern && opened.tells_changes {
        let meta = child_meta(opened.revision, None, None).unwrap_or_default();
        let params = [b"{\"notifications\":{\"toolsListChanged\":true},\"_meta\":", meta.as_slice(), b"}"].concat();
        let method = Method::parse("subscriptions/listen");
        // Whether it ended in an error or not makes no difference to who listens.
        drop(link.request(&method, |_| params, Outlet::closed(), OnDrop::Cancel).await);
    } else {
        std::future::pending().await
    }
}

async fn page(link: &Link, opened: &Opened, cursor: Option<&str>) -> Result<RawJson, StartError> {
    let method = Method::ToolsList;
    let cursor = cursor.map(|cursor| format!("\"cursor\":{}", quoted(cursor)));
    let meta = child_meta(opened.revision, None, None).and_then(|meta| String::from_utf8(meta).ok());
    let meta = meta.map(|meta| format!("\"_meta\":{meta}"));
    let members: Vec<String> = cursor.into_iter().chain(meta).collect();
    let params = format!("{{{}}}", members.join(",")).into_bytes();
    let answer = link.request(&method, |_| params, Outlet::closed(), OnDrop::Cancel).await;
    answer.map_err(|error| StartError::request(&method, error))
}

fn check(unit: ListUnit, value: usize, limit: usize) -> Result<(), StartError> {
    if value > limit { Err(StartError::ListTooLong { unit, limit }) } else { Ok(()) }
}

/// What is needed of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<RawJson>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// The list as it grows.
struct Tools<'a> {
    backend: &'a str,
    found: Vec<Tool>,
    names: HashSet<String>,
}

impl Tools<'_> {
    fn add(&mut self, tool: &RawJson) {
        let backend = self.backend;
        match tool.read::<Tool>() {
            Ok(tool) if !self.names.insert(tool.name.clone()) => {
                tracing::warn!(backend, tool = tool.name, "left out a tool: its name stands twice in the list");
            }
            Ok(tool) => self.found.push(tool),
            Err(error) => tracing::warn!(backend, %error, "left out a tool: it does not have the form of one"),
        }
    }
}
