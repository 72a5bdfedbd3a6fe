//! The conversation with one child process: requests go out under ids of our own, answers come back by them.
//!
//! A [`Link`] is the half that asks; a [`Driver`] is the half that reads and writes. Both end with the child.

mod changes;
mod counts;
mod driver;
mod end;
mod pending;
mod questions;
mod receive;
mod write;

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use outboard_identity::Owner;
use outboard_protocol::types::{ClientCapabilities, EmptyCapability, LoggingLevel};
use outboard_protocol::{Era, ErrorObject, Method, Revision, encode};
use outboard_runtime::{Asker, Asking, BackendFailure, Outlet};
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

pub(super) use changes::Lists;
pub(super) use counts::Counters;
pub use counts::Counts;
pub(super) use driver::{Driver, Errors};
pub use end::ChildEnd;

use self::changes::Changes;
use self::pending::{Answer, Pending, Waiting, Way};
use self::questions::{Question, Questions};
use super::askable::Askable;
use super::config::StdioBounds;
use super::log::MessageLog;
use super::updates::Updates;
use crate::guard::Guarded;

/// How many messages may wait to be written, however small they are.
const QUEUE_MESSAGES_MAX: usize = 1_024;

/// How many questions to one caller may wait for its task to look at them.
const QUESTIONS_WAITING_MAX: usize = 64;

/// The asking half of a conversation with a child. Clones ask the same child.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

/// What the two halves share.
#[derive(Debug)]
struct Shared {
    surroundings: Surroundings,
    pending: Pending,
    questions: Questions,
    /// Lines to write, each with its part of `queue_bytes`.
    queue: mpsc::Sender<Queued>,
    queue_bytes: Arc<Semaphore>,
    /// What is spoken with the child, as soon as that is known.
    revision: OnceLock<&'static Revision>,
    changes: Changes,
    /// The child answered a message whose id it could not read.
    unaddressed_error: Notify,
    /// What it logs to clients and goes to none.
    messages: MessageLog,
}

/// What there is around a child, whichever process it is.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// The name of the backend.
    pub(super) backend: Arc<str>,
    pub(super) counters: Arc<Counters>,
    /// Where changes of resources are told.
    pub(super) updates: Arc<Updates>,
    /// What the child may ask for.
    pub(super) askable: Askable,
}

/// A line that waits to be written.
#[derive(Debug)]
struct Queued {
    bytes: Vec<u8>,
    /// Its part of the bound on what waits.
    room: OwnedSemaphorePermit,
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

/// A caller, as far as its call needs it while the child is at work.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) owner: Owner,
    pub(super) outlet: Outlet,
    /// It wants to hear of progress.
    pub(super) wants_progress: bool,
    /// From which level on it wants log lines.
    pub(super) log_level: Option<LoggingLevel>,
    /// What its client can be asked for, and how.
    pub(super) capabilities: ClientCapabilities,
    pub(super) asking: Asking,
}

impl Link {
    /// Opens the conversation with a child.
    pub(super) fn open(surroundings: Surroundings, guarded: Guarded, bounds: &StdioBounds) -> (Self, Driver) {
        let (queue, written) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let shared = Arc::new(Shared {
            surroundings,
            pending: Pending::new(bounds.abandoned_for),
            questions: Questions::new(bounds.questions_max),
            queue,
            queue_bytes: Arc::new(Semaphore::new(bounds.queue_bytes_max as usize)),
            revision: OnceLock::new(),
            changes: Changes::default(),
            unaddressed_error: Notify::new(),
            messages: MessageLog::new(bounds),
        });
        let driver = Driver::new(Arc::clone(&shared), guarded, written, bounds);
        (Self(shared), driver)
    }

    /// Sends a request of our own and waits for its result. `params` are written as a JSON object.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the request is forgotten, and the child is told so as `on_drop` says.
    pub(super) async fn request(&self, method: &Method, params: &(impl Serialize + Sync), on_drop: OnDrop) -> Answer {
        let (id, answer) = self.0.pending.add(None)?;
        let _open = self.send(method, id, params, on_drop)?;
        ended(answer.await)
    }

