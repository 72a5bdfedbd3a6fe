//! Answers: JSON, pages, redirects, and the headers that each of them carries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::html;
use crate::refusal::{ErrorCode, Refusal};
use crate::secret;

/// What a request gets.
pub(crate) type Answer = Response<Full<Bytes>>;

/// A JSON document.
pub(crate) fn json(status: StatusCode, value: &Value) -> Answer {
    let mut answer = with_body(status, value.to_string());
    set(&mut answer, CONTENT_TYPE, "application/json");
    answer
}

/// A refusal as JSON (RFC 6749 §5.2).
pub(crate) fn refused(refusal: Refusal) -> Answer {
    let body = json!({ "error": refusal.code.as_str(), "error_description": refusal.reason });
    let mut answer = json(refusal.code.status(), &body);
    if refusal.code == ErrorCode::InvalidClient {
        set(&mut answer, WWW_AUTHENTICATE, "Basic realm=\"outboard-issuer\", charset=\"UTF-8\"");
    }
    no_store(answer)
}

/// A page, whose forms may lead to this server and to `form_action`.
pub(crate) fn page(status: StatusCode, html: String, form_action: &str) -> Answer {
    let style = STANDARD.encode(secret::digest(html::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self' {form_action}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut answer = with_body(status, html);
    set(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut answer, CONTENT_SECURITY_POLICY, &policy);
    no_store(answer)
}

/// A redirect of a request without a body: 302, which is what scripts that follow it by hand look for.
pub(crate) fn redirect(location: &str) -> Answer {
    let mut answer = empty(StatusCode::FOUND);
    set(&mut answer, LOCATION, location);
    // There may be a code in it; and no form is sent from here, which `with_body` has to think of.
    set(&mut answer, REFERRER_POLICY, "no-referrer");
    no_store(answer)
}

/// The answer to a form: its redirect becomes 303, so that the form is not sent again to where it leads (RFC 9700 §4.12).
pub(crate) fn after_form(mut answer: Answer) -> Answer {
    if answer.status() == StatusCode::FOUND {
        *answer.status_mut() = StatusCode::SEE_OTHER;
    }
    answer
}

/// 405 with the methods that there are.
pub(crate) fn allow(methods: &str) -> Answer {
    let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
    set(&mut answer, ALLOW, methods);
    answer
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    with_body(status, String::new())
}

/// Not to be kept by anybody (RFC 6749 §5.1).
pub(crate) fn no_store(mut answer: Answer) -> Answer {
    set(&mut answer, CACHE_CONTROL, "no-store");
    set(&mut answer, PRAGMA, "no-cache");
    answer
}

fn with_body(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: under that, browsers send `Origin: null` with a form even to its own origin (Fetch §3.2).
    set(&mut answer, REFERRER_POLICY, "same-origin");
    answer
}

fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    // What is put in here is ASCII: fixed texts, checked URIs, base64.
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
