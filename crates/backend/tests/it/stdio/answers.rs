//! Calls, their answers, and what comes before them.

use outboard_protocol::RawJson;
use outboard_protocol::revision::V2025_11_25;
use outboard_protocol::types::{Progress, ProgressToken};
use outboard_runtime::{BackendFailure, CallError, Event, Outlet};
use serde_json::Value;
use tokio::time::timeout;

use super::harness::{Lifted, PATIENCE, call, eventually, forwarded};

#[tokio::test]
async fn a_result_comes_back_as_the_bytes_that_the_child_wrote() {
    let lifted = Lifted::python(
        r#"
def odd(request):
    write('{"jsonrpc":"2.0","id":%d,"result":{ "content":[], "later":{"b":1.50,"a":[1e2]},"isError":true}}\n' % request["id"])
CALLS["echo"] = odd
serve()
"#,
    );
    lifted.ready().await.unwrap();
    let result = lifted.call("echo", "{}").await.unwrap();
    assert_eq!(result.as_bytes(), br#"{ "content":[], "later":{"b":1.50,"a":[1e2]},"isError":true}"#);
    lifted.end().await;
}

#[tokio::test]
async fn arguments_arrive_as_sent_and_on_one_line() {
    let lifted = Lifted::python(
        r#"
lines = sys.stdin.buffer
for line in lines:
    message = json.loads(line)
    if message["method"] == "tools/call":
        result(message, text(line.decode()))
    elif message["method"] in METHODS:
        METHODS[message["method"]](message)
    elif "id" in message:
        error(message, -32601, "no")
"#,
    );
    lifted.ready().await.unwrap();
    let line = lifted.text("echo", "{\r\n  \"z\": 1.50,\n  \"a\": \"x\\ny\\u00e9é\"\n}").await;
    assert!(line.contains(r#""name":"echo","arguments":{    "z": 1.50,   "a": "x\ny\u00e9é" }"#), "{line}");
    lifted.end().await;
}

#[tokio::test]
async fn meta_of_callers_passes_without_what_is_not_theirs_to_say() {
    for (era, ours) in [("", false), ("modern(); ", true)] {
        let lifted = Lifted::python(&format!(
            r#"{era}CALLS["echo"] = lambda r: result(r, text(json.dumps(r["params"].get("_meta")))); serve()"#
        ));
        lifted.ready().await.unwrap();
        let mut call = call("echo", "{}");
        let sent = r#"{"traceparent":"00-1","com.example/k":[1],"progressToken":"theirs","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"dev.outboard/subject":"me"}"#;
        call.meta = Some(RawJson::parse(sent.to_owned().into()).unwrap());
        let answer: Value = forwarded(lifted.begin(call).await.unwrap()).read().unwrap();
        let meta: Value = serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap();
        let mut expected = serde_json::json!({ "traceparent": "00-1", "com.example/k": [1] });
        if ours {
            expected["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            expected["io.modelcontextprotocol/clientCapabilities"] = serde_json::json!({});
            expected["io.modelcontextprotocol/clientInfo"] =
                serde_json::json!({ "name": "outboard", "version": env!("CARGO_PKG_VERSION") });
        }
        assert_eq!(meta, expected);
        lifted.end().await;
    }
}

#[tokio::test]
async fn an_error_of_the_childs_is_forwarded_whole() {
    let lifted = Lifted::python(
        r#"CALLS["echo"] = lambda r: error(r, -32042, "go there", data={"elicitations": [1.50]}); serve()"#,
    );
    lifted.ready().await.unwrap();
    let CallError::Forwarded(error) = lifted.call("echo", "{}").await.unwrap_err() else { panic!("forwarded") };
    assert_eq!((error.code, &*error.message), (-32042, "go there"));
    assert_eq!(error.data.unwrap().as_bytes(), br#"{"elicitations": [1.5]}"#);
    lifted.end().await;
}

#[tokio::test]
async fn calls_in_flight_together_get_their_own_answers_in_any_order() {
    let lifted = Lifted::python(
        r#"
waiting = []
def echo(request):
    waiting.append(request)
    if len(waiting) == 100:
        for request in reversed(waiting):
            result(request, text(str(request["params"]["arguments"]["n"])))
CALLS["echo"] = echo
serve()
"#,
    );
    lifted.ready().await.unwrap();
    let calls = (0..100).map(|n| {
        let call = lifted.begin(call("echo", &format!(r#"{{"n":{n}}}"#)));
        async move { forwarded(call.await.unwrap()).read::<Value>().unwrap()["content"][0]["text"].clone() }
    });
    let answers = timeout(PATIENCE, futures_util::future::join_all(calls)).await.unwrap();
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, n.to_string());
    }
    lifted.end().await;
}

#[tokio::test]
async fn progress_reaches_the_call_it_belongs_to() {
    let lifted = Lifted::python(
        r#"
def tell(request, token, **more):
    send({"method": "notifications/progress", "params": {"progressToken": token, **more}})
def echo(request):
    token = request["params"].get("_meta", {}).get("progressToken")
    if token is not None:
        tell(request, token, progress=1)
        tell(request, token, progress=1.5, total=2, message="half")
        for other in (999, str(token), None):
            tell(request, other, progress=7)
    result(request, text("with" if token is not None else "without"))
CALLS["echo"] = echo
serve()
"#,
    );
    lifted.ready().await.unwrap();
    let outlet = Outlet::open();
    let mut asked = call("echo", "{}");
    asked.outlet = outlet.clone();
    asked.progress_token = ProgressToken::from_json("\"theirs\"");
    let answer: Value = forwarded(lifted.begin(asked).await.unwrap()).read().unwrap();
    assert_eq!(answer["content"][0]["text"], "with");
    let told: Vec<Event> = std::iter::from_fn(|| outlet.try_next()).collect();
    let expected = [
        Progress { progress: 1.0, total: None, message: None },
        Progress { progress: 1.5, total: Some(2.0), message: Some("half".to_owned()) },
    ];
    assert_eq!(told, expected.map(Event::Progress));
    let counts = lifted.backend.counts();
    assert_eq!((counts.unexpected_answers, counts.garbage_lines), (2, 1));

    // Who does not ask for it gets none, and the child is not asked for it.
    assert_eq!(lifted.text("echo", "{}").await, "without");
    lifted.end().await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_at_the_child_and_forgotten() {
    let lifted = Lifted::python(
        r#"
held = []
def cancelled(message):
    number = message["params"]["requestId"]
    assert number == held[0]["id"]
    with open(os.environ["DIRECTORY"] + "/cancelled", "w") as file:
        file.write(str(number))
    result(held[0], text("too late"))
METHODS["notifications/cancelled"] = cancelled
TOOLS.append(tool("hold"))
CALLS["hold"] = held.append
serve()
"#,
    );
    lifted.ready().await.unwrap();
    let mut held = lifted.begin(call("hold", "{}"));
    assert!(futures_util::poll!(&mut held).is_pending());
    // An answer to a later request: the child has the first one.
    lifted.text("echo", "{}").await;
    drop(held);
    eventually("the cancellation", || lifted.script.file("cancelled").exists().then_some(())).await;
    eventually("the late answer", || (lifted.backend.counts().unexpected_answers == 1).then_some(())).await;
    // One that was answered is not cancelled.
    lifted.text("echo", "{}").await;
    lifted.end().await;
}

#[tokio::test]
async fn an_answer_that_is_none_ends_its_call() {
    let cases = [
        (r#"send({"id": r["id"], "result": [1]})"#, "the result is not an object"),
        (r#"send({"id": r["id"], "result": {}, "error": {"code": 1, "message": ""}})"#, "a message has a method"),
        (r#"send({"id": r["id"], "error": {"code": "x"}})"#, "the member error must have"),
        (r#"send({"id": r["id"]})"#, "a message has a method"),
    ];
    for (answer, fault) in cases {
        let lifted = Lifted::python(&format!("CALLS['echo'] = lambda r: {answer}\nserve()"));
        lifted.ready().await.unwrap();
        let error = lifted.call("echo", "{}").await.unwrap_err();
        assert!(matches!(error, CallError::Backend { failure: BackendFailure::InvalidAnswer { .. }, .. }), "{error:?}");
        assert!(error.to_string().contains(fault), "{error}");
        assert_eq!(error.object(&V2025_11_25).code, -32603);
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_modern_child_cannot_ask_what_was_not_offered() {
    let lifted = Lifted::python(
        r#"
modern()
CALLS["echo"] = lambda r: result(r, {"resultType": r["params"]["arguments"]["kind"], "content": []})
serve()
"#,
    );
    lifted.ready().await.unwrap();
    lifted.call("echo", r#"{"kind":"complete"}"#).await.unwrap();
    for kind in ["\"input_required\"", "\"task\"", "7"] {
        let error = lifted.call("echo", &format!(r#"{{"kind":{kind}}}"#)).await.unwrap_err();
        assert!(matches!(error, CallError::Backend { failure: BackendFailure::InvalidAnswer { .. }, .. }), "{error:?}");
    }
    lifted.end().await;
}

#[tokio::test]
async fn requests_of_a_modern_child_are_not_even_answered() {
    let lifted = Lifted::python(
        r#"
modern()
def ask(request):
    send({"id": "q", "method": "ping"})
    send({"id": "r", "method": "roots/list"})
    TOOLS.append(request)
def next_one(request): result(request, text(str(len(TOOLS))))
TOOLS.append(tool("next"))
METHODS[None] = lambda answer: TOOLS.append(answer)
CALLS["echo"] = lambda request: (ask(request), result(request, text("asked")))
CALLS["next"] = next_one
serve()
"#,
    );
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "asked");
    // An answer would have been read before this: the two tools and the one request, and nothing more.
    assert_eq!(lifted.text("next", "{}").await, "3");
    assert_eq!(lifted.backend.counts().refused_requests, 2);
    lifted.end().await;
}

#[tokio::test]
async fn a_server_without_tools_offers_none_and_is_not_asked() {
    let lifted = Lifted::python(
        r#"
METHODS["initialize"] = lambda r: result(r, {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": None})
METHODS["tools/list"] = lambda r: sys.exit(9)
serve()
"#,
    );
    lifted.ready().await.unwrap();
    assert!(outboard_runtime::Provider::offers(&lifted.backend).borrow().tools.is_empty());
    lifted.end().await;
}
