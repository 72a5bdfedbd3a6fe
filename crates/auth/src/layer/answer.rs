//! What a client is answered that is not let through, or whose token does not reach.

use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use outboard_identity::Denied;

use crate::challenge::{Challenges, INSUFFICIENT_SCOPE, INVALID_REQUEST, INVALID_TOKEN};
use crate::config::ResourceServerConfig;
use crate::metadata::metadata_url;
use crate::refusal::Refusal;

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalBody {
    /// Its media type.
    pub content_type: HeaderValue,
    /// Its content.
    pub bytes: Bytes,
}

/// How one resource answers.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    challenges: Challenges,
    body: fn(&Refusal) -> RefusalBody,
}

impl Answers {
    pub(super) fn new(config: &ResourceServerConfig) -> Self {
        let challenges = Challenges::new(&metadata_url(&config.resource), &config.initial_scopes);
        Self { challenges, body: json_body }
    }

    pub(super) fn write_bodies_by(&mut self, body: fn(&Refusal) -> RefusalBody) {
        self.body = body;
    }

    /// The answer to a request that is not let through.
    pub(super) fn refuse<R: From<Bytes>>(&self, refusal: &Refusal) -> Response<R> {
        let (kind, status, challenge) = match refusal {
            Refusal::NoToken => ("no_token", StatusCode::UNAUTHORIZED, Some(&self.challenges.no_token)),
            Refusal::Malformed(_) => ("malformed", StatusCode::BAD_REQUEST, Some(&self.challenges.invalid_request)),
            Refusal::Invalid(_) => ("invalid", StatusCode::UNAUTHORIZED, Some(&self.challenges.invalid_token)),
            Refusal::Unavailable { .. } => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, None),
        };
        tracing::debug!(kind, reason = %Shown(refusal), "a request was refused");
        let mut response = respond(status, (self.body)(refusal));
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        if let Refusal::Unavailable { retry_after, .. } = refusal {
            headers.insert(header::RETRY_AFTER, whole_seconds(*retry_after).into());
        }
        response
    }

    /// Completes the answer of the service behind: to whom a scope was denied is told which ones to ask for.
    pub(super) fn complete<R>(&self, mut response: Response<R>) -> Response<R> {
        // What was computed for one caller is kept for nobody, unless the service says otherwise.
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        if response.status() != StatusCode::FORBIDDEN {
            return response;
        }
        let Some(denied) = response.extensions().get::<Denied>() else { return response };
        tracing::debug!(kind = "denied", reason = %Shown(denied), "a request was refused");
        let challenge = self.challenges.insufficient_scope(denied);
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        response
    }
}

/// The answer of a service to a caller that lacks scopes: 403, a JSON object, and `denied` in the extensions, from which
/// the [`AuthLayer`](crate::AuthLayer) around it writes the challenge (RFC 6750 §3.1, `insufficient_scope`).
#[must_use]
pub fn denied_response<R: From<Bytes>>(denied: Denied) -> Response<R> {
    let body = json(&[("error", "insufficient_scope"), ("error_description", INSUFFICIENT_SCOPE)]);
    let mut response = respond(StatusCode::FORBIDDEN, body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response.extensions_mut().insert(denied);
    response
}

pub(super) fn respond<R: From<Bytes>>(status: StatusCode, body: RefusalBody) -> Response<R> {
    let mut response = Response::new(R::from(body.bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, body.content_type);
    response
}

/// A JSON object of texts.
pub(super) fn json(members: &[(&str, &str)]) -> RefusalBody {
    let object: serde_json::Map<_, _> =
        members.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let text = serde_json::Value::Object(object).to_string();
    RefusalBody { content_type: HeaderValue::from_static("application/json"), bytes: text.into() }
}

/// The error codes of RFC 6750 §3.1, which has none for a request without token, and of RFC 6749 §4.1.2.1.
fn json_body(refusal: &Refusal) -> RefusalBody {
    match refusal {
        Refusal::NoToken => json(&[("error_description", "this needs a bearer token")]),
        Refusal::Malformed(_) => json(&[("error", "invalid_request"), ("error_description", INVALID_REQUEST)]),
        Refusal::Invalid(_) => json(&[("error", "invalid_token"), ("error_description", INVALID_TOKEN)]),
        Refusal::Unavailable { .. } => {
            json(&[("error", "temporarily_unavailable"), ("error_description", "the token cannot be checked now")])
        }
    }
}

/// The time in seconds, rounded up: never before it is worth another try.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

/// A reason as it may stand in a log: on one line and not long, whatever a token has put into it.
struct Shown<T>(T);

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let mut shown = text.chars().flat_map(char::escape_debug).take(SHOWN_CHARACTERS_MAX);
        shown.try_for_each(|character| f.write_char(character))
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const SHOWN_CHARACTERS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_never_told_to_come_back_too_early() {
        let cases = [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (30_000, 30), (30_500, 31)];
        for (milliseconds, seconds) in cases {
            assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds, "{milliseconds} ms");
        }
    }

    #[test]
    fn a_reason_stays_on_one_line_and_short() {
        let cases = [
            ("no bearer token", "no bearer token".to_owned()),
            ("a\r\nb\u{1b}[31m\u{202e}c", "a\\r\\nb\\u{1b}[31m\\u{202e}c".to_owned()),
            (&"é".repeat(10_000), "é".repeat(SHOWN_CHARACTERS_MAX)),
        ];
        for (reason, shown) in cases {
            assert_eq!(Shown(reason).to_string(), shown);
        }
    }
}
