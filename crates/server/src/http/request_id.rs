//! Gives every request an id: in a span around its work, in the response's `X-Request-Id`, and at level debug in a line when
//! its answer begins.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;
use uuid::Uuid;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a caller, in bytes.
const ID_BYTES_MAX: usize = 128;

#[derive(Clone)]
pub(crate) struct RequestIdLayer;

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestId<S>;

    fn layer(&self, inner: S) -> RequestId<S> {
        RequestId { inner }
    }
}

#[derive(Clone)]
pub(crate) struct RequestId<S> {
    inner: S,
}

impl<S, B, C> Service<Request<B>> for RequestId<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = Response<C>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let id = given(request.headers()).unwrap_or_else(generated);
        let span = tracing::debug_span!("request", id = id.to_str().unwrap_or_default());
        let future = span.in_scope(|| self.inner.call(request));
        ResponseFuture { future, id: Some(id), span }
    }
}

/// The caller's own id, where it can stand in a log line.
fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    ((1..=ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(plain)).then(|| id.clone())
}

/// A new id, later ones sorting after earlier ones.
fn generated() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let id: &str = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

pin_project! {
    /// Adds the id to the response.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: F,
        id: Option<HeaderValue>,
        span: Span,
    }
}

impl<F, C, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<C>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = this.span.enter();
        let mut response = ready!(this.future.poll(cx));
        if let (Ok(response), Some(id)) = (&mut response, this.id.take()) {
            // What streams goes on after that.
            tracing::debug!(status = response.status().as_u16(), "answered");
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        Poll::Ready(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_where_it_is_harmless() {
        let long = "x".repeat(ID_BYTES_MAX + 1);
        let cases = [("abc-1", true), ("a b", false), ("", false), ("x\"y", false), (&long, false)];
        for (id, kept) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(id).unwrap());
            assert_eq!(given(&headers).is_some(), kept, "{id}");
        }
        assert_ne!(generated(), generated());
    }
}
