//! Questions of a child: to the caller that they can only belong to, and to nobody else.

use std::time::Duration;

use outboard_backend::stdio::{Isolation, StdioConfig};
use outboard_protocol::ErrorObject;
use outboard_protocol::types::{ElicitParams, InputRequest, Root};
use outboard_runtime::{AskError, Asking, BackendFailure, Call, CallError};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::callers::{Client, EVERYTHING, as_party, live};
use super::harness::{Lifted, PATIENCE, call, eventually, forwarded};

/// Asks as `method` with `params`, under `id`, and answers what it was answered.
const ASKS: &str = r#"
def asks(request):
    wanted = request["params"]["arguments"]
    ask(wanted.get("method", "elicitation/create"), wanted.get("params", form("?")),
        lambda answer: result(request, text(json.dumps(answer, sort_keys=True))), wanted.get("id", "q"))
CALLS["echo"] = asks
TOOLS.append(tool("plain"))
CALLS["plain"] = lambda request: result(request, text("plain"))
"#;

pub(super) async fn lift(lines: &str, change: impl FnOnce(&mut StdioConfig)) -> Lifted {
    let lifted = Lifted::with(&format!("{ASKS}{lines}\nserve()"), change);
    lifted.ready().await.unwrap();
    lifted
}

/// What the child was answered.
pub(super) async fn answered(lifted: &Lifted, call: Call) -> Value {
    let answer = timeout(PATIENCE, lifted.begin(call)).await.expect("a call ends").unwrap();
    let answer: Value = forwarded(answer).read().unwrap();
    serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap()
}

pub(super) fn echo(arguments: &Value) -> Call {
    call("echo", &arguments.to_string())
}

pub(super) fn is_refused(answer: &Value) -> bool {
    answer["error"]["code"] == -32601
}

