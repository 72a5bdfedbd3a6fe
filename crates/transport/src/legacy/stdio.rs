//! Legacy requests on a pipe: the connection is the session, and what a session is told comes unasked between the answers.

mod questions;

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use outboard_protocol::encode::{self, ServerResult};
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::params::{Params, ParamsError};
use outboard_protocol::types::{Implementation, LoggingLevel};
use outboard_protocol::{
    Era, ErrorObject, Message, Method, ProtocolError, RawJson, Request, RequestId, Response, Revision,
};
use outboard_runtime::{Call, Change, Client, Operation, Runtime, Topics, Watching};

use self::questions::Questions;
use super::asking::{AcceptedUrls, askable};
use super::level::level;
use super::opening::{Opening, describe};
use super::subscribing::{NotSubscribable, subscribable};
use crate::modern::has_modern_meta;
use crate::operation::operation;
use crate::stdio::{Answered, Connection, Permit, refusal};
use crate::subscription::Changes;

/// The session of a connection.
#[derive(Debug)]
pub(crate) struct PipeSession {
    /// What `initialize` told; nothing before.
    client: Option<Client>,
    level: LoggingLevel,
    /// What is told unasked; nothing before the client is ready.
    changes: Option<Changes>,
    /// The resources that are subscribed to.
    watching: HashMap<Box<str>, Watching>,
    questions: Questions,
}

impl PipeSession {
    /// None yet. Questions are asked within these bounds.
    pub(crate) fn new(questions_max: usize, timeout: Duration) -> Self {
        Self {
            client: None,
            level: LoggingLevel::Info,
            changes: None,
            watching: HashMap::new(),
            questions: Questions::new(questions_max, timeout),
        }
    }

    /// The client is ready to be told of changes.
    pub(crate) async fn initialized(&mut self, runtime: &Runtime) {
        if self.client.is_none() || self.changes.is_some() {
            return;
        }
        let topics = Topics::lists_and(self.watching.keys().cloned());
        match runtime.notify().listen(topics, outboard_runtime::Since::Recently).await {
            Ok(listening) => self.changes = Some(Changes::new(listening)),
            Err(error) => tracing::warn!(%error, "the client is not told of changes"),
        }
    }

    /// The next change that the client is told of.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn changed(&mut self) -> Change {
        match &mut self.changes {
            Some(changes) => changes.next().await,
            None => pending().await,
        }
    }

    /// Takes the client's answer to a question.
    pub(crate) fn reply(&self, response: Response) {
        self.questions.reply(response);
    }

    /// The client answers nothing any more.
    pub(crate) fn close_questions(&self) {
        self.questions.close();
    }

    /// The revision that was agreed on.
    fn revision(&self) -> Option<&'static Revision> {
        self.client.as_ref().map(|client| client.revision)
    }
}

impl Connection {
    /// Begins a legacy request.
    pub(crate) fn legacy(&mut self, request: Request) -> Answered {
        let id = request.id.clone();
        self.begin_legacy(request).unwrap_or_else(|error| Answered::error(&id, &error.object()))
    }

    fn begin_legacy(&mut self, request: Request) -> Result<Answered, ProtocolError> {
        if request.method == Method::Initialize {
            return self.initialize(request);
        }
        // A ping is answered at any time (2025-11-25 *Lifecycle*).
        if request.method == Method::Ping {
            return Ok(self.empty(&request.id));
        }
        let Some(client) = self.session.client.clone() else {
            let message = "call initialize first, or name a protocol version without sessions in params._meta";
            return Ok(Answered::error(&request.id, &ErrorObject::new(code::INVALID_REQUEST, message)));
        };
        let params = Params::read(request.params.as_ref())?;
        match request.method {
            Method::SetLevel => {
                self.session.level = level(request.params.as_ref())?;
                Ok(self.empty(&request.id))
            }
            Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => self.subscribe(&request, &params),
            _ => self.begin_call(&request, &params, client),
        }
    }

    fn begin_call(&self, request: &Request, params: &Params<'_>, client: Client) -> Result<Answered, ProtocolError> {
        let progress_token = params.meta()?.progress_token()?;
        let operation = operation(Era::Legacy, request, params)?;
        let call = Call::new(operation, self.principal.clone(), client)
            .with_meta(params.meta.and_then(|raw| params.part(raw)))
            .with_telling(progress_token, Some(self.session.level));
        let accepted = AcceptedUrls::default();
        let elicitation = call.client.revision.elicitation;
        let questions = &self.session.questions;
        let call = call.with_asker(|outlet| questions.asker(outlet.clone(), elicitation, accepted.clone()));
        Ok(self.call(request.id.clone(), call, describe, move || accepted.completions().collect()))
    }

