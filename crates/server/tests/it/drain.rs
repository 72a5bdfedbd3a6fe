//! The end of the server by signals: what it waits for, and that a second signal ends it at any point.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::program::{PATIENCE, Running, header, request};
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
    for (stream, retries) in [(&mut modern, false), (&mut legacy, true)] {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains("jsonrpc"), "{rest}");
        assert_eq!(rest.contains("retry:"), retries, "who comes again is told when: {rest}");
    }
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}

/// A stdio server whose tool ends when there is a file `over`.
const SLOW: &str = r#"
import json, os, sys, time
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, answer, params = message["method"], {}, message.get("params", {})
    if method == "initialize":
        answer["result"] = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "slow", "version": "1"}}
    elif method == "tools/list":
        answer["result"] = {"tools": [{"name": "wait", "inputSchema": {"type": "object"}}]}
    elif method == "tools/call":
        open("called", "w").close()
        while not os.path.exists("over"):
            time.sleep(0.01)
        answer["result"] = {"content": [{"type": "text", "text": "it is over"}]}
    else:
        answer["error"] = {"code": -32601, "message": "no such method"}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"#;

/// A server over the slow one, with this configuration.
fn slow_server(config: &str) -> Running {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("slow.py"), SLOW).unwrap();
    let lifted = "[backends.slow]\ncommand = 'python3'\nargs = ['slow.py']\ncwd = '.'\n";
    std::fs::write(directory.path().join("outboard.toml"), format!("{config}\n{lifted}")).unwrap();
    Running::start_in(directory, &[], &["--config", "outboard.toml"])
}

fn rest(mut stream: impl std::io::Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Everything up to the end of the head.
fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "the stream ended in its head: {head}");
    }
    head
}

/// Row 321: what is in flight when the end begins is answered, in both eras and however it is answered.
#[test]
fn calls_that_are_in_flight_are_answered_and_their_connections_end_with_them() {
    let server =
        slow_server("drain = { delay = '0s', timeout = '1h' }\ntimeouts.call = '1d'\nstream.after_legacy = '10ms'");
    let session = Session::open(&server.url, &json!({}));
    let legacy =
        json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "wait", "arguments": {}}});
    let mut legacy = stream(&server, "POST", &session.headers(), &legacy.to_string());
    let legacy_head = head(&mut legacy);
    assert!(legacy_head.contains("text/event-stream"), "{legacy_head}");
    let modern = call(&server);
    let idle = TcpStream::connect(host(&server)).unwrap();
    server.signal("TERM");
    wait_until_closed(&server);
    assert_eq!(rest(idle), "", "who has asked for nothing is not waited for");
    std::fs::write(server.directory().join("over"), "").unwrap();
    let modern = rest(modern);
    assert!(modern.starts_with("HTTP/1.1 200") && modern.contains("it is over"), "{modern}");
    assert_eq!(header(&modern, "connection").as_deref(), Some("close"), "{modern}");
    let legacy = rest(legacy);
    assert!(legacy.contains("it is over"), "a stream with the answer of a call that runs here goes on: {legacy}");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}

/// A balancer that has not seen it yet still sends requests; a connection that it keeps is not used for a second one.
#[test]
fn until_the_delay_is_over_new_connections_are_served_and_closed_behind_each_answer() {
    let server = server("drain.delay = '5m'");
    let health = server.url.replace("/mcp", "/readyz");
    let kept = |path: &str| {
        let get = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", host(&server));
        let mut stream = TcpStream::connect(host(&server)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(get.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let before = head(&mut kept("/livez"));
    assert_eq!(header(&before, "connection"), None, "{before}");
    server.signal("TERM");
    wait_until("it is draining", || request(&health, "GET", "", &[]).starts_with("HTTP/1.1 503"));
    let told = request(&health, "GET", "", &[]);
    assert!(told.contains(r#""drain":{"status":"not ready","reason":"draining"#), "{told}");
    // They end by themselves: nothing in the request asks for it.
    let answer = rest(kept("/livez"));
    assert!(answer.starts_with("HTTP/1.1 200"), "alive is not ready: {answer}");
    assert_eq!(header(&answer, "connection").as_deref(), Some("close"), "{answer}");
    let message = modern_message(3, "tools/list", json!({}), &json!({}));
    let listed = rest(stream(&server, "POST", &modern_headers(&message), &message.to_string()));
    assert!(listed.starts_with("HTTP/1.1 200") && listed.contains("\"wait\""), "{listed}");
    end_by_second_signal(server, "delay");
}

/// Row 323, a tool that ends for nothing: the server does, at the limit, and says to its callers what to do.
#[test]
fn who_has_no_answer_when_the_time_is_over_is_told_to_try_again() {
    let server =
        slow_server("drain = { delay = '0s', timeout = '1s' }\ntimeouts.call = '1d'\nstream.after_legacy = '10ms'");
    let session = Session::open(&server.url, &json!({}));
    let legacy =
        json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "wait", "arguments": {}}});
    let mut legacy = stream(&server, "POST", &session.headers(), &legacy.to_string());
    assert!(head(&mut legacy).contains("text/event-stream"));
    let modern = call(&server);
    server.signal("TERM");
    let modern = rest(modern);
    assert!(modern.starts_with("HTTP/1.1 503"), "{modern}");
    assert_eq!(header(&modern, "retry-after").as_deref(), Some("1"), "{modern}");
    let (_, body) = modern.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], 1503, "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("try again"), "{body}");
    // What has a head already can only be cut off.
    let mut text = String::new();
    drop(std::io::Read::read_to_string(&mut legacy, &mut text));
    assert!(!text.contains("it is over"), "{text}");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("calls are cut off"), "{log}");
}
