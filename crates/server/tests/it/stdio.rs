//! `serve --transport stdio`: the server as a client starts it, in both eras, over a lifted server that asks.

use std::path::Path;

use outboard_testkit::program::Program;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::outboard;
use crate::wire::{modern_message, text_of};

/// A stdio server whose tool asks the user, and tells what they answered.
const ASKING: &str = r#"
import json, os, sys
with open("pid", "w") as file:
    file.write(str(os.getpid()))
def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
calls = []
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method == "initialize":
        send({"id": message["id"], "result": {
            "protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
            "serverInfo": {"name": "asking", "version": "1"}}})
    elif method == "tools/list":
        send({"id": message["id"], "result": {"tools": [{"name": "ask", "inputSchema": {"type": "object"}}]}})
    elif method == "tools/call":
        calls.append(message["id"])
        schema = {"type": "object", "properties": {"name": {"type": "string"}}}
        send({"id": "question", "method": "elicitation/create",
              "params": {"message": "Who?", "requestedSchema": schema}})
    elif message.get("id") == "question":
        answer = message.get("result", {}).get("content", {}).get("name", "nobody")
        text = {"type": "text", "text": "it is " + answer}
        send({"id": calls.pop(), "result": {"content": [text]}})
    elif "id" in message:
        send({"id": message["id"], "error": {"code": -32601, "message": "no such method"}})
"#;

/// A server on the other end of two pipes; ended when it is dropped.
struct Piped {
    program: Program,
    directory: TempDir,
}

impl Piped {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("asking.py"), ASKING).unwrap();
        let mut command = outboard();
        command.current_dir(directory.path()).env("HOME", directory.path());
        let program = Program::start(command.args(["serve", "--transport", "stdio"]).args(arguments));
        Self { program, directory }
    }

    /// The next line, which is a message like every line.
    fn read(&self) -> Value {
        let line = self.program.line().expect("a line");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    /// Writes a message, and reads the next one that is no word of a changed list: of what was lifted at the start, clients
    /// may be told at any time.
    fn ask(&mut self, message: &Value) -> Value {
        self.program.write(message);
        loop {
            let answer = self.read();
            if answer["method"] != "notifications/tools/list_changed" {
                return answer;
            }
        }
    }

    fn initialize(&mut self, capabilities: &Value) {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"},
        });
        let answer = self.ask(&request(1, "initialize", &params));
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
        self.program.write(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    }

    fn child_of_it(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("pid")).unwrap()
    }
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

const ASK: [&str; 2] = ["--stdio", "python3 asking.py"];

#[test]
fn a_legacy_client_is_asked_over_the_same_pipe() {
    let mut server = Piped::start(&ASK);
    server.initialize(&json!({"elicitation": {}}));
    let listed = server.ask(&request(2, "tools/list", &json!({})));
    assert_eq!(listed["result"]["tools"][0]["name"], "ask", "{listed}");
    let question = server.ask(&request(3, "tools/call", &json!({"name": "ask", "arguments": {}})));
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert_eq!(question["params"]["message"], "Who?");
    let result = json!({"action": "accept", "content": {"name": "Ada"}});
    let answer = server.ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": result}));
    assert_eq!((&answer["id"], text_of(&answer)), (&3.into(), "it is Ada"));
}

#[test]
fn a_modern_client_is_served_without_a_handshake() {
    let mut server = Piped::start(&ASK);
    let capabilities = json!({"elicitation": {}});
    let discovered = server.ask(&modern_message(1, "server/discover", json!({}), &capabilities));
    assert_eq!(discovered["result"]["supportedVersions"][0], "2026-07-28", "{discovered}");
    let listed = server.ask(&modern_message(2, "tools/list", json!({}), &capabilities));
    assert_eq!(listed["result"]["tools"][0]["name"], "ask", "{listed}");
    // The question of a legacy child cannot reach it: the child is told so, and goes on.
    let call = modern_message(3, "tools/call", json!({"name": "ask", "arguments": {}}), &capabilities);
    assert_eq!(text_of(&server.ask(&call)), "it is nobody");
}

#[test]
fn what_nobody_understands_is_answered_and_ends_nothing() {
    let mut server = Piped::start(&[]);
    server.program.write("{not json}");
    assert_eq!(server.read()["error"]["code"], -32700);
    let echo = json!({"name": "echo", "arguments": {"message": "still there"}});
    let answer = server.ask(&modern_message(1, "tools/call", echo, &json!({})));
    assert_eq!(text_of(&answer), "still there");
}

#[test]
fn the_end_of_the_input_ends_all_in_order() {
    let mut server = Piped::start(&ASK);
    server.initialize(&json!({}));
    let child = server.child_of_it();
    assert!(Path::new("/proc").join(&child).exists());
    server.program.close_input();
    let (code, log) = server.program.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(!Path::new("/proc").join(&child).exists(), "the lifted server is stopped before the end");
    let left: Vec<String> =
        std::iter::from_fn(|| server.program.line()).filter(|line| !line.contains("list_changed")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_signal_ends_all_in_order() {
    for signal in ["TERM", "INT"] {
        let mut server = Piped::start(&ASK);
        server.initialize(&json!({}));
        let child = server.child_of_it();
        server.program.signal(signal);
        let (code, log) = server.program.ended();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("draining") && log.contains("ended"), "{log}");
        assert!(!Path::new("/proc").join(&child).exists(), "the lifted server is stopped before the end");
    }
}

#[test]
fn what_cannot_start_says_so_on_standard_error_alone() {
    let cases: [(&[&str], i32, &str); 2] = [
        (&["--stdio", "/does/not/exist"], 69, "/does/not/exist"),
        (&["--config", "/does/not/exist.toml"], 64, "/does/not/exist.toml"),
    ];
    for (arguments, code, said) in cases {
        let mut server = Piped::start(arguments);
        let (ended, log) = server.program.ended();
        assert_eq!(ended, Some(code), "{log}");
        assert!(log.contains(said), "{log}");
        assert_eq!(server.program.line(), None);
    }
}
