//! The end of the server by signals: what it waits for, and that a second signal ends it at any point.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::program::{PATIENCE, Running, request};
use crate::wire::{Session, modern_headers, modern_message};

/// A stdio server that ends only on SIGTERM, and only when its directory is gone. Its tool never answers.
const OBSTINATE: &str = r#"
import json, os, signal, sys, time
here = os.getcwd()
def until_released(*_):
    while os.path.isdir(here):
        time.sleep(0.01)
    os._exit(0)
signal.signal(signal.SIGTERM, until_released)
for line in sys.stdin:
    message = json.loads(line)
    method, answer = message["method"], {}
    if method == "initialize":
        answer["result"] = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "obstinate", "version": "1"}}
    elif method == "tools/list":
        with open("pid", "w") as file:
            file.write(str(os.getpid()))
        answer["result"] = {"tools": [{"name": "wait", "inputSchema": {"type": "object"}}]}
    elif method == "tools/call":
        open("called", "w").close()
        continue
    elif "id" in message:
        answer["error"] = {"code": -32601, "message": "no such method"}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
# In short naps: a signal that comes just before a nap is handled after it.
while True:
    time.sleep(0.01)
"#;

/// A server over the obstinate one, with this configuration.
fn server(config: &str) -> Running {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("obstinate.py"), OBSTINATE).unwrap();
    let lifted = "[backends.obstinate]\ncommand = 'python3'\nargs = ['obstinate.py']\ncwd = '.'\nstop_timeout = '5m'\n";
    std::fs::write(directory.path().join("outboard.toml"), format!("{config}\n{lifted}")).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

fn host(server: &Running) -> &str {
    server.url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap()
}

/// Calls the tool that never answers; the call is in flight as long as the connection is there.
fn call(server: &Running) -> TcpStream {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: wait\r\n\r\n{body}",
        host(server),
        body.len()
    );
    let mut stream = TcpStream::connect(host(server)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    wait_until("the call arrives", || server.directory().join("called").exists());
    stream
}

/// Ends the server by a second signal, and sees that the lifted server, which is told to end, does.
fn end_by_second_signal(server: Running, phase: &str) {
    let child = std::fs::read_to_string(server.directory().join("pid")).unwrap();
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{phase}: {log}");
    assert!(log.contains("ended at once"), "{phase}: {log}");
    wait_until("the lifted server ends", || !Path::new("/proc").join(&child).exists());
}

fn wait_until_closed(server: &Running) {
    wait_until("it stops accepting", || TcpStream::connect(host(server)).is_err());
}

#[test]
fn a_second_signal_ends_the_delay_before_the_drain() {
    let server = server("drain.delay = '5m'");
    server.signal("TERM");
    let ready = server.url.replace("/mcp", "/readyz");
    wait_until("it is draining", || request(&ready, "GET", "", &[]).starts_with("HTTP/1.1 503"));
    end_by_second_signal(server, "delay");
}

#[test]
fn a_second_signal_ends_the_wait_for_calls() {
    let server = server("drain.timeout = '1h'\ntimeouts.call = '1d'");
    let call = call(&server);
    server.signal("TERM");
    wait_until_closed(&server);
    end_by_second_signal(server, "calls");
    drop(call);
}

#[test]
fn a_second_signal_ends_the_wait_for_lifted_servers() {
    let server = server("");
    server.signal("TERM");
    wait_until_closed(&server);
    end_by_second_signal(server, "lifted servers");
}

#[test]
fn connections_without_a_request_do_not_delay_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let config = "timeouts = { headers = '5m', idle = '5m' }\ndrain.timeout = '1h'\n";
    std::fs::write(directory.path().join("outboard.toml"), config).unwrap();
    let server = Running::start_in(directory, &[], &["--config", "outboard.toml"]);
    let idle = TcpStream::connect(host(&server)).unwrap();
    let mut half = TcpStream::connect(host(&server)).unwrap();
    half.write_all(b"POST /mcp HT").unwrap();
    // Connections are accepted in their order: now the others are, too.
    assert!(request(&server.url.replace("/mcp", "/livez"), "GET", "", &[]).starts_with("HTTP/1.1 200"));
    server.signal("INT");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    for mut stream in [idle, half] {
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), "nothing is answered");
    }
}

/// Sends a request whose answer is a stream; what comes is read by who asked.
fn stream(server: &Running, method: &str, headers: &[String], body: &str) -> BufReader<TcpStream> {
    let head = format!(
        "{method} /mcp HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n\r\n{body}",
        host(server),
        body.len(),
        headers.join("\r\n")
    );
    let mut stream = TcpStream::connect(host(server)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    BufReader::new(stream)
}

/// Reads until a line with this in it.
fn read_until(stream: &mut BufReader<TcpStream>, part: &str) -> String {
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream ended before {part}");
    }
    line
}

#[test]
fn streams_of_notifications_end_in_order_and_hold_nothing_up() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("outboard.toml"), "drain.timeout = '1h'\n").unwrap();
    let server = Running::start_in(directory, &[], &["--config", "outboard.toml"]);
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let listen = modern_message(7, "subscriptions/listen", filter, &json!({}));
    let mut modern = stream(&server, "POST", &modern_headers(&listen), &listen.to_string());
    read_until(&mut modern, "notifications/subscriptions/acknowledged");
    let session = Session::open(&server.url, &json!({}));
    let mut headers = session.headers();
    headers.retain(|header| !header.starts_with("Accept"));
    headers.push("Accept: text/event-stream".to_owned());
    let mut legacy = stream(&server, "GET", &headers, "");
    read_until(&mut legacy, "text/event-stream");

    server.signal("TERM");
    let result = read_until(&mut modern, "\"result\"");
    let result: Value = serde_json::from_str(result.strip_prefix("data: ").expect("an event")).unwrap();
    assert_eq!(result["id"], 7, "{result}");
    for stream in [&mut modern, &mut legacy] {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains("jsonrpc"), "{rest}");
    }
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}
