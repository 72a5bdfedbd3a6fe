//! Questions to the client: requests of ours to a legacy one, results to a modern one.

use std::time::Duration;

use outboard_protocol::error::code;
use outboard_runtime::{InputConfig, RuntimeConfig};
use outboard_transport::stdio::{Ended, StdioConfig};
use serde_json::{Value, json};

use super::{Pipe, assert_error, cancelled, modern, notification, request};
use crate::modern::asking::asking;
use crate::shelf::Server;

fn call(id: impl Into<Value>, tool: &str) -> Value {
    request(id, "tools/call", json!({ "name": tool }))
}

fn reply(question: &Value, result: Value) -> Value {
    let mut reply = json!({"jsonrpc": "2.0", "id": question["id"]});
    reply["result"] = result;
    reply
}

fn text(answer: &Value) -> &Value {
    &answer["result"]["content"][0]["text"]
}

/// Reads a question; asserts its method.
async fn question(pipe: &mut Pipe, method: &str) -> Value {
    let question = pipe.next().await;
    assert_eq!(question["method"], method, "{question}");
    assert!(question.get("id").is_some(), "{question}");
    question
}

#[tokio::test]
async fn legacy_client_is_asked_over_the_pipe() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;

    pipe.send(&call(1, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    assert_eq!(form["params"]["message"], "Who are you?");
    assert_eq!(form["params"]["requestedSchema"]["required"], json!(["name"]));
    // What the client asks meanwhile is answered.
    assert_eq!(pipe.ask(request(2, "ping", json!({}))).await["result"], json!({}));
    pipe.send(&reply(&form, json!({"action": "accept", "content": {"name": "Ada"}}))).await;
    assert_eq!(text(&pipe.next().await), "Hello Ada");

    pipe.send(&call(3, "think")).await;
    let sampling = question(&mut pipe, "sampling/createMessage").await;
    assert_eq!(sampling["params"]["maxTokens"], 10);
    let thought = json!({"role": "assistant", "content": {"type": "text", "text": "Hm."}, "model": "m"});
    pipe.send(&reply(&sampling, thought)).await;
    assert_eq!(text(&pipe.next().await), "Hm.");

    pipe.send(&call(4, "look_around")).await;
    let roots = question(&mut pipe, "roots/list").await;
    pipe.send(&reply(&roots, json!({"roots": [{"uri": "file:///a"}]}))).await;
    assert_eq!(text(&pipe.next().await), "file:///a");
}

#[tokio::test]
async fn two_questions_are_told_apart_by_their_ids() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;
    pipe.send(&call("a", "greet")).await;
    let first = question(&mut pipe, "elicitation/create").await;
    pipe.send(&call("b", "greet")).await;
    let second = question(&mut pipe, "elicitation/create").await;
    assert_ne!(first["id"], second["id"]);
    for (question, name, id) in [(&second, "Bob", "b"), (&first, "Alice", "a")] {
        pipe.send(&reply(question, json!({"action": "accept", "content": {"name": name}}))).await;
        // An answer counts once.
        pipe.send(&reply(question, json!({"action": "accept", "content": {"name": "Eve"}}))).await;
        let answer = pipe.next().await;
        assert_eq!((&answer["id"], text(&answer)), (&json!(id), &json!(format!("Hello {name}"))));
    }
}

#[tokio::test]
async fn url_is_elicited_in_the_words_of_the_revision() {
    let server = Server::of(asking());
    let mut pipe = Pipe::to(&server);
    pipe.initialize("2025-11-25").await;
    pipe.send(&call(1, "sign")).await;
    let url = question(&mut pipe, "elicitation/create").await;
    assert_eq!((&url["params"]["mode"], &url["params"]["url"]), (&json!("url"), &json!("https://example.com/sign")));
    let elicitation_id = url["params"]["elicitationId"].clone();
    assert!(elicitation_id.is_string(), "{url}");
    pipe.send(&reply(&url, json!({"action": "accept"}))).await;
    let completed = notification("notifications/elicitation/complete", json!({"elicitationId": elicitation_id}));
    assert_eq!(pipe.next().await, completed);
    assert_eq!(text(&pipe.next().await), "signed");

    // What the revision does not know, its client has not declared.
    for (revision, tool) in [("2025-06-18", "sign"), ("2025-03-26", "greet")] {
        let mut pipe = Pipe::to(&server);
        pipe.initialize(revision).await;
        assert_error(&pipe.ask(call(1, tool)).await, code::MISSING_CLIENT_CAPABILITY, 1);
    }
}

