//! The questions of a legacy child that wait for an answer, by the child's ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use outboard_protocol::error::code;
use outboard_protocol::types::InputRequest;
use outboard_protocol::{ErrorObject, RawJson, RequestId, encode};
use outboard_runtime::{AskError, Asker};
use tokio_util::sync::CancellationToken;

use super::{Shared, write};

/// The open questions of a child.
#[derive(Debug)]
pub(super) struct Questions {
    limit: usize,
    open: Mutex<HashMap<RequestId, CancellationToken>>,
}

/// Why a question is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// There are as many as there may be.
    TooMany,
    /// Another one has this id.
    IdInUse,
}

impl Questions {
    /// An empty table for at most `limit` questions at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, open: Mutex::default() }
    }

    fn add(&self, id: &RequestId) -> Result<CancellationToken, NotOpened> {
        let mut open = self.lock();
        if open.contains_key(id) {
            return Err(NotOpened::IdInUse);
        }
        if open.len() >= self.limit {
            return Err(NotOpened::TooMany);
        }
        let withdrawn = CancellationToken::new();
        open.insert(id.clone(), withdrawn.clone());
        Ok(withdrawn)
    }

    /// The child does not want the answer any more; whether it had asked.
    pub(super) fn withdraw(&self, id: &RequestId) -> bool {
        let withdrawn = self.lock().remove(id);
        withdrawn.inspect(CancellationToken::cancel).is_some()
    }

    /// The child has ended: nobody is answered any more.
    pub(super) fn end(&self) {
        let open = std::mem::take(&mut *self.lock());
        open.into_values().for_each(|withdrawn| withdrawn.cancel());
    }

    /// Whether it was open, which it is no longer.
    fn close(&self, id: &RequestId) -> bool {
        self.lock().remove(id).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, CancellationToken>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question of a child on its way to a caller.
#[derive(Debug)]
pub(super) struct Question {
    open: Open,
    request: Box<InputRequest>,
}

impl Question {
    /// Takes a question of the child's. Whatever becomes of it, the child is answered once.
    pub(super) fn take(shared: &Arc<Shared>, id: &RequestId, request: InputRequest) -> Result<Self, NotOpened> {
        let withdrawn = shared.questions.add(id)?;
        Ok(Self { open: Open { shared: Arc::clone(shared), id: id.clone(), withdrawn }, request: Box::new(request) })
    }

    /// Asks the caller and passes the answer on, unless the child withdraws the question before.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the question is withdrawn at the caller, and the child is told that there will be no answer.
    pub(super) async fn ask(self, asker: Arc<dyn Asker>) {
        let Self { open, request } = self;
        let withdrawn = open.withdrawn.clone();
        tokio::select! {
            biased;
            () = withdrawn.cancelled() => {}
            answer = asker.ask(*request) => open.answer(answer),
        }
    }
}

/// The child's side of a question. Dropped, it is answered with an error, unless it was withdrawn.
#[derive(Debug)]
struct Open {
    shared: Arc<Shared>,
    id: RequestId,
    withdrawn: CancellationToken,
}

impl Open {
    fn answer(&self, answer: Result<RawJson, AskError>) {
        let text = match answer {
            Ok(result) => write::result(&self.id, result.as_bytes()),
            Err(error) => encode::error(Some(&self.id), &refusal(&error)),
        };
        self.reply(&text);
    }

    fn reply(&self, text: &[u8]) {
        if self.shared.questions.close(&self.id) {
            self.shared.reply(text);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let error = ErrorObject::new(
            code::INTERNAL_ERROR,
            "the call that this was asked in has ended, or takes no further question",
        );
        self.reply(&encode::error(Some(&self.id), &error));
    }
}

/// What a child is told of a caller that did not answer: the caller's own words, where there are any.
fn refusal(error: &AskError) -> ErrorObject {
    let code = match error {
        AskError::Refused(error) => return error.clone(),
        AskError::Unfit | AskError::Timeout { .. } => code::INTERNAL_ERROR,
        AskError::TooMany { .. } | AskError::Unavailable => code::UNAVAILABLE,
    };
    ErrorObject::new(code, error.to_string())
}
