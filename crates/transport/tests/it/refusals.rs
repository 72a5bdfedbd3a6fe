//! What is refused before its era matters: methods, media types, bodies, JSON, foreign hosts and pages, unknown callers.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame};
use outboard_identity::Principal;
use outboard_testkit::http::{Answer, AnswerStream, HttpRequest, Served, modern};
use outboard_transport::{Authentication, HostOriginLayer, HostOriginPolicy, HttpConfig, StreamableHttp};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::Layer as _;
use tower_service::Service as _;

use crate::support::{LegacySession, Setup, assert_error, direct};

fn echo() -> HttpRequest {
    modern("tools/call", json!({"name": "echo", "arguments": {"text": "x"}}))
}

/// The same request in each era.
async fn in_both_eras(served: &Served) -> [HttpRequest; 2] {
    let session = LegacySession::open(served, "2025-11-25").await;
    [echo(), session.request("tools/call", json!({"name": "echo", "arguments": {"text": "x"}}))]
}

#[tokio::test]
async fn other_methods_than_post_get_and_delete_are_not_served() {
    let served = Setup::new().serve().await;
    for request in in_both_eras(&served).await {
        for method in ["HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "post"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let asked = HttpRequest { method: method.clone(), ..request.clone() };
            let answer = served.send(asked.with("x-http-method-override", "POST")).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST, GET, DELETE")), "{method}");
            if method != Method::HEAD {
                assert_error(&answer, 405, -32601, &Value::Null);
            }
        }
    }
}

#[tokio::test]
async fn media_types_are_judged_in_both_eras() {
    let served = Setup::new().serve().await;
    let cases: [(&str, &[&str], u16); 16] = [
        ("content-type", &["application/json; charset=utf-8"], 200),
        ("content-type", &["Application/JSON"], 200),
        ("content-type", &["application/json; charset=utf-16"], 415),
        ("content-type", &["application/json-seq"], 415),
        ("content-type", &["text/plain"], 415),
        ("content-type", &["application/json", "application/json"], 415),
        ("content-type", &[], 415),
        ("content-encoding", &["identity"], 200),
        ("content-encoding", &["gzip"], 415),
        ("content-encoding", &["identity", "br"], 415),
        ("accept", &[], 200),
        ("accept", &["*/*"], 200),
        ("accept", &["application/json", "text/event-stream"], 200),
        ("accept", &["application/json;q=0"], 406),
        ("accept", &["text/html, application/jsonx"], 406),
        ("accept", &["application/json\u{e9}"], 406),
    ];
    for request in in_both_eras(&served).await {
        for (name, values, status) in cases {
            let request = values.iter().fold(request.clone().without(name), |request, value| request.also(name, value));
            let answer = served.send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{name}: {values:?}: {}", answer.text());
            if status != 200 {
                assert_error(&answer, status, 1415, &Value::Null);
            }
            let advice = answer.header("accept-encoding");
            assert_eq!(advice, Some("identity").filter(|_| status == 415), "{name}: {values:?}");
        }
    }
}

#[tokio::test]
async fn body_may_be_as_long_as_the_limit_and_no_longer() {
    const LIMIT: usize = 1_000;
    let http = HttpConfig { body_bytes_max: LIMIT, ..HttpConfig::new(Authentication::None) };
    let served = Setup { http, ..Setup::new() }.serve().await;
    let whole = |length: usize| {
        let mut body = echo().body.concat();
        body.resize(length, b' ');
        body
    };
    for (length, status) in [(LIMIT, 200), (LIMIT + 1, 413), (10 * LIMIT, 413)] {
        let body = whole(length);
        for request in [echo().bytes(&body), echo().pieces([&body]), echo().pieces(body.chunks(7))] {
            let is_chunked = request.body.len() > 1;
            let answer = served.send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{length} bytes, chunked: {is_chunked}");
            if status == 413 {
                let error = assert_error(&answer, 413, 1413, &Value::Null);
                assert!(error["message"].as_str().unwrap().contains("1000"), "{error}");
                assert_eq!(answer.header("connection"), Some("close"), "the rest of the body is not read");
            }
        }
    }
}

