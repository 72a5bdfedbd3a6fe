//! What is served, however clients reach it: the store, the runtime over the catalog, and the lifted servers in it.

pub(crate) mod http;
pub(crate) mod stdio;

use outboard_runtime::{Catalog, CatalogError, Notify, Runtime, RuntimeConfig};
use outboard_store::Store;

use crate::config::Config;
use crate::lifting::Lifted;
use crate::program::Failure;
use crate::shared::Shared;

/// What is served. It has to be [stopped](Self::stop), so that nothing of the lifted servers stays behind.
struct Served {
    shared: Shared,
    runtime: Runtime,
    lifted: Lifted,
}

impl Served {
    /// Lifts what the config names, and makes the runtime over it and the catalog.
    ///
    /// With `wants_all`, a server that cannot be lifted is a failure.
    async fn start(config: &Config, catalog: Catalog, wants_all: bool) -> Result<Self, Failure> {
        let shared = Shared::open(config).await?;
        let notify = Notify::new(&shared.store, config.subscriptions.catch_up);
        let catalog = introduced(catalog, config).resource_order(config.resource_order.iter().map(String::as_str));
        let (lifted, catalog) = Lifted::start(config.backends.clone(), &notify, catalog);
        match runtime(shared.store.clone(), notify, catalog, config, &lifted, wants_all).await {
            Ok(runtime) => Ok(Self { shared, runtime, lifted }),
            Err(failure) => {
                lifted.stop().await;
                Err(failure)
            }
        }
    }

    /// Ends the lifted servers and waits until nothing is left of them.
    async fn stop(&self) {
        self.lifted.stop().await;
    }
}

/// The runtime, once what is lifted has begun to serve.
async fn runtime(
    store: Store,
    notify: Notify,
    catalog: Catalog,
    config: &Config,
    lifted: &Lifted,
    wants_all: bool,
) -> Result<Runtime, Failure> {
    // A fault of the native tools is told before anybody waits for a lifted server.
    let runtime = Runtime::new(catalog, store, notify, runtime_config(config));
    let runtime = runtime.map_err(|error| Failure::Usage(error.into()))?;
    lifted.ready(wants_all).await?;
    runtime.settle();
    match refusal(&runtime.conflicts()) {
        None => Ok(runtime),
        Some(refusal) => Err(Failure::Usage(anyhow::anyhow!(refusal))),
    }
}

/// Why a catalog in which several providers have the same resources does not start: nobody has said whose is meant.
fn refusal(conflicts: &[CatalogError]) -> Option<String> {
    let told = conflicts.iter().take(CONFLICTS_TOLD_MAX).map(ToString::to_string);
    let told = told.collect::<Vec<_>>().join("\nerror: ");
    let more = conflicts.len().saturating_sub(CONFLICTS_TOLD_MAX);
    let more = if more == 0 { String::new() } else { format!("\nerror: and {more} more like these") };
    (!conflicts.is_empty()).then(|| told + &more)
}

/// How many conflicts are told one by one: two servers may have thousands of resources.
const CONFLICTS_TOLD_MAX: usize = 10;

/// The catalog under the name that the config gives the server, where it gives one.
fn introduced(catalog: Catalog, config: &Config) -> Catalog {
    let mut server = catalog.identity().clone();
    let configured = &config.server;
    if let Some(name) = &configured.name {
        server.name.clone_from(name);
    }
    if let Some(version) = &configured.version {
        server.version.clone_from(version);
    }
    if let Some(title) = &configured.title {
        server.title = Some(title.clone());
    }
    let mut catalog = catalog.server(server);
    if let Some(auth) = &config.auth {
        catalog = catalog.scope_rules(auth.rules.clone()).listing(auth.listing);
    }
    match &configured.instructions {
        Some(instructions) => catalog.instructions(instructions),
        None => catalog,
    }
}

fn runtime_config(config: &Config) -> RuntimeConfig {
    RuntimeConfig {
        deadline: config.timeouts.call,
        concurrent_calls_max: config.limits.calls,
        page_items_max: config.limits.page_items,
        schema: config.schema,
        input: config.input.clone(),
        state: config.state.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outboard_runtime::{InputConfig, StateConfig};

    use super::*;
    use crate::config::{Overrides, ProcessEnvironment};

    #[test]
    fn the_bounds_of_the_config_are_those_of_the_runtime() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outboard.toml");
        let text = "state_dir = 'state'\ntimeouts.call = '7s'\nlimits = { calls = 6, page_items = 5, schema_bytes = '4KiB', schema_depth = 9, schema_nodes = 77 }\n\
                    input = { timeout = '4m', rounds = 3, state_bytes = '2KiB' }\n\
                    state = { bytes = '3KiB', count = 8, max_age = '9h' }\n";
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load(Some(&path), &Overrides::default(), &ProcessEnvironment).unwrap();
        let RuntimeConfig { deadline, concurrent_calls_max, page_items_max, schema, input, state } =
            runtime_config(&loaded.config);
        assert_eq!((deadline, concurrent_calls_max, page_items_max), (Duration::from_secs(7), 6, 5));
        assert_eq!((schema.bytes_max, schema.depth_max, schema.expanded_nodes_max), (4096, 9, 77));
        let InputConfig { timeout, rounds_max, state_bytes_max } = input;
        assert_eq!((timeout, rounds_max, state_bytes_max), (Duration::from_secs(240), 3, 2048));
        let StateConfig { bytes_max, count_max, age_max } = state;
        assert_eq!((bytes_max, count_max, age_max), (3072, 8, Duration::from_secs(9 * 60 * 60)));
    }
}
