//! The fixture of the official conformance suite: a tool for each thing that it looks at, over the product's own wiring.

mod media;
mod schemas;
mod tools;

use std::process::ExitCode;

use outboard_server::Catalog;

fn main() -> ExitCode {
    outboard_server::main(catalog())
}

/// The suite calls the first tool that is listed without arguments, so one that needs none comes first.
fn catalog() -> Catalog {
    Catalog::new("everything", env!("CARGO_PKG_VERSION"))
        .instructions("A fixture for tests: each tool shows one feature of the protocol.")
        .tool(tools::test_simple_text)
        .tool(tools::test_image_content)
        .tool(tools::test_audio_content)
        .tool(tools::test_embedded_resource)
        .tool(tools::test_multiple_content_types)
        .tool(tools::test_error_handling)
        .tool(tools::test_tool_with_progress)
        .tool(tools::test_x_mcp_header)
        .tool(schemas::json_schema_2020_12_tool())
        .tool(tools::echo)
}
