//! A request on its way in, neutral of era.

use std::sync::Arc;

use outboard_identity::Principal;
use outboard_protocol::types::{ClientCapabilities, ProgressToken};
use outboard_protocol::{RawJson, Revision};

use crate::catalog::CatalogTool;
use crate::outlet::Outlet;

/// One request of one caller.
#[derive(Debug)]
pub struct Call {
    /// What is wanted.
    pub operation: Operation,
    /// Who wants it.
    pub principal: Principal,
    /// With which client.
    pub client: Client,
    /// The caller's `_meta`, as sent.
    pub meta: Option<RawJson>,
    /// The caller wants to hear of progress, under this token.
    pub progress_token: Option<ProgressToken>,
    /// Where what is told before the answer goes.
    pub outlet: Outlet,
    /// The tool that is called, once the catalog was asked.
    pub(crate) tool: Option<Arc<CatalogTool>>,
}

impl Call {
    /// A call that tells nothing before its answer.
    #[must_use]
    pub fn new(operation: Operation, principal: Principal, client: Client) -> Self {
        Self { operation, principal, client, meta: None, progress_token: None, outlet: Outlet::closed(), tool: None }
    }

    /// The call with the caller's `_meta`.
    #[must_use]
    pub fn with_meta(self, meta: Option<RawJson>) -> Self {
        Self { meta, ..self }
    }

    /// The call of a caller who wants to hear of progress under this token, if there is one: its outlet is open then.
    #[must_use]
    pub fn with_progress(self, token: Option<ProgressToken>) -> Self {
        let outlet = if token.is_some() { Outlet::open() } else { Outlet::closed() };
        Self { progress_token: token, outlet, ..self }
    }
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Operation {
    /// What the server is and offers.
    Describe,
    /// Its tools.
    ListTools {
        /// Where to go on, as an earlier page said.
        cursor: Option<Box<str>>,
    },
    /// Call a tool.
    CallTool(ToolCall),
}

impl Operation {
    /// The method that asks for it, for logs.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Describe => "server/discover",
            Self::ListTools { .. } => "tools/list",
            Self::CallTool(_) => "tools/call",
        }
    }
}

/// Which tool, and with what.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The catalog's name of the tool.
    pub name: Box<str>,
    /// An object, where there are any.
    pub arguments: Option<RawJson>,
}

/// What is known about the caller's client. It says so itself: for display and logs, and for what it can be asked.
#[derive(Clone, Debug)]
pub struct Client {
    /// What it speaks. For telemetry only: nothing behind the transport decides by it.
    pub revision: &'static Revision,
    /// Name and version as JSON, where it gave them.
    pub info: Option<RawJson>,
    /// What it can be asked for.
    pub capabilities: ClientCapabilities,
}
