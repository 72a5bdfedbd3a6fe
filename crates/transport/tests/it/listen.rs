//! `subscriptions/listen` over HTTP: what is acknowledged, what is told and what never, bounds, and how a stream ends.

use std::time::Duration;

use outboard_protocol::meta::{self, SERVER_INFO, SUBSCRIPTION_ID};
use outboard_runtime::{Catalog, Change, Runtime, Topics};
use outboard_testkit::http::{AnswerStream, HttpRequest, Served, modern, patiently};
use outboard_transport::{Authentication, HttpConfig, SubscriptionLimits};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::shelf::{CATCH_UP, Server, Shelf};
use crate::support::{LegacySession, assert_error, catalog, direct};

fn listen(notifications: Value) -> HttpRequest {
    let mut params = json!({});
    params["notifications"] = notifications;
    modern("subscriptions/listen", params)
}

fn everything() -> HttpRequest {
    listen(json!({
        "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["note:1"]
    }))
}

/// Reads the acknowledgement of a stream with the id 1; returns what it honours.
async fn acknowledged(stream: &mut AnswerStream) -> Value {
    assert_eq!(stream.status, 200);
    let mut message = stream.message().await;
    assert_eq!(message["method"], "notifications/subscriptions/acknowledged", "{message}");
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION_ID], 1, "{message}");
    message["params"]["notifications"].take()
}

/// Reads the next notification; returns its method, and the URI it names.
async fn told(stream: &mut AnswerStream) -> (String, Value) {
    let message = stream.message().await;
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION_ID], 1, "{message}");
    assert_eq!(message.get("id"), None, "{message}");
    let method = message["method"].as_str().unwrap().strip_prefix("notifications/").unwrap();
    (method.to_owned(), message["params"]["uri"].clone())
}

fn list_changed(what: &str) -> (String, Value) {
    (format!("{what}/list_changed"), Value::Null)
}

fn updated(uri: &str) -> (String, Value) {
    ("resources/updated".to_owned(), json!(uri))
}

/// Tells changes and waits until the server has read them.
async fn tell(runtime: &Runtime, changes: impl IntoIterator<Item = Change>) {
    let uris = ["note:1".into(), "note:2".into()];
    let mut witness =
        runtime.notify().listen(Topics::lists_and(uris), outboard_runtime::Since::Recently).await.unwrap();
    for change in changes {
        runtime.notify().tell(change.clone());
        while witness.next().await.change != change {}
    }
}

#[tokio::test]
async fn stream_begins_with_what_is_honoured() {
    let shelf = Shelf::new();
    let served = Served::start(Server::around(&shelf).http()).await;
    let mut stream = served.open(everything()).await;
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    let all = json!({
        "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["note:1"]
    });
    assert_eq!(acknowledged(&mut stream).await, all);

    let cases = [
        (json!({}), json!({})),
        (json!({"toolsListChanged": false}), json!({})),
        (json!({"promptsListChanged": true, "more": 1}), json!({"promptsListChanged": true})),
        (json!({"resourceSubscriptions": ["no:such"]}), json!({"resourceSubscriptions": ["no:such"]})),
    ];
    for (asked, honoured) in cases {
        assert_eq!(acknowledged(&mut served.open(listen(asked)).await).await, honoured);
    }
    let only_tools = Served::start(Server::of(catalog()).http()).await;
    assert_eq!(acknowledged(&mut only_tools.open(everything()).await).await, json!({"toolsListChanged": true}));
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http()).await;
    let mut tools = served.open(listen(json!({"toolsListChanged": true}))).await;
    let mut notes = served.open(listen(json!({"resourceSubscriptions": ["note:1", "note:3"]}))).await;
    acknowledged(&mut tools).await;
    acknowledged(&mut notes).await;
    tell(&server.runtime, [Change::Prompts, Change::Resources, Change::Resource("note:2".into())]).await;
    tell(&server.runtime, [Change::Resource("note:1".into()), Change::Tools]).await;
    assert_eq!(told(&mut tools).await, list_changed("tools"));
    assert_eq!(told(&mut notes).await, updated("note:1"));
    server.shutdown.draining.cancel();
    assert_eq!(tools.message().await["result"]["resultType"], "complete", "nothing else was told");
    assert_eq!(notes.message().await["result"]["resultType"], "complete", "nothing else was told");
}

