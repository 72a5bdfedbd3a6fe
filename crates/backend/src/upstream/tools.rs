//! The tools of an upstream server: all pages of its list, and what calls need to remember of them.

use std::collections::HashMap;

use outboard_protocol::RawJson;
use outboard_protocol::headers::{AnnotationError, HeaderParameters};
use outboard_protocol::types::Tool;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::error::{ExchangeError, ListError, shown};

/// The tools of a server.
#[derive(Clone, Debug, Default)]
pub struct ToolListing {
    /// In the server's order.
    pub tools: Vec<Tool>,
    /// Definitions that cannot be used; one of them must not hide the others (2026-07-28 Streamable HTTP: *Schema
    /// Extension*).
    pub left_out: Vec<LeftOut>,
}

/// A definition that is not in the list.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Its name, if it has one; as the server sent it.
    pub name: Option<String>,
    /// What is wrong with it.
    pub fault: ToolFault,
}

/// Why a definition is no tool. The server's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ToolFault {
    /// It lacks a required member, or one has the wrong type.
    #[error("the definition does not have the shape of a tool")]
    Shape,
    /// One of its `x-mcp-header` annotations breaks their rules.
    #[error(transparent)]
    Annotation(#[from] AnnotationError),
}

/// One page as it came.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    tools: Vec<RawJson>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

impl Page {
    pub(super) fn read(result: &RawJson) -> Result<Self, ListError> {
        let shape = |_| ExchangeError::ResultShape { method: "tools/list" };
        Ok(result.read().map_err(shape)?)
    }
}

/// What a client remembers of the tools that it has listed, by name: the headers that their calls carry.
pub(super) type Known = HashMap<String, HeaderParameters>;

/// A list that grows page by page.
#[derive(Debug, Default)]
pub(super) struct Collecting {
    pub(super) listing: ToolListing,
    pub(super) known: Known,
}

impl Collecting {
    /// Takes a page in. `mirrors` says whether the server speaks a revision whose calls repeat arguments in headers.
    pub(super) fn add(&mut self, page: &Page, tools_max: usize, mirrors: bool) -> Result<(), ListError> {
        let count = self.listing.tools.len() + self.listing.left_out.len() + page.tools.len();
        if count > tools_max {
            return Err(ListError::TooManyTools { max: tools_max });
        }
        for raw in &page.tools {
            match judge(raw, mirrors) {
                Ok((tool, parameters)) => {
                    self.known.insert(tool.name.clone(), parameters);
                    self.listing.tools.push(tool);
                }
                Err(left_out) => {
                    let name = left_out.name.as_deref().map(shown);
                    tracing::warn!(tool = name, reason = %left_out.fault, "a tool of the upstream server is left out");
                    self.listing.left_out.push(left_out);
                }
            }
        }
        Ok(())
    }
}

fn judge(raw: &RawJson, mirrors: bool) -> Result<(Tool, HeaderParameters), LeftOut> {
    let Ok(tool) = raw.read::<Tool>() else {
        let name = raw.read::<Value>().ok().and_then(|value| Some(value.get("name")?.as_str()?.to_owned()));
        return Err(LeftOut { name, fault: ToolFault::Shape });
    };
    if !mirrors {
        return Ok((tool, HeaderParameters::default()));
    }
    match HeaderParameters::read(&tool.input_schema) {
        Ok(parameters) => Ok((tool, parameters)),
        Err(error) => Err(LeftOut { name: Some(tool.name), fault: error.into() }),
    }
}
