//! Where a request may go: special-use addresses, redirects, and what is sent along.

use http::header::{AUTHORIZATION, HeaderValue};
use outboard_fetch::{FetchConfig, FetchError, Fetcher, Reach, Request, SpecialUse, Target, TargetError};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::server::{Server, read_head};

fn fetcher() -> Fetcher {
    Fetcher::new(FetchConfig::default()).unwrap()
}

#[tokio::test]
async fn a_special_use_address_is_refused_by_literal_before_anything_is_sent() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let url = format!("http://{}/", server.address);
    let refused = Target::parse(&url, Reach::PublicOnly).unwrap_err();
    let expected = TargetError::SpecialUse { address: server.address.ip(), special_use: SpecialUse::Loopback };
    assert_eq!(refused, expected);
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_special_use_address_is_refused_by_name_before_anything_is_connected() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for name in ["localhost", "LOCALHOST"] {
        let url = format!("http://{name}:{}/", server.address.port());
        let target = Target::parse(&url, Reach::PublicOnly).unwrap();
        let refused = fetcher().send(Request::get(target)).await.unwrap_err();
        let FetchError::AddressRefused { address, special_use, .. } = refused else {
            panic!("{name}: {refused:?}");
        };
        assert!(address.is_loopback(), "{name}: {address}");
        assert_eq!(special_use, SpecialUse::Loopback);
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_connection_opened_for_a_wide_reach_is_not_used_for_a_narrow_one() {
    let server = Server::start(|mut stream| async move {
        loop {
            if read_head(&mut stream).await.is_empty() {
                break;
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let fetcher = fetcher();
    let url = format!("http://localhost:{}/", server.address.port());
    for _ in 0..2 {
        let target = Target::parse(&url, Reach::AnyAddress).unwrap();
        let response = fetcher.send(Request::get(target)).await.unwrap();
        response.bytes().await.unwrap();
    }
    assert_eq!(server.accepted(), 1, "the connection is kept");
    let target = Target::parse(&url, Reach::PublicOnly).unwrap();
    let refused = fetcher.send(Request::get(target)).await.unwrap_err();
    assert!(matches!(refused, FetchError::AddressRefused { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_redirect_is_reported_and_not_followed() {
    let other = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for code in [300, 301, 302, 303, 307, 308] {
        let location = format!("http://{}/elsewhere", other.address);
        let answer = format!("HTTP/1.1 {code} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let server = Server::answering(answer).await;
        match fetcher().send(server.get()).await {
            Err(FetchError::Redirect { status, location: to, .. }) => {
                assert_eq!(status.as_u16(), code);
                assert_eq!(to.as_deref(), Some(location.as_str()));
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn a_long_redirect_is_cut() {
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: /{}\r\n\r\n", "x".repeat(2000));
    let server = Server::answering(answer).await;
    let Err(FetchError::Redirect { location, .. }) = fetcher().send(server.get()).await else {
        panic!("the redirect was not reported");
    };
    assert_eq!(location.unwrap().len(), 512);
}

#[tokio::test]
async fn not_modified_and_errors_are_answers() {
    for code in [304, 400, 401, 404, 500, 503] {
        let server = Server::answering(format!("HTTP/1.1 {code} X\r\ncontent-length: 0\r\n\r\n")).await;
        let response = fetcher().send(server.get()).await.unwrap();
        assert_eq!(response.status().as_u16(), code);
    }
}

#[tokio::test]
async fn a_request_carries_what_it_was_given_and_our_name() {
    let (heads, mut seen) = mpsc::channel(1);
    let server = Server::start(move |mut stream| {
        let heads = heads.clone();
        async move {
            heads.send(read_head(&mut stream).await).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nx-seen: yes\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let mut request = Request::post(server.get().target, "{}");
    let bearer = HeaderValue::from_static("Bearer secret");
    request.headers.insert(AUTHORIZATION, bearer);
    assert!(!format!("{request:?}").contains("secret"));
    let response = fetcher().send(request).await.unwrap();
    assert_eq!(response.headers()["x-seen"], "yes");
    let head = seen.recv().await.unwrap().to_lowercase();
    let host = format!("\r\nhost: {}\r\n", server.address);
    for part in ["post / http/1.1\r\n", "\r\nauthorization: bearer secret\r\n", "\r\nuser-agent: outboard/", &host] {
        assert!(head.contains(part), "{part} is missing in {head}");
    }
    assert!(!head.contains("accept-encoding"), "{head}");
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = Target::parse(&format!("http://{address}/"), Reach::AnyAddress).unwrap();
    let error = fetcher().send(Request::get(target)).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains(&address.to_string()) && message.contains("refused"), "{message}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_does_not_resolve() {
    for reach in [Reach::AnyAddress, Reach::PublicOnly] {
        // RFC 6761 reserves `.invalid` for names that never resolve.
        let target = Target::parse("http://no-such-host.invalid/", reach).unwrap();
        let error = fetcher().send(Request::get(target)).await.unwrap_err();
        assert!(matches!(error, FetchError::Unresolved { .. }), "{error:?}");
    }
}

#[test]
fn a_user_agent_that_is_no_header_value_is_refused() {
    let config = FetchConfig { user_agent: "two\nlines".to_owned(), ..FetchConfig::default() };
    assert!(Fetcher::new(config).is_err());
}
