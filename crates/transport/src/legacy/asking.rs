//! Asks a legacy client while a call waits: a request on the call's own stream, whose answer is posted over any other
//! connection, to any replica, and gets here through a mailbox.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outboard_identity::Principal;
use outboard_protocol::error::code;
use outboard_protocol::revision::Elicitation;
use outboard_protocol::types::{Capability, ClientCapabilities, ElicitParams, InputRequest};
use outboard_protocol::{ErrorObject, Method, RawJson, RequestId, Response, Revision, encode};
use outboard_runtime::{AskError, Asker, BoxFuture, CallError, Event, Outlet};
use outboard_store::{Address, Inbox, Mailbox, OwnerDigest, Posted, Session, StoreError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::open_questions::OpenQuestions;

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

/// Gives the elicitation of a URL the id that the revision wants. Returns whether it has one then.
pub(super) fn name_url(request: &mut InputRequest, elicitation: Elicitation, id: &str) -> bool {
    let InputRequest::Elicit(ElicitParams::Url { elicitation_id, .. }) = request else { return false };
    *elicitation_id = (elicitation == Elicitation::FormAndUrlWithId).then(|| id.to_owned());
    elicitation_id.is_some()
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

pub(super) fn is_accepted(answer: &RawJson) -> bool {
    #[derive(Deserialize)]
    struct Action {
        action: Box<str>,
    }
    answer.read::<Action>().is_ok_and(|answer| &*answer.action == "accept")
}

/// What a client can be asked in its revision: a capability that the revision does not know is none. Without events there
/// is nowhere to ask.
pub(super) fn askable(declared: ClientCapabilities, revision: &Revision, takes_events: bool) -> ClientCapabilities {
    if !takes_events {
        return ClientCapabilities::NONE;
    }
    let (form, url) = (Capability::ElicitationForm as u32, Capability::ElicitationUrl as u32);
    let unknown = match revision.elicitation {
        Elicitation::Unknown => form | url,
        Elicitation::Form => url,
        Elicitation::FormAndUrlWithId | Elicitation::FormAndUrl => 0,
    };
    ClientCapabilities::from_bits(declared.bits() & !unknown)
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

/// The pages that the user agreed to visit for one call. The call's result says that what they were visited for is done,
/// which the client is told (2025-11-25 *Elicitation*, completion notifications).
#[derive(Clone, Debug, Default)]
pub(super) struct AcceptedUrls(Arc<Mutex<Vec<Box<str>>>>);

impl AcceptedUrls {
    pub(super) fn add(&self, id: Box<str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// The notifications of their completion.
    pub(super) fn completions(&self) -> impl Iterator<Item = Vec<u8>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            elicitation_id: Box<str>,
        }
        let ids = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        ids.into_iter().map(|elicitation_id| {
            encode::notification(Method::ElicitationComplete.as_str(), &Params { elicitation_id })
        })
    }
}

#[cfg(test)]
mod tests {
    use outboard_protocol::revision::{V2025_03_26, V2025_06_18, V2025_11_25};

    use super::*;

    #[test]
    fn a_client_is_asked_what_its_revision_knows() {
        let all = ClientCapabilities::from_json(r#"{"sampling":{},"roots":{},"elicitation":{"form":{},"url":{}}}"#);
        let all = all.unwrap();
        let cases = [(&V2025_03_26, [false, false]), (&V2025_06_18, [true, false]), (&V2025_11_25, [true, true])];
        for (revision, [form, url]) in cases {
            let askable = askable(all, revision, true);
            assert_eq!(askable.has(Capability::ElicitationForm), form, "{}", revision.name);
            assert_eq!(askable.has(Capability::ElicitationUrl), url, "{}", revision.name);
            assert!(askable.has(Capability::Sampling) && askable.has(Capability::Roots));
        }
        assert_eq!(askable(all, &V2025_11_25, false), ClientCapabilities::NONE);
    }
}
