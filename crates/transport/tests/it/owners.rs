//! What belongs to one caller is of no use to another, however little the two differ: in issuer, subject or client alone.

use outboard_protocol::meta;
use outboard_runtime::{Catalog, Context, NotAccepted, RuntimeConfig, tool};
use outboard_testkit::http::{HttpRequest, Served, modern};
use outboard_transport::{Authentication, HttpConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{ADA, Caller, LegacySession, Setup, assert_error, for_callers, initialize};

/// Everybody who is almost [`ADA`].
const OTHERS: [(&str, Caller); 3] = [
    ("the same subject of another issuer", Caller { issuer: "https://b.example", ..ADA }),
    ("another subject", Caller { subject: "bob", ..ADA }),
    ("the same subject through another client", Caller { client: "terminal", ..ADA }),
];

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Greets.
#[tool]
async fn greet(ctx: &Context) -> Result<String, NotAccepted> {
    let Name { name } = ctx.elicit("name", "What is your name?").await?;
    Ok(format!("hello {name}"))
}

/// Keeps a text and gives out its handle, or gives the text back.
#[tool]
async fn keep(ctx: &Context, handle: Option<outboard_runtime::Handle>) -> Result<String, outboard_runtime::StateError> {
    let state = ctx.state::<String>();
    match handle {
        None => Ok(state.create(&"kept".to_owned(), std::time::Duration::from_secs(60)).await?.to_string()),
        Some(handle) => state.get(&handle).await,
    }
}

async fn served() -> Served {
    let catalog = Catalog::new("tests", "1").tool(greet).tool(keep);
    let runtime = RuntimeConfig { page_items_max: 1, ..RuntimeConfig::default() };
    let http = HttpConfig::new(Authentication::RequestExtension);
    for_callers(Setup { catalog, http, runtime, ..Setup::new() }.service()).await
}

async fn session_of(served: &Served, caller: Caller) -> LegacySession {
    let request = initialize("2025-11-25")
        .edit(|message| message["params"]["capabilities"] = json!({"elicitation": {"form": {}}}));
    LegacySession::opened(&served.send(caller.asks(request)).await)
}

fn greeting() -> HttpRequest {
    let capabilities = json!({"elicitation": {"form": {}}});
    modern("tools/call", json!({"name": "greet", "_meta": {meta::CLIENT_CAPABILITIES: capabilities}}))
}

fn accepted() -> Value {
    json!({"action": "accept", "content": {"name": "Ada"}})
}

#[tokio::test]
async fn session_is_its_owners() {
    let served = served().await;
    let session = session_of(&served, ADA).await;
    for (what, other) in OTHERS {
        let delete = HttpRequest::of(http::Method::DELETE).in_session(&session.id, &session.revision);
        for request in [session.request("ping", json!({})), session.get(), delete] {
            let answer = served.send(other.asks(request)).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!(1404)), "{what}");
        }
    }
    let ping = session.request("ping", json!({}));
    assert_eq!(served.send(ADA.with("more").asks(ping)).await.status, 200, "whatever else its token grants");
}

#[tokio::test]
async fn request_state_is_its_owners() {
    let served = served().await;
    let asked = served.send(ADA.asks(greeting())).await.json();
    let state = asked["result"]["requestState"].as_str().expect("it asks").to_owned();
    let again = || {
        greeting().edit(|message| {
            message["params"]["requestState"] = json!(state);
            message["params"]["inputResponses"] = json!({"name": accepted()});
        })
    };
    for (what, other) in OTHERS {
        let answer = served.send(other.asks(again())).await.json();
        assert_eq!(answer["error"]["code"], -32602, "{what}: {answer}");
    }
    let answer = served.send(ADA.with("more").asks(again())).await.json();
    assert_eq!(answer["result"]["content"][0]["text"], "hello Ada", "{answer}");
}

#[tokio::test]
async fn cursor_is_its_owners() {
    let served = served().await;
    let first = served.send(ADA.asks(modern("tools/list", json!({})))).await.json();
    let cursor = first["result"]["nextCursor"].as_str().expect("there is a second page").to_owned();
    let next = || modern("tools/list", json!({"cursor": cursor}));
    for (what, other) in OTHERS {
        let answer = served.send(other.asks(next())).await.json();
        assert_eq!(answer["error"]["code"], -32602, "{what}: {answer}");
    }
    let answer = served.send(ADA.with("more").asks(next())).await.json();
    assert_eq!(answer["result"]["tools"][0]["name"], "keep", "{answer}");
}

#[tokio::test]
async fn stream_and_question_are_their_owners() {
    let served = served().await;
    let session = session_of(&served, ADA).await;
    let call = session.request("tools/call", json!({"name": "greet"}));
    let mut stream = served.open(ADA.asks(call)).await;
    let begin = stream.next().await.unwrap().field("id").unwrap().to_owned();
    let question = stream.message().await["id"].as_str().unwrap().to_owned();
    let answer = json!({"result": accepted()});
    for (what, other) in OTHERS {
        let own = session_of(&served, other).await;
        let resumed = served.send(other.asks(own.resume(&begin))).await;
        assert_error(&resumed, 400, -32600, &Value::Null);
        let stolen = served.send(other.asks(session.resume(&begin))).await;
        assert_error(&stolen, 404, 1404, &Value::Null);
        let guessed = served.send(other.asks(own.answer(&question, &answer))).await;
        assert_eq!(guessed.status, 202, "{what}: it is answered like any that nobody waits for");
    }
    served.send(ADA.with("more").asks(session.answer(&question, &answer))).await;
    assert_eq!(stream.message().await["result"]["content"][0]["text"], "hello Ada");
}

#[tokio::test]
async fn rest_of_an_answer_is_for_the_scopes_that_its_call_was_made_with() {
    let served = served().await;
    let session = session_of(&served, ADA).await;
    let call = session.request("tools/call", json!({"name": "greet"}));
    let strong = ADA.with("read write");
    let mut stream = served.open(strong.asks(call)).await;
    let begin = stream.next().await.unwrap().field("id").unwrap().to_owned();
    let question = stream.message().await["id"].as_str().unwrap().to_owned();
    for weaker in [ADA, ADA.with("read"), ADA.with("write")] {
        let refused = served.send(weaker.asks(session.resume(&begin))).await;
        assert_error(&refused, 400, -32600, &Value::Null);
    }
    drop(stream);
    let mut resumed = served.open(strong.asks(session.resume(&begin))).await;
    served.send(strong.asks(session.answer(&question, &json!({"result": accepted()})))).await;
    loop {
        let Some(event) = resumed.next().await else { panic!("the answer is there") };
        if event.field("data").is_some_and(|data| data.contains("hello Ada")) {
            break;
        }
    }
}

#[tokio::test]
async fn kept_state_is_its_owners() {
    let served = served().await;
    let keep = |arguments: Value| modern("tools/call", json!({"name": "keep", "arguments": arguments}));
    let made = served.send(ADA.asks(keep(json!({})))).await.json();
    let handle = made["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    for (what, other) in OTHERS {
        let answer = served.send(other.asks(keep(json!({"handle": handle})))).await.json();
        assert_eq!(answer["result"]["isError"], true, "{what}: {answer}");
    }
    let answer = served.send(ADA.asks(keep(json!({"handle": handle})))).await.json();
    assert_eq!(answer["result"]["content"][0]["text"], "kept", "{answer}");
}
