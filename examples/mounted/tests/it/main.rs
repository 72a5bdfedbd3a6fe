//! The application, started as a user would start it: pages, MCP behind the same authentication, and the end.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const ALICE: &str = "Authorization: Bearer alices-token";
const BOB: &str = "Authorization: Bearer bobs-token";

/// The running application; ended when it is dropped.
struct App {
    process: Child,
    address: String,
}

impl App {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mounted"))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.expect("the first line names the URL").to_owned();
        Self { process, address }
    }

    /// Sends a request on a connection of its own; the answer is read by who asked.
    fn send(&self, line: &str, headers: &[&str], body: &str) -> BufReader<TcpStream> {
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        for header in headers {
            request.push_str(&format!("{header}\r\n"));
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        BufReader::new(stream)
    }

    fn get(&self, path: &str, headers: &[&str]) -> String {
        rest(self.send(&format!("GET {path}"), headers, ""))
    }

    /// Sends a request of MCP's stateless revision.
    fn mcp(&self, method: &str, mut params: Value, headers: &[&str]) -> BufReader<TcpStream> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let method_header = format!("Mcp-Method: {method}");
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).map(|name| format!("Mcp-Name: {name}"));
        let mut all = vec![
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
            "MCP-Protocol-Version: 2026-07-28",
            &method_header,
        ];
        all.extend(name.as_deref());
        all.extend(headers);
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        self.send("POST /mcp", &all, &body)
    }

    fn take_note(&self, text: &str, headers: &[&str]) -> String {
        rest(self.mcp("tools/call", json!({"name": "take_note", "arguments": {"text": text}}), headers))
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn rest(mut answer: impl std::io::Read) -> String {
    let mut text = String::new();
    answer.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_note_that_a_model_takes_is_on_its_users_page_alone() {
    let app = App::start();
    assert!(app.take_note("buy rope", &[ALICE]).contains("noted, as number 1"));
    for (user, has_note) in [(ALICE, true), (BOB, false)] {
        let page = app.get("/notes", &[user]);
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert_eq!(page.contains("buy rope"), has_note, "{user}: {page}");
        let read = rest(app.mcp("resources/read", json!({"uri": "notes://mine"}), &[user]));
        assert_eq!(read.contains("buy rope"), has_note, "{user}: {read}");
    }
}

#[test]
fn who_is_not_signed_in_gets_the_public_page_and_nothing_else() {
    let app = App::start();
    assert!(app.get("/", &[]).starts_with("HTTP/1.1 200"));
    for headers in [&[][..], &["Authorization: Bearer mallorys-token"]] {
        for refused in [app.get("/notes", headers), app.take_note("x", headers)] {
            assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
            assert!(refused.to_ascii_lowercase().contains("www-authenticate: bearer"), "{refused}");
        }
    }
}

#[test]
fn foreign_hosts_reach_no_route() {
    let app = App::start();
    for path in ["/", "/notes", "/mcp", "/nothing"] {
        let refused = app.get(path, &[ALICE, "Host: evil.example"]);
        assert!(refused.starts_with("HTTP/1.1 403"), "{path}: {refused}");
    }
}

#[test]
fn arguments_are_checked_before_the_tool_runs() {
    let app = App::start();
    let refused = app.take_note("", &[ALICE]);
    assert!(refused.contains("\"isError\":true"), "{refused}");
    assert!(app.take_note("first", &[ALICE]).contains("noted, as number 1"), "nothing was noted before");
}

#[test]
fn a_signal_ends_what_waits_and_then_the_application() {
    let mut app = App::start();
    let notifications = json!({"notifications": {"toolsListChanged": true}});
    let mut listening = app.mcp("subscriptions/listen", notifications, &[ALICE]);
    let mut line = String::new();
    while !line.contains("notifications/subscriptions/acknowledged") {
        line.clear();
        assert_ne!(listening.read_line(&mut line).unwrap(), 0, "the stream ended before it began");
    }
    let sent = Command::new("kill").args(["-TERM", &app.process.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(rest(listening).contains("\"result\""), "the stream ends with its result");
    assert_eq!(app.process.wait().unwrap().code(), Some(0));
}
