//! A tool whose schema is data: for tools that are not known when the program is compiled.

use std::future::Future;
use std::sync::Arc;

use outboard_identity::Requirement;
use outboard_protocol::types::Tool;
use serde_json::Value;

use super::{IntoToolResult, NativeTool};
use crate::access::{Access, IntoRequirement};
use crate::call::Call;
use crate::context::Context;
use crate::outcome::Outcome;
use crate::provider::{BoxFuture, Handler, OfferedTool};

/// A tool made of its definition and a function of the arguments as JSON.
pub struct DynamicTool<F> {
    tool: Tool,
    run: F,
    is_single_use: bool,
    access: Access,
}

impl<F> std::fmt::Debug for DynamicTool<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DynamicTool").field(&self.tool.name).finish()
    }
}

impl<F, R> DynamicTool<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output: IntoToolResult> + Send + 'static,
{
    /// A tool; its arguments are checked against `tool.input_schema` before `run` sees them.
    pub fn new(tool: Tool, run: F) -> Self {
        Self { tool, run, is_single_use: false, access: Access::default() }
    }

    /// Requires these scopes of who calls it, beside what was required before.
    #[must_use]
    pub fn requires(self, requirement: Requirement) -> Self {
        Self { access: self.access.and(requirement), ..self }
    }

    /// Requires beside that what a function makes of the arguments ([`Access::scopes_for`]).
    ///
    /// ```
    /// # use outboard_protocol::types::{CallToolResult, Tool};
    /// # use outboard_runtime::DynamicTool;
    /// use outboard_identity::Scope;
    ///
    /// # fn example(tool: Tool) {
    /// let tool = DynamicTool::new(tool, |_, _| async { CallToolResult::text("done") })
    ///     .scopes_for(|arguments| format!("tenant:{}", arguments["tenant"].as_str().unwrap_or_default()).parse::<Scope>());
    /// # }
    /// ```
    #[must_use]
    pub fn scopes_for<N: IntoRequirement>(self, decide: impl Fn(&Value) -> N + Send + Sync + 'static) -> Self {
        Self { access: self.access.scopes_for(decide), ..self }
    }

    /// Has each of its rounds of answers be used once, as `#[tool(single_use)]` does.
    #[must_use]
    pub fn single_use(self) -> Self {
        Self { is_single_use: true, ..self }
    }
}

impl<F, R> NativeTool for DynamicTool<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output: IntoToolResult> + Send + 'static,
{
    fn offered(self) -> OfferedTool {
        let Self { tool, run, is_single_use, access } = self;
        OfferedTool { tool, handler: DynamicHandler { run: Arc::new(run), is_single_use, access }.into() }
    }
}

struct DynamicHandler<F> {
    run: Arc<F>,
    is_single_use: bool,
    access: Access,
}

impl<F, R> Handler for DynamicHandler<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output: IntoToolResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let run = Arc::clone(&self.run);
        Box::pin(super::answer(call, move |context, arguments| run(context, arguments)))
    }

    fn is_single_use(&self) -> bool {
        self.is_single_use
    }

    fn access(&self) -> Access {
        self.access.clone()
    }
}
