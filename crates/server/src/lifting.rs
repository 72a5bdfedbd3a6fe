//! Lifts the configured stdio servers into the catalog.

use std::sync::Arc;

use outboard_backend::stdio::{self, State, StdioBackend, StdioConfig};
use outboard_protocol::types::Root;
use outboard_runtime::{Catalog, Notify, Provider as _};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Backend, Isolation};
use crate::health::Besides;
use crate::program::Failure;

/// What the config says, as the backend takes it.
fn config_of(backend: Backend) -> StdioConfig {
    StdioConfig {
        args: backend.args,
        env: backend.env.into_map(),
        env_pass: backend.env_pass,
        cwd: backend.cwd,
        isolation: match backend.isolation {
            // The config refuses a process per session, and one per principal where there are several.
            Isolation::PerPrincipal | Isolation::PerSession => stdio::Isolation::PerPrincipal,
            Isolation::Shared => stdio::Isolation::Shared,
        },
        claims: backend.claims,
        serial: backend.serial,
        roots: backend.roots.into_iter().map(|uri| Root { uri: uri.into(), name: None }).collect(),
        log_level: backend.log_level,
        bounds: backend.bounds,
        ..StdioConfig::new(backend.name, backend.command)
    }
}

/// The lifted servers, and what ends them. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Lifted {
    backends: Vec<StdioBackend>,
    /// What the catalog had before.
    besides: Besides,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Lifted {
    /// Starts the servers; the catalog is returned with them in it. They tell by `notify` when their resources change.
    pub(crate) fn start(backends: Vec<Backend>, notify: &Notify, mut catalog: Catalog) -> (Self, Catalog) {
        let besides = if catalog.is_empty() { Besides::Nothing } else { Besides::Natives };
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut lifted = Self { backends: Vec::new(), besides, tasks, stop };
        let providers = backends.len() + usize::from(!catalog.is_empty());
        for backend in backends {
            let prefix = backend.prefix(providers).map(str::to_owned);
            let environment = backend.environment();
            let config = config_of(backend);
            let stop = lifted.stop.clone();
            let started = StdioBackend::start(config, environment, notify.clone(), &lifted.tasks, stop);
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

    /// Where each server stands, by its name.
    pub(crate) fn states(&self) -> Vec<(&str, State)> {
        self.backends.iter().map(|backend| (backend.name(), backend.state().borrow().clone())).collect()
    }

    /// What is offered besides them.
    pub(crate) const fn besides(&self) -> Besides {
        self.besides
    }

    /// Ends the servers and waits until nothing is left of them.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides, ProcessEnvironment};

    #[test]
    fn bounds_and_claims_of_the_config_are_those_of_the_lifted_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outboard.toml");
        let text = "state_dir = 'state'\nbackends.x = { command = 'x', list_items = 3, queue_bytes = '2KiB', claims = ['sub'] }\n";
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load(Some(&path), &Overrides::default(), &ProcessEnvironment).unwrap();
        let [backend] = loaded.config.backends.try_into().unwrap();
        let StdioConfig { bounds, claims, .. } = config_of(backend);
        let expected = stdio::StdioBounds { list_items_max: 3, queue_bytes_max: 2048, ..Default::default() };
        assert_eq!((bounds, claims), (expected, vec!["sub".to_owned()]));
    }
}
