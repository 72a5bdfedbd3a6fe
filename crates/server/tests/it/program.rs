//! The built `outboard` as its users meet it: started, asked, broken on purpose, ended.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

pub(crate) use outboard_testkit::program::PATIENCE;
use outboard_testkit::program::Program;
use tempfile::TempDir;

#[expect(clippy::disallowed_methods, reason = "children are looked up in the PATH of whoever runs the tests")]
pub(crate) fn outboard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outboard"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// A running server; ended when it is dropped.
pub(crate) struct Running {
    program: Program,
    pub(crate) url: String,
    directory: TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &[], arguments)
    }

    /// Starts a server in a directory, which goes with it.
    pub(crate) fn start_in(directory: TempDir, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let program = Program::start(
            outboard()
                .current_dir(directory.path())
                .env("HOME", directory.path())
                .envs(variables.iter().copied())
                .args(["serve", "--listen", "127.0.0.1:0"])
                .args(arguments),
        );
        let url = program.url();
        Self { program, url, directory }
    }

    pub(crate) fn outboard(&self, verb: &str, arguments: &[&str]) -> Output {
        outboard().arg(verb).arg(&self.url).args(arguments).output().unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.program.signal(signal);
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits for the end; returns the exit code and the log.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        self.program.ended()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A stdio server in Python with one tool, `who`, that answers with a word.
fn write_server(directory: &Path, word: &str) -> String {
    let path = directory.join(format!("{word}.py"));
    let program = format!(
        r#"
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer = message["method"], {{}}
    if method == "initialize":
        result = {{"protocolVersion": message["params"]["protocolVersion"], "capabilities": {{"tools": {{}}}},
                  "serverInfo": {{"name": "{word}", "version": "1"}}}}
        answer["result"] = result
    elif method == "tools/list":
        answer["result"] = {{"tools": [{{"name": "who", "inputSchema": {{"type": "object"}}}}]}}
    elif method == "tools/call":
        answer["result"] = {{"content": [{{"type": "text", "text": "{word}"}}]}}
    else:
        answer["error"] = {{"code": -32601, "message": "no such method"}}
    print(json.dumps({{"jsonrpc": "2.0", "id": message["id"], **answer}}), flush=True)
"#
    );
    std::fs::write(&path, program).unwrap();
    format!("python3 {}", path.display())
}

#[test]
fn without_anything_to_serve_there_is_something_to_try() {
    let server = Running::start(&[]);
    for era in ["auto", "modern", "legacy"] {
        let listed = server.outboard("list", &["--era", era]);
        assert!(text(&listed.stdout).starts_with("echo "), "{era}: {listed:?}");
        let called = server.outboard("call", &["echo", "message=hello", "--era", era]);
        assert_eq!((text(&called.stdout).as_str(), called.status.code()), ("hello\n", Some(0)), "{era}: {called:?}");
    }
}

#[test]
fn what_goes_wrong_with_a_call_is_told_by_exit_code_and_text() {
    let server = Running::start(&[]);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["add", "a=1", "b=x"], 1, "arguments/b"),
        (&["nope"], 64, "has no tool 'nope': it has echo, add, count"),
        (&["echo", "message"], 64, "'message' is not NAME=VALUE"),
        (&["echo", "--arguments", "[]"], 64, "not a JSON object"),
        (&["echo", "message=x", "--header", "x"], 64, "NAME: VALUE"),
    ];
    for (arguments, code, said) in cases {
        let called = server.outboard("call", arguments);
        assert_eq!(called.status.code(), Some(code), "{arguments:?}: {called:?}");
        assert!(text(&called.stderr).contains(said), "{arguments:?}: {called:?}");
        assert!(called.stdout.is_empty(), "{arguments:?}: {called:?}");
    }
}

#[test]
fn both_signals_end_the_server_cleanly() {
    for signal in ["TERM", "INT"] {
        let server = Running::start(&[]);
        server.signal(signal);
        let (code, log) = server.ended();
        assert_eq!(code, Some(0), "{signal}: {log}");
        assert!(log.contains("draining") && log.contains("ended"), "{signal}: {log}");
    }
}

