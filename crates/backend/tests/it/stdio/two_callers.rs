//! Two parties on one child: nothing of one's reaches the other.

use std::sync::Arc;

use futures_util::StreamExt as _;
use outboard_protocol::types::LoggingLevel;
use serde_json::Value;
use tokio::time::timeout;

use super::callers::{Client, EVERYTHING, json, live, logged, logging, message};
use super::harness::{Lifted, PATIENCE, call, forwarded};

/// How many calls each party makes: each has one question and one log line.
const CALLS: usize = 500;

/// How many of all calls are under way at a time.
const AT_A_TIME: usize = 16;

/// Each call logs and asks in its party's name, and answers what it was answered. The child mixes them as it can: a call
/// asks when the next one arrives, or when there is no next one for a moment.
const MIXED: &str = r#"
import select
waiting = []
def speak(request):
    name = request["params"]["arguments"]["name"]
    log("info", name)
    ask("elicitation/create", form(name), lambda answer: result(request, text(json.dumps(answer))), "q%s" % request["id"])
def mixed(request):
    waiting.append(request)
    if len(waiting) > 3: speak(waiting.pop(0))
CALLS["echo"] = mixed
buffer = b""
while True:
    ready, _, _ = select.select([0], [], [], 0.002)
    if not ready:
        if waiting: speak(waiting.pop())
        continue
    data = os.read(0, 65536)
    if not data: break
    *lines, buffer = (buffer + data).split(b"\n")
    for line in lines:
        message = json.loads(line)
        method = METHODS.get(message.get("method"))
        if method: method(message)
        elif "id" in message and "method" in message: error(message, -32601, "Method not found")
"#;

/// What became of all questions and log lines.
#[derive(Debug, Default)]
struct Sum {
    asked: usize,
    logged: usize,
    wrong: usize,
}

/// Who answers each question with what it was asked, so that an answer of the other party's can be told.
fn client() -> Arc<Client> {
    Client::new(|request| Some(Ok(json(&format!(r#"{{"action":"accept","of":"{}"}}"#, message(request))))))
}

async fn interleave(serial: bool) -> Sum {
    let lifted = Lifted::with(MIXED, |config| config.serial = serial);
    lifted.ready().await.unwrap();
    let clients = [("alice", client()), ("bob", client())];
    let calls = (0..2 * CALLS).map(|number| {
        let (name, client) = &clients[number % 2];
        let asked = live(call("echo", &format!(r#"{{"name":"{name}"}}"#)), name, EVERYTHING, client);
        let (asked, outlet) = logging(asked, LoggingLevel::Info);
        let lifted = &lifted;
        async move {
            let answer = timeout(PATIENCE, lifted.begin(asked)).await.expect("a call ends").unwrap();
            let answer: Value = forwarded(answer).read().unwrap();
            let answer: Value = serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap();
            let answered_by_another = answer["result"].is_object() && answer["result"]["of"] != *name;
            let lines = logged(&outlet);
            let wrong = lines.iter().filter(|line| line != name).count() + usize::from(answered_by_another);
            Sum { asked: 0, logged: lines.len(), wrong }
        }
    });
    let mut calls = futures_util::stream::iter(calls).buffer_unordered(AT_A_TIME);
    let mut sum = Sum::default();
    while let Some(part) = calls.next().await {
        sum.logged += part.logged;
        sum.wrong += part.wrong;
    }
    drop(calls);
    for (name, client) in &clients {
        let messages = client.messages();
        sum.asked += messages.len();
        sum.wrong += messages.iter().filter(|message| message != name).count();
    }
    let counts = lifted.backend.counts();
    assert_eq!(u64::try_from(2 * CALLS - sum.asked).unwrap(), counts.refused_requests, "asked or refused");
    assert_eq!(u64::try_from(2 * CALLS - sum.logged).unwrap(), counts.kept_log_messages, "told or kept");
    lifted.end().await;
    sum
}

#[tokio::test]
async fn of_a_thousand_questions_and_log_lines_none_reaches_the_wrong_party() {
    // One after the other, each is asked; side by side, most cannot be attributed.
    let sum = interleave(true).await;
    assert_eq!((sum.asked, sum.logged, sum.wrong), (2 * CALLS, 2 * CALLS, 0));
    let sum = interleave(false).await;
    assert_eq!(sum.wrong, 0);
    assert!(sum.asked < CALLS && sum.logged < CALLS, "they were interleaved: {sum:?}");
}
