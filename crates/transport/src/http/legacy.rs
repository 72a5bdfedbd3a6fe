//! Legacy requests: everything that only clients up to 2025-11-25 need. The day they are gone, this file goes.
//!
//! There is no GET stream yet, and nothing is sent to a client but the answers to its requests; batches are refused, and
//! `notifications/cancelled` is taken and changes nothing.

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, request};
use outboard_identity::Principal;
use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::types::{ClientCapabilities, Implementation, InitializeResult};
use outboard_protocol::{Header, Message, Method, RawJson, Request, RequestId, Revision};
use outboard_runtime::{Answer, Call, CallError, Client, Description, Operation, Outcome, Outlet};
use outboard_store::{NewSession, OwnerDigest, Session, SessionId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tower_service::Service as _;

use super::body::Body;
use super::headers::{SESSION_ID, single};
use super::modern::common_operation;
use super::refusal::Refusal;
use super::respond::{Answering, RunningCall, Streaming, respond};
use super::{Inner, Posted, empty, may_be_legacy, version_header};

/// The session that a request names.
pub(super) enum NamedSession {
    /// It names none.
    None,
    /// It names one that this caller has, of a revision that is still served.
    Open(Box<Session>, &'static Revision),
    /// It names one that does not exist for this caller.
    Unknown,
}

impl NamedSession {
    pub(super) fn revision(&self) -> Option<&'static Revision> {
        match self {
            Self::Open(_, revision) => Some(revision),
            Self::None | Self::Unknown => None,
        }
    }
}

impl Inner {
    /// Opens the session that a request names, without asking the store. A modern header hides it: sessions do not exist
    /// there.
    pub(super) fn named_session(&self, version: Header<'_>, posted: &Posted<'_>) -> Result<NamedSession, Refusal> {
        if !may_be_legacy(version) {
            return Ok(NamedSession::None);
        }
        self.open_session(&posted.parts.headers, &posted.principal)
    }

    fn open_session(&self, headers: &HeaderMap, principal: &Principal) -> Result<NamedSession, Refusal> {
        let Some(id) = single(headers, &SESSION_ID)? else { return Ok(NamedSession::None) };
        // What is no text is no id of ours.
        let id = std::str::from_utf8(id).unwrap_or_default();
        match self.sessions.open(id, owner_digest(principal)) {
            Ok(session) => Ok(Revision::served(&session.revision)
                .map_or(NamedSession::Unknown, |revision| NamedSession::Open(Box::new(session), revision))),
            Err(error) => {
                tracing::debug!(kind = error.kind().as_str(), "a session id was not accepted");
                Ok(NamedSession::Unknown)
            }
        }
    }

    /// Serves a legacy message.
    pub(super) async fn legacy(
        &self,
        posted: Posted<'_>,
        message: Message,
        revision: &'static Revision,
        session: NamedSession,
    ) -> Result<Response<Body>, Refusal> {
        let (id, request) = match message {
            // Opens a new session, whatever session the request names.
            Message::Request(request) if request.method == Method::Initialize => {
                return self.initialize(&posted, request).await;
            }
            Message::Request(request) => (Some(request.id.clone()), Some(request)),
            Message::Notification(_) | Message::Response(_) => (None, None),
        };
        let session = self.living(session, id).await?;
        match request {
            Some(request) => self.legacy_request(&posted, request, revision, &session).await,
            None => Ok(empty(StatusCode::ACCEPTED)),
        }
    }

    /// The session, if it has not been ended. When the store cannot tell, it is taken to live: a session is no credential,
    /// and what it would lose is everyone's work.
    async fn living(&self, session: NamedSession, id: Option<RequestId>) -> Result<Box<Session>, Refusal> {
        let session = match session {
            NamedSession::None => return Err(Refusal::SessionMissing { id }),
            NamedSession::Unknown => return Err(Refusal::SessionNotFound { id }),
            NamedSession::Open(session, _) => session,
        };
        match self.sessions.is_terminated(&session).await {
            Ok(false) => Ok(session),
            Ok(true) => Err(Refusal::SessionNotFound { id }),
            Err(error) => {
                tracing::warn!(%error, "the store cannot tell whether a session was ended: it is served");
                Ok(session)
            }
        }
    }

    async fn legacy_request(
        &self,
        posted: &Posted<'_>,
        request: Request,
        revision: &'static Revision,
        session: &Session,
    ) -> Result<Response<Body>, Refusal> {
        let refuse = |error| Refusal::legacy(request.id.clone(), error);
        let params = Params::read(request.params.as_ref()).map_err(|error| refuse(error.into()))?;
        let meta = params.meta().map_err(|error| refuse(error.into()))?;
        let progress_token = meta.progress_token().map_err(|error| refuse(error.into()))?;
        if request.method == Method::Ping {
            let result = Ok(Answer::Result(ServerResult::Empty));
            let call = RunningCall::new(Box::pin(std::future::ready(result)));
            return Ok(self.answer(posted, call, self.answering(request.id, revision)).await);
        }
        let operation = common_operation(&request.method, &params, posted).map_err(refuse)?;
        let client = client_of(session, revision);
        let call = Call::new(operation, posted.principal.clone(), client)
            .with_meta(params.meta.map(|raw| RawJson::slice_of(posted.bytes, raw)))
            .with_progress(progress_token);
        let answering = Answering {
            outlet: call.outlet.clone(),
            progress_token: call.progress_token.clone(),
            ..self.answering(request.id, revision)
        };
        Ok(self.answer(posted, self.run(call), answering).await)
    }

    /// Runs a call. A tool runs in a task of its own, because a disconnect does not cancel it in these revisions.
    fn run(&self, call: Call) -> RunningCall {
        let is_tool = matches!(call.operation, Operation::CallTool(_));
        let running = self.runtime.clone().call(call);
        let outcome = async move {
            let Ok(outcome) = running.await;
            outcome
        };
        if !is_tool {
            return RunningCall::new(Box::pin(outcome));
        }
        let task = self.tasks.spawn(outcome);
        RunningCall::new(Box::pin(async move {
            let outcome: Outcome = task.await.unwrap_or(Err(CallError::Panicked));
            outcome
        }))
    }

    async fn answer(&self, posted: &Posted<'_>, running: RunningCall, answering: Answering) -> Response<Body> {
        let streaming = Streaming {
            accepts: posted.accepts,
            after: self.config.stream_after_legacy,
            keep_alive: self.config.keep_alive,
        };
        respond(running, answering, streaming).await
    }

    fn answering(&self, id: RequestId, revision: &'static Revision) -> Answering {
        Answering {
            id,
            revision,
            outlet: Outlet::closed(),
            progress_token: None,
            runtime: self.runtime.clone(),
            describe,
        }
    }

    /// Opens a session: its id holds all of it.
    async fn initialize(&self, posted: &Posted<'_>, request: Request) -> Result<Response<Body>, Refusal> {
        let id = request.id;
        let asked = asked(request.params.as_ref()).map_err(|error| Refusal::legacy(id.clone(), error))?;
        let revision = Revision::negotiate(&asked.protocol_version);
        let session = self.open(&posted.principal, revision, &asked, &id)?;
        let client = client_of(&session.1, revision);
        let running = self.run(Call::new(Operation::Describe, posted.principal.clone(), client));
        let mut response = self.answer(posted, running, self.answering(id.clone(), revision)).await;
        let header = HeaderValue::from_str(session.0.as_str()).map_err(|_| Refusal::Internal { id: Some(id) })?;
        response.headers_mut().insert(&SESSION_ID, header);
        Ok(response)
    }

    fn open(
        &self,
        principal: &Principal,
        revision: &'static Revision,
        asked: &Asked,
        id: &RequestId,
    ) -> Result<(SessionId, Session), Refusal> {
        let capabilities = ClientCapabilities::from_json(asked.capabilities.get()).ok_or_else(|| {
            Refusal::legacy(id.clone(), ParamsError::WrongType { name: "capabilities", expected: OBJECTS })
        })?;
        let new = NewSession {
            owner: owner_digest(principal),
            revision: revision.name,
            capabilities: capabilities.bits(),
            client_name: &asked.client_info.name,
            client_version: &asked.client_info.version,
        };
        self.sessions.create(new).map_err(|error| {
            tracing::error!(%error, "a session could not be sealed");
            Refusal::Internal { id: Some(id.clone()) }
        })
    }

    /// Ends a session: DELETE with its id.
    pub(super) async fn delete(&self, parts: &request::Parts) -> Result<Response<Body>, Refusal> {
        let version = version_header(&parts.headers).map_err(|error| Refusal::protocol(None, error))?;
        if !may_be_legacy(version) {
            return Err(Refusal::MethodNotAllowed);
        }
        let principal = self.principal(parts)?;
        let session = self.open_session(&parts.headers, &principal)?;
        let session = self.living(session, None).await?;
        self.sessions.terminate(&session).await.map_err(|error| {
            tracing::warn!(%error, "a session could not be ended");
            Refusal::StoreUnavailable
        })?;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

const OBJECTS: &str = "an object of objects";

/// What a session is opened by. The rest of what a client says about itself is for display, and not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    protocol_version: String,
    capabilities: Box<RawValue>,
    client_info: ClientName,
}

#[derive(Deserialize)]
struct ClientName {
    name: String,
    version: String,
}

fn asked(params: Option<&RawJson>) -> Result<Asked, ParamsError> {
    let params = params.ok_or(ParamsError::Missing { name: "params" })?;
    let expected = "an object with protocolVersion, capabilities and clientInfo {name, version}";
    params.read().map_err(|_| ParamsError::WrongType { name: "params", expected })
}

/// The client of a session.
fn client_of(session: &Session, revision: &'static Revision) -> Client {
    Client {
        revision,
        info: RawJson::of(&Implementation::new(&*session.client_name, &*session.client_version)).ok(),
        capabilities: ClientCapabilities::from_bits(session.capabilities),
    }
}

fn owner_digest(principal: &Principal) -> OwnerDigest {
    OwnerDigest::of(&principal.owner().to_bytes())
}

fn describe(description: &Description, revision: &'static Revision, server: &ServerIdentity) -> ServerResult {
    ServerResult::Initialize(InitializeResult {
        protocol_version: revision.name.to_owned(),
        capabilities: description.capabilities.clone(),
        server_info: server.info().clone(),
        instructions: description.instructions.clone(),
    })
}
