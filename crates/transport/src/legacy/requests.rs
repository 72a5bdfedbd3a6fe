//! What is posted in a session: requests, notifications, and answers to our questions.

use std::sync::Arc;

use ::http::{Response as HttpResponse, StatusCode};
use outboard_protocol::encode::ServerResult;
use outboard_protocol::error::shortened;
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::types::LoggingLevel;
use outboard_protocol::{Era, Message, Method, Notification, RawJson, Request, RequestId, Response, Revision};
use outboard_runtime::{Answer, Asking, Call, CallError, Outcome, Outlet};
use outboard_store::UpdateSessionError;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tower_service::Service as _;

use super::answer::Work;
use super::asking::{AcceptedUrls, Questioner, deliver};
use super::opening::describe;
use super::session::{Living, NamedSession, owner_digest};
use crate::answering::Answering;
use crate::http::body::Body;
use crate::http::refusal::Refusal;
use crate::http::respond::{RunningCall, Streaming, respond};
use crate::http::{Inner, Posted, empty};
use crate::operation::{cancelled_request, operation};

impl Inner {
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
                let living = self.living(session, Some(request.id.clone())).await?;
                match self.wanted(&posted, &request, &living).await? {
                    Wanted::Outcome(outcome) => {
                        let answering = self.answering(request.id, living.revision);
                        Ok(respond(RunningCall::finished(*outcome), answering, self.streaming(&posted)).await)
                    }
                    Wanted::Call(call) if call.operation.is_work() => {
                        self.work(&posted, request.id, *call, living).await
                    }
                    Wanted::Call(call) => {
                        let answering = self.answering(request.id, living.revision);
                        Ok(respond(self.told_from_memory(*call), answering, self.streaming(&posted)).await)
                    }
                }
            }
            Message::Notification(notification) => {
                let living = self.living(session, None).await?;
                self.told(&notification, &living);
                Ok(empty(StatusCode::ACCEPTED))
            }
            Message::Response(response) => {
                self.answered(&posted, session, response).await?;
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
            Method::SetLevel => {
                let level = level(request.params.as_ref()).map_err(|error| refuse(error.into()))?;
                let set = self.sessions.set_log_level(&living.session, level.as_u8()).await;
                set.map_err(|error| not_set(&request.id, error))?;
                Ok(Wanted::nothing())
            }
            Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
                let uri = params.uri().map_err(|error| refuse(error.into()))?;
                self.subscribe(request, &uri, living).await
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
        } else if self.runtime.has_resource(uri) {
            sessions.subscribe(session, uri).await
        } else {
            return Ok(Wanted::Outcome(Box::new(Err(CallError::UnknownResource { uri: shortened(uri) }))));
        };
        changed.map_err(|error| not_set(&request.id, error))?;
        self.session_changed(session).await;
        Ok(Wanted::nothing())
    }

    /// Runs a call that is work in a task of its own, and waits for the head of its answer.
    async fn work(
        self: &Arc<Self>,
        posted: &Posted<'_>,
        id: RequestId,
        call: Call,
        living: Living,
    ) -> Result<HttpResponse<Body>, Refusal> {
        let accepted = AcceptedUrls::default();
        let call = if posted.accepts.events {
            let questioner = Questioner {
                mailbox: self.legacy.mailbox.clone(),
                open: self.legacy.questions.clone(),
                principal: posted.principal.clone(),
                owner: living.session.owner,
                outlet: call.outlet.clone(),
                elicitation: living.revision.elicitation,
                timeout: self.config.input_timeout,
                tasks: self.tasks.clone(),
                accepted: accepted.clone(),
            };
            call.with_asking(Asking::Live(Arc::new(questioner)))
        } else {
            call
        };
        let answering = Answering {
            outlet: call.outlet.clone(),
            progress_token: call.progress_token.clone(),
            ..self.answering(id.clone(), living.revision)
        };
        let running = self.runtime.clone().call(call);
        let work = Work {
            inner: Arc::clone(self),
            running: Box::pin(async move {
                let Ok(outcome) = running.await;
                outcome
            }),
            answering,
            streaming: self.streaming(posted),
            registered: self.legacy.running.register(living.session.number, id.clone()),
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
    pub(super) fn told(&self, notification: &Notification, living: &Living) {
        if notification.method != Method::Cancelled {
            return;
        }
        let Some(id) = cancelled_request(notification.params.as_ref()) else {
            tracing::debug!("a cancellation names no request");
            return;
        };
        if !self.legacy.running.cancel(living.session.number, &id) {
            // It may have ended in the meantime, which the client cannot know.
            tracing::debug!("a cancellation is of a request that does not run here");
        }
    }

    /// Takes the answer to a question. Who posts one that nobody waits for is told nothing: it may have come too late.
    async fn answered(&self, posted: &Posted<'_>, session: NamedSession, response: Response) -> Result<(), Refusal> {
        if session.session().is_none() {
            return self.living(session, None).await.map(drop);
        }
        // Both at once: to one who waits, the answer of a session that was just ended is as good.
        let owner = owner_digest(&posted.principal);
        let (living, delivered) =
            tokio::join!(self.living(session, None), deliver(&self.legacy.mailbox, owner, response));
        living?;
        match delivered {
            Ok(true) => Ok(()),
            Ok(false) => {
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
        if let Err(error) = deliver(&self.legacy.mailbox, living.session.owner, response).await {
            tracing::warn!(%error, "an answer cannot be passed on");
        }
    }

    pub(super) fn streaming(&self, posted: &Posted<'_>) -> Streaming {
        Streaming {
            accepts: posted.accepts,
            after: self.config.stream_after_legacy,
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

/// Reads the params of `logging/setLevel`.
pub(crate) fn level(params: Option<&RawJson>) -> Result<LoggingLevel, ParamsError> {
    #[derive(Deserialize)]
    struct Level {
        level: Option<Box<RawValue>>,
    }
    let unreadable = ParamsError::WrongType { name: "params", expected: "an object with level" };
    let read: Level = match params {
        Some(params) => params.read().map_err(|_| unreadable)?,
        None => Level { level: None },
    };
    let level = read.level.ok_or(ParamsError::Missing { name: "level" })?;
    serde_json::from_str(level.get()).map_err(|_| ParamsError::WrongType {
        name: "level",
        expected: "one of debug, info, notice, warning, error, critical, alert, emergency",
    })
}