#[test]
fn several_lifted_servers_stand_in_one_catalog_under_their_prefixes() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("outboard.toml");
    let mut toml = String::new();
    for (name, prefix) in [("one", ""), ("two", "prefix = \"second\"")] {
        let command = write_server(directory.path(), name);
        let script = command.strip_prefix("python3 ").unwrap();
        toml.push_str(&format!("[backends.{name}]\ncommand = \"python3\"\nargs = ['{script}']\n{prefix}\n"));
    }
    std::fs::write(&config, toml).unwrap();
    let server = Running::start(&["--config", config.to_str().unwrap()]);
    assert_eq!(text(&server.outboard("list", &[]).stdout), "one_who\nsecond_who\n");
    for (tool, word) in [("one_who", "one\n"), ("second_who", "two\n")] {
        assert_eq!(text(&server.outboard("call", &[tool]).stdout), word);
    }
}

#[test]
fn one_lifted_server_keeps_the_names_of_its_tools() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(&["--stdio", &write_server(directory.path(), "alone")]);
    assert_eq!(text(&server.outboard("list", &[]).stdout), "who\n");
    assert_eq!(text(&server.outboard("call", &["who", "--era", "legacy"]).stdout), "alone\n");
}

#[test]
fn what_cannot_start_says_why_and_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--listen", "127.0.0.1:0", "--stdio", "/does/not/exist"], 69, "/does/not/exist"),
        (&["--listen", "127.0.0.1:0", "--stdio", "true"], 69, "could not be lifted"),
        (&["--listen", &taken], 69, "cannot be listened on"),
        (&["--listen", "0.0.0.0:0"], 64, "--insecure-no-auth"),
        (&["--listen", "nonsense"], 64, "--listen"),
        (&["--config", "/does/not/exist.toml"], 64, "/does/not/exist.toml"),
    ];
    for (arguments, code, said) in cases {
        let ended = outboard().args(["serve", "--state-dir"]).arg(directory.path()).args(arguments).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        assert!(text(&ended.stderr).contains(said), "{arguments:?}: {}", text(&ended.stderr));
    }
}

#[test]
fn check_finds_mistakes_and_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("outboard.toml");
    std::fs::write(&path, "listen = \"127.0.0.1:0\"\n").unwrap();
    let good = outboard().args(["check", "--config"]).arg(&path).env("HOME", directory.path()).output().unwrap();
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    std::fs::write(&path, "listen = \"127.0.0.1:0\"\nlisen = 3\n").unwrap();
    let bad = outboard().args(["check", "--config"]).arg(&path).env("HOME", directory.path()).output().unwrap();
    assert_eq!(bad.status.code(), Some(64), "{bad:?}");
    assert!(text(&bad.stdout).contains("outboard.toml:2:1"), "{}", text(&bad.stdout));
}

#[test]
fn a_session_outlives_a_restart_of_the_server() {
    let state = tempfile::tempdir().unwrap();
    let start = || Running::start(&["--state-dir", state.path().to_str().unwrap()]);
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let first = start();
    let opened = post(&first.url, initialize, None);
    let session = header(&opened, "mcp-session-id").expect("a session");
    drop(first);
    let second = start();
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    let answer = post(&second.url, ping, Some(&session));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_forwarded_request_is_refused_while_nobody_is_asked_who_they_are() {
    let server = Running::start(&[]);
    let sent = request(&server.url, "POST", "{}", &["X-Forwarded-For: 192.0.2.1"]);
    assert!(sent.starts_with("HTTP/1.1 403"), "{sent}");
    let health = request(&server.url.replace("/mcp", "/readyz"), "GET", "", &["Host: 192.0.2.1"]);
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
}

fn post(url: &str, body: &str, session: Option<&str>) -> String {
    let session = session.map(|id| format!("Mcp-Session-Id: {id}"));
    let mut headers = vec!["Content-Type: application/json"];
    headers.extend(session.as_deref());
    request(url, "POST", body, &headers)
}

/// One HTTP request on a connection of its own.
pub(crate) fn request(url: &str, method: &str, body: &str, headers: &[&str]) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} /{path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        head.push_str(&format!("Host: {host}\r\n"));
    }
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    std::io::Write::write_all(&mut stream, format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn header(answer: &str, name: &str) -> Option<String> {
    answer.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

#[test]
fn no_core_is_ever_dumped() {
    let server = Running::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    // The soft limit and the hard one, which is rarely 0 by itself.
    let numbers: Vec<_> = line.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{line}");
}
