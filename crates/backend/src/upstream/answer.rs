//! The answer to one request: a JSON body, or an event stream that ends with it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use outboard_fetch::{FetchError, Response};
use outboard_protocol::error::code;
use outboard_protocol::types::{Progress, ProgressToken};
use outboard_protocol::{ErrorObject, Message, Method, Notification, RawJson, Request, encode, jsonrpc};
use serde::Deserialize;

use super::dialect::Dialect;
use super::error::ExchangeError;
use super::sse::{SseEvent, SseLimits, SseParser};
use super::wire::{COURTESY_TIMEOUT, Wire};

/// Who hears of progress.
pub(super) type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Reads the one message of a JSON body.
pub(super) fn one_answer(body: &Bytes, id: i64) -> Result<RawJson, ExchangeError> {
    match Message::parse(body)? {
        Message::Response(response) => result_of(response, id),
        Message::Request(_) | Message::Notification(_) => Err(ExchangeError::NoResponse),
    }
}

fn result_of(response: jsonrpc::Response, id: i64) -> Result<RawJson, ExchangeError> {
    // An error may lack the id: the server could not read it. A result may not.
    if response.id != Some(id.into()) && !(response.id.is_none() && response.outcome.is_err()) {
        return Err(ExchangeError::WrongId { expected: id.into(), got: response.id });
    }
    response.outcome.map_err(ExchangeError::Remote)
}

/// One request's event stream, over all connections that it takes.
pub(super) struct Answering<'a> {
    wire: &'a Wire,
    dialect: &'a Dialect,
    id: i64,
    on_progress: OnProgress<'a>,
    /// Requests of the server that were answered.
    answered: usize,
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

impl<'a> Answering<'a> {
    pub(super) fn new(wire: &'a Wire, dialect: &'a Dialect, id: i64, on_progress: OnProgress<'a>) -> Self {
        Self { wire, dialect, id, on_progress, answered: 0, last_event_id: None, retry: None }
    }

    /// Reads up to the result; a legacy stream that breaks off is resumed where the server allows that.
    pub(super) async fn read(mut self, first: Response) -> Result<RawJson, ExchangeError> {
        let mut response = first;
        for _ in 0..CONNECTIONS_MAX {
            let end = match self.read_connection(&mut response).await {
                Ok(Some(result)) => return Ok(result),
                Ok(None) => ExchangeError::StreamEnded,
                Err(ExchangeError::Fetch(error @ FetchError::Broken { .. })) => error.into(),
                Err(error) => return Err(error),
            };
            let resumable = matches!(self.dialect, Dialect::Legacy { .. });
            let Some(last) = self.last_event_id.as_deref().filter(|id| resumable && !id.is_empty()) else {
                return Err(end);
            };
            tokio::time::sleep(self.retry.unwrap_or(RETRY).max(RETRY_MIN)).await;
            response = self.wire.resume(self.dialect, last).await?;
        }
        Err(ExchangeError::StreamEnded)
    }

    /// Reads one connection up to the result, or to its end.
    async fn read_connection(&mut self, response: &mut Response) -> Result<Option<RawJson>, ExchangeError> {
        let bytes_max = self.wire.message_bytes_max;
        // A line has a field's name in front of its data.
        let line_bytes_max = bytes_max.saturating_add("data: ".len());
        let mut parser = SseParser::new(SseLimits { line_bytes_max, event_bytes_max: bytes_max });
        let mut events = VecDeque::new();
        while let Some(chunk) = response.chunk().await? {
            let outcome = parser.push(&chunk, &mut events);
            if let Some(id) = parser.last_event_id() {
                self.last_event_id = Some(id.to_owned());
            }
            self.retry = parser.retry().or(self.retry);
            while let Some(event) = events.pop_front() {
                if let Some(result) = self.on_event(&event).await? {
                    return Ok(Some(result));
                }
            }
            outcome?;
        }
        Ok(None)
    }

    async fn on_event(&mut self, event: &SseEvent) -> Result<Option<RawJson>, ExchangeError> {
        let is_message = matches!(event.kind.as_str(), "" | "message");
        // An event without data only carries an id to resume from.
        if !is_message || event.data.is_empty() {
            return Ok(None);
        }
        match Message::parse(&event.data)? {
            Message::Response(response) => return result_of(response, self.id).map(Some),
            Message::Notification(notification) => self.on_notification(&notification),
            Message::Request(request) => self.on_request(&request).await?,
        }
        Ok(None)
    }

    fn on_notification(&mut self, notification: &Notification) {
        let (Method::Progress, Some(params)) = (&notification.method, &notification.params) else { return };
        let token = params.read::<ProgressOf>().ok().map(|of| of.progress_token);
        if token != Some(ProgressToken::from(self.id)) {
            return;
        }
        if let Ok(progress) = params.read::<Progress>() {
            (self.on_progress)(progress);
        }
    }

    /// Answers what a legacy server asks: it is told that we are alive, and refused everything else. A modern server may
    /// not ask here, and is not heard.
    async fn on_request(&mut self, request: &Request) -> Result<(), ExchangeError> {
        if self.dialect.is_modern() {
            tracing::debug!(method = %request.method, "a modern upstream server sent a request");
            return Ok(());
        }
        self.answered += 1;
        if self.answered > REQUESTS_MAX {
            return Err(ExchangeError::TooManyRequests { max: REQUESTS_MAX });
        }
        let body = if request.method == Method::Ping {
            let mut body = b"{\"jsonrpc\":\"2.0\",\"id\":".to_vec();
            request.id.write(&mut body);
            body.extend_from_slice(b",\"result\":{}}");
            body
        } else {
            let message = "this client has declared no capability to answer requests";
            encode::error(Some(&request.id), &ErrorObject::new(code::METHOD_NOT_FOUND, message))
        };
        if let Err(error) = self.wire.tell(self.dialect, &request.method, body, COURTESY_TIMEOUT).await {
            tracing::debug!(%error, "a request of the upstream server was not answered");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProgressOf {
    progress_token: ProgressToken,
}

/// Most requests of the server that are answered during one of ours.
const REQUESTS_MAX: usize = 64;

/// Most connections that one answer may take.
const CONNECTIONS_MAX: usize = 100;

/// The wait before resuming, where the server names none, and the shortest one.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MIN: Duration = Duration::from_millis(20);
