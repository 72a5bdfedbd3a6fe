//! What to do with a line that the child wrote.

use std::sync::Arc;

use bytes::Bytes;
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::{Fault, MessageError};
use outboard_protocol::params::cancelled_request;
use outboard_protocol::types::{InputRequest, LogMessage, Progress, ProgressToken};
use outboard_protocol::{ErrorObject, Message, Method, Notification, RawJson, Request, RequestId, Response, encode};
use outboard_runtime::{BackendFailure, Event};
use serde::Deserialize;

use super::changes::Lists;
use super::pending::Answer;
use super::questions::{NotOpened, Question};
use super::{RequestError, Shared, write};

impl Shared {
    /// Takes a line: an answer to its request, a notification to whom it concerns, a request to who answers it. What is none
    /// of these is skipped and counted.
    pub(super) fn receive(self: &Arc<Self>, line: &Bytes) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match Message::parse(line) {
            Err(MessageError::Batch) if self.revision.get().is_some_and(|revision| revision.batches) => {
                self.batch(line);
            }
            message => self.message(message),
        }
    }

    fn message(self: &Arc<Self>, message: Result<Message, MessageError>) {
        match message {
            Ok(Message::Response(response)) => self.response(response),
            Ok(Message::Notification(notification)) => self.notification(&notification),
            Ok(Message::Request(request)) => self.request(&request),
            Err(error) => self.garbage(&error),
        }
    }

    /// Several messages in one line: each is taken as if it had its own (2025-03-26: *Batching*).
    fn batch(self: &Arc<Self>, line: &Bytes) {
        match Message::parse_batch(line) {
            Ok(messages) => messages.into_iter().for_each(|message| self.message(message)),
            Err(error) => self.garbage(&error),
        }
    }

    fn response(&self, response: Response) {
        let counters = &self.surroundings.counters;
        let id = match response.id {
            Some(RequestId::Integer(id)) => id,
            // A string is not one of our ids, whatever it spells.
            Some(RequestId::String(_)) => return counters.unexpected_answers.add(),
            None => {
                self.unaddressed_error.notify_one();
                return counters.unexpected_answers.add();
            }
        };
        let answer = match response.outcome {
            Ok(result) if result.is_object() => Ok(result),
            Ok(_) => Err(invalid("the result is not an object")),
            Err(error) => Err(RequestError::Answered(error)),
        };
        self.answer(id, answer);
    }

    fn answer(&self, id: i64, answer: Answer) {
        if !self.pending.answer(id, answer) {
            self.surroundings.counters.unexpected_answers.add();
        }
    }

    fn notification(&self, notification: &Notification) {
        let params = notification.params.as_ref();
        let understood = match notification.method {
            Method::Progress => self.progress(params),
            Method::LogMessage => self.log_message(params),
            Method::Cancelled => self.cancelled(params),
            Method::ResourcesUpdated => self.resource_updated(params),
            _ => {
                self.changes.add(Lists::told_by(&notification.method));
                Some(())
            }
        };
        if understood.is_none() {
            self.surroundings.counters.garbage_lines.add();
        }
    }

    fn progress(&self, params: Option<&RawJson>) -> Option<()> {
        let told: ProgressParams = params?.read().ok()?;
        let progress = Progress { progress: told.progress, total: told.total, message: told.message };
        let known = told.progress_token.as_integer().is_some_and(|id| self.pending.progress(id, progress));
        if !known {
            self.surroundings.counters.unexpected_answers.add();
        }
        Some(())
    }

    /// A log line names no call. It goes to a caller only where it can be no other's; else it stays here.
    fn log_message(&self, params: Option<&RawJson>) -> Option<()> {
        let message: LogMessage = params?.read().ok()?;
        match self.pending.attribute_log(message.level) {
            Ok(outlet) => outlet.tell(Event::Log(message)),
            Err(_) => {
                let counters = &self.surroundings.counters;
                counters.kept_log_messages.add();
                self.messages.write(&message, &self.surroundings.backend, counters);
            }
        }
        Some(())
    }

    /// A legacy child withdraws a question; a modern one ends a listen request (2026-07-28: *Cancellation*).
    fn cancelled(&self, params: Option<&RawJson>) -> Option<()> {
        let id = cancelled_request(params)?;
        if !self.is_modern() {
            // One that is answered already is nobody's fault: the two crossed.
            self.questions.withdraw(&id);
        } else if let RequestId::Integer(id) = id {
            self.pending.end_own(id);
        }
        Some(())
    }

    fn resource_updated(&self, params: Option<&RawJson>) -> Option<()> {
        #[derive(Deserialize)]
        struct Params {
            uri: String,
        }
        let params: Params = params?.read().ok()?;
        self.surroundings.updates.told(&params.uri);
        Some(())
    }

    fn request(self: &Arc<Self>, request: &Request) {
        // A modern server must send no requests, and a modern client must not answer them (specification: *stdio*).
        if self.is_modern() {
            return self.surroundings.counters.refused_requests.add();
        }
        match (&request.method, &self.surroundings.askable.roots) {
            (Method::Ping, _) => self.reply(&write::result(&request.id, b"{}")),
            // Never a caller's: theirs are on their own machines, and would open ours.
            (Method::RootsList, Some(roots)) => self.reply(&write::result(&request.id, roots.as_bytes())),
            (Method::Elicit | Method::CreateMessage, _) if self.surroundings.askable.callers => {
                if let Err(refusal) = self.question(request) {
                    self.refuse(&request.id, &refusal);
                }
            }
            _ => {
                let refusal = "this client does not offer that";
                self.refuse(&request.id, &ErrorObject::new(code::METHOD_NOT_FOUND, refusal));
            }
        }
    }

    /// Hands a question to the caller that it is for.
    fn question(self: &Arc<Self>, request: &Request) -> Result<(), ErrorObject> {
        let refused = |code, why: String| ErrorObject::new(code, why);
        let asked = input_request(request)
            .ok_or_else(|| refused(code::INVALID_PARAMS, "the params do not have the form of a question".to_owned()))?;
        let caller = self
            .pending
            .attribute_question(&asked)
            .map_err(|nobody| refused(code::METHOD_NOT_FOUND, format!("nobody is asked: {nobody}")))?;
        let refused_silently = match Question::take(self, &request.id, asked) {
            // A call that has just ended: the question answers itself when it is dropped.
            Ok(question) => caller.try_send(question).is_err(),
            // An answer would be taken for that of the question which has the id already.
            Err(NotOpened::IdInUse) => true,
            Err(NotOpened::TooMany) => {
                return Err(refused(code::UNAVAILABLE, "too many questions are open".to_owned()));
            }
        };
        if refused_silently {
            self.surroundings.counters.refused_requests.add();
        }
        Ok(())
    }

    fn refuse(&self, id: &RequestId, refusal: &ErrorObject) {
        let backend = &*self.surroundings.backend;
        tracing::debug!(target: "outboard::child", backend, refusal = &*refusal.message, "refused a request of a child");
        self.surroundings.counters.refused_requests.add();
        self.reply(&encode::error(Some(id), refusal));
    }

    fn garbage(&self, error: &MessageError) {
        let backend = &*self.surroundings.backend;
        tracing::debug!(target: "outboard::child", backend, %error, "skipped a line that is no message");
        self.surroundings.counters.garbage_lines.add();
        match error {
            // A broken answer is still the end of its request.
            MessageError::Invalid { id: Some(RequestId::Integer(id)), fault: fault @ (Fault::Kind | Fault::Error) } => {
                self.pending.answer(*id, Err(invalid(&fault.to_string())));
            }
            // JSON-RPC 2.0 itself answers a message whose id cannot be read with the id `null`.
            MessageError::Invalid { id: None, fault: Fault::Id } => self.unaddressed_error.notify_one(),
            MessageError::Invalid { .. }
            | MessageError::NotUtf8 { .. }
            | MessageError::Syntax { .. }
            | MessageError::TooDeep { .. }
            | MessageError::Batch
            | MessageError::EmptyBatch
            | MessageError::BatchTooLong { .. } => {}
        }
    }
}

fn invalid(fault: &str) -> RequestError {
    RequestError::Failed(BackendFailure::InvalidAnswer { fault: fault.into() })
}

/// The question that a request is, if it has the form of one.
fn input_request(request: &Request) -> Option<InputRequest> {
    let params = request.params.as_ref()?;
    match request.method {
        Method::Elicit => params.read().map(InputRequest::Elicit).ok(),
        Method::CreateMessage => params.read().map(InputRequest::CreateMessage).ok(),
        _ => None,
    }
}

/// The params of `notifications/progress`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProgressParams {
    progress_token: ProgressToken,
    progress: f64,
    total: Option<f64>,
    message: Option<String>,
}
