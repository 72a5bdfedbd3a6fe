//! Questions to the client of a pipe: requests of ours between the answers to its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outboard_protocol::revision::Elicitation;
use outboard_protocol::types::InputRequest;
use outboard_protocol::{ErrorObject, RawJson, RequestId, Response};
use outboard_runtime::{AskError, Asker, BoxFuture, Event, Outlet};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::legacy::asking::{AcceptedUrls, is_accepted, name_url};

/// The open questions of a connection. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Questions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    timeout: Duration,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    by_id: HashMap<RequestId, oneshot::Sender<Reply>>,
    last: i64,
    /// Nobody answers any more.
    is_closed: bool,
}

type Reply = Result<RawJson, ErrorObject>;

impl Questions {
    /// None yet, and never more than `max` at a time, each for as long as `timeout`.
    pub(super) fn new(max: usize, timeout: Duration) -> Self {
        Self(Arc::new(Shared { max, timeout, open: Mutex::default() }))
    }

    /// Asks for the call that tells through `outlet`, in the words of a revision; the pages that the user agreed to visit
    /// are noted in `accepted`.
    pub(super) fn asker(&self, outlet: Outlet, elicitation: Elicitation, accepted: AcceptedUrls) -> Arc<dyn Asker> {
        Arc::new(PipeAsker { questions: self.clone(), outlet, elicitation, accepted })
    }

    /// Takes what the client says to a question. What answers none is left aside.
    pub(super) fn reply(&self, response: Response) {
        let question = response.id.and_then(|id| self.open().by_id.remove(&id));
        match question {
            // Who has asked may be gone.
            Some(question) => drop(question.send(response.outcome)),
            None => tracing::debug!("the client answers a question that is not open"),
        }
    }

    /// Nobody answers any more: what is open has no answer, and nothing more is asked.
    pub(super) fn close(&self) {
        let mut open = self.open();
        open.is_closed = true;
        open.by_id.clear();
    }

    /// Opens a question.
    fn ask(&self) -> Result<(RequestId, oneshot::Receiver<Reply>), AskError> {
        let limit = self.0.max;
        let mut open = self.open();
        if open.is_closed {
            return Err(AskError::Unavailable);
        }
        if open.by_id.len() >= limit {
            return Err(AskError::TooMany { limit });
        }
        open.last += 1;
        let id = RequestId::from(open.last);
        let (question, reply) = oneshot::channel();
        open.by_id.insert(id.clone(), question);
        Ok((id, reply))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Debug)]
struct PipeAsker {
    questions: Questions,
    outlet: Outlet,
    elicitation: Elicitation,
    accepted: AcceptedUrls,
}

impl Asker for PipeAsker {
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
        Box::pin(self.clone().answer(request))
    }
}

impl PipeAsker {
    async fn answer(self, mut request: InputRequest) -> Result<RawJson, AskError> {
        let Self { questions, outlet, elicitation, accepted } = self;
        let (id, reply) = questions.ask()?;
        let limit = questions.0.timeout;
        let _asked = Asked { questions, outlet: outlet.clone(), id: id.clone() };
        let elicitation_id: Box<str> = id.to_string().into();
        let is_url = name_url(&mut request, elicitation, &elicitation_id);
        outlet.tell(Event::Ask(id, Box::new(request)));
        let replied = timeout(limit, reply).await.map_err(|_| AskError::Timeout { limit })?;
        let result = replied.map_err(|_| AskError::Unavailable)?.map_err(AskError::Refused)?;
        if !result.is_object() {
            return Err(AskError::Unfit);
        }
        if is_url && is_accepted(&result) {
            accepted.add(elicitation_id);
        }
        Ok(result)
    }
}

/// A question that was asked. Dropped before it has an answer, it is withdrawn.
struct Asked {
    questions: Questions,
    outlet: Outlet,
    id: RequestId,
}

impl Drop for Asked {
    fn drop(&mut self) {
        let question = self.questions.open().by_id.remove(&self.id);
        if question.is_some() {
            self.outlet.tell(Event::Withdraw(self.id.clone()));
        }
    }
}
