//! Whether the server is ready, and why not: what probes are answered with.
//!
//! Nothing is asked because of a probe: what is looked at is looked at beside the work, and the answer lies ready as bytes.

mod checks;
mod presence;
mod told;
mod watch;

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::watch as channel;

pub(crate) use checks::Besides;
pub(crate) use presence::Presence;
use told::Told;
pub(crate) use watch::{Watch, Watched};

/// How well something works, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// As it should.
    Ready,
    /// Not all of it; what can still be served is served.
    Degraded,
    /// Nobody should send requests here.
    NotReady,
}

/// What came of a look at one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// What was looked at: a fixed word.
    name: &'static str,
    status: Status,
    /// Why it is not ready, for operators; says nothing secret.
    reason: Option<String>,
}

/// Where the server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was looked at yet.
    Starting,
    Serving,
    /// It is about to end.
    Draining,
}

/// How the server is. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    told: channel::Sender<Told>,
}

impl Health {
    /// That of a server that has not begun to serve: it is not ready.
    pub(crate) fn new() -> Self {
        Self { told: channel::Sender::new(Told::new(Phase::Starting, Vec::new(), None)) }
    }

    /// From now on the server is not ready: it is about to end.
    pub(crate) fn drain(&self) {
        self.told.send_modify(|told| *told = told.in_phase(Phase::Draining));
    }

    /// Waits until the server is about to end.
    ///
    /// # Cancel safety
    ///
    /// Only looks.
    pub(crate) async fn draining(&self) {
        let mut told = self.told.subscribe();
        // The sender is in our hands: it does not go away.
        drop(told.wait_for(|told| told.phase() == Phase::Draining).await);
    }

    /// Whether requests should come here, and why not.
    pub(crate) fn readiness(&self) -> (StatusCode, Bytes) {
        let told = self.told.borrow();
        (told.code(), told.readiness())
    }

    /// The same in short.
    pub(crate) fn summary(&self) -> (StatusCode, Bytes) {
        let told = self.told.borrow();
        (told.code(), told.summary())
    }

    /// Tells from now on what came of the last look; `replicas` are those that were seen, where anybody looked. Every
    /// change is told in the log, once.
    fn tell(&self, checks: Vec<Check>, replicas: Option<usize>) {
        let (mut changed, mut line) = (false, String::new());
        self.told.send_if_modified(|told| {
            let next = told.seen(checks, replicas);
            changed = next.differs_from(told);
            line = next.reasons();
            *told = next;
            changed
        });
        let told = self.told.borrow();
        if !changed || told.phase() == Phase::Draining {
            return;
        }
        match told.status() {
            Status::Ready => tracing::info!("ready"),
            Status::Degraded => tracing::warn!(reason = line, "ready, but degraded"),
            Status::NotReady => tracing::warn!(reason = line, "not ready"),
        }
    }
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::NotReady => "not ready",
        }
    }
}

impl Check {
    const fn ready(name: &'static str) -> Self {
        Self { name, status: Status::Ready, reason: None }
    }

    fn degraded(name: &'static str, reason: impl Into<String>) -> Self {
        Self { name, status: Status::Degraded, reason: Some(reason.into()) }
    }

    fn not_ready(name: &'static str, reason: impl Into<String>) -> Self {
        Self { name, status: Status::NotReady, reason: Some(reason.into()) }
    }
}

#[cfg(test)]
mod tests;
