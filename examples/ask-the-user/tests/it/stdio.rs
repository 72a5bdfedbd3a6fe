//! The shop over standard input and output: the same tool asks clients of both eras, each in its way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{PATIENCE, accepted, asked, forms, modern, text};

/// The shop on the other end of two pipes; ended when it is dropped.
struct Piped {
    process: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    _state: TempDir,
}

impl Piped {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_ask-the-user"))
            .args(["serve", "--transport", "stdio", "--state-dir"])
            .arg(state.path())
            .current_dir(state.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, lines) = mpsc::channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                drop(tell.send(line));
            }
        });
        let input = process.stdin.take();
        Self { process, input, lines, _state: state }
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.input.as_mut().expect("its input is open"), "{message}").unwrap();
    }

    fn read(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ask(&mut self, message: &Value) -> Value {
        self.write(message);
        self.read()
    }

    /// Ends the input, and sees that the process ends well.
    fn end(mut self) {
        self.input = None;
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn call(id: u64, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

#[test]
fn a_legacy_client_is_asked_while_the_call_waits() {
    let mut shop = Piped::start();
    let params = json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "test", "version": "1"},
    });
    shop.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}));
    shop.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let opened = shop.ask(&call(2, "open_basket", &json!({})));
    let basket = json!({"basket": opened["result"]["structuredContent"]["basket"]});
    let mut put = basket.clone();
    put["product"] = "grapes".into();
    put["count"] = 3.into();
    assert_eq!(text(&shop.ask(&call(3, "put_into_basket", &put))), "3 × grapes, 9.90 € in all");

    // Both forms at once, in whichever order.
    shop.write(&call(4, "check_out", &basket));
    let questions = [shop.read(), shop.read()];
    for question in &questions {
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let is_address = question["params"]["message"] == "Where shall we deliver to?";
        let result = &forms()[if is_address { "address" } else { "delivery" }];
        shop.write(&json!({"jsonrpc": "2.0", "id": question["id"], "result": result}));
    }
    assert_ne!(questions[0]["params"], questions[1]["params"]);
    let question = shop.read();
    let form = &question["params"]["requestedSchema"]["properties"];
    let (yes, _) = form.as_object().unwrap().iter().next().expect("one member, to be true or false");
    let mut content = json!({});
    content[yes] = true.into();
    let answer = shop.ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": accepted(&content)}));
    assert_eq!(answer["id"], 4, "{answer}");
    assert!(text(&answer).starts_with("Order 1: 3 × grapes, 9.90 € in all, to Ada"), "{answer}");
    shop.end();
}

#[test]
fn a_modern_client_is_asked_between_rounds() {
    let mut shop = Piped::start();
    let opened = shop.ask(&modern("open_basket", &json!({}), &Value::Null));
    let basket = json!({"basket": opened["result"]["structuredContent"]["basket"]});
    let mut put = basket.clone();
    put["product"] = "cheese".into();
    put["count"] = 1.into();
    shop.ask(&modern("put_into_basket", &put, &Value::Null));
    let first = shop.ask(&modern("check_out", &basket, &Value::Null));
    assert_eq!(asked(&first), ["address", "delivery"]);
    let more = json!({"requestState": first["result"]["requestState"], "inputResponses": forms()});
    let second = shop.ask(&modern("check_out", &basket, &more));
    assert_eq!(asked(&second), ["order"]);
    shop.end();
}
