//! Keeps a lifted command running: starts it, serves, and starts it again.

use std::convert::Infallible;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use outboard_protocol::{Era, Method};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backoff::Backoff;
use super::config::StdioConfig;
use super::error::{StartError, StdioError};
use super::follow::{Follower, PAUSE};
use super::handshake::{self, Opened};
use super::link::{Driver, Link, Lists, Surroundings};
use super::lists::{Listed, Reader};
use super::log;
use super::provider::Backend;
use super::state::{Serving, State};
use crate::guard::{Guarded, GuardedCommand};

/// Keeps the command running until `stop` is cancelled; returns when nothing is left of it.
pub(super) async fn run(
    backend: Arc<Backend>,
    config: StdioConfig,
    environment: Vec<(OsString, OsString)>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let supervisor = Supervisor { backend, config, environment, tasks };
    supervisor.supervise(&stop).await;
    supervisor.backend.state.send_replace(State::Stopped);
}

struct Supervisor {
    backend: Arc<Backend>,
    config: StdioConfig,
    environment: Vec<(OsString, OsString)>,
    tasks: TaskTracker,
}

/// How one run of the command failed.
struct Failed {
    error: StdioError,
    reached: Reached,
    /// To end what is left of the child.
    driver: Option<Driver>,
}

/// How far one run of the command came.
#[derive(Default)]
struct Reached {
    /// The child was asked whether it is modern.
    probed: bool,
    /// The conversation was opened, in this era.
    opened: Option<Era>,
    /// The child has served since then.
    up: Option<Instant>,
}

