//! Log messages of a child: to the caller that they belong to, or into our own log.

use outboard_protocol::types::LoggingLevel;
use serde_json::Value;
use tokio::time::timeout;

use super::callers::{as_party, logged, logging};
use super::harness::{Lifted, PATIENCE, call, eventually, forwarded};
use super::lists::{FEATURES, MODERN};

/// Logs at three levels before it answers; holds the call where that is asked for.
const LOGS: &str = r#"
def logs(request):
    name = request["params"]["arguments"]["name"]
    for level in ("debug", "info", "error"):
        log(level, "%s %s" % (name, level), logger="child")
    if not request["params"]["arguments"].get("hold"):
        result(request, text("logged"))
CALLS["echo"] = logs
"#;

async fn lift(era: &str) -> Lifted {
    let lifted = Lifted::python(&format!("{era}{FEATURES}{LOGS}serve()"));
    lifted.ready().await.unwrap();
    lifted
}

#[tokio::test]
async fn a_caller_gets_the_log_of_its_call_from_the_level_that_it_wants() {
    for era in ["", MODERN] {
        let lifted = lift(era).await;
        for (level, expected) in [
            (LoggingLevel::Debug, vec!["a debug", "a info", "a error"]),
            (LoggingLevel::Info, vec!["a info", "a error"]),
            (LoggingLevel::Error, vec!["a error"]),
            (LoggingLevel::Emergency, vec![]),
        ] {
            let before = lifted.backend.counts().kept_log_messages;
            let (call, outlet) = logging(as_party(call("echo", r#"{"name":"a"}"#), "alice", "{}"), level);
            timeout(PATIENCE, lifted.begin(call)).await.unwrap().unwrap();
            let logged = logged(&outlet);
            assert_eq!(logged, expected);
            let kept = lifted.backend.counts().kept_log_messages - before;
            assert_eq!(kept, 3 - u64::try_from(logged.len()).unwrap());
        }
        // One who did not ask for it gets none.
        let call = as_party(call("echo", r#"{"name":"a"}"#), "alice", "{}").with_telling(Some(1.into()), None);
        let outlet = call.outlet.clone();
        timeout(PATIENCE, lifted.begin(call)).await.unwrap().unwrap();
        assert_eq!(outlet.try_next(), None);
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_log_message_that_may_be_anybodys_is_nobodys() {
    for era in ["", MODERN] {
        let lifted = lift(era).await;
        let (held, outlet) =
            logging(as_party(call("echo", r#"{"name":"a","hold":true}"#), "alice", "{}"), LoggingLevel::Debug);
        let mut held = lifted.begin(held);
        assert!(futures_util::poll!(&mut held).is_pending());
        // Of another caller, who wants log lines, and of one who wants none.
        for wants in [Some(LoggingLevel::Debug), None] {
            let bobs = as_party(call("echo", r#"{"name":"b"}"#), "bob", "{}").with_telling(None, wants);
            let bob = bobs.outlet.clone();
            timeout(PATIENCE, lifted.begin(bobs)).await.unwrap().unwrap();
            assert_eq!(bob.try_next(), None);
            assert!(logged(&outlet).iter().all(|line| line.starts_with("a ")));
        }
        // Of the same party, through another call that wants none: it hears it through the one that does.
        let mine = as_party(call("echo", r#"{"name":"c"}"#), "alice", "{}");
        timeout(PATIENCE, lifted.begin(mine)).await.unwrap().unwrap();
        assert_eq!(logged(&outlet), ["c debug", "c info", "c error"]);
        lifted.end().await;
    }
}

#[tokio::test]
async fn what_a_child_logs_about_a_call_that_was_given_up_is_not_for_the_next_caller() {
    let lines = r#"
METHODS["notifications/cancelled"] = lambda m: log("error", "of the call that was given up")
CALLS["next"] = lambda r: result(r, text("answered"))
TOOLS.append(tool("next"))
"#;
    let lifted = Lifted::python(&format!("{FEATURES}{LOGS}{lines}serve()"));
    lifted.ready().await.unwrap();
    let mut held = lifted.begin(as_party(call("echo", r#"{"name":"a","hold":true}"#), "alice", "{}"));
    assert!(futures_util::poll!(&mut held).is_pending());
    eventually("its own log", || (lifted.backend.counts().kept_log_messages == 3).then_some(())).await;
    drop(held);
    let (bobs, bob) = logging(as_party(call("next", "{}"), "bob", "{}"), LoggingLevel::Debug);
    timeout(PATIENCE, lifted.begin(bobs)).await.unwrap().unwrap();
    assert_eq!(logged(&bob), Vec::<String>::new());
    assert_eq!(lifted.backend.counts().kept_log_messages, 4);
    lifted.end().await;
}

#[tokio::test]
async fn a_legacy_child_is_told_the_configured_level_and_a_modern_one_the_callers() {
    let sees = r#"
levels = []
METHODS["logging/setLevel"] = lambda r: (levels.append(r["params"]["level"]), result(r, {}))
key = "io.modelcontextprotocol/logLevel"
CALLS["echo"] = lambda r: result(r, text(json.dumps([levels, r["params"].get("_meta", {}).get(key)])))
"#;
    type Case = (&'static str, &'static str, Option<LoggingLevel>, &'static str);
    let cases: [Case; 5] = [
        ("", "", Some(LoggingLevel::Debug), r#"[["notice"], null]"#),
        (MODERN, "", Some(LoggingLevel::Debug), r#"[[], "debug"]"#),
        (MODERN, "", None, r#"[[], null]"#),
        // One that does not declare it is not told.
        ("", "del CAPABILITIES['logging']\n", Some(LoggingLevel::Debug), r#"[[], null]"#),
        (MODERN, "del CAPABILITIES['logging']\n", Some(LoggingLevel::Debug), r#"[[], null]"#),
    ];
    for (era, change, level, expected) in cases {
        let lines = format!("{era}{FEATURES}{change}{sees}serve()");
        let lifted = Lifted::with(&lines, |config| config.log_level = LoggingLevel::Notice);
        lifted.ready().await.unwrap();
        // It is told when it serves already, so that it is not waited for.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let call = call("echo", "{}").with_telling(None, level);
            let answer: Value = forwarded(lifted.begin(call).await.unwrap()).read().unwrap();
            if answer["content"][0]["text"] == expected {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{answer} is not {expected}");
        }
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_child_that_does_not_set_its_level_serves_all_the_same() {
    for answer in ["None", r#"error(r, -32601, "Method not found")"#] {
        let refuse = format!("METHODS['logging/setLevel'] = lambda r: {answer}\n");
        let lifted = Lifted::python(&format!("{FEATURES}{refuse}{LOGS}serve()"));
        lifted.ready().await.unwrap();
        assert_eq!(lifted.text("echo", r#"{"name":"a"}"#).await, "logged");
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_log_message_without_the_form_of_one_is_garbage() {
    let lines = r#"
def odd(request):
    log("loud", "x")
    send({"method": "notifications/message", "params": {"level": "info"}})
    send({"method": "notifications/message"})
    result(request, text("done"))
CALLS["echo"] = odd
serve()
"#;
    let lifted = Lifted::python(lines);
    lifted.ready().await.unwrap();
    let (asked, outlet) = logging(call("echo", "{}"), LoggingLevel::Debug);
    timeout(PATIENCE, lifted.begin(asked)).await.unwrap().unwrap();
    assert_eq!(outlet.try_next(), None);
    let counts = lifted.backend.counts();
    assert_eq!((counts.garbage_lines, counts.kept_log_messages), (3, 0));
    lifted.end().await;
}

#[tokio::test]
async fn log_messages_that_are_nobodys_are_held_in_the_rate_of_the_log() {
    let lines =
        "CALLS['echo'] = lambda r: ([log('info', 'x' * 100) for _ in range(1000)], result(r, text('done')))\nserve()";
    let lifted = Lifted::with(lines, |config| config.bounds.log_lines_per_second = 10);
    lifted.ready().await.unwrap();
    assert_eq!(lifted.text("echo", "{}").await, "done");
    let counts = lifted.backend.counts();
    assert_eq!(counts.kept_log_messages, 1_000);
    assert!(counts.log_lines_dropped > 900, "{counts:?}");
    lifted.end().await;
}
