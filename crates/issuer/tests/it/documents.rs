//! Clients that are a document at their id: which are taken, and what is never fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use outboard_fetch::Reach;
use outboard_issuer::IssuerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::Harness;

const REDIRECT: &str = "http://127.0.0.1:4444/cb";

/// Serves documents on a free port, gone when dropped.
struct Documents {
    url: String,
    accepted: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Documents {
    /// Answers each connection with what `answer` makes of the document's URL; with nothing, never.
    async fn serve(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client.json", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let (count, own) = (Arc::clone(&accepted), url.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut held = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let Some(text) = answer(&own) else {
                    held.push(stream);
                    continue;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                // The client may hang up in the middle of it.
                drop(stream.write_all(text.as_bytes()).await);
            }
        });
        Self { url, accepted, _tasks: tasks }
    }

    async fn serving(change: impl Fn(&mut Value) + Send + 'static) -> Self {
        Self::serve(move |url| {
            let mut document = good(url);
            change(&mut document);
            Some(ok("application/json", "", &document.to_string()))
        })
        .await
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn good(url: &str) -> Value {
    json!({
        "client_id": url,
        "client_name": "Document App",
        "client_uri": "https://app.example",
        "redirect_uris": ["http://127.0.0.1/cb", "https://elsewhere.example/cb", "cursor://cb"],
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "token_endpoint_auth_method": "none",
    })
}

fn ok(media_type: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn near(config: &mut IssuerConfig) {
    config.dangerous_document_reach = Reach::AnyAddress;
    config.dangerous_auto_approve = Some("alice".to_owned());
}

/// For servers that never answer.
fn impatient(config: &mut IssuerConfig) {
    near(config);
    config.bounds.document_timeout = Duration::from_millis(100);
}

fn request(url: &str) -> [(&str, &str); 2] {
    [("client_id", url), ("redirect_uri", REDIRECT)]
}

#[tokio::test]
async fn a_document_is_a_client_from_first_request_to_refresh() {
    let documents = Documents::serving(|_| {}).await;
    let harness = Harness::with(near);
    let code = harness.code(&request(&documents.url)).await;
    let changes = request(&documents.url);
    let answer = harness.redeem(&code, &changes).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let tokens = answer.json();
    let claims = harness.introspect(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["client_id"], documents.url);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", &documents.url),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(harness.form("/token", &refresh).await.status, StatusCode::OK);
    // Only the first step fetched it.
    assert_eq!(documents.accepted(), 1);
    harness.pass(5 * 60);
    harness.code(&request(&documents.url)).await;
    assert_eq!(documents.accepted(), 2);
}

#[tokio::test]
async fn the_server_of_a_document_may_shorten_its_memory() {
    for (header, fetches) in [("no-store", 2), ("max-age=10", 2), ("max-age=100000", 1), ("public", 1)] {
        let documents = Documents::serve(move |url| {
            Some(ok("application/json", &format!("Cache-Control: {header}\r\n"), &good(url).to_string()))
        })
        .await;
        let harness = Harness::with(near);
        harness.code(&request(&documents.url)).await;
        harness.pass(10);
        harness.code(&request(&documents.url)).await;
        assert_eq!(documents.accepted(), fetches, "{header}");
    }
}

#[tokio::test]
async fn only_redirect_uris_of_the_document_that_we_take_are_used() {
    let documents = Documents::serving(|_| {}).await;
    let harness = Harness::with(near);
    for redirect in ["http://127.0.0.1/other", "https://elsewhere.example/cb", "cursor://cb", "http://localhost/cb"] {
        let answer = harness.authorize(&[("client_id", &documents.url), ("redirect_uri", redirect)]).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::BAD_REQUEST, ""), "{redirect}");
    }
}

