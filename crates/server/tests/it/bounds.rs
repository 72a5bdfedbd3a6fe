//! Bounds that the config sets, where clients meet them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::program::{PATIENCE, Running, request};
use crate::wire::{Session, modern, modern_headers, modern_message};

fn serving(config: &str) -> Running {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("outboard.toml"), config).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

/// A listen request with this filter, its headers and body.
fn listen(filter: &Value) -> (Vec<String>, String) {
    let message = modern_message(1, "subscriptions/listen", json!({ "notifications": filter }), &json!({}));
    (modern_headers(&message), message.to_string())
}

#[test]
fn pages_have_as_many_items_as_the_config_says() {
    let server = serving("limits.page_items = 2\n");
    let list = |cursor: &Value| {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        modern(&server.url, "tools/list", params, &json!({}))
    };
    let first = list(&Value::Null);
    let second = list(&first["result"]["nextCursor"]);
    let names = |page: &Value| {
        let tools = page["result"]["tools"].as_array().unwrap_or_else(|| panic!("no tools: {page}")).clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names(&first), names(&second)), (vec!["echo".to_owned(), "add".into()], vec!["count".to_owned()]));
    assert_eq!(second["result"]["nextCursor"], Value::Null, "{second}");
    // The client that the command line is reads all pages.
    assert_eq!(String::from_utf8(server.outboard("list", &[]).stdout).unwrap().lines().count(), 3);
}

#[test]
fn streams_of_notifications_are_as_many_as_the_config_says() {
    for (config, status) in [("subscriptions.streams = 1", "429"), ("subscriptions.streams_total = 1", "503")] {
        let server = serving(config);
        let (headers, body) = listen(&json!({"toolsListChanged": true}));
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let host = server.url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
        let mut open = TcpStream::connect(host).unwrap();
        open.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = headers.join("\r\n");
        let length = body.len();
        write!(open, "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{head}\r\n\r\n{body}").unwrap();
        let mut line = String::new();
        BufReader::new(&open).read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        let refused = request(&server.url, "POST", &body, &headers);
        assert!(refused.starts_with(&format!("HTTP/1.1 {status}")), "{refused}");
    }
}

#[test]
fn a_stream_subscribes_to_as_many_resources_as_the_config_says() {
    let server = serving("subscriptions.uris = 1\n");
    let (headers, body) = listen(&json!({"resourceSubscriptions": ["a:b", "a:c"]}));
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let refused = request(&server.url, "POST", &body, &headers);
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("-32602"), "{refused}");
}

#[test]
fn a_legacy_connection_lasts_as_long_as_the_config_says_and_the_answer_comes_on_the_next() {
    let server = serving("legacy = { connection_max = '1s', retry = '70ms' }\n");
    let session = Session::open(&server.url, &json!({}));
    let params = json!({"name": "count", "arguments": {"to": 12}, "_meta": {"progressToken": 1}});
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params});
    let begun = session.post(&call);
    assert!(begun.contains("retry: 70\n") && !begun.contains("\"result\""), "{begun}");
    let last = begun.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().expect("an event");
    let mut headers = session.headers();
    headers.push(format!("Last-Event-ID: {last}"));
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let rest = request(&server.url, "GET", "", &headers);
    assert!(rest.contains("counted to 12"), "{rest}");
}
