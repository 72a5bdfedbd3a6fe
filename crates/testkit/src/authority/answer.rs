//! What is answered, right or wrong.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body, Frame};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::state::{Seen, State};
use super::{Fault, INTROSPECT, JWKS, Scripted};

/// A body, and how much white space follows it.
#[derive(Debug)]
pub(super) struct Padded {
    head: Option<Bytes>,
    padding: usize,
}

/// What is to be done with a request.
#[derive(Debug)]
pub(super) enum Deed {
    Answer(Response<Padded>),
    Reset,
}

/// Decides with the fault that is set for the path; [`Fault::Hang`] and [`Fault::Slow`] are over by now.
pub(super) fn decide(state: &State, seen: &Seen) -> Deed {
    let text = |status, kind, text: &str| response(status, kind, Bytes::copy_from_slice(text.as_bytes()));
    let answer = match state.faults.get(&seen.path) {
        None | Some(Fault::Hang | Fault::Slow(_)) => right(state, seen),
        Some(Fault::Status(status)) => text(*status, "text/plain", "scripted"),
        Some(Fault::EmptyKeys) => text(StatusCode::OK, JSON, r#"{"keys":[]}"#),
        Some(Fault::Garbage) => response(StatusCode::OK, JSON, Bytes::from_static(b"\x00\xff{\"keys\":[[[\"")),
        Some(Fault::Html) => text(StatusCode::OK, "text/html", "<!doctype html><title>Sign in</title><p>Sign in"),
        Some(Fault::Huge) => {
            let mut answer = right(state, seen);
            answer.body_mut().padding = 64 * 1024 * 1024;
            answer
        }
        Some(Fault::Redirect(to)) => {
            let mut answer = text(StatusCode::FOUND, "text/plain", "elsewhere");
            let to = HeaderValue::from_str(to).expect("the place can stand in a header");
            answer.headers_mut().insert(header::LOCATION, to);
            answer
        }
        Some(Fault::Reset) => return Deed::Reset,
        Some(Fault::Answer(scripted)) => as_written(scripted),
    };
    Deed::Answer(answer)
}

fn right(state: &State, seen: &Seen) -> Response<Padded> {
    let (allowed, document) = match seen.path.as_str() {
        JWKS => (Method::GET, json!({"keys": state.keys})),
        INTROSPECT => (Method::POST, introspection(state, &seen.body)),
        path if state.metadata_paths.iter().any(|known| known == path) => {
            (Method::GET, Value::Object(state.metadata.clone()))
        }
        _ => return response(StatusCode::NOT_FOUND, "text/plain", Bytes::from_static(b"not found")),
    };
    if seen.method != allowed {
        return response(StatusCode::METHOD_NOT_ALLOWED, "text/plain", Bytes::from_static(b"another method"));
    }
    let mut answer = response(StatusCode::OK, JSON, document.to_string().into());
    if let Some(value) = state.cache_control.get(&seen.path) {
        answer.headers_mut().insert(header::CACHE_CONTROL, value.clone());
    }
    answer
}

/// The token is a parameter of the form (RFC 7662 §2.1).
fn introspection(state: &State, form: &[u8]) -> Value {
    let token = form_urlencoded::parse(form).find(|(name, _)| name == "token").map(|(_, token)| token);
    let Some(token) = token else { return json!({"active": false}) };
    match &state.introspector {
        Some(answer) => answer(&token),
        None => state.answers.get(&*token).cloned().unwrap_or_else(|| json!({"active": false})),
    }
}

const JSON: &str = "application/json";

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Padded> {
    let mut response = Response::new(Padded { head: Some(body), padding: 0 });
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn as_written(scripted: &Scripted) -> Response<Padded> {
    let mut response = Response::builder().status(scripted.status);
    for (name, value) in &scripted.headers {
        response = response.header(*name, value);
    }
    let body = Padded { head: Some(scripted.body.clone()), padding: 0 };
    response.body(body).expect("scripted headers can stand in an answer")
}

impl Body for Padded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        let spaces = SPACES.get(..self.padding.min(SPACES.len())).unwrap_or_default();
        self.padding -= spaces.len();
        Poll::Ready((!spaces.is_empty()).then(|| Ok(Frame::data(Bytes::from_static(spaces)))))
    }

    fn is_end_stream(&self) -> bool {
        self.head.is_none() && self.padding == 0
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let head = self.head.as_ref().map_or(0, Bytes::len);
        // Without a length, so that only counting shows how much it is.
        if self.padding > 0 { http_body::SizeHint::new() } else { http_body::SizeHint::with_exact(head as u64) }
    }
}
