//! Reads a request's body within its bounds of size and time.

use std::error::Error as StdError;
use std::pin::pin;
use std::task::Poll;

use ::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use super::config::HttpConfig;
use super::first_poll::first_poll;
use super::refusal::Refusal;

/// Reads the whole body. A body that says it is too long is refused before it is read.
pub(super) async fn bounded<B>(headers: &HeaderMap, body: B, config: &HttpConfig) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    let limit = config.body_bytes_max;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let mut collecting = pin!(collect(body, limit));
    // Most bodies arrive with their head: only what is left needs a timer.
    match first_poll(collecting.as_mut()).await {
        Poll::Ready(collected) => collected,
        Poll::Pending => tokio::time::timeout(config.body_timeout, collecting)
            .await
            .map_err(|_| Refusal::BodyTimeout { limit: config.body_timeout })?,
    }
}

async fn collect<B>(body: B, limit: usize) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>,
{
    let mut body = pin!(body);
    // Nearly every body comes in one piece, which is taken as it is.
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            tracing::debug!(error = %error.into(), "a request's body did not arrive whole");
            Refusal::BodyIncomplete
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        if first.len() + joined.len() + piece.len() > limit {
            return Err(Refusal::BodyTooLarge { limit });
        }
        if first.is_empty() && joined.is_empty() {
            first = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&piece);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}
