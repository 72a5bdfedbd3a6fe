//! The conversation with one child process: requests go out under ids of our own, answers come back by them.
//!
//! A [`Link`] is the half that asks; a [`Driver`] is the half that reads and writes. Both end with the child.

mod counts;
mod driver;
mod pending;
mod receive;
mod write;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use outboard_protocol::{ErrorObject, Method, RawJson};
use outboard_runtime::{BackendFailure, Outlet};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

pub(super) use counts::Counters;
pub use counts::Counts;
pub(super) use driver::{Driver, Errors};
pub(super) use write::quoted;

use self::pending::Pending;
use super::config::StdioBounds;
use crate::guard::{Ending, Guarded};

/// How many messages may wait to be written, however small they are.
const QUEUE_MESSAGES_MAX: usize = 1_024;

/// The asking half of a conversation with a child. Clones ask the same child.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

/// What the two halves share.
#[derive(Debug)]
struct Shared {
    backend: Arc<str>,
    pending: Pending,
    /// Lines to write, each with its part of `queue_bytes`.
    queue: mpsc::Sender<Queued>,
    queue_bytes: Arc<Semaphore>,
    /// The child speaks a modern revision: it may send no requests.
    modern: AtomicBool,
    /// The child's list of tools has changed.
    tools_changed: Notify,
    /// The child answered a message whose id it could not read.
    unaddressed_error: Notify,
    counters: Arc<Counters>,
}

/// A line that waits to be written.
#[derive(Debug)]
struct Queued {
    bytes: Vec<u8>,
    /// Its part of the bound on what waits.
    room: OwnedSemaphorePermit,
}

/// How a child came to its end, as far as its callers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// The process ended.
    Process(Ending),
    /// It runs, but closed the streams that it was to speak over.
    ClosedStream,
    /// It wrote a line that is longer than the bound.
    LineTooLong {
        /// The bound, in bytes.
        limit: usize,
    },
    /// We stopped it.
    Stopped,
}

impl fmt::Display for ChildEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(ending) => ending.fmt(f),
            Self::ClosedStream => f.write_str("closed its standard streams"),
            Self::LineTooLong { limit } => write!(f, "wrote a line of more than {limit} bytes"),
            Self::Stopped => f.write_str("was stopped"),
        }
    }
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The child had ended before the request was sent.
    NotSent,
    /// The child failed.
    Failed(BackendFailure),
    /// The child answered with an error.
    Answered(ErrorObject),
}

/// What happens at the child when nobody waits for an answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDrop {
    /// It is told so (specification: *Cancellation*).
    Cancel,
    /// It is not told: there may be no cancellation of what opens a conversation (2025-11-25: *Cancellation*).
    Forget,
}

impl Link {
    /// Opens the conversation with a child.
    pub(super) fn open(
        backend: Arc<str>,
        guarded: Guarded,
        bounds: &StdioBounds,
        counters: Arc<Counters>,
    ) -> (Self, Driver) {
        let (queue, written) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let shared = Arc::new(Shared {
            backend,
            pending: Pending::new(bounds.in_flight_max),
            queue,
            queue_bytes: Arc::new(Semaphore::new(bounds.queue_bytes_max as usize)),
            modern: AtomicBool::new(false),
            tools_changed: Notify::new(),
            unaddressed_error: Notify::new(),
            counters,
        });
        let driver = Driver::new(Arc::clone(&shared), guarded, written, bounds);
        (Self(shared), driver)
    }

    /// Sends a request and waits for its result. `params` writes them, a JSON object; it is given the request's id, which
    /// serves as progress token as well.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the request is forgotten, and the child is told so as `on_drop` says.
    pub(super) async fn request(
        &self,
        method: &Method,
        params: impl FnOnce(i64) -> Vec<u8>,
        outlet: Outlet,
        on_drop: OnDrop,
    ) -> Result<RawJson, RequestError> {
        let (id, answer) = self.0.pending.add(outlet)?;
        let mut waiting = Waiting { shared: &self.0, id, on_drop: OnDrop::Forget };
        self.0.send(&write::request(id, method, &params(id))).map_err(RequestError::Failed)?;
        waiting.on_drop = on_drop;
        // The other end is dropped only where the child's end has been told to it before.
        answer.await.unwrap_or(Err(RequestError::NotSent))
    }

    /// Sends a notification without params.
    pub(super) fn notify(&self, method: &Method) -> Result<(), BackendFailure> {
        self.0.send(&write::notification(method, None))
    }

    /// From now on the child is held to the rules of the modern revisions.
    pub(super) fn is_modern(&self) {
        self.0.modern.store(true, Ordering::Relaxed);
    }

    /// Waits until the child says that its list of tools has changed. What it says meanwhile is not lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn tools_changed(&self) {
        self.0.tools_changed.notified().await;
    }

    /// Waits until the child answers with an error that names no request.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn unaddressed_error(&self) {
        self.0.unaddressed_error.notified().await;
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.0.backend).finish()
    }
}

impl Shared {
    /// Puts a line into the queue, or refuses it: writing never waits for a child that does not read.
    fn send(&self, text: &[u8]) -> Result<(), BackendFailure> {
        let bytes = write::line(text);
        let size = u32::try_from(bytes.len()).map_err(|_| BackendFailure::Overloaded)?;
        let room = Arc::clone(&self.queue_bytes).try_acquire_many_owned(size);
        let room = room.map_err(|_| BackendFailure::Overloaded)?;
        self.queue.try_send(Queued { bytes, room }).map_err(|_| BackendFailure::Overloaded)
    }
}

/// A request that somebody waits for.
struct Waiting<'a> {
    shared: &'a Shared,
    id: i64,
    on_drop: OnDrop,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let unanswered = self.shared.pending.forget(self.id);
        if unanswered && self.on_drop == OnDrop::Cancel {
            let params = format!("{{\"requestId\":{}}}", self.id);
            let told = self.shared.send(&write::notification(&Method::Cancelled, Some(params.as_bytes())));
            if told.is_err() {
                self.shared.counters.not_sent.add();
            }
        }
    }
}