    /// Opens the session anew.
    fn initialize(&mut self, request: Request) -> Result<Answered, ProtocolError> {
        let opening = Opening::read(request.params.as_ref())?;
        let revision = opening.revision();
        let client = Client {
            revision,
            info: RawJson::of(&Implementation::new(&*opening.client_name, &*opening.client_version)).ok(),
            capabilities: askable(opening.capabilities, revision, true),
        };
        self.session.client = Some(client.clone());
        self.session.level = LoggingLevel::Info;
        self.session.changes = None;
        self.session.watching.clear();
        let call = Call::new(Operation::Describe, self.principal.clone(), client);
        Ok(self.call(request.id, call, describe, Vec::new))
    }

    /// `resources/subscribe` and its opposite.
    fn subscribe(&mut self, request: &Request, params: &Params<'_>) -> Result<Answered, ProtocolError> {
        let limits = self.config.subscriptions;
        let uri = match subscribable(&self.runtime, &self.principal, request, params, limits) {
            Ok(uri) => uri,
            Err(NotSubscribable::Protocol(error)) => return Err(error),
            Err(NotSubscribable::Refused(error)) => {
                let revision = self.session.revision().unwrap_or_else(Revision::assumed);
                return Ok(Answered::error(&request.id, &error.object(revision)));
            }
        };
        let PipeSession { watching, changes, .. } = &mut self.session;
        if request.method == Method::ResourcesUnsubscribe {
            watching.remove(&uri);
            if let Some(changes) = changes {
                changes.remove(&uri);
            }
        } else if !watching.contains_key(&uri) {
            if watching.len() >= limits.uris_max {
                let expected = "left out: the session has as many subscriptions as it may";
                return Err(ParamsError::WrongType { name: "uri", expected }.into());
            }
            if let Some(changes) = changes {
                changes.add(&uri);
            }
            let watched = self.runtime.watch(&uri);
            watching.insert(uri, watched);
        }
        Ok(self.empty(&request.id))
    }

    /// Takes a batch, in a session that knows them.
    pub(crate) async fn batch(&mut self, line: &Bytes, permit: Permit<'_>) {
        if !self.session.revision().is_some_and(|revision| revision.batches) {
            return permit.send(refusal(MessageError::Batch));
        }
        let items = match Message::parse_batch(line) {
            Ok(items) => items,
            Err(error) => return permit.send(refusal(error)),
        };
        let mut answered = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Ok(Message::Request(request)) => answered.push(self.batched(request)),
                Ok(Message::Notification(notification)) => {
                    if matches!(has_modern_meta(notification.params.as_ref()), Ok(false)) {
                        self.notification(&notification).await;
                    }
                }
                Ok(Message::Response(response)) => self.session.reply(response),
                Err(error) => answered.push(Answered::Now(refusal(error))),
            }
        }
        drop(permit);
        if !answered.is_empty() {
            self.answer_batch(answered);
        }
    }

    /// Begins a request of a batch.
    fn batched(&mut self, request: Request) -> Answered {
        // Modern revisions have no batches, as little as over HTTP.
        let error = match has_modern_meta(request.params.as_ref()) {
            // 2025-03-26 *Lifecycle*: it must not be part of a batch.
            Ok(false) if request.method == Method::Initialize => {
                ErrorObject::new(code::INVALID_REQUEST, "initialize cannot be part of a batch")
            }
            Ok(false) => match self.same_id(&request.id) {
                Some(refused) => return refused,
                None => return self.legacy(request),
            },
            Ok(true) => ProtocolError::from(MessageError::Batch).object(),
            Err(error) => ProtocolError::from(error).object(),
        };
        Answered::error(&request.id, &error)
    }

    /// The answer without members.
    fn empty(&self, id: &RequestId) -> Answered {
        let revision = self.session.revision().unwrap_or_else(Revision::assumed);
        Answered::Now(encode::result(revision, self.runtime.identity(), id, &ServerResult::Empty))
    }
}
