//! What a call tells and how it ends, as messages in its caller's words: the same over HTTP and stdio, in both eras.

use std::task::{Context, Poll};

use outboard_protocol::encode::{self, ServerIdentity, ServerResult};
use outboard_protocol::types::{InputRequest, ProgressToken};
use outboard_protocol::{RequestId, Revision};
use outboard_runtime::{Answer, Description, Event, Outcome, Outlet, Runtime};

/// What is needed to write a call's answer in its caller's words.
pub(crate) struct Answering {
    pub(crate) id: RequestId,
    pub(crate) revision: &'static Revision,
    pub(crate) outlet: Outlet,
    pub(crate) progress_token: Option<ProgressToken>,
    pub(crate) runtime: Runtime,
    /// Says what the server is, in the words of the caller's era.
    pub(crate) describe: fn(&Description, &'static Revision, &ServerIdentity) -> ServerResult,
}

impl Answering {
    /// The message of the next event that is one, or waits for it.
    pub(crate) fn poll_message(&self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        while let Poll::Ready(event) = self.outlet.poll_next(cx) {
            if let Some(message) = self.event(&event) {
                return Poll::Ready(message);
            }
        }
        Poll::Pending
    }

    /// The message of the next event that is one, if there is such already.
    pub(crate) fn try_message(&self) -> Option<Vec<u8>> {
        std::iter::from_fn(|| self.outlet.try_next()).find_map(|event| self.event(&event))
    }

    /// The message that an event is; `None` where the caller did not ask for such, or it is none.
    pub(crate) fn event(&self, event: &Event) -> Option<Vec<u8>> {
        match event {
            Event::Progress(progress) => self.progress_token.as_ref().map(|token| encode::progress(token, progress)),
            Event::Log(line) => Some(encode::log_message(line)),
            Event::Ask(id, question) => Some(self::question(id, question)),
            Event::Withdraw(id) => Some(encode::cancelled(id, Some("the answer is no longer waited for"))),
            Event::Reconnect(_) => None,
        }
    }

    /// The message that an outcome is.
    pub(crate) fn message(&self, outcome: &Outcome) -> Vec<u8> {
        let server = self.runtime.identity();
        match outcome {
            Ok(Answer::Result(result)) => encode::result(self.revision, server, &self.id, result),
            Ok(Answer::Described(description)) => {
                let result = (self.describe)(description, self.revision, server);
                encode::result(self.revision, server, &self.id, &result)
            }
            Err(error) => encode::error(Some(&self.id), &error.object(self.revision)),
        }
    }
}

/// The request by which a question is asked.
fn question(id: &RequestId, question: &InputRequest) -> Vec<u8> {
    let method = question.method();
    match question {
        InputRequest::Elicit(params) => encode::request(id, method.as_str(), params),
        InputRequest::CreateMessage(params) => encode::request(id, method.as_str(), params),
        InputRequest::ListRoots(params) => encode::request(id, method.as_str(), params),
    }
}
