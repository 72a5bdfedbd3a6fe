//! What the application says over MCP: its tools, their bounds, and the transport.

use std::sync::Arc;
use std::time::Duration;

use outboard_runtime::{Catalog, Context, Notify, Runtime, RuntimeConfig, resource, tool};
use outboard_store::{KeyRing, RootKey, Store, SystemClock};
use outboard_transport::{Authentication, HttpConfig, Shutdown, StreamableHttp};

use crate::notes;

/// The runtime: the catalog behind the call stack.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let catalog = Catalog::new("notes", env!("CARGO_PKG_VERSION")).tool(take_note).resource(my_notes);
    // Sessions and questions are sealed with a key that dies with the process. `KeyRing::generated_in` keeps one.
    let keys = KeyRing::new(vec![RootKey::generate()])?;
    let store = Store::in_memory(Arc::new(keys), Arc::new(SystemClock));
    let notify = Notify::new(&store, Duration::from_secs(30));
    let config =
        RuntimeConfig { deadline: Duration::from_secs(10), concurrent_calls_max: 64, ..RuntimeConfig::default() };
    Ok(Runtime::new(catalog, store, notify, config)?)
}

/// The transport, as a service for a router. `shutdown` runs what outlives its connection, and ends what waits.
pub(crate) fn transport(runtime: Runtime, shutdown: Shutdown) -> StreamableHttp {
    // The layer in front puts the principal into the request.
    let config = HttpConfig::new(Authentication::RequestExtension);
    StreamableHttp::new(runtime, shutdown, config)
}

/// Takes a note for the user.
#[tool(destructive = false, open_world = false)]
async fn take_note(
    ctx: &Context,
    /// What to note.
    #[schemars(length(min = 1, max = 1_000))]
    text: String,
) -> String {
    let count = notes::add(ctx.principal(), text);
    ctx.notify().resource_updated("notes://mine");
    format!("noted, as number {count}")
}

/// All that the user has noted.
#[resource(uri = "notes://mine", name = "my-notes", mime_type = "text/plain")]
async fn my_notes(ctx: &Context) -> String {
    notes::of(ctx.principal())
}
