//! HTTP requests to one upstream server, and what their statuses and media types mean.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, Method as HttpMethod, StatusCode};
use outboard_fetch::{Fetcher, Limits, Request, Response, Target};
use outboard_protocol::{ErrorObject, Method, headers};
use serde::Deserialize;

use super::dialect::Dialect;
use super::error::{ExchangeError, shown, shown_header};
use super::options::ClientOptions;

/// The way to one server.
#[derive(Debug)]
pub(super) struct Wire {
    fetcher: Fetcher,
    pub(super) target: Target,
    /// Sent with every request; ours win where they have the same name.
    headers: HeaderMap,
    pub(super) message_bytes_max: usize,
    stream_bytes_max: usize,
    last_id: AtomicI64,
}

impl Wire {
    pub(super) fn new(fetcher: Fetcher, target: Target, options: &ClientOptions) -> Self {
        Self {
            fetcher,
            target,
            headers: options.headers.clone(),
            message_bytes_max: options.message_bytes_max,
            stream_bytes_max: options.stream_bytes_max,
            last_id: AtomicI64::new(0),
        }
    }

    /// An id that no other request of this client has.
    pub(super) fn next_id(&self) -> i64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sends a message and returns the answer's head where its status is a success. Nothing bounds the time.
    pub(super) async fn post(
        &self,
        dialect: &Dialect,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, ExchangeError> {
        let response = self.send(HttpMethod::POST, headers, body.into(), self.unhurried()).await?;
        if response.status().is_success() { Ok(response) } else { Err(self.failure(response, dialect).await) }
    }

    /// Sends a message that has no answer: a notification, or an answer of ours.
    pub(super) async fn tell(
        &self,
        dialect: &Dialect,
        method: &Method,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<(), ExchangeError> {
        let limits = Limits { head_timeout: timeout, total_timeout: timeout, ..self.unhurried() };
        let headers = self.post_headers(dialect, method, None);
        let response = self.send(HttpMethod::POST, headers, body.into(), limits).await?;
        if response.status().is_success() { Ok(()) } else { Err(self.failure(response, dialect).await) }
    }

    /// Asks for the rest of a stream that broke off (2025-11-25 transports: *Resumability and Redelivery*).
    pub(super) async fn resume(&self, dialect: &Dialect, last_event_id: &str) -> Result<Response, ExchangeError> {
        let mut headers = self.headers.clone();
        dialect.write_headers(&mut headers, &Method::Other("".into()), None);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let last = HeaderValue::from_str(last_event_id).map_err(|_| ExchangeError::StreamEnded)?;
        headers.insert(HeaderName::from_static(headers::LAST_EVENT_ID), last);
        let response = self.send(HttpMethod::GET, headers, Bytes::new(), self.unhurried()).await?;
        match (response.status(), media_type(&response)) {
            (StatusCode::OK, MediaType::EventStream) => Ok(response),
            (StatusCode::OK | StatusCode::METHOD_NOT_ALLOWED, _) => Err(ExchangeError::StreamEnded),
            _ => Err(self.failure(response, dialect).await),
        }
    }

    /// Ends the session (2025-11-25 transports: *Session Management*). Servers may not offer that, or have ended it already.
    pub(super) async fn end_session(&self, dialect: &Dialect, timeout: Duration) -> Result<(), ExchangeError> {
        let mut headers = self.headers.clone();
        dialect.write_headers(&mut headers, &Method::Other("".into()), None);
        let limits = Limits { head_timeout: timeout, total_timeout: timeout, ..self.unhurried() };
        let response = self.send(HttpMethod::DELETE, headers, Bytes::new(), limits).await?;
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(self.failure(response, dialect).await),
        }
    }

    async fn send(
        &self,
        method: HttpMethod,
        headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Response, ExchangeError> {
        let mut request = Request::new(method, self.target.clone(), body);
        request.headers = headers;
        request.limits = Some(limits);
        Ok(self.fetcher.send(request).await?)
    }

    pub(super) fn post_headers(&self, dialect: &Dialect, method: &Method, name: Option<&str>) -> HeaderMap {
        let mut headers = self.headers.clone();
        dialect.write_headers(&mut headers, method, name);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    /// One timeout stands around the whole exchange; the bytes have their bound here.
    fn unhurried(&self) -> Limits {
        Limits {
            head_timeout: Duration::MAX,
            idle_timeout: Duration::MAX,
            total_timeout: Duration::MAX,
            body_bytes_max: self.stream_bytes_max,
        }
    }

    /// What a failure status means.
    async fn failure(&self, response: Response, dialect: &Dialect) -> ExchangeError {
        let status = response.status();
        let challenge = shown_header(response.headers(), WWW_AUTHENTICATE);
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let media_type = media_type(&response);
        // Whether the text can be read changes only what a person is told.
        let body = response.bytes_within(FAILURE_BYTES_MAX).await.unwrap_or_default();
        let error = serde_json::from_slice::<Failure>(&body).ok().map(|failure| failure.error);
        let message = error.as_ref().map(|error| shown(&error.message));
        match status {
            StatusCode::UNAUTHORIZED => ExchangeError::Unauthorized { challenge },
            StatusCode::FORBIDDEN => ExchangeError::Forbidden { challenge, message },
            StatusCode::NOT_FOUND if dialect.session().is_some() => ExchangeError::SessionGone,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                ExchangeError::Busy { status, retry_after_seconds: retry_after }
            }
            _ => match error {
                Some(error) => ExchangeError::Remote(error),
                None => ExchangeError::Status { status, message: plain_text(&media_type, &body) },
            },
        }
    }
}

/// A failure's body, if it is a JSON-RPC error. The id does not matter and is often `null`, which it must not be.
#[derive(Deserialize)]
struct Failure {
    error: ErrorObject,
}

/// The form of an answer.
pub(super) enum MediaType {
    Json,
    EventStream,
    Other(Option<String>),
}

pub(super) fn media_type(response: &Response) -> MediaType {
    let value = response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let essence = value.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else if essence.eq_ignore_ascii_case("text/event-stream") {
        MediaType::EventStream
    } else {
        MediaType::Other(value.map(|value| shown(&value)))
    }
}

/// What a failure says in plain text; a web page says nothing that helps.
fn plain_text(media_type: &MediaType, body: &[u8]) -> Option<String> {
    let readable = match media_type {
        MediaType::Json => true,
        MediaType::EventStream => false,
        MediaType::Other(value) => value.as_deref().is_some_and(|value| value.starts_with("text/plain")),
    };
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    (readable && !text.is_empty()).then(|| shown(text))
}

/// Longest wait for a message that we send out of courtesy.
pub(super) const COURTESY_TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes of a failure's body that are looked at.
const FAILURE_BYTES_MAX: usize = 64 * 1024;
