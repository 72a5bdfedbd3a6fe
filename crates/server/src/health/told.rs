//! What probes are told: the answers, made when something changes and not when somebody asks.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Check, Phase, Status};

/// What is told at one time.
#[derive(Clone, Debug)]
pub(super) struct Told {
    phase: Phase,
    checks: Vec<Check>,
    replicas: Option<usize>,
    status: Status,
    readiness: Bytes,
    summary: Bytes,
}

impl Told {
    pub(super) fn new(phase: Phase, checks: Vec<Check>, replicas: Option<usize>) -> Self {
        let own = own_check(phase);
        let status = own.iter().chain(&checks).map(|check| check.status).max().unwrap_or(Status::Ready);
        let all = || own.iter().chain(&checks);
        let readiness = json!({"status": status.word(), "checks": all().map(whole).collect::<Map<_, _>>()});
        let mut summary = json!({"status": status.word(), "checks": all().map(short).collect::<Map<_, _>>()});
        if let (Some(summary), Some(replicas)) = (summary.as_object_mut(), replicas) {
            summary.insert("replicas".to_owned(), replicas.into());
        }
        Self { phase, status, readiness: line(&readiness), summary: line(&summary), checks, replicas }
    }

    /// The same at another time of the server's life.
    pub(super) fn in_phase(&self, phase: Phase) -> Self {
        Self::new(phase, self.checks.clone(), self.replicas)
    }

    /// What came of a look takes the place of what came of the one before; with the first the server has started.
    pub(super) fn seen(&self, checks: Vec<Check>, replicas: Option<usize>) -> Self {
        let phase = if self.phase == Phase::Starting { Phase::Serving } else { self.phase };
        Self::new(phase, checks, replicas)
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) const fn status(&self) -> Status {
        self.status
    }

    /// Only what is not ready is no success: a balancer takes it for down.
    pub(super) const fn code(&self) -> StatusCode {
        match self.status {
            Status::Ready | Status::Degraded => StatusCode::OK,
            Status::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(super) fn readiness(&self) -> Bytes {
        self.readiness.clone()
    }

    pub(super) fn summary(&self) -> Bytes {
        self.summary.clone()
    }

    /// Whether anything works better or worse than before, or this is the first look. How long something has been so is no
    /// difference.
    pub(super) fn differs_from(&self, before: &Self) -> bool {
        let statuses = |told: &Self| told.checks.iter().map(|check| (check.name, check.status)).collect::<Vec<_>>();
        self.phase != before.phase || self.status != before.status || statuses(self) != statuses(before)
    }

    /// All reasons in one line.
    pub(super) fn reasons(&self) -> String {
        let reason = |check: &Check| check.reason.as_ref().map(|reason| format!("{}: {reason}", check.name));
        self.checks.iter().filter_map(reason).collect::<Vec<_>>().join("; ")
    }
}

/// What the server's own life has to say.
fn own_check(phase: Phase) -> Option<Check> {
    match phase {
        Phase::Starting => Some(Check::not_ready("start", "it has not finished starting")),
        Phase::Serving => None,
        Phase::Draining => Some(Check::not_ready("drain", "draining: it is about to end")),
    }
}

fn whole(check: &Check) -> (String, Value) {
    let mut told = json!({"status": check.status.word()});
    if let (Some(told), Some(reason)) = (told.as_object_mut(), &check.reason) {
        told.insert("reason".to_owned(), reason.as_str().into());
    }
    (check.name.to_owned(), told)
}

fn short(check: &Check) -> (String, Value) {
    (check.name.to_owned(), check.status.word().into())
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}
