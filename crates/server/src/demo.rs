//! The tools that `outboard serve` has when it is given nothing to serve: something to try.

use outboard_runtime::{Catalog, Context, tool};

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog
        .instructions("A few tools to try a connection with. Nothing here has an effect outside of the call.")
        .tool(echo)
        .tool(add)
        .tool(count)
}

/// Gives the message back.
#[tool(title = "Echo", read_only, idempotent, open_world = false)]
async fn echo(
    /// What to give back.
    message: String,
) -> String {
    message
}

/// Adds two numbers.
#[tool(title = "Add", read_only, idempotent, open_world = false)]
async fn add(
    /// The first number.
    a: f64,
    /// The second number.
    b: f64,
) -> String {
    format!("{}", a + b)
}

/// Counts up to a number, one step a tenth of a second, and tells its progress.
#[tool(title = "Count", read_only, idempotent, open_world = false)]
async fn count(
    ctx: &Context,
    /// How far to count.
    #[schemars(range(min = 1, max = 100))]
    to: u32,
) -> String {
    for step in 1..=to {
        ctx.progress(f64::from(step), Some(f64::from(to)), None);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    format!("counted to {to}")
}
