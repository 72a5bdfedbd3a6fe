//! The web around it: foreign names, foreign pages, other methods and media types.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use tokio::time::{Instant, Interval, interval_at};
use tower_service::Service;

use crate::harness::{Answer, Harness, robot};

const LISTED: &str = "http://localhost:6274";
const METADATA: &str = "/.well-known/oauth-authorization-server/dev-issuer";

fn listing() -> Harness {
    Harness::with(|config| config.allowed_origins = vec![LISTED.to_owned()])
}

async fn send(harness: &Harness, method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    harness.send(request.body(Full::from(Bytes::from_static(body.as_bytes()))).unwrap()).await
}

#[tokio::test]
async fn only_loopback_names_with_the_right_port_are_answered() {
    let harness = listing();
    let table: [(&[(&str, &str)], StatusCode); 13] = [
        (&[("host", "127.0.0.1:8080")], StatusCode::OK),
        (&[("host", "localhost:8080")], StatusCode::OK),
        (&[("host", "LOCALHOST:8080")], StatusCode::OK),
        (&[("host", "[::1]:8080")], StatusCode::OK),
        (&[("host", "evil.example")], StatusCode::FORBIDDEN),
        (&[("host", "evil.example:8080")], StatusCode::FORBIDDEN),
        (&[("host", "127.0.0.1")], StatusCode::FORBIDDEN),
        (&[("host", "127.0.0.1:8081")], StatusCode::FORBIDDEN),
        (&[("host", "127.0.0.1:8080.evil.example")], StatusCode::FORBIDDEN),
        (&[("host", "evil@127.0.0.1:8080")], StatusCode::FORBIDDEN),
        (&[("host", "localhost.evil.example:8080")], StatusCode::FORBIDDEN),
        (&[("host", "127.0.0.1:8080"), ("host", "127.0.0.1:8080")], StatusCode::BAD_REQUEST),
        (&[("host", "")], StatusCode::FORBIDDEN),
    ];
    for (headers, expected) in table {
        for path in [METADATA, "/dev-issuer/jwks"] {
            assert_eq!(send(&harness, "GET", path, headers, "").await.status, expected, "{headers:?}");
        }
    }
    // The target counts as well, and both have to be ours.
    let absolute = format!("http://evil.example{METADATA}");
    let foreign = send(&harness, "GET", &absolute, &[("host", "127.0.0.1:8080")], "").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let absolute = format!("http://127.0.0.1:8080{METADATA}");
    let own = send(&harness, "GET", &absolute, &[("host", "127.0.0.1:8080")], "").await;
    assert_eq!(own.status, StatusCode::OK);
}

