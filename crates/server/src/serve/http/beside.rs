//! What runs beside the connections for as long as there are any: nothing of it answers anybody.

use std::convert::Infallible;

use outboard_auth::ResourceServer;
use outboard_runtime::Runtime;
use outboard_transport::StreamableHttp;

use crate::health::{Health, Presence, Watch};
use crate::keys::WatchedKeys;

/// What runs beside the server.
pub(super) struct Beside {
    pub(super) runtime: Runtime,
    pub(super) transport: StreamableHttp,
    pub(super) keys: WatchedKeys,
    pub(super) resource_server: Option<ResourceServer>,
    pub(super) presence: Option<Presence>,
    pub(super) health: Health,
    pub(super) watch: Watch,
}

impl Beside {
    /// Runs all of it; never ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends all of it.
    pub(super) async fn run(self) -> Infallible {
        let Self { runtime, transport, keys, resource_server, presence, health, watch } = self;
        tokio::select! {
            // What others publish is heard.
            never = runtime.follow() => never,
            // What replicas say to each other about the work in them is said and heard.
            never = transport.run() => never,
            // The keys that seal follow their file.
            never = keep_ring(keys) => never,
            // The keys of issuers are kept fresh, from the start on.
            never = keep_keys(resource_server) => never,
            // The other replicas hear of this one, and it of them.
            never = keep_presence(presence, &health) => never,
            // What probes are told is true.
            never = watch.run() => never,
        }
    }
}

async fn keep_ring(keys: WatchedKeys) -> Infallible {
    match keys.run().await {
        Ok(never) => never,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be listened for: the keys stay what they are");
            std::future::pending().await
        }
    }
}

async fn keep_keys(resource_server: Option<ResourceServer>) -> Infallible {
    if let Some(server) = resource_server {
        server.run().await;
    }
    std::future::pending().await
}

async fn keep_presence(presence: Option<Presence>, health: &Health) -> Infallible {
    match presence {
        Some(presence) => presence.run(health).await,
        None => std::future::pending().await,
    }
}
