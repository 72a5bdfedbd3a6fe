//! A whole MCP server: `cargo run -p ten-lines -- serve`.
use outboard_server::{Catalog, tool};
/// Adds two numbers.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}
fn main() -> std::process::ExitCode {
    outboard_server::main(Catalog::new("calculator", "1.0.0").tool(add))
}
