//! TLS works without any set-up by the caller, and an unknown certificate ends the request.

use std::sync::Arc;
use std::time::Duration;

use outboard_fetch::{FetchConfig, FetchError, Fetcher, Phase, Reach, Request, Target};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::server::Server;

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let fetcher = Fetcher::new(FetchConfig::default()).unwrap();
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![key.cert.der().clone()], private).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let refused = acceptor.accept(stream).await;
            assert!(refused.is_err(), "the client accepted an unknown certificate");
        }
    })
    .await;
    let url = format!("https://localhost:{}/", server.address.port());
    let error = fetcher.send(Request::get(Target::parse(&url, Reach::AnyAddress).unwrap())).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn plain_http_behind_https_is_a_tls_failure() {
    let server = Server::start(|mut stream| async move {
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        drop(stream.write_all(answer).await);
    })
    .await;
    let url = format!("https://{}/", server.address);
    let fetcher = Fetcher::new(FetchConfig::default()).unwrap();
    let target = Target::parse(&url, Reach::AnyAddress).unwrap();
    let error = fetcher.send(Request::get(target)).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let connect_timeout = Duration::from_millis(60);
    let config = FetchConfig { connect_timeout, ..FetchConfig::default() };
    let url = format!("https://{}/", server.address);
    let target = Target::parse(&url, Reach::AnyAddress).unwrap();
    let error = Fetcher::new(config).unwrap().send(Request::get(target)).await.unwrap_err();
    let FetchError::Timeout { phase, after, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((phase, after), (Phase::Connect, connect_timeout));
}
