//! Who is asked where several call: turns, attribution, and calls that were given up.

use std::time::Duration;

use outboard_runtime::{BackendFailure, CallError, Catalog, Runtime, RuntimeConfig};
use serde_json::{Value, json};
use tokio::time::timeout;
use tower_service::Service as _;

use super::asking::{answered, echo, is_refused, lift};
use super::callers::{Client, EVERYTHING, as_party, live};
use super::harness::{PATIENCE, call, forwarded, store};

#[tokio::test]
async fn a_caller_that_can_be_asked_has_the_child_alone_and_the_others_wait_in_order() {
    let lines = r#"
log = []
def holds(request):
    log.append(request["params"]["arguments"]["name"])
    def wait(path):
        while not os.path.exists(path): time.sleep(0.005)
        result(request, text(json.dumps(log)))
    import threading
    threading.Thread(target=wait, args=[os.environ["DIRECTORY"] + "/" + log[-1]]).start()
CALLS["echo"] = holds
"#;
    let lifted = lift(lines, |config| config.bounds.in_flight_max = 4).await;
    let client = Client::silent();
    let asked = |name: &str| live(echo(&json!({ "name": name })), name, EVERYTHING, &client);
    let plain = |name: &str| as_party(echo(&json!({ "name": name })), name, "{}");
    // In their order: each is in the queue before the next one comes.
    let calls = [asked("a"), plain("b"), plain("c"), asked("d")];
    let mut calls: Vec<_> = calls.into_iter().map(|call| lifted.begin(call)).collect();
    for call in &mut calls {
        assert!(futures_util::poll!(call).is_pending());
    }
    // Those who wait are bounded with those who are in flight.
    let error = timeout(PATIENCE, lifted.begin(plain("e"))).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Backend { failure: BackendFailure::Overloaded, .. }), "{error:?}");

    let seen = |answer| {
        serde_json::from_str::<Value>(
            forwarded(answer).read::<Value>().unwrap()["content"][0]["text"].as_str().unwrap(),
        )
    };
    let open = |name| std::fs::write(lifted.script.file(name), "").unwrap();
    let mut calls = calls.into_iter();
    let (a, b, c, d) = (calls.next().unwrap(), calls.next().unwrap(), calls.next().unwrap(), calls.next().unwrap());
    // All of them could go on, if it were their turn.
    ["b", "c", "d", "a"].into_iter().for_each(open);
    let all = timeout(PATIENCE, async { tokio::join!(a, b, c, d) }).await.unwrap();
    assert_eq!(seen(all.0.unwrap()).unwrap(), json!(["a"]), "it ran alone");
    for beside in [seen(all.1.unwrap()).unwrap(), seen(all.2.unwrap()).unwrap()] {
        let names: Vec<_> = beside.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(names[0] == "a" && names.len() > 1 && !names.contains(&"d"), "{names:?}");
    }
    let last = seen(all.3.unwrap()).unwrap();
    assert_eq!((last.as_array().unwrap().len(), &last[3]), (4, &json!("d")));
    lifted.end().await;
}

#[tokio::test]
async fn calls_whose_callers_are_not_asked_run_beside_each_other() {
    let lines = r#"
held = []
def holds(request):
    held.append(request)
    if len(held) == 3: [result(request, text("{}")) for request in held]
CALLS["echo"] = holds
"#;
    // The same with those who could be asked, where the config lets them.
    for serial in [true, false] {
        let lifted = lift(lines, |config| config.serial = serial).await;
        let client = Client::silent();
        let call = |name| {
            if serial {
                as_party(echo(&json!({})), name, EVERYTHING)
            } else {
                live(echo(&json!({})), name, EVERYTHING, &client)
            }
        };
        let calls = ["a", "b", "c"].map(|name| answered(&lifted, call(name)));
        assert_eq!(futures_util::future::join_all(calls).await.len(), 3);
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_question_that_may_be_eithers_is_asked_of_nobody() {
    let lines = r#"
TOOLS.append(tool("hold"))
CALLS["hold"] = lambda request: None
"#;
    let lifted = lift(lines, |config| config.serial = false).await;
    let (alice, bob) = (Client::answering(r#"{"of":"alice"}"#), Client::answering(r#"{"of":"bob"}"#));
    let mut held = lifted.begin(live(call("hold", "{}"), "alice", EVERYTHING, &alice));
    assert!(futures_util::poll!(&mut held).is_pending());
    let answer = answered(&lifted, live(echo(&json!({})), "bob", EVERYTHING, &bob)).await;
    assert!(is_refused(&answer) && answer["error"]["message"].as_str().unwrap().contains("several"), "{answer}");
    // Of one party: whichever of its calls can be asked.
    let plain = answered(&lifted, as_party(echo(&json!({})), "alice", "{}"));
    let answer = tokio::select! {
        outcome = &mut held => panic!("{outcome:?}"),
        answer = plain => answer,
    };
    assert_eq!(answer["result"], json!({ "of": "alice" }));
    assert_eq!((alice.asked().len(), bob.asked().len()), (1, 0));
    lifted.end().await;
}

#[tokio::test]
async fn a_question_of_a_call_that_was_given_up_is_not_asked_of_the_next_caller() {
    let lines = r#"
METHODS["notifications/cancelled"] = lambda message: ask("elicitation/create", form("of the first"), lambda answer: METHODS.update(late=answer))
CALLS["plain"] = lambda request: result(request, text(json.dumps(METHODS.get("late"))))
CALLS["echo"] = lambda request: None
"#;
    let lifted = lift(lines, |_| {}).await;
    let (alice, bob) = (Client::answering("{}"), Client::answering("{}"));
    let mut held = lifted.begin(live(echo(&json!({})), "alice", EVERYTHING, &alice));
    assert!(futures_util::poll!(&mut held).is_pending());
    drop(held);
    let mut late = Value::Null;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while late == Value::Null {
        assert!(tokio::time::Instant::now() < deadline, "it is refused");
        late = answered(&lifted, live(call("plain", "{}"), "bob", EVERYTHING, &bob)).await;
    }
    assert!(is_refused(&late), "{late}");
    assert_eq!((alice.asked(), bob.asked()), (vec![], vec![]));
    lifted.end().await;
}

#[tokio::test]
async fn a_deadline_stands_still_while_a_question_is_open() {
    let lines = "TOOLS.append(tool('hold'))\nCALLS['hold'] = lambda request: None";
    let lifted = lift(lines, |_| {}).await;
    let deadline = Duration::from_secs(2);
    let catalog = Catalog::new("test", "1").provider(std::sync::Arc::new(lifted.backend.clone()));
    let config = RuntimeConfig { deadline, ..RuntimeConfig::default() };
    let mut runtime = Runtime::new(catalog, store(), lifted.notify.clone(), config).unwrap();

    let client = Client::slow(deadline + Duration::from_secs(1));
    let asked = runtime.call(live(echo(&json!({})), "alice", EVERYTHING, &client));
    let answer = timeout(PATIENCE, asked).await.unwrap().unwrap().expect("the deadline stood still");
    let answer: Value = forwarded(answer).read().unwrap();
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("slowly"), "{answer}");

    let held = runtime.call(live(call("hold", "{}"), "alice", EVERYTHING, &client));
    let outcome = timeout(PATIENCE, held).await.unwrap().unwrap();
    assert!(matches!(outcome, Err(CallError::Deadline { .. })), "{outcome:?}");
    lifted.end().await;
}
