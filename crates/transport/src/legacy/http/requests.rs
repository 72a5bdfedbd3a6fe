//! What is posted in a session: requests, notifications, and answers to our questions.

use std::sync::Arc;

use ::http::{Response as HttpResponse, StatusCode};
use outboard_protocol::encode::ServerResult;
use outboard_protocol::params::{Params, cancelled_request};
use outboard_protocol::{Era, Message, Method, Notification, Request, RequestId, Response, Revision};
use outboard_runtime::{Answer, Call, Outcome, Outlet};
use outboard_store::{Session, UpdateSessionError};
use tokio::sync::oneshot;
use tower_service::Service as _;

use super::answer::Work;
use super::event_id::Grant;
use super::questions::{Questioner, deliver, names_accept};
use super::running::{Registered, SessionKey};
use super::session::{Living, NamedSession};
use crate::answering::Answering;
use crate::http::body::Body;
use crate::http::refusal::Refusal;
use crate::http::respond::{RunningCall, Streaming, respond};
use crate::http::{Endpoint, Posted, empty};
use crate::legacy::asking::AcceptedUrls;
use crate::legacy::level::level;
use crate::legacy::opening::describe;
use crate::legacy::subscribing::{NotSubscribable, subscribable};
use crate::operation::operation;

impl Endpoint {
    /// Serves a legacy message.
    pub(crate) async fn legacy(
        self: &Arc<Self>,
        posted: Posted<'_>,
        message: Message,
        session: NamedSession,
    ) -> Result<HttpResponse<Body>, Refusal> {
        match message {
            Message::Request(request) if request.method == Method::Initialize => {
                self.initialize(&posted, request).await
            }
            Message::Request(request) => {
                let register =
                    |session: &Session| self.legacy.running.register(SessionKey::of(session), request.id.clone());
                // Before the session's record is read, so that its end does not fall between.
                let registered = session.session().map(register);
                let living = self.living(session, Some(request.id.clone())).await?;
                match self.wanted(&posted, &request, &living).await? {
                    Wanted::Outcome(outcome) => {
                        let answering = self.answering(request.id, living.revision);
                        Ok(respond(RunningCall::finished(*outcome), answering, self.streaming(&posted)).await)
                    }
                    Wanted::Call(call) if call.operation.is_work() => {
                        let registered = registered.unwrap_or_else(|| register(&living.session));
                        self.work(&posted, *call, living, (request.id, registered)).await
                    }
                    Wanted::Call(call) => {
                        let answering = self.answering(request.id, living.revision);
                        Ok(respond(self.told_from_memory(*call), answering, self.streaming(&posted)).await)
                    }
                }
            }
            Message::Notification(notification) => {
                // What is taken back is taken back at once, however long the store takes to tell whether the session lives.
                if let Some(session) = session.session() {
                    self.told(&notification, session);
                }
                self.living(session, None).await?;
                Ok(empty(StatusCode::ACCEPTED))
            }
            Message::Response(response) => {
                self.answered(session, response).await?;
                Ok(empty(StatusCode::ACCEPTED))
            }
        }
    }

