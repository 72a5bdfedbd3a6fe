//! One request to an upstream server and its result, whatever form the answer takes.

use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};
use outboard_protocol::{Method, RawJson, encode, headers};
use serde::Serialize;

use super::answer::{Answering, OnProgress, one_answer};
use super::dialect::Dialect;
use super::error::ExchangeError;
use super::wire::{COURTESY_TIMEOUT, MediaType, Wire, media_type};

/// A request of ours, ready to be sent.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) id: i64,
    pub(super) method: Method,
    /// What `Mcp-Name` says.
    pub(super) name: Option<&'a str>,
    /// `Mcp-Param-*`.
    pub(super) param_headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) timeout: Duration,
}

/// The result of a request, and the session that it opened.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) result: RawJson,
    pub(super) session: Option<HeaderValue>,
}

/// Sends a request without a name or progress, and returns its result.
pub(super) async fn ask<T: Serialize + Sync>(
    wire: &Wire,
    dialect: &Dialect,
    method: Method,
    params: &T,
    timeout: Duration,
) -> Result<Answer, ExchangeError> {
    let id = wire.next_id();
    let body = encode::request(&id.into(), method.as_str(), params);
    let outgoing = Outgoing { dialect, id, method, name: None, param_headers: HeaderMap::new(), body, timeout };
    exchange(wire, outgoing, &mut |_| {}).await
}

/// Sends a request and returns its result.
pub(super) async fn exchange(
    wire: &Wire,
    outgoing: Outgoing<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Answer, ExchangeError> {
    let (dialect, id, timeout) = (outgoing.dialect, outgoing.id, outgoing.timeout);
    match tokio::time::timeout(timeout, Box::pin(unbounded(wire, outgoing, on_progress))).await {
        Ok(outcome) => outcome,
        Err(_) => {
            cancel(wire, dialect, id).await;
            Err(ExchangeError::Timeout { after: timeout })
        }
    }
}

async fn unbounded(wire: &Wire, outgoing: Outgoing<'_>, on_progress: OnProgress<'_>) -> Result<Answer, ExchangeError> {
    let Outgoing { dialect, id, method, name, param_headers, body, .. } = outgoing;
    let mut headers = wire.post_headers(dialect, &method, name);
    headers.extend(param_headers);
    let response = wire.post(dialect, headers, body).await?;
    let session = response.headers().get(headers::SESSION_ID).cloned();
    let result = match media_type(&response) {
        MediaType::Json => one_answer(&response.bytes_within(wire.message_bytes_max).await?, id)?,
        MediaType::EventStream => Answering::new(wire, dialect, id, on_progress).read(response).await?,
        MediaType::Other(content_type) => return Err(ExchangeError::NotMcp { content_type }),
    };
    Ok(Answer { result, session })
}

/// Tells a legacy server that nobody waits any more. A modern one knows it from the closed connection, and `initialize`
/// must not be cancelled.
async fn cancel(wire: &Wire, dialect: &Dialect, id: i64) {
    if !matches!(dialect, Dialect::Legacy { .. }) {
        return;
    }
    let params = serde_json::json!({ "requestId": id, "reason": "the client's time was up" });
    let body = encode::notification(Method::Cancelled.as_str(), &params);
    if let Err(error) = wire.tell(dialect, &Method::Cancelled, body, COURTESY_TIMEOUT).await {
        tracing::debug!(%error, "the upstream server was not told of a cancellation");
    }
}
