//! Tools that tell something before their answer, or beside it: progress, log lines, changes of lists and resources.

use std::time::Duration;

use outboard_server::types::LoggingLevel;
use outboard_server::{Catalog, Context, tool};

use crate::resources::WATCHED;

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .tool(test_tool_with_progress)
        .tool(test_tool_with_logging)
        .tool(test_logging_tool)
        .tool(test_reconnection)
        .tool(test_trigger_tool_change)
        .tool(test_trigger_prompt_change)
        .tool(test_trigger_resource_update)
}

/// What lies between two things that are told.
const STEP: Duration = Duration::from_millis(50);

/// Tells its progress three times before it answers.
#[tool(read_only)]
async fn test_tool_with_progress(ctx: &Context) -> &'static str {
    for step in [0.0, 50.0, 100.0] {
        ctx.progress(step, Some(100.0), None);
        tokio::time::sleep(STEP).await;
    }
    "done"
}

/// Sends three log lines before it answers.
#[tool(read_only)]
async fn test_tool_with_logging(ctx: &Context) -> &'static str {
    ctx.log(LoggingLevel::Info, "Tool execution started");
    tokio::time::sleep(STEP).await;
    ctx.log(LoggingLevel::Info, "Tool processing data");
    tokio::time::sleep(STEP).await;
    ctx.log(LoggingLevel::Info, "Tool execution completed");
    "logged"
}

/// Sends a log line to who asked for log lines.
#[tool(read_only)]
async fn test_logging_tool(ctx: &Context) -> &'static str {
    ctx.log(LoggingLevel::Info, "a line for who wants it");
    "logged, where it is wanted"
}

/// Ends the connection before it answers, so that the client has to come back for the answer.
#[tool(read_only)]
async fn test_reconnection(ctx: &Context) -> &'static str {
    ctx.reconnect_after(STEP);
    tokio::time::sleep(2 * STEP).await;
    "answered on a later connection"
}

/// Tells clients that the list of tools has changed.
#[tool]
async fn test_trigger_tool_change(ctx: &Context) -> &'static str {
    ctx.notify().tools_changed();
    "told"
}

/// Tells clients that the list of prompts has changed.
#[tool]
async fn test_trigger_prompt_change(ctx: &Context) -> &'static str {
    ctx.notify().prompts_changed();
    "told"
}

/// Tells clients that a resource has changed.
#[tool]
async fn test_trigger_resource_update(
    ctx: &Context,
    /// Which; the watched one if it is absent.
    uri: Option<String>,
) -> &'static str {
    ctx.notify().resource_updated(uri.as_deref().unwrap_or(WATCHED));
    "told"
}
