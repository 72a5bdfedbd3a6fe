//! Several messages in one body: in sessions of revisions that knew them (2025-03-26 *Sending Messages to the Server*).
//!
//! The answers come together, when the last is there. What a call tells before its result is left out, and it cannot ask its
//! client anything: there is no stream that would belong to one call alone.

use std::sync::Arc;

use ::http::{Response, StatusCode};
use futures_util::future::join_all;
use outboard_protocol::headers::HeaderMismatch;
use outboard_protocol::jsonrpc::MessageError;
use outboard_protocol::{Message, Method, Request, RequestId};
use outboard_runtime::{CallError, Outcome, ResponseFuture};
use tower_service::Service as _;

use super::answer::cancelled;
use super::requests::Wanted;
use super::running::{Registered, SessionKey};
use super::session::Living;
use crate::http::body::Body;
use crate::http::media::Accepts;
use crate::http::refusal::Refusal;
use crate::http::{Endpoint, Posted, empty, has_modern_meta, id_of, json, may_be_legacy, sse, version_header};

impl Endpoint {
    /// Serves a batch.
    pub(crate) async fn batch(self: &Arc<Self>, posted: Posted<'_>) -> Result<Response<Body>, Refusal> {
        let version = version_header(&posted.parts.headers).map_err(|error| Refusal::protocol(None, error))?;
        let session = self.named_session(version, &posted)?;
        if !may_be_legacy(version) || session.revision().is_some_and(|revision| !revision.batches) {
            return Err(MessageError::Batch.into());
        }
        let items = Message::parse_batch(posted.bytes)?;
        for message in items.iter().flatten() {
            if has_modern_meta(message)? {
                return Err(Refusal::protocol(None, HeaderMismatch::EraMismatch));
            }
            if matches!(message, Message::Request(request) if request.method == Method::Initialize) {
                return Err(Refusal::InitializeInBatch);
            }
        }
        let living = self.living(session, None).await?;
        let takes_events = posted.accepts.events;
        let requests: Vec<RequestId> = items.iter().flatten().filter_map(id_of).collect();
        let posted = Posted { accepts: Accepts { events: false, ..posted.accepts }, ..posted };
        let answers = join_all(items.into_iter().map(|item| self.item(&posted, item, &living))).await;
        let mut answers: Vec<Vec<u8>> = answers.into_iter().flatten().collect();
        if answers.is_empty() && requests.is_empty() {
            return Ok(empty(StatusCode::ACCEPTED));
        }
        if answers.is_empty() {
            // All requests were cancelled. An array has at least one answer; a stream need not have any.
            if takes_events {
                return Ok(sse::response(futures_util::stream::empty(), self.config.keep_alive));
            }
            answers.extend(requests.iter().map(cancelled));
        }
        if posted.accepts.json || !takes_events {
            let array = [b"[".as_slice(), &answers.join(&b','), b"]"].concat();
            return Ok(json(StatusCode::OK, array));
        }
        let mut events = Vec::new();
        answers.iter().for_each(|answer| sse::write_message(&mut events, answer));
        let events = futures_util::stream::iter([events.into()]);
        Ok(sse::response(events, self.config.keep_alive))
    }

    /// Serves one message of a batch. Returns its answer, if it has one.
    async fn item(
        self: &Arc<Self>,
        posted: &Posted<'_>,
        item: Result<Message, MessageError>,
        living: &Living,
    ) -> Option<Vec<u8>> {
        match item {
            Ok(Message::Request(request)) => self.item_answer(posted, request, living).await,
            Ok(Message::Notification(notification)) => {
                self.told(&notification, &living.session);
                None
            }
            Ok(Message::Response(response)) => {
                self.answered_in(living, response).await;
                None
            }
            Err(error) => Some(Refusal::from(error).message()),
        }
    }

    /// The answer to a request of a batch; none, if it was cancelled.
    async fn item_answer(self: &Arc<Self>, posted: &Posted<'_>, request: Request, living: &Living) -> Option<Vec<u8>> {
        let outcome = match self.wanted(posted, &request, living).await {
            Err(refusal) => return Some(refusal.message()),
            Ok(Wanted::Outcome(outcome)) => *outcome,
            Ok(Wanted::Call(call)) => {
                let registered = self.legacy.running.register(SessionKey::of(&living.session), request.id.clone());
                // In a task of its own, because a disconnect does not cancel it.
                let task = self.tasks.spawn(run(self.runtime.clone().call(*call), registered));
                task.await.unwrap_or(Some(Err(CallError::Panicked)))?
            }
        };
        Some(self.answering(request.id, living.revision).message(&outcome))
    }
}

/// Runs a call to its end; `None` when it is cancelled.
async fn run(call: ResponseFuture, registered: Registered) -> Option<Outcome> {
    tokio::select! {
        biased;
        () = registered.cancelled() => None,
        Ok(outcome) = call => Some(outcome),
    }
}