#[tokio::test]
async fn change_of_what_is_offered_reaches_who_listens() {
    let shelf = Shelf::new();
    let server = Server::around(&shelf);
    let served = Served::start(server.http()).await;
    let mut stream = served.open(everything()).await;
    acknowledged(&mut stream).await;
    shelf.change(|offer| offer.prompts.clear());
    assert_eq!(told(&mut stream).await, list_changed("prompts"));
    shelf.change(|offer| offer.resources.clear());
    assert_eq!(told(&mut stream).await, list_changed("resources"));
}

#[tokio::test]
async fn provider_tells_of_resources_while_somebody_listens() {
    let shelf = Shelf::new();
    let server = Server::around(&shelf);
    let served = Served::start(server.http()).await;
    let request = listen(json!({"resourceSubscriptions": ["note:1", "note:1", "no:such"]}));
    let mut stream = served.open(request).await;
    acknowledged(&mut stream).await;
    assert_eq!(shelf.watched(1).await, [("note:1".to_owned(), true)]);
    server.notify().resource_updated("note:1");
    assert_eq!(told(&mut stream).await, updated("note:1"));
}

#[tokio::test]
async fn what_changed_just_before_is_told_once() {
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http()).await;
    tell(&server.runtime, [Change::Prompts]).await;
    server.shared.clock.advance(CATCH_UP + Duration::from_secs(1));
    let recent = [Change::Tools, Change::Resource("note:1".into()), Change::Tools, Change::Resource("note:2".into())];
    tell(&server.runtime, recent).await;
    let mut stream = served.open(everything()).await;
    acknowledged(&mut stream).await;
    let mut both = [told(&mut stream).await, told(&mut stream).await];
    both.sort_by_key(|(method, _)| std::cmp::Reverse(method.clone()));
    assert_eq!(both, [list_changed("tools"), updated("note:1")]);
    tell(&server.runtime, [Change::Resources]).await;
    assert_eq!(told(&mut stream).await, list_changed("resources"), "nothing twice, and nothing old");
}

#[tokio::test]
async fn every_topic_of_many_changes_is_told() {
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http()).await;
    let mut stream = served.open(everything()).await;
    acknowledged(&mut stream).await;
    for _ in 0..5 {
        let note = Change::Resource("note:1".into());
        tell(&server.runtime, [Change::Tools, Change::Prompts, Change::Resources, note]).await;
    }
    server.notify().tell(Change::Resource("note:2".into()));
    let mut missing =
        vec![list_changed("tools"), list_changed("prompts"), list_changed("resources"), updated("note:1")];
    while !missing.is_empty() {
        let told = told(&mut stream).await;
        assert_ne!(told, updated("note:2"));
        missing.retain(|change| *change != told);
    }
}

