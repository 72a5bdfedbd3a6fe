//! What to do with a line that the child wrote.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use outboard_protocol::error::code;
use outboard_protocol::jsonrpc::{Fault, MessageError};
use outboard_protocol::types::{Progress, ProgressToken};
use outboard_protocol::{ErrorObject, Message, Method, Notification, RawJson, Request, RequestId, Response};
use outboard_runtime::BackendFailure;
use serde::Deserialize;

use super::pending::Answer;
use super::{RequestError, Shared, write};

impl Shared {
    /// Takes a line: an answer to its request, a notification to whom it concerns, a request back with a refusal. What
    /// is none of these is skipped and counted.
    pub(super) fn receive(&self, line: &Bytes) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match Message::parse(line) {
            Ok(Message::Response(response)) => self.response(response),
            Ok(Message::Notification(notification)) => self.notification(&notification),
            Ok(Message::Request(request)) => self.request(&request),
            Err(error) => self.garbage(&error),
        }
    }

    fn response(&self, response: Response) {
        let id = match response.id {
            Some(RequestId::Integer(id)) => id,
            // A string is not one of our ids, whatever it spells.
            Some(RequestId::String(_)) => return self.counters.unexpected_answers.add(),
            None => {
                self.unaddressed_error.notify_one();
                return self.counters.unexpected_answers.add();
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
            self.counters.unexpected_answers.add();
        }
    }

    fn notification(&self, notification: &Notification) {
        match notification.method {
            Method::Progress => self.progress(notification.params.as_ref()),
            Method::ToolsListChanged => self.tools_changed.notify_one(),
            // A log line names no call, so it belongs to no caller: it stays here.
            Method::LogMessage => {
                let backend = &*self.backend;
                tracing::debug!(target: "outboard::child", backend, params = ?notification.params, "log message");
            }
            _ => {}
        }
    }

    fn progress(&self, params: Option<&RawJson>) {
        let Some(told) = params.and_then(|params| params.read::<ProgressParams>().ok()) else {
            return self.counters.garbage_lines.add();
        };
        let progress = Progress { progress: told.progress, total: told.total, message: told.message };
        let known = told.progress_token.as_integer().is_some_and(|id| self.pending.progress(id, progress));
        if !known {
            self.counters.unexpected_answers.add();
        }
    }

    fn request(&self, request: &Request) {
        let ping = request.method == Method::Ping;
        if !ping {
            self.counters.refused_requests.add();
        }
        // A modern server must send no requests, and a modern client must not answer them (specification: *stdio*).
        if self.modern.load(Ordering::Relaxed) {
            return;
        }
        let answer = if ping {
            write::empty_result(&request.id)
        } else {
            // Shared by all callers, a child is offered nothing of a client's: no roots, no sampling, no elicitation.
            let refusal = ErrorObject::new(code::METHOD_NOT_FOUND, "this client offers nothing that can be asked for");
            write::error(&request.id, &refusal)
        };
        if self.send(&answer).is_err() {
            self.counters.not_sent.add();
        }
    }

    fn garbage(&self, error: &MessageError) {
        let backend = &*self.backend;
        tracing::debug!(target: "outboard::child", backend, %error, "skipped a line that is no message");
        self.counters.garbage_lines.add();
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
            | MessageError::Batch => {}
        }
    }
}

fn invalid(fault: &str) -> RequestError {
    RequestError::Failed(BackendFailure::InvalidAnswer { fault: fault.into() })
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
