//! What a client makes of servers that break off, stay silent, or close what was kept.

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::http::{Served, legacy};

fn wire(address: std::net::SocketAddr) -> Wire {
    let place = Place { address, host: address.to_string() };
    Wire::new(&place, &Caller { name: "alice".to_owned(), token: Some("key".to_owned()) }, "mk:alice:1:1.".to_owned())
}

/// Accepts connections one after the other; each gets one request read, one answer, and its end.
async fn raw(answers: &'static [&'static str]) -> (std::net::SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = [0; 4096];
            assert!(stream.read(&mut read).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, tasks)
}

#[tokio::test]
async fn requests_name_their_caller_and_themselves() {
    let service = tower::service_fn(|request: Request<Incoming>| async move {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let seen = json!([header("host"), header("authorization"), header("x-request-id")]);
        let mut response = Response::new(Full::<Bytes>::from(seen.to_string()));
        response.headers_mut().insert("x-request-id", request.headers()["x-request-id"].clone());
        Ok::<_, Infallible>(response)
    });
    let served = Served::start(service).await;
    let wire = wire(served.address());
    for number in 0..2 {
        let answered = wire.send(legacy("ping", json!({}))).await.unwrap();
        let id = format!("mk:alice:1:1.{number}");
        assert_eq!(answered.messages, [(None, json!([served.address().to_string(), "Bearer key", id]))]);
    }
    assert_eq!(wire.ids(), ["mk:alice:1:1.0", "mk:alice:1:1.1"]);
}

#[tokio::test]
async fn answer_that_breaks_off_is_an_error() {
    let cases: [(&'static [&'static str], &str); 4] = [
        (&[""], "lost"),
        (&["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"], "lost"),
        (&["HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {}"], "ended early"),
        (&["HTTP/1.1 200 OK\r\nx-request-id: another\r\ncontent-length: 2\r\n\r\n{}"], "came to"),
    ];
    for (answers, expected) in cases {
        let (address, _tasks) = raw(answers).await;
        let error = wire(address).send(legacy("ping", json!({}))).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{answers:?}: {error}");
    }
}

#[tokio::test]
async fn kept_connection_that_has_ended_costs_no_request() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let (address, _tasks) = raw(&[ANSWER, ANSWER]).await;
    let wire = wire(address);
    for _ in 0..2 {
        assert_eq!(wire.send(legacy("ping", json!({}))).await.unwrap().messages, [(None, json!({}))]);
    }
}

#[tokio::test]
async fn nobody_there_is_told_from_a_lost_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(wire(address).send(legacy("ping", json!({}))).await, Err(Broken::Unreachable(_))));
}
