//! What browsers must be told so that web pages of other origins can call (WHATWG Fetch, "CORS protocol").

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::config::ExactOrigin;

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// What pages may read of a response's head beside what they always may.
const EXPOSED: [HeaderName; 4] = [
    HeaderName::from_static("mcp-session-id"),
    header::WWW_AUTHENTICATE,
    header::RETRY_AFTER,
    HeaderName::from_static("x-request-id"),
];

/// What the answers depend on.
const VARY: [HeaderName; 3] =
    [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];

/// A layer for pages of these origins; none where there are no pages to serve. Which origins get through to it is judged
/// before.
pub(crate) fn cors(origins: &[ExactOrigin]) -> Option<CorsLayer> {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    let origins: Vec<_> = origins.collect();
    let layer = CorsLayer::new()
        // GET needs no leave.
        .allow_methods([Method::POST, Method::DELETE])
        // Tools may have headers of their own for their parameters.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE)
        // By itself the layer leaves the method out, because its answer is the same for all.
        .vary(VARY);
    (!origins.is_empty()).then(|| layer.allow_origin(origins))
}

/// Gives the answer to a preflight, which has no content, the status that says so: some proxies wait for content after 200.
pub(crate) fn with_preflight_status<B>(mut response: Response<B>) -> Response<B> {
    if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}
