//! A tool whose schema is data: for tools that are not known when the program is compiled.

use std::future::Future;
use std::sync::Arc;

use outboard_protocol::types::{CallToolResult, Tool};
use serde_json::Value;

use super::NativeTool;
use crate::call::Call;
use crate::context::Context;
use crate::outcome::Outcome;
use crate::provider::{BoxFuture, Handler, OfferedTool};

/// A tool made of its definition and a function of the arguments as JSON.
pub struct DynamicTool<F> {
    tool: Tool,
    run: F,
}

impl<F> std::fmt::Debug for DynamicTool<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DynamicTool").field(&self.tool.name).finish()
    }
}

impl<F, R> DynamicTool<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output = CallToolResult> + Send + 'static,
{
    /// A tool; its arguments are checked against `tool.input_schema` before `run` sees them.
    pub const fn new(tool: Tool, run: F) -> Self {
        Self { tool, run }
    }
}

impl<F, R> NativeTool for DynamicTool<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output = CallToolResult> + Send + 'static,
{
    fn offered(self) -> OfferedTool {
        OfferedTool { tool: self.tool, handler: DynamicHandler(Arc::new(self.run)).into() }
    }
}

struct DynamicHandler<F>(Arc<F>);

impl<F, R> Handler for DynamicHandler<F>
where
    F: Fn(Context, Value) -> R + Send + Sync + 'static,
    R: Future<Output = CallToolResult> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let run = Arc::clone(&self.0);
        Box::pin(super::answer(call, move |context, arguments| run(context, arguments)))
    }
}
