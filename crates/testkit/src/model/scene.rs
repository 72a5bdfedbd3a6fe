//! What a piece of work needs: a caller's ways to two places, a stranger's way to one of them, and what was broken when.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header;
use serde_json::Value;
use tokio::time::Instant;

use super::marker::Marker;
use super::session::Session;
use super::timeline::{Fault, Timeline};
use super::verdict::Miss;
use super::wire::{Answered, Broken, Trickle, Wire};
use crate::http::HttpRequest;

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it listens.
    pub address: SocketAddr,
    /// What requests name as their host.
    pub host: String,
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal, in letters and digits.
    pub name: String,
    /// What it proves itself with; without one, it is nobody.
    pub token: Option<String>,
}

/// A kind of work.
#[derive(Clone, Copy)]
pub struct Work {
    /// What reports call it.
    pub name: &'static str,
    /// Does it once.
    pub run: for<'a> fn(&'a Scene) -> Running<'a>,
}

/// Work that is being done.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Miss>> + Send + 'a>>;

/// What one client's work needs. One piece of work at a time.
#[derive(Debug)]
pub struct Scene {
    /// To the place that asks, or begins.
    pub ask: Wire,
    /// To the place that answers, or goes on.
    pub answer: Wire,
    /// Another principal's, to the second place.
    pub stranger: Wire,
    /// The marker of this client's work; its sequence is that of the first.
    first: Marker,
    done: AtomicU64,
    pub(super) timeline: Arc<Timeline>,
    began: Mutex<Instant>,
    slowest: Mutex<Duration>,
    pub(super) kept: tokio::sync::Mutex<Option<Session>>,
}

/// Two principals and two places.
#[derive(Clone, Copy, Debug)]
pub struct Cast<'a> {
    /// Who works.
    pub caller: &'a Caller,
    /// Who must not get at what the caller has.
    pub stranger: &'a Caller,
    /// Which place asks.
    pub ask: &'a Place,
    /// Which place answers.
    pub answer: &'a Place,
}

impl Scene {
    /// A client with a number of its own.
    #[must_use]
    pub fn new(cast: Cast<'_>, client: u32, timeline: Arc<Timeline>) -> Self {
        let wire = |place, caller: &Caller, role| Wire::new(place, caller, format!("{}-{client}-{role}-", caller.name));
        Self {
            ask: wire(cast.ask, cast.caller, "ask"),
            answer: wire(cast.answer, cast.caller, "answer"),
            stranger: wire(cast.answer, cast.stranger, "stranger"),
            first: Marker { principal: cast.caller.name.clone(), client, sequence: 0 },
            done: AtomicU64::new(0),
            timeline,
            began: Mutex::new(Instant::now()),
            slowest: Mutex::default(),
            kept: tokio::sync::Mutex::default(),
        }
    }

