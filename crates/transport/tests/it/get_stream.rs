//! The stream of a session, by GET: what it tells and what never, which of several delivers, and how it ends.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use http::Method;
use outboard_protocol::headers;
use outboard_runtime::{Catalog, Notify, resource};
use outboard_store::Sequence;
use outboard_testkit::http::{AnswerStream, Event, HttpRequest, Served, patiently};
use outboard_transport::{Authentication, HttpConfig, LegacyConfig, StreamableHttp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Following, LegacySession, Setup, Shared, assert_error, direct};

/// A note.
#[resource(template = "note:{number}", name = "notes")]
async fn notes(number: String) -> String {
    number
}

fn setup() -> Setup {
    Setup { catalog: Catalog::new("tests", "1").resource(notes), ..Setup::new() }
}

async fn next(stream: &mut AnswerStream) -> Event {
    stream.next().await.expect("the stream has one more event")
}

fn id(event: &Event) -> String {
    event.field("id").expect("the event has an id").to_owned()
}

/// What an event tells: the method, and the resource if it is of one.
#[track_caller]
fn told(event: &Event) -> String {
    let message = event.message();
    assert_eq!(message.get("id"), None, "{message}");
    assert_eq!(message["params"].get("_meta"), None, "{message}");
    let method = message["method"].as_str().unwrap().strip_prefix("notifications/").unwrap();
    match message["params"]["uri"].as_str() {
        Some(uri) => format!("{method} {uri}"),
        None => method.to_owned(),
    }
}

/// Asserts that the stream begins as one of 2025-11-25 does; returns the id.
async fn begins(stream: &mut AnswerStream) -> String {
    assert_eq!(stream.status, 200);
    let event = next(stream).await;
    assert_eq!((event.field("data"), event.field("retry")), (Some(""), Some("1000")), "{event:?}");
    id(&event)
}

async fn subscribe(served: &Served, session: &LegacySession, method: &str, uri: &str) {
    let answer = served.send(session.request(&format!("resources/{method}"), json!({"uri": uri}))).await;
    assert_eq!(answer.json()["result"], json!({}), "{}", answer.text());
}

async fn delete(served: &Served, session: &LegacySession) {
    let delete = HttpRequest::of(Method::DELETE).with(headers::SESSION_ID, &session.id);
    assert_eq!(served.send(delete).await.status, 204);
}

/// Waits until the bus has been read as far as everything that was told.
async fn settled(server: &Following) {
    let before = last(server).await;
    server.runtime.notify().tools_changed();
    let read = async {
        while last(server).await == before {
            tokio::task::yield_now().await;
        }
    };
    patiently("the bus to be read", read).await;
}

async fn last(server: &Following) -> Sequence {
    let topics = outboard_runtime::Topics::lists_and([]);
    server.runtime.notify().listen(topics, outboard_runtime::Since::Recently).await.unwrap().position()
}

#[tokio::test]
async fn changes_of_lists_are_told_and_of_resources_to_their_subscribers() {
    let server = setup().follow();
    let served = server.serve().await;
    let notify = server.runtime.notify();
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = LegacySession::open(&served, revision).await;
        subscribe(&served, &session, "subscribe", "note:1").await;
        let mut stream = served.open(session.get()).await;
        assert_eq!(stream.header("content-type"), Some("text/event-stream"));
        assert_eq!(stream.header("cache-control"), Some("no-store, no-transform"));
        assert_eq!(stream.header("x-accel-buffering"), Some("no"));
        let mut ids = HashSet::new();
        if revision == "2025-11-25" {
            ids.insert(begins(&mut stream).await);
        }
        notify.resource_updated("note:2");
        notify.resource_updated("note:1");
        let event = next(&mut stream).await;
        // What changed lately is told again to each new session.
        let event = if told(&event) == "resources/updated note:1" { event } else { next(&mut stream).await };
        assert_eq!(told(&event), "resources/updated note:1", "{revision}");
        ids.insert(id(&event));
        // Made while the stream is open.
        subscribe(&served, &session, "subscribe", "note:2").await;
        subscribe(&served, &session, "unsubscribe", "note:1").await;
        notify.resource_updated("note:1");
        notify.resource_updated("note:2");
        let event = next(&mut stream).await;
        assert_eq!(told(&event), "resources/updated note:2", "{revision}");
        ids.insert(id(&event));
        assert_eq!(ids.len(), if revision == "2025-11-25" { 3 } else { 2 }, "each event has an id of its own");
        drop(stream);
    }
}

