//! Tools that keep something between calls, under a handle.

use std::time::Duration;

use outboard_server::{Catalog, Context, Handle, StateError, tool};

pub(crate) fn add_to(catalog: Catalog) -> Catalog {
    catalog.tool(test_state_create).tool(test_state_get).tool(test_state_update).tool(test_state_remove)
}

/// How long something is kept unless the call says.
const TTL_SECONDS: u32 = 600;

/// Keeps a text, and answers with its handle.
#[tool]
async fn test_state_create(
    ctx: &Context,
    /// What to keep.
    value: String,
    /// For how long.
    ttl_seconds: Option<u32>,
) -> Result<String, StateError> {
    Ok(ctx.state::<String>().create(&value, ttl(ttl_seconds)).await?.to_string())
}

/// Answers with the text that is kept under a handle.
#[tool(read_only)]
async fn test_state_get(ctx: &Context, handle: Handle) -> Result<String, StateError> {
    ctx.state::<String>().get(&handle).await
}

/// Keeps another text under a handle.
#[tool]
async fn test_state_update(
    ctx: &Context,
    handle: Handle,
    /// What to keep.
    value: String,
    /// For how long from now on.
    ttl_seconds: Option<u32>,
) -> Result<&'static str, StateError> {
    ctx.state::<String>().update(&handle, ttl(ttl_seconds), |kept| kept.clone_from(&value)).await?;
    Ok("kept")
}

/// Keeps what is under a handle no longer.
#[tool]
async fn test_state_remove(ctx: &Context, handle: Handle) -> Result<&'static str, StateError> {
    ctx.state::<String>().remove(&handle).await?;
    Ok("removed")
}

fn ttl(seconds: Option<u32>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(TTL_SECONDS).into())
}
