//! Questions of a call to a modern client, which answers them in a further round; and log lines, at the level of the request.

use outboard_protocol::meta;
use outboard_protocol::types::{CreateMessageParams, LoggingLevel};
use outboard_runtime::{Catalog, Context, InputConfig, NotAccepted, RuntimeConfig, tool};
use outboard_testkit::http::{HttpRequest, Served, modern};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shelf::Server;
use crate::support::assert_error;

/// Tools that ask, and one that logs.
pub(crate) fn asking() -> Catalog {
    Catalog::new("tests", "1").tool(greet).tool(sign).tool(think).tool(look_around).tool(chatter)
}

#[derive(Deserialize, JsonSchema)]
struct Person {
    name: String,
}

/// Greets whoever says a name.
#[tool]
async fn greet(ctx: &Context) -> Result<String, NotAccepted> {
    let person: Person = ctx.elicit("name", "Who are you?").await?;
    Ok(format!("Hello {}", person.name))
}

/// Has something signed.
#[tool]
async fn sign(ctx: &Context) -> Result<&'static str, NotAccepted> {
    ctx.elicit_url("page", "Please sign", "https://example.com/sign").await?;
    Ok("signed")
}

/// Has the model think.
#[tool]
async fn think(ctx: &Context) -> String {
    ctx.sample("thought", CreateMessageParams::text("Think", 10)).await.message.as_text()
}

/// Tells the roots.
#[tool]
async fn look_around(ctx: &Context) -> String {
    ctx.roots("roots").await.into_iter().map(|root| root.uri).collect()
}

/// Logs a line of each level.
#[tool]
async fn chatter(ctx: &Context) -> &'static str {
    for level in LoggingLevel::ALL {
        ctx.log(level, level.as_str());
    }
    "said"
}

fn call(tool: &str, capabilities: &Value) -> HttpRequest {
    modern("tools/call", json!({"name": tool, "_meta": {meta::CLIENT_CAPABILITIES: capabilities}}))
}

fn greeting(params: Value) -> HttpRequest {
    let Value::Object(params) = params else { panic!("{params} is no object") };
    let request = call("greet", &json!({"elicitation": {}}));
    request.edit(|message| message["params"].as_object_mut().unwrap().extend(params))
}

fn accepted(name: &str) -> Value {
    json!({"name": {"action": "accept", "content": {"name": name}}})
}

#[tokio::test]
async fn call_is_answered_with_its_questions_until_they_are_answered() {
    let served = Served::start(Server::of(asking()).http()).await;
    let asked = served.send(greeting(json!({}))).await;
    assert_eq!((asked.status.as_u16(), asked.header("content-type")), (200, Some("application/json")));
    let result = &asked.json()["result"];
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(result["inputRequests"]["name"]["params"]["message"], "Who are you?");
    let state = result["requestState"].as_str().unwrap();
    let again = served.send(greeting(json!({"inputResponses": accepted("Ada"), "requestState": state})).id(2)).await;
    assert_eq!(again.json()["result"]["content"][0]["text"], "Hello Ada");
    assert_eq!(again.json()["result"]["resultType"], "complete");
    let own_word = served.send(greeting(json!({"inputResponses": accepted("Bob")}))).await;
    assert_eq!(own_word.json()["result"]["content"][0]["text"], "Hello Bob");
    let no_answers = served.send(greeting(json!({"inputResponses": {}, "requestState": state}))).await;
    assert_eq!(no_answers.json()["result"]["resultType"], "input_required");
    let no_object = served.send(greeting(json!({"inputResponses": "none", "requestState": state}))).await;
    assert_error(&no_object, 400, -32602, &json!(1));
}

#[tokio::test]
async fn state_that_is_not_ours_is_refused() {
    let input = InputConfig { state_bytes_max: 1_024, ..InputConfig::default() };
    let config = RuntimeConfig { input, ..RuntimeConfig::default() };
    let served = Served::start(Server::with(asking(), config).http()).await;
    let asked = served.send(greeting(json!({}))).await;
    let state = asked.json()["result"]["requestState"].as_str().unwrap().to_owned();
    // Changed somewhere in its middle, where what was sealed stands.
    let mut changed = state.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let cases = [
        (json!("forged"), 200),
        (json!(String::from_utf8(changed).unwrap()), 200),
        (json!("x".repeat(1_025)), 400),
        (json!(7), 400),
        (Value::Null, 400),
    ];
    for (state, status) in cases {
        let params = json!({"inputResponses": accepted("Eve"), "requestState": state});
        assert_error(&served.send(greeting(params)).await, status, -32602, &json!(1));
    }
    let other_call = json!({"name": "sign", "requestState": state, "_meta": {
        meta::CLIENT_CAPABILITIES: {"elicitation": {"url": {}}}
    }});
    assert_error(&served.send(modern("tools/call", other_call)).await, 200, -32602, &json!(1));
}

#[tokio::test]
async fn undeclared_capability_is_named() {
    let served = Served::start(Server::of(asking()).http()).await;
    let cases = [
        ("greet", json!({}), json!({"elicitation": {"form": {}}})),
        ("greet", json!({"elicitation": {"url": {}}}), json!({"elicitation": {"form": {}}})),
        ("sign", json!({"elicitation": {}}), json!({"elicitation": {"url": {}}})),
        ("think", json!({"elicitation": {}}), json!({"sampling": {}})),
        ("look_around", json!({"sampling": {}}), json!({"roots": {}})),
    ];
    for (tool, declared, required) in cases {
        for accept in ["application/json, text/event-stream", "text/event-stream"] {
            let answer = served.send(call(tool, &declared).with("accept", accept)).await;
            let error = assert_error(&answer, 400, -32021, &json!(1));
            assert_eq!(error["data"]["requiredCapabilities"], required, "{tool}");
        }
    }
}

#[tokio::test]
async fn methods_without_rounds_leave_answers_aside() {
    let served = Served::start(Server::of(asking()).http()).await;
    let params = json!({"inputResponses": accepted("Ada"), "requestState": 7});
    for method in ["tools/list", "server/discover"] {
        let answer = served.send(modern(method, params.clone())).await;
        assert_eq!(answer.json()["result"]["resultType"], "complete", "{method}");
    }
}

#[tokio::test]
async fn log_lines_come_from_the_level_of_the_request_on() {
    let served = Served::start(Server::of(asking()).http()).await;
    let said: Vec<&str> = LoggingLevel::ALL.iter().map(|level| level.as_str()).collect();
    for (at, level) in said.iter().enumerate() {
        let request = modern("tools/call", json!({"name": "chatter", "_meta": {meta::LOG_LEVEL: level}}));
        let mut messages = served.open(request).await.messages().await;
        assert_eq!(messages.pop().unwrap()["result"]["content"][0]["text"], "said");
        let lines: Vec<Value> = messages.iter().map(|line| line["params"].clone()).collect();
        let expected: Vec<Value> = said[at..].iter().map(|level| json!({"level": level, "data": level})).collect();
        assert_eq!(lines, expected);
        assert!(messages.iter().all(|line| line["method"] == "notifications/message"), "{messages:?}");
    }
    let silent = served.send(modern("tools/call", json!({"name": "chatter"}))).await;
    assert_eq!(silent.header("content-type"), Some("application/json"), "without a level there are no lines");
    for wrong in [json!("loud"), json!(3), json!(["info"])] {
        let request = modern("tools/call", json!({"name": "chatter", "_meta": {meta::LOG_LEVEL: wrong}}));
        assert_error(&served.send(request).await, 400, -32602, &json!(1));
    }
}