impl Supervisor {
    async fn supervise(&self, stop: &CancellationToken) {
        let bounds = &self.config.bounds;
        let mut backoff = Backoff::new(bounds.backoff_min, bounds.backoff_max);
        // Whether to take the command for a legacy server without asking it. The era may be remembered across restarts
        // (2026-07-28, *Versioning*); it is asked again after a start that failed without asking.
        let mut legacy = false;
        loop {
            let Some(Failed { error, reached, driver }) = self.run_once(legacy, stop).await else { return };
            // Some legacy servers do not survive, or do not understand, a request that comes before `initialize`: they
            // get another try without it.
            let spoilt = reached.probed && reached.opened.is_none() && may_come_from_the_probe(&error);
            legacy = spoilt || reached.opened == Some(Era::Legacy) && reached.up.is_some();
            if reached.up.is_some_and(|up| up.elapsed() >= bounds.stable_after) {
                backoff.reset();
            }
            let pause = if spoilt { Duration::ZERO } else { backoff.pause() };
            // First told, then cleaned up: from here on calls are refused at once.
            self.failed(error, spoilt, pause);
            let next = Instant::now() + pause;
            if let Some(driver) = driver {
                driver.stop().await;
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn failed(&self, error: StdioError, spoilt: bool, pause: Duration) {
        let backend = self.backend.name();
        if spoilt {
            return tracing::debug!(backend, %error, "no session after the question for the era: tries without it");
        }
        let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
        let cause = causes.last().map(ToString::to_string);
        let retry_in_seconds = pause.as_secs_f64();
        tracing::warn!(backend, %error, cause, retry_in_seconds, "a lifted command is not up");
        let (error, since) = (Arc::new(error), Instant::now());
        self.backend.state.send_replace(State::Restarting { error, since, next: since + pause });
    }

    /// Starts the command and serves until it fails, or until `stop` is cancelled: then nothing is left of it.
    async fn run_once(&self, legacy: bool, stop: &CancellationToken) -> Option<Failed> {
        let mut reached = Reached::default();
        let deadline = Instant::now() + self.config.bounds.start_timeout;
        self.backend.surroundings.counters.starts.add();
        let guarded = match self.spawn().await {
            Ok(guarded) => guarded,
            Err(error) => return Some(Failed { error: StdioError::Start(error), reached, driver: None }),
        };
        let (link, mut driver) = Link::open(self.backend.surroundings.clone(), guarded, &self.config.bounds);
        self.log_errors(&mut driver);

        let end = tokio::select! {
            end = driver.run() => Ok(end),
            Err(error) = self.serve(&link, deadline, legacy, &mut reached) => Err(error),
            () = stop.cancelled() => {
                driver.stop().await;
                return None;
            }
        };
        let error = match end {
            Ok(end) if reached.up.is_some() => StdioError::Ended { end },
            Ok(end) => StdioError::Start(StartError::Ended { end }),
            Err(error) => StdioError::Start(error),
        };
        Some(Failed { error, reached, driver: Some(driver) })
    }

    async fn spawn(&self) -> Result<Guarded, StartError> {
        let command = GuardedCommand {
            guard: &self.config.guard,
            program: &self.config.command,
            arguments: &self.config.args,
            environment: &self.environment,
            directory: self.config.cwd.as_deref(),
            grace: self.config.bounds.term_grace,
        };
        Ok(command.spawn().await?)
    }

    /// In a task of its own, so that a flood there does not slow down the answers.
    fn log_errors(&self, driver: &mut Driver) {
        if let Some(errors) = driver.take_errors() {
            let Surroundings { backend, counters, .. } = self.backend.surroundings.clone();
            self.tasks.spawn(log::log(errors, backend, self.config.bounds, counters));
        }
    }

    /// Opens the conversation, offers what the child lists, and keeps the offer up to date for as long as it lives.
    async fn serve(
        &self,
        link: &Link,
        deadline: Instant,
        legacy: bool,
        reached: &mut Reached,
    ) -> Result<Infallible, StartError> {
        let limit = self.config.bounds.start_timeout;
        let mut listed = Listed::default();
        let opened = timeout_at(deadline, async {
            let opened = self.open(link, legacy, reached).await?;
            self.list(link, &opened, &mut listed, Lists::ALL).await?;
            Ok::<Opened, StartError>(opened)
        });
        let opened = opened.await.map_err(|_| StartError::TimedOut { limit })??;
        reached.up = Some(Instant::now());
        let (backend, revision) = (self.backend.name(), opened.revision.name);
        tracing::info!(backend, server = opened.server, revision, "a lifted command is up");
        let Opened { revision, has, .. } = opened.clone();
        self.backend.state.send_replace(State::Up(Serving { link: link.clone(), revision, has }));
        let is_further = self.backend.surroundings.counters.read().starts > 1;
        let follower = Follower::new(link, &opened, &self.config);
        tokio::select! {
            never = follower.follow(is_further) => Ok(never),
            never = self.follow(link, &opened, listed) => Ok(never),
        }
    }

    async fn open(&self, link: &Link, legacy: bool, reached: &mut Reached) -> Result<Opened, StartError> {
        reached.probed = !legacy;
        let opened = if legacy {
            handshake::initialize(link).await?
        } else {
            handshake::probe(link, self.config.bounds.probe_timeout).await?
        };
        reached.opened = Some(opened.revision.era);
        link.speaks(opened.revision);
        Ok(opened)
    }

    async fn list(&self, link: &Link, opened: &Opened, listed: &mut Listed, which: Lists) -> Result<(), StartError> {
        Reader::new(link, opened, &self.config.bounds).refresh(listed, which).await?;
        self.backend.offer(listed, &opened.has);
        Ok(())
    }

    /// Reads lists again whenever they have changed. A reading that fails leaves the old list.
    async fn follow(&self, link: &Link, opened: &Opened, mut listed: Listed) -> Infallible {
        loop {
            let which = link.next_changes().await;
            let backend = self.backend.name();
            match timeout(self.config.bounds.start_timeout, self.list(link, opened, &mut listed, which)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(backend, %error, "a list has changed and cannot be read"),
                Err(_) => tracing::warn!(backend, "a list has changed and is not answered"),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Whether a child may have failed only because it was asked for its era. One that hangs is not given its time twice.
fn may_come_from_the_probe(error: &StdioError) -> bool {
    match error {
        StdioError::Start(StartError::Refused { method, .. }) => **method == *Method::Initialize.as_str(),
        StdioError::Start(StartError::Ended { .. } | StartError::Failed { .. } | StartError::InvalidAnswer { .. }) => {
            true
        }
        StdioError::Start(
            StartError::Spawn(_)
            | StartError::TimedOut { .. }
            | StartError::NoCommonRevision { .. }
            | StartError::ListTooLong { .. },
        )
        | StdioError::Ended { .. } => false,
    }
}
