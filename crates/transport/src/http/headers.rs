//! The protocol's headers in a request: their names, and their values as the protocol's rules want to see them.

use ::http::header::AsHeaderName;
use ::http::{HeaderMap, HeaderName, HeaderValue};
use outboard_protocol::headers::{self, MirroredHeaders, Values};

use super::refusal::Refusal;

// As parsed names: looking a header up by its text would parse the text each time.
pub(crate) static PROTOCOL_VERSION: HeaderName = HeaderName::from_static(headers::PROTOCOL_VERSION);
pub(crate) static SESSION_ID: HeaderName = HeaderName::from_static(headers::SESSION_ID);
pub(crate) static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
static METHOD: HeaderName = HeaderName::from_static(headers::METHOD);
static NAME: HeaderName = HeaderName::from_static(headers::NAME);

/// The headers that repeat something in the body.
pub(crate) fn mirrored(headers: &HeaderMap) -> MirroredHeaders<'_> {
    MirroredHeaders {
        protocol_version: values(headers, &PROTOCOL_VERSION),
        method: values(headers, &METHOD),
        name: values(headers, &NAME),
    }
}

/// The value of a header that must not stand twice; `None` when it is absent.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &'static HeaderName) -> Result<Option<&'a [u8]>, Refusal> {
    match values(headers, name) {
        Values::None => Ok(None),
        Values::One(value) => Ok(Some(value)),
        Values::Many => Err(Refusal::RepeatedHeader { id: None, name: name.as_str() }),
    }
}

/// All values of a header.
pub(crate) fn values(headers: &HeaderMap, name: impl AsHeaderName) -> Values<'_> {
    Values::of(headers.get_all(name).iter().map(HeaderValue::as_bytes))
}