#[tokio::test]
async fn new_stream_is_told_what_changed_shortly_before_it() {
    let shared = Shared::new();
    let server = Setup { shared: shared.clone(), ..setup() }.follow();
    let served = server.serve().await;
    let notify = server.runtime.notify();
    notify.prompts_changed();
    notify.resources_changed();
    settled(&server).await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let mut stream = served.open(session.get()).await;
    let begin = begins(&mut stream).await;
    let mut first = Vec::new();
    for _ in 0..3 {
        first.push(next(&mut stream).await);
    }
    let seen: BTreeSet<String> = first.iter().map(told).collect();
    let all = ["prompts/list_changed", "resources/list_changed", "tools/list_changed"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(all));
    drop(stream);
    shared.clock.advance(Duration::from_secs(5));
    // Who lost all of it goes on from the beginning.
    let mut again = served.open(session.resume(&begin)).await;
    begins(&mut again).await;
    let mut second = BTreeSet::new();
    for _ in 0..3 {
        second.insert(told(&next(&mut again).await));
    }
    assert_eq!(second, seen);
}

#[tokio::test(start_paused = true)]
async fn client_that_was_away_is_told_of_every_topic_that_changed() {
    let server = Setup { shared: Shared::in_runtime_time(), ..setup() }.follow();
    let notify = server.runtime.notify();
    let session = LegacySession::direct(&server.service, "2025-11-25").await;
    for number in 0..20 {
        subscribe_directly(&server.service, &session, &format!("note:{number}")).await;
    }
    let mut stream = direct(&server.service, session.get()).await;
    begins(&mut stream).await;
    notify.tools_changed();
    let last_seen = id(&next(&mut stream).await);
    drop(stream);
    for number in 0..20 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        notify.resource_updated(&format!("note:{number}"));
    }
    // Longer than what is told to a new stream.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut stream = direct(&server.service, session.resume(&last_seen)).await;
    begins(&mut stream).await;
    let mut seen = Vec::new();
    for _ in 0..20 {
        seen.push(told(&next(&mut stream).await));
    }
    let expected: Vec<_> = (0..20).map(|number| format!("resources/updated note:{number}")).collect();
    assert_eq!(seen, expected, "each once, in order");
    assert!(next(&mut stream).await.is_comment(), "and nothing else");
}

async fn subscribe_directly(service: &StreamableHttp, session: &LegacySession, uri: &str) {
    let request = session.request("resources/subscribe", json!({"uri": uri}));
    assert_eq!(direct(service, request).await.whole().await.json()["result"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn of_two_streams_the_newest_delivers_each_event_once() {
    for revision in ["2025-06-18", "2025-11-25"] {
        let server = Setup { shared: Shared::in_runtime_time(), ..setup() }.follow();
        let notify = server.runtime.notify();
        let session = LegacySession::direct(&server.service, revision).await;
        for number in 0..100 {
            subscribe_directly(&server.service, &session, &format!("note:{number}")).await;
        }
        let started = Instant::now();
        let mut first = tell(direct(&server.service, session.get()).await);
        let mut second = None;
        for number in 0..100 {
            notify.resource_updated(&format!("note:{number}"));
            tokio::time::sleep(Duration::from_millis(200)).await;
            if number == 5 {
                second = Some(tell(direct(&server.service, session.get()).await));
            }
        }
        let mut second = second.unwrap();
        let (one, two) = (first.heard(), second.heard());
        let mut all: Vec<_> = one.iter().chain(&two).map(|(_, told)| told.clone()).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 100, "{revision}: nothing is lost");
        let twice = two.iter().filter(|(_, told)| one.iter().any(|(_, before)| before == told)).count();
        // Before 2025-11-25 a client without an event id may be one that lost its stream: it is told again what changed
        // before it came.
        assert_eq!((twice, one.len() + two.len()), if revision == "2025-11-25" { (0, 100) } else { (6, 106) });
        let handed_over = two[0].0 - started;
        assert!(handed_over >= Duration::from_secs(5), "the first was not 5 s old: {handed_over:?}");
        assert!(one.iter().all(|(at, _)| *at <= two[0].0), "from then on only the newest");
    }
}

/// A client that reads a stream and notes when it heard what.
struct Hearing {
    task: tokio::task::JoinSet<()>,
    heard: tokio::sync::mpsc::Receiver<(Instant, String)>,
}

impl Hearing {
    fn heard(&mut self) -> Vec<(Instant, String)> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    fn has_ended(&mut self) -> bool {
        self.task.try_join_next().is_some()
    }
}

fn tell(mut stream: AnswerStream) -> Hearing {
    let (sender, heard) = tokio::sync::mpsc::channel(1_000);
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        while let Some(event) = stream.next().await {
            if event.field("event").is_some() {
                sender.send((Instant::now(), told(&event))).await.unwrap();
            }
        }
    });
    Hearing { task, heard }
}

