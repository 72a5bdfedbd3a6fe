//! The lifted command as a provider.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use outboard_runtime::{Notify, Offer, Provider};
use tokio::sync::{RwLock, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::askable::Askable;
use super::config::StdioConfig;
use super::environment::child_environment;
use super::error::StdioError;
use super::link::{ChildEnd, Counts, Surroundings};
use super::state::{Serving, State};
use super::supervisor;
use super::updates::Updates;

/// A lifted command. Clones are the same one; it runs until it is stopped, whether it is dropped or not.
#[derive(Clone)]
pub struct StdioBackend(Arc<Backend>);

/// What the supervisor, the handlers and the provider share.
pub(super) struct Backend {
    pub(super) surroundings: Surroundings,
    pub(super) state: watch::Sender<State>,
    pub(super) offers: watch::Sender<Arc<Offer>>,
    /// One for each call that may be in flight, or wait for its turn.
    pub(super) places: Semaphore,
    /// The claims of callers that the child is told.
    pub(super) claims: Box<[String]>,
    /// Calls whose callers can be asked run alone.
    pub(super) serial: bool,
    pub(super) turns: RwLock<()>,
}

impl StdioBackend {
    /// Starts a command and keeps it running until `stop` is cancelled.
    ///
    /// `environment` is our own, of which the child gets what its config and the allow list name. Changes of its resources are
    /// told by `notify`. Its tasks run in `tasks`, which is empty again when nothing is left of the command.
    #[must_use]
    pub fn start(
        config: StdioConfig,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        notify: Notify,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let environment = child_environment(environment, &config);
        let surroundings = Surroundings {
            backend: config.name.as_str().into(),
            counters: Arc::default(),
            updates: Arc::new(Updates::new(notify, config.bounds.watched_max)),
            askable: Askable::of(&config),
        };
        let backend = Arc::new(Backend {
            surroundings,
            state: watch::Sender::new(State::Starting),
            offers: watch::Sender::new(Arc::default()),
            places: Semaphore::new(config.bounds.in_flight_max.min(Semaphore::MAX_PERMITS)),
            claims: config.claims.as_slice().into(),
            serial: config.serial,
            turns: RwLock::new(()),
        });
        tasks.spawn(supervisor::run(Arc::clone(&backend), config, environment, tasks.clone(), stop));
        Self(backend)
    }

    /// Where the command stands, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    /// What its processes did that was skipped or refused.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.surroundings.counters.read()
    }

    /// Waits until the command serves, or has failed for the first time.
    ///
    /// # Errors
    ///
    /// Why it failed, where it did. It is tried again all the same.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ready(&self) -> Result<Serving, Arc<StdioError>> {
        match self.0.settled().await {
            State::Up(serving) => Ok(serving),
            State::Restarting { error, .. } => Err(error),
            State::Starting | State::Stopped => Err(Arc::new(StdioError::Ended { end: ChildEnd::Stopped })),
        }
    }
}

impl fmt::Debug for StdioBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioBackend")
            .field("name", &self.0.name())
            .field("state", &*self.0.state.borrow())
            .finish_non_exhaustive()
    }
}

impl Provider for StdioBackend {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn offers(&self) -> watch::Receiver<Arc<Offer>> {
        self.0.offers.subscribe()
    }

    fn watch_resource(&self, uri: &str, wanted: bool) {
        if !self.0.surroundings.updates.watch(uri, wanted) {
            let backend = self.name();
            tracing::warn!(backend, "a resource is not watched: as many are as may be");
        }
    }
}

impl Backend {
    pub(super) fn name(&self) -> &str {
        &self.surroundings.backend
    }

    /// The state as soon as the first start has come to an end.
    pub(super) async fn settled(&self) -> State {
        let mut states = self.state.subscribe();
        let state = states.wait_for(|state| !matches!(state, State::Starting)).await;
        // The sender is a part of `self`, so it lives.
        state.map_or(State::Stopped, |state| state.clone())
    }
}
