//! Bodies: of exactly the media type that the endpoint takes, no longer than allowed, and here in time.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::config::Bounds;

/// The media type of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Form,
    Json,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    MediaType,
    TooLong,
    TooLate,
    Broken,
}

impl Unread {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooLate => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a whole body within its bounds. Nobody else ends one that does not come, and its connection is one of few.
pub(crate) async fn read<B>(headers: &HeaderMap, body: B, expected: Expected, bounds: &Bounds) -> Result<Bytes, Unread>
where
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if !is_expected(headers, expected) {
        return Err(Unread::MediaType);
    }
    let whole = Limited::new(body, bounds.body_bytes_max).collect();
    match timeout(bounds.body_timeout, whole).await.map_err(|_| Unread::TooLate)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLong),
        Err(_) => Err(Unread::Broken),
    }
}

/// A page can send other types without being asked about it first, so the type is part of the protection.
fn is_expected(headers: &HeaderMap, expected: Expected) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(media_type), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = media_type.to_str() else { return false };
    let (essence, parameters) = text.split_once(';').map_or((text, None), |(essence, rest)| (essence, Some(rest)));
    let wanted = match expected {
        Expected::Form => "application/x-www-form-urlencoded",
        Expected::Json => "application/json",
    };
    let is_utf8 = parameters.is_none_or(|parameters| {
        let charset = parameters.trim().to_ascii_lowercase();
        charset.is_empty() || charset == "charset=utf-8" || charset == "charset=\"utf-8\""
    });
    essence.trim().eq_ignore_ascii_case(wanted) && is_utf8 && !headers.contains_key(CONTENT_ENCODING)
}