#[tokio::test]
async fn a_document_that_is_not_the_clients_own_is_answered_by_a_page() {
    type Change = fn(&mut Value);
    let table: [(&str, Change); 12] = [
        ("other id", |d| d["client_id"] = json!("https://other.example/client.json")),
        ("id with a slash more", |d| d["client_id"] = json!(format!("{}/", d["client_id"].as_str().unwrap()))),
        ("no id", |d| drop(d.as_object_mut().unwrap().remove("client_id"))),
        ("no name", |d| drop(d.as_object_mut().unwrap().remove("client_name"))),
        ("secret", |d| d["client_secret"] = json!("x")),
        ("secret's end", |d| d["client_secret_expires_at"] = json!(0)),
        ("key", |d| d["token_endpoint_auth_method"] = json!("private_key_jwt")),
        ("secret method", |d| d["token_endpoint_auth_method"] = json!("client_secret_basic")),
        ("no redirect", |d| d["redirect_uris"] = json!([])),
        ("only unfit", |d| d["redirect_uris"] = json!(["cursor://cb"])),
        ("not a code", |d| d["grant_types"] = json!(["client_credentials"])),
        ("array", |d| *d = json!([])),
    ];
    for (case, change) in table {
        let documents = Documents::serving(change).await;
        refused(&documents, case).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_no_document_is_answered_by_a_page() {
    type Make = fn(&str) -> Option<String>;
    let table: [(&str, Make); 9] = [
        ("redirect", |url| Some(format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n"))),
        ("not found", |_| Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned())),
        ("created", |url| Some(ok("application/json", "", &good(url).to_string()).replace("200 OK", "201 Created"))),
        ("page", |url| Some(ok("text/html", "", &good(url).to_string()))),
        ("not JSON", |_| Some(ok("application/json", "", "<html>"))),
        ("too long", |url| Some(ok("application/json", "", &format!("{}{}", good(url), " ".repeat(64 * 1024))))),
        ("too deep", |_| Some(ok("application/json", "", &"[".repeat(60_000)))),
        ("not HTTP", |_| Some("SSH-2.0\r\n".to_owned())),
        ("silence", |_| None),
    ];
    for (case, answer) in table {
        let documents = Documents::serve(answer).await;
        refused(&documents, case).await;
    }
}

async fn refused(documents: &Documents, case: &str) {
    let harness = if case == "silence" { Harness::with(impatient) } else { Harness::with(near) };
    let answer = harness.authorize(&request(&documents.url)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::BAD_REQUEST, ""), "{case}");
    // One text for all, so that nobody learns from it what answers where.
    assert!(answer.body.contains("does not know the client") && !answer.body.contains("127.0.0.1"), "{case}");
    assert_eq!(documents.accepted(), 1, "{case}");
}

#[tokio::test]
async fn an_id_that_is_not_a_plain_https_url_is_not_fetched() {
    let documents = Documents::serving(|_| {}).await;
    let authority = documents.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let port = authority.rsplit(':').next().unwrap();
    // As in production: public addresses only.
    let harness = Harness::new();
    let ids = [
        documents.url.clone(),
        format!("https://{authority}/client.json"),
        format!("https://localhost:{port}/client.json"),
        format!("https://127.1:{port}/client.json"),
        format!("https://2130706433:{port}/client.json"),
        format!("https://[::1]:{port}/client.json"),
        format!("https://[::ffff:127.0.0.1]:{port}/client.json"),
        format!("https://[::ffff:10.0.0.1]:{port}/client.json"),
        format!("https://[64:ff9b::7f00:1]:{port}/client.json"),
        format!("https://[fd00::1]:{port}/client.json"),
        format!("https://0.0.0.0:{port}/client.json"),
        "https://10.0.0.1/client.json".to_owned(),
        "https://169.254.169.254/client.json".to_owned(),
        "https://192.168.0.1/client.json".to_owned(),
        "http://app.example/client.json".to_owned(),
        "https://app.example".to_owned(),
        "https://app.example/".to_owned(),
        "https://app.example/a/../client.json".to_owned(),
        "https://app.example/./client.json".to_owned(),
        "https://app.example/%2e%2e/client.json".to_owned(),
        "https://user@app.example/client.json".to_owned(),
        "https://user:pw@app.example/client.json".to_owned(),
        "https://app.example/client.json#f".to_owned(),
        "HTTPS://app.example/client.json".to_owned(),
        "https://APP.example/client.json".to_owned(),
        "https://app.example:443/client.json".to_owned(),
        "https://app.example\\client.json".to_owned(),
        "https:app.example/client.json".to_owned(),
        format!("https://app.example/{}", "x".repeat(2048)),
        "file:///etc/passwd".to_owned(),
    ];
    for id in ids {
        let answer = harness.authorize(&request(&id)).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::BAD_REQUEST, ""), "{id}");
        assert!(answer.body.contains("does not know the client"), "{id}");
    }
    assert_eq!(documents.accepted(), 0);
}

#[tokio::test]
async fn an_id_has_one_spelling() {
    let documents = Documents::serving(|_| {}).await;
    let harness = Harness::with(near);
    let origin = documents.url.strip_suffix("/client.json").unwrap();
    let ids = [
        origin.to_owned(),
        format!("{origin}/"),
        format!("{origin}/a/../client.json"),
        format!("{origin}/./client.json"),
        format!("{origin}/%2e/client.json"),
        format!("{origin}\\client.json"),
        format!("{origin}/cli\tent.json"),
        format!(" {origin}/client.json"),
        format!("{origin}/client.json#f"),
        origin.replace("http:", "HTTP:") + "/client.json",
        origin.replace("//", "//user@") + "/client.json",
        origin.replace("127.0.0.1", "127.1") + "/client.json",
        origin.replace("http://", "http:") + "/client.json",
    ];
    for id in ids {
        assert_eq!(harness.authorize(&request(&id)).await.status, StatusCode::BAD_REQUEST, "{id}");
    }
    assert_eq!(documents.accepted(), 0);
    harness.code(&request(&documents.url)).await;
    assert_eq!(documents.accepted(), 1);
}

#[tokio::test]
async fn documents_are_fetched_a_few_at_a_time() {
    let silent = Documents::serve(|_| None).await;
    let harness = Harness::with(|config| {
        impatient(config);
        config.bounds.document_fetches_max = 1;
    });
    let changes = request(&silent.url);
    let waiting = harness.authorize(&changes);
    tokio::pin!(waiting);
    // Its permit is taken before its first wait.
    assert!(poll_once(waiting.as_mut()).await.is_none());
    let refused = harness.authorize(&changes).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(waiting.await.status, StatusCode::BAD_REQUEST);
    // The permit came back.
    assert_eq!(harness.authorize(&changes).await.status, StatusCode::BAD_REQUEST);
}

/// Polls once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}
