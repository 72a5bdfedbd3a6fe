//! The shop, started as a user would start it, and asked by a client of the stateless revision.

#![cfg(test)] // So that helpers count as tests to clippy, as they do in a `mod tests`.

mod stdio;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running shop; ended when it is dropped.
struct Shop {
    process: Child,
    address: String,
    _state: TempDir,
}

impl Shop {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_ask-the-user"))
            .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(state.path())
            .current_dir(state.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.expect("the first line names the URL").to_owned();
        Self { process, address, _state: state }
    }

    /// Calls a tool, with more in the params where there is more.
    fn call(&self, tool: &str, arguments: &Value, more: &Value) -> Value {
        let body = modern(tool, arguments, more).to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    fn text(&self, tool: &str, arguments: &Value) -> String {
        text(&self.call(tool, arguments, &Value::Null))
    }

    /// Opens a basket with two loaves of bread in it.
    fn basket(&self) -> Value {
        let opened = self.call("open_basket", &json!({}), &Value::Null);
        let basket = opened["result"]["structuredContent"]["basket"].clone();
        let put = json!({"basket": basket, "product": "bread", "count": 2});
        assert_eq!(self.text("put_into_basket", &put), "2 × bread, 9.00 € in all");
        json!({ "basket": basket })
    }

    /// Checks out with these answers to what the round before asked.
    fn answer(&self, basket: &Value, before: &Value, answers: &Value) -> Value {
        let more = json!({"requestState": before["result"]["requestState"], "inputResponses": answers});
        self.call("check_out", basket, &more)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A call of a client of the stateless revision that can ask its user.
fn modern(tool: &str, arguments: &Value, more: &Value) -> Value {
    let mut params = json!({
        "name": tool,
        "arguments": arguments,
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        },
    });
    params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

fn text(answer: &Value) -> String {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}")).to_owned()
}

/// The keys of what is asked.
fn asked(answer: &Value) -> Vec<&str> {
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    answer["result"]["inputRequests"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn accepted(content: &Value) -> Value {
    json!({"action": "accept", "content": content})
}

/// Answers to both forms.
fn forms() -> Value {
    json!({
        "address": accepted(&json!({"name": "Ada", "street": "Quay 1", "town": "Cork"})),
        "delivery": accepted(&json!({"time": "evening"})),
    })
}

#[test]
fn an_order_takes_two_forms_at_once_and_a_confirmation() {
    let shop = Shop::start();
    let basket = shop.basket();
    let first = shop.call("check_out", &basket, &Value::Null);
    assert_eq!(asked(&first), ["address", "delivery"]);
    let form = &first["result"]["inputRequests"]["delivery"]["params"]["requestedSchema"];
    assert_eq!(form["properties"]["time"]["enum"], json!(["morning", "evening"]), "{form}");
    assert_eq!(form["required"], json!(["time"]), "{form}");

    let second = shop.answer(&basket, &first, &forms());
    assert_eq!(asked(&second), ["order"]);
    let question = second["result"]["inputRequests"]["order"]["params"]["message"].as_str().unwrap();
    let order = "Order 1: 2 × bread, 9.00 € in all, to Ada, Quay 1, Cork, in the evening";
    assert_eq!(question, format!("{order}. Shall we?"));

    let form = &second["result"]["inputRequests"]["order"]["params"]["requestedSchema"];
    let (yes, _) = form["properties"].as_object().unwrap().iter().next().expect("one member, to be true or false");
    let mut content = json!({});
    content[yes] = true.into();
    let third = shop.answer(&basket, &second, &json!({ "order": accepted(&content) }));
    assert_eq!(text(&third), format!("{order}. Thank you!"), "the number is drawn once");

    let gone = shop.call("look_into_basket", &basket, &Value::Null);
    assert_eq!(gone["result"]["isError"], true, "{gone}");
}

#[test]
fn a_user_who_declines_orders_nothing() {
    let shop = Shop::start();
    let basket = shop.basket();
    let first = shop.call("check_out", &basket, &Value::Null);
    let mut answers = forms();
    answers["address"] = json!({"action": "decline"});
    let declined = shop.answer(&basket, &first, &answers);
    assert_eq!(declined["result"]["isError"], true, "{declined}");
    assert!(text(&declined).starts_with("nothing was ordered"), "{declined}");

    let first = shop.call("check_out", &basket, &Value::Null);
    let second = shop.answer(&basket, &first, &forms());
    let third = shop.answer(&basket, &second, &json!({ "order": {"action": "decline"} }));
    assert_eq!(text(&third), "Nothing was ordered, and the basket is as it was.");
    assert_eq!(shop.text("look_into_basket", &basket), "2 × bread, 9.00 € in all");
}

#[test]
fn a_handle_that_nobody_gave_out_is_no_basket() {
    let shop = Shop::start();
    for tool in ["look_into_basket", "check_out"] {
        let answer = shop.call(tool, &json!({"basket": "AAAAAAAAAAAAAAAAAAAAAA"}), &Value::Null);
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(text(&answer).contains("nothing under this handle"), "{answer}");
    }
}