    /// Passes on a request of a caller, waits for its result, and asks the caller what the child asks meanwhile. `params`
    /// is given the request's id, which serves as progress token as well; what it returns is written as a JSON object.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the child is told that nobody waits any more, and its questions are withdrawn.
    pub(super) async fn call<P: Serialize>(
        &self,
        method: &Method,
        params: impl FnOnce(i64) -> P,
        caller: Caller,
    ) -> Answer {
        let Caller { owner, outlet, wants_progress, log_level, capabilities, asking } = caller;
        let (way, asked) = match asking {
            Asking::Live(asker) => {
                let (send, receive) = mpsc::channel(QUESTIONS_WAITING_MAX);
                (Way::Live(send), Some((asker, receive)))
            }
            Asking::Rounds(_) => (Way::Rounds, None),
            Asking::Nobody => (Way::Nobody, None),
        };
        let waiting = Waiting { owner, outlet, wants_progress, log_level, capabilities, way };
        let (id, answer) = self.0.pending.add(Some(waiting))?;
        let _open = self.send(method, id, &params(id), OnDrop::Cancel)?;
        match asked {
            Some((asker, questions)) => answer_and_ask(answer, &asker, questions).await,
            None => ended(answer.await),
        }
    }

    fn send(
        &self,
        method: &Method,
        id: i64,
        params: &impl Serialize,
        on_drop: OnDrop,
    ) -> Result<Open<'_>, RequestError> {
        let mut open = Open { shared: &self.0, id, sent: None };
        self.0.send(&encode::request(&id.into(), method.as_str(), params)).map_err(RequestError::Failed)?;
        open.sent = Some(on_drop);
        Ok(open)
    }

    /// Sends a notification that says no more than its name.
    pub(super) fn notify(&self, method: &Method) -> Result<(), BackendFailure> {
        self.0.send(&encode::notification(method.as_str(), &EmptyCapability {}))
    }

    /// From now on the child is held to the rules of this revision.
    pub(super) fn speaks(&self, revision: &'static Revision) {
        self.0.revision.get_or_init(|| revision);
    }

    /// What is around the child.
    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.0.surroundings
    }

    /// Waits until lists have changed, as the child says or as [`changed`](Self::changed) does, and says which.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is not returned is not lost.
    pub(super) async fn next_changes(&self) -> Lists {
        self.0.changes.next().await
    }

    /// These lists may have changed, though the child did not say so.
    pub(super) fn changed(&self, lists: Lists) {
        self.0.changes.add(lists);
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

/// Waits for the answer of a call, and asks its caller what comes before it. Both in the caller's own task: a call that is
/// dropped asks nothing any more.
async fn answer_and_ask(
    mut answer: oneshot::Receiver<Answer>,
    asker: &Arc<dyn Asker>,
    mut questions: mpsc::Receiver<Question>,
) -> Answer {
    let mut asked = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return ended(answer),
            Some(()) = asked.next() => {}
            Some(question) = questions.recv() => asked.push(question.ask(Arc::clone(asker))),
        }
    }
}

/// The other end is dropped only where the child's end has been told to it before, or the child has ended the request.
fn ended(answer: Result<Answer, oneshot::error::RecvError>) -> Answer {
    answer.unwrap_or(Err(RequestError::NotSent))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.0.surroundings.backend).finish()
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

    /// Sends what nobody waits for. Where it is refused it is counted.
    fn reply(&self, text: &[u8]) {
        if self.send(text).is_err() {
            self.surroundings.counters.not_sent.add();
        }
    }

    fn is_modern(&self) -> bool {
        self.revision.get().is_some_and(|revision| revision.era == Era::Modern)
    }
}

/// A request that somebody waits for.
struct Open<'a> {
    shared: &'a Shared,
    id: i64,
    /// What happens when nobody does any more; `None` before it is sent.
    sent: Option<OnDrop>,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        match self.sent {
            None | Some(OnDrop::Forget) => self.shared.pending.forget(self.id),
            Some(OnDrop::Cancel) => {
                if self.shared.pending.abandon(self.id) {
                    self.shared.reply(&encode::cancelled(&self.id.into(), None));
                }
            }
        }
    }
}
