//! Tools that only answer: every kind of content, an error, a header, a schema.

use outboard_server::types::{CallToolResult, Content, ResourceContents};
use outboard_server::{Catalog, tool};

use crate::{media, schemas};

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .tool(test_simple_text)
        .tool(test_image_content)
        .tool(test_audio_content)
        .tool(test_embedded_resource)
        .tool(test_multiple_content_types)
        .tool(test_error_handling)
        .tool(test_x_mcp_header)
        .tool(schemas::json_schema_2020_12_tool())
        .tool(echo)
}

/// Answers with a text.
#[tool(read_only)]
async fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Answers with a picture.
#[tool(read_only)]
async fn test_image_content() -> Content {
    Content::image(media::PNG, "image/png")
}

/// Answers with a sound.
#[tool(read_only)]
async fn test_audio_content() -> Content {
    Content::audio(media::WAV, "audio/wav")
}

/// Answers with a resource, whole.
#[tool(read_only)]
async fn test_embedded_resource() -> Content {
    let text = "This is an embedded resource content.";
    Content::resource(ResourceContents::text("test://embedded-resource", "text/plain", text))
}

/// Answers with several kinds of content at once.
#[tool(read_only)]
async fn test_multiple_content_types() -> Vec<Content> {
    let json = r#"{"test":"data","value":123}"#;
    vec![
        Content::text("Multiple content types test:"),
        Content::image(media::PNG, "image/png"),
        Content::resource(ResourceContents::text("test://mixed-content-resource", "application/json", json)),
    ]
}

/// Answers with a tool execution error.
#[tool(read_only)]
async fn test_error_handling() -> CallToolResult {
    CallToolResult::error("This tool intentionally returns an error for testing")
}

/// Tells the region, which a header of the request repeats.
#[tool(read_only, idempotent)]
async fn test_x_mcp_header(
    /// Any text.
    #[header("Region")]
    region: String,
) -> String {
    format!("region: {region}")
}

/// Gives the message back.
#[tool(read_only, idempotent, open_world = false)]
async fn echo(
    /// What to give back.
    message: String,
) -> String {
    message
}
