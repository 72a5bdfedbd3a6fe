//! The answer to a call that is cut off because the server ends: somebody else can do it.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use outboard_protocol::error::code;
use outboard_protocol::{ErrorObject, encode};
use outboard_transport::Body;

/// 503 with Retry-After, as a JSON-RPC error; without the id of the request, which nobody here has read.
pub(crate) fn ending() -> Response<Body> {
    let error = ErrorObject::new(code::UNAVAILABLE, "the server ends before the request is done: try again");
    let mut response = Response::new(Body::full(Bytes::from(encode::error(None, &error))));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // By then a balancer knows that this replica has gone.
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