#[tokio::test(start_paused = true)]
async fn older_stream_stays_silent_and_ends_after_a_while() {
    let legacy = LegacyConfig { get_takeover: Duration::from_secs(20), ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let server = Setup { http, shared: Shared::in_runtime_time(), ..setup() }.follow();
    let session = LegacySession::direct(&server.service, "2025-11-25").await;
    let mut first = direct(&server.service, session.get()).await;
    begins(&mut first).await;
    let mut first = tell(first);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut second = direct(&server.service, session.get()).await;
    begins(&mut second).await;
    let mut second = tell(second);
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.runtime.notify().tools_changed();
    tokio::time::sleep(Duration::from_secs(18)).await;
    assert!(!first.has_ended());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(first.has_ended() && !second.has_ended());
    assert_eq!((first.heard().len(), second.heard().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn of_several_streams_that_wait_the_newest_goes_first() {
    for newest_ends in [false, true] {
        let server = Setup { shared: Shared::in_runtime_time(), ..setup() }.follow();
        let session = LegacySession::direct(&server.service, "2025-11-25").await;
        let mut streams = Vec::new();
        for _ in 0..3 {
            streams.push(tell(direct(&server.service, session.get()).await));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if newest_ends {
            streams.pop();
        }
        // The first one was 5 s old a while ago.
        tokio::time::sleep(Duration::from_secs(4)).await;
        server.runtime.notify().tools_changed();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let heard: Vec<usize> = streams.iter_mut().map(|stream| stream.heard().len()).collect();
        assert_eq!(heard, if newest_ends { vec![0, 1] } else { vec![0, 0, 1] });
        tokio::time::sleep(Duration::from_secs(20)).await;
        server.runtime.notify().tools_changed();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let heard: Vec<usize> = streams.iter_mut().map(|stream| stream.heard().len()).collect();
        assert_eq!(heard.iter().position(|heard| *heard == 1), Some(heard.len() - 1), "it stays: {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_that_come_back_again_and_again_change_hands_once_in_five_seconds() {
    let legacy = LegacyConfig { get_takeover: Duration::from_millis(500), ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let server = Setup { http, shared: Shared::in_runtime_time(), ..setup() }.follow();
    let session = LegacySession::direct(&server.service, "2025-11-25").await;
    let notify: Notify = server.runtime.notify().clone();
    let started = Instant::now();
    let mut clients = [None, None];
    let mut delivered_by = Vec::new();
    let mut heard = 0;
    for step in 0..600 {
        for (number, client) in clients.iter_mut().enumerate() {
            let has_ended = client.as_mut().is_none_or(Hearing::has_ended);
            if let Some(hearing) = client.as_mut() {
                for (at, _) in hearing.heard() {
                    heard += 1;
                    if delivered_by.last().is_none_or(|(_, by)| *by != number) {
                        delivered_by.push((at - started, number));
                    }
                }
            }
            if has_ended {
                *client = Some(tell(direct(&server.service, session.get()).await));
            }
        }
        if step % 5 == 0 {
            notify.tools_changed();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(delivered_by.len() >= 5, "they take it from each other: {delivered_by:?}");
    assert!(delivered_by.len() <= 14, "at most once in 5 s: {delivered_by:?}");
    for pair in delivered_by.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= Duration::from_secs(4), "{delivered_by:?}");
    }
    assert!(heard >= 115, "{heard} of 120");
}

#[tokio::test(start_paused = true)]
async fn stream_on_another_replica_hears_of_what_concerns_it() {
    let shared = Shared::in_runtime_time();
    let here = Setup { shared: shared.clone(), ..setup() }.follow();
    let there = Setup { shared, ..setup() }.follow();
    let session = LegacySession::direct(&here.service, "2025-11-25").await;
    let mut stream = direct(&here.service, session.get()).await;
    begins(&mut stream).await;
    let mut stream = tell(stream);
    tokio::time::sleep(Duration::from_secs(1)).await;
    subscribe_directly(&there.service, &session, "note:1").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    there.runtime.notify().resource_updated("note:1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stream.heard().len(), 1, "a subscription made there takes effect here");

    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut newer = tell(direct(&there.service, session.get()).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    newer.heard();
    here.runtime.notify().resource_updated("note:1");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((stream.heard().len(), newer.heard().len()), (0, 1), "the newest delivers, wherever it is");

    let delete = HttpRequest::of(Method::DELETE).with(headers::SESSION_ID, &session.id);
    assert_eq!(direct(&here.service, delete).await.status, 204);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(stream.has_ended() && newer.has_ended(), "both end with the session");
}

#[tokio::test]
async fn stream_ends_with_its_session() {
    let server = setup().follow();
    let served = server.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let other = LegacySession::open(&served, "2025-11-25").await;
    let (mut stream, mut others) = (served.open(session.get()).await, served.open(other.get()).await);
    begins(&mut stream).await;
    begins(&mut others).await;
    delete(&served, &session).await;
    assert_eq!(stream.next().await, None);
    assert_eq!(served.send(session.get()).await.status, 404);
    server.runtime.notify().prompts_changed();
    assert_eq!(told(&next(&mut others).await), "prompts/list_changed");
}

#[tokio::test]
async fn stream_ends_when_the_server_drains() {
    for revision in ["2025-06-18", "2025-11-25"] {
        let server = setup().follow();
        let served = server.serve().await;
        let session = LegacySession::open(&served, revision).await;
        let mut stream = served.open(session.get()).await;
        let tells_when_to_come_back = revision == "2025-11-25";
        if tells_when_to_come_back {
            begins(&mut stream).await;
        }
        server.shutdown.draining.cancel();
        if tells_when_to_come_back {
            let retry = next(&mut stream).await;
            assert_eq!((retry.field("retry"), retry.field("data")), (Some("1000"), None));
        }
        assert_eq!(stream.next().await, None, "{revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn connection_ends_at_its_age_and_a_silent_one_is_kept_alive() {
    let legacy = LegacyConfig { connection_max: Some(Duration::from_secs(40)), ..LegacyConfig::default() };
    let http = HttpConfig { legacy, ..HttpConfig::new(Authentication::None) };
    let server = Setup { http, shared: Shared::in_runtime_time(), ..setup() }.follow();
    let session = LegacySession::direct(&server.service, "2025-11-25").await;
    let mut stream = direct(&server.service, session.get()).await;
    let started = Instant::now();
    begins(&mut stream).await;
    for beat in 1..=2 {
        assert!(next(&mut stream).await.is_comment());
        assert_eq!(started.elapsed(), beat * Duration::from_secs(15));
    }
    assert_eq!(next(&mut stream).await.field("retry"), Some("1000"));
    assert_eq!(started.elapsed(), Duration::from_secs(40));
    assert_eq!(stream.next().await, None);
    let earlier = LegacySession::direct(&server.service, "2025-06-18").await;
    let mut stream = direct(&server.service, earlier.get()).await;
    let opened = Instant::now();
    for _ in 0..4 {
        assert!(next(&mut stream).await.is_comment());
    }
    assert_eq!(opened.elapsed(), Duration::from_secs(60), "connections of earlier revisions are never ended early");
}

#[tokio::test]
async fn open_streams_are_bounded() {
    let cases = [(1, 10, 429, 1429), (10, 1, 503, 1503)];
    for (per_principal, all, status, code) in cases {
        let http = HttpConfig {
            streams_max_per_principal: per_principal,
            streams_max: all,
            ..HttpConfig::new(Authentication::None)
        };
        let server = Setup { http, ..setup() }.follow();
        let served = server.serve().await;
        let session = LegacySession::open(&served, "2025-11-25").await;
        let mut stream = served.open(session.get()).await;
        begins(&mut stream).await;
        let refused = served.send(session.get()).await;
        assert_error(&refused, status, code, &Value::Null);
        assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        assert_eq!(served.send(session.request("ping", json!({}))).await.status, 200);
        delete(&served, &session).await;
        assert_eq!(stream.next().await, None);
        let session = LegacySession::open(&served, "2025-11-25").await;
        assert_eq!(served.open(session.get()).await.status, 200, "a place that was given back");
    }
}

#[tokio::test]
async fn what_is_no_request_for_a_stream_is_refused() {
    let server = setup().follow();
    let served = server.serve().await;
    let session = LegacySession::open(&served, "2025-11-25").await;
    let none = Value::Null;
    let cases = [
        (session.get().with("accept", "application/json"), 406, 1415),
        (session.get().with("accept", "text/event-stream;q=0"), 406, 1415),
        (session.get().with(headers::PROTOCOL_VERSION, "2026-07-28"), 405, -32601),
        (session.get().with(headers::PROTOCOL_VERSION, "v999"), 400, -32022),
        (session.get().with(headers::PROTOCOL_VERSION, "v999").without(headers::SESSION_ID), 405, -32601),
        (session.get().without(headers::SESSION_ID), 400, -32600),
        (session.get().with(headers::SESSION_ID, "x"), 404, 1404),
        (session.get().also(headers::SESSION_ID, "x"), 400, -32600),
        (session.resume("garbage"), 400, -32600),
        // As a client looks what is here, before it says anything.
        (HttpRequest::of(Method::GET).with("accept", "application/json, text/event-stream"), 400, -32600),
    ];
    for (request, status, code) in cases {
        let shown = format!("{request:?}");
        let answer = served.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}");
        assert_error(&answer, status, code, &none);
    }
    for tolerated in [session.get().without("accept"), session.get().with("last-event-id", "")] {
        assert_eq!(served.open(tolerated).await.status, 200);
    }
}
