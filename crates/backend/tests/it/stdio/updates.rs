//! Changes of resources: told for those that somebody watches, and for no other.

use outboard_runtime::{Change, Listening, Provider as _, Since, Topics};
use tokio::time::timeout;

use super::harness::{Lifted, PATIENCE, eventually};
use super::lists::{FEATURES, MODERN};

/// Writes down what is subscribed to, line by line, and tells changes of what its caller names.
const TELLS: &str = r#"
def note(line):
    with open(os.environ["DIRECTORY"] + "/notes", "a") as notes: notes.write(line + "\n")
METHODS["resources/subscribe"] = lambda r: (note("+" + r["params"]["uri"]), result(r, {}))
METHODS["resources/unsubscribe"] = lambda r: (note("-" + r["params"]["uri"]), result(r, {}))
METHODS["subscriptions/listen"] = lambda r: note("listen " + ",".join(r["params"]["notifications"].get("resourceSubscriptions", [])))
METHODS["notifications/cancelled"] = lambda m: note("end")
CALLS["echo"] = lambda r: ([updated(uri) for uri in r["params"]["arguments"].get("uris", [])], result(r, text("told")),
    r["params"]["arguments"].get("end") and sys.exit(1))
"#;

async fn listen(lifted: &Lifted, uris: &[&str]) -> Listening {
    let topics = Topics::lists_and(uris.iter().map(|uri| (*uri).into()));
    lifted.notify.listen(topics, Since::Recently).await.unwrap()
}

async fn next(listening: &mut Listening) -> Change {
    timeout(PATIENCE, listening.next()).await.expect("a change is told").change
}

/// Waits until the child has noted these lines and no others.
async fn noted(lifted: &Lifted, expected: &[&str]) {
    let notes = || std::fs::read_to_string(lifted.script.file("notes")).unwrap_or_default();
    eventually(&format!("{expected:?}"), || notes().lines().eq(expected.iter().copied()).then_some(())).await;
}

async fn lift(era: &str) -> Lifted {
    let lifted = Lifted::python(&format!("{era}{FEATURES}{TELLS}serve()"));
    lifted.ready().await.unwrap();
    lifted
}

#[tokio::test]
async fn a_legacy_child_is_subscribed_to_what_is_watched_and_its_changes_are_told() {
    let lifted = lift("").await;
    let mut listening = listen(&lifted, &["file:///a", "file:///b", "file:///c"]).await;
    lifted.backend.watch_resource("file:///a", true);
    noted(&lifted, &["+file:///a"]).await;
    lifted.backend.watch_resource("file:///b", true);
    noted(&lifted, &["+file:///a", "+file:///b"]).await;

    lifted.text("echo", r#"{"uris": ["file:///a", "file:///c", "file:///b"]}"#).await;
    assert_eq!(next(&mut listening).await, Change::Resource("file:///a".into()));
    assert_eq!(next(&mut listening).await, Change::Resource("file:///b".into()), "nobody watches c");

    lifted.backend.watch_resource("file:///a", false);
    noted(&lifted, &["+file:///a", "+file:///b", "-file:///a"]).await;
    lifted.text("echo", r#"{"uris": ["file:///a", "file:///b"]}"#).await;
    assert_eq!(next(&mut listening).await, Change::Resource("file:///b".into()), "nor a any more");
    lifted.end().await;
}

#[tokio::test]
async fn a_modern_child_is_listened_to_with_what_is_watched_and_without_a_gap() {
    let lifted = lift(MODERN).await;
    let mut listening = listen(&lifted, &["file:///a", "file:///b"]).await;
    noted(&lifted, &["listen "]).await;
    lifted.backend.watch_resource("file:///a", true);
    noted(&lifted, &["listen ", "listen file:///a", "end"]).await;
    lifted.backend.watch_resource("file:///b", true);
    noted(&lifted, &["listen ", "listen file:///a", "end", "listen file:///a,file:///b", "end"]).await;

    lifted.text("echo", r#"{"uris": ["file:///b", "file:///c", "file:///a"]}"#).await;
    assert_eq!(next(&mut listening).await, Change::Resource("file:///b".into()));
    assert_eq!(next(&mut listening).await, Change::Resource("file:///a".into()));
    lifted.end().await;
}

#[tokio::test]
async fn what_is_watched_outlives_the_child_and_may_have_changed_meanwhile() {
    for era in ["", MODERN] {
        let lifted = lift(era).await;
        let mut listening = listen(&lifted, &["file:///a"]).await;
        let (first, again) = if era.is_empty() { ("+file:///a", "+file:///a") } else { ("end", "listen file:///a") };
        lifted.backend.watch_resource("file:///a", true);
        let last = || std::fs::read_to_string(lifted.script.file("notes")).unwrap_or_default();
        eventually("the first subscription", || last().ends_with(&format!("{first}\n")).then_some(())).await;
        lifted.text("echo", r#"{"end": true}"#).await;
        // Nobody told, and yet it may have.
        assert_eq!(next(&mut listening).await, Change::Resource("file:///a".into()));
        eventually("the second subscription", || last().ends_with(&format!("{again}\n")).then_some(())).await;
        lifted.text("echo", r#"{"uris": ["file:///a"]}"#).await;
        assert_eq!(next(&mut listening).await, Change::Resource("file:///a".into()));
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_child_that_tells_no_updates_is_not_asked_to() {
    for era in ["", "modern()\n"] {
        let lines = "CAPABILITIES['resources'] = {}\nCAPABILITIES['prompts'] = {}\n";
        let lifted = Lifted::python(&format!("{era}{FEATURES}{lines}{TELLS}serve()"));
        lifted.ready().await.unwrap();
        if era.is_empty() {
            lifted.backend.watch_resource("file:///a", true);
        }
        lifted.text("echo", "{}").await;
        assert!(!lifted.script.file("notes").exists());
        lifted.end().await;
    }
}

#[tokio::test]
async fn a_refused_subscription_takes_nothing_from_the_others() {
    let refuse = r#"
METHODS["resources/subscribe"] = lambda r: (
    error(r, -32602, "no") if r["params"]["uri"] == "file:///no" else (note("+" + r["params"]["uri"]), result(r, {})))
"#;
    let lifted = Lifted::python(&format!("{FEATURES}{TELLS}{refuse}serve()"));
    lifted.ready().await.unwrap();
    lifted.backend.watch_resource("file:///no", true);
    lifted.backend.watch_resource("file:///yes", true);
    noted(&lifted, &["+file:///yes"]).await;
    lifted.end().await;
}

#[tokio::test]
async fn a_resource_over_the_bound_is_not_watched() {
    let lines = format!("{FEATURES}{TELLS}serve()");
    let lifted = Lifted::with(&lines, |config| config.bounds.watched_max = 1);
    lifted.ready().await.unwrap();
    let mut listening = listen(&lifted, &["file:///a", "file:///b"]).await;
    lifted.backend.watch_resource("file:///a", true);
    lifted.backend.watch_resource("file:///b", true);
    noted(&lifted, &["+file:///a"]).await;
    lifted.text("echo", r#"{"uris": ["file:///b", "file:///a"]}"#).await;
    assert_eq!(next(&mut listening).await, Change::Resource("file:///a".into()));
    // One goes, one fits.
    lifted.backend.watch_resource("file:///a", false);
    lifted.backend.watch_resource("file:///b", true);
    eventually("the other one", || {
        std::fs::read_to_string(lifted.script.file("notes")).unwrap().contains("+file:///b").then_some(())
    })
    .await;
    lifted.end().await;
}