#[tokio::test]
async fn body_that_announces_too_much_is_refused_unread() {
    let service = Setup::new().service();
    let limit = HttpConfig::new(Authentication::None).body_bytes_max;
    let request = echo().with("content-length", (limit + 1).to_string());
    assert_error(&send_body(&service, request, Hostile::Silent).await, 413, 1413, &Value::Null);
}

#[tokio::test]
async fn body_without_an_end_is_refused_at_the_limit() {
    let answer = send_body(&Setup::new().service(), echo(), Hostile::Endless).await;
    assert_error(&answer, 413, 1413, &Value::Null);
}

#[tokio::test(start_paused = true)]
async fn body_has_a_time_to_arrive() {
    let service = Setup::new().service();
    let started = Instant::now();
    let answer = send_body(&service, echo(), Hostile::Silent).await;
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    assert_error(&answer, 408, -32600, &Value::Null);
    assert_eq!(answer.header("connection"), Some("close"));
}

#[tokio::test]
async fn body_that_breaks_off_is_refused() {
    let answer = send_body(&Setup::new().service(), echo(), Hostile::Broken).await;
    assert_error(&answer, 400, -32600, &Value::Null);
}

async fn send_body(service: &StreamableHttp, request: HttpRequest, body: Hostile) -> Answer {
    let request = request.into_http().map(|_| body);
    let Ok(response) = service.clone().call(request).await;
    AnswerStream::of(response).whole().await
}

/// A body that nobody should wait for.
#[derive(Clone, Copy)]
enum Hostile {
    /// Never brings anything.
    Silent,
    /// Brings more and more.
    Endless,
    /// Breaks off.
    Broken,
}

impl Body for Hostile {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match *self {
            Self::Silent => Poll::Pending,
            Self::Endless => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 64 * 1024]))))),
            Self::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }
}

#[tokio::test]
async fn what_is_not_one_message_is_refused_in_both_eras() {
    let served = Setup::new().serve().await;
    let message = String::from_utf8(echo().body.concat()).unwrap();
    let nothing = Value::Null;
    let one = json!(1);
    let cases: [(&str, Vec<u8>, i64, &Value); 16] = [
        ("nothing", Vec::new(), -32700, &nothing),
        ("cut", message.as_bytes()[..message.len() - 1].to_vec(), -32700, &nothing),
        ("two documents", format!("{message}{message}").into(), -32700, &nothing),
        ("a comment", format!("{message} // comment").into(), -32700, &nothing),
        ("a trailing comma", message.replacen("\"id\":1,", "\"id\":1,,", 1).into(), -32700, &nothing),
        ("NaN", message.replacen("\"x\"", "NaN", 1).into(), -32700, &nothing),
        ("a byte order mark", format!("\u{feff}{message}").into(), -32700, &nothing),
        ("invalid UTF-8", [message.as_bytes(), b"\xff"].concat(), -32700, &nothing),
        ("UTF-16", message.encode_utf16().flat_map(u16::to_le_bytes).collect(), -32700, &nothing),
        ("brackets", "[".repeat(200_000).into(), -32700, &nothing),
        ("a batch", format!("[{message}]").into(), -32600, &nothing),
        ("an empty batch", b"[]".to_vec(), -32600, &nothing),
        ("null", b"null".to_vec(), -32600, &nothing),
        ("a number", b"1".to_vec(), -32600, &nothing),
        ("an empty object", b"{}".to_vec(), -32600, &nothing),
        (
            "params are an array",
            br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#.to_vec(),
            -32600,
            &one,
        ),
    ];
    for request in in_both_eras(&served).await {
        for (what, body, code, id) in &cases {
            let answer = served.send(request.clone().bytes(body)).await;
            assert_eq!(answer.json()["error"]["code"], *code, "{what}: {}", answer.text());
            assert_error(&answer, 400, *code, id);
        }
    }
}

