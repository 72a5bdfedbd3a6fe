//! A tool whose schema is data: for tools that are not known when the program is compiled.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::types::Tool;
use serde_json::Value;

use super::{IntoToolResult, NativeTool};
use crate::call::Call;
use crate::context::Context;
use crate::outcome::Outcome;
use crate::provider::{BoxFuture, Handler, OfferedTool};

/// A tool made of its definition and a function of the arguments as JSON.
pub struct DynamicTool<F> {
    tool: Tool,
    run: F,
    is_single_use: bool,
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
    pub const fn new(tool: Tool, run: F) -> Self {
        Self { tool, run, is_single_use: false }
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
        OfferedTool {
            tool: self.tool,
            handler: DynamicHandler { run: Arc::new(self.run), is_single_use: self.is_single_use }.into(),
        }
    }
}

struct DynamicHandler<F> {
    run: Arc<F>,
    is_single_use: bool,
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
}