    /// Reads what a request in a session wants; what concerns the session itself is done then.
    pub(super) async fn wanted(
        &self,
        posted: &Posted<'_>,
        request: &Request,
        living: &Living,
    ) -> Result<Wanted, Refusal> {
        let refuse = |error| Refusal::legacy(request.id.clone(), error);
        let params = Params::read(request.params.as_ref()).map_err(|error| refuse(error.into()))?;
        let meta = params.meta().map_err(|error| refuse(error.into()))?;
        let progress_token = meta.progress_token().map_err(|error| refuse(error.into()))?;
        match &request.method {
            Method::Ping => Ok(Wanted::nothing()),
            // What could not be read just now cannot be changed either: a store that is away is waited for once.
            Method::SetLevel | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe if living.record.is_none() => {
                Err(Refusal::StoreUnavailable { id: Some(request.id.clone()) })
            }
            Method::SetLevel => {
                let level = level(request.params.as_ref()).map_err(|error| refuse(error.into()))?;
                let set = self.sessions.set_log_level(&living.session, level.as_u8()).await;
                set.map_err(|error| not_set(&request.id, error))?;
                Ok(Wanted::nothing())
            }
            Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
                match subscribable(&self.runtime, &posted.principal, request, &params, self.config.subscriptions) {
                    Ok(uri) => self.subscribe(request, &uri, living).await,
                    Err(NotSubscribable::Protocol(error)) => Err(refuse(error)),
                    Err(NotSubscribable::Refused(error)) => Ok(Wanted::Outcome(Box::new(Err(error)))),
                }
            }
            _ => {
                let operation = operation(Era::Legacy, request, &params).map_err(refuse)?;
                let client = living.client(posted.accepts.events);
                let mut call = Call::new(operation, posted.principal.clone(), client)
                    .with_meta(params.meta.and_then(|raw| params.part(raw)));
                if call.operation.is_work() && posted.accepts.events {
                    call = call.with_telling(progress_token, Some(living.log_level()));
                }
                Ok(Wanted::Call(Box::new(call)))
            }
        }
    }

    /// `resources/subscribe` and its opposite.
    async fn subscribe(&self, request: &Request, uri: &str, living: &Living) -> Result<Wanted, Refusal> {
        let (sessions, session) = (&self.sessions, &living.session);
        let changed = if request.method == Method::ResourcesUnsubscribe {
            sessions.unsubscribe(session, uri).await
        } else {
            sessions.subscribe(session, uri).await
        };
        changed.map_err(|error| not_set(&request.id, error))?;
        self.session_changed(session).await;
        Ok(Wanted::nothing())
    }

    /// Runs a call that is work in a task of its own, and waits for the head of its answer.
    async fn work(
        self: &Arc<Self>,
        posted: &Posted<'_>,
        call: Call,
        living: Living,
        (id, registered): (RequestId, Registered),
    ) -> Result<HttpResponse<Body>, Refusal> {
        let accepted = AcceptedUrls::default();
        let takes_events = posted.accepts.events;
        let call = if takes_events {
            call.with_asker(|outlet| {
                Arc::new(Questioner {
                    mailbox: self.legacy.mailbox.clone(),
                    open: self.legacy.questions.clone(),
                    principal: posted.principal.clone(),
                    session: (*living.session).clone(),
                    outlet: outlet.clone(),
                    elicitation: living.revision.elicitation,
                    timeout: self.runtime.config().input.timeout,
                    session_ended: registered.session_ended().clone(),
                    tasks: self.tasks.clone(),
                    accepted: accepted.clone(),
                })
            })
        } else {
            call
        };
        // What it could be asked if it took events.
        let askable = living.client(true).capabilities;
        let answering = Answering {
            outlet: call.outlet.clone(),
            progress_token: call.progress_token.clone(),
            ..self.answering(id.clone(), living.revision)
        };
        let running = self.runtime.clone().call(call);
        let work = Work {
            endpoint: Arc::clone(self),
            running: Box::pin(async move {
                let Ok(outcome) = running.await;
                if takes_events { outcome } else { outcome.map_err(|error| names_accept(error, askable)) }
            }),
            answering,
            streaming: self.streaming(posted),
            grant: Grant::of(&posted.principal),
            registered,
            session: *living.session,
            accepted,
        };
        let (sender, head) = oneshot::channel();
        drop(self.tasks.spawn(work.run(sender)));
        head.await.map_err(|_| Refusal::Internal { id: Some(id) })
    }

    /// A call that is answered from memory: it is over before its client could go away.
    pub(super) fn told_from_memory(&self, call: Call) -> RunningCall {
        let running = self.runtime.clone().call(call);
        RunningCall::new(Box::pin(async move {
            let Ok(outcome) = running.await;
            outcome
        }))
    }

    /// Takes what a client tells. What is not known is left aside.
    pub(super) fn told(&self, notification: &Notification, session: &Session) {
        if notification.method != Method::Cancelled {
            return;
        }
        let Some(id) = cancelled_request(notification.params.as_ref()) else {
            tracing::debug!("a cancellation names no request");
            return;
        };
        let session = SessionKey::of(session);
        if !self.legacy.running.cancel(session, &id) {
            // It runs on another replica, or has ended in the meantime, which the client cannot know.
            self.legacy.cancelling.tell(session, id);
        }
    }

    /// Takes the answer to a question. Who posts one that nobody waits for is told nothing: it may have come too late.
    async fn answered(&self, session: NamedSession, response: Response) -> Result<(), Refusal> {
        let Some(open) = session.session() else { return self.living(session, None).await.map(drop) };
        match deliver(&self.legacy.mailbox, open, response).await {
            // A session that was ended has no open questions: this one lives.
            Ok(true) => Ok(()),
            Ok(false) => {
                self.living(session, None).await?;
                tracing::debug!(answers = "unknown", "an answer is to no question that is open");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "an answer cannot be passed on");
                Err(Refusal::StoreUnavailable { id: None })
            }
        }
    }

    /// Takes the answer to a question that came in a batch.
    pub(super) async fn answered_in(&self, living: &Living, response: Response) {
        if let Err(error) = deliver(&self.legacy.mailbox, &living.session, response).await {
            tracing::warn!(%error, "an answer cannot be passed on");
        }
    }

    pub(super) fn streaming(&self, posted: &Posted<'_>) -> Streaming {
        Streaming {
            accepts: posted.accepts,
            after: self.config.legacy.stream_after,
            keep_alive: self.config.keep_alive,
        }
    }

    pub(super) fn answering(&self, id: RequestId, revision: &'static Revision) -> Answering {
        Answering {
            id,
            revision,
            outlet: Outlet::closed(),
            progress_token: None,
            runtime: self.runtime.clone(),
            describe,
        }
    }
}

/// What a request wants.
pub(super) enum Wanted {
    /// Nothing more: this is its outcome.
    Outcome(Box<Outcome>),
    /// A call.
    Call(Box<Call>),
}

impl Wanted {
    /// It was done, and there is nothing to say about it.
    fn nothing() -> Self {
        Self::Outcome(Box::new(Ok(Answer::Result(ServerResult::Empty))))
    }
}

/// The refusal of what could not be set in a session.
fn not_set(id: &RequestId, error: UpdateSessionError) -> Refusal {
    let id = id.clone();
    match error {
        UpdateSessionError::UriTooLong { .. }
        | UpdateSessionError::TooManySubscriptions { .. }
        | UpdateSessionError::TooLarge { .. } => Refusal::Subscription { id, error },
        UpdateSessionError::Terminated => Refusal::SessionNotFound { id: Some(id) },
        UpdateSessionError::Store(error) => {
            tracing::warn!(%error, "something could not be set in a session");
            Refusal::StoreUnavailable { id: Some(id) }
        }
    }
}