    /// The longest time from a change to its notification so far.
    #[must_use]
    pub fn slowest_hearing(&self) -> Duration {
        *self.slowest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a piece of work.
    pub(super) fn mark(&self) -> Marker {
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Marker { sequence: self.done.fetch_add(1, Ordering::Relaxed), ..self.first.clone() }
    }

    /// Notes how long it took to hear of a change.
    pub(super) fn heard_after(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        *slowest = time.max(*slowest);
    }

    /// Whether something was broken like this since the work began.
    pub(super) fn was(&self, fault: Fault) -> bool {
        self.timeline.was(fault, *self.began.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a request and returns the messages of the answer, of which none is another client's.
    pub(super) async fn send(&self, wire: &Wire, request: HttpRequest) -> Result<Answered, Miss> {
        let answered = wire.send(request).await.map_err(|broken| self.missed(&broken))?;
        for (_, message) in &answered.messages {
            self.mine(message)?;
        }
        Ok(answered)
    }

    /// Sends a request and returns its result.
    pub(super) async fn result(&self, wire: &Wire, request: HttpRequest) -> Result<Value, Miss> {
        let answered = self.accepted(self.send(wire, request).await?)?;
        let last = answered.messages.into_iter().next_back().map(|(_, message)| message);
        result_of(last.ok_or_else(|| Miss::wrong("an answer without a message"))?)
    }

    /// Opens the stream of an answer.
    pub(super) async fn open(&self, wire: &Wire, request: HttpRequest) -> Result<Trickle, Miss> {
        let stream = wire.open(request).await.map_err(|broken| self.missed(&broken))?;
        if stream.status.is_success() && stream.is_stream() {
            return Ok(stream);
        }
        let answered = stream.whole().await.map_err(|broken| self.missed(&broken))?;
        let answered = self.accepted(answered)?;
        Err(Miss::wrong(format!("no stream: {answered:?}")))
    }

    /// The next message of a stream, which is not another client's, with the id of its event.
    pub(super) async fn message(&self, stream: &mut Trickle) -> Result<(Option<String>, Value), Miss> {
        let (id, message) = stream.message().await.map_err(|broken| self.missed(&broken))?;
        self.mine(&message)?;
        Ok((id, message))
    }

    /// Takes an answer whose status is a success.
    pub(super) fn accepted(&self, answered: Answered) -> Result<Answered, Miss> {
        let status = answered.status.as_u16();
        let says_when = answered.headers.contains_key(header::RETRY_AFTER);
        let what = || format!("status {status}: {:?}", answered.messages);
        match status {
            200..=299 => Ok(answered),
            429 => Err(Miss::refused(what())),
            503 if says_when => Err(Miss::refused(what())),
            502..=504 if self.was(Fault::Kill) => Err(Miss::cut(what())),
            _ => Err(Miss::wrong(what())),
        }
    }

    /// Asserts that a principal who has no right to something does not get it: any refusal will do.
    pub(super) async fn denied(&self, wire: &Wire, request: HttpRequest, what: &str) -> Result<(), Miss> {
        let answered = wire.send(request).await.map_err(|broken| self.missed(&broken))?;
        let got = |(_, message): &(Option<String>, Value)| {
            message.get("result").is_some_and(|result| result.get("isError") != Some(&Value::Bool(true)))
        };
        if answered.status.is_success() && (answered.messages.is_empty() || answered.messages.iter().any(got)) {
            return Err(Miss::foreign(format!("{what}: {:?}", answered.messages)));
        }
        match answered.status.as_u16() {
            200 | 400..=499 => Ok(()),
            _ => self.accepted(answered).map(drop),
        }
    }

    /// What it means that an answer broke off.
    pub(super) fn missed(&self, broken: &Broken) -> Miss {
        let why = broken.to_string();
        match broken {
            Broken::Unreachable(_) | Broken::Lost(_) | Broken::Ended if self.was(Fault::Kill) => Miss::cut(why),
            Broken::Unreachable(_) | Broken::Lost(_) | Broken::Ended | Broken::Garbled { .. } => Miss::wrong(why),
            Broken::NotMine { .. } => Miss::foreign(why),
            Broken::Hung => Miss::hung(why),
        }
    }

    /// Asserts that a message carries no other client's marker.
    pub(super) fn mine(&self, message: &Value) -> Result<(), Miss> {
        let text = message.to_string();
        self.first.foreign_in(&text).map_or(Ok(()), |other| Err(Miss::foreign(format!("{other} in {text}"))))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Work").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The result that a message carries.
pub(super) fn result_of(mut message: Value) -> Result<Value, Miss> {
    match message.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(Miss::wrong(format!("no result: {message}"))),
    }
}

/// Asserts that a result is this text, and no error.
pub(super) fn expect_text(result: &Value, expected: &str) -> Result<(), Miss> {
    let text = text_of(result);
    if text == Some(expected) && result.get("isError") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    Err(Miss::wrong(format!("expected {expected:?}: {result}")))
}

/// The text of a result's first content.
pub(super) fn text_of(result: &Value) -> Option<&str> {
    result.pointer("/content/0/text").and_then(Value::as_str)
}
