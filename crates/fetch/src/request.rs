//! One outgoing request.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::config::Limits;
use crate::target::Target;

/// A request to a [`Target`]. Its `Debug` shows neither headers nor body, which may carry secrets.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// The headers; `Host`, `User-Agent` and `Content-Length` are written by the fetcher.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// The bounds of this request, if they are not the fetcher's.
    pub limits: Option<Limits>,
}

impl Request {
    /// A GET without headers and with the fetcher's limits.
    #[must_use]
    pub fn get(target: Target) -> Self {
        Self::new(Method::GET, target, Bytes::new())
    }

    /// A POST without headers and with the fetcher's limits.
    #[must_use]
    pub fn post(target: Target, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, target, body.into())
    }

    /// A request with any method, without headers and with the fetcher's limits.
    #[must_use]
    pub fn new(method: Method, target: Target, body: Bytes) -> Self {
        Self { method, target, headers: HeaderMap::new(), body, limits: None }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
