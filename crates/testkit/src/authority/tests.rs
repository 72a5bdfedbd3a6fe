//! Faults do what they say, and requests are counted.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Authority, Fault, INTROSPECT, JWKS, Listener, Scripted};
use crate::http::patiently;

/// What comes back for a request written by hand, until the connection ends.
async fn raw(authority: &Authority, method: &str, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: as\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(authority.address()).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    patiently("the end", stream.read_to_end(&mut answer)).await.map(|_| answer)
}

/// The status, and the head and body with an empty line between them.
async fn ask(authority: &Authority, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = raw(authority, method, path, body).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), format!("{head}\n\n{body}"))
}

async fn text(authority: &Authority, path: &str) -> (u16, String) {
    ask(authority, "GET", path, "").await
}

async fn document(authority: &Authority, path: &str) -> Value {
    let (status, text) = text(authority, path).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(text.split_once("\n\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn metadata_stands_where_clients_look_for_it() {
    for (path, expected) in [
        ("", vec!["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        (
            "/tenant",
            vec![
                "/.well-known/oauth-authorization-server/tenant",
                "/.well-known/openid-configuration/tenant",
                "/tenant/.well-known/openid-configuration",
                "/tenant/.well-known/oauth-authorization-server",
            ],
        ),
    ] {
        let authority = Authority::start_at(path).await;
        assert_eq!(authority.metadata_paths(), expected);
        for place in expected {
            let metadata = document(&authority, place).await;
            assert_eq!(metadata["issuer"], authority.issuer());
            assert_eq!(metadata["jwks_uri"], authority.jwks_uri());
            assert_eq!(metadata["introspection_endpoint"], authority.introspection_endpoint());
        }
        assert_eq!(text(&authority, "/.well-known/oauth-authorization-server/other").await.0, 404);
    }
}

#[tokio::test]
async fn what_is_set_is_answered() {
    let authority = Authority::start().await;
    authority.set_keys(vec![json!({"kid": "a"})]);
    authority.set_cache_control(JWKS, "max-age=0");
    authority.set_metadata("issuer", json!("https://evil.example"));
    authority.set_metadata("jwks_uri", Value::Null);
    let (_, keys) = text(&authority, JWKS).await;
    assert!(keys.contains("cache-control: max-age=0") && keys.ends_with("\n\n{\"keys\":[{\"kid\":\"a\"}]}"), "{keys}");
    let metadata = document(&authority, &authority.metadata_paths()[0]).await;
    assert_eq!((&metadata["issuer"], &metadata["jwks_uri"]), (&json!("https://evil.example"), &Value::Null));
    assert_eq!(ask(&authority, "POST", JWKS, "").await.0, 405);
    assert_eq!(text(&authority, INTROSPECT).await.0, 405);
}

#[tokio::test]
async fn introspection_answers_token_by_token_or_by_a_function() {
    let authority = Authority::start().await;
    authority.set_introspection("a+b c", json!({"active": true, "sub": "x"}));
    let introspect = async |form: &'static str| -> Value {
        let (status, answer) = ask(&authority, "POST", INTROSPECT, form).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(answer.split_once("\n\n").unwrap().1).unwrap()
    };
    for (form, active) in [("token=a%2Bb+c", true), ("token=other", false), ("x=a%2Bb+c", false), ("", false)] {
        assert_eq!(introspect(form).await["active"], active, "{form}");
    }
    authority.introspect_with(|token| json!({"active": "true", "was": token}));
    assert_eq!(introspect("token=a%2Bb+c").await, json!({"active": "true", "was": "a+b c"}));
    let seen = authority.seen(INTROSPECT);
    assert_eq!((seen.len(), &seen[0].body[..], &seen[0].method), (5, &b"token=a%2Bb+c"[..], &Method::POST));
}

#[tokio::test]
async fn faults_do_what_they_say() {
    let authority = Authority::start().await;
    authority.set_keys(vec![json!({"kid": "a"})]);
    let listener = Listener::start().await;
    let scripted =
        Scripted::json("[]").with("cache-control", "max-age=315360000").with("x-twice", "a").with("x-twice", "b");
    for (fault, status, parts) in [
        (Fault::Status(StatusCode::INTERNAL_SERVER_ERROR), 500, vec!["scripted"]),
        (Fault::EmptyKeys, 200, vec!["application/json", "\n\n{\"keys\":[]}"]),
        (Fault::Garbage, 200, vec!["application/json"]),
        (Fault::Html, 200, vec!["text/html", "<!doctype html>"]),
        (Fault::Redirect(listener.url()), 302, vec![&*format!("location: {}", listener.url())]),
        (Fault::Slow(Duration::from_millis(1)), 200, vec!["\"kid\":\"a\""]),
        (Fault::Answer(scripted), 200, vec!["max-age=315360000", "x-twice: a", "x-twice: b", "\n\n[]"]),
    ] {
        authority.set(JWKS, fault.clone());
        let (found, answer) = text(&authority, JWKS).await;
        assert_eq!(found, status, "{fault:?}");
        for part in parts {
            assert!(answer.contains(part), "{fault:?}: {answer}");
        }
        if fault == Fault::Garbage {
            assert!(serde_json::from_str::<Value>(answer.split_once("\n\n").unwrap().1).is_err());
        }
        // Other paths are as before.
        assert_eq!(text(&authority, &authority.metadata_paths()[1]).await.0, 200);
    }
    authority.clear();
    assert_eq!(document(&authority, JWKS).await["keys"][0]["kid"], "a");
    assert_eq!((authority.count(JWKS), authority.count_all()), (8, 15));
    assert_eq!(listener.connections().await, 0, "nobody has followed");
}

#[tokio::test]
async fn huge_answer_is_a_good_document_and_64_mib_of_nothing() {
    let authority = Authority::start().await;
    authority.set(JWKS, Fault::Huge);
    let mut stream = TcpStream::connect(authority.address()).await.unwrap();
    stream.write_all(format!("GET {JWKS} HTTP/1.0\r\nhost: as\r\n\r\n").as_bytes()).await.unwrap();
    let (mut bytes, mut first) = (0, Vec::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = patiently("more of it", stream.read(&mut buffer)).await.unwrap();
        if read == 0 {
            break;
        }
        bytes += read;
        if first.len() < 1024 {
            first.extend_from_slice(&buffer[..read]);
        }
    }
    let first = String::from_utf8_lossy(&first).into_owned();
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("content-length") && body.trim_end() == "{\"keys\":[]}", "{head}");
    assert_eq!(bytes, head.len() + 4 + "{\"keys\":[]}".len() + 64 * 1024 * 1024);
}

#[tokio::test]
async fn hanging_request_is_answered_when_the_fault_ends() {
    let authority = Authority::start().await;
    authority.set(JWKS, Fault::Hang);
    let asking = text(&authority, JWKS);
    let meanwhile = async {
        authority.counted(JWKS, 1).await;
        // It stands while others are answered, and while other faults change.
        authority.set(INTROSPECT, Fault::Hang);
        assert_eq!(text(&authority, &authority.metadata_paths()[0]).await.0, 200);
        authority.set_keys(vec![json!({"kid": "later"})]);
        authority.clear();
    };
    let ((status, answer), ()) = tokio::join!(asking, meanwhile);
    // The keys came after the request: it was not answered before.
    assert!(status == 200 && answer.contains("later"), "{answer}");
}

#[tokio::test]
async fn hanging_request_ends_with_the_authority() {
    let authority = Authority::start().await;
    authority.set(JWKS, Fault::Hang);
    let mut stream = TcpStream::connect(authority.address()).await.unwrap();
    stream.write_all(format!("GET {JWKS} HTTP/1.1\r\nhost: as\r\n\r\n").as_bytes()).await.unwrap();
    authority.counted(JWKS, 1).await;
    let address = authority.address();
    drop(authority);
    let read = patiently("the end", stream.read(&mut [0; 1])).await;
    assert!(read.is_err() || read.is_ok_and(|bytes| bytes == 0));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn reset_is_a_reset() {
    let authority = Authority::start().await;
    authority.set(JWKS, Fault::Reset);
    let error = raw(&authority, "GET", JWKS, "").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(authority.count(JWKS), 1);
}

#[tokio::test]
async fn listener_counts_strangers_and_not_itself() {
    let listener = Listener::start().await;
    assert_eq!(listener.connections().await, 0);
    let connection = TcpStream::connect(listener.address()).await.unwrap();
    assert_eq!(listener.connections().await, 1);
    drop(connection);
    for expected in 2..5 {
        drop(TcpStream::connect(listener.address()).await.unwrap());
        assert_eq!(listener.connections().await, expected);
    }
}
