//! Asks a legacy client while a call waits: a request on the call's own stream, whose answer is posted over any other
//! connection, to any replica, and gets here through a mailbox.

use std::sync::Arc;
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::error::code;
use outboard_protocol::revision::Elicitation;
use outboard_protocol::types::{ClientCapabilities, InputRequest};
use outboard_protocol::{ErrorObject, RawJson, RequestId, Response};
use outboard_runtime::{AskError, Asker, BoxFuture, CallError, Event, Outlet};
use outboard_store::{Address, Inbox, Mailbox, OwnerDigest, Posted, Session, StoreError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::open_questions::OpenQuestions;
use crate::legacy::asking::{AcceptedUrls, is_accepted, name_url};

/// Asks the client of one call.
#[derive(Clone, Debug)]
pub(super) struct Questioner {
    pub(super) mailbox: Mailbox,
    pub(super) open: OpenQuestions,
    pub(super) principal: Principal,
    pub(super) session: Session,
    pub(super) outlet: Outlet,
    pub(super) elicitation: Elicitation,
    pub(super) timeout: Duration,
    /// Is cancelled when the session is ended: nobody answers any more.
    pub(super) session_ended: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) accepted: AcceptedUrls,
}

impl Asker for Questioner {
    fn ask(&self, request: InputRequest) -> BoxFuture<'static, Result<RawJson, AskError>> {
        let asker = self.clone();
        Box::pin(async move {
            let session_ended = asker.session_ended.clone();
            session_ended.run_until_cancelled(asker.answer(request)).await.unwrap_or(Err(AskError::Unavailable))
        })
    }
}

impl Questioner {
    async fn answer(self, mut request: InputRequest) -> Result<RawJson, AskError> {
        let session = self.session.number;
        let place = self.open.place(session, &self.principal)?;
        let address = self.mailbox.address();
        let inbox = self.mailbox.open(of_session(&self.session), address).await.map_err(|error| unavailable(&error))?;
        let inbox = Arc::new(inbox);
        self.open.add(session, address, Arc::clone(&inbox), place);
        let id: Box<str> = address.to_string().into();
        let is_url = name_url(&mut request, self.elicitation, &id);
        let mut question =
            OpenQuestion { id: RequestId::String(id.clone()), address, inbox: Some(inbox), asked_by: &self };
        self.outlet.tell(Event::Ask(question.id.clone(), Box::new(request)));
        let received = tokio::time::timeout(self.timeout, question.receive()).await;
        let answer = received.map_err(|_| AskError::Timeout { limit: self.timeout })??;
        if is_url && is_accepted(&answer) {
            self.accepted.add(id);
        }
        Ok(answer)
    }
}

/// A question that waits for its answer. Dropped before it has one, it is withdrawn.
struct OpenQuestion<'a> {
    id: RequestId,
    address: Address,
    /// `None` once there is an answer.
    inbox: Option<Arc<Inbox>>,
    asked_by: &'a Questioner,
}

impl OpenQuestion<'_> {
    async fn receive(&mut self) -> Result<RawJson, AskError> {
        let Some(inbox) = &self.inbox else { return Err(AskError::Unavailable) };
        let posted = inbox.receive().await.map_err(|error| unavailable(&error))?;
        // The mailbox outlives the question, so it is only gone when the store lost it.
        let posted = posted.ok_or(AskError::Unavailable)?;
        self.inbox = None;
        match serde_json::from_slice(&posted).map_err(|_| AskError::Unfit)? {
            Reply::Result(result) if result.is_object() => Ok(result),
            Reply::Result(_) => Err(AskError::Unfit),
            Reply::Error(error) => Err(AskError::Refused(error)),
        }
    }
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        let Questioner { open, session, outlet, tasks, .. } = self.asked_by;
        open.remove(session.number, self.address);
        let Some(inbox) = self.inbox.take() else { return };
        outlet.tell(Event::Withdraw(self.id.clone()));
        super::afterwards(tasks, async move {
            if let Err(error) = inbox.close().await {
                tracing::debug!(%error, "a mailbox stays open until its time is over");
            }
        });
    }
}

/// What is posted into a mailbox.
#[derive(Serialize, Deserialize)]
enum Reply {
    Result(RawJson),
    Error(ErrorObject),
}

/// Posts a client's answer to whoever asked, if that was asked in this session. Returns whether anybody waits for it.
pub(super) async fn deliver(mailbox: &Mailbox, session: &Session, response: Response) -> Result<bool, StoreError> {
    let Some(RequestId::String(id)) = response.id else { return Ok(false) };
    let Ok(address) = id.parse::<Address>() else { return Ok(false) };
    let reply = response.outcome.map_or_else(Reply::Error, Reply::Result);
    let Ok(reply) = serde_json::to_vec(&reply) else { return Ok(false) };
    Ok(mailbox.post(of_session(session), address, &reply).await? == Posted::Delivered)
}

/// To whom the mailboxes of a session belong: a question of one session is not answered in another one of its owner.
fn of_session(session: &Session) -> OwnerDigest {
    OwnerDigest::of(&[session.owner.as_bytes().as_slice(), &session.number.to_be_bytes()].concat())
}

fn unavailable(error: &StoreError) -> AskError {
    tracing::warn!(%error, "a client cannot be asked");
    AskError::Unavailable
}

/// The error of a call whose client declared all that it needs, and cannot be asked for one reason: it takes no events.
pub(super) fn names_accept(error: CallError, askable: ClientCapabilities) -> CallError {
    match error {
        CallError::MissingCapability { required } if askable.bits() & required.bits() == required.bits() => {
            let message = "the client has to be asked something, over a stream of events: send Accept: application/json, \
                           text/event-stream";
            CallError::Forwarded(ErrorObject::new(code::MEDIA_TYPE, message))
        }
        error => error,
    }
}
