//! What is answered before its body has come: at once, and on a connection that goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::program::{PATIENCE, Running};

/// A connection to the server, and how it is called by.
fn connected(server: &Running) -> (TcpStream, String) {
    let host = server.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    (stream, host)
}

/// One answer: its status line, once its body has been read.
fn answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).unwrap();
    head.lines().next().unwrap().to_owned()
}

fn head(host: &str, path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{more}\r\n")
}

#[test]
fn a_refusal_does_not_wait_for_the_body_and_the_connection_goes_on_behind_it() {
    let server = Running::start_in(tempfile::tempdir().unwrap(), &[], &["--dev-issuer"]);
    let body = format!("{{\"jsonrpc\": \"2.0\", \"padding\": \"{}\"}}", "x".repeat(100_000));
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = format!("Content-Length: {}\r\n", body.len());
    let foreign = format!("Origin: https://evil.example\r\n{length}");
    let cases = [
        ("/mcp", length.as_str(), &body, "http/1.1 401 unauthorized"),
        ("/mcp", "Transfer-Encoding: chunked\r\n", &chunked, "http/1.1 401 unauthorized"),
        ("/mcp", &foreign, &body, "http/1.1 403 forbidden"),
        ("/nowhere", &length, &body, "http/1.1 404 not found"),
    ];
    for (path, headers, body, status) in cases {
        let (mut stream, host) = connected(&server);
        stream.write_all(head(&host, path, headers).as_bytes()).unwrap();
        assert_eq!(answer(&mut stream), status, "{path} {headers}");
        stream.write_all(body.as_bytes()).unwrap();
        stream.write_all(format!("GET /livez HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(answer(&mut stream), "http/1.1 200 ok", "{path} {headers}");
    }
}

#[test]
fn a_body_that_never_comes_holds_no_connection() {
    let server = Running::start_in(tempfile::tempdir().unwrap(), &[], &["--dev-issuer"]);
    let (mut stream, host) = connected(&server);
    stream.write_all(head(&host, "/mcp", "Content-Length: 1048576\r\n").as_bytes()).unwrap();
    stream.write_all(b"0123456789").unwrap();
    assert_eq!(answer(&mut stream), "http/1.1 401 unauthorized");
    // The server closes.
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}
