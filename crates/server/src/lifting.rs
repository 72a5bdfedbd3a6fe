//! Lifts the configured stdio servers into the catalog.

use std::sync::Arc;

use outboard_backend::stdio::{StdioBackend, StdioBounds, StdioConfig};
use outboard_runtime::{Catalog, Provider as _};
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
    backends: Vec<StdioBackend>,
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
            let environment = backend.environment();
            let started = StdioBackend::start(config_of(backend), environment, &lifted.tasks, lifted.stop.clone());
            let provider = Arc::new(started.clone());
            catalog = match prefix {
                Some(prefix) => catalog.provider_with_prefix(&prefix, provider),
                None => catalog.provider(provider),
            };
            lifted.backends.push(started);
        }
        (lifted, catalog)
    }

    /// Waits until every server serves or has failed for the first time.
    ///
    /// With `all` a failure is one of the program; without it the server is tried again in the background, as its
    /// supervisor tells in the log.
    pub(crate) async fn ready(&self, all: bool) -> Result<(), Failure> {
        let waiting = self.backends.iter().map(|backend| async move {
            let failed = |error| {
                let what = format!("the server '{}' could not be lifted", backend.name());
                anyhow::Error::new(error).context(what)
            };
            backend.ready().await.map_err(failed)
        });
        let failed = futures_util::future::join_all(waiting).await.into_iter().find_map(Result::err);
        failed.filter(|_| all).map_or(Ok(()), |error| Err(Failure::Unavailable(error)))
    }

    /// Ends the servers and waits until nothing is left of them.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