#[tokio::test(start_paused = true)]
async fn storm_of_changes_is_told_ten_times_a_second() {
    let server = Server::around(&Shelf::new());
    let mut stream = direct(&server.http(), listen(json!({"toolsListChanged": true}))).await;
    acknowledged(&mut stream).await;
    let started = Instant::now();
    let storm = async {
        for _ in 0..1_000 {
            tell(&server.runtime, [Change::Tools]).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let read = async {
        let mut count = 0;
        while started.elapsed() < Duration::from_secs(1) {
            assert_eq!(told(&mut stream).await, list_changed("tools"));
            count += 1;
        }
        count
    };
    let ((), count) = tokio::join!(storm, read);
    assert!((10..=11).contains(&count), "{count}");
}

#[tokio::test]
async fn drain_ends_a_stream_with_its_result() {
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http()).await;
    for id in [json!("a b"), json!(9_007_199_254_740_993_i64)] {
        let mut stream = served.open(everything().id(id.clone())).await;
        let acknowledgement = stream.message().await;
        assert_eq!(acknowledgement["params"]["_meta"][SUBSCRIPTION_ID], id);
        if id.is_string() {
            continue;
        }
        server.shutdown.draining.cancel();
        let meta = json!({SUBSCRIPTION_ID: id, SERVER_INFO: {"name": "tests", "version": "1"}});
        let result = json!({"resultType": "complete", "_meta": meta});
        assert_eq!(stream.message().await, json!({"jsonrpc": "2.0", "id": id, "result": result}));
        assert_eq!(stream.next().await, None, "the result is the end");
    }
    let mut late = served.open(everything()).await;
    acknowledged(&mut late).await;
    assert_eq!(late.message().await["result"]["resultType"], "complete", "while it drains, a stream ends as it begins");
    assert_eq!(late.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn silent_stream_is_kept_alive() {
    let server = Server::around(&Shelf::new());
    let mut stream = direct(&server.http(), everything()).await;
    acknowledged(&mut stream).await;
    let started = Instant::now();
    for beat in 1..=3 {
        assert!(stream.next().await.unwrap().is_comment());
        assert_eq!(started.elapsed(), beat * Duration::from_secs(15));
    }
    tell(&server.runtime, [Change::Tools]).await;
    assert_eq!(told(&mut stream).await, list_changed("tools"));
}

#[tokio::test]
async fn streams_are_bounded_and_their_places_given_back() {
    let server = Server::around(&Shelf::new());
    let bounds = [(2, 10, 429, 1429), (10, 2, 503, 1503)];
    for (streams_max_per_principal, streams_max, status, code) in bounds {
        let config = HttpConfig { streams_max_per_principal, streams_max, ..HttpConfig::new(Authentication::None) };
        let service = server.http_with(config);
        let mut first = direct(&service, everything()).await;
        let mut second = direct(&service, everything()).await;
        acknowledged(&mut first).await;
        acknowledged(&mut second).await;
        let refused = direct(&service, everything()).await.whole().await;
        assert_error(&refused, status, code, &json!(1));
        assert_eq!(refused.header("retry-after"), Some("1"));
        // The client is gone: its stream ends at once.
        drop(first);
        acknowledged(&mut direct(&service, everything()).await).await;
    }
}

#[tokio::test]
async fn client_that_hangs_up_ends_its_stream() {
    let config = HttpConfig { streams_max: 1, ..HttpConfig::new(Authentication::None) };
    let served = Served::start(Server::around(&Shelf::new()).http_with(config)).await;
    let mut first = served.open(everything()).await;
    acknowledged(&mut first).await;
    assert_eq!(served.send(everything()).await.status, 503);
    drop(first);
    let place = async {
        loop {
            let stream = served.open(everything()).await;
            if stream.status == 200 {
                return stream;
            }
        }
    };
    acknowledged(&mut patiently("the place of the stream", place).await).await;
}

#[tokio::test]
async fn filter_that_is_none_opens_no_stream() {
    let limits = SubscriptionLimits { uris_max: 2, uri_bytes_max: 8 };
    // A stream that was opened would keep the only place.
    let config = HttpConfig { streams_max: 1, subscriptions: limits, ..HttpConfig::new(Authentication::None) };
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http_with(config)).await;
    let cases = [
        (json!({}), "notifications"),
        (json!({"notifications": null}), "notifications"),
        (json!({"notifications": []}), "notifications"),
        (json!({"notifications": {"toolsListChanged": 1}}), "notifications"),
        (json!({"notifications": {"resourceSubscriptions": "note:1"}}), "notifications"),
        (json!({"notifications": {"resourceSubscriptions": ["a:", "b:", "c:"]}}), "resourceSubscriptions"),
        (json!({"notifications": {"resourceSubscriptions": ["long:long"]}}), "resourceSubscriptions"),
    ];
    for (params, mentions) in cases {
        let answer = served.send(modern("subscriptions/listen", params.clone())).await;
        let error = assert_error(&answer, 400, -32602, &json!(1));
        assert!(error["message"].as_str().unwrap().contains(mentions), "{params}: {error}");
    }
    let fits = listen(json!({"resourceSubscriptions": ["note:1", "note:2"]}));
    acknowledged(&mut served.open(fits).await).await;
}

#[tokio::test]
async fn listening_takes_events_and_a_modern_request() {
    let server = Server::around(&Shelf::new());
    let served = Served::start(server.http()).await;
    let answer = served.send(everything().with("accept", "application/json")).await;
    assert_error(&answer, 406, 1415, &json!(1));
    let without_meta = everything().edit(|message| drop(message["params"].as_object_mut().unwrap().remove("_meta")));
    assert_error(&served.send(without_meta).await, 400, -32602, &json!(1));
    let of_another_revision = everything().edit(|message| {
        message["params"]["_meta"][meta::PROTOCOL_VERSION] = json!("2025-11-25");
    });
    assert_error(&served.send(of_another_revision).await, 400, -32020, &json!(1));
    let session = LegacySession::open(&served, "2025-11-25").await;
    let legacy = session.request("subscriptions/listen", json!({"notifications": {}}));
    assert_error(&served.send(legacy).await, 200, -32601, &json!(1));
    let notification = served.send(everything().notification()).await;
    assert_eq!((notification.status.as_u16(), notification.text()), (202, ""), "without an id nothing is opened");
}

#[tokio::test]
async fn server_without_lists_is_listened_to_all_the_same() {
    let served = Served::start(Server::of(Catalog::new("tests", "1")).http()).await;
    assert_eq!(acknowledged(&mut served.open(everything()).await).await, json!({}));
}