#[tokio::test]
async fn answer_that_is_none_ends_the_call() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;
    pipe.send(&call(1, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    let refused = json!({"jsonrpc": "2.0", "id": form["id"], "error": {"code": -1, "message": "no"}});
    pipe.send(&refused).await;
    assert_error(&pipe.next().await, -1, 1);

    pipe.send(&call(2, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    pipe.send(&reply(&form, json!("no object"))).await;
    assert_error(&pipe.next().await, -32602, 2);

    pipe.send(&call(3, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    pipe.send(&reply(&form, json!({"action": "decline"}))).await;
    assert_eq!(pipe.next().await["result"]["isError"], true);
}

#[tokio::test]
async fn cancelled_call_withdraws_its_question() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;
    pipe.send(&call("a", "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    pipe.send(&cancelled("a")).await;
    let withdrawn = pipe.next().await;
    assert_eq!(withdrawn["method"], "notifications/cancelled", "{withdrawn}");
    assert_eq!(withdrawn["params"]["requestId"], form["id"]);
    // Too late, and to nobody.
    pipe.send(&reply(&form, json!({"action": "accept", "content": {"name": "Ada"}}))).await;
    assert_eq!(pipe.ask(request(1, "ping", json!({}))).await["result"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn question_is_open_for_so_long() {
    let input = InputConfig { timeout: Duration::from_secs(20), ..InputConfig::default() };
    let config = RuntimeConfig { input, deadline: Duration::from_secs(5), ..RuntimeConfig::default() };
    let mut pipe = Pipe::to(&Server::with(asking(), config));
    pipe.initialize("2025-11-25").await;
    let started = tokio::time::Instant::now();
    pipe.send(&call(1, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    let withdrawn = pipe.next().await;
    assert_eq!(started.elapsed(), Duration::from_secs(20), "longer than a call without questions may take");
    assert_eq!(
        (&withdrawn["method"], &withdrawn["params"]["requestId"]),
        (&json!("notifications/cancelled"), &form["id"])
    );
    assert_error(&pipe.next().await, 1504, 1);
}

#[tokio::test]
async fn open_questions_are_bounded() {
    let config = StdioConfig { questions_max: 1, ..StdioConfig::default() };
    let mut pipe = Pipe::with(&Server::of(asking()), config);
    pipe.initialize("2025-11-25").await;
    pipe.send(&call(1, "greet")).await;
    let form = question(&mut pipe, "elicitation/create").await;
    assert_error(&pipe.ask(call(2, "greet")).await, 1503, 2);
    pipe.send(&reply(&form, json!({"action": "accept", "content": {"name": "Ada"}}))).await;
    assert_eq!(text(&pipe.next().await), "Hello Ada");
    pipe.send(&call(3, "greet")).await;
    question(&mut pipe, "elicitation/create").await;
}

#[tokio::test]
async fn who_has_closed_its_end_is_waited_for_no_more() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    pipe.initialize("2025-11-25").await;
    pipe.send(&call(1, "greet")).await;
    question(&mut pipe, "elicitation/create").await;
    assert_eq!(pipe.close().await, Ended::InputClosed);
}

#[tokio::test]
async fn modern_client_is_asked_in_rounds() {
    let mut pipe = Pipe::to(&Server::of(asking()));
    let asked = pipe.ask(modern(1, "tools/call", json!({"name": "greet"}))).await;
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    assert_eq!(asked["result"]["inputRequests"]["name"]["method"], "elicitation/create");
    let answers = json!({"name": {"action": "accept", "content": {"name": "Ada"}}});
    let state = &asked["result"]["requestState"];
    let again = json!({"name": "greet", "inputResponses": answers, "requestState": state});
    assert_eq!(text(&pipe.ask(modern(2, "tools/call", again)).await), "Hello Ada");
    let forged = json!({"name": "greet", "inputResponses": answers, "requestState": "forged"});
    assert_error(&pipe.ask(modern(3, "tools/call", forged)).await, -32602, 3);
}
