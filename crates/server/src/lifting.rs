//! Lifts the configured stdio servers into the catalog.

use std::sync::Arc;

use outboard_backend::stdio::{StdioBackend, StdioBounds, StdioConfig};
use outboard_runtime::Catalog;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Backend;
use crate::program::Failure;

/// What the config says, as the backend takes it.
fn config_of(backend: Backend) -> StdioConfig {
    let timing = backend.timing;
    StdioConfig {
        args: backend.args,
        env: backend.env.into_map(),
        env_pass: backend.env_pass,
        cwd: backend.cwd,
        bounds: StdioBounds {
            start_timeout: timing.start_timeout,
            term_grace: timing.stop_timeout,
            backoff_min: timing.restart_delay,
            backoff_max: timing.restart_delay_max,
            ..StdioBounds::default()
        },
        ..StdioConfig::new(backend.name, backend.command)
    }
}

/// The lifted servers, and what ends them.
pub(crate) struct Lifted {
    backends: Vec<(String, StdioBackend)>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Lifted {
    /// Starts the servers; the catalog is returned with them in it.
    pub(crate) fn start(backends: Vec<Backend>, mut catalog: Catalog) -> (Self, Catalog) {
        let mut lifted = Self { backends: Vec::new(), tasks: TaskTracker::new(), stop: CancellationToken::new() };
        let providers = backends.len() + usize::from(!catalog.is_empty());
        for backend in backends {
            let prefix = backend.prefix(providers).map(str::to_owned);
            let name = backend.name.clone();
            let environment = backend.environment();
            let started = StdioBackend::start(config_of(backend), environment, &lifted.tasks, lifted.stop.clone());
            let provider = Arc::new(started.clone());
            catalog = match prefix {
                Some(prefix) => catalog.provider_with_prefix(&prefix, provider),
                None => catalog.provider(provider),
            };
            lifted.backends.push((name, started));
        }
        (lifted, catalog)
    }

    /// Waits until every server serves or has failed for the first time.
    ///
    /// With `all` a failure is one of the program; without it is logged, and the server is tried again in the background.
    pub(crate) async fn ready(&self, all: bool) -> Result<(), Failure> {
        let waiting = self.backends.iter().map(|(name, backend)| async move { (name, backend.ready().await) });
        for (name, ready) in futures_util::future::join_all(waiting).await {
            match ready {
                Ok(_) => {}
                Err(error) if all => {
                    let error = anyhow::Error::new(error).context(format!("the server '{name}' could not be lifted"));
                    return Err(Failure::Unavailable(error));
                }
                Err(error) => tracing::warn!(backend = name, %error, "a server could not be lifted: it is tried again"),
            }
        }
        Ok(())
    }

    /// Ends the servers and waits until nothing is left of them.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
