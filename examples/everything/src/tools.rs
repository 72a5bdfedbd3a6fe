//! The tools that the suite calls, with the answers that its scenarios document.

use std::time::Duration;

use outboard_server::types::{CallToolResult, Content, ResourceContents};
use outboard_server::{Context, tool};

use crate::media;

/// Answers with a text.
#[tool(read_only)]
pub(crate) async fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Answers with a picture.
#[tool(read_only)]
pub(crate) async fn test_image_content() -> Content {
    Content::image(media::PNG, "image/png")
}

/// Answers with a sound.
#[tool(read_only)]
pub(crate) async fn test_audio_content() -> Content {
    Content::audio(media::WAV, "audio/wav")
}

/// Answers with a resource, whole.
#[tool(read_only)]
pub(crate) async fn test_embedded_resource() -> Content {
    let text = "This is an embedded resource content.";
    Content::resource(ResourceContents::text("test://embedded-resource", "text/plain", text))
}

/// Answers with several kinds of content at once.
#[tool(read_only)]
pub(crate) async fn test_multiple_content_types() -> Vec<Content> {
    let json = r#"{"test":"data","value":123}"#;
    vec![
        Content::text("Multiple content types test:"),
        Content::image(media::PNG, "image/png"),
        Content::resource(ResourceContents::text("test://mixed-content-resource", "application/json", json)),
    ]
}

/// Answers with a tool execution error.
#[tool(read_only)]
pub(crate) async fn test_error_handling() -> CallToolResult {
    CallToolResult::error("This tool intentionally returns an error for testing")
}

/// Tells its progress three times before it answers.
#[tool(read_only)]
pub(crate) async fn test_tool_with_progress(ctx: &Context) -> &'static str {
    for step in [0.0, 50.0, 100.0] {
        ctx.progress(step, Some(100.0), None);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    "done"
}

/// Tells the region, which a header of the request repeats.
#[tool(read_only, idempotent)]
pub(crate) async fn test_x_mcp_header(
    /// Any text.
    #[header("Region")]
    region: String,
) -> String {
    format!("region: {region}")
}

/// Gives the message back.
#[tool(read_only, idempotent, open_world = false)]
pub(crate) async fn echo(
    /// What to give back.
    message: String,
) -> String {
    message
}