#[tokio::test]
async fn messages_nest_to_a_bound() {
    let served = Setup::new().serve().await;
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    // The message, its params, the arguments and these.
    for (levels, status) in [(61, 200), (62, 400), (100, 400)] {
        let call = json!({"name": "anything", "arguments": {"a": nested(levels)}});
        let answer = served.send(modern("tools/call", call)).await;
        assert_eq!(answer.status.as_u16(), status, "{levels} levels");
        if status == 400 {
            assert_error(&answer, 400, -32700, &Value::Null);
        }
    }
}

#[tokio::test]
async fn numbers_that_no_type_holds_do_not_reach_a_tool() {
    let served = Setup::new().serve().await;
    let call = modern("tools/call", json!({"name": "anything", "arguments": {"a": 1}}));
    let body = String::from_utf8(call.body.concat()).unwrap();
    let answer = served.send(call.bytes(body.replacen("\"a\":1", "\"a\":1e400", 1))).await;
    assert_eq!(answer.json()["result"]["isError"], true, "{}", answer.text());
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_kept_out_whatever_they_ask() {
    let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap());
    let service = HostOriginLayer::new(policy).layer(Setup::new().service());
    let served = Served::start(service).await;
    let ours = "127.0.0.1:8080";
    let cases: [(&[&str], &[&str], Option<u16>); 8] = [
        (&[ours], &[], None),
        (&["localhost:8080"], &["http://127.0.0.1:8080"], None),
        (&["evil.example"], &[], Some(403)),
        (&["localhost:8081"], &[], Some(403)),
        (&[ours, "evil.example"], &[], Some(400)),
        (&[ours], &["https://evil.example"], Some(403)),
        (&[ours], &["null"], Some(403)),
        (&[ours], &["http://127.0.0.1:8080", "http://127.0.0.1:8080"], Some(403)),
    ];
    for (hosts, origins, refused) in cases {
        for (method, path, let_in) in
            [("POST", "/mcp", 200), ("GET", "/mcp", 405), ("DELETE", "/", 405), ("PUT", "/x", 405)]
        {
            let request = HttpRequest { method: method.parse().unwrap(), path: path.to_owned(), ..echo() };
            let request = hosts.iter().fold(request, |request, host| request.also("host", host));
            let request = origins.iter().fold(request, |request, origin| request.also("origin", origin));
            let answer = served.send(request).await;
            let what = format!("{method} {path} from {hosts:?} {origins:?}: {}", answer.text());
            assert_eq!(answer.status.as_u16(), refused.unwrap_or(let_in), "{what}");
            if refused.is_some() {
                assert_eq!(answer.json()["error"]["code"], 1403, "{what}");
                assert_eq!(answer.json().get("id"), None, "{what}");
            }
        }
    }
    let policy = HostOriginPolicy::listening_on("127.0.0.1:8080".parse().unwrap());
    let mut service = HostOriginLayer::new(policy).layer(Setup::new().service());
    let Ok(response) = service.call(echo().into_http()).await;
    assert_eq!(response.status(), 400, "no host at all");
}

#[tokio::test]
async fn caller_whom_no_layer_named_is_refused() {
    let http = HttpConfig::new(Authentication::RequestExtension);
    let service = Setup { http, ..Setup::new() }.service();
    let delete = HttpRequest::of(Method::DELETE).with("mcp-session-id", "x");
    let get = HttpRequest::of(Method::GET).with("mcp-session-id", "x");
    for request in [echo(), delete, get] {
        let answer = direct(&service, request).await.whole().await;
        let error = assert_error(&answer, 500, -32603, &Value::Null);
        assert_eq!(error["message"], "internal error", "it is nobody's business whose fault it is");
    }
    let named = tower::service_fn(|mut request: Request<_>| {
        request.extensions_mut().insert(Principal::local());
        service.clone().call(request)
    });
    let answered = tower::ServiceExt::oneshot(named, echo().into_http()).await;
    let Ok::<_, Infallible>(response) = answered;
    assert_eq!(response.status(), 200);
}
