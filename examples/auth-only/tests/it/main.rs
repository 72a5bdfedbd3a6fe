//! The application, started as a user would start it: who may do what, and where the others learn how to.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running application; ended when it is dropped.
struct App {
    process: Child,
    address: String,
    key: String,
}

impl App {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auth-only"));
        let command = command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let (before, key) = first.trim_end().rsplit_once(" for ").expect("the first line ends with the key");
        let (_, url) = before.split_once("http://").expect("the first line names the URL");
        let (address, key) = (url.trim_end_matches("/notes").to_owned(), key.to_owned());
        Self { process, address, key }
    }

    /// The whole answer to a request, in lower case as far as its head goes.
    fn ask(&self, line: &str, token: Option<&str>) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let host = &self.address;
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        (head.to_ascii_lowercase(), body.to_owned())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn who_has_no_token_is_told_where_to_get_one() {
    let app = App::start();
    let url = format!("http://{}/.well-known/oauth-protected-resource/notes", app.address);
    let (head, _) = app.ask("GET /notes", None);
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    let challenge = format!("www-authenticate: bearer resource_metadata=\"{url}\", scope=\"notes:read\"");
    assert!(head.lines().any(|line| line == challenge), "{head}");

    let (head, body) = app.ask("GET /.well-known/oauth-protected-resource/notes", None);
    assert!(head.starts_with("http/1.1 200 ") && head.contains("access-control-allow-origin: *"), "{head}");
    let resource = format!("\"resource\":\"http://{}/notes\"", app.address);
    assert!(body.contains(&resource) && body.contains("[\"https://login.example.com\"]"), "{body}");
}

#[test]
fn the_key_reads_and_does_not_clear() {
    let app = App::start();
    let (head, body) = app.ask("GET /notes", Some(&app.key));
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(body, "the notes of reader\n");

    let (head, _) = app.ask("DELETE /notes", Some(&app.key));
    assert!(head.starts_with("http/1.1 403 "), "{head}");
    assert!(head.contains("error=\"insufficient_scope\", scope=\"notes:clear notes:read\""), "{head}");

    let (head, _) = app.ask("GET /notes", Some("another-key"));
    assert!(head.starts_with("http/1.1 401 ") && head.contains("error=\"invalid_token\""), "{head}");
}