#[tokio::test]
async fn a_question_reaches_the_caller_and_the_answer_goes_back_as_it_came() {
    let lifted = lift("", |_| {}).await;
    let form = json!({ "message": "Name?", "requestedSchema": { "type": "object", "properties": {} } });
    let url = json!({ "mode": "url", "message": "Sign", "url": "https://x.example/", "elicitationId": "e" });
    let sample = json!({ "messages": [], "maxTokens": 5, "temperature": 0.5, "modelPreferences": { "hints": [] } });
    let cases = [
        ("elicitation/create", form, json!("q")),
        ("elicitation/create", url, json!(7)),
        ("sampling/createMessage", sample, json!("é\"")),
    ];
    for (method, params, id) in cases {
        let client = Client::answering(r#"{"action":"accept","later":{"n":1.50}}"#);
        let asked = echo(&json!({ "method": method, "params": params, "id": id }));
        let answer = answered(&lifted, live(asked, "alice", EVERYTHING, &client)).await;
        let expected = json!({ "jsonrpc": "2.0", "id": id, "result": { "action": "accept", "later": { "n": 1.5 } } });
        assert_eq!(answer, expected);
        let asked = client.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(serde_json::to_value(&asked[0]).unwrap(), json!({ "method": method, "params": params }));
    }
    assert_eq!(lifted.backend.counts().refused_requests, 0);
    lifted.end().await;
}

#[tokio::test]
async fn what_a_client_refuses_or_leaves_unanswered_is_told_to_the_child() {
    type Case = (fn() -> AskError, i64, &'static str);
    let cases: [Case; 5] = [
        (|| AskError::Refused(ErrorObject::new(-1, "user rejected").with_data(&7)), -1, "user rejected"),
        (|| AskError::Unfit, -32603, "the client's answer to the question does not fit it"),
        (
            || AskError::Timeout { limit: Duration::from_secs(1) },
            -32603,
            "the client did not answer the question within 1s",
        ),
        (|| AskError::TooMany { limit: 3 }, 1503, "there are 3 open questions to this caller already"),
        (|| AskError::Unavailable, 1503, "the answer cannot be received now"),
    ];
    let lifted = lift("", |_| {}).await;
    for (error, code, message) in cases {
        let client = Client::new(move |_| Some(Err(error())));
        let answer = answered(&lifted, live(echo(&json!({})), "alice", EVERYTHING, &client)).await;
        assert_eq!((&answer["error"]["code"], &answer["error"]["message"]), (&code.into(), &message.into()));
        assert_eq!(answer["error"].get("data"), (code == -1).then_some(&7.into()));
    }
    lifted.end().await;
}

#[tokio::test]
async fn who_cannot_be_asked_is_not_and_the_refusal_is_counted() {
    let form = json!({});
    let url = json!({ "params": { "mode": "url", "message": "m", "url": "https://x.example/" } });
    let sample = json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 5 } });
    let tools =
        json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 5, "tools": [] } });
    let cases = [
        (&form, "{}"),
        (&form, r#"{"sampling":{},"elicitation":{"url":{}}}"#),
        (&url, r#"{"sampling":{},"elicitation":{}}"#),
        (&sample, r#"{"elicitation":{}}"#),
        (&tools, EVERYTHING),
        (&json!({ "method": "roots/list", "params": {} }), EVERYTHING),
        (&json!({ "method": "unheard/of", "params": {} }), EVERYTHING),
    ];
    let lifted = lift("", |_| {}).await;
    let client = Client::answering("{}");
    let mut refused = 0;
    for (asked, capabilities) in cases {
        refused += 1;
        let answer = answered(&lifted, live(echo(asked), "alice", capabilities, &client)).await;
        assert!(is_refused(&answer), "{asked} {capabilities}: {answer}");
        assert_eq!(lifted.backend.counts().refused_requests, refused);
    }
    // Between rounds there is no way yet, and that is what the child is told; and there are callers who are never asked.
    for (asking, why) in [(Asking::Rounds(None), "no way yet"), (Asking::Nobody, "does not offer")] {
        refused += 1;
        let answer = answered(&lifted, as_party(echo(&form), "alice", EVERYTHING).with_asking(asking)).await;
        assert!(is_refused(&answer) && answer["error"]["message"].as_str().unwrap().contains(why), "{answer}");
        assert_eq!(lifted.backend.counts().refused_requests, refused);
    }
    assert_eq!(client.asked(), []);
    lifted.end().await;
}

#[tokio::test]
async fn a_question_while_no_call_is_in_flight_is_refused() {
    let lines = r#"
def done(request):
    result(request, text("done"))
    ask("elicitation/create", form("late"), lambda answer: METHODS.update(late=answer))
CALLS["echo"] = done
CALLS["plain"] = lambda request: result(request, text(json.dumps(METHODS.get("late"))))
"#;
    let lifted = lift(lines, |_| {}).await;
    let client = Client::answering("{}");
    timeout(PATIENCE, lifted.begin(live(echo(&json!({})), "alice", EVERYTHING, &client))).await.unwrap().unwrap();
    eventually("the refusal", || (lifted.backend.counts().refused_requests == 1).then_some(())).await;
    assert!(is_refused(&answered(&lifted, call("plain", "{}")).await));
    assert_eq!(client.asked(), []);
    lifted.end().await;
}

#[tokio::test]
async fn a_question_without_the_form_of_one_is_refused() {
    let lifted = lift("", |_| {}).await;
    let client = Client::answering("{}");
    for params in [json!({}), json!({ "message": 7, "requestedSchema": {} }), json!({ "mode": "url", "message": "m" })]
    {
        let answer = answered(&lifted, live(echo(&json!({ "params": params })), "alice", EVERYTHING, &client)).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}");
    }
    assert_eq!((client.asked(), lifted.backend.counts().refused_requests), (vec![], 3));
    lifted.end().await;
}

#[tokio::test]
async fn a_shared_child_is_offered_nothing_and_refused_everything() {
    let lines = r#"
initialize = METHODS["initialize"]
METHODS["initialize"] = lambda r: (METHODS.update(offered=r["params"]["capabilities"]), initialize(r))
CALLS["plain"] = lambda request: result(request, text(json.dumps(METHODS["offered"])))
"#;
    let lifted = lift(lines, |config| {
        config.isolation = Isolation::Shared;
        config.roots = vec![Root { uri: "file:///srv".to_owned(), name: None }];
    })
    .await;
    assert_eq!(answered(&lifted, call("plain", "{}")).await, json!({}));
    let client = Client::answering("{}");
    for method in ["elicitation/create", "sampling/createMessage", "roots/list"] {
        let asked = live(echo(&json!({ "method": method })), "alice", EVERYTHING, &client);
        assert!(is_refused(&answered(&lifted, asked).await), "{method}");
    }
    assert_eq!((client.asked(), lifted.backend.counts().refused_requests), (vec![], 3));
    // It is still alive to those who ask whether it is.
    let answer = answered(&lifted, echo(&json!({ "method": "ping", "params": {} }))).await;
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": "q", "result": {} }));
    lifted.end().await;
}

#[tokio::test]
async fn roots_are_those_of_the_config_whatever_a_caller_has() {
    let lifted = lift("", |config| {
        let named = Root { uri: "file:///srv/b".to_owned(), name: Some("b".to_owned()) };
        config.roots = vec![Root { uri: "file:///srv/a".to_owned(), name: None }, named];
    })
    .await;
    // It would open the whole disk.
    let client = Client::answering(r#"{"roots":[{"uri":"file:///"}]}"#);
    let asked = json!({ "method": "roots/list", "params": {} });
    let expected = json!([{ "uri": "file:///srv/a" }, { "uri": "file:///srv/b", "name": "b" }]);
    for call in [live(echo(&asked), "alice", EVERYTHING, &client), as_party(echo(&asked), "bob", "{}")] {
        assert_eq!(answered(&lifted, call).await["result"], json!({ "roots": expected }));
    }
    assert_eq!((client.asked(), lifted.backend.counts().refused_requests), (vec![], 0));
    lifted.end().await;
}

#[tokio::test]
async fn a_question_that_the_child_withdraws_is_withdrawn_at_the_caller() {
    let lines = r#"
def withdraws(request):
    ask("elicitation/create", form("?"), lambda answer: sys.exit(9), "other")
    ask("elicitation/create", form("?"), lambda answer: sys.exit(9), "q")
    def withdraw(path):
        while not os.path.exists(path): time.sleep(0.005)
        send({"method": "notifications/cancelled", "params": {"requestId": "unheard of"}})
        send({"method": "notifications/cancelled", "params": {"requestId": "other", "reason": "no need"}})
        send({"method": "notifications/cancelled", "params": {"requestId": "q"}})
        while not os.path.exists(path + ".2"): time.sleep(0.005)
        result(request, text("{}"))
    import threading
    threading.Thread(target=withdraw, args=[os.environ["DIRECTORY"] + "/go"]).start()
CALLS["echo"] = withdraws
"#;
    let lifted = lift(lines, |_| {}).await;
    let client = Client::silent();
    let asked = live(echo(&json!({})), "alice", EVERYTHING, &client);
    let (answer, ()) = tokio::join!(answered(&lifted, asked), async {
        eventually("both questions", || (client.open() == 2).then_some(())).await;
        std::fs::write(lifted.script.file("go"), "").unwrap();
        eventually("no question any more", || (client.open() == 0).then_some(())).await;
        std::fs::write(lifted.script.file("go.2"), "").unwrap();
    });
    assert_eq!(answer, json!({}), "and the call goes on");
    // An answer to one of them would have ended the child.
    lifted.text("plain", "{}").await;
    assert_eq!(lifted.backend.counts().starts, 1);
    lifted.end().await;
}

#[tokio::test]
async fn the_questions_of_a_call_end_with_it() {
    let lines = r#"
seen = []
def asks_on(request):
    ask("elicitation/create", form("?"), lambda answer: seen.append(answer["error"]["code"]), "q")
    if request["params"]["arguments"].get("answer"):
        result(request, text("{}"))
METHODS["notifications/cancelled"] = lambda message: seen.append("cancelled")
CALLS["echo"] = asks_on
CALLS["plain"] = lambda request: result(request, text(json.dumps(seen)))
"#;
    // The caller goes away; the child answers without waiting.
    for (arguments, expected) in
        [(json!({}), json!(["cancelled", -32603])), (json!({ "answer": true }), json!([-32603]))]
    {
        let lifted = lift(lines, |_| {}).await;
        let client = Client::silent();
        let asked = live(echo(&arguments), "alice", EVERYTHING, &client);
        if arguments == json!({}) {
            let mut held = lifted.begin(asked);
            let waits = timeout(Duration::from_millis(20), &mut held);
            assert!(waits.await.is_err());
            eventually("the question", || {
                assert!(futures_util::FutureExt::now_or_never(&mut held).is_none());
                (client.open() == 1).then_some(())
            })
            .await;
            drop(held);
        } else {
            answered(&lifted, asked).await;
        }
        assert_eq!(client.open(), 0);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut seen = Value::Null;
        while seen.as_array().map(Vec::len) != expected.as_array().map(Vec::len) {
            assert!(tokio::time::Instant::now() < deadline, "{seen} is not {expected}");
            seen = answered(&lifted, call("plain", "{}")).await;
        }
        let sorted = |value: &Value| {
            let mut items: Vec<String> = value.as_array().unwrap().iter().map(ToString::to_string).collect();
            items.sort();
            items
        };
        assert_eq!(sorted(&seen), sorted(&expected));
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_child_that_ends_takes_its_questions_with_it() {
    let lines = "CALLS['echo'] = lambda r: (ask('elicitation/create', form('?'), None), os.path.exists(os.environ['DIRECTORY'] + '/no') or sys.exit(1))";
    let lifted = lift(lines, |_| {}).await;
    let client = Client::silent();
    let outcome = timeout(PATIENCE, lifted.begin(live(echo(&json!({})), "alice", EVERYTHING, &client))).await.unwrap();
    assert!(matches!(outcome, Err(CallError::Backend { failure: BackendFailure::Ended { .. }, .. })), "{outcome:?}");
    assert_eq!(client.open(), 0);
    assert_eq!(lifted.backend.counts().not_sent, 0, "there is nobody to answer to");
    lifted.up().await;
    lifted.end().await;
}

#[tokio::test]
async fn open_questions_are_bounded_and_an_id_is_used_once_at_a_time() {
    let lines = r#"
answers = []
def asks_much(request):
    def answered(answer):
        answers.append(answer)
        if len(answers) == 2: result(request, text(json.dumps(answers)))
    for number in ("a", "a", "b", "c", "d"):
        ask("elicitation/create", form(number), answered, number)
CALLS["echo"] = asks_much
"#;
    let lifted = lift(lines, |config| config.bounds.questions_max = 2).await;
    let client = Client::silent();
    let answer = answered(&lifted, live(echo(&json!({})), "alice", EVERYTHING, &client)).await;
    let refused: Vec<_> =
        answer.as_array().unwrap().iter().map(|answer| (&answer["id"], &answer["error"]["code"])).collect();
    assert_eq!(refused, [(&json!("c"), &json!(1503)), (&json!("d"), &json!(1503))]);
    assert_eq!(client.messages().len() + client.open(), 2, "asked, and withdrawn with the call");
    assert_eq!(lifted.backend.counts().refused_requests, 3);
    lifted.end().await;
}

#[tokio::test]
async fn a_form_may_say_that_it_is_one() {
    let lifted = lift("", |_| {}).await;
    let client = Client::answering(r#"{"action":"decline"}"#);
    let params = json!({ "mode": "form", "message": "m", "requestedSchema": { "type": "object" } });
    answered(&lifted, live(echo(&json!({ "params": params })), "alice", EVERYTHING, &client)).await;
    let expected = ElicitParams::Form { message: "m".to_owned(), requested_schema: json!({ "type": "object" }) };
    assert_eq!(client.asked(), [InputRequest::Elicit(expected)]);
    lifted.end().await;
}
