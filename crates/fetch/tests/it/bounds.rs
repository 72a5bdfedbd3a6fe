//! Every bound on bytes and time, and what a broken answer becomes.

use std::future::pending;
use std::time::Duration;

use outboard_fetch::{FetchConfig, FetchError, Fetcher, Limits, Phase, Request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::interval;

use crate::server::{Server, read_head};

const SHORT: Duration = Duration::from_millis(60);

fn fetcher() -> Fetcher {
    Fetcher::new(FetchConfig::default()).unwrap()
}

async fn fetch_with(request: Request, limits: Limits) -> Result<Vec<u8>, FetchError> {
    let request = Request { limits: Some(limits), ..request };
    let response = fetcher().send(request).await?;
    response.bytes().await.map(Vec::from)
}

async fn timed_out(server: &Server, limits: Limits) -> (Phase, Duration) {
    match fetch_with(server.get(), limits).await {
        Err(FetchError::Timeout { phase, after, host }) => {
            assert_eq!(host, server.address.to_string());
            (phase, after)
        }
        other => panic!("{other:?}"),
    }
}

/// An endless chunked body, a piece every 5 ms.
async fn dribble(mut stream: TcpStream) {
    read_head(&mut stream).await;
    let mut ticks = interval(Duration::from_millis(5));
    let mut piece = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    while stream.write_all(piece.as_bytes()).await.is_ok() {
        ticks.tick().await;
        piece = "1\r\nx\r\n";
    }
}

#[tokio::test]
async fn a_body_within_its_bound_arrives_whole() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let limits = Limits { body_bytes_max: 5, ..Limits::default() };
    assert_eq!(fetch_with(server.get(), limits).await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_body_of_several_pieces_arrives_whole() {
    let body = "x".repeat(200_000);
    let server = Server::answering(format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n1\r\ny\r\n0\r\n\r\n",
        body.len()
    ))
    .await;
    let got = fetch_with(server.get(), Limits::default()).await.unwrap();
    assert_eq!(got, format!("{body}y").as_bytes());
}

#[tokio::test]
async fn a_body_over_its_bound_is_refused_whatever_its_length_header_says() {
    let body = "x".repeat(5000);
    let heads = ["content-length: 5000\r\n", "transfer-encoding: chunked\r\n", "connection: close\r\n"];
    for head in heads {
        let framed = if head.starts_with("transfer") {
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
        } else {
            body.clone()
        };
        let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{head}\r\n{framed}")).await;
        let limits = Limits { body_bytes_max: 4999, ..Limits::default() };
        let got = fetch_with(server.get(), limits).await;
        assert!(matches!(got, Err(FetchError::BodyTooLarge { bytes_max: 4999, .. })), "{head}: {got:?}");
    }
}

#[tokio::test]
async fn a_narrower_bound_for_one_answer_holds_and_a_wider_one_does_not() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let limits = Limits { body_bytes_max: 6, ..Limits::default() };
    for (bytes_max, request_max, expected) in [(5, 6, Ok(5)), (4, 6, Err(4)), (6, 4, Err(4))] {
        let limits = Limits { body_bytes_max: request_max, ..limits };
        let request = Request { limits: Some(limits), ..server.get() };
        let got = fetcher().send(request).await.unwrap().bytes_within(bytes_max).await;
        match (got, expected) {
            (Ok(body), Ok(length)) => assert_eq!(body.len(), length),
            (Err(FetchError::BodyTooLarge { bytes_max, .. }), Err(max)) => assert_eq!(bytes_max, max),
            (got, _) => panic!("{got:?}"),
        }
    }
}

#[tokio::test]
async fn a_streamed_body_counts_all_its_pieces() {
    let server = Server::start(dribble).await;
    let limits = Limits { body_bytes_max: 3, ..Limits::default() };
    let request = Request { limits: Some(limits), ..server.get() };
    let mut response = fetcher().send(request).await.unwrap();
    let mut bytes = 0;
    let refused = loop {
        match response.chunk().await {
            Ok(chunk) => bytes += chunk.expect("the body is endless").len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, FetchError::BodyTooLarge { bytes_max: 3, .. }), "{refused:?}");
    assert!(bytes <= 3, "{bytes}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        pending().await
    })
    .await;
    let limits = Limits { head_timeout: SHORT, ..Limits::default() };
    assert_eq!(timed_out(&server, limits).await, (Phase::Head, SHORT));
}

#[tokio::test]
async fn the_total_bound_holds_for_the_head_too() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        pending().await
    })
    .await;
    let limits = Limits { total_timeout: SHORT, ..Limits::default() };
    assert_eq!(timed_out(&server, limits).await, (Phase::Total, SHORT));
}

#[tokio::test]
async fn a_body_that_pauses_too_long_is_given_up() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf ";
        stream.write_all(head).await.unwrap();
        pending().await
    })
    .await;
    let limits = Limits { idle_timeout: SHORT, ..Limits::default() };
    assert_eq!(timed_out(&server, limits).await, (Phase::Idle, SHORT));
}

#[tokio::test]
async fn a_body_that_never_pauses_and_never_ends_is_given_up() {
    let server = Server::start(dribble).await;
    let limits = Limits { total_timeout: 2 * SHORT, ..Limits::default() };
    assert_eq!(timed_out(&server, limits).await, (Phase::Total, 2 * SHORT));
}

#[tokio::test]
async fn an_unbounded_wait_is_allowed_where_it_is_asked_for() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let limits = Limits {
        head_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        total_timeout: Duration::MAX,
        body_bytes_max: usize::MAX,
    };
    assert_eq!(fetch_with(server.get(), limits).await.unwrap(), b"ok");
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let server = Server::start(|mut stream| async move {
        read_head(&mut stream).await;
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n").await);
        while stream.write_all(b"x-more: and more\r\n").await.is_ok() {}
    })
    .await;
    let got = fetch_with(server.get(), Limits::default()).await;
    assert!(matches!(got, Err(FetchError::Broken { .. })), "{got:?}");
}

#[tokio::test]
async fn a_broken_answer_is_the_peers_fault() {
    let answers = [
        ("", "nothing at all"),
        ("SSH-2.0-OpenSSH_9.9\r\n", "another protocol"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf ", "a truncated body"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", "a truncated chunk"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "a chunk without a length"),
    ];
    for (answer, what) in answers {
        let server = Server::answering(answer).await;
        let got = fetch_with(server.get(), Limits::default()).await;
        assert!(matches!(got, Err(FetchError::Broken { .. })), "{what}: {got:?}");
    }
}

#[tokio::test]
async fn an_answer_sent_compressed_is_not_expanded() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x08zz";
    let server = Server::answering(answer).await;
    assert_eq!(fetch_with(server.get(), Limits::default()).await.unwrap(), b"\x1f\x08zz");
}
