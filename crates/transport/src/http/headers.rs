//! The mirrored headers of a request, as the protocol's rules want to see them.

use ::http::HeaderMap;
use outboard_protocol::headers::{METHOD, MirroredHeaders, NAME, PROTOCOL_VERSION, Values};

pub(super) fn mirrored(headers: &HeaderMap) -> MirroredHeaders<'_> {
    MirroredHeaders {
        protocol_version: values(headers, PROTOCOL_VERSION),
        method: values(headers, METHOD),
        name: values(headers, NAME),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> Values<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Values::None,
        (Some(value), None) => Values::One(value.as_bytes()),
        (Some(_), Some(_)) => Values::Many,
    }
}