#[tokio::test]
async fn the_issuers_own_name_is_answered_whatever_loopback_address_it_is() {
    let harness = Harness::with(|config| config.issuer = "http://127.0.0.53:8080/dev-issuer".parse().unwrap());
    assert_eq!(send(&harness, "GET", METADATA, &[("host", "127.0.0.53:8080")], "").await.status, StatusCode::OK);
    assert_eq!(send(&harness, "GET", METADATA, &[("host", "127.0.0.54:8080")], "").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn anybody_may_read_what_is_public() {
    let harness = listing();
    for path in [METADATA, "/dev-issuer/jwks", "/dev-issuer/.well-known/openid-configuration"] {
        for origin in [LISTED, "https://evil.example", "null"] {
            let answer = send(&harness, "GET", path, &[("origin", origin), ("mcp-protocol-version", "x")], "").await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (StatusCode::OK, "*"), "{path}");
            let preflight = send(&harness, "OPTIONS", path, &[("origin", origin)], "").await;
            assert_eq!(preflight.status, StatusCode::NO_CONTENT);
            assert!(preflight.header("access-control-allow-headers").contains("mcp-protocol-version"));
        }
    }
}

#[tokio::test]
async fn pages_use_the_endpoints_only_if_they_are_listed() {
    let harness = listing();
    let form = "application/x-www-form-urlencoded";
    let endpoints = [("token", form), ("register", "application/json"), ("introspect", form), ("revoke", form)];
    for (endpoint, media_type) in endpoints {
        let path = format!("/dev-issuer/{endpoint}");
        for origin in [
            "https://evil.example",
            "null",
            "",
            "http://localhost:6275",
            "http://127.0.0.1:8081",
            "https://localhost:6274",
            "http://127.0.0.1@evil.example",
        ] {
            let headers = [("origin", origin), ("content-type", media_type)];
            let answer = send(&harness, "POST", &path, &headers, "{}").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{endpoint} {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{endpoint} {origin}");
            let preflight = send(&harness, "OPTIONS", &path, &[("origin", origin)], "").await;
            assert_eq!(preflight.status, StatusCode::FORBIDDEN, "{endpoint} {origin}");
        }
        let two = [("origin", LISTED), ("origin", LISTED), ("content-type", media_type)];
        assert_eq!(send(&harness, "POST", &path, &two, "{}").await.status, StatusCode::FORBIDDEN);

        // The page reads the refusals too.
        let answer = send(&harness, "POST", &path, &[("origin", LISTED), ("content-type", media_type)], "{}").await;
        assert!(answer.status == StatusCode::UNAUTHORIZED || answer.status == StatusCode::BAD_REQUEST, "{answer:?}");
        assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), (LISTED, "Origin"));
        let preflight = send(&harness, "OPTIONS", &path, &[("origin", LISTED)], "").await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert_eq!(preflight.header("access-control-allow-origin"), LISTED);
        assert_eq!(preflight.header("access-control-allow-methods"), "POST");
        assert!(preflight.header("access-control-allow-headers").contains("authorization"));
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn a_page_cannot_start_a_flow_behind_the_users_back() {
    let harness = Harness::new();
    for origin in [LISTED, "https://evil.example", "null"] {
        let answer = send(&harness, "GET", "/dev-issuer/authorize?client_id=app", &[("origin", origin)], "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
    }
}

#[tokio::test]
async fn only_a_person_in_front_of_a_window_is_led_through_the_flow() {
    let table: [(&[(&str, &str)], bool); 13] = [
        (&[], true),
        (&[("sec-fetch-dest", "document")], true),
        (&[("sec-fetch-dest", "document"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true),
        (&[("sec-fetch-dest", "image")], false),
        (&[("sec-fetch-dest", "empty")], false),
        (&[("sec-fetch-dest", "iframe")], false),
        (&[("sec-fetch-dest", "frame")], false),
        (&[("sec-fetch-dest", "embed")], false),
        (&[("sec-fetch-dest", "object")], false),
        (&[("sec-fetch-dest", "")], false),
        (&[("sec-fetch-dest", "document"), ("sec-fetch-dest", "image")], false),
        (&[("sec-fetch-dest", "document"), ("sec-purpose", "prefetch")], false),
        (&[("sec-fetch-dest", "document"), ("sec-purpose", "prefetch;prerender")], false),
    ];
    // One of them would give a code without a word, the other would make the server remember a request.
    for harness in [Harness::new(), Harness::with(|_| {})] {
        let path = harness.request(&[]);
        for (headers, is_answered) in table {
            let answer = send(&harness, "GET", &path, headers, "").await;
            assert_eq!(answer.status == StatusCode::FORBIDDEN, !is_answered, "{headers:?}");
            let has_effect = ["location", "set-cookie"].into_iter().any(|name| !answer.header(name).is_empty());
            assert_eq!(has_effect, is_answered, "{headers:?}: {answer:?}");
        }
    }
    let harness = listing();
    for path in [METADATA, "/dev-issuer/jwks"] {
        let answer = send(&harness, "GET", path, &[("sec-fetch-dest", "empty")], "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    for path in ["/dev-issuer/authorize/sign-in", "/dev-issuer/authorize/consent"] {
        let headers = [("origin", "http://127.0.0.1:8080"), ("sec-fetch-dest", "iframe")];
        assert_eq!(send(&harness, "POST", path, &headers, "").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let headers = [("origin", LISTED), ("sec-fetch-dest", "empty"), ("content-type", "application/json")];
    assert_eq!(send(&harness, "POST", "/dev-issuer/register", &headers, "{}").await.status, StatusCode::BAD_REQUEST);
}

/// A body that comes byte by byte, one in a second.
struct Slow {
    left: usize,
    seconds: Interval,
}

impl Slow {
    fn of(bytes: usize) -> Self {
        let second = Duration::from_secs(1);
        Self { left: bytes, seconds: interval_at(Instant::now() + second, second) }
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.seconds.poll_tick(cx));
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a")))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_comes_in_time_or_not_at_all() {
    let harness = Harness::new();
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    let endpoints = [
        ("token", form),
        ("register", json),
        ("introspect", form),
        ("revoke", form),
        ("authorize/sign-in", form),
        ("authorize/consent", form),
    ];
    let cases = [(9, 9, None), (10_000, 10, Some(StatusCode::REQUEST_TIMEOUT))];
    for (endpoint, media_type) in endpoints {
        for (bytes, seconds, expected) in cases {
            let request = Request::post(format!("/dev-issuer/{endpoint}"))
                .header("host", "127.0.0.1:8080")
                .header("origin", "http://127.0.0.1:8080")
                .header("content-type", media_type);
            let started = Instant::now();
            let answer = harness.issuer.clone().call(request.body(Slow::of(bytes)).unwrap()).await.unwrap();
            let is_timeout = answer.status() == StatusCode::REQUEST_TIMEOUT;
            assert_eq!(is_timeout.then_some(answer.status()), expected, "{endpoint}: {bytes}");
            assert_eq!(started.elapsed().as_secs(), seconds, "{endpoint}: {bytes}");
        }
    }
}

#[tokio::test]
async fn a_body_has_exactly_the_media_type() {
    let harness = Harness::new();
    let grant = "grant_type=client_credentials";
    let cases = [
        ("application/x-www-form-urlencoded", StatusCode::OK),
        ("Application/X-WWW-Form-URLEncoded; charset=UTF-8", StatusCode::OK),
        ("application/x-www-form-urlencoded; charset=utf-16", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data; boundary=x", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain, application/x-www-form-urlencoded", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ];
    let authorization = robot();
    for (media_type, expected) in cases {
        let headers = [("content-type", media_type), ("authorization", authorization.as_str())];
        assert_eq!(send(&harness, "POST", "/dev-issuer/token", &headers, grant).await.status, expected, "{media_type}");
    }
    let coded = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", &authorization),
        ("content-encoding", "gzip"),
    ];
    let status = send(&harness, "POST", "/dev-issuer/token", &coded, grant).await.status;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/json-seq", "application/jsonp"] {
        let answer = send(&harness, "POST", "/dev-issuer/register", &[("content-type", media_type)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
    }
}

#[tokio::test]
async fn parameters_in_the_query_are_refused_where_they_belong_into_the_body() {
    let harness = Harness::new();
    let authorization = robot();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    let answer = send(&harness, "POST", "/dev-issuer/token?grant_type=client_credentials", &headers, "").await;
    assert_eq!((answer.status, answer.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
}

#[tokio::test]
async fn each_path_has_its_methods() {
    let harness = Harness::new();
    let table = [
        (METADATA, "POST", "GET, HEAD"),
        ("/dev-issuer/jwks", "DELETE", "GET, HEAD"),
        ("/dev-issuer/authorize", "POST", "GET"),
        ("/dev-issuer/authorize", "HEAD", "GET"),
        ("/dev-issuer/token", "GET", "POST"),
        ("/dev-issuer/register", "GET", "POST"),
        ("/dev-issuer/introspect", "PUT", "POST"),
        ("/dev-issuer/revoke", "GET", "POST"),
        ("/dev-issuer/token", "post", "POST"),
    ];
    for (path, method, allowed) in table {
        let answer = send(&harness, method, path, &[], "").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, allowed),
            "{method} {path}"
        );
    }
    assert_eq!(send(&harness, "HEAD", METADATA, &[], "").await.status, StatusCode::OK);
}
