//! An answer whose body is read within its bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout};

use crate::config::Limits;
use crate::error::{Cause, FetchError, Phase};

/// The head of an answer, and its body to be read: whole by [`Response::bytes`] or piece by piece by
/// [`Response::chunk`]. Dropping it closes the connection unless the body has been read to its end.
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    host: String,
    limits: Limits,
    started: Instant,
    bytes_read: usize,
}

impl Response {
    pub(crate) fn new(inner: reqwest::Response, host: String, limits: Limits, started: Instant) -> Self {
        Self { inner, host, limits, started, bytes_read: 0 }
    }

    /// The status. Never a redirect.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// [`FetchError::BodyTooLarge`], [`FetchError::Timeout`] or [`FetchError::Broken`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses what was read and closes the connection.
    pub async fn bytes(mut self) -> Result<Bytes, FetchError> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        // Most bodies come in one piece, which needs no copy.
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut body = BytesMut::from(first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Reads the whole body under a bound of its own, where that is narrower than the request's.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`].
    ///
    /// # Cancel safety
    ///
    /// As [`Response::bytes`].
    pub async fn bytes_within(mut self, bytes_max: usize) -> Result<Bytes, FetchError> {
        self.limits.body_bytes_max = self.limits.body_bytes_max.min(bytes_max);
        self.bytes().await
    }

    /// Reads the next piece of the body; nothing at its end.
    ///
    /// # Errors
    ///
    /// [`FetchError::BodyTooLarge`] as soon as all pieces together exceed the bound, [`FetchError::Timeout`] or
    /// [`FetchError::Broken`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a piece that has arrived is returned by the next call.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let (wait, phase, after) = self.patience();
        // `timeout` prefers a piece that is ready, so a peer that always has one must be stopped here.
        let next = timeout(wait, self.inner.chunk());
        let outcome = if wait.is_zero() { None } else { next.await.ok() };
        let chunk = match outcome {
            Some(Ok(Some(chunk))) => chunk,
            Some(Ok(None)) => return Ok(None),
            Some(Err(error)) => {
                return Err(FetchError::Broken { host: self.host.clone(), cause: Cause::new(error) });
            }
            None => {
                return Err(FetchError::Timeout { host: self.host.clone(), phase, after });
            }
        };
        self.bytes_read = self.bytes_read.saturating_add(chunk.len());
        if self.bytes_read > self.limits.body_bytes_max {
            return Err(FetchError::BodyTooLarge { host: self.host.clone(), bytes_max: self.limits.body_bytes_max });
        }
        Ok(Some(chunk))
    }

    /// How long the next piece may take, and which bound that is.
    fn patience(&self) -> (Duration, Phase, Duration) {
        let left = self.limits.total_timeout.saturating_sub(self.started.elapsed());
        if self.limits.idle_timeout <= left {
            (self.limits.idle_timeout, Phase::Idle, self.limits.idle_timeout)
        } else {
            (left, Phase::Total, self.limits.total_timeout)
        }
    }
}
