//! The whole flow over a real connection, mounted as a server does it.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use outboard_fetch::{FetchConfig, FetchError, Fetcher, Reach, Request, Target};
use outboard_issuer::{Issuer, IssuerConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use crate::harness::{VERIFIER, challenge, encode};

fn post(url: &str, media_type: &'static str, body: String) -> Request {
    let mut request = Request::post(Target::parse(url, Reach::AnyAddress).unwrap(), body);
    request.headers.insert("content-type", media_type.parse().unwrap());
    request
}

async fn document(fetcher: &Fetcher, request: Request) -> Value {
    let response = fetcher.send(request).await.unwrap();
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Serves until it is dropped.
fn serve(listener: TcpListener, issuer: Issuer) -> JoinSet<()> {
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(issuer.clone());
            connections.spawn(async move {
                // The client may close in the middle of it.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    server
}

// While nothing happens on the connection, the paused time goes on.
#[tokio::test(start_paused = true)]
async fn a_connection_on_which_half_a_body_came_is_answered_and_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = IssuerConfig::new(Url::parse(&format!("http://{address}")).unwrap());
    config.resources = vec!["http://127.0.0.1/mcp".to_owned()];
    let issuer = Issuer::new(config, Fetcher::new(FetchConfig::default()).unwrap()).unwrap();
    let _server = serve(listener, issuer);
    let form = "application/x-www-form-urlencoded";
    for (path, media_type) in [("token", form), ("register", "application/json"), ("introspect", form)] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media_type}\r\n");
        stream.write_all(format!("{head}Content-Length: 100\r\n\r\na").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_client_goes_from_discovery_to_a_token_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let fetcher = Fetcher::new(FetchConfig::default()).unwrap();
    let mut config = IssuerConfig::new(Url::parse(&origin).unwrap());
    config.resources = vec![format!("{origin}/mcp")];
    config.dangerous_auto_approve = Some("bob".to_owned());
    let issuer = Issuer::new(config, fetcher.clone()).unwrap();
    let _server = serve(listener, issuer);

    let well_known = format!("{origin}/.well-known/oauth-authorization-server");
    let metadata = document(&fetcher, Request::get(Target::parse(&well_known, Reach::AnyAddress).unwrap())).await;
    let endpoint = |name: &str| metadata[name].as_str().unwrap().to_owned();
    let asked = json!({ "redirect_uris": ["http://localhost:9/cb"], "token_endpoint_auth_method": "none" }).to_string();
    let client = document(&fetcher, post(&endpoint("registration_endpoint"), "application/json", asked)).await;
    let id = client["client_id"].as_str().unwrap();

    let challenge = challenge(VERIFIER);
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", "http://localhost:9/cb"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let authorize = format!("{}?{query}", endpoint("authorization_endpoint"));
    let sent = fetcher.send(Request::get(Target::parse(&authorize, Reach::AnyAddress).unwrap())).await;
    let Err(FetchError::Redirect { location: Some(location), .. }) = sent else { panic!("{sent:?}") };
    let location = Url::parse(&location).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();

    let form = encode(&[
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", "http://localhost:9/cb"),
    ]);
    let tokens = document(&fetcher, post(&endpoint("token_endpoint"), "application/x-www-form-urlencoded", form)).await;
    assert_eq!(tokens["token_type"], "Bearer", "{tokens}");
    assert_eq!(tokens["access_token"].as_str().unwrap().split('.').count(), 3);
}
